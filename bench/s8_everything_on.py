"""S8: everything on, 500 commands a second: from commit to the read models, and from commit to a Kafka consumer.

The service runs as it does in production, one `kiteline serve` with HTTP, read models, feeds, tree and publisher,
beside PostgreSQL, the broker, the load and who watches, on the same machine. A command is a contact with one of many
members whose year fills the log beforehand; it is sent when it is due, whether or not earlier ones were answered. The
clock begins with `recorded_at`, which the append sets just before it commits. One watcher asks PostgreSQL for the
position that the read models reflect, another reads all topics; both are processes of their own. The figure is the
worse of the two p99s as a multiple of its aim (50 ms and 100 ms); three times the aim is the floor. The time is cut
into five parts of equal length, each a round; the p99s of the whole, and the commands' own, stand beside them.
Not measured: several service processes, a database or a broker on machines of their own, TLS.
"""

import argparse
import json
import multiprocessing
import re
import statistics
import tempfile
import time
from bisect import bisect_left
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import uvloop
from confluent_kafka import Consumer, TopicPartition

from bench.collective_day import scanned, served
from bench.harness import Bar, Measured, await_quiet, report
from bench.year_of_lives import append, lives, reference_facts
from domain.fact import Fact
from infra.broker import lifecycle
from infra.database.embedded import EmbeddedPostgres
from infra.database.migrations import migrate
from infra.event_store.epochs import keep_source
from infra.event_store.recorder import KitelineRecorder
from infra.settings import Settings
from infra.tokens.configured import local_issuer
from infra.tokens.principal import Role

BAR = Bar("S8", "times the aim", "the clock", floor=3, aim=1, higher_is_better=False)
READ_MODEL_AIM = 0.050
CONSUMER_AIM = 0.100
_FIRST = datetime(2025, 12, 1, tzinfo=UTC)
_POSITION = re.compile(rb'"position":(\d+),"source"')
_LOOK_SECONDS = 0.002
_PATIENCE = 120.0
_PARTS = 5
_HEAD = "SELECT coalesce(max(position), 0) FROM log"
_REFLECTED = "SELECT position FROM projection_position WHERE name = 'read_models'"
_RECORDED = "SELECT extract(epoch FROM recorded_at)::float8 FROM log WHERE position > %s ORDER BY position"
_PUBLISHED = """
SELECT coalesce(sum(h.feedposition), 0) = coalesce(sum(p.feedposition), 0)
FROM feed_head AS h LEFT JOIN publisher_progress AS p USING (region)
"""
_FED = "SELECT position FROM feed_progress"
_REGIONS = "SELECT region FROM feed_head"

Seen = list[tuple[int, float]]


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=500)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--members", type=int, default=600)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kiteline-bench-") as folder, EmbeddedPostgres(Path(folder)) as server:
        servers = lifecycle.start(Path(folder)).bootstrap_servers
        try:
            settings = Settings(home=Path(folder), database_url=server.url, kafka_bootstrap_servers=servers)
            migrate(server.url)
            keep_source(server.url, settings.deployment)
            requests = prepared(settings, server.url, options.members, options.rate * options.seconds)
            with served(settings, server.url) as port:
                head = caught_up(server.url)
                await_quiet()
                watchers = [Watcher(watch, server.url, servers, head) for watch in (reflecting, consuming)]
                day = uvloop.run(scanned(port, requests, options.rate))
                assert set(day.answers) == {201}, day.answers
                end = caught_up(server.url)
                reflected, consumed = (watcher.seen_until(end) for watcher in watchers)
            parts, notes = figures(server.url, head, end, reflected, consumed)
        finally:
            lifecycle.stop(Path(folder))
    notes |= {"commands": len(day.seconds), "HTTP": _told(day.seconds)}
    report(Measured(BAR, [{"ours": worse, "peer": 1.0} for worse in parts], notes))


def prepared(settings: Settings, url: str, members: int, commands: int) -> list[bytes]:
    """Fill the log with a year of lives, and write the commands as they go over the wire."""
    recorder = KitelineRecorder(url)
    facts, _ = lives(members)
    append(recorder, reference_facts())
    append(recorder, facts)
    recorder.close()
    token = local_issuer(settings).mint(Role.ORGANISATION_DEPARTMENT, region="000000", lifetime=86_400)
    homes = registered(facts)
    people = list(homes)
    return [contact(people[n % members], homes[people[n % members]], n, token) for n in range(commands)]


def registered(facts: Sequence[Fact]) -> dict[UUID, str]:
    """Tell who was registered by which branch."""
    return {one.stream: one.organisation or "" for one in facts if one.body.fact == "member_registered"}


def contact(member: UUID, branch: str, number: int, token: str) -> bytes:
    """Write one command."""
    at = (_FIRST + timedelta(seconds=number)).isoformat()
    body = json.dumps({"occurred_at": at, "organisation": branch, "channel": "PHONE"}).encode()
    head = (
        f"POST /v1/members/{member}/record-contact HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        f"Idempotency-Key: contact-{number}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def caught_up(url: str) -> int:
    """Wait until read models, feeds and topics are at the log's head, and return that."""
    deadline = time.monotonic() + _PATIENCE
    with psycopg.connect(url, autocommit=True) as connection:
        head = _one(connection, _HEAD)
        while _one(connection, _REFLECTED) < head or _one(connection, _FED) < head or not _one(connection, _PUBLISHED):
            assert time.monotonic() < deadline, "not caught up"
            time.sleep(0.1)
    return int(head)


class Watcher:
    """A process that writes down which position it saw when, until it is told at which one to end."""

    def __init__(self, watch: Any, url: str, servers: str, head: int) -> None:  # noqa: ANN401 - a function of this module
        """Start, and wait until it watches."""
        context = multiprocessing.get_context("spawn")
        self._here, there = context.Pipe()
        self._process = context.Process(target=watch, args=(there, url, servers, head), daemon=True)
        self._process.start()
        assert self._here.recv() == "watching"

    def seen_until(self, end: int) -> Seen:
        """Tell what it has seen once it has seen the end."""
        self._here.send(end)
        seen: Seen = self._here.recv()
        self._process.join(_PATIENCE)
        return seen


def reflecting(pipe: Connection, url: str, _servers: str, head: int) -> None:
    """Watch the position that the read models reflect."""
    seen: Seen = []
    with psycopg.connect(url, autocommit=True) as connection:
        pipe.send("watching")
        last, end = head, None
        while end is None or last < end:
            now = _one(connection, _REFLECTED)
            if now > last:
                seen.append((now, time.time()))
                last = now
            time.sleep(_LOOK_SECONDS)
            end = pipe.recv() if end is None and pipe.poll() else end
    pipe.send(seen)


def consuming(pipe: Connection, url: str, servers: str, head: int) -> None:
    """Read all topics from their ends on, each event as it comes; the first of a position counts for it."""
    with psycopg.connect(url, autocommit=True) as connection:
        topics = [f"kiteline.region.{region}" for (region,) in connection.execute(_REGIONS)]
    reader = Consumer({"bootstrap.servers": servers, "group.id": "bench", "fetch.wait.max.ms": 100})
    ends = [reader.get_watermark_offsets(TopicPartition(topic, 0))[1] for topic in topics]
    reader.assign([TopicPartition(topic, 0, at) for topic, at in zip(topics, ends, strict=True)])
    pipe.send("watching")
    seen: Seen = []
    last, end = head, None
    while end is None or last < end:
        for message in reader.consume(500, timeout=0.01):
            found = _POSITION.search(message.value() or b"")
            if found is not None:
                last = max(last, int(found[1]))
                seen.append((int(found[1]), time.time()))
        end = pipe.recv() if end is None and pipe.poll() else end
    reader.close()
    pipe.send(seen)


def figures(url: str, head: int, end: int, reflected: Seen, consumed: Seen) -> tuple[list[float], dict[str, Any]]:
    """Compare with when each position was recorded: the worse p99 by its aim of each part, and the whole."""
    with psycopg.connect(url, autocommit=True) as connection:
        recorded = [row[0] for row in connection.execute(_RECORDED, (head,))]
    positions = [position for position, _ in reflected]
    shown = [reflected[bisect_left(positions, p)][1] - recorded[p - head - 1] for p in range(head + 1, end + 1)]
    read: list[list[float]] = [[] for _ in range(_PARTS)]
    share = (end - head) / _PARTS
    for position, at in consumed:
        read[int((position - head - 1) / share)].append(at - recorded[position - head - 1])
    assert {position for position, _ in consumed} == set(range(head + 1, end + 1)), "every event reached a topic"
    cuts = [round(part * share) for part in range(_PARTS + 1)]
    parts = [
        max(p99(shown[first:last]) / READ_MODEL_AIM, p99(entries) / CONSUMER_AIM)
        for first, last, entries in zip(cuts, cuts[1:], read, strict=False)
    ]
    return parts, {
        "commit to read models": _told(shown),
        "commit to a Kafka consumer": _told([seconds for entries in read for seconds in entries]),
        "records consumed": len(consumed),
    }


def p99(seconds: Sequence[float]) -> float:
    """Tell what all but one in a hundred stay below."""
    return sorted(seconds)[int(len(seconds) * 0.99)]


def _told(seconds: Sequence[float]) -> str:
    return f"p50 {_ms(statistics.median(seconds))}, p99 {_ms(p99(seconds))}, longest {_ms(max(seconds))}"


def _one(connection: psycopg.Connection[Any], statement: str) -> Any:  # noqa: ANN401 - of any type
    row = connection.execute(statement).fetchone()
    return row[0] if row is not None else None


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"


if __name__ == "__main__":
    main()
