"""The three lifecycle views, counted by stage: before departure, in transit, return; and the members behind each count.

Of those affiliated here (`outflow`) all stages count; of those here from elsewhere (`inflow`) only who has left and not
returned, so that the counts are those of the rosters.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from domain.times import day_end_us, day_number, local_day
from projections import lifecycle_counted, roster
from projections.asking import Answer, Page, Spans, answer, reach_of, spans_of
from projections.day_ends import AS_RECORDED, OVERDUE, PROVINCE
from projections.known_counts import counts_as_known
from projections.month_ends import month_number
from projections.position import reflected
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


def counts(
    connection: Connection[TupleRow],
    question: RosterQuestion,
    reference: Reference,
    *,
    ages: bool = False,
    change_since_us: int | None = None,
) -> Page:
    """Count members by view and stage, with how many of them something is overdue for; empty cells are counted as 0.

    `question.side` is `outflow` or `inflow`; its `views` and `stages` choose among the cells. With `ages` also for how
    many days they have been at the stage: of a past day that is counted from the members, and not kept. With
    `change_since_us` also by how many they are more than at that moment (microseconds since 1970 UTC).
    """
    answered = _counted(connection, question, reference, ages=ages)
    found = {(view, stage): (count, overdue, within) for view, stage, count, overdue, *within in answered.rows}
    before: dict[tuple[str, str], int] | None = None
    if change_since_us is not None:
        then = replace(question, moment=replace(question.moment, as_of_us=change_since_us))
        stood = _counted(connection, then, reference, stood=True)
        before = {(view, stage): count for view, stage, count, *_ in stood.rows}
    items: list[dict[str, Any]] = []
    for view, stage in CELLS:
        if view in (question.views or VIEWS) and (question.stages is None or stage in question.stages):
            count, overdue, within = found.get((view, stage), (0, 0, [0] * len(AGES)))
            item: dict[str, Any] = {"view": view, "stage": stage, "count": count, "overdue": overdue}
            item |= {"change": count - before.get((view, stage), 0)} if before is not None else {}
            items.append({**item, "ages": _ages(count, within)} if ages else item)
    return Page(items, None, answered.position, answered.known_position)


def _counted(
    connection: Connection[TupleRow],
    question: RosterQuestion,
    reference: Reference,
    *,
    ages: bool = False,
    stood: bool = False,
) -> Answer:
    """Return rows of view, stage and count; then of overdue and ages, which nobody asks for who asks who `stood`."""
    moment = question.moment
    parameters = parameters_of(_as_roster(question), moment, reference)
    parameters |= {"stages": _stages(question), "views": list(question.views or VIEWS)}
    parameters["ages"] = [at_least_since(moment, days) for days in AGES]
    if question.region is None or question.organisation is not None:
        kept = lifecycle_counted.STOOD_IN_ORGANISATION if stood else None
        now, then = lifecycle_counted.NOW_OF_ORGANISATION, lifecycle_counted.THEN_OF_ORGANISATION
        return answer(connection, moment, parameters, now=now, then=then, kept=kept)
    spans = spans_of(reference, question.region, moment.as_of_us)
    parameters |= {"lows": spans.lows, "highs": spans.highs, "side": question.side}
    now, kept = lifecycle_counted.NOW_OF_REGION, None
    if _holds(connection, spans):
        now = _KEPT_AGES if ages else _KEPT
        kept = _KEPT_THEN if _is_end_of_day(moment) and not ages else None
        parameters |= _as_kept(question.side, moment, spans)
        if _is_end_of_day(moment) and not ages and (known := _counted_as_known(connection, question, spans)):
            return known
    then = lifecycle_counted.THEN_OF_RANGES
    if len(spans.lows) == 1:
        then = lifecycle_counted.THEN_OF_RANGE
        parameters |= _bounds(question.side, spans)
    return answer(connection, moment, parameters, now=now, then=then, kept=kept)


def _counted_as_known(connection: Connection[TupleRow], question: RosterQuestion, spans: Spans) -> Answer | None:
    """Return the kept counts as known at an earlier position than the last; None where they are not made yet."""
    known, standing = question.moment.known_position, reflected(connection)
    if known is None or known >= standing.position:
        return None
    chosen = {"stages": _stages(question), "views": list(question.views or VIEWS)}
    rows = counts_as_known(connection, question.side, question.moment.as_of_us, known, spans, chosen)
    return None if rows is None else Answer(standing.position, known, rows)


def _bounds(side: str, spans: Spans) -> dict[str, str | None]:
    """Return the bounds of one range: of the affiliation, or of the place for who is here from elsewhere."""
    bounds: dict[str, str | None] = dict.fromkeys(("home_low", "home_high", "place_low", "place_high"))
    low, high = ("place_low", "place_high") if side == "inflow" else ("home_low", "home_high")
    return {**bounds, low: spans.lows[0], high: spans.highs[0]}


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
    places = reach_of(connection)
    return places is None or all(low.startswith(tuple(places.lows)) for low in spans.lows)


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
