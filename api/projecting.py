"""The thread that keeps the read models, in a process whose role it is."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

from infra.database.connections import connect_pool
from infra.event_store.recorder import KitelineRecorder
from infra.logs import get_logger
from infra.metrics import PARKED_MEMBERS, PROJECTION_POSITION, PROJECTION_TIMESTAMP
from infra.recording.mapper import fact_from_row
from projections.log_rows import Log
from projections.runner import Hooks, Runner

if TYPE_CHECKING:
    from infra.recording.application import Kiteline

_log = get_logger(__name__)
_NAME: Final = "read_models"
_STOP_SECONDS: Final = 30.0
_STALE_SECONDS: Final = 30.0


@contextmanager
def log_at(database_url: str) -> Iterator[Log]:
    """Open the log as projections read it, in a process that has nothing else of the service."""
    recorder = KitelineRecorder(database_url, readers=1)
    try:
        yield log_of(recorder)
    finally:
        recorder.close()


def log_of(recorder: KitelineRecorder) -> Log:
    """Return the log as projections read it."""
    return Log(recorder.read_log, recorder.read_reference, recorder.read_streams, fact_from_row)


class Projecting:
    """Runs the projections' runner in a thread until closed; ends after the page that it is writing."""

    def __init__(self, kiteline: Kiteline, database_url: str) -> None:
        """Start at once; the database may be away."""
        self._kiteline = kiteline
        self._pool = connect_pool(database_url, max_size=3, name="kiteline projections")
        self._stop = threading.Event()
        self._failed_at = float("-inf")
        log = kiteline.log
        runner = Runner(
            self._pool,
            log_of(log),
            opening=partial(log_at, database_url),
            wait=log.wait_for_news,
            hooks=Hooks(page=self._has_written, parked=self._has_parked, failed=self._has_failed),
        )
        self._thread = threading.Thread(target=runner.run_forever, args=(self._stop,), name="projections", daemon=True)
        self._thread.start()

    @property
    def state(self) -> str:
        """`ok`, or `failing` while what it last tried failed a moment ago."""
        return "failing" if time.monotonic() - self._failed_at < _STALE_SECONDS else "ok"

    def close(self) -> None:
        """Stop, finishing the page under way."""
        self._stop.set()
        self._thread.join(_STOP_SECONDS)
        self._pool.close()

    def _has_written(self, position: int, _facts: int) -> None:
        self._failed_at = float("-inf")
        PROJECTION_POSITION.labels(_NAME).set(position)
        PROJECTION_TIMESTAMP.labels(_NAME).set_to_current_time()

    def _has_parked(self, count: int) -> None:
        PARKED_MEMBERS.labels(_NAME).inc(count)
        _log.error("members parked: their events could not be folded", count=count)

    def _has_failed(self, error: Exception) -> None:
        self._failed_at = time.monotonic()
        _log.warning("read models not written, trying again", kind=type(error).__name__, exc_info=error)
