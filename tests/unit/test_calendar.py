"""Workdays as published, and clamped calendar months."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.calendar import Workdays, add_months, load_workdays, local_day, month_end, months_between

TABLE = load_workdays()
days = st.dates(date(1990, 1, 1), date(2040, 12, 31))


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        (date(2026, 10, 1), False),  # National Day
        (date(2026, 10, 10), True),  # a Saturday worked for it
        (date(2026, 11, 1), False),  # a Sunday
        (date(2026, 11, 2), True),
        (date(2008, 5, 2), False),
        (date(2027, 10, 1), True),  # not published: a Friday
    ],
)
def test_a_day_is_worked_as_published(day, worked):
    assert TABLE.is_workday(day) is worked


@pytest.mark.parametrize(
    ("day", "n", "due", "provisional"),
    [
        (date(2026, 11, 2), 10, date(2026, 11, 16), False),
        (date(2026, 10, 31), 1, date(2026, 11, 2), False),
        (date(2026, 9, 30), 1, date(2026, 10, 8), False),
        (date(2026, 9, 30), 3, date(2026, 10, 10), False),
        (date(2025, 1, 27), 1, date(2025, 2, 5), False),
        (date(2026, 12, 31), 1, date(2027, 1, 1), True),
        (date(2026, 12, 28), 10, date(2027, 1, 11), True),
        (date(2030, 6, 1), 5, date(2030, 6, 7), True),
        (date(2026, 11, 2), 0, date(2026, 11, 2), False),
    ],
)
def test_workdays_are_counted_after_the_day(day, n, due, provisional):
    assert TABLE.add_workdays(day, n) == (due, provisional)


@given(days, st.integers(1, 60))
@settings(max_examples=500)
def test_counting_by_index_is_counting_day_by_day(day, n):
    due = day
    left = n
    while left:
        due += timedelta(days=1)
        left -= TABLE.is_workday(due)
    years = range(day.year, due.year + 1)
    assert TABLE.add_workdays(day, n) == (due, any(year not in TABLE.years for year in years))


def test_a_year_that_is_imported_makes_due_days_certain():
    table = TABLE.with_year(2027, workdays=[date(2027, 1, 3)], holidays=[date(2027, 1, 1), date(2027, 1, 2)])
    assert table.add_workdays(date(2026, 12, 31), 1) == (date(2027, 1, 3), False)
    assert TABLE.add_workdays(date(2026, 12, 31), 1) == (date(2027, 1, 1), True)


def test_importing_a_year_again_replaces_it():
    once = TABLE.with_year(2027, workdays=[], holidays=[date(2027, 1, 1)])
    again = once.with_year(2027, workdays=[], holidays=[date(2027, 1, 4)])
    assert again.is_workday(date(2027, 1, 1))
    assert not again.is_workday(date(2027, 1, 4))


def test_a_gap_between_published_years_stays_provisional():
    table = TABLE.with_year(2028, workdays=[], holidays=[])
    assert table.add_workdays(date(2027, 3, 1), 1) == (date(2027, 3, 2), True)
    assert table.add_workdays(date(2028, 3, 1), 1) == (date(2028, 3, 2), False)


def test_a_table_of_nothing_knows_weekdays():
    empty = Workdays(frozenset(), frozenset(), frozenset())
    assert empty.add_workdays(date(2026, 10, 30), 1) == (date(2026, 11, 2), True)


def test_days_of_another_year_or_of_both_kinds_are_refused():
    with pytest.raises(ValueError, match="2027"):
        TABLE.with_year(2027, workdays=[], holidays=[date(2026, 1, 1)])
    with pytest.raises(ValueError, match="both"):
        TABLE.with_year(2027, workdays=[date(2027, 1, 2)], holidays=[date(2027, 1, 2)])
    with pytest.raises(ValueError, match="forward"):
        TABLE.add_workdays(date(2026, 1, 1), -1)


@pytest.mark.parametrize(
    ("day", "n", "result"),
    [
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2023, 8, 31), 6, date(2024, 2, 29)),
        (date(2026, 12, 15), 1, date(2027, 1, 15)),
        (date(2026, 3, 31), -1, date(2026, 2, 28)),
        (date(2026, 1, 31), 0, date(2026, 1, 31)),
        (date(2026, 1, 31), -13, date(2024, 12, 31)),
    ],
)
def test_months_are_clamped_to_the_end_of_the_month(day, n, result):
    assert add_months(day, n) == result


@given(days, st.integers(0, 200))
def test_months_between_counts_what_add_months_adds(day, n):
    assert months_between(day, add_months(day, n)) == n


def test_a_month_ends_on_its_last_day():
    assert month_end(date(2024, 2, 3)) == date(2024, 2, 29)
    assert month_end(date(2026, 12, 31)) == date(2026, 12, 31)


def test_a_day_is_a_day_of_shanghai():
    evening = datetime(2026, 10, 31, 16, 0, tzinfo=UTC)
    assert local_day(int(evening.timestamp()) * 1_000_000) == date(2026, 11, 1)
    assert local_day(int(evening.timestamp()) * 1_000_000 - 1) == date(2026, 10, 31)
