"""Who is where: outflow, inflow and affiliated of a region or an organisation, on any day, as known at any position.

Outflow goes by the affiliation, inflow by the place of the leg, or by who accepted or holds it; all below is included.
Somebody in a place is "from elsewhere" when the affiliation lies in another county, so that a province's inflow is the
sum of its counties'; `scope` `leaving` keeps only the moves that cross the border of the region asked for. Whose
membership has ended is on no roster from that day on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from domain.times import DAY_US, day_start_us, local_day
from projections import roster_orders, roster_pages
from projections.asking import NOWHERE, Answer, Cursor, Moment, Page, Spans, answer, is_now, read_cursor, spans_of
from projections.position import reflected

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from domain.reference import Reference

Side = Literal["outflow", "inflow", "affiliated"]
Order = Literal["since", "-since", "last_contact_at", "due_on"]
"""The longest at a stage first, or the latest; the longest without contact; what is due first."""

AWAY: Final = ("awaiting_check_in", "checked_in", "settled")
STAGES: Final = ("reported", *AWAY, "returned", "closed")

_COLUMNS: Final = 21
_ZERO: Final = "00000000-0000-0000-0000-000000000000"
_LAST: Final = "ffffffff-ffff-ffff-ffff-ffffffffffff"
_LAST_CODE: Final = "~"
_AHEAD: Final = 8
"""How many members are looked through at first for each of a page of the past, and how many times as many each time."""


@dataclass(frozen=True, slots=True)
class RosterQuestion:
    """One of `region` and `organisation`. `stages`, `views`, `overdue`: None for all; `leaving` as `scope=leaving`.

    `min_days`, `max_days`: only who has been at the stage for so many days on the day asked about. A region's roster
    comes by region code, then member id; by member id alone that of an organisation, what is asked by overdue or days,
    and what is to be held against another roster (`by_member`). `order` puts a day before the member id.
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
    order: Order | None = None
    min_days: int | None = None
    max_days: int | None = None

    @property
    def sorted(self) -> Order | None:
        """What comes before the member id, other than a region code."""
        return None if self.by_member else self.order

    @property
    def by_region(self) -> bool:
        """Whether pages come by region code first."""
        if self.by_member or self.order is not None or self.organisation is not None:
            return False
        return self.region is not None and (self.overdue, self.min_days, self.max_days) == (None, None, None)

    @property
    def name(self) -> str:
        """What is asked, less when and how much: a cursor holds for this only."""
        place = f"{self.region} {self.organisation} {self.leaving}"
        days = f"{self.min_days} {self.max_days} {self.sorted}"
        return f"roster {self.side} {place} {self.stages} {self.views} {self.overdue} {days}"


def page(connection: Connection[TupleRow], question: RosterQuestion, reference: Reference, now_us: int) -> Page:
    """Return one page of roster items; their order ends in the member id. Raises CursorExpired, CursorUnreadable."""
    by_region = question.by_region
    has_place = by_region or question.sorted is not None
    moment, since_us, after = question.moment, now_us, ["", _ZERO] if has_place else [_ZERO]
    if question.cursor is not None:
        cursor = read_cursor(question.cursor, question.name, now_us, len(after))
        moment, since_us, after = cursor.moment, cursor.since_us, cursor.after
    parameters = parameters_of(question, moment, reference)
    parameters |= {"code": after[0], "after": after[-1], "zero": _ZERO, "limit": question.limit + 1}
    if by_region:
        found = _by_region(connection, moment, parameters)
    else:
        found = answer(connection, moment, parameters, now=roster_orders.NOW, then=roster_orders.THEN)
    rows = found.rows[: question.limit]
    items = [_item(row[:_COLUMNS], question.side, moment.as_of_us) for row in rows]
    following = None
    if len(found.rows) > question.limit:
        pinned = Moment(moment.as_of_us, found.known_position)
        place = [*rows[-1][_COLUMNS:], items[-1]["member_id"]] if has_place else [items[-1]["member_id"]]
        following = Cursor(pinned, since_us, place).text(question.name)
    return Page(items, following, found.position, found.known_position)


def _by_region(connection: Connection[TupleRow], moment: Moment, parameters: dict[str, Any]) -> Answer:
    """Return a page in the order of codes: of the past, out of the members next in that order, as many as it takes."""
    ahead = parameters["limit"] * _AHEAD
    while True:
        until = None
        if not is_now(reflected(connection), moment):
            until = connection.execute(roster_pages.AHEAD, {**parameters, "ahead": ahead}).fetchone()
        bound = dict(zip(("until_code", "until"), until or (_LAST_CODE, _LAST), strict=True))
        found = answer(connection, moment, {**parameters, **bound}, now=roster_pages.NOW, then=roster_pages.THEN)
        if until is None or len(found.rows) == parameters["limit"]:
            return found
        ahead *= _AHEAD


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
        "sorted": question.sorted,
        "since_from": at_least_since(moment, question.max_days),
        "since_until": at_most_since(moment, question.min_days),
    }


def at_least_since(moment: Moment, days: int | None) -> int | None:
    """Return since when somebody is at a stage who has been there for so many days at most on the day of a moment."""
    return None if days is None else day_start_us(local_day(moment.as_of_us)) - days * DAY_US


def at_most_since(moment: Moment, days: int | None) -> int | None:
    """Return until when somebody came to a stage who has been there for so many days at least."""
    return None if days is None else day_start_us(local_day(moment.as_of_us)) - days * DAY_US + DAY_US - 1


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
        "due_on": None if first_due_on is None else first_due_on.isoformat(),
        "overdue": first_due_on is not None and local_day(as_of_us) > first_due_on,
    }
