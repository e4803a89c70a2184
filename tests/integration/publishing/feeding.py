"""A log whose events concern regions of the test's choice, its feeds written; and what stands in a region's topic."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import count
from typing import Any
from uuid import uuid4

import psycopg
from confluent_kafka import Consumer, Message, TopicPartition

from infra.event_store.recorder import KitelineRecorder
from infra.event_store.save import LogStoredEvent, Save
from infra.recording.feed_events import feed_event
from projections.region_feeds import page_after, write_page

_STATE = (
    '{{"correlationid":"{id}","data":{{"actor":"a","after":{{"stage":"settled"}},"channel":"PHONE",'
    '"occurred_at":"2025-06-16","occurred_precision":"day","via":"API"}},"datacontenttype":"application/json",'
    '"dataschema":"/schemas/contact_made/v1.json","id":"{id}","nonce":"{nonce}"}}'
)
PATIENCE = 180.0


class Log:
    """Records events that concern regions, and writes the feeds as the one writer of them would."""

    def __init__(self, recorder: KitelineRecorder, url: str) -> None:
        """Record on a database of this test's own."""
        self._recorder = recorder
        self._url = url
        self._members = [uuid4() for _ in range(5)]
        self._versions = {member: count(1) for member in self._members}
        self._turn = count()

    def record(self, times: int, *regions: str) -> None:
        """Record events that concern these regions, without writing the feeds."""
        saves = []
        for _ in range(times):
            member = self._members[next(self._turn) % len(self._members)]
            state = _STATE.format(id=uuid4(), nonce=uuid4().hex).encode()
            saves.append(
                Save([LogStoredEvent(member, next(self._versions[member]), "contact_made", state, tuple(regions))])
            )
        for future in self._recorder.submit_many(saves):
            future.result(PATIENCE)

    def feed(self, times: int, *regions: str) -> None:
        """Record events, and write them to the feeds."""
        self.record(times, *regions)
        with psycopg.connect(self._url, autocommit=True) as connection:
            while write_page(connection, 1_000)[0]:
                pass

    def feed_of(self, region: str) -> list[bytes]:
        """Read a feed as it is sent."""
        with psycopg.connect(self._url, autocommit=True) as connection:
            return [feed_event(row) for row in page_after(connection, region, 0, 1_000_000)]

    def ask(self, statement: str, *parameters: object) -> Any:
        """Ask the database for one value."""
        with psycopg.connect(self._url, autocommit=True) as connection:
            row = connection.execute(statement, parameters).fetchone()
            return None if row is None else row[0]


@dataclass(frozen=True)
class Record:
    """What a subscriber gets."""

    offset: int
    key: bytes | None
    value: bytes
    headers: list[tuple[str, bytes]]
    timestamp: int

    @property
    def event(self) -> dict[str, Any]:
        """The event in it."""
        return dict(json.loads(self.value))


def in_topic(servers: str, region: str, **options: object) -> list[Record]:
    """Read everything that stands in a region's topic now."""
    reader = Consumer({"bootstrap.servers": servers, "group.id": uuid4().hex, "enable.auto.commit": False, **options})
    partition = TopicPartition(f"kiteline.region.{region}", 0, 0)
    try:
        _, end = reader.get_watermark_offsets(partition, timeout=PATIENCE)
        reader.assign([partition])
        found: list[Record] = []
        deadline = time.monotonic() + PATIENCE
        while len(found) < end:
            assert time.monotonic() < deadline, f"{len(found)} of {end} records"
            for message in reader.consume(min(1_000, end - len(found)), timeout=1.0):
                assert message.error() is None, message.error()
                found.append(_record(message))
        return found
    finally:
        reader.close()


def _record(message: Message) -> Record:
    offset, value, headers = message.offset(), message.value(), message.headers()
    assert isinstance(offset, int)
    assert isinstance(value, bytes)
    assert isinstance(headers, list | None)
    named = [(name, content) for name, content in headers or () if isinstance(content, bytes)]
    return Record(offset, message.key(), value, named, message.timestamp()[1])


def once_each(records: Iterable[Record]) -> list[bytes]:
    """Leave out what was there before, as a subscriber does that knows events by (source, id)."""
    seen: dict[tuple[str, str], bytes] = {}
    for record in records:
        seen.setdefault((record.event["source"], record.event["id"]), record.value)
    return list(seen.values())


def await_that(holds: Callable[[], bool], what: str = "it", seconds: float = PATIENCE) -> None:
    """Return once it holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"{what} did not come about within {seconds} s"
        time.sleep(0.02)


_ACKNOWLEDGED = """
SELECT coalesce(max(p.feedposition), 0) FROM publisher_progress AS p JOIN publisher_standing USING (cluster_id)
WHERE p.region = %s
"""


def acknowledged(log: Log, region: str) -> int:
    """Tell the last entry of a region that the database knows to be in the topic of the Kafka published to."""
    return int(log.ask(_ACKNOWLEDGED, region))
