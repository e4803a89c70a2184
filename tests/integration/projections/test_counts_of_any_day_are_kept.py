"""Lifecycle counts as of a day are kept as known now: they are what counting members one by one comes to."""

from collections.abc import Callable, Iterator
from datetime import date

import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from domain.times import day_end_us
from infra.database.connections import connect_pool
from infra.event_store.recorder import KitelineRecorder
from projections import lifecycle
from projections.asking import Moment
from projections.log_rows import Log
from projections.rebuild import VIEWS, rebuild
from projections.roster import RosterQuestion
from projections.runner import Runner
from projections.state_hash import state_hash
from tests.integration.projections import straight
from tests.integration.projections.conftest import FORGET, Pool
from tests.integration.projections.kept_days import counted, differences, kept, some_days
from tests.integration.projections.lives import Lives
from tests.integration.projections.test_organisations_and_regions_change import changing_lives
from tests.integration.projections.test_the_same_person_recorded_twice import Doubles

DAY = date(2025, 3, 14)


@pytest.fixture
def reader(database_url: str) -> Iterator[Connection[TupleRow]]:
    with connect_pool(database_url, role="reader") as pool, pool.connection() as connection:
        yield connection


@pytest.mark.parametrize("seed", [31, 32, 33])
def test_they_are_what_counting_comes_to_while_the_log_grows(
    seed: int, recorder: KitelineRecorder, connection: Connection[TupleRow], make_runner: Callable[..., Runner]
) -> None:
    lives = Lives(seed)
    lives.reference()
    lives.play(members=25, steps=600)
    for upto in (250, None):
        lives.record(recorder, upto=upto)
        make_runner(page=23, kept=6, ledgers=40).catch_up()
        found, members, overdue = differences(connection, straight.reference_of(lives), some_days(seed, 8))
        assert found == []
        assert members > 100
        assert overdue > 20


def test_one_that_is_amiss_would_be_found_and_only_who_sees_all_of_a_region_is_told_what_is_kept(
    recorder: KitelineRecorder, pool: Pool, log: Log, connection: Connection[TupleRow], reader: Connection[TupleRow]
) -> None:
    lives = Lives(34)
    lives.reference()
    lives.play(members=25, steps=500)
    lives.record(recorder)
    rebuild(pool, log, VIEWS)
    reference = straight.reference_of(lives)
    asked = RosterQuestion(Moment(day_end_us(DAY)), "outflow", "620000")
    as_counted = counted(connection, asked, reference)
    assert kept(connection, asked, reference) == as_counted
    connection.execute("UPDATE day_count SET amount = amount + 1000 WHERE measure = 'outflow' AND level = 2")
    assert kept(connection, asked, reference) != as_counted
    found, _, _ = differences(connection, reference, [DAY])
    assert {(place, side) for _, place, side, _, _ in found} == {("000000", "outflow"), ("620000", "outflow")}

    for reach, is_kept in (("62", True), ("51,62", True), ("*", True), ("6206", False), ("51", False)):
        reader.execute("SELECT set_config('kiteline.regions', %s, false)", (reach,))
        told = lifecycle.counts(reader, asked, reference).items
        assert (sum(item["count"] for item in told) > 1000) == is_kept

    # Within a day, and as known before: counted, whoever asks.
    for moment in (Moment(day_end_us(DAY) - 1), Moment(day_end_us(DAY), lives.head - 1)):
        elsewhen = RosterQuestion(moment, "outflow", "620000")
        assert kept(connection, elsewhen, reference) == counted(connection, elsewhen, reference)
    for known in (None, lives.head, lives.head + 1):
        assert kept(connection, RosterQuestion(Moment(day_end_us(DAY), known), "outflow", "620000"), reference) != (
            as_counted
        )


def test_readers_see_the_counts_of_their_regions_only(
    recorder: KitelineRecorder, pool: Pool, log: Log, reader: Connection[TupleRow]
) -> None:
    lives = Lives(35)
    lives.reference()
    lives.play(members=20, steps=300)
    lives.record(recorder)
    rebuild(pool, log, VIEWS)
    seen = {}
    for reach in ("*", "62", "6206", "620602", "-", ""):
        reader.execute("SELECT set_config('kiteline.regions', %s, false)", (reach,))
        seen[reach] = {row[0] for row in reader.execute("SELECT region FROM day_count")}
    assert seen[""] == seen["-"] == set()
    assert seen["620602"] == {"620602"}
    assert seen["6206"] == {code for code in seen["*"] if code.startswith("6206")} > {"620602"}
    assert seen["62"] == {code for code in seen["*"] if code.startswith("62")} > {"62", *seen["6206"]}


def test_one_view_rebuilt_or_everything_folded_again_gives_the_same_counts(
    recorder: KitelineRecorder,
    pool: Pool,
    log: Log,
    connection: Connection[TupleRow],
    make_runner: Callable[..., Runner],
) -> None:
    lives = Lives(36)
    lives.reference()
    lives.play(members=20, steps=400)
    lives.record(recorder, upto=300)
    make_runner(page=29, kept=4, ledgers=30).catch_up()
    rebuild(pool, log, ["members"], lambda _done, _total: lives.record(recorder))
    make_runner(page=31, kept=4, ledgers=30).catch_up()
    page_by_page = state_hash(connection)["day_count"]
    rebuild(pool, log, VIEWS)
    assert state_hash(connection)["day_count"] == page_by_page
    connection.execute(FORGET)
    assert connection.execute("SELECT count(*) FROM day_count").fetchone() == (0,)
    make_runner(page=10_000, afresh=None).catch_up()
    assert state_hash(connection)["day_count"] == page_by_page


@pytest.mark.parametrize("seed", [37, 38])
def test_they_are_what_counting_comes_to_when_organisations_and_regions_change(
    seed: int, recorder: KitelineRecorder, connection: Connection[TupleRow], make_runner: Callable[..., Runner]
) -> None:
    lives = changing_lives(recorder, seed)
    make_runner(page=37, kept=5).catch_up()
    found, members, overdue = differences(connection, straight.reference_of(lives), some_days(seed, 7))
    assert found == []
    assert members > 100
    assert overdue > 20


@pytest.mark.parametrize("seed", [39, 40])
def test_they_are_what_counting_comes_to_when_records_are_merged_and_unmerged(
    seed: int, recorder: KitelineRecorder, connection: Connection[TupleRow], make_runner: Callable[..., Runner]
) -> None:
    lives = Doubles(seed)
    lives.meet(recorder)
    make_runner(page=13, kept=5).catch_up()
    found, members, overdue = differences(connection, straight.reference_of(lives), some_days(seed, 7))
    assert found == []
    assert members > 100
    assert overdue > 20
