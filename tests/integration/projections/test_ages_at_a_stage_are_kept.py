"""For how many days members have been at a stage is kept by day: it is what counting them one by one comes to."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from domain.reference import Reference
from domain.times import day_end_us, local_day
from infra.event_store.recorder import KitelineRecorder
from projections import lifecycle
from projections.asking import Moment
from projections.kept_counts import count_differences
from projections.log_rows import Log
from projections.position import reflected
from projections.rebuild import VIEWS, rebuild
from projections.roster import RosterQuestion
from projections.runner import Runner
from projections.state_hash import state_hash
from tests.integration.projections import straight
from tests.integration.projections.conftest import FORGET, Pool
from tests.integration.projections.kept_days import PLACES, SIDES
from tests.integration.projections.lives import Lives

_REACH = "SELECT set_config('kiteline.regions', %s, false)"


def ages(connection: Connection[TupleRow], reach: str, question: RosterQuestion, reference: Reference) -> list[Any]:
    connection.execute(_REACH, (reach,))
    return lifecycle.counts(connection, question, reference, ages=True).items


@pytest.mark.parametrize("seed", [41, 42])
def test_they_are_what_counting_comes_to_page_by_page_and_rebuilt(
    seed: int,
    recorder: KitelineRecorder,
    pool: Pool,
    log: Log,
    connection: Connection[TupleRow],
    make_runner: Callable[..., Runner],
) -> None:
    lives = Lives(seed)
    lives.reference()
    lives.play(members=80, steps=600)
    lives.record(recorder, upto=300)
    make_runner(page=23, kept=6, ledgers=40).catch_up()
    lives.record(recorder)
    make_runner(page=29, kept=6, ledgers=40).catch_up()
    reference, aged = straight.reference_of(lives), 0
    latest = local_day(reflected(connection).latest_us)
    for day in (latest, latest + timedelta(days=20), latest + timedelta(days=75), date(2026, 12, 31)):
        for place in PLACES:
            for side in SIDES:
                question = RosterQuestion(Moment(day_end_us(day)), side, place)
                kept, counted = (ages(connection, reach, question, reference) for reach in ("*", "-"))
                assert kept == counted, (day, place, side)
                aged += sum(one["count"] for item in counted for one in item["ages"][:3])
    assert aged > 0

    page_by_page = state_hash(connection)["standing_age"]
    rebuild(pool, log, VIEWS)
    assert state_hash(connection)["standing_age"] == page_by_page
    connection.execute(FORGET)
    assert connection.execute("SELECT count(*) FROM standing_age").fetchone() == (0,)
    make_runner(page=10_000, afresh=None).catch_up()
    assert state_hash(connection)["standing_age"] == page_by_page
    assert count_differences(connection, "standing_age") == ([], [])

    whole = RosterQuestion(Moment(day_end_us(latest)), "outflow", "000000")
    as_kept = ages(connection, "*", whole, reference)
    connection.execute("UPDATE standing_age SET amount = amount + 1000")
    assert ages(connection, "*", whole, reference) != as_kept
    surplus, missing = count_differences(connection, "standing_age")
    assert surplus
    assert missing
