"""What a correction, a void or a merge did: to the event it is about, and to how the member stood, before and after."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from domain.fact import Fact
from domain.member import events as e
from domain.member.fold import corrected, corrections, fold, voided_ids
from domain.member.merging.events import RecordsMerged, RecordsUnmerged
from domain.member.views import member_state
from projections.differences import changes
from projections.history import as_it_stood

if TYPE_CHECKING:
    from domain.reference import Reference

PUTTING_RIGHT: Final = frozenset({e.EventCorrected.fact, e.EventVoided.fact})
MERGING: Final = frozenset({RecordsMerged.fact, RecordsUnmerged.fact})


def tell_effects(
    items: list[dict[str, Any]],
    known: Callable[[int], list[Fact]],
    reference: Reference,
    as_of_us: int,
    *,
    states: bool = False,
) -> None:
    """Put `effect` beside the items that correct, void, merge or take a merge back.

    `event`: which event, and what it said before and after; null of a merge. `state`: what differs in the member's
    state at `as_of_us` because of it; of merges always, of the others where `states` is asked for, else null.
    `known(position)` are the member's facts as known at a position.
    """
    told = [item for item in items if item["type"] in PUTTING_RIGHT or item["type"] in MERGING]
    if not told:
        return
    standing = _Standing(known(max(item["position"] for item in items)))
    for item in told:
        position, merges = item["position"], item["type"] in MERGING
        item["effect"] = {
            "event": None if merges else standing.event(item["data"]["event_id"], position),
            "state": _state_changes(known, position, reference, as_of_us) if merges or states else None,
        }


def state_of(facts: list[Fact], reference: Reference, as_of_us: int, member_id: str = "") -> dict[str, Any] | None:
    """Return the member's state by these facts at an instant; None where there are none."""
    if not facts:
        return None
    version = max((fact.version for fact in facts if str(fact.stream) == member_id), default=0)
    state = fold(facts, reference, as_of_us=as_of_us)
    return member_state(state, reference, member_id=member_id, version=version, as_of_us=as_of_us)


def _state_changes(
    known: Callable[[int], list[Fact]], position: int, reference: Reference, as_of_us: int
) -> list[dict[str, Any]]:
    before = state_of(known(position - 1), reference, as_of_us)
    return changes(before, state_of(known(position), reference, as_of_us))


class _Standing:
    """What each event said, as known at any position, by the corrections and voids known then."""

    def __init__(self, facts: list[Fact]) -> None:
        self._facts = {fact.event_id: fact for fact in facts}
        self._putting_right = [fact for fact in facts if fact.fact in PUTTING_RIGHT]

    def event(self, event_id: str, position: int) -> dict[str, Any] | None:
        """Return what the event that a correction or void comes down to said before and after that position."""
        about = self._facts.get(event_id)
        while about is not None and isinstance(about.body, (e.EventCorrected, e.EventVoided)):
            about = self._facts.get(about.body.event_id)
        if about is None:
            return None
        before, after = self._stood(about, position - 1), self._stood(about, position)
        differs = changes(before, after) if before is not None and after is not None else []
        return {
            "event_id": about.event_id,
            "type": about.fact,
            "before": before,
            "after": after,
            "changes": differs,
        }

    def _stood(self, about: Fact, position: int) -> dict[str, Any] | None:
        known = [fact for fact in self._putting_right if fact.position <= position]
        voided = voided_ids(known)
        if about.event_id in voided:
            return None
        found = corrections(known, voided).get(about.event_id)
        return as_it_stood(about if found is None else corrected(about, *found))
