"""What refuses a request about personal data, its answer, or an erasure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from domain.member.privacy import events as p
from domain.member.privacy.steps import key_of
from domain.member.rule import Rule, rule

if TYPE_CHECKING:
    from domain.fact import Body, Fact
    from domain.member.state import State
    from domain.reference import Reference


@rule("already_erased", "个人信息已经清除", "The personal data has been erased already.")
def must_not_be_erased(state: State, _fact: Fact, _reference: Reference) -> bool:
    return not state.erased


@rule("no_such_request", "没有这项待办的个人信息申请", "There is no such open request about personal data.")
def request_must_be_open(state: State, fact: Fact, _reference: Reference) -> bool:
    return key_of(cast("Any", fact.body).event_id) in state.duties


RULES: Final[dict[type[Body], tuple[Rule, ...]]] = {
    p.PersonalDataRequested: (must_not_be_erased,),
    p.PersonalDataRequestCompleted: (request_must_be_open,),
    p.PersonalDataRequestRefused: (request_must_be_open,),
    p.PersonalDataErased: (must_not_be_erased,),
}

ABOUT_THE_RECORD: Final = frozenset(RULES)
"""Possible whatever became of the membership: who has left may ask too."""
