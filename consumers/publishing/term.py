"""What the leader does: hears which feeds have grown, sends what their topics lack, notes what was acknowledged.

One thread, one producer, one database connection, however many regions: only those with something to send cost much.
"""

from __future__ import annotations

import time
from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, Final, Self

from consumers.publishing import progress
from consumers.publishing.kafka import HEADERS, PASSING, KafkaAway
from consumers.publishing.looks import Look, Looks
from consumers.publishing.region import RegionTopic
from consumers.publishing.rests import Rests
from consumers.publishing.standing import topics_as_they_stand
from infra.logs import get_logger
from infra.metrics import PUBLISHER_ACKNOWLEDGED, PUBLISHER_LAST_ACKNOWLEDGED, PUBLISHER_REPUBLISHED
from infra.recording.feed_events import feed_event
from projections.region_feeds import NEWS, pages_after, regions_since

if TYPE_CHECKING:
    from confluent_kafka import KafkaError
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from consumers.publishing.kafka import Kafka, Seen
    from consumers.publishing.progress import Progress
    from projections.region_feeds import FeedRow

_log = get_logger(__name__)
_LISTEN: Final = f"LISTEN {NEWS}"
_UNLISTEN: Final = f"UNLISTEN {NEWS}"
# Pages of few and of many regions are the same statement: each is planned for what it is asked.
_PLANNED: Final = "SET plan_cache_mode = force_custom_plan"
_MOST_IN_FLIGHT: Final = 20_000
_REGIONS_AT_ONCE: Final = 250
_FEWEST_OF_EACH: Final = 20
_MOST_OF_EACH: Final = 2_000
_KEEP_SECONDS: Final = 0.05
_ANSWER_SECONDS: Final = 0.2
_ROOM_SECONDS: Final = 0.005
_REPORT_SECONDS: Final = 0.025
SHORTEST_IDLE: Final = 0.02
_LONGEST_IDLE: Final = 0.25


class TopicsChanged(Exception):
    """The Kafka, or a topic in it, is not the one that was looked at: everything has to be looked at again."""


class DeliveryFailed(Exception):
    """The brokers will never take an entry of a region as it was sent."""

    def __init__(self, region: str, error: KafkaError) -> None:
        super().__init__(f"{region}: {error.name()}")
        self.region = region
        self.reason = error.name()


class GapInFeed(Exception):
    """A feed was read with a place missing; nothing is published over it."""


class Term:
    """One leader's time with one Kafka, on the connection that holds the lead; ends with any doubt about it."""

    def __init__(self, connection: Connection[TupleRow], kafka: Kafka, rests: Rests) -> None:
        """Ask which Kafka this is. Raises KafkaAway."""
        self._connection = connection
        self._kafka = kafka
        self._rests = rests
        self.cluster_id = kafka.cluster_id()
        self._lost: str | None = None
        self._producer = kafka.producer(self._is_lost)
        self._known = progress.read(connection, self.cluster_id)
        self._topics: dict[str, RegionTopic] = {}
        self._touched: dict[str, RegionTopic] = {}
        self._to_look_at: dict[str, int] = {}
        self._to_send: dict[str, RegionTopic] = {}
        self._to_watch: deque[str] = deque()
        self._unready = Rests()
        self._position = 0
        self._kept_at = self._answers_at = time.monotonic()
        self._looks = Looks(kafka)

    def __enter__(self) -> Self:
        """Listen, and say when this Kafka is another than before."""
        self._connection.execute(progress.UNHURRIED)
        self._connection.execute(_PLANNED)
        self._connection.execute(_LISTEN)
        if not self._known and progress.published_elsewhere(self._connection, self.cluster_id):
            _log.error("another Kafka than before: publishing every region from its start", cluster=self.cluster_id)
            PUBLISHER_REPUBLISHED.labels("other_cluster").inc()
        return self

    def __exit__(self, *_: object) -> None:
        """Take back what is still queued and note what was acknowledged; what is on its way is found again later."""
        self._looks.close()
        self._producer.purge(in_queue=True, in_flight=True)
        self._producer.poll(0)
        self._producer.close()
        if not self._connection.broken:
            self._keep()
            self._connection.execute(_UNLISTEN)

    @property
    def refused(self) -> int:
        """How many topics nothing is sent to."""
        return sum(one.standing.refused is not None for one in self._topics.values())

    def work(self) -> bool:
        """Do what is to be done now; whether there is more at once. Raises KafkaAway, TopicsChanged, DeliveryFailed."""
        self._hear()
        looked = self._look()
        self._answer()
        sent = self._send()
        self._settle()
        self._watch()
        return looked or sent

    def wait(self, idle: float) -> float:
        """Wait for news of the feeds, at most `idle` seconds, hearing the brokers; returns how long to wait next."""
        until = time.monotonic() + idle
        while (left := until - time.monotonic()) > 0:
            told = list(self._connection.notifies(timeout=min(left, self._hears_in()), stop_after=1))
            self._settle()
            if told:
                return SHORTEST_IDLE
        return min(idle * 1.5, _LONGEST_IDLE)

    def _hears_in(self) -> float:
        """Tell after how many seconds the brokers' reports are to be heard: soon where entries wait for their room."""
        if len(self._producer):
            return _ROOM_SECONDS if self._to_send else _REPORT_SECONDS
        return max(0.0, self._keeps_in())

    def _is_lost(self, reason: str) -> None:
        self._lost = reason

    def _hear(self) -> None:
        self._position, grown = regions_since(self._connection, self._position)
        for region, head in grown.items():
            topic = self._topics.get(region)
            if topic is None:
                self._to_look_at[region] = head.feedposition
            else:
                topic.head = head.feedposition
                self._queue(topic)

    def _answer(self) -> None:
        """Begin those regions again that were asked for."""
        if time.monotonic() < self._answers_at:
            return
        self._answers_at = time.monotonic() + _ANSWER_SECONDS
        for region in progress.asked(self._connection):
            self._begin_again(region)

    def _begin_again(self, region: str) -> None:
        topic = self._topics.get(region)
        if topic is None or topic.standing.refused is not None:
            return  # asked again when it was looked at, or is refused no longer
        topic.from_start_asked = True
        self._to_send.pop(region, None)
        if not topic.pending:
            standing = self._known[region] = topic.begin_again()
            progress.begin(self._connection, self.cluster_id, [standing], answered=[region])
            PUBLISHER_REPUBLISHED.labels("asked").inc()
            _log.info("publishing a region from its start, as asked", region=region)
            self._queue(topic)

    def _look(self) -> bool:
        """Look at some of the topics that were not looked at yet, so that those that were need not wait for all."""
        due = (one for one in self._to_look_at if not (self._rests.resting(one) or self._unready.resting(one)))
        regions = list(islice(due, _REGIONS_AT_ONCE))
        if not regions:
            return False
        standings = topics_as_they_stand(self._connection, self._kafka, self.cluster_id, regions, self._known)
        for standing in standings:
            topic = RegionTopic(standing, self._to_look_at.pop(standing.region), self._touched)
            self._topics[topic.region] = topic
            self._known[topic.region] = standing
            self._to_watch.append(topic.region)
            self._queue(topic)
        for region in regions:
            if region in self._to_look_at:
                self._unready.rest(region)
        return True

    def _queue(self, topic: RegionTopic) -> None:
        if topic.to_send:
            self._to_send[topic.region] = topic

    def _send(self) -> bool:
        """Hand the next entries to the producer, of many regions a few, of few regions many, each in turn."""
        room = _MOST_IN_FLIGHT - len(self._producer)
        if not self._to_send or room < _FEWEST_OF_EACH:
            return False
        chosen = list(islice(self._to_send.values(), min(_REGIONS_AT_ONCE, room // _FEWEST_OF_EACH)))
        limit = min(_MOST_OF_EACH, max(_FEWEST_OF_EACH, room // len(chosen)))
        rows = pages_after(self._connection, {topic.region: topic.sent for topic in chosen}, limit)
        for row in rows:
            self._hand_over(row)
        for topic in chosen:
            del self._to_send[topic.region]
            self._queue(topic)
        return bool(rows)

    def _hand_over(self, row: FeedRow) -> None:
        topic = self._topics[row.region]
        if row.feedposition != topic.sent + 1:
            raise GapInFeed(f"{row.region}: {row.feedposition} after {topic.sent}")
        self._producer.produce(
            topic.topic,
            feed_event(row),
            str(row.originator_id).encode(),
            partition=0,
            on_delivery=topic.delivered,
            timestamp=int(row.recorded_at.timestamp() * 1000),
            headers=HEADERS,
        )
        topic.is_sent(row.feedposition, row.event_id)

    def _settle(self) -> None:
        """Hear what the brokers said of what was sent."""
        self._producer.poll(0)
        for topic in self._touched.values():
            if topic.failed is not None:
                raise DeliveryFailed(topic.region, topic.failed)
        if self._lost is not None:
            raise KafkaAway(self._lost)
        if self._keeps_in() <= 0:
            self._keep()

    def _keeps_in(self) -> float:
        """Tell in how many seconds what was acknowledged is to be noted; without end where nothing was."""
        return self._kept_at + _KEEP_SECONDS - time.monotonic() if self._touched else float("inf")

    def _keep(self) -> None:
        after = [topic.standing for topic in self._touched.values()]
        progress.keep(self._connection, self.cluster_id, after)
        PUBLISHER_ACKNOWLEDGED.inc(sum(one.feedposition - self._known[one.region].feedposition for one in after))
        PUBLISHER_LAST_ACKNOWLEDGED.set_to_current_time()
        self._known |= {one.region: one for one in after}
        self._touched.clear()
        self._kept_at = time.monotonic()

    def _watch(self) -> None:
        """See, some topics at a time, that they are those that were looked at, and hold what they acknowledged."""
        if (look := self._looks.taken()) is not None:
            self._judge(look)
        if self._looks.due():
            some = [self._to_watch.popleft() for _ in range(min(_REGIONS_AT_ONCE, len(self._to_watch)))]
            self._looks.begin({region: self._topics[region].standing for region in some})

    def _judge(self, look: Look) -> None:
        if look.cluster_id != self.cluster_id:
            raise TopicsChanged("another Kafka answers")
        for region, standing in look.before.items():
            one = look.seen[region]
            if one is not None and one.why in PASSING:
                self._to_watch.append(region)
            elif standing.refused is None:
                if one is None or one.why is not None or not _holds(one, standing):
                    raise TopicsChanged(region)
                self._to_watch.append(region)
            elif one is not None and one.why is not None:
                self._to_watch.append(region)  # refused as before
            else:
                self._rests.rest(region)
                self._to_look_at[region] = self._topics.pop(region).head


def _holds(seen: Seen, standing: Progress) -> bool:
    return seen.topic_id == standing.topic_id and seen.end >= standing.next_offset
