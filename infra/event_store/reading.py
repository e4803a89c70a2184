"""The questions asked of the event store, each one statement on an index."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from eventsourcing.persistence import Notification, StoredEvent
from psycopg import Connection
from psycopg.rows import TupleRow

from infra.event_store.save import LogRow, StoredKey

_LOG_PAGE = """
SELECT position, originator_id, originator_version, topic, state, concerns, epoch, recorded_at
FROM log WHERE position >= %s ORDER BY position LIMIT %s
"""
_LOG_AT = """
SELECT position, originator_id, originator_version, topic, state, concerns, epoch, recorded_at
FROM log WHERE position = ANY (%s::bigint[]) ORDER BY position
"""
# The topics as they stand in the partial index log_facts_looked_up (migration 0042), so that the planner can use it.
_REFERENCE = """
SELECT position, originator_id, originator_version, topic, state, concerns, epoch, recorded_at
FROM log
WHERE topic IN (
    'organisation_registered', 'organisation_dissolved', 'policy_adopted', 'workdays_set', 'region_reorganised',
    'code_list_adopted', 'agreement_signed', 'agreement_countersigned', 'agreement_ended'
) AND position >= %s
ORDER BY position LIMIT %s
"""
# The last position recorded by a moment. Both grow together, so halving finds it on the primary key.
_POSITION_BY = """
WITH RECURSIVE search (low, high) AS (
    SELECT 0::bigint, coalesce((SELECT position FROM log ORDER BY position DESC LIMIT 1), 0)
    UNION ALL
    SELECT
        CASE WHEN middle.recorded_at <= %(moment)s THEN middle.position ELSE search.low END,
        CASE WHEN middle.recorded_at <= %(moment)s THEN search.high ELSE middle.position - 1 END
    FROM search
    CROSS JOIN LATERAL (
        SELECT log.position, log.recorded_at FROM log WHERE log.position = (search.low + search.high + 1) / 2
    ) AS middle
    WHERE search.low < search.high
)
SELECT low FROM search WHERE low >= high
"""
_STREAM = """
SELECT position, originator_id, originator_version, topic, state, concerns, epoch, recorded_at
FROM log WHERE originator_id = %s ORDER BY originator_version
"""
_STREAMS = """
SELECT l.position, l.originator_id, l.originator_version, l.topic, l.state, l.concerns, l.epoch, l.recorded_at
FROM unnest(%s::uuid[]) AS s (id)
CROSS JOIN LATERAL (SELECT * FROM log WHERE originator_id = s.id ORDER BY originator_version) AS l
"""
_EVENTS_UP = """
SELECT originator_id, originator_version, topic, state FROM log
WHERE originator_id = %s AND originator_version > coalesce(%s, -9223372036854775808)
  AND originator_version <= coalesce(%s, 9223372036854775807)
ORDER BY originator_version LIMIT %s
"""
_EVENTS_DOWN = """
SELECT originator_id, originator_version, topic, state FROM log
WHERE originator_id = %s AND originator_version > coalesce(%s, -9223372036854775808)
  AND originator_version <= coalesce(%s, 9223372036854775807)
ORDER BY originator_version DESC LIMIT %s
"""
_NOTIFICATIONS = """
SELECT originator_id, originator_version, topic, state, position FROM log
WHERE position >= %s AND position <= %s ORDER BY position LIMIT %s
"""
_NOTIFICATIONS_OF_TOPICS = """
SELECT originator_id, originator_version, topic, state, position FROM log
WHERE position >= %s AND position <= %s AND topic = ANY (%s) ORDER BY position LIMIT %s
"""
_HEAD = "SELECT position FROM log ORDER BY position DESC LIMIT 1"
_KEYS = """
SELECT i.caller, i.key_hash, i.body_hash, i.status, i.first_position, i.event_count, i.answer, i.recorded_at
FROM unnest(%s::text[], %s::bytea[]) AS k (caller, key_hash)
JOIN idempotency i ON i.caller = k.caller AND i.key_hash = k.key_hash
"""
_MEMBERS_BY_INDEX = """
SELECT x.key_version, x.digest, x.member_id
FROM unnest(%s::integer[], %s::bytea[]) AS k (key_version, digest)
JOIN vault_index x ON x.key_version = k.key_version AND x.digest = k.digest
"""
_TRACKED = "SELECT notification_id FROM tracking WHERE application_name = %s"
_LAST = 2**63 - 1

Session = Connection[TupleRow]


def position_by(session: Session, moment: datetime) -> int:
    """Return the last position recorded by a moment; 0 before the first."""
    row = session.execute(_POSITION_BY, {"moment": moment}).fetchone()
    return int(row[0]) if row is not None else 0


def log_page(session: Session, start: int, limit: int) -> list[LogRow]:
    """Read the log from position `start` on, at most `limit` rows."""
    return list(map(LogRow._make, session.execute(_LOG_PAGE, (start, limit), binary=True).fetchall()))


def rows_at(session: Session, positions: Sequence[int]) -> list[LogRow]:
    """Read the rows at these positions, in their order."""
    return list(map(LogRow._make, session.execute(_LOG_AT, (list(positions),), binary=True)))


def reference_facts(session: Session, start: int, limit: int) -> list[LogRow]:
    """Read the facts that every decision looks up, from position `start` on, at most `limit`."""
    return list(map(LogRow._make, session.execute(_REFERENCE, (start, limit), binary=True)))


def streams(session: Session, ids: Sequence[UUID]) -> dict[UUID, list[LogRow]]:
    """Read whole streams, oldest first; a stream without events is an empty list."""
    found: dict[UUID, list[LogRow]] = {stream: [] for stream in ids}
    if len(found) == 1:
        cursor = session.execute(_STREAM, (ids[0],), binary=True)
    else:
        cursor = session.execute(_STREAMS, (list(found),), binary=True)
    for row in cursor.fetchall():
        found[row[1]].append(LogRow._make(row))
    return found


def events_of(
    session: Session, stream: UUID | str, *, gt: int | None, lte: int | None, desc: bool, limit: int | None
) -> list[StoredEvent]:
    """Read a stream's events between two versions."""
    statement = _EVENTS_DOWN if desc else _EVENTS_UP
    return [StoredEvent(*row) for row in session.execute(statement, (stream, gt, lte, limit), binary=True)]


def notifications(
    session: Session, first: int, last: int | None, topics: Sequence[str], limit: int
) -> list[Notification]:
    """Read the log between two positions, all topics when none is named."""
    end = _LAST if last is None else last
    if topics:
        cursor = session.execute(_NOTIFICATIONS_OF_TOPICS, (first, end, list(topics), limit), binary=True)
    else:
        cursor = session.execute(_NOTIFICATIONS, (first, end, limit), binary=True)
    return [Notification(*row) for row in cursor]


def head(session: Session) -> int | None:
    """Tell the last position, None for an empty log."""
    row = session.execute(_HEAD).fetchone()
    return None if row is None else int(row[0])


def keys_of(session: Session, keys: Iterable[tuple[str, bytes]]) -> dict[tuple[str, bytes], StoredKey]:
    """Find the rows of idempotency keys."""
    wanted = list(keys)
    if not wanted:
        return {}
    parameters = ([caller for caller, _ in wanted], [key for _, key in wanted])
    return {(row[0], row[1]): StoredKey(*row) for row in session.execute(_KEYS, parameters, binary=True)}


def members_by_index(session: Session, entries: Iterable[tuple[int, bytes]]) -> dict[tuple[int, bytes], UUID]:
    """Find whose the blind index entries are."""
    wanted = list(entries)
    parameters = ([version for version, _ in wanted], [digest for _, digest in wanted])
    return {(row[0], row[1]): row[2] for row in session.execute(_MEMBERS_BY_INDEX, parameters, binary=True)}


def tracked(session: Session, application_name: str) -> int | None:
    """Tell how far an application's notifications have been processed."""
    row = session.execute(_TRACKED, (application_name,)).fetchone()
    return None if row is None else int(row[0])
