"""How long nothing has been heard of a member who is away, and when that becomes a matter for a review."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.calendar import add_months
from domain.times import local_day

if TYPE_CHECKING:
    from datetime import date

    from domain.member.state import State
    from domain.reference import Reference


def silence_begins_us(state: State) -> int | None:
    """Return since when nothing has been heard: the last contact, or the departure or decision to keep if later."""
    movement = state.movement
    departed = movement.departed_us if movement is not None and movement.is_open else None
    known = [us for us in (state.last_contact_us, departed, state.kept_us) if us is not None]
    return max(known) if known else None


def lost_review_day(state: State, reference: Reference) -> date | None:
    """Return the day on which the review of a silence opens (Regulations, art. 24); None when not away."""
    movement = state.open_movement
    begins = silence_begins_us(state)
    if movement is None or not movement.is_away or begins is None:
        return None
    day = local_day(begins)
    return add_months(day, reference.policy(state.affiliation_region, day).lost_contact_months)
