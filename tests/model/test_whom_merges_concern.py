"""Whom a merge of two random lives concerns, and its undoing: whoever was sent anything that it makes another's."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain.member.merging.belonging import recorded_meanwhile
from domain.member.merging.events import RecordsMerged, RecordsUnmerged
from domain.member.merging.setting_aside import Record, set_aside
from domain.member.merging.state import Merge
from domain.member.reading import Reader
from domain.times import parse_occurred
from infra.recording.drafts import Caller
from infra.recording.members import Ledger, ledger_of
from infra.recording.merges import _on_both, _Pair
from tests.model import member_model as model
from tests.model import merge_model
from tests.model.desked_lives import desked
from tests.model.feed_model import FAR, home, places
from tests.model.lives import STEPS
from tests.model.merged_lives import KEPT, OTHER, Log, _renamed
from tests.model.recording import NOW_US
from tests.model.test_merge_model import fewer
from tests.model.world import world

if TYPE_CHECKING:
    from collections.abc import Callable

    from domain.fact import Fact
    from tests.model.lives import Step

DAY, CALLER = parse_occurred("2026-09-01"), Caller("somebody")
MERGE = Merge(UUID(int=99), 1, KEPT, OTHER, "somebody")


def two_lives(lives: tuple[list[Step], list[Step]], seed: int) -> Log:
    """Return a log of two lives of one home, told alternately, each event with the regions that it was sent to."""
    log, chance = Log(), random.Random(seed)
    waiting = {
        stream: _renamed(desked(steps, seed).facts, offset)
        for stream, steps, offset in zip((KEPT, OTHER), lives, (1 << 20, 1 << 21), strict=True)
    }
    while any(waiting.values()):
        stream = chance.choice([one for one, facts in waiting.items() if facts])
        log.add(waiting[stream].pop(0), stream)
    return log


def ledgers(log: Log) -> tuple[Ledger, Ledger]:
    """Load both, as they are in the log."""
    own = {one: [fact for fact in log.facts if fact.stream == one] for one in (KEPT, OTHER)}
    is_merged = any(fact.fact.startswith("records_") for fact in log.facts)
    linked = {KEPT: own[OTHER] if is_merged else [], OTHER: own[KEPT] if is_merged else []}
    kept, other = (ledger_of(one, own[one], world(), linked[one]) for one in (KEPT, OTHER))
    return kept, other


def told(log: Log, body: Callable[[_Pair], RecordsMerged | RecordsUnmerged]) -> tuple[Fact, Fact]:
    """Record a merge, or its undoing, on both streams."""
    pair = _Pair(MERGE, *ledgers(log), Reader(world(), NOW_US))
    kept, absorbed = _on_both(pair, body(pair), DAY, None, CALLER)
    for fact in (kept, absorbed):
        log.add(fact, fact.stream)
    return kept, absorbed


def merging(pair: _Pair) -> RecordsMerged:
    records = [Record(one.facts, one.state, world()) for one in (pair.kept, pair.absorbed)]
    keep = {"keep_movement": records[0].open_movement or records[1].open_movement,
            "keep_affiliation": records[0].state.affiliation}  # fmt: skip
    aside = set_aside(records[0], records[1], **keep)
    pair.aside = frozenset(aside)
    return RecordsMerged(str(MERGE.merge_id), str(KEPT), str(OTHER), aside or None, **keep)


def undoing(merged: RecordsMerged) -> Callable[[_Pair], RecordsUnmerged]:
    def body(pair: _Pair) -> RecordsUnmerged:
        pair.aside = frozenset(merged.set_aside or ())
        assert not recorded_meanwhile(merged, pair.kept.facts)
        return RecordsUnmerged(str(MERGE.merge_id), str(KEPT), str(OTHER))

    return body


def concerned(log: Log, known: int, member: UUID) -> set[str]:
    """Return whom a member concerns today, as the model knows it at a position."""
    rows = merge_model.Told(log.rows(), str(KEPT), known).rows_of(str(member))
    s: dict[str, Any] = model.state_at(rows, FAR)
    return home(s) | places(s)


@fewer
@given(st.tuples(STEPS, STEPS), st.integers(0, 1 << 30))
def test_a_merge_and_its_undoing_reach_who_was_sent_what_they_change_and_tell_strangers_no_place(lives, seed):
    log = two_lives(lives, seed)
    before = len(log.facts)
    sent = {region for fact in log.facts if fact.stream == OTHER for region in fact.concerns}

    kept, absorbed = told(log, merging)

    of_kept = concerned(log, before, KEPT) | concerned(log, len(log.facts), KEPT)
    assert set(kept.concerns) == of_kept
    aside = set(kept.body.set_aside or ())  # type: ignore[attr-defined]
    sent |= {region for fact in log.facts[:before] if fact.event_id in aside for region in fact.concerns}
    assert set(absorbed.concerns) == sent | of_kept | concerned(log, before, OTHER)
    assert absorbed.after is not None
    assert (absorbed.after["movement"], absorbed.after["merged_into"]) == (None, str(KEPT))

    assert isinstance(kept.body, RecordsMerged)
    kept_again, absorbed_again = told(log, undoing(kept.body))

    assert set(kept_again.concerns) == concerned(log, before + 2, KEPT) | concerned(log, len(log.facts), KEPT)
    assert set(absorbed.concerns) <= {*kept_again.concerns, *absorbed_again.concerns}
    strangers = set(absorbed_again.concerns) - concerned(log, len(log.facts), OTHER)
    assert absorbed_again.after is not None
    assert absorbed_again.after.get("present", True) == (not strangers)
    assert not strangers or absorbed_again.after["movement"] is None
