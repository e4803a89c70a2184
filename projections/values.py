"""What the rows of the read models say, taken from the state: plain tuples, in the order of the tables' columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from domain.times import local_day

if TYPE_CHECKING:
    from datetime import date

    from domain.member.state import Duty, Leg, Movement, State
    from domain.reference import Reference

Values = tuple[Any, ...]

ROSTER_COLUMNS: Final = (
    "affiliation", "affiliation_region", "responsible", "holder", "accepted_by", "branch", "stage", "view",
    "origin_region", "declared_region", "region", "leg", "movement_id", "category", "scope", "since_us", "abroad",
    "membership",
)  # fmt: skip
AFFILIATION_REGION: Final = ROSTER_COLUMNS.index("affiliation_region")
REGION: Final = ROSTER_COLUMNS.index("region")
VIEW: Final = ROSTER_COLUMNS.index("view")
STAGE: Final = ROSTER_COLUMNS.index("stage")
_RESPONSIBLE: Final = ROSTER_COLUMNS.index("responsible")
_BRANCH: Final = ROSTER_COLUMNS.index("branch")
_SCOPE: Final = ROSTER_COLUMNS.index("scope")
_ORIGIN: Final = ROSTER_COLUMNS.index("origin_region")
_MOVEMENT: Final = ROSTER_COLUMNS.index("movement_id")
_LEG: Final = ROSTER_COLUMNS.index("leg")

ORIGIN_CONTACT: Final = "monthly_contact.origin"
DESTINATION_CONTACT: Final = "monthly_contact.destination"
REVIEW: Final = "lost_contact_review"
CLOCK_DUTIES: Final = frozenset({ORIGIN_CONTACT, DESTINATION_CONTACT, REVIEW})
"""Duties that move with every contact: they stand in the clocks' row, not in rows of their own."""

_NOWHERE: Final[dict[str, Any]] = {}
_NOBODY: Final = (None, None, None, None, None)
_NO_REVIEW: Final = (None, None, None, None, None)


def roster_values(state: State, reference: Reference, before: Values | None) -> Values:
    """Return a roster row: its region is the leg's once checked in, the declared one before, none once closed."""
    movement = state.movement
    if movement is None:
        return (
            state.affiliation, state.affiliation_region, state.affiliation, None, None, None, None, None,
            None, None, None, None, None, state.category, None, None, False, state.membership,
        )  # fmt: skip
    leg = movement.legs[-1]
    stage = movement.stage
    if stage == "closed":
        region = declared = None
    else:
        declared = leg.declared_region
        region = declared if stage in ("reported", "awaiting_check_in") else (leg.region or declared)
    settled = stage == "settled"
    return (
        state.affiliation,
        state.affiliation_region,
        state.responsible,
        state.holder,
        leg.accepted_by if settled else None,
        leg.branch if settled else None,
        stage,
        movement.view,
        movement.origin_region,
        declared,
        region,
        leg.number,
        movement.movement_id,
        state.category,
        _scope(movement, leg, region, reference, before),
        state.stage_since_us,
        region is None and stage != "closed" and (leg.declared or _NOWHERE).get("abroad") is True,
        state.membership,
    )


def _scope(movement: Movement, leg: Leg, region: str | None, reference: Reference, before: Values | None) -> str | None:
    """How far apart origin and destination lie, on the day on which the leg was departed for."""
    origin = movement.origin_region
    if region is None or origin is None:
        return None
    if (
        before is not None
        and before[REGION] == region
        and before[_ORIGIN] == origin
        and before[_MOVEMENT] == movement.movement_id
        and before[_LEG] == leg.number
        and movement.stage not in ("awaiting_check_in", "reported")
    ):
        known: str | None = before[_SCOPE]
        return known
    return reference.regions.scope(origin, region, local_day(leg.departed_us))


CLOCK_STANDING: Final = 4
"""What a row of clocks begins with: view, stage, the region of the affiliation, and the place."""

CLOCK_HEAD: Final = 5
"""What stands before the columns in a row of clocks: view and stage, the two regions and the roster's organisations."""

CLOCK_COLUMNS: Final = (
    "last_contact_at", "last_contact_us", "lost", "first_due_on", "subject",
    "origin_owner", "origin_owner_region", "origin_since_us", "origin_month", "origin_made",
    "destination_owner", "destination_owner_region", "destination_since_us", "destination_month", "destination_made",
    "review_owner", "review_owner_region", "review_since_us", "review_due_on", "review_provisional",
)  # fmt: skip


def readers_of(roster: Values) -> str:
    """Return the organisations that a roster row names, joined by commas: they may read the clocks beside it."""
    return ",".join(dict.fromkeys(code for code in (roster[0], *roster[_RESPONSIBLE:_BRANCH]) if code is not None))


def clock_values(state: State, roster: Values, readers: str) -> Values:
    """Return the clocks: the last contact, what it moves (contacts owed, the review), the first day anything is due.

    View, stage, the two regions and the organisations at the head are the roster's: for those who may read the row, and
    so that a row of clocks by itself says where it counts.
    """
    duties = state.duties
    origin, destination, review = duties.get(ORIGIN_CONTACT), duties.get(DESTINATION_CONTACT), duties.get(REVIEW)
    first = origin or destination or review
    made = state.contacts_made
    if origin is not None:
        origins = _contacts(origin, made.get("origin"))
    else:
        origins = _half_yearly(state, "origin") if made else _NOBODY
    if destination is not None:
        destinations = _contacts(destination, made.get("destination"))
    else:
        destinations = _half_yearly(state, "destination") if made else _NOBODY
    return (
        roster[VIEW],
        roster[STAGE],
        roster[AFFILIATION_REGION],
        roster[REGION],
        readers,
        state.last_contact_at,
        state.last_contact_us,
        state.lost_contact,
        min([duty.due_on for duty in duties.values()]) if duties else None,
        first.subject if first is not None else None,
        *origins,
        *destinations,
        *(
            (review.organisation, review.region, review.since_us, review.due_on, review.provisional)
            if review is not None
            else _NO_REVIEW
        ),
    )


def _contacts(duty: Duty, made: date | None) -> Values:
    return (duty.organisation, duty.region, duty.since_us, duty.month_from, made)


def _half_yearly(state: State, side: str) -> Values:
    """Of a contact owed by the half year, in a row of its own, only the region and the month of the last one made."""
    made = state.contacts_made.get(side)
    if made is None:
        return _NOBODY
    key = f"monthly_contact.{side}."
    for duty in state.duties.values():
        if duty.key.startswith(key) and duty.month_from is None:
            return (None, duty.region, None, None, made)
    return _NOBODY


DUTY_COLUMNS: Final = (
    "kind", "organisation", "region", "subject", "since_us", "due_on", "provisional", "month_from", "month_until",
)  # fmt: skip


def duty_values(duty: Duty) -> Values:
    """Return a duty's row: kind, organisation, region, subject, since, due, provisional, first and last month."""
    return (
        duty.kind,
        duty.organisation,
        duty.region,
        duty.subject,
        duty.since_us,
        duty.due_on,
        duty.provisional,
        duty.month_from,
        duty.month_until,
    )


LEG_COLUMNS: Final = ("origin_region", "destination", "departed_us", "arrived_us", "ended_us", "ended_how")


def leg_values(movement: Movement, leg: Leg) -> Values | None:
    """Return a leg's row; None while nobody has left for it (a movement only reported, or cancelled)."""
    if movement.departed_us is None and leg.arrived_us is None and leg.number == 1:
        return None
    return (movement.origin_region, leg.destination(), leg.departed_us, leg.arrived_us, leg.ended_us, leg.ended_how)


def other_side(state: State) -> tuple[str | None, str | None]:
    """Return who stands opposite the affiliation in a transfer under way, and their region: they see the member too."""
    transfer = state.transfer_under_way
    if transfer is None:
        return None, None
    if transfer.status == "accepted" and not transfer.is_temporary:
        return transfer.from_organisation, transfer.from_region
    return transfer.to_organisation, transfer.to_region
