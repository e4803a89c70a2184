"""What a life adds to the lifecycle counts of each day is what the model finds at the day's end."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from copy import copy

from hypothesis import given, settings

from domain.fact import Fact
from domain.reference import Reference
from domain.times import day_number
from projections.day_ends import Cell
from projections.rows import Rows
from projections.trace import Trace
from projections.values import CLOCK_COLUMNS, CLOCK_HEAD
from tests.model import member_model as model
from tests.model.lives import STEPS, live, long_life
from tests.model.moments import start_of
from tests.model.recording import telling
from tests.model.test_member_model import LIVES, WORKDAYS, deterministic
from tests.model.test_statistics_of_a_life import AWAY, where
from tests.model.world import MEMBER, ORGANISATIONS

DAYS = [dt.date(2024, 1, 1) + dt.timedelta(days=53 * number) for number in range(22)]


def added(facts: list[Fact], reference: Reference) -> dict[int, Counter[Cell]]:
    """Return by day what the read models' counts are told of a member, page by page of two facts."""
    trace, rows = Trace(MEMBER), Rows()
    for number, fact in enumerate(facts):
        trace.take(copy(fact), reference)
        if number % 2:
            trace.emit(rows)
    trace.emit(rows)
    told: dict[int, Counter[Cell]] = {}
    for _, day, cell, amount in (*rows.day_counts, *overdue_now(trace)):
        told.setdefault(day, Counter())[cell] += amount
    return told


def overdue_now(trace: Trace) -> list[tuple[str, int, Cell, int]]:
    """Return from when on the clocks that have not ended count as overdue, as `standing_count` has it."""
    if trace.clock is None:
        return []
    due = dict(zip(CLOCK_COLUMNS, trace.clock.values[CLOCK_HEAD:], strict=True))["first_due_on"]
    seen, stage, home, here = trace.clock.values[:4]
    if due is None or seen is None or stage == "closed":
        return []
    from_day = day_number(due) + 1
    cells = [("outflow.overdue", home, seen, stage)] if home else []
    if here is not None and stage in AWAY and here != home:
        cells.append(("inflow.overdue", here, seen, stage))
    return [("", from_day, cell, 1) for cell in cells]


def at_the_end_of(day: dt.date, told: dict[int, Counter[Cell]]) -> dict[Cell, int]:
    """Add up what was told of this day and all before it."""
    total = Counter[Cell]()
    for number, cells in told.items():
        if number <= day_number(day):
            total.update(cells)
    return {cell: count for cell, count in total.items() if count}


def found(rows: list[model.Row], day: dt.date) -> dict[Cell, int]:
    """Find where the member counts at a day's end, and whether something was due before it."""
    end = start_of(day + dt.timedelta(days=1)) - 1
    s = model.state_at(rows, end)
    home = ORGANISATIONS[s["affiliation"]][1] if s["affiliation"] else None
    late = any(owed[4] for owed in model.duties_at(rows, end, WORKDAYS) if owed[0] != "look_at_flag")
    cells: dict[Cell, int] = {}
    for side, region, _, _, seen, stage in where(s, home):
        if seen and stage != "closed":
            name = {"affiliated": "outflow"}.get(side, side)
            cells[name, region, seen, stage] = 1
            if late:
                cells[f"{name}.overdue", region, seen, stage] = 1
    return cells


@settings(deterministic, max_examples=LIVES // 8)  # each is told twenty-two days, one by one
@given(STEPS)
def test_each_days_counts_are_what_the_model_finds_at_its_end(life):
    stream = live(life)
    told = added(stream.facts, stream.reference)
    rows = telling(stream.facts)
    for day in DAYS:
        assert at_the_end_of(day, told) == found(rows, day)


def test_the_lives_reach_every_kind_of_count():
    seen = Counter[tuple[str, str]]()
    for seed in range(30):
        stream = live(long_life(seed * 7_919))
        told = added(stream.facts, stream.reference)
        for day in DAYS:
            seen.update((cell[0], cell[3]) for cell in at_the_end_of(day, told))
    stages = {"reported", *AWAY, "returned"}
    assert {stage for measure, stage in seen if measure == "outflow"} == stages
    assert {stage for measure, stage in seen if measure == "outflow.overdue"} >= {*AWAY, "returned"}
    assert {stage for measure, stage in seen if measure.startswith("inflow")} == {*AWAY}
    assert {measure for measure, _ in seen} == {"outflow", "outflow.overdue", "inflow", "inflow.overdue"}
