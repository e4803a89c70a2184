"""What refuses a card, or its inspection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.member.rule import rule

if TYPE_CHECKING:
    from domain.fact import Fact
    from domain.member.state import State
    from domain.reference import Reference


@rule("card_held", "已持有活动证，不能重复发放", "The member holds a card already.")
def must_hold_no_card(state: State, _fact: Fact, _reference: Reference) -> bool:
    return state.card is None


@rule("no_card", "没有有效的活动证", "The member holds no card.")
def must_hold_a_card(state: State, _fact: Fact, _reference: Reference) -> bool:
    return state.card is not None
