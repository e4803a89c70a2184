"""What refuses a feedback, or its acknowledgement."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from domain.member.feedback import events as f
from domain.member.feedback.stays import with_whom
from domain.member.rule import is_in_line, rule
from domain.times import local_day

if TYPE_CHECKING:
    from domain.fact import Fact
    from domain.member.state import State
    from domain.reference import Reference


@rule(
    "not_there_that_year",
    "该年度内党员没有由本组织接收的在流入地的日子",
    "There is no day of that year on which this organisation had the member.",
)
def must_have_been_there(state: State, fact: Fact, reference: Reference) -> bool:
    year = cast("f.AnnualFeedbackIssued", fact.body).year
    return bool(with_whom(state, fact.organisation, year, local_day(fact.when), reference))


@rule("feedback_issued", "该年度的反馈已经发出", "The feedback of that year was issued already.")
def must_not_be_issued_twice(state: State, fact: Fact, reference: Reference) -> bool:
    year = cast("f.AnnualFeedbackIssued", fact.body).year
    found = with_whom(state, fact.organisation, year, local_day(fact.when), reference)
    hosts = {code for stay in found for code in (stay.host, stay.acceptor)}
    return not any(
        one.year == year and any(is_in_line(one.organisation, host, reference) for host in hosts)
        for one in state.feedback
    )


@rule("nothing_to_acknowledge", "没有该年度待签收的反馈", "There is no feedback of that year to acknowledge.")
def must_have_something_to_acknowledge(state: State, fact: Fact, _reference: Reference) -> bool:
    year = cast("f.FeedbackAcknowledged", fact.body).year
    return any(one.year == year and one.acknowledged_at is None for one in state.feedback)


@rule(
    "not_your_member",
    "反馈由党员组织关系所在组织签收",
    "A feedback is acknowledged by the organisation that the member is affiliated with.",
)
def must_be_the_members_own(state: State, fact: Fact, reference: Reference) -> bool:
    return fact.organisation is None or is_in_line(fact.organisation, state.affiliation, reference)
