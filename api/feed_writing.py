"""The thread that writes the feeds of regions, in a process that keeps the read models: one at a time leads."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

from infra.database.connections import connect_pool
from infra.logs import get_logger
from infra.metrics import PROJECTION_POSITION, PROJECTION_TIMESTAMP
from projections.region_feeds import LEAD, LEAVE, UNHURRIED, write_page

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from infra.recording.application import Kiteline

_log = get_logger(__name__)
_NAME: Final = "region_feeds"
_PAGE: Final = 4_000
_HARDLY_ANY: Final = 200
# A page costs as much for one event as for twenty: what comes right behind the first shares the next. Gathering takes
# about as long as the page before took, so that a busy machine writes fewer and larger ones.
_LEAST_GATHER: Final = 0.008
_MOST_GATHER: Final = 0.02
_SHORTEST_IDLE: Final = 0.02
_LONGEST_IDLE: Final = 0.2
_RETRY_SECONDS: Final = 0.5
_STOP_SECONDS: Final = 30.0
_STALE_SECONDS: Final = 30.0


class FeedWriting:
    """Runs until closed; `state` is the part of readiness."""

    def __init__(self, kiteline: Kiteline, database_url: str) -> None:
        """Start at once; the database may be away."""
        self._log = kiteline.log
        self._pool = connect_pool(database_url, max_size=1, name="kiteline region feeds")
        self._stop = threading.Event()
        self._failed_at = float("-inf")
        self._thread = threading.Thread(target=self._run, name="region feeds", daemon=True)
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

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                with self._pool.connection() as connection:
                    self._lead(connection)
            except Exception as error:  # noqa: BLE001 - the database away: tried again
                self._failed_at = time.monotonic()
                _log.warning("region feeds not written, trying again", kind=type(error).__name__, exc_info=error)
            self._stop.wait(_RETRY_SECONDS)

    def _lead(self, connection: Connection[TupleRow]) -> None:
        row = connection.execute(LEAD).fetchone()
        if row is None or not row[0]:
            return
        try:
            connection.execute(UNHURRIED)
            idle = _SHORTEST_IDLE
            while not self._stop.is_set():
                began = time.monotonic()
                events, position = write_page(connection, _PAGE)
                self._failed_at = float("-inf")
                PROJECTION_POSITION.labels(_NAME).set(position)
                if events:
                    PROJECTION_TIMESTAMP.labels(_NAME).set_to_current_time()
                    idle = _SHORTEST_IDLE
                    if events < _HARDLY_ANY:
                        self._stop.wait(min(_MOST_GATHER, max(_LEAST_GATHER, time.monotonic() - began)))
                else:
                    idle = min(idle * 1.5, _LONGEST_IDLE)
                    self._log.wait_for_news(idle)
        finally:
            if not connection.broken:
                connection.execute(LEAVE)
