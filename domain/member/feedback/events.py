"""The facts of a yearly feedback: its year and period; what it says is told to the two sides only, by asking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from domain.fact import Body, recorded_as

Period: TypeAlias = dict[str, str]
"""`{"from": day, "until": day}`, both included."""


@recorded_as
@dataclass(frozen=True, slots=True)
class AnnualFeedbackIssued(Body):
    """年底反馈, by the fact's organisation. `periods` are the days of the year that the member was there."""

    fact: ClassVar[str] = "annual_feedback_issued"
    order: ClassVar[int] = 137
    year: int
    periods: list[Period] | None = None


@recorded_as
@dataclass(frozen=True, slots=True)
class FeedbackAcknowledged(Body):
    """反馈签收, of all that was issued for the year by then."""

    fact: ClassVar[str] = "feedback_acknowledged"
    order: ClassVar[int] = 138
    year: int
