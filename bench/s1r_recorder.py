"""S1r: the recorder alone against the library's stock one, 64 writers, 2 events and an idempotency row a save.

Both write to the same embedded PostgreSQL, each to a database of its own, in turn. The peer inserts its idempotency
row in the transaction of its events, through the hook that the library leaves for it.
Not measured: loading, deciding, HTTP.
"""

import argparse
import hashlib
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID, uuid4

import psycopg
from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg import Cursor
from psycopg.rows import DictRow

from bench.harness import Bar, Measured, in_turn, report
from infra.database.embedded import EmbeddedPostgres
from infra.database.migrations import migrate
from infra.event_store.recorder import KitelineRecorder
from infra.event_store.save import Idempotency, LogStoredEvent

BAR = Bar("S1r", "saves/s", "stock recorder with an idempotency row", floor=8, aim=12)
_SAVES_A_STREAM = 4
STATE = b'{"correlationid":"7d3f0c9e-0000-4000-8000-000000000000","data":{"note":"' + b"x" * 560 + b'"}}'
_CREATE_PEER_KEYS = """
CREATE TABLE peer_idempotency (
    caller text NOT NULL, key_hash bytea NOT NULL, body_hash bytea NOT NULL, status smallint NOT NULL,
    event_count integer NOT NULL, recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (caller, key_hash)
)
"""
_INSERT_PEER_KEY = """
INSERT INTO peer_idempotency (caller, key_hash, body_hash, status, event_count) VALUES (%s, %s, %s, %s, %s)
"""

Insert = Callable[[Sequence[StoredEvent], Idempotency], object]


class StockRecorder(PostgresApplicationRecorder):
    """The library's recorder, unchanged but for one more row in its transaction."""

    def _insert_events(self, curs: Cursor[DictRow], stored_events: Sequence[StoredEvent], **kwargs: Any) -> None:  # noqa: ANN401
        key: Idempotency = kwargs["idempotency"]
        row = (key.caller, key.key_hash, key.body_hash, key.status, len(stored_events))
        curs.execute(_INSERT_PEER_KEY, row, prepare=True)


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--writers", type=int, default=64)
    parser.add_argument("--peer-pool", type=int, default=5, help="connections of the peer; 5 is its own default")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kiteline-bench-") as folder, EmbeddedPostgres(Path(folder)) as server:
        ours, peer = _recorders(server, options.peer_pool)

        def our_rate() -> float:
            return rate(recording(ours), options.writers, options.seconds)

        def peer_rate() -> float:
            return rate(_peer(peer), options.writers, options.seconds)

        rate(recording(ours), options.writers, 1.0)
        rate(_peer(peer), options.writers, 1.0)
        rounds = in_turn(our_rate, peer_rate, options.rounds)
        gapless = must_be_gapless(ours)
        report(Measured(BAR, rounds, {"writers": options.writers, "events in our log, gapless": gapless}))
        ours.close()
        peer.datastore.close()


def rate(insert: Insert, writers: int, seconds: float) -> float:
    """Let `writers` threads save for `seconds` and tell the saves a second."""
    counts = [0] * writers
    started = time.perf_counter()
    deadline = started + seconds

    def write(number: int) -> None:
        while time.perf_counter() < deadline:
            stream = uuid4()
            for version in range(1, 2 * _SAVES_A_STREAM, 2):
                insert(_events(stream, version), _key())
                counts[number] += 1

    threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - started)


def _events(stream: UUID, version: int) -> list[StoredEvent]:
    return [
        LogStoredEvent(stream, version, "checked_in", STATE, ("330105", "510104")),
        LogStoredEvent(stream, version + 1, "liaison_named", STATE, ("330105",)),
    ]


def _key() -> Idempotency:
    digest = hashlib.sha256(uuid4().bytes).digest()
    return Idempotency("secretary-of-330105", digest, digest, 201)


def recording(recorder: KitelineRecorder) -> Insert:
    """Save on our recorder."""
    return lambda events, key: recorder.insert_events(events, idempotency=key)


def _peer(recorder: StockRecorder) -> Insert:
    return lambda events, key: recorder.insert_events(events, idempotency=key)


def _recorders(server: EmbeddedPostgres, peer_pool: int) -> tuple[KitelineRecorder, StockRecorder]:
    migrate(server.url)
    return KitelineRecorder(server.url), stock_recorder(server, peer_pool)


def stock_recorder(server: EmbeddedPostgres, pool_size: int = 5) -> StockRecorder:
    """Make the peer in a database of its own beside ours."""
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE peer")
    parts = urlsplit(server.url)
    datastore = PostgresDatastore(
        dbname="peer",
        host=unquote(parts.query.removeprefix("host=")),
        port=5432,
        user=parts.username or "",
        password=parts.password or "",
        pool_size=pool_size,
        max_overflow=10,
    )
    peer = StockRecorder(datastore, events_table_name="stored_events")
    peer.create_table()
    with datastore.transaction(commit=True) as cursor:
        cursor.execute(_CREATE_PEER_KEYS)
    return peer


def must_be_gapless(recorder: KitelineRecorder) -> int:
    """Read our log from end to end and tell its events."""
    head = recorder.max_notification_id() or 0
    seen = 0
    while page := recorder.read_log(seen + 1, 10_000):
        positions = [row.position for row in page]
        assert positions == list(range(seen + 1, seen + 1 + len(page)))
        seen += len(page)
    assert seen == head
    return seen


if __name__ == "__main__":
    main()
