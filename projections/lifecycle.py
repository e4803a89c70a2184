"""The three lifecycle views, counted by stage: before departure, in transit, return; and the members behind each count.

Of those affiliated here (`outflow`) all stages count; of those here from elsewhere (`inflow`) only who has left and not
returned, so that the counts are those of the rosters.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from domain.times import day_end_us, day_number, local_day
from projections import roster
from projections.asking import Page, Spans, answer, spans_of
from projections.day_ends import AS_RECORDED, OVERDUE, PROVINCE
from projections.month_ends import month_number
from projections.roster import AWAY, RosterQuestion, at_least_since, parameters_of

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from domain.reference import Reference
    from projections.asking import Moment

VIEWS: Final = ("pre_departure", "in_transit", "return")
CELLS: Final = (
    ("pre_departure", "reported"),
    ("in_transit", "awaiting_check_in"),
    ("in_transit", "checked_in"),
    ("in_transit", "settled"),
    ("return", "awaiting_check_in"),
    ("return", "checked_in"),
    ("return", "settled"),
    ("return", "returned"),
)
AGES: Final = (7, 30, 90)
"""Days at a stage, by which members are told apart: up to each of them, and longer."""

_NOW: Final = """
WITH chosen AS (
    SELECT m.view, m.stage, m.first_due_on, m.since_us
    FROM unnest(%(home_lows)s::text[], %(home_highs)s::text[]) AS s (lo, hi)
    JOIN member AS m ON m.affiliation_region >= s.lo AND m.affiliation_region < s.hi
    UNION ALL
    SELECT m.view, m.stage, m.first_due_on, m.since_us
    FROM unnest(%(place_lows)s::text[], %(place_highs)s::text[]) AS s (lo, hi)
    JOIN member AS m ON m.region >= s.lo AND m.region < s.hi
    WHERE left(m.affiliation_region, 6) IS DISTINCT FROM left(m.region, 6)
    UNION ALL
    SELECT m.view, m.stage, m.first_due_on, m.since_us FROM unnest(%(homes)s::text[]) AS o (code)
    JOIN member AS m ON m.affiliation = o.code
    UNION ALL
    SELECT m.view, m.stage, m.first_due_on, m.since_us FROM unnest(%(hosts)s::text[]) AS o (code)
    JOIN member AS m ON m.accepted_by = o.code
    UNION ALL
    SELECT m.view, m.stage, m.first_due_on, m.since_us FROM unnest(%(hosts)s::text[]) AS o (code)
    JOIN member AS m ON m.branch = o.code
    WHERE (m.accepted_by = ANY (%(hosts)s::text[])) IS NOT TRUE
    UNION ALL
    SELECT m.view, m.stage, m.first_due_on, m.since_us FROM unnest(%(hosts)s::text[]) AS o (code)
    JOIN member AS m ON m.holder = o.code
)
SELECT p.version, p.position, p.latest_us, p.updated_at, g.*
FROM projection_position AS p
LEFT JOIN LATERAL (
    SELECT c.view, c.stage, count(*), count(*) FILTER (WHERE c.first_due_on < %(today)s),
        count(*) FILTER (WHERE c.since_us >= (%(ages)s::bigint[])[1]),
        count(*) FILTER (WHERE c.since_us >= (%(ages)s::bigint[])[2]),
        count(*) FILTER (WHERE c.since_us >= (%(ages)s::bigint[])[3])
    FROM chosen AS c
    WHERE c.stage = ANY (%(stages)s::text[]) AND c.view = ANY (%(views)s::text[])
    GROUP BY c.view, c.stage
) AS g ON true
WHERE p.name = 'read_models'
"""
# Of a region the counts are kept, for callers whose reach holds all of it.
_KEPT: Final = """
SELECT p.version, p.position, p.latest_us, p.updated_at, g.*
FROM projection_position AS p
LEFT JOIN LATERAL (
    SELECT c.view, c.stage, sum(c.amount)::bigint,
        coalesce(sum(c.amount) FILTER (WHERE c.due_on < %(today)s), 0)::bigint
    FROM unnest(%(lows)s::text[], %(highs)s::text[]) AS s (lo, hi)
    JOIN standing_count AS c ON c.side = %(side)s AND c.region >= s.lo AND c.region < s.hi
    WHERE c.stage = ANY (%(stages)s::text[]) AND c.view = ANY (%(views)s::text[])
    GROUP BY c.view, c.stage
) AS g ON true
WHERE p.name = 'read_models'
"""
# With ages too: how many stand and are overdue by what is due, and since when by the day they came to the stage.
_KEPT_AGES: Final = """
SELECT p.version, p.position, p.latest_us, p.updated_at, g.*
FROM projection_position AS p
LEFT JOIN LATERAL (
    SELECT c.view, c.stage, sum(c.amount)::bigint, sum(c.overdue)::bigint,
        coalesce(sum(c.aged) FILTER (WHERE c.since_on >= (%(ages_on)s::integer[])[1]), 0)::bigint,
        coalesce(sum(c.aged) FILTER (WHERE c.since_on >= (%(ages_on)s::integer[])[2]), 0)::bigint,
        coalesce(sum(c.aged) FILTER (WHERE c.since_on >= (%(ages_on)s::integer[])[3]), 0)::bigint
    FROM (
        SELECT n.view, n.stage, n.amount, CASE WHEN n.due_on < %(today)s THEN n.amount ELSE 0 END AS overdue,
            NULL::integer AS since_on, 0 AS aged
        FROM unnest(%(lows)s::text[], %(highs)s::text[]) AS s (lo, hi)
        JOIN standing_count AS n ON n.side = %(side)s AND n.region >= s.lo AND n.region < s.hi
        UNION ALL
        SELECT a.view, a.stage, 0, 0, a.since_on, a.amount
        FROM unnest(%(lows)s::text[], %(highs)s::text[]) AS s (lo, hi)
        JOIN standing_age AS a ON a.side = %(side)s AND a.region >= s.lo AND a.region < s.hi
            AND a.since_on >= (%(ages_on)s::integer[])[3]
    ) AS c
    WHERE c.stage = ANY (%(stages)s::text[]) AND c.view = ANY (%(views)s::text[])
    GROUP BY c.view, c.stage
) AS g ON true
WHERE p.name = 'read_models'
"""
# As of a day's end too, as known now: sums of the months before its own, and the days of its own up to it. Of clocks
# that have not ended, the counts of now tell whom something is overdue for; the days tell the rest. Each range is
# looked up by itself (OFFSET 0): of a city of nine ranges, the days of the whole country were read.
_KEPT_THEN: Final = """
SELECT p.version, p.position, p.latest_us, p.updated_at, g.*
FROM projection_position AS p
LEFT JOIN LATERAL (
    SELECT c.view, c.stage, coalesce(sum(c.amount) FILTER (WHERE c.measure = %(side)s), 0)::bigint,
        coalesce(sum(c.amount) FILTER (WHERE c.measure = %(overdue)s), 0)::bigint
    FROM (
        SELECT d.measure, d.view, d.stage, d.amount
        FROM unnest(%(levels)s::integer[], %(lows)s::text[], %(highs)s::text[]) AS s (level, lo, hi)
        CROSS JOIN (VALUES (%(side)s), (%(overdue)s)) AS m (measure)
        CROSS JOIN (VALUES (0, %(month)s - 1), (%(month)s, %(day)s)) AS t (of_month, upto)
        CROSS JOIN LATERAL (
            SELECT k.measure, k.view, k.stage, k.amount FROM day_count AS k
            WHERE k.measure = m.measure AND k.level = s.level AND k.of_month = t.of_month
              AND k.region >= s.lo AND k.region < s.hi AND k.at <= t.upto
            OFFSET 0
        ) AS d
        UNION ALL
        SELECT %(overdue)s, n.view, n.stage, n.amount
        FROM unnest(%(lows)s::text[], %(highs)s::text[]) AS s (lo, hi)
        JOIN standing_count AS n ON n.side = %(side)s AND n.region >= s.lo AND n.region < s.hi
            AND n.due_on < %(today)s
    ) AS c
    WHERE c.stage = ANY (%(stages)s::text[]) AND c.view = ANY (%(views)s::text[])
    GROUP BY c.view, c.stage
) AS g ON true
WHERE p.name = 'read_models'
"""
_REACH: Final = "SELECT coalesce(current_setting('kiteline.regions', true), '')"
_THEN: Final = """
WITH segment AS NOT MATERIALIZED (
    SELECT m.member_id, m.affiliation, m.affiliation_region, m.holder, m.accepted_by, m.branch, m.stage, m.view,
        m.region, m.since_us
    FROM member AS m WHERE m.roster_from <= %(as_of)s AND m.roster_known <= %(known)s
    UNION ALL
    SELECT r.member_id, r.affiliation, r.affiliation_region, r.holder, r.accepted_by, r.branch, r.stage, r.view,
        r.region, r.since_us
    FROM roster_past AS r
    WHERE r.valid_from <= %(as_of)s AND r.known_from <= %(known)s AND r.known_to > %(known)s
      AND (r.valid_to > %(as_of)s OR r.ended_from > %(known)s)
), chosen AS (
    SELECT m.member_id, m.view, m.stage, m.since_us FROM segment AS m
    WHERE m.affiliation = ANY (%(homes)s::text[])
    UNION ALL
    SELECT m.member_id, m.view, m.stage, m.since_us FROM segment AS m
    WHERE m.accepted_by = ANY (%(hosts)s::text[])
    UNION ALL
    SELECT m.member_id, m.view, m.stage, m.since_us FROM segment AS m
    WHERE m.branch = ANY (%(hosts)s::text[]) AND (m.accepted_by = ANY (%(hosts)s::text[])) IS NOT TRUE
    UNION ALL
    SELECT m.member_id, m.view, m.stage, m.since_us FROM segment AS m
    WHERE m.holder = ANY (%(hosts)s::text[])
)
SELECT c.view, c.stage, count(*), count(*) FILTER (WHERE k.first_due_on < %(today)s),
    count(*) FILTER (WHERE c.since_us >= (%(ages)s::bigint[])[1]),
    count(*) FILTER (WHERE c.since_us >= (%(ages)s::bigint[])[2]),
    count(*) FILTER (WHERE c.since_us >= (%(ages)s::bigint[])[3])
FROM chosen AS c
LEFT JOIN LATERAL (
    SELECT m.first_due_on FROM member AS m
    WHERE m.member_id = c.member_id AND m.clock_from <= %(as_of)s AND m.clock_known <= %(known)s
    UNION ALL
    (SELECT p.first_due_on FROM clock_past AS p
    WHERE p.member_id = c.member_id AND p.valid_from <= %(as_of)s AND p.known_from <= %(known)s
      AND p.known_to > %(known)s AND (p.valid_to > %(as_of)s OR p.ended_from > %(known)s)
    ORDER BY p.valid_from DESC LIMIT 1)
    LIMIT 1
) AS k ON true
WHERE c.stage = ANY (%(stages)s::text[]) AND c.view = ANY (%(views)s::text[])
GROUP BY c.view, c.stage
"""

# Of a region, in each table apart: a range of codes is not carried into a union of both.
_THEN_OF_REGION: Final = """
WITH chosen AS (
    SELECT h.* FROM unnest(%(home_lows)s::text[], %(home_highs)s::text[]) AS s (lo, hi)
    CROSS JOIN LATERAL (
        SELECT m.member_id, m.view, m.stage, m.since_us FROM member AS m
        WHERE m.affiliation_region >= s.lo AND m.affiliation_region < s.hi
          AND m.stage = ANY (%(stages)s::text[]) AND m.view = ANY (%(views)s::text[])
          AND m.roster_from <= %(as_of)s AND m.roster_known <= %(known)s
        UNION ALL
        SELECT r.member_id, r.view, r.stage, r.since_us FROM roster_past AS r
        WHERE r.affiliation_region >= s.lo AND r.affiliation_region < s.hi
          AND r.stage = ANY (%(stages)s::text[]) AND r.view = ANY (%(views)s::text[])
          AND r.valid_from <= %(as_of)s AND r.known_from <= %(known)s AND r.known_to > %(known)s
          AND (r.valid_to > %(as_of)s OR r.ended_from > %(known)s)
    ) AS h
    UNION ALL
    SELECT h.* FROM unnest(%(place_lows)s::text[], %(place_highs)s::text[]) AS s (lo, hi)
    CROSS JOIN LATERAL (
        SELECT m.member_id, m.view, m.stage, m.since_us FROM member AS m
        WHERE m.region >= s.lo AND m.region < s.hi
          AND left(m.affiliation_region, 6) IS DISTINCT FROM left(m.region, 6)
          AND m.stage = ANY (%(stages)s::text[]) AND m.view = ANY (%(views)s::text[])
          AND m.roster_from <= %(as_of)s AND m.roster_known <= %(known)s
        UNION ALL
        SELECT r.member_id, r.view, r.stage, r.since_us FROM roster_past AS r
        WHERE r.region >= s.lo AND r.region < s.hi
          AND left(r.affiliation_region, 6) IS DISTINCT FROM left(r.region, 6)
          AND r.stage = ANY (%(stages)s::text[]) AND r.view = ANY (%(views)s::text[])
          AND r.valid_from <= %(as_of)s AND r.known_from <= %(known)s AND r.known_to > %(known)s
          AND (r.valid_to > %(as_of)s OR r.ended_from > %(known)s)
    ) AS h
)
SELECT c.view, c.stage, count(*), count(*) FILTER (WHERE k.first_due_on < %(today)s),
    count(*) FILTER (WHERE c.since_us >= (%(ages)s::bigint[])[1]),
    count(*) FILTER (WHERE c.since_us >= (%(ages)s::bigint[])[2]),
    count(*) FILTER (WHERE c.since_us >= (%(ages)s::bigint[])[3])
FROM chosen AS c
LEFT JOIN LATERAL (
    SELECT m.first_due_on FROM member AS m
    WHERE m.member_id = c.member_id AND m.clock_from <= %(as_of)s AND m.clock_known <= %(known)s
    UNION ALL
    (SELECT p.first_due_on FROM clock_past AS p
    WHERE p.member_id = c.member_id AND p.valid_from <= %(as_of)s AND p.known_from <= %(known)s
      AND p.known_to > %(known)s AND (p.valid_to > %(as_of)s OR p.ended_from > %(known)s)
    ORDER BY p.valid_from DESC LIMIT 1)
    LIMIT 1
) AS k ON true
GROUP BY c.view, c.stage
"""


def counts(
    connection: Connection[TupleRow], question: RosterQuestion, reference: Reference, *, ages: bool = False
) -> Page:
    """Count members by view and stage, with how many of them something is overdue for; empty cells are counted as 0.

    `question.side` is `outflow` or `inflow`; its `views` and `stages` choose among the cells. With `ages` also for how
    many days they have been at the stage: of a past day that is counted from the members, and not kept.
    """
    asked = question.views or VIEWS
    parameters = parameters_of(_as_roster(question), question.moment, reference)
    moment = question.moment
    parameters |= {"stages": _stages(question), "views": list(asked)}
    parameters["ages"] = [at_least_since(moment, days) for days in AGES]
    now, then, kept = _NOW, _THEN, None
    if question.region is not None and question.organisation is None:
        spans = spans_of(reference, question.region, question.moment.as_of_us)
        parameters |= {"lows": spans.lows, "highs": spans.highs, "side": question.side}
        then = _THEN_OF_REGION
        if _holds(connection, spans):
            now = _KEPT_AGES if ages else _KEPT
            kept = _KEPT_THEN if _is_end_of_day(moment) and not ages else None
            parameters |= _as_kept(question.side, moment, spans)
    answered = answer(connection, question.moment, parameters, now=now, then=then, kept=kept)
    found = {(view, stage): (count, overdue, within) for view, stage, count, overdue, *within in answered.rows}
    items: list[dict[str, Any]] = []
    for view, stage in CELLS:
        if view in asked and (question.stages is None or stage in question.stages):
            count, overdue, within = found.get((view, stage), (0, 0, [0] * len(AGES)))
            item = {"view": view, "stage": stage, "count": count, "overdue": overdue}
            items.append({**item, "ages": _ages(count, within)} if ages else item)
    return Page(items, None, answered.position, answered.known_position)


def _ages(count: int, within: list[int]) -> list[dict[str, int | None]]:
    """Tell apart how many have been there for how long; `within` counts those of at most so many days."""
    edges = (0, *(days + 1 for days in AGES))
    sums = (0, *within, count)
    return [
        {"min_days": least, "max_days": most, "count": sums[index + 1] - sums[index]}
        for index, (least, most) in enumerate(zip(edges, (*AGES, None), strict=True))
    ]


def _holds(connection: Connection[TupleRow], spans: Spans) -> bool:
    """Whether the caller's reach, as row-level security has it, holds all that was recorded in these codes."""
    row = connection.execute(_REACH).fetchone()
    reach = "" if row is None else str(row[0])
    beginnings = tuple(one for one in reach.split(",") if one)
    return reach == "*" or all(low.startswith(beginnings) for low in spans.lows)


def _is_end_of_day(moment: Moment) -> bool:
    return moment.as_of_us == day_end_us(local_day(moment.as_of_us))


def _as_kept(side: str, moment: Moment, spans: Spans) -> dict[str, Any]:
    """Return what the statement of counts kept by day takes: the day, its month, and how spans are asked for.

    Whole provinces, and all of them, are summed up beside the codes as recorded.
    """
    day = local_day(moment.as_of_us)
    levels = [
        PROVINCE if len(low) <= PROVINCE and high != low + "!" else AS_RECORDED
        for low, high in zip(spans.lows, spans.highs, strict=True)
    ]
    return {
        "overdue": OVERDUE[side],
        "levels": levels,
        "month": month_number(day),
        "day": day_number(day),
        "ages_on": [day_number(day) - days for days in AGES],
    }


def members(connection: Connection[TupleRow], question: RosterQuestion, reference: Reference, now_us: int) -> Page:
    """Return the members behind the counts, as roster items ordered by member id."""
    asked = replace(_as_roster(question), stages=tuple(_stages(question)), views=question.views or VIEWS)
    page = roster.page(connection, asked, reference, now_us)
    for item in page.items:
        item["side"] = question.side
    return page


def _as_roster(question: RosterQuestion) -> RosterQuestion:
    """Of those affiliated here every stage is asked for, reported and returned included."""
    return replace(question, side="affiliated") if question.side == "outflow" else question


def _stages(question: RosterQuestion) -> list[str]:
    possible = AWAY if question.side == "inflow" else ("reported", *AWAY, "returned")
    return [stage for stage in possible if question.stages is None or stage in question.stages]
