"""The shapes of what operators ask and do: standing, quarantine, acts."""

from typing import Literal

from pydantic import Field

from api.shapes.base import Id, Instant, PageShape, Position, Shape

View = Literal["members", "duties", "flows", "statistics"]


class PartStanding(Shape):
    """How far one copy of the log is."""

    part: Literal["read_models", "feeds", "tree", "checkpoint", "topics", "webhooks"]
    state: str = Field(description="ok, off, or what is wrong")
    position: Position | None = Field(description="up to here; null where it is not one position")
    lag: int = Field(ge=0, description="entries still to be taken")
    written_at: Instant | None


class ParkedMember(Shape):
    """Somebody whose events cannot be folded from a position on."""

    member_id: Id
    position: Position
    code: str = Field(description="the kind of error")
    since: Instant


class RefusedTopic(Shape):
    """A topic that nothing is sent to."""

    region: str
    reason: str
    entries: int


class StatusAnswer(Shape):
    """How a deployment stands."""

    position: Position = Field(description="the log's head")
    recorded_at: Instant | None
    states: dict[str, str] = Field(description="the parts of the process that answers")
    parts: list[PartStanding]
    views: list[View] = Field(description="the read models that can be rebuilt; they stand at one position")
    parked: list[ParkedMember]
    refused_topics: list[RefusedTopic]
    quarantine: dict[str, int] = Field(description="how many events of sisters wait, by reason")
    imports: dict[str, int] = Field(description="registers that wait, are under way, or failed in the last week")
    subscriptions: dict[str, int] = Field(description="by status")


class QuarantinedEvent(Shape):
    """An event of a sister that could not be recorded."""

    quarantine_id: int
    deployment: str | None
    subject: str | None
    fact: str | None
    topic: str
    code: str
    detail: str
    arrived_at: Instant
    tried_at: Instant
    tries: int


class QuarantinePage(PageShape):
    """Events that wait, in the order in which they came."""

    items: list[QuarantinedEvent]


class OperatorAct(Shape):
    """Something that an operator did."""

    act_id: Id
    act: str
    about: str | None
    state: Literal["running", "done", "refused", "failed"]


class OperatorActItem(OperatorAct):
    """An act as it is listed."""

    began_at: Instant
    actor: str
    role: str
    region: str | None
    done: int | None
    total: int | None
    outcome: str | None
    seen_at: Instant


class OperatorActsPage(PageShape):
    """Acts, the latest first."""

    items: list[OperatorActItem]
