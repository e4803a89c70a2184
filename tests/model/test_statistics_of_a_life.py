"""What a life adds to the figures of each month is what the model finds at the month's end, told without the domain."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from copy import copy
from typing import Any

from hypothesis import given, settings

from domain.fact import Fact
from domain.reference import Reference
from projections.month_ends import Cell
from projections.rows import Rows
from projections.trace import Trace
from tests.model import member_model as model
from tests.model.comparing import view
from tests.model.lives import STEPS, live, long_life
from tests.model.moments import start_of
from tests.model.recording import telling
from tests.model.test_member_model import LIVES, WORKDAYS, deterministic
from tests.model.world import MEMBER, ORGANISATIONS

COMPARED = ("affiliated", "inflow", "contact_missed.origin", "contact_missed.destination")
AWAY = ("awaiting_check_in", "checked_in", "settled")
MONTHS = [dt.date(2024 + month // 12, month % 12 + 1, 1) for month in range(0, 36, 2)]


def added(facts: list[Fact], reference: Reference) -> dict[int, Counter[Cell]]:
    """Return by month what the read models' counts are told of a member, page by page of two facts."""
    trace, rows = Trace(MEMBER), Rows()
    for number, fact in enumerate(facts):
        trace.take(copy(fact), reference)
        if number % 2:
            trace.emit(rows)
    trace.emit(rows)
    told: dict[int, Counter[Cell]] = {}
    for _, month, cell, amount in rows.counts:
        told.setdefault(month, Counter())[cell] += amount
    return told


def at_the_end_of(day: dt.date, told: dict[int, Counter[Cell]]) -> dict[Cell, int]:
    """Add up what was told of this month and all before it."""
    number = day.year * 12 + day.month - 1
    total = Counter[Cell]()
    for month, cells in told.items():
        if month <= number:
            total.update(cells)
    return {cell: count for cell, count in total.items() if count and cell[0] in COMPARED}


def city(region: str) -> str | None:
    return None if region.endswith("0000") else region[:4]


def apart(one: str, other: str) -> str | None:
    cities = (city(one), city(other))
    if cities[0] is not None and cities[0] == cities[1]:
        return "IN_CITY"
    if one[:2] != other[:2]:
        return "ACROSS_PROVINCES"
    return None if None in cities else "IN_PROVINCE"


def found(rows: list[dict[str, Any]], first: dt.date) -> dict[Cell, int]:
    """Find where the member counts at a month's end."""
    following = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
    end = start_of(following) - 1
    s, cells = model.state_at(rows, end), Counter[Cell]()
    home = ORGANISATIONS[s["affiliation"]][1] if s["affiliation"] else None
    if s["membership"] != "ended":
        cells.update(where(s, home))
    last = following - dt.timedelta(days=1)
    for kind, owner, *about in model.duties_at(rows, end, WORKDAYS):
        if kind == "monthly_contact" and about[1] == last.isoformat():
            side = about[-1].split(".")[0]
            cells[f"contact_missed.{side}", ORGANISATIONS[owner][1], "", "", "", ""] += 1
    return dict(cells)


def where(s: dict[str, Any], home: str | None) -> list[Cell]:
    movement, stage, scope, region, seen = s["movement"], model.stage(s), "", None, None
    if movement is not None and stage != "closed":
        leg, seen = model.leg(s), view(movement)
        before = stage in ("reported", "awaiting_check_in")
        region = leg["declared"] if before else (leg["region"] or leg["declared"])
        origin = ORGANISATIONS[movement["origin"]][1] if movement["origin"] else None
        distance = None if region is None or origin is None else apart(origin, region)
        abroad = region is None and (leg["destination"] or {}).get("abroad")
        scope = distance or ("ABROAD" if abroad else "UNKNOWN")
    rest = (scope, s["category"] or "", seen or "", stage or "")
    cells = [("affiliated", home, *rest)] if home is not None else []
    if region is not None and stage in AWAY and home != region:
        cells.append(("inflow", region, *rest))
    return cells


@settings(deterministic, max_examples=LIVES // 5)  # each is told eighteen months, one by one
@given(STEPS)
def test_each_months_figures_are_what_the_model_finds_at_its_end(life):
    stream = live(life)
    told = added(stream.facts, stream.reference)
    rows = telling(stream.facts)
    for month in MONTHS:
        assert at_the_end_of(month, told) == found(rows, month)


def test_the_lives_reach_every_kind_of_figure():
    seen = Counter[str]()
    for seed in range(30):
        stream = live(long_life(seed * 7_919))
        told = added(stream.facts, stream.reference)
        for month in MONTHS:
            for cell in at_the_end_of(month, told):
                seen.update((cell[0], cell[2], cell[5]))
    assert {"affiliated", "inflow", "contact_missed.origin", "contact_missed.destination"} <= seen.keys()
    assert {"IN_CITY", "IN_PROVINCE", "ACROSS_PROVINCES", "ABROAD", "UNKNOWN"} <= seen.keys()
    assert {"reported", *AWAY, "returned", "closed"} <= seen.keys()
