"""Where a member is: opening a movement, leaving, arriving, moving on, coming home, closing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.member import duties, months
from domain.member.feedback import owing as feedback
from domain.member.state import Leg, Movement

if TYPE_CHECKING:
    from domain.fact import Fact
    from domain.member.events import Destination
    from domain.member.state import State
    from domain.reference import Reference


def open_movement(
    state: State, fact: Fact, movement_id: str | None, stage: str, destination: Destination | None
) -> Movement:
    """Open a movement with its first leg. Its id is the one the fact names, unless an earlier movement bears it."""
    if movement_id is None or movement_id in state.movement_ids:
        movement_id = fact.first_id
    leg = Leg(1, destination, (destination or {}).get("region"), fact.when)
    movement = Movement(movement_id, stage, state.affiliation, state.affiliation_region, [leg])
    state.movement_ids.add(movement_id)
    if state.movement is not None:
        state.past_movements.append(state.movement)
    state.movement = movement
    state.stage_since_us = fact.when
    state.declines = []
    return movement


def set_stage(state: State, movement: Movement, stage: str, at_us: int) -> None:
    """Enter a stage; entering the one it stands in changes nothing."""
    if movement.stage != stage:
        movement.stage = stage
        state.stage_since_us = at_us


def redeclare(leg: Leg, destination: Destination) -> None:
    """Expect the member somewhere else."""
    leg.declared = destination
    leg.declared_region = destination.get("region")


def leave(state: State, movement: Movement, fact: Fact) -> None:
    """The member has left home."""
    movement.departed_at = fact.occurred_at
    movement.departed_us = fact.when
    movement.leg.departed_us = fact.when
    set_stage(state, movement, "awaiting_check_in", fact.when)


def arrive(state: State, movement: Movement, fact: Fact, region: str, holder: str | None) -> None:
    """The member stands in a place: it holds the case, and whoever else expected them no longer does."""
    leg = movement.leg
    leg.region = region
    leg.checked_in_at = fact.occurred_at
    leg.arrived_us = leg.arrived_us if leg.arrived_us is not None else fact.when
    leg.holder = holder
    movement.return_reported = False
    movement.expected_return_on = None
    set_stage(state, movement, "checked_in", fact.when)


def next_leg(state: State, movement: Movement, fact: Fact, destination: Destination | None) -> None:
    """Begin a new leg, no return in between; what the place left behind owed ends."""
    leg = movement.leg
    if leg.ended_us is None:
        leg.ended_us, leg.ended_how = fact.when, "moved_on"
    if movement.returned_at is not None:
        movement.returned_at = None
    movement.claims = []
    movement.return_reported = False
    movement.expected_return_on = None
    movement.legs.append(Leg(leg.number + 1, destination, (destination or {}).get("region"), fact.when))
    set_stage(state, movement, "awaiting_check_in", fact.when)
    state.stage_since_us = fact.when
    duties.end_duties(state, DUTIES_OF_A_PLACE, fact.when)
    months.end_monthly_contact(state, "destination", fact.when)
    feedback.leave(state, fact.when)


DUTIES_OF_A_PLACE = ("answer_check_in", "place_in_branch", "decide_claim")
"""What ends when the place is left. A home still has to be found: that ends with an acceptance."""


def come_home(state: State, movement: Movement, fact: Fact) -> None:
    """The member is back; the movement waits for its education."""
    leg = movement.leg
    leg.ended_us, leg.ended_how = fact.when, "returned"
    movement.returned_at = fact.occurred_at
    movement.claims = []
    set_stage(state, movement, "returned", fact.when)


def close(state: State, reason: str, at_us: int) -> None:
    """End the movement, and everything owed for it."""
    movement = state.open_movement
    if movement is None:
        return
    leg = movement.leg
    if leg.ended_us is None:
        leg.ended_us, leg.ended_how = at_us, "ended"
    movement.closed_reason = reason
    movement.claims = []
    set_stage(state, movement, "closed", at_us)
    duties.end_all_of_movement(state, at_us)
    state.card = None
    duties.end_duty(state, "inspect_card", at_us)


def side_of(state: State, organisation: str | None, reference: Reference) -> str | None:
    """Return the side for which an organisation speaks of this member: `origin`, `destination` or neither.

    The organisation itself and those above or below it come first; then who sits in the place of the leg.
    """
    movement = state.open_movement
    if organisation is None or movement is None:
        return None
    if organisation == state.affiliation:
        return "origin"
    leg, tree = movement.leg, reference.organisations
    hosts = [code for code in (leg.branch, leg.accepted_by, leg.holder) if code is not None]
    if organisation in hosts or any(tree.is_at_or_below(organisation, code) for code in hosts):
        return "destination"
    if state.affiliation is not None and tree.is_at_or_below(state.affiliation, organisation):
        return "origin"
    if any(tree.is_at_or_below(code, organisation) for code in hosts) or reference.is_in(organisation, leg.region):
        return "destination"
    return None
