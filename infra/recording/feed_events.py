"""Events as feeds, topics and webhooks send them: the CloudEvent as recorded, with its place in the feed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from infra.recording.mapper import recorded_event

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID


class FeedEntry(Protocol):
    """An entry of a feed and the event that it names."""

    @property
    def feedposition(self) -> int:
        """Its number in the feed, from 1."""

    @property
    def position(self) -> int:
        """The event's position in the log."""

    @property
    def originator_id(self) -> UUID:
        """The event's stream."""

    @property
    def topic(self) -> str:
        """The fact."""

    @property
    def state(self) -> bytes:
        """The event as stored."""

    @property
    def recorded_at(self) -> datetime:
        """When it was recorded, in UTC."""

    @property
    def source(self) -> str:
        """Deployment and epoch."""


def feed_event(entry: FeedEntry, previous: int | None = None) -> bytes:
    """Return the CloudEvent with `feedposition` and `prevposition`: joined, never parsed.

    `previous` is the number of the event before that passed the same filter, 0 for none; without it nothing is
    filtered, and it is the number before this one's. Less the two extensions it is the leaf of the log's tree.
    """
    event = recorded_event(
        entry.state, entry.position, entry.source, entry.originator_id, entry.recorded_at, entry.topic
    )
    before = entry.feedposition - 1 if previous is None else previous
    return event[:-1] + b',"feedposition":%d,"prevposition":%d}' % (entry.feedposition, before)
