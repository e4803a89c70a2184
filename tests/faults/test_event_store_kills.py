"""kill -9 of writers in the middle of batches, and of the database: what was acknowledged is there, whole, gapless."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from eventsourcing.persistence import StoredEvent

from infra.database.embedded import EmbeddedPostgres
from infra.database.migrations import migrate
from infra.event_store.recorder import KitelineRecorder
from infra.event_store.save import Idempotency, Save
from tests.faults.event_store_checks import acknowledged, gaps, halves, log_of, lost
from tests.faults.event_store_writer import until_answered

_APPEND_LOCK = "SELECT pg_advisory_lock(1802073189, 7106407)"


def test_killed_writers_lose_nothing_they_acknowledged(database_url, tmp_path):
    with ExitStack() as writers:
        processes = [writers.enter_context(writer(database_url, tmp_path / f"answers-{number}")) for number in range(2)]
        for number, process in enumerate(processes):
            await_answers(tmp_path / f"answers-{number}", 150)
            process.send_signal(signal.SIGKILL)

    log = log_of(database_url)
    answers = [answer for number in range(2) for answer in acknowledged(tmp_path / f"answers-{number}")]
    assert len(answers) >= 300
    assert lost(answers, log) == []
    assert halves(log) == []
    assert gaps([row.position for row in log]) == []


def test_the_check_finds_a_recorder_that_acknowledges_before_the_commit(database_url, tmp_path):
    answers = tmp_path / "answers"
    with psycopg.connect(database_url, autocommit=True) as control:
        control.execute(_APPEND_LOCK)  # so that nothing commits before the kill
        with writer(database_url, answers, "--answer-early") as process:
            await_answers(answers, 20)
            process.send_signal(signal.SIGKILL)
            process.wait(5)
        log = log_of(database_url)

    assert lost(acknowledged(answers), log) != []


def test_a_killed_database_loses_nothing_acknowledged_and_comes_back_without_a_hand(home):
    with EmbeddedPostgres(home) as server:
        migrate(server.url)
        recorder = KitelineRecorder(server.url)
        answers: list[dict[str, object]] = []
        stop = threading.Event()

        def write() -> None:
            while not stop.is_set():
                stream = uuid4()
                events = (StoredEvent(stream, 1, "written", b"{}"), StoredEvent(stream, 2, "written", b"{}"))
                key = Idempotency("writer", stream.bytes, stream.bytes, 201)
                position = until_answered(recorder, Save(events, key))
                answers.append({"stream": str(stream), "version": 1, "count": 2, "position": position})

        threads = [threading.Thread(target=write) for _ in range(8)]
        for thread in threads:
            thread.start()
        await_that(lambda: len(answers) >= 200)
        first = server.postmaster()
        assert first is not None
        os.kill(first, signal.SIGKILL)
        # Its children may go on for a moment: what counts as come back is answers of the server that follows.
        await_that(lambda: server.postmaster() not in (None, first))
        before = len(answers)
        await_that(lambda: len(answers) >= before + 200)
        stop.set()
        for thread in threads:
            thread.join()
        recorder.close()

        log = log_of(server.url)
        assert server.postmaster() != first
        assert lost(answers, log) == []
        assert halves(log) == []
        assert gaps([row.position for row in log]) == []
        assert len(log) == 2 * len(answers), "one effect a key"


@contextmanager
def writer(url: str, answers: Path, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a writer process; it is killed at the end."""
    command = [sys.executable, "-m", "tests.faults.event_store_writer", url, str(answers), *options]
    process = subprocess.Popen(command)
    try:
        yield process
    finally:
        process.kill()
        process.wait(5)


def await_answers(path: Path, count: int) -> None:
    """Return once a writer has written down so many answers."""
    await_that(lambda: len(acknowledged(path)) >= count)


def await_that(holds: Callable[[], bool], seconds: float = 15) -> None:
    """Return once it holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            pytest.fail(f"did not come about within {seconds} s")
        time.sleep(0.01)
