"""Calendar arithmetic that rules rest on: workdays as published for each year, and clamped calendar months."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final, NamedTuple

from domain.times import local_day

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = [
    "Due",
    "Workdays",
    "add_months",
    "load_workdays",
    "local_day",
    "month_before",
    "month_end",
    "month_start",
    "months_between",
    "next_month",
]

_WEEKDAYS: Final = 5
_COUNTED: Final = 20_000


class Due(NamedTuple):
    """A day some workdays on, and whether it lies where the arrangement of holidays is not published yet."""

    day: date
    provisional: bool


@dataclass(frozen=True, slots=True)
class Workdays:
    """Which days are worked. Outside the years of the table Monday to Friday is assumed, and said to be provisional.

    `free` are weekdays off and `worked` weekend days on, of the years in `years`.
    """

    years: frozenset[int]
    free: frozenset[date]
    worked: frozenset[date]
    _ordinals: list[int] = field(init=False, repr=False, compare=False)
    _first: int = field(init=False, repr=False, compare=False)
    _last: int = field(init=False, repr=False, compare=False)
    _counted: dict[tuple[date, int], Due] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Lay out the ordinals of all workdays from the first to the last year, so that counting is by index."""
        first = date(min(self.years, default=1), 1, 1).toordinal()
        last = date(max(self.years), 12, 31).toordinal() if self.years else first - 1
        free, worked = {day.toordinal() for day in self.free}, {day.toordinal() for day in self.worked}
        weekdays = (day for day in range(first, last + 1) if (day - 1) % 7 < _WEEKDAYS)
        object.__setattr__(self, "_ordinals", sorted({day for day in weekdays if day not in free} | worked))
        object.__setattr__(self, "_first", first)
        object.__setattr__(self, "_last", last)
        object.__setattr__(self, "_counted", {})

    def is_workday(self, day: date) -> bool:
        """Whether the day is worked."""
        return day in self.worked or (day.weekday() < _WEEKDAYS and day not in self.free)

    def is_published(self, day: date) -> bool:
        """Whether the arrangement of the day's year is in the table."""
        return day.year in self.years

    def add_workdays(self, day: date, n: int) -> Due:
        """Count `n` workdays (0 or more) after `day`, which itself does not count.

        The result is provisional when a year on the way, the result's own included, is not in the table. Raises
        ValueError for a negative n.
        """
        if n < 0:
            msg = f"workdays are counted forward: {n}"
            raise ValueError(msg)
        if n == 0:
            return Due(day, provisional=not self.is_published(day))
        counted = self._counted.get((day, n))
        if counted is None:
            due = date.fromordinal(self._ordinal_after(day.toordinal(), n))
            counted = Due(due, provisional=any(year not in self.years for year in range(day.year, due.year + 1)))
            if len(self._counted) > _COUNTED:
                self._counted.clear()
            self._counted[day, n] = counted
        return counted

    def _ordinal_after(self, ordinal: int, n: int) -> int:
        """Count Monday to Friday before the table, by index within it, and Monday to Friday after it."""
        before = _weekdays_up_to(self._first - 1) - _weekdays_up_to(ordinal)
        if before >= n:
            return _add_weekdays(ordinal, n)
        if before > 0:
            n -= before
        index = bisect_right(self._ordinals, ordinal) + n - 1
        if index < len(self._ordinals):
            return self._ordinals[index]
        n -= len(self._ordinals) - bisect_right(self._ordinals, ordinal)
        return _add_weekdays(max(ordinal, self._last), n)

    def with_year(self, year: int, *, workdays: Collection[date], holidays: Collection[date]) -> Workdays:
        """Return a table in which one year is as published: `holidays` free, `workdays` worked, the rest by weekday.

        Days that say what the weekday says already (a holiday on a Sunday) may be listed too. Raises ValueError for a
        day of another year, or one that is both.
        """
        strays = sorted(day for day in (*workdays, *holidays) if day.year != year)
        both = sorted(set(workdays) & set(holidays))
        if strays or both:
            msg = f"not days of {year}: {strays}" if strays else f"both free and worked: {both}"
            raise ValueError(msg)
        others_free = {day for day in self.free if day.year != year}
        others_worked = {day for day in self.worked if day.year != year}
        free = {day for day in holidays if day.weekday() < _WEEKDAYS}
        worked = {day for day in workdays if day.weekday() >= _WEEKDAYS}
        return Workdays(self.years | {year}, frozenset(others_free | free), frozenset(others_worked | worked))


def _weekdays_up_to(ordinal: int) -> int:
    """Count the days of Monday to Friday up to an ordinal; ordinal 1 was a Monday."""
    weeks, days = divmod(ordinal, 7)
    return weeks * _WEEKDAYS + min(days, _WEEKDAYS)


def _add_weekdays(ordinal: int, n: int) -> int:
    """Count n days of Monday to Friday, at least one, after an ordinal."""
    weeks, days = divmod(_weekdays_up_to(ordinal) + n - 1, _WEEKDAYS)
    return weeks * 7 + days + 1


@cache
def load_workdays() -> Workdays:
    """Return the shipped table, made by scripts/make_workdays.py."""
    lines = resources.files("domain").joinpath("workdays.tsv").read_text(encoding="utf-8").splitlines()
    first, last = map(int, lines[0].split("\t"))
    kinds = [line.split("\t") for line in lines[1:]]
    free = frozenset(date.fromisoformat(day) for day, kind in kinds if kind == "free")
    worked = frozenset(date.fromisoformat(day) for day, kind in kinds if kind == "worked")
    return Workdays(frozenset(range(first, last + 1)), free, worked)


def add_months(day: date, n: int) -> date:
    """Go `n` calendar months on (or back), clamped to the month's end: 31 August + 6 months = 28 February."""
    year, month = divmod(day.year * 12 + day.month - 1 + n, 12)
    return date(year, month + 1, min(day.day, _days_in(year, month + 1)))


def month_start(day: date) -> date:
    """Return the first day of the day's month."""
    return date(day.year, day.month, 1)


def month_end(day: date) -> date:
    """Return the last day of the day's month."""
    return date(day.year, day.month, _days_in(day.year, day.month))


def _days_in(year: int, month: int) -> int:
    """Count the days of a month: asked for every fact of every fold, for which the standard library is too slow."""
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 + ((month + (month >> 3)) & 1)


def next_month(day: date) -> date:
    """Return the first day of the month after that of `day`."""
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def month_before(day: date) -> date:
    """Return the first day of the month before that of `day`."""
    return add_months(month_start(day), -1)


def months_between(earlier: date, later: date) -> int:
    """Count whole calendar months from `earlier` to `later`, as `add_months` counts them; negative if reversed."""
    months = (later.year - earlier.year) * 12 + later.month - earlier.month
    if months > 0 and add_months(earlier, months) > later:
        return months - 1
    if months < 0 and add_months(earlier, months) < later:
        return months + 1
    return months
