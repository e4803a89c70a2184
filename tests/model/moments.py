"""Days and instants of China, told without the domain's clock."""

from __future__ import annotations

import calendar
import datetime as dt

CHINA = dt.timezone(dt.timedelta(hours=8))


def day_of(when: int) -> dt.date:
    return (dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=when)).astimezone(CHINA).date()


def start_of(day: dt.date) -> int:
    since = dt.datetime(day.year, day.month, day.day, tzinfo=CHINA) - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    return since // dt.timedelta(microseconds=1)


def instant_of(text: str, slot: int) -> int:
    if len(text) > 10:
        return (dt.datetime.fromisoformat(text) - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(
            microseconds=1
        )
    day = dt.date.fromisoformat(text if len(text) == 10 else f"{text}-01")
    # What leads up to leaving: the first hour. A check-in: noon. What follows one: the last two and a half hours.
    minute = slot if slot < 48 else 660 + slot if slot <= 60 else 1290 + slot
    return start_of(day) + minute * 60_000_000


def months_on(day: dt.date, months: int) -> dt.date:
    """Go on some calendar months, clamped to the month's end."""
    index = day.month - 1 + months
    year, month = day.year + index // 12, index % 12 + 1
    return dt.date(year, month, min(day.day, calendar.monthrange(year, month)[1]))
