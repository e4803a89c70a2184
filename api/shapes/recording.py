"""The shapes that recordings answer with."""

from typing import Any, Literal

from pydantic import Field

from api.shapes.base import Id, Instant, Occurred, Position, Shape
from api.shapes.problems import ProblemDetails

Precision = Literal["time", "day", "month"]


class RecordedEvent(Shape):
    """One event as recorded."""

    event_id: str
    type: str = Field(description="the fact's name")
    position: Position
    occurred_at: Occurred
    occurred_precision: Precision
    recorded_at: Instant
    data: dict[str, Any]
    after: dict[str, Any] | None = Field(description="how the member stood once this was recorded")


class Recorded(Shape):
    """What one recording did."""

    member_id: Id | None
    stream: Id | None
    version: int = Field(ge=0)
    position: Position
    events: list[RecordedEvent]


class BulkItem(Shape):
    """The outcome of one item, as if it had been sent alone."""

    index: int = Field(ge=0)
    status: int = Field(ge=200, le=599)
    replayed: bool
    body: Recorded | ProblemDetails


class BulkAnswer(Shape):
    """The outcomes, in the order of the items."""

    items: list[BulkItem]
