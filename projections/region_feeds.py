"""The feeds of regions: what concerns a region, in the order of the log, numbered without a gap; written once.

Which regions an event concerns was decided when it was recorded and is stored with it: the writer copies, computes
nothing and parses nothing. Entries are a function of the log alone, so that an end lost with the database's last
moments is written again as it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from psycopg import Connection
    from psycopg.rows import TupleRow

LEAD: Final = "SELECT pg_try_advisory_lock(1802073189, 1717920100)"
"""Held by who writes the feeds ('kite', 'feed')."""
LEAVE: Final = "SELECT pg_advisory_unlock(1802073189, 1717920100)"
NEWS: Final = "kiteline_feeds"
"""Channel on which a written page is announced, with the position reached: a hint, looking is the truth."""
UNHURRIED: Final = "SET synchronous_commit = off"
"""For the writer's session: what a crash takes back is copied again from the log, which is flushed."""
_ID_BEFORE: Final = b'","nonce":"'
"""Stands once in a stored object (its keys are sorted, and quotes within values escaped), behind the event's id."""

_WRITE: Final = """
WITH page AS MATERIALIZED (
    SELECT position, concerns, state FROM log
    WHERE position > (SELECT position FROM feed_progress) ORDER BY position LIMIT %(limit)s
), reached AS MATERIALIZED (
    SELECT b.position AS before, max(p.position) AS position, count(p.position) AS events
    FROM feed_progress AS b LEFT JOIN page AS p ON true GROUP BY b.position
), entry AS MATERIALIZED (
    SELECT c.region, p.position,
           convert_from(substring(p.state FROM position(%(mark)s IN p.state) - 36 FOR 36), 'UTF8')::uuid AS event_id,
           row_number() OVER (PARTITION BY c.region ORDER BY p.position) AS number
    FROM page AS p CROSS JOIN LATERAL unnest(p.concerns) AS c (region)
    WHERE (SELECT position = before + events FROM reached)
), written AS (
    INSERT INTO feed_entry (region, feedposition, position, event_id)
    SELECT e.region, coalesce(h.feedposition, 0) + e.number, e.position, e.event_id
    FROM entry AS e LEFT JOIN feed_head AS h ON h.region = e.region
    ORDER BY e.position, e.region
), moved AS (
    INSERT INTO feed_head AS h (region, feedposition, position)
    SELECT region, max(number), max(position) FROM entry GROUP BY region ORDER BY region
    ON CONFLICT (region) DO UPDATE
    SET feedposition = h.feedposition + excluded.feedposition, position = excluded.position
), advanced AS (
    UPDATE feed_progress SET position = reached.position FROM reached
    WHERE reached.position = reached.before + reached.events
), told AS (
    SELECT pg_notify('kiteline_feeds', reached.position::text) FROM reached WHERE EXISTS (SELECT FROM entry)
)
SELECT before, events, coalesce(position, before), (SELECT count(*) FROM told) FROM reached
"""
_PROGRESS: Final = "SELECT position FROM feed_progress"
_PAGE: Final = """
SELECT f.region, f.feedposition, f.event_id, l.position, l.originator_id, l.originator_version, l.topic, l.state,
       l.recorded_at, e.source
FROM (
    SELECT region, feedposition, position, event_id FROM feed_entry
    WHERE region = %s AND feedposition > %s ORDER BY feedposition LIMIT %s
) AS f
JOIN log AS l ON l.position = f.position
JOIN log_epoch AS e ON e.epoch = l.epoch
ORDER BY f.feedposition
"""
_PAGES: Final = """
SELECT f.region, f.feedposition, f.event_id, l.position, l.originator_id, l.originator_version, l.topic, l.state,
       l.recorded_at, e.source
FROM unnest(%s::text[], %s::bigint[]) WITH ORDINALITY AS w (region, after, turn)
CROSS JOIN LATERAL (
    SELECT region, feedposition, position, event_id FROM feed_entry
    WHERE region = w.region AND feedposition > w.after ORDER BY feedposition LIMIT %s
) AS f
JOIN log AS l ON l.position = f.position
JOIN log_epoch AS e ON e.epoch = l.epoch
ORDER BY w.turn, f.feedposition
"""
_PLACE: Final = "SELECT feedposition FROM feed_entry WHERE event_id = %s AND region = %s"
_PLACE_AT: Final = """
SELECT feedposition FROM feed_entry WHERE region = %s AND position <= %s ORDER BY feedposition DESC LIMIT 1
"""
_BOUNDS: Final = """
SELECT first.event_id, last.event_id, h.feedposition
FROM feed_head AS h
JOIN feed_entry AS first ON first.region = h.region AND first.feedposition = 1
JOIN feed_entry AS last ON last.region = h.region AND last.feedposition = h.feedposition
WHERE h.region = %s
"""
_LAST_OF_TYPES: Final = """
SELECT f.feedposition FROM feed_entry AS f JOIN log AS l ON l.position = f.position
WHERE f.region = %s AND f.feedposition <= %s AND l.topic = ANY (%s::text[])
ORDER BY f.feedposition DESC LIMIT 1
"""
_HEADS: Final = "SELECT region, feedposition FROM feed_head"
_SINCE: Final = """
SELECT p.position, h.region, h.feedposition, h.position
FROM feed_progress AS p LEFT JOIN feed_head AS h ON h.position > %s
"""


class FeedRow(NamedTuple):
    """One entry of a feed with its event as the log holds it; `recorded_at` in UTC."""

    region: str
    feedposition: int
    event_id: UUID
    position: int
    originator_id: UUID
    version: int
    topic: str
    state: bytes
    recorded_at: datetime
    source: str


class Head(NamedTuple):
    """The last entry of a feed: its number, and its position in the log."""

    feedposition: int
    position: int


class Bounds(NamedTuple):
    """The first and the last event of a feed, and the last one's number."""

    first: UUID
    last: UUID
    head: int


class FeedGap(Exception):
    """The log was read with a position missing; nothing was written of that page."""


def write_page(connection: Connection[TupleRow], limit: int) -> tuple[int, int]:
    """Copy the next events to the feeds that they concern, all or none; returns how many, and the position reached.

    Only who holds LEAD writes, on a connection in autocommit. Raises FeedGap.
    """
    row = connection.execute(_WRITE, {"limit": limit, "mark": _ID_BEFORE}, prepare=True, binary=True).fetchone()
    before, events, position, _ = row if row is not None else (0, 0, 0, 0)
    if position != before + events:
        raise FeedGap(f"{events} events up to {position}, after {before}")
    return events, position


def progress(connection: Connection[TupleRow]) -> int:
    """Tell up to which position of the log the feeds are written."""
    row = connection.execute(_PROGRESS).fetchone()
    return 0 if row is None else int(row[0])


def page_after(connection: Connection[TupleRow], region: str, after: int, limit: int) -> list[FeedRow]:
    """Read a feed's entries behind `after` (a feedposition, 0 for its beginning), at most `limit`, in order."""
    return list(map(FeedRow._make, connection.execute(_PAGE, (region, after, limit), binary=True).fetchall()))


def pages_after(connection: Connection[TupleRow], places: Mapping[str, int], limit: int) -> list[FeedRow]:
    """Read several feeds, each behind its own place, at most `limit` entries of each; feed by feed, each in order."""
    parameters = (list(places), list(places.values()), limit)
    return list(map(FeedRow._make, connection.execute(_PAGES, parameters, binary=True).fetchall()))


def place_of(connection: Connection[TupleRow], region: str, event_id: UUID) -> int | None:
    """Tell where in a feed an event stands, None for one that is not in it."""
    row = connection.execute(_PLACE, (event_id, region)).fetchone()
    return None if row is None else int(row[0])


def place_at(connection: Connection[TupleRow], region: str, position: int) -> int:
    """Tell the number of a feed's last entry up to a position of the log, 0 before its first."""
    row = connection.execute(_PLACE_AT, (region, position)).fetchone()
    return 0 if row is None else int(row[0])


def last_of_types(connection: Connection[TupleRow], region: str, upto: int, topics: list[str]) -> int:
    """Tell the number of the last entry, up to a number, whose fact is one of these; 0 where there is none."""
    row = connection.execute(_LAST_OF_TYPES, (region, upto, topics)).fetchone()
    return 0 if row is None else int(row[0])


def bounds(connection: Connection[TupleRow], region: str) -> Bounds | None:
    """Tell the ends of a feed, None for one without entries."""
    row = connection.execute(_BOUNDS, (region,)).fetchone()
    return None if row is None else Bounds(*row)


def heads(connection: Connection[TupleRow]) -> dict[str, int]:
    """Tell the number of the last entry of every feed there is."""
    return dict(connection.execute(_HEADS).fetchall())


def regions_since(connection: Connection[TupleRow], position: int) -> tuple[int, dict[str, Head]]:
    """Tell up to where the feeds are written, and the heads of those with entries behind a position of the log."""
    rows = connection.execute(_SINCE, (position,)).fetchall()
    return (rows[0][0] if rows else 0), {row[1]: Head(*row[2:]) for row in rows if row[1] is not None}
