"""Whose a fact is, as known at any position: a merge brings the facts of one stream to another member, undo takes them
back.

Merges are walked in the order in which they were recorded. As known before one, the two are two; as known from its
position on they are one, on every day there ever was. Each member learns of a merge from its own stream.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final
from uuid import UUID

from domain.fact import Fact
from domain.member import events as e
from domain.member.merging.events import RecordsMerged, RecordsUnmerged

MERGING: Final = (RecordsMerged, RecordsUnmerged)
MERGING_FACTS: Final = frozenset({RecordsMerged.fact, RecordsUnmerged.fact})
KEPT: Final = "KEPT"
ABSORBED: Final = "ABSORBED"
_HEAD: Final = 1 << 63
_ABOUT_EVENTS: Final = (e.EventCorrected, e.EventVoided, e.FlagConfirmed)


def partners(facts: Iterable[Fact]) -> set[UUID]:
    """Return the streams that the merges of a stream name beside it."""
    found: set[UUID] = set()
    for fact in facts:
        if isinstance(fact.body, MERGING):
            found |= {UUID(fact.body.kept), UUID(fact.body.absorbed)} - {fact.stream}
    return found


def linked_facts(member: UUID, own: list[Fact], read: Callable[[UUID], list[Fact]]) -> list[Fact]:
    """Return the facts of every other stream that merges tie to a member's, near or far; none for nearly everybody."""
    seen, waiting, found = {member}, partners(own), list[Fact]()
    while waiting:
        stream = waiting.pop()
        if stream in seen:
            continue
        seen.add(stream)
        facts = read(stream)
        found += facts
        waiting |= partners(facts) - seen
    return found


def merged_into(member: UUID, facts: Iterable[Fact], known_position: int = _HEAD) -> UUID | None:
    """Return who has a member's facts, as known at a position; None for a member who stands alone, or is the kept."""
    into: UUID | None = None
    for fact in sorted(facts, key=_position):
        if fact.position > known_position or fact.stream != member or not isinstance(fact.body, MERGING):
            continue
        if fact.body.absorbed == str(member):
            into = UUID(fact.body.kept) if isinstance(fact.body, RecordsMerged) else None
    return into


def belonging(member: UUID, facts: Iterable[Fact], known_position: int = _HEAD) -> list[Fact]:
    """Return which of `facts`, the member's own and those linked to it, are the member's as known at a position.

    They come in recorded order; none when the member was merged into another by then.
    """
    known = sorted((fact for fact in facts if fact.position <= known_position), key=_position)
    owners = _Owners(member)
    for fact in known:
        owners.take(fact)
    return [fact for fact in known if owners.of[fact.event_id] == member]


def recorded_meanwhile(merge: RecordsMerged, facts: Iterable[Fact]) -> list[Fact]:
    """Return the facts of the kept member of which an undo must say whose they are.

    `facts` are those that belong to the kept member now, in recorded order. Corrections, voids and confirmations go
    with what they are about; facts that another merge brought are that other's.
    """
    told = list(facts)
    merges = [fact for fact in told if isinstance(fact.body, RecordsMerged) and fact.body.kept == merge.kept]
    brought = {fact.body.absorbed for fact in merges if isinstance(fact.body, RecordsMerged)}
    merged_at = max(fact.position for fact in merges if getattr(fact.body, "merge_id", None) == merge.merge_id)
    return [
        fact
        for fact in told
        if fact.position > merged_at
        and str(fact.stream) not in brought
        and not isinstance(fact.body, (*MERGING, *_ABOUT_EVENTS))
    ]


class _Owners:
    """Who owns which fact, walked in recorded order, as one member knows it."""

    def __init__(self, member: UUID) -> None:
        self._member = member
        self.of: dict[str, UUID] = {}
        self._brought: dict[str, list[str]] = {}
        self._meanwhile: dict[str, list[Fact]] = {}

    def take(self, fact: Fact) -> None:
        """Take the next fact."""
        self.of[fact.event_id] = fact.stream
        for later in self._meanwhile.values():
            later.append(fact)
        body = fact.body
        if isinstance(body, MERGING) and self._is_told_by(fact, body):
            if isinstance(body, RecordsMerged):
                self._merge(body)
            else:
                self._unmerge(body)

    def _is_told_by(self, fact: Fact, body: RecordsMerged | RecordsUnmerged) -> bool:
        """Whether this is the one of the two streams by which this member learns of the merge."""
        teller = self._member if str(self._member) == body.absorbed else UUID(body.kept)
        return fact.stream == teller

    def _merge(self, body: RecordsMerged) -> None:
        kept, absorbed = UUID(body.kept), UUID(body.absorbed)
        self._brought[body.merge_id] = [event_id for event_id, owner in self.of.items() if owner == absorbed]
        self._meanwhile[body.merge_id] = []
        for event_id in self._brought[body.merge_id]:
            self.of[event_id] = kept

    def _unmerge(self, body: RecordsUnmerged) -> None:
        kept, absorbed = UUID(body.kept), UUID(body.absorbed)
        for event_id in self._brought.pop(body.merge_id, ()):
            self._hand_back(event_id, kept, absorbed)
        for event_id, whose in (body.whose or {}).items():
            if whose == ABSORBED:
                self._hand_back(event_id, kept, absorbed)
        for fact in self._meanwhile.pop(body.merge_id, ()):
            if isinstance(fact.body, _ABOUT_EVENTS) and self.of.get(fact.body.event_id) == absorbed:
                self._hand_back(fact.event_id, kept, absorbed)

    def _hand_back(self, event_id: str, kept: UUID, absorbed: UUID) -> None:
        if self.of.get(event_id) == kept:
            self.of[event_id] = absorbed


def _position(fact: Fact) -> int:
    return fact.position
