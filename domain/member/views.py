"""A member's state as others see it: the shapes of INTERFACE.md, made from the fold's state at a moment."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from domain.calendar import add_months, month_end
from domain.member.silence import lost_review
from domain.member.state import YEARLY
from domain.member.transfer import events as transfer
from domain.member.transfer.views import after_of, transfer_view
from domain.times import local_day

if TYPE_CHECKING:
    from domain.fact import Fact
    from domain.member.cards.state import Card
    from domain.member.kept_views import KeptViews
    from domain.member.state import Duty, Movement, State
    from domain.reference import Reference


class OpenDuty(NamedTuple):
    """One duty as it stands at a moment; `since` and `due_on` are local days."""

    duty_id: str
    kind: str
    organisation: str | None
    region: str | None
    since: date
    due_on: date
    overdue: bool
    provisional: bool


def open_duties(duties: list[Duty], as_of_us: int) -> list[OpenDuty]:
    """Return the duties that stand at an instant, oldest due first; a monthly one once for each month."""
    today = local_day(as_of_us)
    found: list[OpenDuty] = []
    for duty in duties:
        if duty.since_us <= as_of_us:
            found += months_of(duty, today)
    found.sort(key=lambda one: (one.due_on, one.duty_id))
    return found


def months_of(duty: Duty, today: date) -> list[OpenDuty]:
    """Return a duty as it stands on a day: one item, or one a month (a yearly one: a year) up to that of `today`."""
    kind, organisation, region = duty.kind, duty.organisation, duty.region
    provisional = duty.provisional and duty.month_from is None
    return [
        OpenDuty(name, kind, organisation, region, since, due_on, today > due_on, provisional)
        for name, since, due_on in _owed(duty, today)
    ]


def _owed(duty: Duty, today: date) -> list[tuple[str, date, date]]:
    """Return how a duty is called, since when it stands and when it is due: once, or for each month or year owed."""
    name, subject = duty.key, duty.subject
    if subject and not name.endswith(subject):
        name = f"{subject}.{name}"
    since, first = local_day(duty.since_us), duty.month_from
    if first is None:
        return [(name, since, duty.due_on)]
    yearly, last = YEARLY.get(duty.kind), duty.month_until
    if last is None or last > today:
        last = today
    periods = _periods(first.year * 12 + first.month, last.year * 12 + last.month, yearly)
    if periods and (yearly is not None or duty.month_until is not None):
        name = name.removesuffix(f".{periods[0][0]}")
    return [(f"{name}.{label}", max(since, begins), due_on) for label, begins, due_on in periods]


@lru_cache(maxsize=4_096)
def _periods(first: int, last: int, yearly: int | None) -> tuple[tuple[str, date, date], ...]:
    """Return the months from one to another, counted as 12 × year + month, or of each year the months owed together.

    Each with what it is called, its first day and its last.
    """
    found = []
    for number in range(first, last + 1, 1 if yearly is None else 12):
        begins = date((number - 1) // 12, (number - 1) % 12 + 1, 1)
        found.append((_label(begins, yearly), begins, month_end(add_months(begins, (yearly or 1) - 1))))
    return tuple(found)


def _label(first: date, yearly: int | None) -> str:
    """Return how a month is called, or the year of a yearly duty."""
    return first.isoformat()[: 7 if yearly is None else 4]


def member_state(
    state: State,
    reference: Reference,
    *,
    member_id: str,
    version: int,
    as_of_us: int,
    kept: KeptViews | None = None,
) -> dict[str, Any]:
    """Return the member state of INTERFACE.md. Times as recorded; days are of Asia/Shanghai.

    Who asks for many states of one member, in the order of the fold, brings `kept`: what stayed the same is told once.
    """
    movement = state.movement
    standing = [duty for duty in state.duties.values() if duty.since_us <= as_of_us]
    assign = state.duties.get("assign_region")
    second = state.standing.review_on
    return {
        "member_id": member_id,
        "version": version,
        "category": state.category,
        "membership": state.membership,
        "erased": state.erased,
        "membership_since": state.standing.since,
        "second_review_due": second.isoformat() if second is not None else None,
        "affiliation": state.affiliation,
        "responsible": state.responsible,
        "holder": state.holder,
        "liaison": state.liaison,
        "lost_contact": state.lost_contact,
        "needs_assignment": assign is not None and assign.since_us <= as_of_us,
        "clocks": clocks_view(state, reference),
        "card": card_view(state.card) if state.card is not None else None,
        "dues_paid_until": state.dues_paid_until,
        "movement": movement_view(movement) if movement is not None else None,
        "transfer": transfer_view(state.transfer, local_day(as_of_us)) if state.transfer is not None else None,
        "posts": state.service.held_now() if state.service.holds else [],
        "flags": standing_flags(state) if state.flagged else [],
        "duties": []
        if not standing
        else [duty_view(duty, member_id) for duty in open_duties(standing, as_of_us)]
        if kept is None
        else kept.duties(standing, as_of_us),
    }


def clocks_view(state: State, reference: Reference) -> dict[str, Any]:
    """Return since when nothing has been heard, and when that is looked at."""
    review = None if state.lost_contact else lost_review(state, reference)
    return {
        "last_contact_at": state.last_contact_at,
        "lost_review_due": review.opens_on if review is not None else None,
    }


def standing_flags(state: State) -> list[str]:
    """Return the codes of what does not fit and has not been confirmed."""
    confirmed = state.confirmed
    return sorted({code for event_id, codes in state.flagged.items() if event_id not in confirmed for code in codes})


def card_view(card: Card) -> dict[str, Any]:
    """Return the activity card that a member holds."""
    return {"card_number": card.number, "issued_at": card.issued_at, "inspected_at": card.inspected_at}


def duty_view(duty: OpenDuty, member_id: str) -> dict[str, Any]:
    """Return a duty of INTERFACE.md."""
    name, kind, organisation, region, since, due_on, overdue, provisional = duty
    return _duty_view(name, kind, member_id, organisation, region, since, due_on, overdue, provisional)


def _duty_view(  # noqa: PLR0913, PLR0917 - what it shows, in its order
    name: str,
    kind: str,
    member_id: str,
    organisation: str | None,
    region: str | None,
    since: date,
    due_on: date,
    overdue: bool,
    provisional: bool,
) -> dict[str, Any]:
    return {
        "duty_id": name,
        "kind": kind,
        "member_id": member_id,
        "organisation": organisation,
        "region": region,
        "since": since.isoformat(),
        "due_on": due_on.isoformat(),
        "overdue": overdue,
        "provisional": provisional,
    }


DutyView = tuple[date, str, dict[str, Any]]
"""A duty with the day and the id by which duties are put in order."""


def duty_views(duty: Duty, today: date, member_id: str) -> list[DutyView]:
    """Return how a duty shows on a day: once, or once for each month or year owed."""
    kind, owner, region = duty.kind, duty.organisation, duty.region
    provisional = duty.provisional and duty.month_from is None
    return [
        (due_on, name, _duty_view(name, kind, member_id, owner, region, since, due_on, today > due_on, provisional))
        for name, since, due_on in _owed(duty, today)
    ]


def movement_view(movement: Movement) -> dict[str, Any]:
    """Return a movement with its legs and claims."""
    return {
        "movement_id": movement.movement_id,
        "view": movement.view,
        "stage": movement.stage,
        "origin": {"organisation": movement.origin_organisation, "region": movement.origin_region},
        "departed_at": movement.departed_at,
        "expected_return_on": movement.expected_return_on,
        "returned_at": movement.returned_at,
        "closed_reason": movement.closed_reason,
        "claims": [
            {
                "claim_id": claim.claim_id,
                "organisation": claim.organisation,
                "branch": claim.branch,
                "accepted_at": claim.at,
            }
            for claim in movement.claims
        ],
        "legs": [
            {
                "leg": leg.number,
                "declared": leg.declared,
                "declared_region": leg.declared_region,
                "region": leg.region,
                "checked_in_at": leg.checked_in_at,
                "accepted_at": leg.accepted_at,
                "accepted_by": leg.accepted_by,
                "branch": leg.branch,
                "placement": leg.placement,
                "preferred_kind": leg.preferred_kind,
            }
            for leg in movement.legs
        ],
    }


def after(state: State, fact: Fact | None = None) -> dict[str, Any]:
    """Return what is stored with an event as `after`: enough for a region newly concerned to need nothing earlier.

    Without a fact, what any event but one of a transfer would say.
    """
    movement = state.movement
    found = {  # keys in the order of RFC 8785, as stored: an answer given again is the same text
        "affiliation": state.affiliation,
        "category": state.category,
        "leg": movement.leg.number if movement is not None else None,
        "lost_contact": state.lost_contact,
        "movement": None
        if movement is None
        else {
            "accepted_by": movement.leg.accepted_by,
            "declared_region": movement.leg.declared_region,
            "departed_at": movement.departed_at,
            "leg": movement.leg.number,
            "movement_id": movement.movement_id,
            "origin": {"organisation": movement.origin_organisation, "region": movement.origin_region},
            "region": movement.leg.region,
        },
        "responsible": state.responsible,
        "stage": movement.stage if movement is not None else None,
        "view": movement.view if movement is not None else None,
    }
    if state.transfer is not None and fact is not None and isinstance(fact.body, transfer.FACTS):
        view = found.pop("view")
        return {**found, "transfer": after_of(state.transfer), "view": view}
    return found


def concerned_regions(state: State, *, with_transfer: bool = False) -> set[str]:
    """Return the county-level regions that a member concerns: the affiliation's, and those of an open movement's legs.

    Both sides of a transfer are concerned by its own facts only, not by where the member goes meanwhile. Longer codes
    count to their first six; a city-level destination to the city's own code (INTERFACE, "Streams").
    """
    regions = {state.affiliation_region} if state.affiliation_region is not None else set()
    movement = state.open_movement
    if movement is not None:
        for leg in movement.legs:
            regions.update(code for code in (leg.declared_region, leg.region) if code is not None)
    if with_transfer and state.transfer is not None:
        regions |= state.transfer.regions()
    return {code[:6] for code in regions}
