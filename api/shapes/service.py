"""The shapes of posts, attendance and a member's record of service."""

from pydantic import Field

from api.shapes.base import Id, Occurred, PageShape, Position, Shape
from api.shapes.recording import Recorded


class PostAnswer(Shape):
    """A post and what is free of it at a moment."""

    post_id: Id
    version: int = Field(ge=1)
    title: str
    organisation: str | None
    skills: list[str]
    opened_at: Occurred
    places: int = Field(ge=1)
    taken: int = Field(ge=0)
    free: int = Field(ge=0)


class PostsPage(PageShape):
    """Posts, by id."""

    items: list[PostAnswer]


class AttendanceRecorded(Recorded):
    """How many were down for it by this recording, and how many had been already."""

    attended: int = Field(ge=0)
    already_recorded: int = Field(ge=0)


class ServedShape(Shape):
    """Hours served, by the event that says so."""

    event_id: str
    occurred_at: Occurred
    post: str | None
    kind: str | None
    hours: float = Field(gt=0)
    organisation: str | None
    flags: list[str]


class AttendedShape(Shape):
    """An activity attended, by the event that says so."""

    event_id: str
    occurred_at: Occurred
    activity: Id
    kind: str
    hours: float = Field(gt=0)
    organisation: str | None
    flags: list[str]


class HeldShape(Shape):
    """A post held, from when to when; `ended_how` is the fact that ended it."""

    post: str
    event_id: str
    claimed_at: Occurred
    ended_at: Occurred | None
    ended_how: str | None


class ServiceTotals(Shape):
    """Sums of the inputs beside them, and of nothing else."""

    hours_served: float = Field(ge=0)
    hours_attended: float = Field(ge=0)
    activities_attended: int = Field(ge=0)


class ServiceMonth(Shape):
    """The same by calendar month."""

    month: str = Field(pattern=r"^[0-9]{4}-[0-9]{2}$")
    hours_served: float = Field(ge=0)
    hours_attended: float = Field(ge=0)


class ServiceRecordAnswer(Shape):
    """A member's record of service; one member's, never a list of members."""

    member_id: Id
    version: int = Field(ge=1)
    totals: ServiceTotals
    by_month: list[ServiceMonth]
    served: list[ServedShape]
    attended: list[AttendedShape]
    posts: list[HeldShape]
    position: Position
    known_position: Position
