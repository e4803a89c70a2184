"""Who went from where to where in a month: the flow matrix of provinces, cities or counties, as known at any position.

A leg is counted in one cell all its life: from the movement's origin to where it was checked in, else to its last
declared destination. What is under way at the month's end is the month before, and departed, less all that ended.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any, Final, Literal

from domain.calendar import next_month
from domain.policy import COUNTRY
from domain.times import day_start_us
from projections.asking import reach_of
from projections.month_ends import month_number
from projections.position import reflected
from projections.suppression import publish_rows, withheld_of_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import Connection
    from psycopg.rows import TupleRow

    from domain.reference import Reference

Level = Literal["province", "city", "county"]
MEASURES: Final = (
    "departed", "arrived", "under_way", "in_place", "returned", "moved_on", "transferred", "ended",
)  # fmt: skip
STANDING: Final = ("under_way", "in_place")
"""What stands at the month's end; the others happened in it."""

_CELLS: Final = """
SELECT l.origin_region, l.destination,
    count(*) FILTER (WHERE l.departed_us >= %(start)s AND l.departed_us < %(end)s),
    count(*) FILTER (WHERE l.arrived_us >= %(start)s AND l.arrived_us < %(end)s),
    count(*) FILTER (WHERE l.departed_us < %(end)s AND (l.ended_us IS NULL OR l.ended_us >= %(end)s)),
    count(*) FILTER (
        WHERE l.departed_us < %(end)s AND (l.ended_us IS NULL OR l.ended_us >= %(end)s) AND l.arrived_us < %(end)s
    ),
    count(*) FILTER (WHERE l.ended_us >= %(start)s AND l.ended_us < %(end)s AND l.ended_how = 'returned'),
    count(*) FILTER (WHERE l.ended_us >= %(start)s AND l.ended_us < %(end)s AND l.ended_how = 'moved_on'),
    count(*) FILTER (WHERE l.ended_us >= %(start)s AND l.ended_us < %(end)s AND l.ended_how = 'transferred'),
    count(*) FILTER (WHERE l.ended_us >= %(start)s AND l.ended_us < %(end)s AND l.ended_how = 'ended')
FROM (
    SELECT origin_region, destination, departed_us, arrived_us, ended_us, ended_how FROM leg
    WHERE known_from <= %(known)s AND departed_us < %(end)s AND (ended_us IS NULL OR ended_us >= %(start)s)
    UNION ALL
    SELECT origin_region, destination, departed_us, arrived_us, ended_us, ended_how FROM leg_past
    WHERE known_from <= %(known)s AND known_to > %(known)s AND departed_us < %(end)s
      AND (ended_us IS NULL OR ended_us >= %(start)s)
) AS l
GROUP BY l.origin_region, l.destination
"""

# As known now they are kept: what happened in the month, and what began less what ended in all months up to it.
_KEPT: Final = """
SELECT c.origin, c.destination,
    coalesce(sum(c.amount) FILTER (WHERE c.measure = 'departed'), 0)::bigint,
    coalesce(sum(c.amount) FILTER (WHERE c.measure = 'arrived'), 0)::bigint,
    coalesce(sum(c.amount) FILTER (WHERE c.measure = 'under_way'), 0)::bigint,
    coalesce(sum(c.amount) FILTER (WHERE c.measure = 'in_place'), 0)::bigint,
    coalesce(sum(c.amount) FILTER (WHERE c.measure = 'returned'), 0)::bigint,
    coalesce(sum(c.amount) FILTER (WHERE c.measure = 'moved_on'), 0)::bigint,
    coalesce(sum(c.amount) FILTER (WHERE c.measure = 'transferred'), 0)::bigint,
    coalesce(sum(c.amount) FILTER (WHERE c.measure = 'ended'), 0)::bigint
FROM flow_count AS c
WHERE c.month <= %(month)s AND (c.month = %(month)s OR c.measure = ANY ('{under_way,in_place}'))
GROUP BY c.origin, c.destination
"""
# Who sees some places is told the cells that begin or end there, found by their codes; each range by itself (OFFSET 0).
_KEPT_IN_REACH: Final = """
SELECT c.origin, c.destination,
    coalesce(sum(c.amount) FILTER (WHERE c.measure = 'departed'), 0)::bigint,
    coalesce(sum(c.amount) FILTER (WHERE c.measure = 'arrived'), 0)::bigint,
    coalesce(sum(c.amount) FILTER (WHERE c.measure = 'under_way'), 0)::bigint,
    coalesce(sum(c.amount) FILTER (WHERE c.measure = 'in_place'), 0)::bigint,
    coalesce(sum(c.amount) FILTER (WHERE c.measure = 'returned'), 0)::bigint,
    coalesce(sum(c.amount) FILTER (WHERE c.measure = 'moved_on'), 0)::bigint,
    coalesce(sum(c.amount) FILTER (WHERE c.measure = 'transferred'), 0)::bigint,
    coalesce(sum(c.amount) FILTER (WHERE c.measure = 'ended'), 0)::bigint
FROM (
    SELECT k.* FROM unnest(%(lows)s::text[], %(highs)s::text[]) AS s (lo, hi)
    CROSS JOIN LATERAL (
        SELECT * FROM flow_count AS f
        WHERE f.origin >= s.lo AND f.origin < s.hi AND f.month <= %(month)s
        OFFSET 0
    ) AS k
    UNION ALL
    SELECT k.* FROM unnest(%(lows)s::text[], %(highs)s::text[]) AS s (lo, hi)
    CROSS JOIN LATERAL (
        SELECT * FROM flow_count AS f
        WHERE f.destination >= s.lo AND f.destination < s.hi AND f.month <= %(month)s
        OFFSET 0
    ) AS k
    WHERE NOT k.origin ^@ ANY (%(lows)s::text[])
) AS c
WHERE c.month = %(month)s OR c.measure = ANY ('{under_way,in_place}')
GROUP BY c.origin, c.destination
"""


@dataclass(frozen=True, slots=True)
class Matrix:
    """Cells by origin and destination, and their sums."""

    items: list[dict[str, Any]]
    by_origin: list[dict[str, Any]]
    by_destination: list[dict[str, Any]]
    position: int
    known_position: int


def matrix(
    connection: Connection[TupleRow], level: Level, month: date, reference: Reference, known_position: int | None = None
) -> Matrix:
    """Return the flow matrix of the month of a day, without cells that are all 0; codes as at the month's end."""
    first = month.replace(day=1)
    following = next_month(first)
    standing = reflected(connection)
    known = standing.position if known_position is None else min(known_position, standing.position)
    parameters: dict[str, Any] = {"month": month_number(first)}
    statement, places = _KEPT, reach_of(connection)
    if places is not None and places.lows:
        statement = _KEPT_IN_REACH
        parameters |= {"lows": places.lows, "highs": places.highs}
    if known < standing.position:
        statement = _CELLS
        parameters = {"start": day_start_us(first), "end": day_start_us(following), "known": known}
    rolled = rolling(reference, level, date.fromordinal(following.toordinal() - 1))
    cells: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0] * len(MEASURES))
    for origin, destination, *figures in connection.execute(statement, parameters):
        cell = cells[rolled(origin), rolled(destination)]
        for index, figure in enumerate(figures):
            cell[index] += figure
    by_origin: dict[str, list[int]] = defaultdict(lambda: [0] * len(MEASURES))
    by_destination: dict[str, list[int]] = defaultdict(lambda: [0] * len(MEASURES))
    for (origin, destination), figures in cells.items():
        for index, figure in enumerate(figures):
            by_origin[origin][index] += figure
            by_destination[destination][index] += figure
    return Matrix(
        [
            {"origin": origin, "destination": destination, **_named(figures)}
            for (origin, destination), figures in sorted(cells.items())
            if any(figures)
        ],
        [{"origin": code, **_named(figures)} for code, figures in sorted(by_origin.items()) if any(figures)],
        [{"destination": code, **_named(figures)} for code, figures in sorted(by_destination.items()) if any(figures)],
        standing.position,
        known,
    )


def published(found: Matrix, least: int) -> Matrix:
    """Return a matrix fit for publication, without what tells of fewer than `least`, or would give such cells away."""
    cells = {(one["origin"], one["destination"]): tuple(one[name] for name in MEASURES) for one in found.items}
    hidden = withheld_of_table(cells, least)
    ends = ("origin", "destination")
    return replace(
        found,
        items=publish_rows(found.items, ends, MEASURES, hidden),
        by_origin=publish_rows(found.by_origin, ends, MEASURES, hidden),
        by_destination=publish_rows(found.by_destination, ends, MEASURES, hidden),
    )


def _named(figures: list[int]) -> dict[str, int]:
    return dict(zip(MEASURES, figures, strict=True))


def rolling(reference: Reference, level: Level, on: date) -> Callable[[str | None], str]:
    """Return how a code as recorded is told at a level; what does not reach down to it stays with what is known."""
    regions = reference.regions
    kept: dict[str | None, str] = {}

    def roll(code: str | None) -> str:
        if not code or code == COUNTRY:
            return "unknown"
        if not code[:1].isdigit():
            return code
        if level == "province":
            return regions.province_of(code, on) or code[:2] + "0000"
        if level == "city":
            return regions.city_of(code, on) or code[:6]
        return regions.resolve(code[:6], on).code

    def rolled(code: str | None) -> str:
        if code not in kept:
            kept[code] = roll(code)
        return kept[code]

    return rolled
