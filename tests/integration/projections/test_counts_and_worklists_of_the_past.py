"""As known at an earlier position too: counts are those of the members behind them, pages hold what was asked for."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from infra.event_store.recorder import KitelineRecorder
from projections import duties, lifecycle
from projections.asking import Moment, spans_of
from projections.duties import WorklistQuestion
from projections.roster import RosterQuestion
from projections.runner import Runner
from tests.integration.projections import straight
from tests.integration.projections.kept_days import SIDES
from tests.integration.projections.lives import COUNTIES, Lives, branch, committee
from tests.integration.projections.moments import moments
from tests.integration.projections.steady_lives import stay_in_touch
from tests.integration.projections.test_worklists_page_by_page import any_question, pages

SEVERAL_RANGES = "510100"
PLACES = (
    ("000000", None), ("620000", None), (COUNTIES[0], None), (COUNTIES[4], None), (SEVERAL_RANGES, None),
    (None, committee("620000")), (None, committee(COUNTIES[4])), (None, branch(COUNTIES[0], 1)),
)  # fmt: skip
ALL = 10_000
"""More than there is of anything: one page."""

_LIAISONS = "SELECT member_id::text, liaison FROM member ORDER BY (liaison IS NULL), member_id"


@pytest.mark.parametrize("seed", [61, 62])
def test_counts_are_those_of_the_members_behind_them(
    seed: int, recorder: KitelineRecorder, connection: Connection[TupleRow], make_runner: Callable[..., Runner]
) -> None:
    lives = Lives(seed)
    lives.reference()
    lives.play(members=25, steps=600)
    lives.record(recorder)
    make_runner(page=200).catch_up()
    reference = straight.reference_of(lives)
    assert len(spans_of(reference, SEVERAL_RANGES, 0).lows) > 1
    connection.execute("SELECT set_config('kiteline.regions', '-', false)")
    told: Counter[str] = Counter()
    for moment in moments(lives, seed, 25):
        for region, organisation in PLACES:
            for side in SIDES:
                asked = RosterQuestion(moment, side, region, organisation, limit=ALL)
                behind = lifecycle.members(connection, asked, reference, now_us=0).items
                cells = Counter((one["view"], one["stage"], late) for one in behind for late in {False, one["overdue"]})
                for one in lifecycle.counts(connection, asked, reference, ages=True).items:
                    cell = (one["view"], one["stage"])
                    assert (one["count"], one["overdue"]) == (cells[*cell, False], cells[*cell, True]), (asked, one)
                    assert sum(age["count"] for age in one["ages"]) == one["count"]
                    told[side] += one["count"]
                    told[region or ""] += one["count"]
                    told["overdue"] += one["overdue"]
    assert all(told[of] > 20 for of in (*SIDES, "overdue", "000000", SEVERAL_RANGES, ""))


@pytest.mark.parametrize("seed", [63, 64])
def test_pages_hold_of_all_that_was_owed_what_was_asked_for(
    seed: int, recorder: KitelineRecorder, connection: Connection[TupleRow], make_runner: Callable[..., Runner]
) -> None:
    lives = Lives(seed)
    lives.reference()
    lives.play(members=25, steps=500)
    stay_in_touch(lives, members=4)
    lives.record(recorder)
    make_runner(page=200).catch_up()
    reference = straight.reference_of(lives)
    people = connection.execute(_LIAISONS).fetchall()
    chance = random.Random(seed)
    asked_of = [*moments(lives, seed, 60), *(Moment(moment.as_of_us) for moment in moments(lives, seed, 20))]
    found = 0
    for moment in asked_of:
        question = replace(any_question(chance, people), moment=moment)
        of_all = WorklistQuestion(moment, question.organisation, limit=ALL)
        together = duties.worklist(connection, of_all, reference, now_us=0).items
        asked = [
            item
            for item in together
            if (question.kinds is None or item["kind"] in question.kinds)
            and question.member in (None, item["member_id"])
            and question.overdue in (None, item["overdue"])
            and (question.liaison is None or (item["member_id"], question.liaison) in people)
        ][: 40 * question.limit]
        turned = pages(connection, question, reference)
        assert [item for page in turned for item in page] == asked
        assert all(len(page) == question.limit for page in turned[:-1])
        found += len(asked)
    assert found > 300
