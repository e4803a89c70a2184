"""What a card brings with it: an inspection each calendar year, by the holder's own branch."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from domain.member import duties
from domain.member.cards import events as c
from domain.member.cards.state import Card
from domain.times import day_start_us, local_day

if TYPE_CHECKING:
    from domain.fact import Body, Fact
    from domain.member.state import State
    from domain.reference import Reference

Step = Callable[["State", "Fact", Any, "Reference"], None]


def issued(state: State, fact: Fact, body: c.ActivityCardIssued, reference: Reference) -> None:
    state.card = Card(body.card_number or fact.event_id, fact.occurred_at)
    _owe_inspection(state, reference, local_day(fact.when).year, fact.when)


def inspected(state: State, fact: Fact, _body: c.ActivityCardInspected, reference: Reference) -> None:
    """An inspection is that of its year, and of any before it that was left out."""
    if state.card is not None:
        state.card.inspected_at = fact.occurred_at
    duties.end_duty(state, "inspect_card", fact.when)
    _owe_inspection(state, reference, local_day(fact.when).year + 1, fact.when)


def _owe_inspection(state: State, reference: Reference, year: int, at_us: int) -> None:
    first = date(year, 1, 1)
    duty = duties.open_duty(
        state,
        reference,
        "inspect_card",
        since_us=max(at_us, day_start_us(first)),
        due=date(year, 12, 31),
        role=duties.ORIGIN_ROLE,
    )
    duty.month_from = first


STEPS: Final[dict[type[Body], Step]] = {c.ActivityCardIssued: issued, c.ActivityCardInspected: inspected}
