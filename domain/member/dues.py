"""Dues 党费: noted month by month; paying them is a sign of life."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

from domain.fact import Body, recorded_as
from domain.member.form import Command, Field, Kind
from domain.member.hearing import heard_of

if TYPE_CHECKING:
    from domain.fact import Fact
    from domain.member.state import State
    from domain.reference import Reference

Step = Callable[["State", "Fact", Any, "Reference"], None]


@recorded_as
@dataclass(frozen=True, slots=True)
class DuesPaid(Body):
    """交纳党费, for the months named; how much is not recorded."""

    fact: ClassVar[str] = "dues_paid"
    order: ClassVar[int] = 94
    months: list[str]


def paid(state: State, fact: Fact, body: DuesPaid, reference: Reference) -> None:
    """Who pays is heard of; a contact of nobody, so that no side's month is cleared by it."""
    latest = max(body.months)
    if state.dues_paid_until is None or state.dues_paid_until < latest:
        state.dues_paid_until = latest
    heard_of(state, fact, reference, None)


STEPS: Final[dict[type[Body], Step]] = {DuesPaid: paid}
COMMANDS: Final = (Command("pay-dues", DuesPaid, "交纳党费", (Field("months", Kind.MONTHS, required=True),)),)
