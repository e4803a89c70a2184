"""What a feedback does: it ends what was owed for its year, and is to be acknowledged by the member's own branch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from domain.member import duties
from domain.member.feedback import events as f
from domain.member.feedback import owing
from domain.member.feedback.state import Feedback
from domain.member.feedback.stays import periods_of, with_whom
from domain.times import local_day

if TYPE_CHECKING:
    from domain.fact import Body, Fact
    from domain.member.state import State
    from domain.reference import Reference

Step = Callable[["State", "Fact", Any, "Reference"], None]
_DUE: Final = (1, 31)


def issued(state: State, fact: Fact, body: f.AnnualFeedbackIssued, reference: Reference) -> None:
    found = with_whom(state, fact.organisation, body.year, local_day(fact.when), reference)
    hosts = tuple(dict.fromkeys(stay.host for stay in found))
    state.feedback.append(
        Feedback(fact.event_id, body.year, fact.organisation, state.affiliation, fact.occurred_at, hosts)
    )
    owing.issued(state, fact.organisation, body.year, reference, fact.when)
    duties.open_duty(
        state,
        reference,
        "acknowledge_feedback",
        since_us=fact.when,
        due=acknowledged_by(body.year, local_day(fact.when)),
        role=duties.ORIGIN_ROLE,
        subject=fact.event_id,
        key=f"acknowledge_feedback.{fact.event_id}",
    )


def acknowledged_by(year: int, issued_on: date) -> date:
    """Return the 31 January after the year; of a feedback that comes later than that, the next one."""
    due = date(year + 1, *_DUE)
    return due if issued_on <= due else date(issued_on.year + (issued_on > date(issued_on.year, *_DUE)), *_DUE)


def acknowledged(state: State, fact: Fact, body: f.FeedbackAcknowledged, _reference: Reference) -> None:
    for one in state.feedback:
        if one.year == body.year and one.acknowledged_at is None:
            one.acknowledged_at = fact.occurred_at
            duties.end_duty(state, f"acknowledge_feedback.{one.feedback_id}", fact.when)


def completed(state: State, fact: Fact, reference: Reference) -> Fact:
    """Return a feedback about to be recorded with its period, and with who speaks when nobody was named."""
    body = fact.body
    if not isinstance(body, f.AnnualFeedbackIssued):
        return fact
    upto = local_day(fact.when)
    found = with_whom(state, fact.organisation, body.year, upto, reference)
    periods = periods_of(found, body.year, upto)
    return replace(fact, body=replace(body, periods=periods), organisation=fact.organisation or found[-1].host)


STEPS: Final[dict[type[Body], Step]] = {f.AnnualFeedbackIssued: issued, f.FeedbackAcknowledged: acknowledged}
