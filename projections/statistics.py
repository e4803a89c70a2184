"""A month's figures of a region: who belongs there and who is there, contacts owed and made, transfers, hours served.

As known now the counts are kept (`projections.month_ends`), so that a nation's are a sum; as known at an earlier
position they are counted from the rows of the past. Stages are those at the month's end, as on the rosters of that
moment. A contact is due when its day comes, the last of the month, and the side that owes it has made it or still owes
it: months waived, or ended by a return, are not due. Service is told where the member was that day: where they had
checked in, else at home.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from domain.calendar import month_end
from domain.times import day_end_us, day_start_us
from projections.asking import Spans, spans_of
from projections.month_ends import AFFILIATED, CONTACT_MADE, CONTACT_MISSED, INFLOW, month_number
from projections.position import reflected
from projections.roster import AWAY
from projections.suppression import is_small, publish_margin

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from psycopg import Connection
    from psycopg.rows import TupleRow

    from domain.reference import Reference

SIDES: Final = ("affiliated", "outflow", "inflow")
MARGINS: Final = ("scope", "category", "view", "stage")
TRANSFER_WAYS: Final = ("out", "in")
_TRANSFERS: Final = {"transfer_out": "out", "transfer_in": "in"}
CONTACT_SIDES: Final = ("origin", "destination")

_KEPT: Final = """
SELECT t.measure, t.scope, t.category, t.view, t.stage, sum(t.amount)::bigint
FROM unnest(%(lows)s::text[], %(highs)s::text[]) AS s (lo, hi)
JOIN statistic AS t ON t.region >= s.lo AND t.region < s.hi
WHERE t.month <= %(number)s
GROUP BY t.measure, t.scope, t.category, t.view, t.stage
HAVING sum(t.amount) <> 0
"""
# What was kept before the first month counts at its end, as all that follows does from its own month on.
_KEPT_BY_MONTH: Final = """
SELECT greatest(t.month, %(first)s), t.measure, t.scope, t.category, t.view, t.stage, sum(t.amount)::bigint
FROM unnest(%(lows)s::text[], %(highs)s::text[]) AS s (lo, hi)
JOIN statistic AS t ON t.region >= s.lo AND t.region < s.hi
WHERE t.month <= %(last)s
GROUP BY 1, 2, 3, 4, 5, 6
"""
_COUNTED: Final = """
WITH span AS (
    SELECT s.lo, s.hi FROM unnest(%(lows)s::text[], %(highs)s::text[]) AS s (lo, hi)
), segment AS NOT MATERIALIZED (
    SELECT m.member_id, m.affiliation_region, m.region, m.accepted_by, m.branch, m.stage, m.view, m.category, m.scope,
        m.abroad, m.membership
    FROM member AS m WHERE m.roster_from <= %(as_of)s AND m.roster_known <= %(known)s
    UNION ALL
    SELECT r.member_id, r.affiliation_region, r.region, r.accepted_by, r.branch, r.stage, r.view, r.category, r.scope,
        r.abroad, r.membership
    FROM roster_past AS r
    WHERE r.valid_from <= %(as_of)s AND r.known_from <= %(known)s AND r.known_to > %(known)s
      AND (r.valid_to > %(as_of)s OR r.ended_from > %(known)s)
), home AS MATERIALIZED (
    SELECT m.* FROM span AS s JOIN segment AS m ON m.affiliation_region >= s.lo AND m.affiliation_region < s.hi
), counted AS (
    SELECT %(affiliated)s::text AS measure, m.scope, m.category, m.view, m.stage, m.abroad
    FROM home AS m WHERE m.membership <> 'ended'
    UNION ALL
    SELECT %(inflow)s::text, m.scope, m.category, m.view, m.stage, m.abroad
    FROM span AS s JOIN segment AS m ON m.region >= s.lo AND m.region < s.hi
    WHERE left(m.affiliation_region, 6) IS DISTINCT FROM left(m.region, 6) AND m.stage = ANY (%(away)s::text[])
      AND m.membership <> 'ended'
), concerned AS (
    SELECT h.member_id FROM home AS h
    UNION
    SELECT m.member_id FROM segment AS m WHERE m.accepted_by = ANY (%(organisations)s::text[])
    UNION
    SELECT m.member_id FROM segment AS m WHERE m.branch = ANY (%(organisations)s::text[])
), contact AS (
    SELECT v.measure, v.region FROM concerned AS o
    CROSS JOIN LATERAL (
        SELECT m.origin_owner_region, m.origin_month, m.origin_made, m.destination_owner_region, m.destination_month,
            m.destination_made
        FROM member AS m
        WHERE m.member_id = o.member_id AND m.clock_from <= %(as_of)s AND m.clock_known <= %(known)s
        UNION ALL
        SELECT c.origin_owner_region, c.origin_month, c.origin_made, c.destination_owner_region, c.destination_month,
            c.destination_made
        FROM clock_past AS c
        WHERE c.member_id = o.member_id AND c.valid_from <= %(as_of)s AND c.known_from <= %(known)s
          AND c.known_to > %(known)s AND (c.valid_to > %(as_of)s OR c.ended_from > %(known)s)
    ) AS k
    CROSS JOIN LATERAL (VALUES
        ('contact_missed.origin', k.origin_owner_region, k.origin_month <= %(month)s),
        ('contact_made.origin', k.origin_owner_region, k.origin_made = %(month)s),
        ('contact_missed.destination', k.destination_owner_region, k.destination_month <= %(month)s),
        ('contact_made.destination', k.destination_owner_region, k.destination_made = %(month)s)
    ) AS v (measure, region, holds)
    WHERE v.holds
    UNION ALL
    SELECT 'contact_missed.' || split_part(d.key, '.', 2), d.region
    FROM (
        SELECT d.key, d.kind, d.region, d.due_on, d.month_from, d.month_until FROM duty AS d
        WHERE d.organisation = ANY (%(organisations)s::text[]) AND d.valid_from <= %(as_of)s
          AND d.known_from <= %(known)s
        UNION ALL
        SELECT d.key, d.kind, d.region, d.due_on, d.month_from, d.month_until FROM duty_past AS d
        WHERE d.organisation = ANY (%(organisations)s::text[]) AND d.valid_from <= %(as_of)s
          AND d.known_from <= %(known)s AND d.known_to > %(known)s
          AND (d.valid_to > %(as_of)s OR d.ended_from > %(known)s)
    ) AS d
    WHERE d.kind = 'monthly_contact'
      AND CASE WHEN d.month_from IS NULL THEN date_trunc('month', d.due_on)::date = %(month)s
               ELSE d.month_from <= %(month)s AND coalesce(d.month_until >= %(month)s, true) END
)
SELECT c.measure,
    CASE WHEN c.stage IS NULL OR c.stage = 'closed' THEN ''
         ELSE coalesce(c.scope, CASE WHEN c.abroad THEN 'ABROAD' ELSE 'UNKNOWN' END) END,
    coalesce(c.category, ''), coalesce(c.view, ''), coalesce(c.stage, ''), count(*)
FROM counted AS c
GROUP BY 1, 2, 3, 4, 5
UNION ALL
SELECT k.measure, '', '', '', '', count(*) FROM contact AS k
WHERE EXISTS (SELECT FROM span AS s WHERE k.region >= s.lo AND k.region < s.hi)
GROUP BY k.measure
UNION ALL
SELECT t.measure, coalesce(t.scope, ''), '', '', '', sum(t.amount)::bigint
FROM span AS s JOIN tally AS t ON t.region >= s.lo AND t.region < s.hi
WHERE t.at_us >= %(start)s AND t.at_us <= %(as_of)s AND t.known_from <= %(known)s AND t.known_to > %(known)s
GROUP BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Statistics:
    """A month's figures: cells, their margins by side, contacts by the side that owes them, transfers, service."""

    items: list[dict[str, Any]]
    totals: dict[str, dict[str, Any]]
    contacts: dict[str, dict[str, Any]]
    transfers: dict[str, dict[str, Any]]
    service: dict[str, Any]
    position: int
    known_position: int


def month_figures(
    connection: Connection[TupleRow], region: str, month: date, reference: Reference, known_position: int | None = None
) -> Statistics:
    """Return the figures of a region (000000: the country) at a month's end; empty cells are left out."""
    first = month.replace(day=1)
    as_of_us = day_end_us(month_end(first))
    standing = reflected(connection)
    known = standing.position if known_position is None else min(known_position, standing.position)
    spans = spans_of(reference, region, as_of_us)
    parameters: dict[str, Any] = {"lows": spans.lows, "highs": spans.highs}
    if known >= standing.position:
        rows = connection.execute(_KEPT, {**parameters, "number": month_number(first)}).fetchall()
    else:
        parameters |= {
            "start": day_start_us(first),
            "as_of": as_of_us,
            "known": known,
            "month": first,
            "organisations": _organisations_in(reference, spans),
            "away": list(AWAY),
            "affiliated": AFFILIATED,
            "inflow": INFLOW,
        }
        rows = connection.execute(_COUNTED, parameters).fetchall()
    return _figures(rows, standing.position, known)


def months_figures(
    connection: Connection[TupleRow],
    region: str,
    months: Sequence[date],
    reference: Reference,
    known_position: int | None = None,
) -> list[Statistics]:
    """Return the figures of consecutive months, each as `month_figures` would; `months` are their first days."""
    standing = reflected(connection)
    known = standing.position if known_position is None else min(known_position, standing.position)
    if known < standing.position:
        return [month_figures(connection, region, month, reference, known) for month in months]

    def spans_at(month: date) -> Spans:
        return spans_of(reference, region, day_end_us(month_end(month)))

    found: list[Statistics] = []
    # A region that was reorganised between two months has other codes: those before and after are asked for apart.
    for spans, alike in groupby(months, key=spans_at):
        numbers = [month_number(month) for month in alike]
        asked = {"lows": spans.lows, "highs": spans.highs, "first": numbers[0], "last": numbers[-1]}
        added: dict[int, list[TupleRow]] = {number: [] for number in numbers}
        for number, *row in connection.execute(_KEPT_BY_MONTH, asked):
            added[number].append(tuple(row))
        standing_at: Counter[TupleRow] = Counter()
        for number in numbers:
            for *cell, amount in added[number]:
                standing_at[tuple(cell)] += amount
            rows = [(*cell, amount) for cell, amount in standing_at.items() if amount]
            found.append(_figures(rows, standing.position, known))
    return found


def published(found: Statistics, least: int) -> Statistics:
    """Return figures fit for publication: sums and their margins, without cells, and without what tells of too few.

    Of those affiliated only the categories are told beside the count: their stages are those of who is away.
    """
    totals = {side: _published_side(side, one, least) for side, one in found.totals.items()}
    contacts = {side: _published_contacts(one["due"], one["made"], least) for side, one in found.contacts.items()}
    transfers = {
        way: {
            "count": None if is_small(one["count"], least) else one["count"],
            "by_scope": publish_margin(one["by_scope"], one["count"], least),
        }
        for way, one in found.transfers.items()
    }
    service = dict.fromkeys(found.service, None) if is_small(found.service["times"], least) else found.service
    return replace(found, items=[], totals=totals, contacts=contacts, transfers=transfers, service=service)


def _published_side(side: str, totals: dict[str, Any], least: int) -> dict[str, Any]:
    told = ("category",) if side == "affiliated" else MARGINS
    margins = {
        f"by_{name}": publish_margin(totals[f"by_{name}"], totals["count"], least) if name in told else {}
        for name in MARGINS
    }
    return {"count": None if is_small(totals["count"], least) else totals["count"], **margins}


def _published_contacts(due: int, made: int, least: int) -> dict[str, int | None]:
    is_told = not is_small(made, least) and not is_small(due - made, least)
    return {"due": None if is_small(due, least) else due, "made": made if is_told else None}


def _organisations_in(reference: Reference, spans: Spans) -> list[str]:
    return [code for code, one in reference.organisations.by_code.items() if spans.hold(one.region)]


def _figures(rows: list[TupleRow], position: int, known: int) -> Statistics:
    plain: Counter[str] = Counter()
    transfers: dict[str, Counter[str]] = {way: Counter() for way in TRANSFER_WAYS}
    items: list[dict[str, Any]] = []
    for measure, scope, category, view, stage, count in rows:
        if measure not in (AFFILIATED, INFLOW):
            plain[measure] += count
            if measure in _TRANSFERS:
                transfers[_TRANSFERS[measure]][scope or "UNKNOWN"] += count
            continue
        cell = {"scope": scope, "category": category, "view": view, "stage": stage}
        told = {name: value or None for name, value in cell.items()}
        sides = ("inflow",) if measure == INFLOW else ("affiliated", "outflow") if stage in AWAY else ("affiliated",)
        items += [{"side": side, **told, "count": count} for side in sides]
    items.sort(key=lambda item: (SIDES.index(item["side"]), *(item[name] or "" for name in MARGINS)))
    return Statistics(
        items,
        {side: _totals([item for item in items if item["side"] == side]) for side in SIDES},
        {side: _contacts(plain[CONTACT_MADE[side]], plain[CONTACT_MISSED[side]]) for side in CONTACT_SIDES},
        {way: {"count": found.total(), "by_scope": dict(sorted(found.items()))} for way, found in transfers.items()},
        {"hours": plain["service_quarters"] / 4, "times": plain["service_times"]},
        position,
        known,
    )


def _totals(items: list[dict[str, Any]]) -> dict[str, Any]:
    """Add a side's cells up, in all and by each of their marks; whoever has no stage is at home."""
    totals: dict[str, Any] = {"count": sum(item["count"] for item in items)}
    for name in MARGINS:
        margin: Counter[str] = Counter()
        for item in items:
            if item[name] is not None:
                margin[item[name]] += item["count"]
        totals[f"by_{name}"] = dict(sorted(margin.items()))
    return totals


def _contacts(made: int, missed: int) -> dict[str, int]:
    return {"due": made + missed, "made": made}
