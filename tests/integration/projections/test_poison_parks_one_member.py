"""An event that cannot be decoded or folded parks its member, tells, and stops nobody else; a rebuild tries again."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from domain.fact import Fact
from domain.member import events as e
from domain.times import day_end_us
from infra.event_store.recorder import KitelineRecorder
from infra.recording.mapper import fact_from_row
from projections import roster
from projections.asking import Moment
from projections.log_rows import Log
from projections.position import parked_members, reflected
from projections.rebuild import VIEWS, rebuild
from projections.roster import RosterQuestion
from projections.runner import Hooks, Runner
from projections.state_hash import state_hash
from tests.integration.projections import straight
from tests.integration.projections.conftest import Pool
from tests.integration.projections.lives import Lives


def spoilt(log: Log, victim: Fact, how: str) -> Log:
    """A log in which one event cannot be decoded, or decodes to what cannot be folded, or not be written."""

    def fact(row: Any) -> Fact:
        found = fact_from_row(row)
        if found.event_id != victim.event_id:
            return found
        if how == "decode":
            raise ValueError(f"secret of {row.originator_id}")
        if how == "fold":
            return replace(found, body=e.CheckedIn(7, "CODE"))  # type: ignore[arg-type]
        return replace(found, body=e.MemberRegistered(7, "C620102-B1"))  # type: ignore[arg-type]

    return replace(log, fact=fact)


@pytest.mark.parametrize("how", ["decode", "fold", "write"])
@pytest.mark.parametrize("page", [7, 1_000])
def test_the_others_go_on_and_a_rebuild_tries_again(
    how: str,
    page: int,
    recorder: KitelineRecorder,
    pool: Pool,
    log: Log,
    connection: Connection[TupleRow],
    make_runner: Callable[..., Runner],
) -> None:
    lives = Lives(31)
    lives.reference()
    lives.play(members=8, steps=120)
    lives.record(recorder)
    victim = next(fact for fact in lives.facts if fact.version == 5 and fact.stream == lives.members()[2])
    told: list[int] = []

    make_runner(log=spoilt(log, victim, how), page=page, hooks=Hooks(parked=told.append)).catch_up()

    [(member, position, code, _)] = parked_members(connection)
    assert member == victim.stream
    assert position == victim.position or (how == "write" and victim.position <= position < victim.position + page)
    assert code in {"ValueError", "TypeError", "AttributeError"}
    assert told == [1]
    assert reflected(connection).position == lives.head
    reference = straight.reference_of(lives)
    now = Moment(day_end_us(date(2025, 9, 30)))
    expected = {item["member_id"]: item for item in straight.affiliated(lives, reference, now.as_of_us, 1 << 62)}
    question = RosterQuestion(now, "affiliated", "000000", limit=1_000)
    for item in roster.page(connection, question, reference, 0).items:
        if item["member_id"] != str(victim.stream):
            assert {key: item[key] for key in expected[item["member_id"]]} == expected[item["member_id"]]

    as_parked = state_hash(connection)
    assert rebuild(pool, spoilt(log, victim, how), VIEWS).parked == 1
    assert state_hash(connection) == as_parked or how == "write"

    assert rebuild(pool, log, VIEWS).parked == 0
    assert parked_members(connection) == []
    found = sorted(roster.page(connection, question, reference, 0).items, key=lambda item: str(item["member_id"]))
    assert [{key: item[key] for key in expected[item["member_id"]]} for item in found] == [*expected.values()]
