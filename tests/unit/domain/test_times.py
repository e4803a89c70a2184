"""When something happened, and what a moment in a question means."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from domain.times import (
    as_of_us,
    day_end_us,
    day_start_us,
    instant,
    instant_us,
    local_day,
    occurred_as_recorded,
    parse_occurred,
    rfc3339_utc,
)


@pytest.mark.parametrize(
    ("text", "precision", "start"),
    [
        ("2025-03-05T10:00:00+08:00", "time", datetime(2025, 3, 5, 2, tzinfo=UTC)),
        ("2025-03-05T02:00:00Z", "time", datetime(2025, 3, 5, 2, tzinfo=UTC)),
        ("2025-03-05t02:00z", "time", datetime(2025, 3, 5, 2, tzinfo=UTC)),
        ("2025-03-05 10:00:00.25+08:00", "time", datetime(2025, 3, 5, 2, 0, 0, 250_000, tzinfo=UTC)),
        ("2025-03-05", "day", datetime(2025, 3, 4, 16, tzinfo=UTC)),
        ("2025-03", "month", datetime(2025, 2, 28, 16, tzinfo=UTC)),
    ],
)
def test_a_time_a_day_or_a_month_is_read(text, precision, start):
    occurred = parse_occurred(text)
    assert occurred.precision == precision
    assert instant(occurred.start_us) == start


def test_a_time_is_kept_as_the_local_clock_showed_it():
    assert parse_occurred("2025-03-05T20:30:00Z").text == "2025-03-06T04:30:00+08:00"
    assert parse_occurred("2025-03-05T20:30:00Z").day == date(2025, 3, 6)


@pytest.mark.parametrize(
    "text",
    [
        "2025-03-05T10:00:00",
        "2025-3-5",
        "2025-02-29",
        "2025-00",
        "2025",
        "05/03/2025",
        "2025-03-05T25:00:00Z",
        "",
        "二月",
    ],
)
def test_anything_else_is_not_a_moment(text):
    with pytest.raises(ValueError, match=r".+"):
        parse_occurred(text)


@pytest.mark.parametrize(
    "text",
    [
        "2025-03-05T10:00:00+08:00",
        "2025-03-05t10:00:00+08:00",
        "2025-03-05 10:00:00+08:00",
        "2025-03-05T10:00+08:00",
        "2025-03-05T10:00:00,000+08:00",
        "2025-03-05T02:00:00Z",
        "2025-03-05T03:00:00+01:00",
    ],
)
def test_a_moment_is_kept_in_one_form_however_it_was_written(text):
    assert parse_occurred(text).text == "2025-03-05T10:00:00+08:00"


@pytest.mark.parametrize("text", ["2025-03-05T10:00:00.123456+08:00", "2025-03-05", "2025-03"])
def test_what_was_written_is_read_back_the_same(text):
    occurred = parse_occurred(text)
    assert occurred_as_recorded(occurred.text, occurred.precision) == occurred


def test_in_a_question_a_day_means_its_end_and_a_month_the_end_of_its_last_day():
    assert as_of_us("2025-03-05") == day_end_us(date(2025, 3, 5)) == day_start_us(date(2025, 3, 6)) - 1
    assert as_of_us("2024-02") == day_end_us(date(2024, 2, 29))
    assert as_of_us("2025-12") == day_end_us(date(2025, 12, 31))
    assert as_of_us("2025-03-05T10:00:00+08:00") == instant_us(datetime(2025, 3, 5, 2, tzinfo=UTC))


def test_days_begin_at_midnight_in_shanghai():
    assert local_day(day_start_us(date(2025, 3, 5))) == date(2025, 3, 5)
    assert local_day(day_start_us(date(2025, 3, 5)) - 1) == date(2025, 3, 4)
    assert local_day(day_start_us(date(1969, 12, 31))) == date(1969, 12, 31)


def test_the_logs_own_clock_is_written_in_utc_with_six_decimals():
    assert rfc3339_utc(instant_us(datetime(2025, 3, 5, 2, 0, 0, 7, tzinfo=UTC))) == "2025-03-05T02:00:00.000007Z"


@pytest.mark.parametrize("text", ["9999-12-31T23:00:00-12:00", "0001-01-01T00:00:00+14:00"])
def test_a_moment_beyond_the_years_that_can_be_told_is_none(text):
    with pytest.raises(ValueError, match="beyond the years"):
        parse_occurred(text)
