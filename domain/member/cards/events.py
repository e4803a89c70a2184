"""The facts of an activity card."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from domain.fact import Body, recorded_as


@recorded_as
@dataclass(frozen=True, slots=True)
class ActivityCardIssued(Body):
    """发放流动党员活动证. `card_number` is opaque; absent, the event's id names the card."""

    fact: ClassVar[str] = "activity_card_issued"
    order: ClassVar[int] = 97
    card_number: str | None = None


@recorded_as
@dataclass(frozen=True, slots=True)
class ActivityCardInspected(Body):
    """活动证年审."""

    fact: ClassVar[str] = "activity_card_inspected"
    order: ClassVar[int] = 98
