"""Whatever way the rows were made, page by page or member by member beside the live ones, they agree."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from domain.organisation import OrganisationRegistered, organisation_stream, reference_stream
from domain.policy import PolicyAdopted
from domain.reference import empty_reference
from domain.times import day_end_us
from infra.event_store.recorder import KitelineRecorder
from projections import roster
from projections.asking import Moment
from projections.log_rows import Log
from projections.position import await_position, reflected
from projections.rebuild import VIEWS, rebuild
from projections.roster import RosterQuestion
from projections.runner import Hooks, Runner
from projections.state_hash import state_hash
from tests.integration.projections import straight
from tests.integration.projections.conftest import FORGET, Pool
from tests.integration.projections.lives import Lives, committee


def lives_with_changing_reference(recorder: KitelineRecorder, seed: int) -> Lives:
    """Lives during which organisations are founded where people checked in already, and policy changes."""
    lives = Lives(seed)
    for body in (
        OrganisationRegistered(committee("620000"), "62", "COMMITTEE", "620000"),
        OrganisationRegistered("C620102-B1", "1", "BRANCH", "620102", committee("620000")),
    ):
        lives.tell(organisation_stream(body.code), body, "2020-01-01")
    lives.play(members=14, steps=150)
    top = OrganisationRegistered(committee("620102"), "620102", "COMMITTEE", "620102", committee("620000"))
    lives.tell(organisation_stream(top.code), top, "2020-01-01")
    lives.play(members=3, steps=60)
    policy = PolicyAdopted("000000", "2020-01-01", {"answer_check_in_workdays": 3, "lost_contact_months": 2})
    lives.tell(reference_stream("policies"), policy, "2020-01-01")
    lives.play(members=3, steps=60)
    lives.record(recorder)
    return lives


@pytest.mark.parametrize("seed", [11, 12])
def test_pages_of_any_size_and_a_rebuild_give_the_same_rows(
    seed: int,
    recorder: KitelineRecorder,
    pool: Pool,
    log: Log,
    connection: Connection[TupleRow],
    make_runner: Callable[..., Runner],
) -> None:
    lives = lives_with_changing_reference(recorder, seed)
    make_runner(page=11, kept=3, ledgers=20).catch_up()
    in_small_pages = state_hash(connection)

    rebuilt = rebuild(pool, log, VIEWS)
    assert state_hash(connection) == in_small_pages
    assert rebuilt.position == reflected(connection).position == lives.head
    assert reflected(connection).version == 2

    connection.execute(FORGET)
    make_runner(page=10_000).catch_up()
    assert state_hash(connection) == in_small_pages


def test_from_nothing_a_long_log_is_folded_member_by_member_and_gone_on_with_page_by_page(
    recorder: KitelineRecorder, connection: Connection[TupleRow], make_runner: Callable[..., Runner]
) -> None:
    lives = lives_with_changing_reference(recorder, 14)
    make_runner().catch_up()
    by_page = state_hash(connection)
    connection.execute(FORGET)
    told: list[int] = []
    hooks = Hooks(page=lambda position, _facts: told.append(position))

    make_runner(afresh=100, hooks=hooks).catch_up()
    assert told == [lives.head]
    assert state_hash(connection) == by_page

    lives.play(members=3, steps=60)
    lives.record(recorder)
    make_runner(afresh=100, page=20, hooks=hooks).catch_up()
    assert len(told) > 2
    assert reflected(connection).position == lives.head

    gone_on = state_hash(connection)
    connection.execute(FORGET)
    make_runner(afresh=lives.head + 1, page=20).catch_up()
    assert state_hash(connection) == gone_on


def test_whoever_ends_before_all_is_folded_afresh_leaves_nothing_half_written(
    recorder: KitelineRecorder, connection: Connection[TupleRow], make_runner: Callable[..., Runner]
) -> None:
    lives = lives_with_changing_reference(recorder, 15)
    stop = threading.Event()
    runner = make_runner(afresh=100)
    stop_when_read(runner, stop)
    runner.run_forever(stop)
    assert reflected(connection).position == 0
    assert connection.execute("SELECT count(*) FROM member").fetchone() == (0,)
    make_runner(afresh=100).catch_up()
    assert reflected(connection).position == lives.head


def stop_when_read(runner: Runner, stop: threading.Event) -> None:
    """Set `stop` as soon as the first streams are read."""
    streams = runner.log.streams

    def read(ids: Sequence[UUID]) -> dict[UUID, list[Any]]:
        stop.set()
        return streams(ids)

    runner.log = replace(runner.log, streams=read)


def test_what_became_known_of_organisations_and_policy_counts_from_then_on(
    recorder: KitelineRecorder, connection: Connection[TupleRow], make_runner: Callable[..., Runner]
) -> None:
    lives = lives_with_changing_reference(recorder, 13)
    make_runner(page=50).catch_up()
    reference = straight.reference_of(lives)
    now = Moment(day_end_us(date(2025, 9, 30)))
    found = roster.page(connection, RosterQuestion(now, "affiliated", "000000", limit=1_000), reference, 0).items
    expected = straight.affiliated(lives, reference, now.as_of_us, 1 << 62)
    assert [{key: item[key] for key in expected[0]} for item in found] == expected
    changes = [fact.position for fact in lives.facts if isinstance(fact.body, PolicyAdopted | OrganisationRegistered)]
    for change in changes[2:]:
        known = [fact for fact in lives.facts if fact.position < change]
        as_known = empty_reference().with_facts(known)
        moment = Moment(now.as_of_us, change - 1)
        found = roster.page(connection, RosterQuestion(moment, "affiliated", "000000", limit=1_000), reference, 0).items
        expected = straight.affiliated(lives, as_known, moment.as_of_us, change - 1)
        assert [{key: item[key] for key in expected[0]} for item in found] == expected


@pytest.mark.parametrize("view", sorted(VIEWS))
def test_one_view_is_rebuilt_while_the_live_runner_goes_on(
    view: str,
    recorder: KitelineRecorder,
    pool: Pool,
    log: Log,
    connection: Connection[TupleRow],
    make_runner: Callable[..., Runner],
) -> None:
    lives = Lives(21)
    lives.reference()
    lives.play(members=40, steps=900)
    lives.record(recorder, upto=500)
    runner = make_runner(page=40)
    runner.catch_up()
    stop = threading.Event()
    live = threading.Thread(target=runner.run_forever, args=(stop,))
    live.start()

    def more(_done: int, _total: int) -> None:
        lives.record(recorder)

    try:
        rebuild(pool, log, [view], more)
        lives.record(recorder)
        head = lives.head
        await_position(connection, head, timeout=30)
    finally:
        stop.set()
        live.join()

    as_served = state_hash(connection)
    rebuild(pool, log, VIEWS)
    assert state_hash(connection) == as_served
