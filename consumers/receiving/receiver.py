"""The thread that receives, in a process whose role it is: reads when no other does, backs off while Kafka is away."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

from eventsourcing.persistence import PersistenceError

from consumers.receiving.lanes import Lanes
from consumers.receiving.topics import KafkaAway, Topics
from infra.database.connections import connect_pool
from infra.event_store.refusals import TrackingConflict
from infra.logs import get_logger
from infra.metrics import FOREIGN_BEHIND, QUARANTINED
from infra.sisters.known import topics_of_ours

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from psycopg import Connection
    from psycopg.rows import TupleRow

    from infra.recording.application import Kiteline
    from infra.settings import Settings
    from infra.sisters.taking import Inbox

_log = get_logger(__name__)
_LEAD: Final = "SELECT pg_try_advisory_lock(1802073189, 1919247220)"
"""Held by who receives ('kite', 'recv')."""
_LEAVE: Final = "SELECT pg_advisory_unlock(1802073189, 1919247220)"
_STILL_THERE: Final = "SELECT 1"
_CANDIDATE_SECONDS: Final = 0.5
_LONGEST_PAUSE: Final = 5.0
_LOOK_SECONDS: Final = 2.0
_STOP_SECONDS: Final = 30.0
OK: Final = "ok"


class Receiving:
    """Runs until closed; `state` is the part of readiness."""

    def __init__(
        self,
        settings: Settings,
        database_url: str,
        kiteline: Kiteline,
        inbox: Inbox,
        *,
        sound: Callable[[], bool] = lambda: True,
    ) -> None:
        """Start at once; database and Kafka may be away. While the log is not `sound`, nothing is received."""
        self._settings = settings
        self._kiteline = kiteline
        self._inbox = inbox
        self._sound = sound
        self._servers = servers_of(settings)
        self._pool = connect_pool(database_url, max_size=1, name="kiteline receiver")
        self._stop = threading.Event()
        self.state = OK
        """`ok`, also of one who stands by; `kafka away`, or `failing`."""
        self._thread = threading.Thread(target=self._run, name="receiver", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop behind the event that is being recorded."""
        self._stop.set()
        self._thread.join(_STOP_SECONDS)
        self._pool.close()

    def _run(self) -> None:
        pause = _CANDIDATE_SECONDS
        while not self._stop.is_set():
            try:
                with self._pool.connection() as connection:
                    self._lead_if_free(connection)
                self.state, pause = OK, _CANDIDATE_SECONDS
            except TrackingConflict:
                _log.warning("another process has read on; looking again where to go on")
            except KafkaAway as away:
                self._has_trouble("kafka away", away)
                pause = min(pause * 2, _LONGEST_PAUSE)
            except Exception as error:  # noqa: BLE001 - the database away: begin again from what is stored
                self._has_trouble("failing", error)
                pause = min(pause * 2, _LONGEST_PAUSE)
            self._stop.wait(pause)

    def _has_trouble(self, trouble: str, error: Exception) -> None:
        if self.state != trouble:
            unknown = not isinstance(error, KafkaAway | PersistenceError)
            _log.warning("not receiving, trying again", trouble=trouble, kind=type(error).__name__, exc_info=unknown)
        self.state = trouble

    def _lead_if_free(self, connection: Connection[TupleRow]) -> None:
        row = connection.execute(_LEAD).fetchone()
        if row is None or not row[0]:
            return
        try:
            self._lead(connection)
        finally:
            if not connection.broken:
                connection.execute(_LEAVE)

    def _lead(self, connection: Connection[TupleRow]) -> None:
        topics = [Topics(one, self._settings.kafka_options, self._tracked) for one in self._servers]
        lanes = Lanes(self._inbox, self._kiteline.log)
        looked = -_LOOK_SECONDS
        try:
            while not self._stop.is_set() and self._sound():
                if time.monotonic() - looked >= _LOOK_SECONDS:
                    looked = time.monotonic()
                    connection.execute(_STILL_THERE)
                    self._look(topics)
                for one in topics:
                    lanes.take(one.poll(), self._stop.is_set)
                if not topics:
                    self._stop.wait(_LOOK_SECONDS)
        finally:
            lanes.close()
            for one in topics:
                one.close()

    def _look(self, topics: list[Topics]) -> None:
        """See to what others may have done meanwhile: new topics, organisations, introductions."""
        self._kiteline.refresh_reference()
        for one in topics:
            one.refresh(self._ours)
            for region, behind in one.behind().items():
                FOREIGN_BEHIND.labels(region).set(behind)
        self._inbox.sweep()
        QUARANTINED.clear()
        for reason, count in self._inbox.quarantine.counts().items():
            QUARANTINED.labels(reason).set(count)
        self.state = OK

    def _tracked(self, name: str) -> int:
        return self._kiteline.log.max_tracking_id(name) or 0

    def _ours(self, found: Collection[str]) -> list[str]:
        tree = self._kiteline.reference().organisations
        homes = {one.region for one in tree.by_code.values() if not one.external}
        return topics_of_ours(found, homes, self._inbox.recording.sisters.by_deployment.values())


def servers_of(settings: Settings) -> list[str]:
    """Return the Kafkas to read from: ours, and those of sisters who have another."""
    named = [sister.kafka_bootstrap_servers or settings.kafka_bootstrap_servers for sister in settings.sisters.values()]
    return list(dict.fromkeys(one for one in named if one is not None))
