"""Who is behind a figure of the flow matrix: the legs that one measure of a month counts, in pages by member.

The same legs, the same cells and the same knowledge as `projections.flows`, so that as many are listed as are counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from domain.calendar import next_month
from domain.times import day_start_us, local_day
from projections.asking import Cursor, CursorUnreadable, Moment, Page, read_cursor
from projections.flows import STANDING, Level, rolling
from projections.month_ends import month_number
from projections.position import reflected

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from domain.reference import Reference

_DIGITS: Final = 9
_ZERO: Final = "00000000-0000-0000-0000-000000000000"

# What is counted as known now is kept by the codes as recorded: those of a cell are found there.
_PAIRS: Final = """
SELECT DISTINCT origin, destination FROM flow_count
WHERE measure = %(measure)s AND month >= %(since)s AND month <= %(number)s
"""
_PAIRS_THEN: Final = """
SELECT DISTINCT coalesce(l.origin_region, ''), l.destination
FROM (
    SELECT origin_region, destination FROM leg
    WHERE known_from <= %(known)s AND departed_us < %(end)s AND (ended_us IS NULL OR ended_us >= %(start)s)
    UNION ALL
    SELECT origin_region, destination FROM leg_past
    WHERE known_from <= %(known)s AND known_to > %(known)s AND departed_us < %(end)s
      AND (ended_us IS NULL OR ended_us >= %(start)s)
) AS l
"""
_ALL: Final = """
SELECT l.member_id, l.movement_id, l.leg, l.origin_region, l.destination, l.departed_us, l.arrived_us, l.ended_us,
    l.ended_how
FROM leg AS l
WHERE (l.member_id, l.movement_id, l.leg) > (%(member)s::uuid, %(movement)s::text COLLATE "C", %(leg)s::integer)
  AND l.departed_us < %(end)s AND (l.ended_us IS NULL OR l.ended_us >= %(start)s)
  AND CASE %(measure)s::text
        WHEN 'departed' THEN l.departed_us >= %(start)s
        WHEN 'arrived' THEN l.arrived_us >= %(start)s AND l.arrived_us < %(end)s
        WHEN 'under_way' THEN l.ended_us IS NULL OR l.ended_us >= %(end)s
        WHEN 'in_place' THEN (l.ended_us IS NULL OR l.ended_us >= %(end)s) AND l.arrived_us < %(end)s
        ELSE l.ended_us >= %(start)s AND l.ended_us < %(end)s AND l.ended_how = %(measure)s::text
      END
ORDER BY l.member_id, l.movement_id, l.leg LIMIT %(limit)s
"""
_OF_CELLS: Final = """
SELECT f.*
FROM unnest(%(origins)s::text[], %(destinations)s::text[]) AS c (origin, destination)
CROSS JOIN LATERAL (
    SELECT l.member_id, l.movement_id, l.leg, l.origin_region, l.destination, l.departed_us, l.arrived_us, l.ended_us,
        l.ended_how
    FROM leg AS l
    WHERE coalesce(l.origin_region, '') = c.origin AND l.destination = c.destination
      AND l.member_id >= %(member)s::uuid
      AND (l.member_id, l.movement_id, l.leg) > (%(member)s::uuid, %(movement)s::text COLLATE "C", %(leg)s::integer)
      AND l.departed_us < %(end)s AND (l.ended_us IS NULL OR l.ended_us >= %(start)s)
      AND CASE %(measure)s::text
            WHEN 'departed' THEN l.departed_us >= %(start)s
            WHEN 'arrived' THEN l.arrived_us >= %(start)s AND l.arrived_us < %(end)s
            WHEN 'under_way' THEN l.ended_us IS NULL OR l.ended_us >= %(end)s
            WHEN 'in_place' THEN (l.ended_us IS NULL OR l.ended_us >= %(end)s) AND l.arrived_us < %(end)s
            ELSE l.ended_us >= %(start)s AND l.ended_us < %(end)s AND l.ended_how = %(measure)s::text
          END
    ORDER BY l.member_id, l.movement_id, l.leg LIMIT %(limit)s
) AS f
ORDER BY f.member_id, f.movement_id, f.leg LIMIT %(limit)s
"""
_THEN: Final = """
SELECT l.member_id, l.movement_id, l.leg, l.origin_region, l.destination, l.departed_us, l.arrived_us, l.ended_us,
    l.ended_how
FROM unnest(%(origins)s::text[], %(destinations)s::text[]) AS c (origin, destination)
JOIN (
    SELECT member_id, movement_id, leg, origin_region, destination, departed_us, arrived_us, ended_us, ended_how
    FROM leg WHERE known_from <= %(known)s
    UNION ALL
    SELECT member_id, movement_id, leg, origin_region, destination, departed_us, arrived_us, ended_us, ended_how
    FROM leg_past WHERE known_from <= %(known)s AND known_to > %(known)s
) AS l ON coalesce(l.origin_region, '') = c.origin AND l.destination = c.destination
WHERE (l.member_id, l.movement_id, l.leg) > (%(member)s::uuid, %(movement)s::text COLLATE "C", %(leg)s::integer)
  AND l.departed_us < %(end)s AND (l.ended_us IS NULL OR l.ended_us >= %(start)s)
  AND CASE %(measure)s::text
        WHEN 'departed' THEN l.departed_us >= %(start)s
        WHEN 'arrived' THEN l.arrived_us >= %(start)s AND l.arrived_us < %(end)s
        WHEN 'under_way' THEN l.ended_us IS NULL OR l.ended_us >= %(end)s
        WHEN 'in_place' THEN (l.ended_us IS NULL OR l.ended_us >= %(end)s) AND l.arrived_us < %(end)s
        ELSE l.ended_us >= %(start)s AND l.ended_us < %(end)s AND l.ended_how = %(measure)s::text
      END
ORDER BY l.member_id, l.movement_id, l.leg LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class FlowQuestion:
    """One figure of a matrix: a measure of a month's cell; without `origin` or `destination`, of a margin."""

    month: date
    level: Level
    measure: str
    origin: str | None = None
    destination: str | None = None
    known_position: int | None = None
    limit: int = 50
    cursor: str | None = None

    @property
    def name(self) -> str:
        """What is asked, less when it is known and how much: a cursor holds for this only."""
        return f"flow {self.month:%Y-%m} {self.level} {self.measure} {self.origin} {self.destination}"


def members(connection: Connection[TupleRow], question: FlowQuestion, reference: Reference, now_us: int) -> Page:
    """Return one page of the legs behind a figure. Raises CursorExpired, CursorUnreadable."""
    known_asked, since_us, after = question.known_position, now_us, [_ZERO, "", "0"]
    if question.cursor is not None:
        cursor = read_cursor(question.cursor, question.name, now_us, len(after))
        known_asked, since_us, after = cursor.moment.known_position, cursor.since_us, cursor.after
        if not after[2].isdecimal() or len(after[2]) > _DIGITS:
            raise CursorUnreadable(question.cursor)
    standing = reflected(connection)
    known = standing.position if known_asked is None else min(known_asked, standing.position)
    first = question.month.replace(day=1)
    parameters: dict[str, Any] = {
        "start": day_start_us(first),
        "end": day_start_us(next_month(first)),
        "since": 0 if question.measure in STANDING else month_number(first),
        "number": month_number(first),
        "known": known,
        "measure": question.measure,
        "member": after[0],
        "movement": after[1],
        "leg": int(after[2]),
        "limit": question.limit + 1,
    }
    statement = _statement(connection, question, reference, parameters, is_now=known >= standing.position)
    rows = connection.execute(statement, parameters).fetchall()
    items = [_item(row) for row in rows[: question.limit]]
    following = None
    if len(rows) > question.limit:
        last = items[-1]
        place = [last["member_id"], last["movement_id"], str(last["leg"])]
        following = Cursor(Moment(0, known), since_us, place).text(question.name)
    return Page(items, following, standing.position, known)


def _statement(
    connection: Connection[TupleRow],
    question: FlowQuestion,
    reference: Reference,
    parameters: dict[str, Any],
    *,
    is_now: bool,
) -> str:
    """Choose the statement, and name in its parameters the codes as recorded that are told as this cell."""
    if is_now and question.origin is None and question.destination is None:
        return _ALL
    pairs = connection.execute(_PAIRS, parameters) if is_now else connection.execute(_PAIRS_THEN, parameters)
    last_day = date.fromordinal(next_month(question.month.replace(day=1)).toordinal() - 1)
    rolled = rolling(reference, question.level, last_day)
    wanted = [
        (origin, destination)
        for origin, destination in pairs
        if question.origin in (None, rolled(origin)) and question.destination in (None, rolled(destination))
    ]
    parameters |= {"origins": [one for one, _ in wanted], "destinations": [one for _, one in wanted]}
    return _OF_CELLS if is_now else _THEN


def _item(row: TupleRow) -> dict[str, Any]:
    member_id, movement_id, leg, origin, destination, departed_us, arrived_us, ended_us, ended_how = row
    return {
        "member_id": str(member_id),
        "movement_id": movement_id,
        "leg": leg,
        "origin_region": origin,
        "destination": destination,
        "departed_on": _day(departed_us),
        "arrived_on": _day(arrived_us),
        "ended_on": _day(ended_us),
        "ended_how": ended_how,
    }


def _day(moment_us: int | None) -> str | None:
    return None if moment_us is None else local_day(moment_us).isoformat()
