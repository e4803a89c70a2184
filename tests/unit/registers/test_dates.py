"""Dates as offices write them."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.registers.dates import Day, read_date

DAYS = st.dates(date(1911, 1, 1), date(2099, 12, 31))


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("2024.3", "2024-03"),
        ("2024.10", "2024-10"),
        (2024.3, "2024-03"),
        (2024.11, "2024-11"),
        ("2024年3月", "2024-03"),
        ("2024年3月份", "2024-03"),
        ("2024年3月底", "2024-03"),
        ("2024 年 3 月 5 日", "2024-03-05"),
        ("2024年3月5号", "2024-03-05"),
        ("2024/3/5", "2024-03-05"),
        ("2024-3-5", "2024-03-05"),
        ("2024-03", "2024-03"),
        ("２０２４．３．５", "2024-03-05"),
        ("２０２４年３月", "2024-03"),
        ("20240305", "2024-03-05"),
        (20240305.0, "2024-03-05"),
        ("202403", "2024-03"),
        (45356.0, "2024-03-05"),
        (45356.75, "2024-03-05"),
        ("45356", "2024-03-05"),
        (date(2024, 3, 5), "2024-03-05"),
        (datetime(2024, 3, 5, 23, 59), "2024-03-05"),  # noqa: DTZ001 - as a spreadsheet holds it
        ("2024-03-05 08:30:00", "2024-03-05"),
        ("2024年3月5日8时30分", "2024-03-05"),
        ("二〇二四年十月二十五日", "2024-10-25"),
        ("二〇二四年三月", "2024-03"),
        ("2024.3.", "2024-03"),
        ("'2024.3.5", "2024-03-05"),
        ('="2024.3.5"', "2024-03-05"),
    ],
)
def test_a_date_is_read_to_the_day_or_month_that_is_written(cell, text):
    read = read_date(cell, typed=True)
    assert isinstance(read, Day)
    assert read.text == text


@pytest.mark.parametrize(
    "cell",
    [
        "2024",
        2024.0,
        "24.3.5",
        "3月5日",
        "去年春节后",
        "2024.3-2024.5",
        "2024.3.5.1",
        "一月",
        "2024.310",
        True,
        3.6e17,
        "0",
    ],
)
def test_what_is_no_date_is_unreadable(cell):
    assert read_date(cell, typed=True) == "date_unreadable"


@pytest.mark.parametrize(
    "cell", ["2024.2.30", "2023-02-29", "2024.13", "20241301", "2024年4月31日", "2024.0", 2024.2 * 0 + 20240230.0]
)
def test_a_day_that_does_not_exist_is_impossible(cell):
    assert read_date(cell, typed=True) == "date_impossible"


@pytest.mark.parametrize(
    ("cell", "typed", "doubtful"),
    [
        (2024.1, True, True),
        ("2024.1", False, True),
        ("2024.1", True, False),
        (2024.2, True, False),
        ("2024.10", False, False),
    ],
)
def test_a_numeric_first_month_may_have_been_october(cell, typed, doubtful):
    read = read_date(cell, typed=typed)
    assert isinstance(read, Day)
    assert read.doubtful is doubtful


def test_serial_days_may_count_from_1904():
    read = read_date(43894.0, typed=True, from_1904=True)
    assert isinstance(read, Day)
    assert read.text == "2024-03-05"


@given(
    day=DAYS,
    form=st.sampled_from(["{0}.{1}.{2}", "{0}-{1:02}-{2:02}", "{0}/{1}/{2}", "{0}年{1}月{2}日", "{0}{1:02}{2:02}"]),
)
def test_every_day_is_read_back_in_every_form(day, form):
    assert read_date(form.format(day.year, day.month, day.day), typed=True) == Day(day, "day")


@given(day=DAYS)
def test_every_serial_day_is_read_back_unless_it_looks_like_a_year(day):
    serial = (day - date(1899, 12, 30)).days
    assert read_date(float(serial), typed=True) == Day(day, "day")


@given(day=DAYS, form=st.sampled_from(["{0}.{1}", "{0}年{1}月", "{0}-{1:02}", "{0}{1:02}"]))
def test_every_month_is_read_back_and_ends_on_its_last_day(day, form):
    read = read_date(form.format(day.year, day.month), typed=True)
    assert isinstance(read, Day)
    assert (read.first, read.precision) == (day.replace(day=1), "month")
    assert (read.last + timedelta(days=1)).day == 1
    assert read.last.month == day.month


@given(cell=st.one_of(st.text(max_size=30), st.floats(), st.integers(), st.booleans()), typed=st.booleans())
def test_whatever_a_cell_holds_there_is_an_answer(cell, typed):
    read = read_date(cell, typed=typed)
    assert isinstance(read, Day) or read in {"date_unreadable", "date_impossible"}


@given(first=DAYS, second=DAYS)
def test_a_month_is_before_a_day_only_if_all_of_it_is(first, second):
    month = Day(first.replace(day=1), "month")
    assert month.is_before(Day(second, "day")) == (month.last < second)
