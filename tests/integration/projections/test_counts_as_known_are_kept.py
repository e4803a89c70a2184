"""Lifecycle counts as known at any position are kept, block by block: they are what counting members comes to."""

import random
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from domain.organisation import OrganisationDissolved, organisation_stream
from domain.reference import Reference
from domain.times import day_end_us
from infra.event_store.recorder import KitelineRecorder
from projections.asking import Moment
from projections.kept_counts import count_differences
from projections.known_counts import make_block
from projections.log_rows import Log
from projections.rebuild import VIEWS, rebuild
from projections.roster import RosterQuestion
from projections.runner import Runner
from tests.integration.projections import straight
from tests.integration.projections.conftest import FORGET, Pool
from tests.integration.projections.kept_days import PLACES, SIDES, counted, kept, some_days
from tests.integration.projections.lives import COUNTIES, LAST, Lives, branch, committee
from tests.integration.projections.test_organisations_and_regions_change import changing_lives
from tests.integration.projections.test_the_same_person_recorded_twice import Doubles

_SMALL = "UPDATE known_upto SET exponent = %s"
_UPTO = "SELECT upto FROM known_upto"
_SIZES = "SELECT DISTINCT exponent FROM known_count ORDER BY exponent"
_SINCE_ANOTHERS_FACT = """
SELECT count(*) FROM member AS m JOIN log AS l ON l.position IN (m.roster_known, m.clock_known)
WHERE l.originator_id <> m.member_id AND m.view IS NOT NULL AND m.stage <> 'closed'
"""
_AMISS = "UPDATE known_count SET amount = amount + 1000 WHERE measure = 'outflow' AND digits = 2"


def made(connection: Connection[TupleRow], exponent: int = 3) -> int:
    """Make all blocks, of so small a size; return up to which position."""
    connection.execute(_SMALL, (exponent,))
    while make_block(connection):
        pass
    return upto(connection)


def upto(connection: Connection[TupleRow]) -> int:
    (position,) = connection.execute(_UPTO).fetchone() or (None,)
    return int(position)


def differing(
    connection: Connection[TupleRow], reference: Reference, head: int, seed: int, days: int
) -> tuple[list[tuple[Any, ...]], int, int]:
    """Ask at random days and positions; return where both differ, how many were counted, and how many overdue."""
    chance = random.Random(seed)
    found, members, overdue = [], 0, 0
    for day in some_days(seed, days):
        known = chance.randrange(head + 1)
        for place in PLACES:
            for side in SIDES:
                question = RosterQuestion(Moment(day_end_us(day), known), side, place)
                ours, theirs = (ask(connection, question, reference) for ask in (kept, counted))
                members += sum(item["count"] for item in theirs)
                overdue += sum(item["overdue"] for item in theirs)
                if ours != theirs:
                    found.append((day, known, place, side, ours, theirs))
    return found, members, overdue


@pytest.mark.parametrize("seed", [71, 72, 73])
def test_they_are_what_counting_comes_to_while_the_log_grows(
    seed: int, recorder: KitelineRecorder, connection: Connection[TupleRow], make_runner: Callable[..., Runner]
) -> None:
    lives = Lives(seed)
    lives.reference()
    lives.play(members=25, steps=600)
    for part in (250, None):
        lives.record(recorder, upto=part)
        make_runner(page=23, kept=6, ledgers=40).catch_up()
        position = made(connection)
        assert position > 200
        found, members, overdue = differing(connection, straight.reference_of(lives), position, seed, 8)
        assert found == []
        assert members > 100
        assert overdue > 20
    assert connection.execute(_SIZES).fetchall() == [(0,), (3,), (8,)]
    assert count_differences(connection, "known_count") == ([], [])


@pytest.mark.parametrize("seed", [74, 75])
def test_they_are_what_counting_comes_to_when_organisations_and_regions_change(
    seed: int, recorder: KitelineRecorder, connection: Connection[TupleRow], make_runner: Callable[..., Runner]
) -> None:
    lives = changing_lives(recorder, seed)
    make_runner(page=37, kept=5).catch_up()
    found, members, overdue = differing(connection, straight.reference_of(lives), made(connection, 4), seed, 7)
    assert found == []
    assert members > 100
    assert overdue > 20


def test_they_are_what_counting_comes_to_where_rows_stand_since_an_organisation_was_dissolved(
    recorder: KitelineRecorder, connection: Connection[TupleRow], make_runner: Callable[..., Runner]
) -> None:
    lives = Lives(82)
    lives.reference()
    lives.play(members=40, steps=500)
    lives.record(recorder)
    for number in (1, 2):
        for county in COUNTIES:
            gone = branch(county, number)
            body = OrganisationDissolved(gone, committee(county))
            lives.tell(organisation_stream(gone), body, "2025-06-01")
    lives.record(recorder)
    make_runner(page=50).catch_up()
    assert (connection.execute(_SINCE_ANOTHERS_FACT).fetchone() or (0,))[0] > 10
    found, members, overdue = differing(connection, straight.reference_of(lives), made(connection, 8), 82, 4)
    assert found == []
    assert members > 100
    assert overdue > 20
    for known in range(lives.head - 9, lives.head):
        question = RosterQuestion(Moment(day_end_us(LAST + timedelta(days=100)), known), "outflow", "000000")
        ours, theirs = (ask(connection, question, straight.reference_of(lives)) for ask in (kept, counted))
        assert ours == theirs


@pytest.mark.parametrize("seed", [76, 77])
def test_they_are_what_counting_comes_to_when_records_are_merged_and_unmerged(
    seed: int, recorder: KitelineRecorder, connection: Connection[TupleRow], make_runner: Callable[..., Runner]
) -> None:
    lives = Doubles(seed)
    lives.meet(recorder)
    make_runner(page=13, kept=5).catch_up()
    found, members, overdue = differing(connection, straight.reference_of(lives), made(connection, 5), seed, 7)
    assert found == []
    assert members > 100
    assert overdue > 20


def test_one_that_is_amiss_would_be_found_by_asking_and_by_verifying(
    recorder: KitelineRecorder, connection: Connection[TupleRow], make_runner: Callable[..., Runner]
) -> None:
    lives = Lives(78)
    lives.reference()
    lives.play(members=25, steps=500)
    lives.record(recorder)
    make_runner(page=200).catch_up()
    position = made(connection)
    connection.execute(_AMISS)
    found, _, _ = differing(connection, straight.reference_of(lives), position, 78, 3)
    assert {(place, side) for _, _, place, side, _, _ in found} == {("620000", "outflow")}
    surplus, missing = count_differences(connection, "known_count")
    assert surplus
    assert missing
    assert all(line.startswith("(outflow,2,") for line in (*surplus, *missing))


def test_where_blocks_are_not_made_members_are_counted(
    recorder: KitelineRecorder, connection: Connection[TupleRow], make_runner: Callable[..., Runner]
) -> None:
    lives = Lives(79)
    lives.reference()
    lives.play(members=20, steps=300)
    lives.record(recorder)
    make_runner(page=200).catch_up()
    reference = straight.reference_of(lives)
    for exponent in (15, 4):  # all are within the first block that is not made, or far behind any
        connection.execute(_SMALL, (exponent,))
        found, members, _ = differing(connection, reference, lives.head, 79, 3)
        assert found == []
        assert members > 100


def test_read_models_made_anew_have_their_counts_made_anew(
    recorder: KitelineRecorder,
    pool: Pool,
    log: Log,
    connection: Connection[TupleRow],
    make_runner: Callable[..., Runner],
) -> None:
    lives = Lives(80)
    lives.reference()
    lives.play(members=20, steps=300)
    lives.record(recorder)
    make_runner(page=200).catch_up()
    position = made(connection)
    rebuild(pool, log, ["duties"])
    assert upto(connection) == position
    for again in (lambda: rebuild(pool, log, ["members"]), lambda: rebuild(pool, log, VIEWS)):
        again()
        assert upto(connection) == 0
        assert connection.execute("SELECT count(*) FROM known_count").fetchone() == (0,)
        assert made(connection) == position
        assert count_differences(connection, "known_count") == ([], [])
    connection.execute(FORGET)
    assert upto(connection) == 0


def test_who_leads_makes_them(
    recorder: KitelineRecorder, connection: Connection[TupleRow], make_runner: Callable[..., Runner]
) -> None:
    lives = Lives(81)
    lives.reference()
    lives.play(members=20, steps=300)
    lives.record(recorder)
    connection.execute(_SMALL, (5,))
    stop = threading.Event()
    leader = threading.Thread(target=make_runner(page=100).run_forever, args=(stop,))
    leader.start()
    try:
        for _ in range(200):
            if upto(connection) + 32 > lives.head:
                break
            stop.wait(0.05)
    finally:
        stop.set()
        leader.join()
    assert upto(connection) == lives.head // 32 * 32
