"""For random lives: what read models say of any moment, as known at any position, is what a straight fold says."""

from collections.abc import Callable

import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from domain.reference import Reference
from infra.event_store.recorder import KitelineRecorder
from projections import duties, roster
from projections.asking import Moment, Page
from projections.duties import WorklistQuestion
from projections.roster import RosterQuestion
from projections.runner import Runner
from tests.integration.projections import straight
from tests.integration.projections.lives import Lives, committee
from tests.integration.projections.moments import moments
from tests.integration.projections.steady_lives import stay_in_touch

PROVINCES = ("330000", "350000", "510000", "620000")


def everything(connection: Connection[TupleRow], question: RosterQuestion, reference: Reference) -> list[dict]:
    """Turn all pages of a roster, a few items a page, in the order of codes and ids; return it by id."""
    items: list[dict] = []
    cursor = None
    while True:
        asked = RosterQuestion(question.moment, question.side, question.region, limit=7, cursor=cursor)
        page: Page = roster.page(connection, asked, reference, now_us=0)
        items += page.items
        cursor = page.next
        if cursor is None:
            code = "region" if question.side == "inflow" else "affiliation_region"
            assert items == sorted(items, key=lambda item: (item[code], item["member_id"]))
            return sorted(items, key=lambda item: str(item["member_id"]))


def worklist(connection: Connection[TupleRow], moment: Moment, reference: Reference) -> list[dict]:
    """Turn all pages of the worklists of the topmost organisations."""
    items: list[dict] = []
    for province in PROVINCES:
        cursor = None
        while True:
            asked = WorklistQuestion(moment, committee(province), limit=60, cursor=cursor)
            page = duties.worklist(connection, asked, reference, now_us=0)
            items += page.items
            cursor = page.next
            if cursor is None:
                break
    return sorted(items, key=lambda item: (item["due_on"], item["duty_id"], item["member_id"]))


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("page", [37, 4_000])
def test_rosters_and_duties_say_what_a_straight_fold_says(
    seed: int,
    page: int,
    recorder: KitelineRecorder,
    connection: Connection[TupleRow],
    make_runner: Callable[..., Runner],
) -> None:
    lives = Lives(seed)
    lives.reference()
    lives.play(members=12, steps=260)
    stay_in_touch(lives, members=4)
    lives.record(recorder)

    make_runner(page=page, kept=5).catch_up()

    reference = straight.reference_of(lives)
    for moment in moments(lives, seed, 25):
        known = moment.known_position or 1 << 62
        found = everything(connection, RosterQuestion(moment, "affiliated", "000000"), reference)
        expected = straight.affiliated(lives, reference, moment.as_of_us, known)
        assert [{key: item[key] for key in expected[0]} for item in found] == expected
        assert worklist(connection, moment, reference) == straight.duties(lives, reference, moment.as_of_us, known)
