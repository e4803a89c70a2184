"""The shapes of webhook subscriptions and the log of their deliveries."""

from typing import Literal

from pydantic import Field

from api.shapes.base import Id, Instant, PageShape, Position, RegionCode, Shape

Status = Literal["active", "paused", "exhausted", "gone"]


class SubscriptionItem(Shape):
    """Who is called when a region's feed has something new, and how far it has got."""

    subscription_id: Id
    region: RegionCode
    url: str
    types: list[str] | None = Field(description="facts that are sent; null: all")
    organisation: str | None = Field(description="who looks after it: whose duty it is once nobody answers")
    status: Status = Field(
        description="`paused` by a person; `exhausted`: 24 hours without an answer; `gone`: the receiver said 410"
    )
    status_since: Instant
    created_at: Instant
    feedposition: Position = Field(description="up to here the feed is dealt with")
    head: Position = Field(description="the last feedposition of the region's feed")
    last_delivered_at: Instant | None
    failing_since: Instant | None = Field(description="when the event under way failed first")
    failures: int = Field(ge=0, description="of the event under way")
    next_attempt_at: Instant | None


class SubscriptionsPage(PageShape):
    """Subscriptions."""

    items: list[SubscriptionItem]


class SubscriptionAnswer(SubscriptionItem):
    """One subscription, with what verifies its `v1a` signatures."""

    public_keys: list[str] = Field(description="`whpk_…`, the newest first; each of them signs")


class SubscriptionIssued(SubscriptionAnswer):
    """A subscription with the secret just made."""

    secret: str | None = Field(
        description="`whsec_…`, which verifies `v1` signatures; told only here. Null when a lost answer is asked for "
        "again and the secret has been replaced since"
    )


class DeliveryItem(Shape):
    """One attempt to deliver an event."""

    delivery_id: int = Field(ge=1)
    event_id: Id
    feedposition: Position
    attempt: int = Field(ge=1)
    attempted_at: Instant
    milliseconds: int = Field(ge=0)
    status: int | None = Field(description="the status answered, if any")
    error: (
        Literal["timeout", "connection_failed", "connection_lost", "tls_failed", "target_not_allowed", "unreadable"]
        | None
    ) = Field(description="why there is no status")
    next_attempt_at: Instant | None = Field(description="null when it was delivered, or is not tried again")


class DeliveriesPage(PageShape):
    """Attempts, the last first."""

    items: list[DeliveryItem]
