"""S10: appending to a log of 10 million events against one of 100,000, 64 writers, 2 events and a key a save.

Both logs are those of `bench.large_log`, kept under `$KITELINE_HOME/bench` and used again; they stand in servers of
their own on the same disk, and are appended to in turn. Saves extend streams taken at random from all of them, as a
day's work does: their heads, the end of their index and the keys lie anywhere in the tables. What a round appended is
taken away again after it, or the small log would be as large as the other by the end. The files that appends touch are
read before, as a service at work has long read them: a log of 10 million events that was just opened takes milliseconds
a save, for pages that come from the disk.
Not measured: a server just started, whose memory is empty; loading and deciding, which look at one member whatever the
log; read models.
"""

import argparse
import hashlib
import threading
import time
from contextlib import ExitStack
from uuid import UUID, uuid4

import psycopg
from eventsourcing.persistence import StoredEvent

from bench.harness import Bar, Measured, in_turn, report
from bench.large_log import LargeLog, large_log, take_away
from bench.s1r_recorder import STATE
from infra.event_store.recorder import KitelineRecorder
from infra.event_store.save import Idempotency, LogStoredEvent

BAR = Bar("S10", "µs a save", "the same at 100,000 events", floor=1.5, aim=1.1, higher_is_better=False)
_SAMPLE = 20_000
# A tenth more than wanted, so that the limit is what decides.
_HEADS = """
SELECT originator_id, version FROM stream_head TABLESAMPLE BERNOULLI (%s) REPEATABLE (10) LIMIT %s
"""
_STREAMS = "SELECT count(*) FROM stream_head"
_HEAD = "SELECT max(position) FROM log"
# All that an append looks at, but the events themselves.
_TOUCHED = """
SELECT pg_relation_filepath(c.oid) FROM pg_class AS c WHERE c.relname IN ('stream_head', 'idempotency')
UNION ALL
SELECT pg_relation_filepath(i.indexrelid) FROM pg_index AS i
WHERE i.indrelid IN ('log'::regclass, 'stream_head'::regclass, 'idempotency'::regclass)
"""
_GAPLESS = "SELECT count(*) = max(position) - %s FROM log WHERE position > %s"


class Growing:
    """One log and where its streams end, as far as they are appended to."""

    def __init__(self, made: LargeLog) -> None:
        """Draw the streams."""
        self.made = made
        self.recorder = KitelineRecorder(made.url)
        with psycopg.connect(made.url) as connection:
            (streams,) = connection.execute(_STREAMS).fetchone() or (0,)
            (self.head,) = connection.execute(_HEAD).fetchone() or (0,)
            share = min(100.0, 100.0 * 1.1 * _SAMPLE / streams)
            drawn = connection.execute(_HEADS, (share, _SAMPLE)).fetchall()
        # In the order of their ids, which are random, not of the table, where neighbours were written together.
        self._drawn: list[tuple[UUID, int]] = sorted(drawn)
        self._streams = list(self._drawn)
        self._lock = threading.Lock()
        self._next = 0

    def read_before(self) -> None:
        """Read the files that appends touch, so that the system's memory holds them."""
        with psycopg.connect(self.made.url) as connection:
            touched = [row[0] for row in connection.execute(_TOUCHED)]
        for path in touched:
            first = self.made.server.cluster.data / path
            for file in first.parent.glob(f"{first.name}*"):
                if file.name == first.name or file.name.startswith(f"{first.name}."):
                    with file.open("rb") as pages:
                        while pages.read(1 << 20):
                            pass

    def take(self) -> tuple[UUID, int]:
        """Take the next stream, and the version at which it stands; again from the first after the last."""
        with self._lock:
            place = self._next % len(self._streams)
            self._next += 1
            stream, version = self._streams[place]
            self._streams[place] = (stream, version + 2)
            return stream, version

    def seconds_a_save(self, writers: int, seconds: float) -> float:
        """Let threads save for some seconds; microseconds of all together for each save."""
        counts = [0] * writers
        started = time.perf_counter()
        deadline = started + seconds

        def write(number: int) -> None:
            while time.perf_counter() < deadline:
                stream, version = self.take()
                digest = hashlib.sha256(uuid4().bytes).digest()
                key = Idempotency("bench", digest, digest, 201)
                self.recorder.insert_events(two_events(stream, version), idempotency=key)
                counts[number] += 1

        threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        each = (time.perf_counter() - started) / sum(counts) * 1e6
        self._set_back(2 * sum(counts))
        return each

    def _set_back(self, appended: int) -> None:
        """Check that what was appended is there, gapless, and leave the log as it was."""
        with psycopg.connect(self.made.url) as connection:
            assert connection.execute(_GAPLESS, (self.head, self.head)).fetchone() == (True,)
            assert connection.execute(_HEAD).fetchone() == (self.head + appended,)
        take_away(self.made.url, self.head)
        self._streams, self._next = list(self._drawn), 0


def two_events(stream: UUID, version: int) -> list[StoredEvent]:
    """Make the next two events of a stream."""
    return [
        LogStoredEvent(stream, version + 1, "contact_made", STATE, ("330105", "510104")),
        LogStoredEvent(stream, version + 2, "contact_made", STATE, ("330105",)),
    ]


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--warm", type=float, default=8.0, help="seconds of appending before the first round")
    parser.add_argument("--writers", type=int, default=64)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--small", type=int, default=100_000)
    options = parser.parse_args()
    with ExitStack() as stack:
        large, small = (Growing(stack.enter_context(large_log(size))) for size in (options.events, options.small))
        for log in (large, small):
            log.read_before()
            log.seconds_a_save(options.writers, options.warm)
        rounds = in_turn(
            lambda: large.seconds_a_save(options.writers, options.seconds),
            lambda: small.seconds_a_save(options.writers, options.seconds),
            options.rounds,
        )
        notes = {"events": large.head, "events of the small log": small.head}
        large.recorder.close()
        small.recorder.close()
    report(Measured(BAR, rounds, {"writers": options.writers, **notes}))


if __name__ == "__main__":
    main()
