"""Who is where: outflow, inflow and affiliated of a region or an organisation, on any day, as known at any position.

Outflow goes by the affiliation, inflow by the place of the leg, or by who accepted or holds it; all below is included.
Somebody in a place is "from elsewhere" when the affiliation lies in another county, so that a province's inflow is the
sum of its counties'; `scope` `leaving` keeps only the moves that cross the border of the region asked for. Whose
membership has ended is on no roster from that day on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from domain.times import local_day
from projections import roster_pages
from projections.asking import NOWHERE, Cursor, Moment, Page, Spans, answer, read_cursor, spans_of

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from domain.reference import Reference

Side = Literal["outflow", "inflow", "affiliated"]

AWAY: Final = ("awaiting_check_in", "checked_in", "settled")
STAGES: Final = ("reported", *AWAY, "returned", "closed")

_NOW: Final = """
WITH chosen AS (
    SELECT m.* FROM unnest(%(home_lows)s::text[], %(home_highs)s::text[]) AS s (lo, hi)
    JOIN member AS m ON m.affiliation_region >= s.lo AND m.affiliation_region < s.hi
    UNION ALL
    SELECT m.* FROM unnest(%(place_lows)s::text[], %(place_highs)s::text[]) AS s (lo, hi)
    JOIN member AS m ON m.region >= s.lo AND m.region < s.hi
    WHERE left(m.affiliation_region, 6) IS DISTINCT FROM left(m.region, 6)
    UNION ALL
    SELECT m.* FROM unnest(%(homes)s::text[]) AS o (code)
    JOIN member AS m ON m.affiliation = o.code
    UNION ALL
    SELECT m.* FROM unnest(%(hosts)s::text[]) AS o (code)
    JOIN member AS m ON m.accepted_by = o.code
    UNION ALL
    SELECT m.* FROM unnest(%(hosts)s::text[]) AS o (code)
    JOIN member AS m ON m.branch = o.code
    WHERE (m.accepted_by = ANY (%(hosts)s::text[])) IS NOT TRUE
    UNION ALL
    SELECT m.* FROM unnest(%(hosts)s::text[]) AS o (code)
    JOIN member AS m ON m.holder = o.code
)
SELECT p.version, p.position, p.latest_us, p.updated_at,
    c.member_id, c.affiliation, c.affiliation_region, c.responsible, c.holder, c.accepted_by, c.branch, c.stage,
    c.view,
    c.origin_region, c.declared_region, c.region, c.leg, c.movement_id, c.category, c.scope, c.since_us, c.abroad,
    c.last_contact_at, c.lost, c.first_due_on
FROM projection_position AS p
LEFT JOIN LATERAL (
    SELECT * FROM chosen
    WHERE membership <> 'ended' AND (%(stages)s::text[] IS NULL OR stage = ANY (%(stages)s::text[]))
      AND (%(views)s::text[] IS NULL OR view = ANY (%(views)s::text[]))
      AND (%(overdue)s::boolean IS NULL OR coalesce(first_due_on < %(today)s, false) = %(overdue)s::boolean)
      AND member_id > %(after)s::uuid
      AND (NOT %(leaving)s OR (movement_id IS NOT NULL AND stage <> 'closed' AND NOT EXISTS (
            SELECT FROM unnest(%(border_lows)s::text[], %(border_highs)s::text[]) AS b (lo, hi)
            WHERE CASE WHEN %(inwards)s THEN origin_region ELSE region END COLLATE "C" >= b.lo
              AND CASE WHEN %(inwards)s THEN origin_region ELSE region END COLLATE "C" < b.hi
          ) AND (CASE WHEN %(inwards)s THEN origin_region ELSE region END IS NOT NULL OR abroad)))
    ORDER BY member_id LIMIT %(limit)s
) AS c ON true
WHERE p.name = 'read_models'
ORDER BY c.member_id
"""
_THEN: Final = """
WITH segment AS NOT MATERIALIZED (
    SELECT m.member_id, m.affiliation, m.affiliation_region, m.responsible, m.holder, m.accepted_by, m.branch, m.stage,
        m.view, m.origin_region, m.declared_region, m.region, m.leg, m.movement_id, m.category, m.scope, m.since_us,
        m.abroad, m.membership
    FROM member AS m WHERE m.roster_from <= %(as_of)s AND m.roster_known <= %(known)s
    UNION ALL
    SELECT r.member_id, r.affiliation, r.affiliation_region, r.responsible, r.holder, r.accepted_by, r.branch, r.stage,
        r.view, r.origin_region, r.declared_region, r.region, r.leg, r.movement_id, r.category, r.scope, r.since_us,
        r.abroad, r.membership
    FROM roster_past AS r
    WHERE r.valid_from <= %(as_of)s AND r.known_from <= %(known)s AND r.known_to > %(known)s
      AND (r.valid_to > %(as_of)s OR r.ended_from > %(known)s)
), chosen AS (
    SELECT h.* FROM unnest(%(home_lows)s::text[], %(home_highs)s::text[]) AS s (lo, hi)
    CROSS JOIN LATERAL (
        SELECT m.member_id, m.affiliation, m.affiliation_region, m.responsible, m.holder, m.accepted_by, m.branch,
            m.stage, m.view, m.origin_region, m.declared_region, m.region, m.leg, m.movement_id, m.category, m.scope,
            m.since_us, m.abroad, m.membership
        FROM member AS m
        WHERE m.affiliation_region >= s.lo AND m.affiliation_region < s.hi
          AND m.roster_from <= %(as_of)s AND m.roster_known <= %(known)s
        UNION ALL
        SELECT m.member_id, m.affiliation, m.affiliation_region, m.responsible, m.holder, m.accepted_by, m.branch,
            m.stage, m.view, m.origin_region, m.declared_region, m.region, m.leg, m.movement_id, m.category, m.scope,
            m.since_us, m.abroad, m.membership
        FROM roster_past AS m
        WHERE m.affiliation_region >= s.lo AND m.affiliation_region < s.hi
          AND m.valid_from <= %(as_of)s AND m.known_from <= %(known)s AND m.known_to > %(known)s
          AND (m.valid_to > %(as_of)s OR m.ended_from > %(known)s)
    ) AS h
    UNION ALL
    SELECT h.* FROM unnest(%(place_lows)s::text[], %(place_highs)s::text[]) AS s (lo, hi)
    CROSS JOIN LATERAL (
        SELECT m.member_id, m.affiliation, m.affiliation_region, m.responsible, m.holder, m.accepted_by, m.branch,
            m.stage, m.view, m.origin_region, m.declared_region, m.region, m.leg, m.movement_id, m.category, m.scope,
            m.since_us, m.abroad, m.membership
        FROM member AS m
        WHERE m.region >= s.lo AND m.region < s.hi
          AND left(m.affiliation_region, 6) IS DISTINCT FROM left(m.region, 6)
          AND m.roster_from <= %(as_of)s AND m.roster_known <= %(known)s
        UNION ALL
        SELECT m.member_id, m.affiliation, m.affiliation_region, m.responsible, m.holder, m.accepted_by, m.branch,
            m.stage, m.view, m.origin_region, m.declared_region, m.region, m.leg, m.movement_id, m.category, m.scope,
            m.since_us, m.abroad, m.membership
        FROM roster_past AS m
        WHERE m.region >= s.lo AND m.region < s.hi
          AND left(m.affiliation_region, 6) IS DISTINCT FROM left(m.region, 6)
          AND m.valid_from <= %(as_of)s AND m.known_from <= %(known)s AND m.known_to > %(known)s
          AND (m.valid_to > %(as_of)s OR m.ended_from > %(known)s)
    ) AS h
    UNION ALL
    SELECT m.* FROM segment AS m
    WHERE m.affiliation = ANY (%(homes)s::text[])
    UNION ALL
    SELECT m.* FROM segment AS m
    WHERE m.accepted_by = ANY (%(hosts)s::text[])
    UNION ALL
    SELECT m.* FROM segment AS m
    WHERE m.branch = ANY (%(hosts)s::text[]) AND (m.accepted_by = ANY (%(hosts)s::text[])) IS NOT TRUE
    UNION ALL
    SELECT m.* FROM segment AS m
    WHERE m.holder = ANY (%(hosts)s::text[])
), fitting AS (
    SELECT * FROM chosen
    WHERE membership <> 'ended' AND (%(stages)s::text[] IS NULL OR stage = ANY (%(stages)s::text[]))
      AND (%(views)s::text[] IS NULL OR view = ANY (%(views)s::text[]))
      AND member_id > %(after)s::uuid
      AND (NOT %(leaving)s OR (movement_id IS NOT NULL AND stage <> 'closed' AND NOT EXISTS (
            SELECT FROM unnest(%(border_lows)s::text[], %(border_highs)s::text[]) AS b (lo, hi)
            WHERE CASE WHEN %(inwards)s THEN origin_region ELSE region END COLLATE "C" >= b.lo
              AND CASE WHEN %(inwards)s THEN origin_region ELSE region END COLLATE "C" < b.hi
          ) AND (CASE WHEN %(inwards)s THEN origin_region ELSE region END IS NOT NULL OR abroad)))
    ORDER BY member_id
)
SELECT c.member_id, c.affiliation, c.affiliation_region, c.responsible, c.holder, c.accepted_by, c.branch, c.stage,
    c.view,
    c.origin_region, c.declared_region, c.region, c.leg, c.movement_id, c.category, c.scope, c.since_us, c.abroad,
    k.last_contact_at, coalesce(k.lost, false), k.first_due_on
FROM fitting AS c
LEFT JOIN LATERAL (
    SELECT m.last_contact_at, m.lost, m.first_due_on FROM member AS m
    WHERE m.member_id = c.member_id AND m.clock_from <= %(as_of)s AND m.clock_known <= %(known)s
    UNION ALL
    (SELECT p.last_contact_at, p.lost, p.first_due_on FROM clock_past AS p
    WHERE p.member_id = c.member_id AND p.valid_from <= %(as_of)s AND p.known_from <= %(known)s
      AND p.known_to > %(known)s AND (p.valid_to > %(as_of)s OR p.ended_from > %(known)s)
    ORDER BY p.valid_from DESC LIMIT 1)
    LIMIT 1
) AS k ON true
WHERE %(overdue)s::boolean IS NULL OR coalesce(k.first_due_on < %(today)s, false) = %(overdue)s::boolean
ORDER BY c.member_id LIMIT %(limit)s
"""
_COLUMNS: Final = 21
_ZERO: Final = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True, slots=True)
class RosterQuestion:
    """One of `region` and `organisation`. `stages`, `views`, `overdue`: None for all; `leaving` as `scope=leaving`.

    A region's roster comes by region code, then member id; by member id alone that of an organisation, what is asked
    by overdue, and what is to be held against another roster (`by_member`).
    """

    moment: Moment
    side: Side
    region: str | None = None
    organisation: str | None = None
    stages: tuple[str, ...] | None = None
    views: tuple[str, ...] | None = None
    overdue: bool | None = None
    leaving: bool = False
    limit: int = 50
    cursor: str | None = None
    by_member: bool = False

    @property
    def by_region(self) -> bool:
        """Whether pages come by region code first."""
        return self.region is not None and self.organisation is None and self.overdue is None and not self.by_member

    @property
    def name(self) -> str:
        """What is asked, less when and how much: a cursor holds for this only."""
        place = f"{self.region} {self.organisation} {self.leaving}"
        return f"roster {self.side} {place} {self.stages} {self.views} {self.overdue}"


def page(connection: Connection[TupleRow], question: RosterQuestion, reference: Reference, now_us: int) -> Page:
    """Return one page of roster items; their order ends in the member id. Raises CursorExpired, CursorUnreadable."""
    by_region = question.by_region
    moment, since_us, after = question.moment, now_us, ["", _ZERO] if by_region else [_ZERO]
    if question.cursor is not None:
        cursor = read_cursor(question.cursor, question.name, now_us, len(after))
        moment, since_us, after = cursor.moment, cursor.since_us, cursor.after
    parameters = parameters_of(question, moment, reference)
    parameters |= {"code": after[0], "after": after[-1], "zero": _ZERO, "limit": question.limit + 1}
    now, then = (roster_pages.NOW, roster_pages.THEN) if by_region else (_NOW, _THEN)
    found = answer(connection, moment, parameters, now=now, then=then)
    rows = found.rows[: question.limit]
    items = [_item(row[:_COLUMNS], question.side, moment.as_of_us) for row in rows]
    following = None
    if len(found.rows) > question.limit:
        pinned = Moment(moment.as_of_us, found.known_position)
        place = [*rows[-1][_COLUMNS:], items[-1]["member_id"]]
        following = Cursor(pinned, since_us, place).text(question.name)
    return Page(items, following, found.position, found.known_position)


def parameters_of(question: RosterQuestion, moment: Moment, reference: Reference) -> dict[str, Any]:
    """Return what the statements of rosters and lifecycle views take, but for paging."""
    home = place = NOWHERE
    homes: list[str] = []
    hosts: list[str] = []
    inwards = question.side == "inflow"
    border_of = question.region
    if question.organisation is not None:
        below = reference.at(moment.as_of_us).organisations.below(question.organisation)
        homes, hosts = ([], below) if inwards else (below, [])
        border_of = reference.region_of(question.organisation)
    elif question.region is not None:
        spans = spans_of(reference, question.region, moment.as_of_us)
        home, place = (NOWHERE, spans) if inwards else (spans, NOWHERE)
    border = spans_of(reference, border_of, moment.as_of_us) if question.leaving and border_of else NOWHERE
    return {
        **_spans("home", home),
        **_spans("place", place),
        **_spans("border", border),
        # None, where nothing is asked of them: compared with an empty array, whole tables would be read.
        "homes": homes or None,
        "hosts": hosts or None,
        "stages": stages_of(question),
        "views": list(question.views) if question.views is not None else None,
        "overdue": question.overdue,
        "leaving": question.leaving,
        "inwards": inwards,
        "as_of": moment.as_of_us,
        "today": local_day(moment.as_of_us),
    }


def stages_of(question: RosterQuestion) -> list[str] | None:
    """Return the stages to show: of out- and inflow, those who have left and not returned."""
    if question.side == "affiliated":
        return list(question.stages) if question.stages is not None else None
    return [stage for stage in AWAY if question.stages is None or stage in question.stages]


def _spans(name: str, spans: Spans) -> dict[str, list[str]]:
    return {f"{name}_lows": spans.lows, f"{name}_highs": spans.highs}


def _item(row: TupleRow, side: Side, as_of_us: int) -> dict[str, Any]:
    (
        member_id, affiliation, affiliation_region, responsible, holder, accepted_by, branch, stage, view,
        origin_region, declared_region, region, leg, movement_id, category, scope, since_us, abroad,
        last_contact_at, lost, first_due_on,
    ) = row  # fmt: skip
    return {
        "member_id": str(member_id),
        "affiliation": affiliation,
        "affiliation_region": affiliation_region,
        "responsible": responsible,
        "side": side,
        "stage": stage,
        "view": view,
        "origin_region": origin_region,
        "declared_region": declared_region,
        "region": region,
        "abroad": abroad,
        "branch": branch,
        "holder": holder,
        "accepted_by": accepted_by,
        "movement_id": movement_id,
        "leg": leg,
        "category": category,
        "scope": scope,
        "since": local_day(since_us).isoformat() if since_us is not None else None,
        "last_contact_at": last_contact_at,
        "lost_contact": lost,
        "overdue": first_due_on is not None and local_day(as_of_us) > first_due_on,
    }
