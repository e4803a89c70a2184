"""A transaction made slow on purpose beside a tailing reader: position n+1 is never seen before n."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import uuid4

import psycopg
import pytest
from eventsourcing.persistence import ApplicationRecorder, StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg import sql

from infra.event_store.recorder import KitelineRecorder
from tests.faults.event_store_checks import gaps

_GATE = 4242
# Runs at commit, after everything was written and before anybody can see it.
_SLOW_COMMIT = """
CREATE FUNCTION wait_at_the_gate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(4242);
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER slow_commit AFTER INSERT ON {} DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.topic = 'slow') EXECUTE FUNCTION wait_at_the_gate();
"""
_WAITING = """
SELECT count(*) FROM pg_locks
WHERE NOT granted AND database IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
"""


class WithoutLock(PostgresApplicationRecorder):
    """The library's recorder as it would be without the table lock that keeps its writers apart."""

    def _lock_table(self, curs: Any) -> None:
        del curs


@pytest.fixture
def ours(database_url: str) -> Iterator[Sequence[ApplicationRecorder]]:
    """Two recorders, as two processes have."""
    recorders = [KitelineRecorder(database_url), KitelineRecorder(database_url)]
    yield recorders
    for recorder in recorders:
        recorder.close()


@pytest.fixture
def unlocked(database_url: str) -> Iterator[Sequence[ApplicationRecorder]]:
    """The broken variant."""
    parts = urlsplit(database_url)
    with PostgresDatastore(
        dbname=parts.path.removeprefix("/"),
        host=unquote(parts.query.removeprefix("host=")),
        port=5432,
        user=parts.username or "",
        password=parts.password or "",
        pool_size=3,
    ) as datastore:
        recorder = WithoutLock(datastore, events_table_name="stored_events")
        recorder.create_table()
        yield [recorder, recorder]


def test_a_reader_never_sees_a_position_before_the_one_below_it(database_url, ours):
    seen_meanwhile, seen_by_tail = tail_beside_a_slow_commit(database_url, "log", ours)

    assert gaps(seen_meanwhile) == []
    assert seen_by_tail == [1, 2]


def test_the_check_finds_the_gap_of_the_library_recorder_without_its_lock(database_url, unlocked):
    seen_meanwhile, seen_by_tail = tail_beside_a_slow_commit(database_url, "stored_events", unlocked)

    assert gaps(seen_meanwhile) == [2]
    assert seen_by_tail == [2], "the reader has passed over the first event for good"


def tail_beside_a_slow_commit(
    url: str, table: str, recorders: Sequence[ApplicationRecorder]
) -> tuple[list[int], list[int]]:
    """Hold one commit while another writer tries; return what a reader saw then, and what its tail saw at last."""
    slow, quick = recorders
    with psycopg.connect(url, autocommit=True) as control:
        control.execute(sql.SQL(_SLOW_COMMIT).format(sql.Identifier(table)))
        with gate_closed(control):
            first = in_thread(lambda: slow.insert_events([StoredEvent(uuid4(), 1, "slow", b"{}")]))
            await_condition(control, lambda waiting: waiting == 1)
            second = in_thread(lambda: quick.insert_events([StoredEvent(uuid4(), 1, "quick", b"{}")]))
            await_condition(control, lambda waiting: waiting == 2 or not second.is_alive())
            meanwhile = [one.id for one in quick.select_notifications(start=1, limit=10)]
            tail = list(meanwhile)
        first.join()
        second.join()
    last = tail[-1] if tail else 0
    tail += [one.id for one in quick.select_notifications(start=last, limit=10, inclusive_of_start=False)]
    return meanwhile, tail


@contextmanager
def gate_closed(control: psycopg.Connection) -> Iterator[None]:
    """Keep slow commits waiting."""
    control.execute("SELECT pg_advisory_lock(%s)", (_GATE,))
    try:
        yield
    finally:
        control.execute("SELECT pg_advisory_unlock(%s)", (_GATE,))


def in_thread(work: Callable[[], object]) -> threading.Thread:
    """Start it."""
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def await_condition(control: psycopg.Connection, holds: Callable[[int], bool]) -> None:
    """Return once it holds for the number of sessions that wait for a lock in this database."""
    deadline = time.monotonic() + 8
    while time.monotonic() < deadline:
        row = control.execute(_WAITING).fetchone()
        if row is not None and holds(row[0]):
            return
    pytest.fail("the writers did not get to where they should wait")
