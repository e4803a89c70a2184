"""One region's feed and its topic, as the leader knows them: what was sent, what was acknowledged, where it stands."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from consumers.publishing.kafka import topic_of
from consumers.publishing.progress import Progress

if TYPE_CHECKING:
    from uuid import UUID

    from confluent_kafka import KafkaError, Message


@dataclass(slots=True)
class RegionTopic:
    """Where a topic stands. `touched` gathers those that a delivery report changed.

    Reports of one topic come in the order of sending, so that the oldest of `pending` is the one reported.
    """

    standing: Progress
    head: int
    touched: dict[str, RegionTopic]
    sent: int = field(init=False)
    pending: deque[tuple[int, UUID]] = field(default_factory=deque)
    failed: KafkaError | None = None
    from_start_asked: bool = False
    topic: str = field(init=False)

    def __post_init__(self) -> None:
        """Send on behind what is acknowledged."""
        self.sent = self.standing.feedposition
        self.topic = topic_of(self.standing.region)

    @property
    def region(self) -> str:
        """Its code."""
        return self.standing.region

    @property
    def to_send(self) -> bool:
        """Whether there are entries to send, and nothing keeps them back."""
        return self.sent < self.head and self.standing.refused is None and not self.from_start_asked

    def is_sent(self, feedposition: int, event_id: UUID) -> None:
        """Note an entry that was handed to the producer."""
        self.pending.append((feedposition, event_id))
        self.sent = feedposition

    def delivered(self, error: KafkaError | None, message: Message) -> None:
        """Take a delivery report: the brokers have the oldest pending entry, or will never have it."""
        self.touched[self.standing.region] = self
        if error is not None or self.failed is not None:
            self.failed = self.failed or error
            return
        feedposition, event_id = self.pending.popleft()
        offset = message.offset() or 0
        self.standing = Progress(
            self.standing.region, self.standing.topic_id, feedposition, event_id, offset, offset + 1, None
        )

    def begin_again(self) -> Progress:
        """Return where to begin when everything is to be sent once more, into the topic as it is."""
        self.standing = from_start(self.standing.region, self.standing.topic_id, self.standing.next_offset)
        self.sent = 0
        self.from_start_asked = False
        return self.standing


def from_start(region: str, topic_id: str, end: int) -> Progress:
    """Progress of a topic that is to be filled from the feed's first entry, behind what it holds now."""
    return Progress(region, topic_id, 0, None, None, end, None)
