"""What feeds send: CloudEvents, and what is said to who asks for one that is not there."""

from typing import Any, Literal

from pydantic import Field

from api.shapes.base import Id, Instant, Position, Shape
from api.shapes.problems import ProblemDetails


class FeedEvent(Shape):
    """A CloudEvent 1.0 with our extensions; its `data` is described at `dataschema`."""

    specversion: Literal["1.0"]
    id: Id
    source: str = Field(pattern=r"^urn:kiteline:[a-z0-9-]+:[0-9]+$", description="deployment and epoch of its log")
    type: str = Field(pattern=r"^org\.kiteline\.[a-z_]+\.v[0-9]+$")
    subject: str = Field(description="the member's id; the organisation's, agreement's, … for what is of no member")
    time: Instant = Field(description="when it was recorded")
    datacontenttype: Literal["application/json"]
    dataschema: str = Field(pattern=r"^/schemas/[a-z_]+/v[0-9]+\.json$")
    data: dict[str, Any]
    position: Position = Field(description="in the log")
    feedposition: int = Field(ge=1, description="in this feed, from 1 without a gap")
    prevposition: Position = Field(description="the feedposition of the event sent before it, 0 for the first")
    nonce: str = Field(pattern="^[0-9a-f]{32}$")
    correlationid: str
    causationid: str | None = None
    originsource: str | None = Field(None, description="the deployment that recorded it first, when not this one")
    originid: str | None = None


class NotInFeed(ProblemDetails):
    """An event is not in the feed that is asked for."""

    first: Id | None = Field(description="the id of the feed's first event, null for an empty feed")
    last: Id | None = Field(description="the id of its last event")
