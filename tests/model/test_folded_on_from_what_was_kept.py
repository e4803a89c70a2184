"""Whoever knows what will be told late folds less, and comes to the same rows, at every position."""

import random
from copy import copy
from itertools import islice
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.fact import Fact
from domain.member.copied import copied
from domain.member.fold import steps
from domain.reference import Reference
from projections.ahead import Ahead
from projections.rows import Rows
from projections.trace import Trace
from tests.model.lives import STEPS, live, long_life
from tests.model.reordering import recorded_in_another_order
from tests.model.test_member_model import LIVES, deterministic
from tests.model.world import MEMBER

PAGES = (1, 3, 1_000)


def rows_of(facts: list[Fact], reference: Reference, page: int, *, foreseeing: bool) -> list[Any]:
    """Return all rows written of a member, page by page, and what is counted."""
    trace, written, rows = Trace(MEMBER), [], Rows()
    told = [copy(fact) for fact in facts]
    if foreseeing:
        trace.ahead.foresee(told)
    for number, fact in enumerate(told):
        trace.take(fact, reference)
        if number % page == page - 1:
            trace.emit(rows)
            written.append(_plain(rows))
            rows = Rows()
    trace.emit(rows)
    trace.state.ended_duties.clear()  # rows of their own say what was owed when
    return [*written, _plain(rows), trace.state, trace.last_key, trace.readers]


def _plain(rows: Rows) -> list[list[str]]:
    """Return what is written, without the order within a table."""
    written = [lines for _, _, lines in rows.tables()]
    taken = [*rows.retired, rows.gone_duties, rows.gone_legs, rows.gone_members, rows.counts]
    return [sorted(map(repr, lines)) for lines in (*written, *taken)]


@settings(deterministic, max_examples=LIVES // 2)
@given(STEPS, st.integers(0, 1 << 30))
def test_the_rows_are_the_same_with_foresight_and_without(life, seed):
    stream = live(life)
    chance = random.Random(seed)
    for facts in (stream.facts, recorded_in_another_order(stream.facts, chance)):
        page = chance.choice(PAGES)
        assert rows_of(facts, stream.reference, page, foreseeing=True) == rows_of(
            facts, stream.reference, page, foreseeing=False
        )


def test_long_lives_are_mostly_folded_on_from_what_was_kept(monkeypatch):
    found, whole = [], []
    nearest = Ahead.nearest

    def watched(self: Ahead, ordered: list[Fact]) -> Any:
        kept = nearest(self, ordered)
        found.append(0 if kept is None else kept.told)
        whole.append(len(ordered))
        return kept

    monkeypatch.setattr(Ahead, "nearest", watched)
    for seed in range(20):
        stream = live(long_life(seed * 7_919))
        rows_of(stream.facts, stream.reference, 1_000, foreseeing=True)
    assert sum(1 for one in found if one) > len(found) // 2 > 10
    assert sum(found) > sum(whole) // 2


@settings(deterministic, max_examples=LIVES // 10)
@given(STEPS)
def test_a_state_that_was_copied_is_not_moved_by_what_follows(life):
    stream = live(life)
    copies = [(fact.position, copied(state)) for fact, state, _ in steps(stream.facts, stream.reference)]
    for (position, kept), count in zip(copies, range(1, len(copies) + 1), strict=True):
        *_, (fact, state, _) = islice(steps(stream.facts, stream.reference), count)
        assert fact.position == position
        assert kept == state
