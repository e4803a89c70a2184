"""The database's disk full: saves are refused as unavailable, none acknowledged is lost, space is all it takes."""

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from eventsourcing.persistence import OperationalError, StoredEvent

from infra.database.embedded import EmbeddedPostgres
from infra.database.migrations import migrate
from infra.event_store.recorder import KitelineRecorder
from infra.event_store.refusals import StoreUnavailable
from infra.event_store.save import Idempotency
from tests.faults.event_store_checks import gaps, log_of, lost

_DISK_MIB = 160
_BALLAST_MIB = 48
_SMALL = {"max_wal_size": "64MB", "min_wal_size": "32MB", "wal_buffers": "1MB", "shared_buffers": "32MB"}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, nearly filled by a ballast file that can be removed."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_DISK_MIB}m", "tmpfs", str(disk)], check=True)  # noqa: S607
    try:
        (disk / "ballast").write_bytes(bytes(_BALLAST_MIB << 20))
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)  # noqa: S607


def test_a_full_disk_refuses_saves_and_loses_none_that_was_acknowledged(small_disk):
    with EmbeddedPostgres(small_disk / "home", _SMALL) as server:
        migrate(server.url)
        recorder = KitelineRecorder(server.url)
        answers: list[dict[str, object]] = []

        refusal = write_until_refused(recorder, answers)
        assert isinstance(refusal, StoreUnavailable)
        assert answers

        (small_disk / "ballast").unlink()
        before = len(answers)
        write_again(recorder, answers)
        recorder.close()

        log = log_of(server.url)
        assert len(answers) > before
        assert lost(answers, log) == []
        assert gaps([row.position for row in log]) == []


def write_until_refused(recorder: KitelineRecorder, answers: list[dict[str, object]]) -> Exception:
    """Save large events in four threads until the first refusal."""
    stop = threading.Event()

    def write() -> Exception | None:
        while not stop.is_set():
            try:
                answers.append(save(recorder))
            except OperationalError as error:
                stop.set()
                return error
        return None

    with ThreadPoolExecutor(4) as threads:
        refusals = [refusal for refusal in threads.map(lambda _: write(), range(4)) if refusal is not None]
    return refusals[0]


def write_again(recorder: KitelineRecorder, answers: list[dict[str, object]]) -> None:
    """Save until it goes through again, as a client that tries again later."""
    deadline = time.monotonic() + 15
    while True:
        try:
            answers.append(save(recorder))
        except OperationalError:
            assert time.monotonic() < deadline, "no save went through after there was space again"
        else:
            return


def save(recorder: KitelineRecorder) -> dict[str, object]:
    """Save one large event under a key, and tell the answer."""
    stream: UUID = uuid4()
    event = StoredEvent(stream, 1, "recorded", os.urandom(64 << 10))
    positions = recorder.insert_events([event], idempotency=Idempotency("caller", stream.bytes, b"body", 201))
    assert positions
    return {"stream": str(stream), "version": 1, "count": 1, "position": positions[0]}
