"""What sisters sent and could not be recorded: kept as it came, with the reason, until it can or a person drops it."""

from __future__ import annotations

from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from psycopg import Connection
    from psycopg.rows import TupleRow

    from infra.event_store.recorder import KitelineRecorder
    from infra.sisters.foreign_event import CannotTake, ForeignEvent

_LONGEST: Final = 65_536
"""Bytes kept of what cannot even be read."""
_PUT: Final = """
INSERT INTO quarantine (digest, deployment, subject, source, event_id, fact, topic, event, code, detail)
VALUES (%(digest)s, %(deployment)s, %(subject)s, %(source)s, %(event_id)s, %(fact)s, %(topic)s, %(event)s, %(code)s,
        %(detail)s)
ON CONFLICT (digest) DO NOTHING
"""
_COLUMNS: Final = """
SELECT quarantine_id, deployment, subject, source, event_id, fact, topic, event, code, detail, arrived_at, tried_at,
       tries
FROM quarantine
WHERE dropped_at IS NULL
"""
_OF_SUBJECT: Final = _COLUMNS + "AND deployment = %s AND subject = %s ORDER BY quarantine_id"
_LISTED: Final = (
    _COLUMNS
    + """
AND quarantine_id > %(after)s
AND (%(deployment)s::text IS NULL OR deployment = %(deployment)s)
AND (%(code)s::text IS NULL OR code = %(code)s)
ORDER BY quarantine_id
LIMIT %(limit)s
"""
)
_SUBJECTS: Final = """
SELECT DISTINCT deployment, subject FROM quarantine
WHERE dropped_at IS NULL AND deployment IS NOT NULL AND subject IS NOT NULL
"""
_INTRODUCED: Final = """
SELECT DISTINCT q.deployment, q.subject
FROM quarantine AS q
JOIN idempotency AS i ON i.caller = 'introduced:' || q.deployment AND i.key_hash = sha256(convert_to(q.subject, 'UTF8'))
WHERE q.dropped_at IS NULL AND q.code IN ('not_introduced', 'behind_another')
"""
_STILL: Final = """
UPDATE quarantine SET code = %s, detail = %s, tried_at = clock_timestamp(), tries = tries + 1 WHERE quarantine_id = %s
"""
_TAKEN: Final = "DELETE FROM quarantine WHERE quarantine_id = %s"
_DROP: Final = """
UPDATE quarantine SET dropped_at = clock_timestamp(), event = ''
WHERE quarantine_id = %s AND dropped_at IS NULL
"""
_COUNTS: Final = "SELECT code, count(*) FROM quarantine WHERE dropped_at IS NULL GROUP BY code"
# 'kite', and the subject: one process at a time goes through what waits of somebody.
_ALONE: Final = "SELECT pg_advisory_lock(1802073189, hashtext(%s))"
_LEAVE: Final = "SELECT pg_advisory_unlock(1802073189, hashtext(%s))"


class Waiting(NamedTuple):
    """One event that waits; times in UTC. `deployment` and `subject` are None where it could not be read."""

    quarantine_id: int
    deployment: str | None
    subject: str | None
    source: str | None
    event_id: str | None
    fact: str | None
    topic: str
    event: bytes
    code: str
    detail: str
    arrived_at: datetime
    tried_at: datetime
    tries: int


class Quarantine:
    """The table; safe for threads and processes."""

    def __init__(self, log: KitelineRecorder) -> None:
        """Write beside the log, as its role."""
        self._log = log

    def put(self, event: ForeignEvent | None, raw: bytes, topic: str, why: CannotTake) -> None:
        """Keep an event; one that is kept, or was dropped, stays as it is. Durable when this returns."""
        with self._log.reading() as connection:
            connection.execute(
                _PUT,
                {
                    "digest": event.digest if event is not None else sha256(raw).digest(),
                    "deployment": event.deployment if event is not None else None,
                    "subject": event.subject if event is not None else None,
                    "source": event.source if event is not None else None,
                    "event_id": event.event_id if event is not None else None,
                    "fact": event.fact if event is not None else None,
                    "topic": topic,
                    "event": raw if event is not None else raw[:_LONGEST],
                    "code": why.code,
                    "detail": why.told().replace("\0", ""),
                },
            )

    def of_subject(self, deployment: str, subject: str) -> list[Waiting]:
        """Return what waits of somebody, in the order in which it came."""
        with self._log.reading() as connection:
            rows = connection.execute(_OF_SUBJECT, (deployment, subject)).fetchall()
        return [Waiting(*row) for row in rows]

    def listed(
        self, *, deployment: str | None = None, code: str | None = None, after: int = 0, limit: int = 1_000
    ) -> list[Waiting]:
        """Return what waits, of one sister or for one reason, in the order in which it came."""
        asked = {"deployment": deployment, "code": code, "after": after, "limit": limit}
        with self._log.reading() as connection:
            rows = connection.execute(_LISTED, asked).fetchall()
        return [Waiting(*row) for row in rows]

    def subjects(self) -> set[tuple[str, str]]:
        """Return of whom something waits: deployment and subject."""
        with self._log.reading() as connection:
            return {(row[0], row[1]) for row in connection.execute(_SUBJECTS)}

    def introduced(self) -> list[tuple[str, str]]:
        """Return of whom something waits though they have been introduced."""
        with self._log.reading() as connection:
            return [(row[0], row[1]) for row in connection.execute(_INTRODUCED)]

    def counts(self) -> dict[str, int]:
        """Return how many wait, by reason."""
        with self._log.reading() as connection:
            return {row[0]: row[1] for row in connection.execute(_COUNTS)}

    def still(self, quarantine_id: int, why: CannotTake) -> None:
        """Say why an event that was tried again still waits."""
        with self._log.reading() as connection:
            connection.execute(_STILL, (why.code, why.told(), quarantine_id))

    def taken(self, quarantine_id: int) -> None:
        """Let go of an event that has had its effect."""
        with self._log.reading() as connection:
            connection.execute(_TAKEN, (quarantine_id,))

    def drop(self, quarantine_id: int) -> bool:
        """Give an event up: what it says is deleted, and reading its topic again does not bring it back."""
        with self._log.reading() as connection:
            return connection.execute(_DROP, (quarantine_id,)).rowcount > 0

    @contextmanager
    def alone(self, deployment: str, subject: str) -> Iterator[None]:
        """Go through what waits of somebody while no other process does."""
        name = f"{deployment} {subject}"
        with self._log.reading() as connection:
            connection.execute(_ALONE, (name,))
            try:
                yield
            finally:
                _leave(connection, name)


def _leave(connection: Connection[TupleRow], name: str) -> None:
    if not connection.broken:
        connection.execute(_LEAVE, (name,))
