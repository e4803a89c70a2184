"""Records sequences that are in no log, such as the library's snapshots, each kind under its purpose."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from eventsourcing.persistence import AggregateRecorder, StoredEvent
from psycopg import Connection
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool

from infra.event_store.sessions import lent

_INSERT = """
INSERT INTO aggregate_record (purpose, originator_id, originator_version, topic, state) VALUES (%s, %s, %s, %s, %s)
"""
_UP = """
SELECT originator_id, originator_version, topic, state FROM aggregate_record
WHERE purpose = %s AND originator_id = %s AND originator_version > coalesce(%s, -9223372036854775808)
  AND originator_version <= coalesce(%s, 9223372036854775807)
ORDER BY originator_version LIMIT %s
"""
_DOWN = """
SELECT originator_id, originator_version, topic, state FROM aggregate_record
WHERE purpose = %s AND originator_id = %s AND originator_version > coalesce(%s, -9223372036854775808)
  AND originator_version <= coalesce(%s, 9223372036854775807)
ORDER BY originator_version DESC LIMIT %s
"""


class AggregateRecords(AggregateRecorder):
    """The library's aggregate recorder; raises IntegrityError for a version that is there already."""

    def __init__(self, pool: "ConnectionPool[Connection[TupleRow]]", purpose: str) -> None:
        """Keep the records of one purpose apart from others'."""
        self._pool = pool
        self._purpose = purpose

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> Sequence[int] | None:  # noqa: ANN401
        """Store all of them or none; there are no positions to return."""
        rows = [
            (self._purpose, event.originator_id, event.originator_version, event.topic, event.state)
            for event in stored_events
        ]
        with lent(self._pool) as session, session.transaction(), session.cursor() as cursor:
            cursor.executemany(_INSERT, rows)
        return None

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """Read records with versions in (gt, lte]."""
        with lent(self._pool) as session:
            cursor = session.execute(
                _DOWN if desc else _UP, (self._purpose, originator_id, gt, lte, limit), binary=True
            )
            return [StoredEvent(*row) for row in cursor]
