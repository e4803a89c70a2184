"""What rows of rosters and clocks add to the lifecycle counts kept by day: each counts at the days' ends it spans.

As with the counts by month, what is kept is what a day adds and takes away; beside it the sums of months and provinces.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Final

from domain.times import DAY_US, OFFSET_US, day_number, day_start_us
from projections.month_ends import AWAY, month_of_day
from projections.segment import CLOCK, CURRENT, FOREVER, PAST, UNSTORED
from projections.values import CLOCK_COLUMNS, CLOCK_HEAD, CLOCK_STANDING, ROSTER_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from projections.segment import Segment
    from projections.values import Values

Cell = tuple[str, str, str, str]
"""measure, region, view, stage."""

DayCount = tuple[str, int, Cell, int]
"""member, day, cell, what is added there."""

OUTFLOW: Final = "outflow"
INFLOW: Final = "inflow"
OVERDUE: Final = {OUTFLOW: "outflow.overdue", INFLOW: "inflow.overdue"}
AS_RECORDED: Final = 0
PROVINCE: Final = 2
"""How many digits of a region are told apart, 0 for all of its code."""

SUM: Final = 0
"""Stands for the month where a row is the sum of one."""

_BEFORE_THE_CALENDAR: Final = 1
_FIRST_DAY: Final = day_number(date.min)
_NEVER: Final = 1 << 30
_HOME, _PLACE, _VIEW, _STAGE = map(ROSTER_COLUMNS.index, ("affiliation_region", "region", "view", "stage"))
_DUE: Final = CLOCK_HEAD + CLOCK_COLUMNS.index("first_due_on")


class _OverdueFrom(dict[date | None, int]):
    """The instants from which on something is overdue, by the first day on which anything is due; never if none is."""

    def __missing__(self, due: date | None) -> int:
        if len(self) > _MOST_DAYS:
            self.clear()
        found = self[due] = FOREVER if due in (None, date.max) else day_start_us(due) + DAY_US
        return found


_MOST_DAYS: Final = 100_000
_OVERDUE_FROM: Final = _OverdueFrom()


def count_days(found: list[DayCount], track: int, member: str, row: Segment, stored: int) -> None:
    """Note what a row of rosters (track 0) or clocks (1) adds to the counts beyond what it added as last counted.

    Who stands on a roster at a day's end counts, and counts as overdue if by the clocks something was due before it.
    Clocks that have not ended count with `standing_count`, from the day after the first due day on whenever they began:
    of them only what that is too much by is told here, of clocks that began when something was overdue already.
    """
    values = row.values
    begins, open_end = row.valid_from, _NEVER
    if track == CLOCK:
        overdue_from = _OVERDUE_FROM[values[_DUE]]
        if overdue_from == FOREVER or row.valid_to < overdue_from:
            return  # nearly all: they ended before anything was overdue
        begins, open_end = max(begins, overdue_from), (overdue_from + OFFSET_US) // DAY_US
    is_gone, has_ended = row.known_to != FOREVER, row.ended_from != FOREVER
    if stored == UNSTORED and is_gone:
        return
    start = (begins + OFFSET_US) // DAY_US
    end = max(start, (row.valid_to + OFFSET_US) // DAY_US) if has_ended else open_end
    if stored == UNSTORED:
        _between(found, member, start, end, track, values)
    elif is_gone:
        _between(found, member, end if stored == PAST else open_end, start, track, values)
    elif stored == CURRENT:
        _between(found, member, open_end, end, track, values)


def _between(found: list[DayCount], member: str, gained: int, lost: int, track: int, values: Values) -> None:
    """Count more from a day on, and less from another on; neither when they are the same, or never come."""
    if gained == lost:
        return
    for cell in _overdue(values) if track == CLOCK else _standing(values):
        if gained != _NEVER:
            found.append((member, gained, cell, 1))
        if lost != _NEVER:
            found.append((member, lost, cell, -1))


def _standing(values: Values) -> list[Cell]:
    return _cells(OUTFLOW, INFLOW, values[_HOME], values[_PLACE], values[_VIEW], values[_STAGE])


def _overdue(values: Values) -> list[Cell]:
    view, stage, home, place = values[:CLOCK_STANDING]
    return _cells(OVERDUE[OUTFLOW], OVERDUE[INFLOW], home, place, view, stage)


def _cells(outflow: str, inflow: str, home: Any, place: Any, view: Any, stage: Any) -> list[Cell]:  # noqa: ANN401 - codes or None
    if view is None or stage is None or stage == "closed":
        return []
    cells = [(outflow, home, view, stage)] if home is not None else []
    if place is not None and stage in AWAY and (home is None or home[:6] != place[:6]):
        cells.append((inflow, place, view, stage))
    return cells


def by_day(counts: Iterable[DayCount]) -> list[tuple[Any, ...]]:
    """Return a row for each cell and day to which something is added: the codes as recorded, no sums."""
    sums: dict[tuple[Cell, int], int] = {}
    for _, day, cell, amount in counts:
        key = (cell, day)
        sums[key] = sums.get(key, 0) + amount
    return [
        (measure, AS_RECORDED, _month(day), region, view, stage, day, amount)
        for ((measure, region, view, stage), day), amount in sums.items()
        if amount
    ]


def with_sums(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return rows by day, and beside them the sums of their months and provinces."""
    sums: dict[tuple[Any, ...], int] = {}
    for measure, _, month, region, view, stage, day, amount in rows:
        province = region[:PROVINCE]
        for key in (
            (measure, AS_RECORDED, SUM, region, view, stage, month),
            (measure, PROVINCE, month, province, view, stage, day),
            (measure, PROVINCE, SUM, province, view, stage, month),
        ):
            sums[key] = sums.get(key, 0) + amount
    return [*rows, *((*key, amount) for key, amount in sums.items() if amount)]


def _month(day: int) -> int:
    return month_of_day(day) if day > _FIRST_DAY else _BEFORE_THE_CALENDAR
