"""The database's disk full: saves are refused as unavailable, none acknowledged is lost, space is all it takes."""

import contextlib
import os
import resource
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
_LARGEST_FILE = 12 << 20
_SMALL = {"max_wal_size": "64MB", "min_wal_size": "32MB", "wal_buffers": "1MB", "shared_buffers": "32MB"}


class SmallDisk:
    """A file system of its own, nearly filled by a ballast file; only root may mount one."""

    def __init__(self, folder: Path) -> None:
        """Mount it over `folder`."""
        self.home = folder / "home"
        self._ballast = folder / "ballast"
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_DISK_MIB}m", "tmpfs", str(folder)], check=True)  # noqa: S607
        self._ballast.write_bytes(bytes(_BALLAST_MIB << 20))

    def fill(self) -> None:
        """Nothing to do: it is nearly full from the start."""

    def free(self) -> None:
        """Make space."""
        self._ballast.unlink()

    def close(self) -> None:
        """Unmount it."""
        subprocess.run(["umount", "--lazy", str(self.home.parent)], check=True)  # noqa: S607


class SmallFiles:
    """The same for an ordinary user: no file of the server's may grow beyond a size."""

    def __init__(self, folder: Path) -> None:
        """Use an ordinary folder."""
        self.home = folder / "home"

    def fill(self) -> None:
        """Limit every process of the server, and its keeper, whose limit a server started again inherits."""
        self._limit(_LARGEST_FILE)

    def free(self) -> None:
        """Let files grow again."""
        self._limit(resource.RLIM_INFINITY)

    def close(self) -> None:
        """Nothing to do."""

    def _limit(self, size: int) -> None:
        limited = [int((self.home / "postgres" / "server.lock").read_text())]
        for process in limited:  # grows by the children of each
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                hard = resource.prlimit(process, resource.RLIMIT_FSIZE)[1]
                resource.prlimit(process, resource.RLIMIT_FSIZE, (size, hard))
                limited += map(int, Path(f"/proc/{process}/task/{process}/children").read_text().split())


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk | SmallFiles]:
    """Somewhere to store with little space."""
    folder = tmp_path / "disk"
    folder.mkdir()
    disk = SmallDisk(folder) if os.geteuid() == 0 else SmallFiles(folder)
    yield disk
    disk.close()


def test_a_full_disk_refuses_saves_and_loses_none_that_was_acknowledged(disk):
    with EmbeddedPostgres(disk.home, _SMALL) as server:
        migrate(server.url)
        recorder = KitelineRecorder(server.url)
        answers: list[dict[str, object]] = [save(recorder)]
        disk.fill()

        refusal = write_until_refused(recorder, answers)
        assert isinstance(refusal, StoreUnavailable)

        disk.free()
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
