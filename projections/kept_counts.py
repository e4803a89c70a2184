"""The counts that are kept beside other rows, against what those rows themselves come to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from domain.reference import REFERENCE_FACTS

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

_STANDING: Final = """
WITH counted AS MATERIALIZED (
    SELECT s.side, s.code AS region, m.view, m.stage, s.due_on, count(*) AS amount
    FROM public.member AS m
    CROSS JOIN LATERAL public.standing_of(m.affiliation_region, m.region, m.view, m.stage, m.first_due_on) AS s
    GROUP BY s.side, s.code, m.view, m.stage, s.due_on
)
(
    SELECT true, c::text AS line
    FROM (SELECT side, region, view, stage, due_on, amount FROM public.standing_count EXCEPT TABLE counted) AS c
    ORDER BY line LIMIT 5
)
UNION ALL
(
    SELECT false, c::text AS line
    FROM (TABLE counted EXCEPT SELECT side, region, view, stage, due_on, amount FROM public.standing_count) AS c
    ORDER BY line LIMIT 5
)
"""
_AGES: Final = """
WITH counted AS MATERIALIZED (
    SELECT s.side, s.code AS region, m.view, m.stage, public.day_of(m.since_us) AS since_on, count(*) AS amount
    FROM public.member AS m
    CROSS JOIN LATERAL public.standing_of(m.affiliation_region, m.region, m.view, m.stage, m.first_due_on) AS s
    GROUP BY s.side, s.code, m.view, m.stage, public.day_of(m.since_us)
)
(
    SELECT true, c::text AS line
    FROM (SELECT side, region, view, stage, since_on, amount FROM public.standing_age EXCEPT TABLE counted) AS c
    ORDER BY line LIMIT 5
)
UNION ALL
(
    SELECT false, c::text AS line
    FROM (TABLE counted EXCEPT SELECT side, region, view, stage, since_on, amount FROM public.standing_age) AS c
    ORDER BY line LIMIT 5
)
"""
_FLOWS: Final = """
WITH counted AS MATERIALIZED (
    SELECT f.month, f.measure, coalesce(l.origin_region, '') AS origin, l.destination, sum(f.amount) AS amount
    FROM public.leg AS l
    CROSS JOIN LATERAL public.flow_of(l.departed_us, l.arrived_us, l.ended_us, l.ended_how) AS f
    GROUP BY f.month, f.measure, coalesce(l.origin_region, ''), l.destination HAVING sum(f.amount) <> 0
)
(
    SELECT true, c::text AS line
    FROM (SELECT month, measure, origin, destination, amount FROM public.flow_count EXCEPT TABLE counted) AS c
    ORDER BY line LIMIT 5
)
UNION ALL
(
    SELECT false, c::text AS line
    FROM (TABLE counted EXCEPT SELECT month, measure, origin, destination, amount FROM public.flow_count) AS c
    ORDER BY line LIMIT 5
)
"""
_DAYS: Final = """
WITH days AS (
    SELECT * FROM public.day_count WHERE level = 0 AND of_month > 0
), counted AS MATERIALIZED (
    SELECT measure, 0 AS level, 0 AS of_month, region, view, stage, of_month AS at, sum(amount) AS amount FROM days
    GROUP BY measure, region, view, stage, of_month HAVING sum(amount) <> 0
    UNION ALL
    SELECT measure, 2, of_month, left(region, 2), view, stage, at, sum(amount) FROM days
    GROUP BY measure, of_month, left(region, 2), view, stage, at HAVING sum(amount) <> 0
    UNION ALL
    SELECT measure, 2, 0, left(region, 2), view, stage, of_month, sum(amount) FROM days
    GROUP BY measure, left(region, 2), view, stage, of_month HAVING sum(amount) <> 0
), sums AS (
    SELECT measure, level, of_month, region, view, stage, at, amount FROM public.day_count
    WHERE level <> 0 OR of_month = 0
)
(SELECT true, c::text AS line FROM (TABLE sums EXCEPT TABLE counted) AS c ORDER BY line LIMIT 5)
UNION ALL
(SELECT false, c::text AS line FROM (TABLE counted EXCEPT TABLE sums) AS c ORDER BY line LIMIT 5)
"""
# What blocks hold of all positions up to which there are any; larger ones and regions' sums come of these.
_KNOWN: Final = """
WITH RECURSIVE upto AS (
    SELECT exponent, upto FROM public.known_upto
), points AS MATERIALIZED (
    SELECT p.measure, u.exponent, (p.known - 1) >> (u.exponent - 3) AS part, p.region, p.view, p.stage, p.at,
        sum(p.amount) AS amount
    FROM upto AS u
    CROSS JOIN (VALUES ('outflow'), ('inflow')) AS s (side)
    CROSS JOIN LATERAL public.known_points(s.side, 0, u.upto, '', ':', ARRAY[''], ARRAY[]::text[], %s) AS p
    GROUP BY p.measure, u.exponent, (p.known - 1) >> (u.exponent - 3), p.region, p.view, p.stage, p.at
), sizes AS (
    SELECT exponent AS smallest, exponent, upto >> exponent AS blocks FROM upto
    UNION ALL
    SELECT smallest, exponent + 5, blocks >> 5 FROM sizes WHERE blocks >> 5 > 0
), counted AS MATERIALIZED (
    SELECT p.measure, d.digits, z.exponent, p.part >> (z.exponent - z.smallest + 3) AS block,
        left(p.region, d.digits) AS region, p.view, p.stage, p.at, sum(p.amount)::bigint AS amount
    FROM points AS p
    JOIN sizes AS z ON p.part >> (z.exponent - z.smallest + 3) < z.blocks
    CROSS JOIN (VALUES (12), (2), (0)) AS d (digits)
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 HAVING sum(p.amount) <> 0
    UNION ALL
    SELECT p.measure, 0, p.exponent - 3, p.part, '', p.view, p.stage, p.at, sum(p.amount)::bigint FROM points AS p
    GROUP BY p.measure, p.exponent, p.part, p.view, p.stage, p.at HAVING sum(p.amount) <> 0
    UNION ALL
    SELECT '', 0, u.exponent, b.block, '', '', '', 0, 1
    FROM upto AS u CROSS JOIN LATERAL generate_series(0, (u.upto >> u.exponent) - 1) AS b (block)
)
(SELECT true, c::text AS line FROM (TABLE public.known_count EXCEPT TABLE counted) AS c ORDER BY line LIMIT 5)
UNION ALL
(SELECT false, c::text AS line FROM (TABLE counted EXCEPT TABLE public.known_count) AS c ORDER BY line LIMIT 5)
"""
COUNTS: Final = {
    "standing_count": _STANDING, "standing_age": _AGES, "flow_count": _FLOWS, "day_count": _DAYS, "known_count": _KNOWN,
}  # fmt: skip
"""By table, what differs between it and the rows that it counts."""


def count_differences(connection: Connection[TupleRow], table: str) -> tuple[list[str], list[str]]:
    """Return a few of the counts that are not what the rows come to, and a few that should stand there instead."""
    surplus: list[str] = []
    missing: list[str] = []
    parameters = (list(REFERENCE_FACTS),) if table == "known_count" else None
    for is_surplus, line in connection.execute(COUNTS[table], parameters):
        (surplus if is_surplus else missing).append(line)
    return surplus, missing
