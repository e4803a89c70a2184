"""Lifecycle counts as known at any position: what blocks of positions added up to, and the rows of less than a block.

Whatever a row of rosters or clocks adds, it adds at a day and at a position (`known_points`, migration 0104): as of a
day and as known at a position is the sum of all that is not later in either. Blocks are made behind the read models,
and are never changed but where these are made anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from domain.reference import REFERENCE_FACTS
from domain.times import day_number, local_day
from projections.day_ends import OVERDUE, PROVINCE

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from projections.asking import Spans

_FANOUT: Final = 5
"""Two to this power of blocks make one of the next size."""
_EIGHTHS: Final = 3
"""Of the country, whose rows of a block are all of them, there are parts of blocks: two to this power of each."""
_ALL_DIGITS: Final = 12
_MOST_BLOCKS_BEHIND: Final = 2

_MADE: Final = "SELECT exponent, upto FROM known_upto"
_MAKE: Final = "SELECT make_known_block(%s)"
# Each block, and each range of regions in it, is looked up by itself (OFFSET 0). A block's own row says that it is
# there in this snapshot: whoever makes the read models anew empties the table at once.
_COUNTS: Final = """
SELECT e.made, g.*
FROM (
    SELECT %(last_block)s < 0 OR EXISTS (
        SELECT FROM known_count AS k
        WHERE k.measure = '' AND k.digits = 0 AND k.exponent = %(exponent)s AND k.block = %(last_block)s
    ) AS made
) AS e
LEFT JOIN LATERAL (
    SELECT c.view, c.stage, coalesce(sum(c.amount) FILTER (WHERE c.measure = %(side)s), 0)::bigint,
        coalesce(sum(c.amount) FILTER (WHERE c.measure = %(overdue)s), 0)::bigint
    FROM (
        SELECT d.measure, d.view, d.stage, d.amount
        FROM unnest(%(digits)s::integer[], %(lows)s::text[], %(highs)s::text[]) AS s (digits, lo, hi)
        CROSS JOIN (VALUES (%(side)s), (%(overdue)s)) AS m (measure)
        CROSS JOIN unnest(%(exponents)s::integer[], %(blocks)s::bigint[]) AS b (exponent, block)
        CROSS JOIN LATERAL (
            SELECT k.measure, k.view, k.stage, k.amount FROM known_count AS k
            WHERE k.measure = m.measure AND k.digits = s.digits AND k.exponent = b.exponent AND k.block = b.block
              AND k.region >= s.lo AND k.region < s.hi AND k.at <= %(day)s
            OFFSET 0
        ) AS d
        UNION ALL
        SELECT p.measure, p.view, p.stage, p.amount * %(sign)s
        FROM known_points_in_reach(
            %(side)s, %(since)s, %(until)s, %(lowest)s, %(highest)s, %(beginnings)s::text[], %(codes)s::text[],
            %(of_reference)s::text[]
        ) AS p
        WHERE p.at <= %(day)s
    ) AS c
    WHERE c.stage = ANY (%(stages)s::text[]) AND c.view = ANY (%(views)s::text[])
    GROUP BY c.view, c.stage
) AS g ON true
"""


def make_block(connection: Connection[TupleRow]) -> bool:
    """Make the next block, in a transaction, if the read models reflect all of it; say whether there was one."""
    with connection.transaction():
        row = connection.execute(_MAKE, (list(REFERENCE_FACTS),)).fetchone()
    return row is not None and bool(row[0])


def counts_as_known(
    connection: Connection[TupleRow], side: str, as_of_us: int, known: int, spans: Spans, chosen: dict[str, Any]
) -> list[TupleRow] | None:
    """Return view, stage, count and overdue of ranges of regions, at a day's end, as known at a position.

    For callers whose reach holds all of them; `chosen` has the `stages` and `views`. None where the blocks about the
    position are not made yet.
    """
    row = connection.execute(_MADE).fetchone()
    if row is None:
        return None
    exponent, made = row
    kept = _as_kept(spans)
    finest = exponent - _EIGHTHS if kept["digits"] == [0] else exponent
    edge = _nearest_edge(finest, made, known)
    if known - edge > _MOST_BLOCKS_BEHIND << exponent:
        return None
    exponents, blocks = _decomposed(finest, exponent, edge >> finest)
    parameters = {
        **chosen,
        **kept,
        "side": side,
        "of_reference": list(REFERENCE_FACTS),
        "overdue": OVERDUE[side],
        "day": day_number(local_day(as_of_us)),
        "exponent": exponent,
        "last_block": ((edge + (1 << exponent) - 1) >> exponent) - 1,
        "exponents": exponents,
        "blocks": blocks,
        "since": min(edge, known),
        "until": max(edge, known),
        "sign": 1 if edge <= known else -1,
    }
    rows = connection.execute(_COUNTS, parameters).fetchall()
    return [row[1:] for row in rows if row[1] is not None] if rows[0][0] else None


def _nearest_edge(exponent: int, made: int, known: int) -> int:
    """Return the position, up to which blocks are made, that is a multiple of a block's size and nearest to one."""
    below = min(known >> exponent << exponent, made)
    above = below + (1 << exponent)
    return above if above <= made and above - known < known - below else below


def _decomposed(finest: int, exponent: int, blocks: int) -> tuple[list[int], list[int]]:
    """Return the largest blocks, by exponent and number, that hold so many of the finest, from the first on."""
    exponents: list[int] = []
    numbers: list[int] = []
    power = finest
    while blocks:
        fanout = exponent - power if power < exponent else _FANOUT
        within = blocks % (1 << fanout)
        exponents += [power] * within
        numbers += range(blocks - within, blocks)
        blocks >>= fanout
        power += fanout
    return exponents, numbers


def _as_kept(spans: Spans) -> dict[str, Any]:
    """Return how ranges of codes are asked for: the country and whole provinces are summed up beside the codes."""
    digits: list[int] = []
    lows: list[str] = []
    highs: list[str] = []
    beginnings: list[str] = []
    codes: list[str] = []
    for low, high in zip(spans.lows, spans.highs, strict=True):
        is_exact = high == low + "!"
        digits.append(len(low) if len(low) in (0, PROVINCE) and not is_exact else _ALL_DIGITS)
        lows.append(low)
        highs.append("!" if not low and not is_exact else high)
        (codes if is_exact else beginnings).append(low)
    return {
        "digits": digits,
        "lows": lows,
        "highs": highs,
        "lowest": min(spans.lows, default=""),
        "highest": max(spans.highs, default=""),
        "beginnings": beginnings,
        "codes": codes,
    }
