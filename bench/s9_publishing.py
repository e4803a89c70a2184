"""S9: publishing from the feeds, against a bare kafka-python producer loop that sends the same bytes.

Ours is the publisher as a process of the service runs it: it looks at its topics, reads the feeds from PostgreSQL,
joins each event, sends it, and notes in PostgreSQL what the broker acknowledged; measured until everything is noted.
The peer has its records ready in memory, sends them in the same order to topics of its own, and flushes. Both are
idempotent, acks=all, to one broker; topics are new and empty in every round.
Not measured: making topics, more than one broker, a network between.
"""

import argparse
import tempfile
import time
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import psycopg
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]
from kafka import KafkaProducer

from bench.harness import Bar, Measured, await_quiet, in_turn, report
from bench.year_of_lives import append, lives, reference_facts
from consumers.publishing.kafka import HEADERS, topic_of
from consumers.publishing.publisher import Publishing
from infra.broker import lifecycle
from infra.database.embedded import EmbeddedPostgres
from infra.database.migrations import migrate
from infra.event_store.recorder import KitelineRecorder
from infra.recording.feed_events import feed_event
from infra.settings import Settings
from projections.region_feeds import heads, page_after, write_page

BAR = Bar("S9", "events/s", "bare kafka-python producer loop", floor=0.8, aim=2)
_PATIENCE = 300.0
_NOTED = "SELECT coalesce(sum(feedposition), 0) FROM publisher_progress"
_FORGET = "TRUNCATE publisher_progress, publisher_standing"

Records = list[tuple[str, bytes, bytes]]


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--members", type=int, default=1_000, help="whose year fills the feeds, about 45 entries each")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kiteline-bench-") as folder, EmbeddedPostgres(Path(folder)) as server:
        migrate(server.url)
        records = _feeds(server.url, options.members)
        servers = lifecycle.start(Path(folder)).bootstrap_servers
        try:
            settings = Settings(home=Path(folder), kafka_bootstrap_servers=servers)
            await_quiet()
            rounds = in_turn(
                lambda: _ours(settings, server.url, servers, records), lambda: _peer(servers, records), options.rounds
            )
        finally:
            lifecycle.stop(Path(folder))
    size = sum(len(value) for _, _, value in records) // len(records)
    notes = {"entries": len(records), "topics": len({region for region, _, _ in records}), "mean size": f"{size} bytes"}
    report(Measured(BAR, rounds, notes))


def _feeds(url: str, members: int) -> Records:
    """Fill the feeds with a year of lives, and return what stands in them, region by region."""
    recorder = KitelineRecorder(url)
    append(recorder, reference_facts())
    append(recorder, lives(members)[0])
    recorder.close()
    with psycopg.connect(url, autocommit=True) as connection:
        while write_page(connection, 4_000)[0]:
            pass
        connection.execute("VACUUM ANALYZE feed_entry")
        return [
            (region, str(row.originator_id).encode(), feed_event(row))
            for region, head in heads(connection).items()
            for row in page_after(connection, region, 0, head)
        ]


def _ours(settings: Settings, url: str, servers: str, records: Records) -> float:
    _made(servers, [topic_of(region) for region in {region for region, _, _ in records}])
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_FORGET)
        started = time.perf_counter()
        with closing(Publishing(settings, url)):
            while connection.execute(_NOTED).fetchone() != (len(records),):
                assert time.perf_counter() - started < _PATIENCE
                time.sleep(0.01)
            return len(records) / (time.perf_counter() - started)


def _peer(servers: str, records: Records) -> float:
    names = {region: f"peer.{uuid4().hex[:8]}.{region}" for region in {region for region, _, _ in records}}
    _made(servers, list(names.values()))
    producer = KafkaProducer(bootstrap_servers=servers, acks="all", enable_idempotence=True)
    started = time.perf_counter()
    for region, key, value in records:
        producer.send(names[region], key=key, value=value, partition=0, headers=HEADERS)
    producer.flush()
    seconds = time.perf_counter() - started
    producer.close()
    return len(records) / seconds


def _made(servers: str, topics: list[str]) -> None:
    """Make topics anew, and wait until the broker knows them."""
    admin = AdminClient({"bootstrap.servers": servers})
    known = admin.list_topics(timeout=30).topics
    for done in admin.delete_topics([topic for topic in topics if topic in known] or ["none"]).values():
        done.exception(30)
    while any(topic in admin.list_topics(timeout=30).topics for topic in topics):
        time.sleep(0.05)
    for done in admin.create_topics([NewTopic(topic, 1, 1) for topic in topics]).values():
        done.result(30)
    while any(topic not in admin.list_topics(timeout=30).topics for topic in topics):
        time.sleep(0.05)


if __name__ == "__main__":
    main()
