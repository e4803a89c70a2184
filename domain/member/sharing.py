"""Which regions hear of a fact of a member, as the member stands at one moment (INTERFACE, "Region feed").

Of what belongs to a movement or a transfer, or to the membership itself: the affiliation's region, those of the open
movement's legs, both sides of the transfer. Of contacts, activities and dues: the affiliation's, the place where it was
recorded, and whom an agreement in force when it is recorded shows it to. Of a feedback: its two sides. Of what is
asked about personal data, or noted of another deployment's name for the member: the affiliation's alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from domain.agreement import ACTIVITIES, CONTACTS
from domain.member import events as e
from domain.member.dues import DuesPaid
from domain.member.feedback.events import AnnualFeedbackIssued, FeedbackAcknowledged
from domain.member.introduction import MemberIntroduced
from domain.member.membership import events as membership
from domain.member.places import side_of
from domain.member.privacy import events as privacy
from domain.member.service.events import AttendanceRecorded, PostClaimed, PostReleased, ServiceRecorded
from domain.member.transfer.events import FACTS as TRANSFER_FACTS
from domain.member.views import concerned_regions

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from domain.fact import Body
    from domain.member.state import State
    from domain.reference import Reference

_BY_AGREEMENT: Final[dict[type[Body], str]] = {
    e.ContactMade: CONTACTS,
    e.ContactAttemptFailed: CONTACTS,
    e.ContactWaived: CONTACTS,
    AttendanceRecorded: ACTIVITIES,
    PostClaimed: ACTIVITIES,
    PostReleased: ACTIVITIES,
    ServiceRecorded: ACTIVITIES,
    DuesPaid: ACTIVITIES,
}
SHOWN_BY_AGREEMENT: Final = tuple(_BY_AGREEMENT)
"""Of what agreements add: who hears of it need have no part in the movement."""
_FEEDBACK: Final = (AnnualFeedbackIssued, FeedbackAcknowledged)
_ABOUT_THE_RECORD: Final = (
    e.PersonalDataUpdated,
    privacy.PersonalDataRequested,
    privacy.PersonalDataRequestCompleted,
    privacy.PersonalDataRequestRefused,
)
LASTING: Final = (
    e.MemberRegistered,
    MemberIntroduced,
    e.LiaisonAssigned,
    e.ConfirmedAsFull,
    membership.MembershipSuspended,
    membership.MembershipRestored,
    membership.MembershipEnded,
    membership.MemberDeceased,
    privacy.PersonalDataErased,
)
"""What is no part of a movement and goes on: recorded late, it concerns whoever has the member today all the same."""


def regions_told(subject: Body, organisation: str | None, state: State, reference: Reference, today: date) -> set[str]:
    """Return the county-level regions that hear of a fact recorded `today` by an organisation, by one state."""
    if isinstance(subject, TRANSFER_FACTS):
        return concerned_regions(state, with_transfer=True)
    kind = _BY_AGREEMENT.get(type(subject))
    if kind is not None:
        return _by_agreement(kind, organisation, state, reference, today)
    if isinstance(subject, _ABOUT_THE_RECORD) or _is_a_note(subject):
        return homes(state)
    if isinstance(subject, _FEEDBACK):
        return homes(state) | _issuers(subject, organisation, state, reference)
    return concerned_regions(state)


def _is_a_note(subject: Body) -> bool:
    """Whether it only says by what id another deployment knows the member: that is between the two of them."""
    return isinstance(subject, MemberIntroduced) and subject.affiliation is None


def homes(state: State) -> set[str]:
    """Return the region of the affiliation."""
    return {state.affiliation_region[:6]} if state.affiliation_region is not None else set()


def with_successors(codes: Iterable[str], reference: Reference, today: date) -> set[str]:
    """Return regions as they were recorded and, of one that is no more, what it became; a split is never guessed."""
    resolve = reference.regions.resolve
    found = set(codes)
    return found | {resolve(code, today).code[:6] for code in found}


def _by_agreement(kind: str, organisation: str | None, state: State, reference: Reference, today: date) -> set[str]:
    told = homes(state)
    movement = state.open_movement
    if movement is None:
        return told
    leg = movement.leg
    if side_of(state, organisation, reference) == "destination":
        told |= {code[:6] for code in (leg.region or leg.declared_region,) if code is not None}
    shown = reference.agreements.shown(state.affiliation, today, reference.organisations)
    if not shown:
        return told
    places = {code for one in movement.legs for code in (one.declared_region, one.region) if code is not None}
    for party, what in shown:
        home = reference.region_of(reference.organisations.standing(party))
        if what == kind and home is not None:
            told |= {home[:6]} | {place[:6] for place in places if reference.is_in(party, place)}
    return told


def _issuers(subject: Body, organisation: str | None, state: State, reference: Reference) -> set[str]:
    """Return the places of who issued a feedback, and had the member; of an acknowledgement, of all for its year."""
    year = getattr(subject, "year", None)
    of_year = [one for one in state.feedback if one.year == year]
    codes = {code for one in of_year for code in (one.organisation, *one.hosts)}
    if isinstance(subject, AnnualFeedbackIssued):
        codes.add(organisation)
    places = {reference.place_of(code) for code in codes}
    return {place[:6] for place in places if place is not None and not place.startswith("000000")}
