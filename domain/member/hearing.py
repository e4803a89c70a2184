"""A sign of life: what it does to a lost contact, to the silence, and to what was owed for the month."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.member import duties, months

if TYPE_CHECKING:
    from domain.fact import Fact
    from domain.member.state import State
    from domain.reference import Reference


def heard_of(state: State, fact: Fact, reference: Reference, side: str | None) -> None:
    """End a lost contact, start the silence anew, and clear what that side owed for the month; None clears nothing."""
    state.last_contact_at = fact.occurred_at
    state.last_contact_us = fact.when
    if state.lost_contact:
        found(state, fact.when)
    months.contact_by(state, reference, side, fact.when)
    duties.restart_lost_review(state, reference, fact.when)


def found(state: State, at_us: int) -> None:
    """A lost contact ends by itself."""
    if state.lost_contact:
        state.lost_contact, state.lost_since_us, state.found_us = False, None, at_us
