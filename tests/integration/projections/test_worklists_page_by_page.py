"""Of what is owed now only what can be on the page is written out: asked as of the past, the same stands there."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, get_args

import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from api.shapes.members import DutyKind
from domain.reference import Reference
from domain.times import day_end_us
from infra.event_store.recorder import KitelineRecorder
from projections import duties
from projections.asking import Cursor, CursorUnreadable, Moment, Page
from projections.duties import WorklistQuestion
from projections.runner import Runner
from tests.integration.projections import straight
from tests.integration.projections.lives import COUNTIES, LAST, Lives, branch, committee

_SOMEBODY = "SELECT member_id::text, liaison FROM member ORDER BY (liaison IS NULL), member_id LIMIT 40"


def pages(connection: Connection[TupleRow], question: WorklistQuestion, reference: Reference) -> list[list[Any]]:
    """Turn all pages; at most forty of them."""
    found: list[list[Any]] = []
    while len(found) < 40:
        page: Page = duties.worklist(connection, question, reference, now_us=0)
        found.append(page.items)
        if page.next is None:
            break
        question = replace(question, cursor=page.next)
    return found


def any_question(chance: random.Random, people: list[tuple[str, str | None]]) -> WorklistQuestion:
    """Ask of a province, a county or a branch, on a day after the last fact, of some duties or all."""
    county = chance.choice(COUNTIES)
    day = LAST + timedelta(days=chance.randrange(400, 900))
    kinds = chance.sample(get_args(DutyKind), chance.randint(1, 4)) if chance.random() < 0.4 else None
    member, liaison = chance.choice(people)
    return WorklistQuestion(
        Moment(day_end_us(day)),
        chance.choice((committee(f"{county[:2]}0000"), committee(county), branch(county, 1))),
        member=member if chance.random() < 0.1 else None,
        kinds=None if kinds is None else tuple(sorted(kinds)),
        overdue=chance.choice((None, None, True, False)),
        liaison=liaison if chance.random() < 0.2 else None,
        limit=chance.choice((1, 3, 20, 200)),
    )


@pytest.mark.parametrize("seed", [51, 52])
def test_pages_of_now_are_those_of_the_past_for_any_question(
    seed: int, recorder: KitelineRecorder, connection: Connection[TupleRow], make_runner: Callable[..., Runner]
) -> None:
    lives = Lives(seed)
    lives.reference()
    lives.play(members=25, steps=500)
    lives.record(recorder)
    before = lives.head
    lives.member(branch(COUNTIES[0], 1))  # somebody for whom nothing is owed: what was known before is the past
    lives.record(recorder)
    make_runner(page=200).catch_up()
    reference = straight.reference_of(lives)
    people = connection.execute(_SOMEBODY).fetchall()
    chance = random.Random(seed)
    followed = 0
    for _ in range(40):
        question = any_question(chance, people)
        now = pages(connection, question, reference)
        then = replace(question, moment=replace(question.moment, known_position=before))
        assert pages(connection, then, reference) == now
        together = [item for page in now for item in page]
        in_order = sorted(together, key=lambda item: (item["due_on"], item["duty_id"], item["member_id"]))
        assert together == in_order
        followed += len(now) - 1
    assert followed > 100


@pytest.mark.parametrize("due", ["soon", "2025-02-30", "9999-12-31"])
def test_a_cursor_behind_a_day_that_no_page_ends_with_is_unreadable(
    due: str, recorder: KitelineRecorder, connection: Connection[TupleRow], make_runner: Callable[..., Runner]
) -> None:
    lives = Lives(53)
    lives.reference()
    lives.record(recorder)
    make_runner().catch_up()
    question = WorklistQuestion(Moment(day_end_us(LAST)), branch(COUNTIES[0], 1))
    cursor = Cursor(question.moment, 0, [due, "monthly_contact.origin.2025-01", "0" * 32]).text(question.name)
    with pytest.raises(CursorUnreadable):
        duties.worklist(connection, replace(question, cursor=cursor), straight.reference_of(lives), now_us=0)
