"""The brokers' side of receiving: the topics of our regions, read from where the database says that we are.

Partitions are assigned by hand, without a consumer group: where reading goes on is stored with what was read. A topic
is known by its id, since one that was made anew, after its brokers lost their data, begins anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from eventsourcing.persistence import Tracking
from kafka import KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

from infra.sisters.known import TOPIC

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

_POLL_MS: Final = 200
_PAGE: Final = 500
_PARTITION: Final = 0
"""Of every topic the only one (INTERFACE, "Streams")."""
_TIMES: Final = {"request_timeout_ms": 10_000, "reconnect_backoff_max_ms": 2_000}


class KafkaAway(Exception):
    """No broker answers, or none lets us in."""


class Read(NamedTuple):
    """A record as it came (its key is the subject), with how far its topic is read once it has had its effect."""

    topic: str
    key: bytes
    value: bytes
    tracking: Tracking


@dataclass(slots=True)
class _Topic:
    topic_id: str
    name: str
    """Under which reading is tracked."""
    offset: int


class Topics:
    """One Kafka's topics of ours; not for use by two threads. Raises KafkaAway."""

    def __init__(self, servers: str, options: Mapping[str, Any], tracked: Callable[[str], int]) -> None:
        """`tracked` tells the offset from which to go on, 0 for a topic never read."""
        self._servers = servers
        self._options = {**_TIMES, **options}
        self._tracked = tracked
        self._admin: KafkaAdminClient | None = None
        self._consumer: KafkaConsumer | None = None
        self._read: dict[str, _Topic] = {}

    def refresh(self, ours: Callable[[Collection[str]], list[str]]) -> None:
        """Look which topics there are, and read those of ours, each from where it was left."""
        try:
            found = self._look()
            consumer = self._consumer or self._connect()
            wanted = {name: found[name] for name in ours(found)}
            if {name: topic.topic_id for name, topic in self._read.items()} != wanted:
                self._assign(consumer, wanted)
        except (KafkaError, OSError) as error:
            raise KafkaAway(type(error).__name__) from error

    def poll(self) -> list[Read]:
        """Return what has come next, waiting a moment for it; topic by topic, in order."""
        if self._consumer is None or not self._read:
            return []
        try:
            pages = self._consumer.poll(timeout_ms=_POLL_MS, max_records=_PAGE)
        except (KafkaError, OSError) as error:
            raise KafkaAway(type(error).__name__) from error
        return [read for partition, records in pages.items() for read in self._page(partition.topic, records)]

    def behind(self) -> dict[str, int]:
        """Return how many records of each region have not been read, against the topic's true end."""
        if self._consumer is None or not self._read:
            return {}
        partitions = {name: TopicPartition(name, _PARTITION) for name in self._read}
        try:
            ends = self._consumer.end_offsets(list(partitions.values()))
        except (KafkaError, OSError) as error:
            raise KafkaAway(type(error).__name__) from error
        return {name.removeprefix(TOPIC): ends[one] - self._read[name].offset for name, one in partitions.items()}

    def close(self) -> None:
        """End the connections."""
        if self._admin is not None:
            self._admin.close()
            self._admin = None
        if self._consumer is not None:
            self._consumer.close(autocommit=False)
            self._consumer = None

    def _look(self) -> dict[str, str]:
        if self._admin is None:
            self._admin = KafkaAdminClient(bootstrap_servers=self._servers, **self._options)
        described = self._admin.describe_topics()
        return {one["name"]: str(one["topic_id"]) for one in described if not one["error_code"]}

    def _connect(self) -> KafkaConsumer:
        self._consumer = KafkaConsumer(
            bootstrap_servers=self._servers,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            **self._options,
        )
        return self._consumer

    def _assign(self, consumer: KafkaConsumer, wanted: dict[str, str]) -> None:
        partitions = {name: TopicPartition(name, _PARTITION) for name in wanted}
        ends = consumer.end_offsets(list(partitions.values())) if partitions else {}
        consumer.assign(list(partitions.values()))
        self._read = {}
        for name, topic_id in wanted.items():
            topic = self._placed(name, topic_id, ends[partitions[name]])
            self._read[name] = topic
            consumer.seek(partitions[name], topic.offset)

    def _placed(self, name: str, topic_id: str, end: int) -> _Topic:
        """Find where to go on. A topic that ends before that has lost its end: it is read again, under another name."""
        tracked, turn = f"kafka:{name}:{topic_id}", 0
        while (offset := self._tracked(tracked)) > end:
            turn += 1
            tracked = f"kafka:{name}:{topic_id}:{turn}"
        return _Topic(topic_id, tracked, offset)

    def _page(self, name: str, records: list[Any]) -> Iterator[Read]:
        topic = self._read[name]
        for record in records:
            topic.offset = record.offset + 1
            yield Read(name, record.key or b"", record.value or b"", Tracking(topic.name, topic.offset))
