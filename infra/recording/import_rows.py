"""From one row of a register to the facts that it brings, beyond what is known of the person already."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from domain.fact import Body
from domain.member import events as e
from domain.organisation import OrganisationRegistered
from domain.times import local_day

if TYPE_CHECKING:
    from domain.policy import Policy
    from infra.recording.members import Ledger
    from infra.registers.dates import Day
    from infra.registers.places import Place
    from infra.registers.row import RegisterRow

COUNTRY: Final = "000000"
_PERSONAL: Final = {"remarks": "note", "residence": "address"}
FIELD_OF: Final[dict[type[Body], str]] = {
    e.DepartureReported: "departed_on",
    e.Departed: "departed_on",
    e.ContactMade: "contacted_on",
    e.ContactAttemptFailed: "lost_contact_on",
    e.ReturnReported: "returned_on",
    e.Returned: "returned_on",
    e.ReturnEducationWaived: "returned_on",
    e.CheckedIn: "arrived_on",
    e.Accepted: "branch",
    e.PlacedInBranch: "branch",
}
"""By fact, the field of a register that brings it: where a refused one is to be looked for."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A fact that a row says happened: its body, when (a date or a month), and which organisation recorded it."""

    body: Body
    occurred_at: str
    organisation: str | None


def wanted_facts(row: RegisterRow, *, importer: str, importer_region: str, today: date, policy: Policy) -> list[Wanted]:
    """Return what a row says happened, in the order of a life; the registration is not among them."""
    if row.kind == "inflow":
        return _inflow(row, importer, importer_region)
    return _outflow(row, importer, today, policy)


def _outflow(row: RegisterRow, importer: str, today: date, policy: Policy) -> list[Wanted]:
    acting = row.organisation.code if row.organisation is not None else importer
    found: list[Wanted] = []
    destination = destination_of(row.destination)
    if row.departed_on is not None:
        if row.planned:
            body: Body = e.DepartureReported(destination, row.departed_on.first.isoformat(), row.reason)
            found.append(Wanted(body, today.isoformat(), acting))
        else:
            found.append(Wanted(e.Departed(destination, row.reason), row.departed_on.text, acting))
    if row.contacted_on is not None:
        found.append(Wanted(e.ContactMade(), row.contacted_on.text, acting))
    if row.lost_contact_on is not None:
        found.append(Wanted(e.ContactAttemptFailed(said_lost=True), row.lost_contact_on.text, acting))
    if row.returned_on is not None:
        found.extend(_return(row.returned_on, acting, today, policy, expected=row.return_expected))
    return found


def _return(day: Day, acting: str, today: date, policy: Policy, *, expected: bool) -> list[Wanted]:
    if expected:
        return [Wanted(e.ReturnReported(day.first.isoformat()), today.isoformat(), acting)]
    found = [Wanted(e.Returned(), day.text, acting)]
    if day.last < today - timedelta(days=policy.return_education_waived_after_days):
        found.append(Wanted(e.ReturnEducationWaived("FOUND_OUT_LATER"), day.text, acting))
    return found


def _inflow(row: RegisterRow, importer: str, importer_region: str) -> list[Wanted]:
    if row.arrived_on is None:
        return []
    place = row.destination
    region = place.code if place is not None and place.kind == "region" and place.code is not None else importer_region
    found = [Wanted(e.CheckedIn(region, "WORKER"), row.arrived_on.text, importer)]
    if row.branch is not None:
        kind = "WORKPLACE" if row.personal.get("employer") else "RESIDENCE"
        found.append(Wanted(e.Accepted(row.branch.code), row.arrived_on.text, importer))
        found.append(Wanted(e.PlacedInBranch(row.branch.code, kind), row.arrived_on.text, importer))
    return found


def destination_of(place: Place | None) -> dict[str, Any]:
    """Return a place as an event's destination."""
    if place is None or place.kind == "unknown":
        return {"unknown": True}
    return {"abroad": True} if place.kind == "abroad" else {"region": place.code}


def external_organisation(row: RegisterRow) -> OrganisationRegistered:
    """Return the external organisation that an inflow row names as a home; the same name, the same code."""
    region = row.origin.code if row.origin is not None and row.origin.kind == "region" else None
    return external_home(region, row.personal.get("origin_organisation"))


def external_home(region: str | None, name: str | None = None) -> OrganisationRegistered:
    """Return the external organisation that stands for a home of which no more is known; the same for the same."""
    name = name or "流出地党组织（未注明）"
    digest = sha256(f"{region or COUNTRY}:{name}".encode()).hexdigest()[:12]
    return OrganisationRegistered(f"EXT-{digest}", name, "BRANCH", region or COUNTRY, external=True)


def tells_the_latest(row: RegisterRow, ledger: Ledger) -> bool:
    """Whether a row is of the person's latest absence: what an older one says of telephone or work is of its time."""
    movement, start = ledger.state.movement, row.departed_on or row.arrived_on
    return movement is None or start is None or start.last >= local_day(movement.legs[0].departed_us)


def personal_of(row: RegisterRow) -> dict[str, str]:
    """Return the personal fields of a row by the vault's names; empty ones are left out."""
    found = {_PERSONAL.get(name, name): text for name, text in row.personal.items()}
    found["name"] = row.name or ""
    found["phone"] = row.phone or ""
    found["sex"] = row.sex or ""
    found["ethnicity"] = row.ethnicity or ""
    found["education"] = row.education or ""
    found["joined_on"] = row.joined_on.text if row.joined_on is not None else ""
    if row.identity is not None:
        found["born_on"] = row.identity.born.isoformat()
    return {name: text for name, text in found.items() if text}
