"""The brokers' side of publishing: the topics and their ends, what stands in them, and the producer."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic, OffsetSpec  # type: ignore[attr-defined]

from infra.kafka.client_options import librdkafka_options

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from confluent_kafka import Message

    from infra.settings import Settings

PARTITIONS: Final = 1
"""Of every topic, for good: the order of a feed is the order of its one partition."""
HEADERS: Final[list[tuple[str, str | bytes | None]]] = [("content-type", b"application/cloudevents+json")]
_TOPIC: Final = "kiteline.region.{}"
_TOPIC_OPTIONS: Final = {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}
_EARLIEST: Final = OffsetSpec.earliest()  # type: ignore[no-untyped-call]
_LATEST: Final = OffsetSpec.latest()  # type: ignore[no-untyped-call]
_SECONDS: Final = 5.0
_CREATE_SECONDS: Final = 30.0
_SILENCE_SECONDS: Final = 15.0
_PAGE: Final = 1_000
_GONE: Final = (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC, KafkaError._UNKNOWN_PARTITION)  # noqa: SLF001
_OF_A_TOPIC: Final = (
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.INVALID_REPLICATION_FACTOR,
    KafkaError.POLICY_VIOLATION,
    KafkaError.TOPIC_EXCEPTION,
)
PASSING: Final = ("LEADER_NOT_AVAILABLE", "NOT_LEADER_FOR_PARTITION", "REPLICA_NOT_AVAILABLE")
"""What brokers say of a topic while its partition has no leader."""
_DOWN: Final = (KafkaError._ALL_BROKERS_DOWN, KafkaError._AUTHENTICATION)  # noqa: SLF001
# Errors of connections come back as results; librdkafka would tell them once more on its own log.
_QUIET: Final = {"log_level": 2, "reconnect.backoff.ms": 500, "reconnect.backoff.max.ms": 2_000}
_PRODUCER: Final = {
    "acks": "all",
    "enable.idempotence": True,
    # A batch that fails for good stops the producer before a later one of the same topic could leave a gap.
    "enable.gapless.guarantee": True,
    "message.timeout.ms": 0,
    "linger.ms": 1,
    "compression.type": "none",
}


class KafkaAway(Exception):
    """No broker answers, or none lets us in; `reason` is librdkafka's name of the error."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Seen(NamedTuple):
    """A topic as the brokers show it; `end` is the offset that its next record will have, `why` what is refused."""

    topic_id: str
    partitions: int
    start: int
    end: int
    why: str | None = None


class Record(NamedTuple):
    """A record as it stands in a topic."""

    region: str
    offset: int
    key: bytes | None
    value: bytes | None


def topic_of(region: str) -> str:
    """Name the topic of a region."""
    return _TOPIC.format(region)


class Kafka:
    """The Kafka that the settings name. Raises KafkaAway from every question; SettingsError for unknown options."""

    def __init__(self, settings: Settings) -> None:
        """Connect when first asked."""
        self._options = librdkafka_options(settings.kafka_bootstrap_servers or "", settings.kafka_options)
        self._admin = AdminClient({**self._options, **_QUIET, "socket.timeout.ms": int(_SECONDS * 1000)})

    def cluster_id(self) -> str:
        """Ask for the id that this Kafka was given when its storage was first made."""
        try:
            told = self._admin.describe_cluster(request_timeout=_SECONDS).result()
        except KafkaException as error:
            raise _away(error) from error
        return str(told.cluster_id)

    def look(self, regions: Collection[str]) -> dict[str, Seen | None]:
        """Look at the topics of regions; None for one that is not there."""
        if not regions:
            return {}
        asked = TopicCollection([topic_of(region) for region in regions])
        try:
            described = self._admin.describe_topics(asked, request_timeout=_SECONDS)
            seen = {region: _described(described[topic_of(region)]) for region in regions}
            whole = [region for region, one in seen.items() if one is not None and one.why is None]
            starts, ends = (self._offsets(whole, at) for at in (_EARLIEST, _LATEST))
        except KafkaException as error:
            raise _away(error) from error
        return seen | {region: _reaching(seen[region], starts[region], ends[region]) for region in whole}

    def create(self, regions: Collection[str]) -> dict[str, str]:
        """Create topics, each with PARTITIONS; one that another deployment created meanwhile is as good.

        Returns those that the brokers do not let us create, and why.
        """
        wanted = [
            # As many replicas as the brokers' own default: they know how many they are.
            NewTopic(topic_of(region), num_partitions=PARTITIONS, replication_factor=-1, config=dict(_TOPIC_OPTIONS))
            for region in regions
        ]
        created = self._admin.create_topics(wanted, operation_timeout=_CREATE_SECONDS, request_timeout=_CREATE_SECONDS)
        refused: dict[str, str] = {}
        for region in regions:
            try:
                created[topic_of(region)].result()
            except KafkaException as error:
                told: KafkaError = error.args[0]
                if told.code() in _OF_A_TOPIC:
                    refused[region] = told.name()
                elif told.code() != KafkaError.TOPIC_ALREADY_EXISTS:
                    raise _away(error) from error
        return refused

    def producer(self, lost: Callable[[str], None]) -> Producer:
        """Open an idempotent producer; `lost(reason)` is called out of its `poll` when it can send nothing more."""

        def told(error: KafkaError) -> None:
            if error.code() in _DOWN or error.fatal():
                lost(error.name())

        return Producer({**self._options, **_QUIET, **_PRODUCER, "error_cb": told})

    def records(self, wanted: Mapping[str, tuple[int, int]]) -> Iterator[Record]:
        """Read topics, each from an offset up to, but not including, its end as it was seen."""
        topics = {topic_of(region): region for region in wanted}
        ends = {topic_of(region): end for region, (start, end) in wanted.items() if start < end}
        if not ends:
            return
        reader = Consumer(
            {
                **self._options,
                **_QUIET,
                "group.id": "kiteline-publisher-looks",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "auto.offset.reset": "error",
                "fetch.wait.max.ms": 10,
            }
        )
        try:
            reader.assign([TopicPartition(topic, 0, wanted[topics[topic]][0]) for topic in ends])
            for message in _until(reader, ends):
                yield Record(topics[message.topic() or ""], message.offset() or 0, message.key(), message.value())
        finally:
            reader.close()

    def _offsets(self, regions: Iterable[str], at: OffsetSpec) -> dict[str, int | str]:
        """Ask for one end of each topic; a name of the error where a topic has none to tell just now."""
        asked = {TopicPartition(topic_of(region), 0): region for region in regions}
        if not asked:
            return {}
        offsets: dict[str, int | str] = {}
        for partition, future in self._admin.list_offsets(dict.fromkeys(asked, at), request_timeout=_SECONDS).items():
            try:
                offsets[asked[partition]] = int(future.result().offset)
            except KafkaException as error:
                if error.args[0].code() < 0:
                    raise  # librdkafka's own: no broker answered
                offsets[asked[partition]] = error.args[0].name()
        return offsets


def _described(future: Any) -> Seen | None:  # noqa: ANN401 - a future of confluent_kafka's own
    try:
        topic = future.result()
    except KafkaException as error:
        if error.args[0].code() in _GONE:
            return None
        if error.args[0].code() in _OF_A_TOPIC:
            return Seen("", 0, 0, 0, error.args[0].name())
        raise
    partitions = len(topic.partitions)
    why = None if partitions == PARTITIONS else f"{partitions} partitions"
    return Seen(str(topic.topic_id), partitions, 0, 0, why)


def _reaching(seen: Seen | None, start: int | str, end: int | str) -> Seen | None:
    if seen is None or not isinstance(start, int) or not isinstance(end, int):
        return seen and seen._replace(why=str(start if isinstance(end, int) else end))
    return seen._replace(start=start, end=end)


def _until(reader: Consumer, ends: dict[str, int]) -> Iterator[Message]:
    """Read until every topic's end was reached, or the brokers fell silent."""
    open_topics = dict(ends)
    heard = time.monotonic()
    while open_topics:
        messages = reader.consume(_PAGE, timeout=0.5)
        if messages:
            heard = time.monotonic()
        elif time.monotonic() - heard > _SILENCE_SECONDS:
            raise KafkaAway("_TIMED_OUT")
        for message in messages:
            topic, error = message.topic() or "", message.error()
            if error is not None and error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001
                raise KafkaAway(error.name())
            if error is None and (message.offset() or 0) < ends[topic]:
                yield message
            if error is not None or (message.offset() or 0) >= ends[topic] - 1:
                open_topics.pop(topic, None)


def _away(error: KafkaException) -> KafkaAway:
    return KafkaAway(error.args[0].name())
