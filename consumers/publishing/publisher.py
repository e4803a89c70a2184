"""The thread that publishes, in a process whose role it is: leads when nobody else does, backs off while Kafka is away.

Nothing else waits for it: commands, read models and feeds go on, and what was not published is behind its progress.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

from consumers.publishing import progress
from consumers.publishing.kafka import Kafka, KafkaAway
from consumers.publishing.measures import measure
from consumers.publishing.rests import Rests
from consumers.publishing.term import SHORTEST_IDLE, DeliveryFailed, Term, TopicsChanged
from infra.database.connections import connect_pool
from infra.logs import get_logger
from infra.metrics import PUBLISHER_LEADING

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import Connection
    from psycopg.rows import TupleRow

    from infra.settings import Settings

_log = get_logger(__name__)
_CANDIDATE_SECONDS: Final = 0.5
_LONGEST_PAUSE: Final = 5.0
_MEASURE_SECONDS: Final = 2.0
_STOP_SECONDS: Final = 30.0
_STUCK_SECONDS: Final = 60.0
OK: Final = "ok"


class Publishing:
    """Runs until closed; `state` is the part of readiness."""

    def __init__(self, settings: Settings, database_url: str, *, sound: Callable[[], bool] = lambda: True) -> None:
        """Start at once; database and Kafka may be away. While the log is not `sound`, nothing is published.

        Raises SettingsError for options of Kafka's clients that nobody knows.
        """
        self._kafka = Kafka(settings)
        self._sound = sound
        self._pool = connect_pool(database_url, max_size=1, name="kiteline publisher")
        self._rests = Rests()
        self._stop = threading.Event()
        self._trouble = OK
        self.looks = 0
        """How often it tried to lead."""
        self._beat = self._measured_at = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)
        self._thread.start()

    @property
    def state(self) -> str:
        """`ok`, also of one who stands by; `kafka away`, `refused topics`, `failing`, or `stuck`, seen from outside."""
        return "stuck" if time.monotonic() - self._beat > _STUCK_SECONDS else self._trouble

    def close(self) -> None:
        """Stop; what was sent and not acknowledged is looked for by the next leader."""
        self._stop.set()
        self._thread.join(_STOP_SECONDS)
        self._pool.close()

    def _run(self) -> None:
        pause = _CANDIDATE_SECONDS
        while not self._stop.is_set():
            self._beat = time.monotonic()
            try:
                with self._pool.connection() as connection:
                    self._lead_if_free(connection)
                pause = _CANDIDATE_SECONDS
            except TopicsChanged as change:
                _log.warning("Kafka is not what it was, looking again", what=str(change))
                continue
            except DeliveryFailed as failure:
                seconds = self._rests.rest(failure.region)
                _log.error("not taken by Kafka", region=failure.region, reason=failure.reason, again_in=seconds)
                continue
            except KafkaAway as away:
                self._has_trouble("kafka away", away.reason)
                pause = min(pause * 2, _LONGEST_PAUSE)
            except Exception as error:  # noqa: BLE001 - the database away: begin again from what stands
                self._has_trouble("failing", type(error).__name__, error)
                pause = min(pause * 2, _LONGEST_PAUSE)
            self._stop.wait(pause)

    def _has_trouble(self, trouble: str, kind: str, error: Exception | None = None) -> None:
        if self._trouble != trouble:
            _log.warning("not publishing, trying again", trouble=trouble, kind=kind, exc_info=error)
        self._trouble = trouble

    def _lead_if_free(self, connection: Connection[TupleRow]) -> None:
        self.looks += 1
        self._measure(connection)
        row = connection.execute(progress.LEAD).fetchone()
        if row is None or not row[0]:
            self._trouble = OK  # another process publishes, and says how that goes
            return
        PUBLISHER_LEADING.set(1)
        try:
            if self._sound():
                self._lead(connection)
        except KafkaAway:
            progress.note_standing(connection, None, "kafka away")
            raise
        finally:
            PUBLISHER_LEADING.set(0)
            if not connection.broken:
                connection.execute(progress.LEAVE)

    def _lead(self, connection: Connection[TupleRow]) -> None:
        idle = SHORTEST_IDLE
        with Term(connection, self._kafka, self._rests) as term:
            progress.note_standing(connection, term.cluster_id, OK)
            while not self._stop.is_set() and self._sound():
                self._beat = time.monotonic()
                more = term.work()
                self._trouble = "refused topics" if term.refused or self._rests.count() else OK
                self._measure(connection, term)
                idle = SHORTEST_IDLE if more else term.wait(idle)

    def _measure(self, connection: Connection[TupleRow], term: Term | None = None) -> None:
        if time.monotonic() - self._measured_at < _MEASURE_SECONDS:
            return
        self._measured_at = time.monotonic()
        if term is not None:
            progress.note_standing(connection, term.cluster_id, self._trouble)
        measure(connection)


__all__ = ["Publishing"]
