"""What refuses a decision about a membership, and everything after its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from domain.member import events as e
from domain.member.introduction import MemberIntroduced
from domain.member.membership.state import ACTIVE, ENDED, SUSPENDED
from domain.member.merging.events import RecordsMerged, RecordsUnmerged
from domain.member.rule import rule

if TYPE_CHECKING:
    from domain.fact import Body, Fact
    from domain.member.state import State
    from domain.reference import Reference


@rule("already_suspended", "党籍已经停止", "The membership is suspended already.")
def must_be_active(state: State, _fact: Fact, _reference: Reference) -> bool:
    return state.membership == ACTIVE


@rule("not_suspended", "党籍没有停止，无须恢复", "The membership is not suspended.")
def must_be_suspended(state: State, _fact: Fact, _reference: Reference) -> bool:
    return state.membership == SUSPENDED


@rule(
    "membership_over",
    "那一天党籍已经终止（出党或去世）",
    "The membership had ended by that day: the member had left the organisation or died.",
)
def must_still_be_a_member(state: State, _fact: Fact, _reference: Reference) -> bool:
    return state.membership != ENDED


AFTER_THE_END: Final[frozenset[type[Body]]] = frozenset(
    {e.MemberRegistered, MemberIntroduced, e.PersonalDataUpdated, e.EventCorrected, e.EventVoided, e.FlagConfirmed}
    | {RecordsMerged, RecordsUnmerged}
)
"""What is about the record, not about the life: possible whatever became of the membership."""
