"""What the database remembers of publishing: how far each topic of a Kafka holds its feed, and what was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime
    from uuid import UUID

    from psycopg import Connection
    from psycopg.rows import TupleRow

LEAD: Final = "SELECT pg_try_advisory_lock(1802073189, 1886741100)"
"""Held by who publishes ('kite', 'publ')."""
LEAVE: Final = "SELECT pg_advisory_unlock(1802073189, 1886741100)"
UNHURRIED: Final = "SET synchronous_commit = off"
"""For the leader's session: progress that a crash takes back is found again in the topic."""

_ON_DISK: Final = "SET LOCAL synchronous_commit = on"
_READ: Final = """
SELECT region, topic_id, feedposition, event_id, record_offset, next_offset, refused
FROM publisher_progress WHERE cluster_id = %s
"""
_ELSEWHERE: Final = "SELECT EXISTS (SELECT FROM publisher_progress WHERE cluster_id <> %s)"
_KEEP: Final = """
INSERT INTO publisher_progress AS p
    (cluster_id, region, topic_id, feedposition, event_id, record_offset, next_offset, refused)
SELECT %s, * FROM unnest(
    %s::text[], %s::text[], %s::bigint[], %s::uuid[], %s::bigint[], %s::bigint[], %s::text[]
)
ON CONFLICT (cluster_id, region) DO UPDATE
SET topic_id = excluded.topic_id, feedposition = excluded.feedposition, event_id = excluded.event_id,
    record_offset = excluded.record_offset, next_offset = excluded.next_offset, refused = excluded.refused,
    updated_at = clock_timestamp()
"""
_ASK: Final = "INSERT INTO publisher_asked (region) VALUES (%s) ON CONFLICT DO NOTHING"
_ASKED: Final = "SELECT region FROM publisher_asked"
_ANSWERED: Final = "DELETE FROM publisher_asked WHERE region = ANY (%s)"
_STANDS: Final = """
INSERT INTO publisher_standing AS s (cluster_id, state) VALUES (%s, %s)
ON CONFLICT (one) DO UPDATE
SET cluster_id = coalesce(excluded.cluster_id, s.cluster_id), state = excluded.state, looked_at = clock_timestamp()
"""
_STANDING: Final = "SELECT cluster_id, state, looked_at FROM publisher_standing"
_BEHIND: Final = """
SELECT h.region, h.feedposition, coalesce(p.feedposition, 0), p.refused, p.updated_at
FROM feed_head AS h
LEFT JOIN publisher_progress AS p
    ON p.region = h.region AND p.cluster_id = (SELECT cluster_id FROM publisher_standing)
ORDER BY h.feedposition - coalesce(p.feedposition, 0) DESC, h.region
"""
# The oldest entry that no broker has acknowledged: the first behind each region's progress.
_OLDEST: Final = """
SELECT l.recorded_at FROM log AS l WHERE l.position = (
    SELECT min(f.position)
    FROM feed_head AS h
    LEFT JOIN publisher_progress AS p
        ON p.region = h.region AND p.cluster_id = (SELECT cluster_id FROM publisher_standing)
    JOIN feed_entry AS f ON f.region = h.region AND f.feedposition = coalesce(p.feedposition, 0) + 1
)
"""


class Progress(NamedTuple):
    """How far a region's topic holds its feed.

    `feedposition` is the last entry acknowledged, `event_id` its event, `record_offset` where it stands in the topic
    (none before the first). From `next_offset` on, the topic may hold entries of ours that are not accounted for.
    """

    region: str
    topic_id: str
    feedposition: int
    event_id: UUID | None
    record_offset: int | None
    next_offset: int
    refused: str | None


class Standing(NamedTuple):
    """The Kafka last published to, how it stood, and when that was looked at."""

    cluster_id: str | None
    state: str
    looked_at: datetime


class Lag(NamedTuple):
    """A region's last entry, the last one acknowledged, why it is refused, and when progress was last written."""

    region: str
    head: int
    acknowledged: int
    refused: str | None
    written_at: datetime | None

    @property
    def entries(self) -> int:
        """How many entries are still to be acknowledged."""
        return max(0, self.head - self.acknowledged)


def read(connection: Connection[TupleRow], cluster_id: str) -> dict[str, Progress]:
    """Read the progress of every topic of a Kafka."""
    return {row[0]: Progress._make(row) for row in connection.execute(_READ, (cluster_id,))}


def published_elsewhere(connection: Connection[TupleRow], cluster_id: str) -> bool:
    """Tell whether another Kafka than this was published to."""
    return connection.execute(_ELSEWHERE, (cluster_id,)).fetchone() == (True,)


def keep(connection: Connection[TupleRow], cluster_id: str, rows: Iterable[Progress]) -> None:
    """Write progress; it need not be on disk, for what is lost is found again in the topic."""
    _keep(connection, cluster_id, list(rows))


def begin(
    connection: Connection[TupleRow], cluster_id: str, rows: Sequence[Progress], *, answered: Collection[str] = ()
) -> None:
    """Write, on disk, from where each topic is filled, before anything is sent; with it, requests as `answered`."""
    with connection.transaction():
        connection.execute(_ON_DISK)
        _keep(connection, cluster_id, rows)
        if answered:
            connection.execute(_ANSWERED, (list(answered),))


def _keep(connection: Connection[TupleRow], cluster_id: str, rows: Sequence[Progress]) -> None:
    if rows:
        connection.execute(_KEEP, (cluster_id, *(list(column) for column in zip(*rows, strict=True))))


def ask(connection: Connection[TupleRow], region: str) -> None:
    """Ask for a region to be published again from its first entry, by whoever leads."""
    connection.execute(_ASK, (region,))


def asked(connection: Connection[TupleRow]) -> list[str]:
    """Tell which regions are asked for."""
    return [row[0] for row in connection.execute(_ASKED)]


def note_standing(connection: Connection[TupleRow], cluster_id: str | None, state: str) -> None:
    """Write how publishing stands; without a cluster's id that of the last one stays."""
    connection.execute(_STANDS, (cluster_id, state))


def standing(connection: Connection[TupleRow]) -> Standing | None:
    """Read how publishing stood when a leader last looked, None where there never was one."""
    row = connection.execute(_STANDING).fetchone()
    return None if row is None else Standing._make(row)


def lags(connection: Connection[TupleRow]) -> list[Lag]:
    """Read, against the feeds' own heads, how far every region's topic is; those most behind first."""
    return [Lag._make(row) for row in connection.execute(_BEHIND)]


def oldest_unpublished(connection: Connection[TupleRow]) -> datetime | None:
    """Tell when the oldest entry was recorded that no broker has acknowledged, None where there is none."""
    row = connection.execute(_OLDEST).fetchone()
    return None if row is None else row[0]
