"""What a feedback tells: made from what was recorded of the days there by the time it was issued, and of no others.

Pure: the same facts give the same content, whenever it is read.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Final

from domain.member import events as e
from domain.member.dues import DuesPaid
from domain.member.feedback.stays import Stay, periods_of, with_whom
from domain.member.fold import effective, fold
from domain.times import day_end_us, day_start_us, local_day

if TYPE_CHECKING:
    from collections.abc import Iterable

    from domain.fact import Fact
    from domain.member.feedback.state import Feedback
    from domain.reference import Reference

_TOLD: Final = frozenset(
    {"checked_in", "contact_made", "contact_attempt_failed", "placed_in_branch", "lost_contact_declared"}
    | {"contact_restored", "dues_paid", "service_recorded", "attendance_recorded"}
)
"""What a feedback tells of, by the fact's name."""


def content_of(facts: Iterable[Fact], feedback: Feedback, reference: Reference) -> dict[str, Any]:
    """Return what a feedback says; `facts` are the member's ledger, `reference` as known when it was issued."""
    ledger = list(facts)
    issued = next(fact for fact in ledger if fact.event_id == feedback.feedback_id)
    known = [fact for fact in ledger if fact.position <= issued.position]
    state = fold(known, reference, as_of_us=issued.when)
    upto = local_day(issued.when)
    stays = with_whom(state, feedback.organisation, feedback.year, upto, reference)
    during = [
        fact
        for fact in effective(known)
        if fact.fact in _TOLD and any(_holds(stay, fact, feedback.year, issued.when, reference) for stay in stays)
    ]
    periods = periods_of(stays, feedback.year, upto)
    return {
        "periods": periods,
        "days": sum((date.fromisoformat(one["until"]) - date.fromisoformat(one["from"])).days + 1 for one in periods),
        **_counted(during),
        "events": [{"event_id": fact.event_id, "type": fact.fact, "occurred_at": fact.occurred_at} for fact in during],
    }


def _holds(stay: Stay, fact: Fact, year: int, issued_us: int, reference: Reference) -> bool:
    """Whether something happened during a stay in the year; contacts are told by whoever made them only."""
    if isinstance(fact.body, e.ContactMade | e.ContactAttemptFailed) and not stay.is_with(
        fact.organisation or "", reference, str(fact.stream)
    ):
        return False
    begins = max(stay.since_us, day_start_us(date(year, 1, 1)))
    ends = min(issued_us, day_end_us(date(year, 12, 31)))
    if stay.until_us is not None:
        ends = min(ends, stay.until_us - 1)
    return begins <= fact.when <= ends


def _counted(during: list[Fact]) -> dict[str, Any]:
    kinds = [fact.fact for fact in during]
    contacts = [fact for fact in during if isinstance(fact.body, e.ContactMade)]
    dues = {month for fact in during if isinstance(fact.body, DuesPaid) for month in fact.body.months}
    return {
        "contacts": len(contacts),
        "last_contact_at": contacts[-1].occurred_at if contacts else None,
        "failed_contacts": kinds.count("contact_attempt_failed"),
        "check_ins": kinds.count("checked_in"),
        "activities": kinds.count("attendance_recorded"),
        "services": kinds.count("service_recorded"),
        "service_hours": sum(getattr(fact.body, "hours", 0) or 0 for fact in during if fact.fact == "service_recorded"),
        "dues_months": sorted(dues),
        "lost_contact": kinds.count("lost_contact_declared") > 0,
    }
