"""The shapes of yearly feedback."""

from pydantic import Field

from api.shapes.base import Day, Id, Occurred, PageShape, Position, Shape


class PeriodShape(Shape):
    """Days, both included."""

    from_: Day = Field(alias="from")
    until: Day


class ToldEvent(Shape):
    """An event that the content was made from."""

    event_id: str
    type: str
    occurred_at: Occurred


class FeedbackShape(Shape):
    """A feedback: what was recorded of the days there by the time it was issued."""

    feedback_id: str
    member_id: Id
    year: int
    organisation: str | None = Field(description="who issued it")
    addressee: str | None = Field(description="whose member it was")
    issued_at: Occurred
    acknowledged_at: Occurred | None
    periods: list[PeriodShape]
    days: int = Field(ge=1)
    contacts: int = Field(ge=0)
    last_contact_at: Occurred | None
    failed_contacts: int = Field(ge=0)
    check_ins: int = Field(ge=0)
    activities: int = Field(ge=0)
    services: int = Field(ge=0)
    service_hours: float = Field(ge=0)
    dues_months: list[str]
    lost_contact: bool
    events: list[ToldEvent]
    position: Position


class FeedbackList(PageShape):
    """What the caller may read."""

    items: list[FeedbackShape]
