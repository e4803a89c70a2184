"""What a decision about a membership does: the second review of a suspension, and the end of everything owed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from domain.calendar import add_months
from domain.member import duties, places
from domain.member.hearing import found
from domain.member.membership import events as m
from domain.member.membership.state import ACTIVE, ENDED, SUSPENDED
from domain.member.service.steps import free_posts
from domain.times import day_start_us, local_day

if TYPE_CHECKING:
    from domain.fact import Body, Fact
    from domain.member.state import State
    from domain.reference import Reference

Step = Callable[["State", "Fact", Any, "Reference"], None]

_MONTHS_A_YEAR: Final = 12
_STAY: Final = frozenset({"look_at_flag", "personal_data_request"})


def suspended(state: State, fact: Fact, _body: m.MembershipSuspended, reference: Reference) -> None:
    """A suspension is looked at again after the policy's years (Regulations, art. 24), and not before."""
    state.membership = SUSPENDED
    day = local_day(fact.when)
    years = reference.policy(state.affiliation_region, day).second_review_years
    review_on = add_months(day, years * _MONTHS_A_YEAR)
    state.standing.since, state.standing.review_on = fact.occurred_at, review_on
    duties.open_duty(
        state,
        reference,
        "second_review",
        since_us=max(day_start_us(review_on), fact.when),
        due=review_on,
        role=duties.ORIGIN_ROLE,
    )


def restored(state: State, fact: Fact, _body: m.MembershipRestored, _reference: Reference) -> None:
    state.membership = ACTIVE
    state.standing.since, state.standing.review_on = fact.occurred_at, None
    duties.end_duty(state, "second_review", fact.when)


def ended(state: State, fact: Fact, _body: m.MembershipEnded, _reference: Reference) -> None:
    _end(state, fact, "MEMBERSHIP_ENDED")


def deceased(state: State, fact: Fact, _body: m.MemberDeceased, _reference: Reference) -> None:
    _end(state, fact, "DECEASED")


def _end(state: State, fact: Fact, reason: str) -> None:
    """An open movement is closed for the same reason; nothing is owed any more but what is about the record."""
    state.membership = ENDED
    state.standing.since, state.standing.review_on = fact.occurred_at, None
    state.standing.ended_reason = reason
    places.close(state, reason, fact.when)
    state.card = None
    found(state, fact.when)
    free_posts(state, fact)
    for key in [key for key, duty in state.duties.items() if duty.kind not in _STAY]:
        duties.end_duty(state, key, fact.when)


STEPS: Final[dict[type[Body], Step]] = {
    m.MembershipSuspended: suspended,
    m.MembershipRestored: restored,
    m.MembershipEnded: ended,
    m.MemberDeceased: deceased,
}
