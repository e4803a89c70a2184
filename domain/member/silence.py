"""How long nothing has been heard of a member who is away, and when that becomes a matter for a review."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import date

    from domain.member.state import State
    from domain.reference import Reference, Review


_AWAY: Final = frozenset({"awaiting_check_in", "checked_in", "settled"})


def silence_begins_us(state: State) -> int | None:
    """Return since when nothing has been heard: the last contact, or the departure or decision to keep if later."""
    movement = state.movement
    begins = state.last_contact_us
    departed = movement.departed_us if movement is not None and movement.stage != "closed" else None
    if departed is not None and (begins is None or departed > begins):
        begins = departed
    kept = state.kept_us
    return kept if kept is not None and (begins is None or kept > begins) else begins


def lost_review(state: State, reference: Reference) -> Review | None:
    """Return when the silence is reviewed (Regulations, art. 24); None when not away."""
    movement = state.movement
    if movement is None or movement.stage not in _AWAY or (begins := silence_begins_us(state)) is None:
        return None
    return reference.review_of_silence(state.affiliation_region, begins)


def lost_review_day(state: State, reference: Reference) -> date | None:
    """Return the day on which the review of a silence opens; None when not away."""
    review = lost_review(state, reference)
    return review.opens if review is not None else None
