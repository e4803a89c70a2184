"""What was impossible, or odd, about posts, service and attendance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from domain.member.membership.state import SUSPENDED
from domain.member.rule import Rule, must_be_affiliated, rule
from domain.member.service import events as e
from domain.member.service.state import FOREVER_US
from domain.times import local_day

if TYPE_CHECKING:
    from domain.fact import Body, Fact
    from domain.member.state import State
    from domain.reference import Reference


@rule(
    "membership_suspended",
    "那一天党籍处于停止状态，不能认领岗位",
    "The membership was suspended on that day: no post can be claimed.",
)
def must_not_be_suspended(state: State, _fact: Fact, _reference: Reference) -> bool:
    return state.membership != SUSPENDED


@rule("post_already_claimed", "他已经认领了这个岗位", "The member holds this post already.")
def must_not_hold_it_already(state: State, fact: Fact, _reference: Reference) -> bool:
    return state.service.held(cast("e.PostClaimed", fact.body).post) is None


@rule("post_not_held", "那一天他没有认领这个岗位", "The member did not hold this post on that day.")
def must_hold_it(state: State, fact: Fact, _reference: Reference) -> bool:
    return state.service.held(cast("e.PostReleased", fact.body).post) is not None


@rule(
    "service_without_claim",
    "那一天他没有认领这个岗位，请核实服务记录",
    "The member did not hold this post on that day: look at the hours again.",
)
def must_have_held_what_was_served(state: State, fact: Fact, _reference: Reference) -> bool:
    """The day on which a post was given back is one of service still."""
    post = cast("e.ServiceRecorded", fact.body).post
    day = local_day(fact.when)
    return post is None or any(
        one.post == post and (one.until_us == FOREVER_US or local_day(one.until_us) == day)
        for one in state.service.holds
    )


@rule("already_attended", "这次活动他已经登记到场", "Attendance of this activity is recorded already.")
def must_not_attend_twice(state: State, fact: Fact, _reference: Reference) -> bool:
    return cast("e.AttendanceRecorded", fact.body).activity not in state.service.attended


RULES: Final[dict[type[Body], tuple[Rule, ...]]] = {
    e.PostClaimed: (must_be_affiliated, must_not_be_suspended, must_not_hold_it_already),
    e.PostReleased: (must_hold_it,),
}
ODDITIES: Final[dict[type[Body], tuple[Rule, ...]]] = {
    e.ServiceRecorded: (must_be_affiliated, must_have_held_what_was_served),
    e.AttendanceRecorded: (must_be_affiliated, must_not_attend_twice),
}
