"""Which regions hear of a contact or an activity: fewer than of a movement, unless an agreement in force says more.

The affiliation's region hears of everything; the place of the leg of what was recorded there. Beyond that a fact goes
where an agreement in force when it is recorded lets it be seen (DOMAIN, "Agreements, and what goes without one").
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from domain.agreement import ACTIVITIES, CONTACTS
from domain.member import events as e
from domain.member.places import side_of
from domain.member.service.events import AttendanceRecorded, PostClaimed, PostReleased, ServiceRecorded

if TYPE_CHECKING:
    from datetime import date

    from domain.fact import Body
    from domain.member.state import State
    from domain.reference import Reference

_KINDS: Final[dict[type[Body], str]] = {
    e.ContactMade: CONTACTS,
    e.ContactAttemptFailed: CONTACTS,
    e.ContactWaived: CONTACTS,
    AttendanceRecorded: ACTIVITIES,
    PostClaimed: ACTIVITIES,
    PostReleased: ACTIVITIES,
    ServiceRecorded: ACTIVITIES,
}


def shared_as(body: Body) -> str | None:
    """Return as what a fact may be shown by an agreement; None for what goes without one."""
    return _KINDS.get(type(body))


def regions_told(state: State, organisation: str | None, kind: str, reference: Reference, day: date) -> set[str]:
    """Return the county-level regions that hear of a contact or an activity recorded on a day by an organisation."""
    told = {state.affiliation_region} if state.affiliation_region is not None else set()
    movement = state.open_movement
    if movement is None:
        return {code[:6] for code in told}
    places = {code for leg in movement.legs for code in (leg.declared_region, leg.region) if code is not None}
    if side_of(state, organisation, reference) == "destination":
        told |= {code for code in (movement.leg.region, movement.leg.declared_region) if code is not None}
    for party, what in reference.agreements.shown(state.affiliation, day, reference.organisations):
        home = reference.region_of(reference.organisations.standing(party))
        if what == kind and home is not None:
            told |= {home} | {place for place in places if reference.is_in(party, place)}
    return {code[:6] for code in told}
