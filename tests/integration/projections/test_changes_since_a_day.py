"""By how many more there are than on a day before: the difference of two counts, nobody's clocks looked at."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from domain.times import day_end_us
from infra.event_store.recorder import KitelineRecorder
from projections import lifecycle
from projections.asking import Moment
from projections.roster import RosterQuestion
from projections.runner import Runner
from tests.integration.projections import straight
from tests.integration.projections.kept_days import SIDES, some_days
from tests.integration.projections.lives import COUNTIES, LAST, Lives, branch, committee

PLACES = (
    ("620000", None), ("000000", None), (COUNTIES[0], None), (None, committee("620000")), (None, committee("510000")),
    *((None, committee(county)) for county in COUNTIES[:4]), (None, branch(COUNTIES[0], 1)),
)  # fmt: skip


def folded(
    lives: Lives, recorder: KitelineRecorder, make_runner: Callable[..., Runner], *, members: int, steps: int
) -> Lives:
    """Play lives, record them, and have the read models follow."""
    lives.reference()
    lives.play(members=members, steps=steps)
    lives.record(recorder)
    make_runner(page=200).catch_up()
    return lives


@pytest.mark.parametrize("reach", ["*", "-"])
@pytest.mark.parametrize("is_earlier", [False, True])
def test_it_is_the_difference_of_what_is_counted_on_both_days(
    reach: str,
    is_earlier: bool,
    recorder: KitelineRecorder,
    connection: Connection[TupleRow],
    make_runner: Callable[..., Runner],
) -> None:
    lives = folded(Lives(53), recorder, make_runner, members=25, steps=500)
    reference = straight.reference_of(lives)
    known = lives.head * 3 // 4 if is_earlier else None
    connection.execute("SELECT set_config('kiteline.regions', %s, false)", (reach,))
    changed = stood = 0
    for day in some_days(53, 6):
        for region, organisation in PLACES:
            for side in SIDES:
                asked = Moment(day_end_us(LAST + timedelta(days=400)), known)
                then = Moment(day_end_us(day), known)
                now = RosterQuestion(asked, side, region, organisation)
                counts = lifecycle.counts(connection, now, reference, change_since_us=then.as_of_us).items
                before = lifecycle.counts(connection, RosterQuestion(then, side, region, organisation), reference).items
                assert [one["change"] for one in counts] == [
                    one["count"] - other["count"] for one, other in zip(counts, before, strict=True)
                ]
                changed += sum(abs(one["change"]) for one in counts)
                stood += sum(one["count"] for one in before)
    assert changed > 100
    assert stood > 100


def test_nothing_changes_since_a_moment_itself(
    recorder: KitelineRecorder, connection: Connection[TupleRow], make_runner: Callable[..., Runner]
) -> None:
    lives = folded(Lives(54), recorder, make_runner, members=10, steps=150)
    for day in (LAST - timedelta(days=100), LAST + timedelta(days=400)):
        asked = RosterQuestion(Moment(day_end_us(day)), "outflow", organisation=committee("620000"))
        told = lifecycle.counts(
            connection, asked, straight.reference_of(lives), change_since_us=asked.moment.as_of_us
        ).items
        assert {one["change"] for one in told} == {0}
        assert sum(one["count"] for one in told) > 0
