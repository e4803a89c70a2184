"""Dates as offices write them, read to the day or to the month, never further than what is written."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal

from infra.registers.cells import Cell, squeezed, text_of

DateFault = Literal["date_unreadable", "date_impossible"]

EXPECTED: Final = "2024-03-05、2024.3.5、2024年3月5日；只知道月份的：2024-03、2024年3月"

_SEPARATED: Final = re.compile(
    r"(?P<year>\d{4})[-./年·、,](?P<month>\d{1,2})(?:(?:月|[-./·、,])(?P<day>\d{1,2})(?:日|号)?|月份?)?"
    r"(?P<part>上旬|中旬|下旬|初|中|底|末)?[.。]?"
)
_COMPACT: Final = re.compile(r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})?")
_TIME_OF_DAY: Final = re.compile(
    r"(?:(?<=\d)[ T]+|(?<=日) *)\d{1,2}[:时]\d{1,2}(?:分|[:分]\d{1,2}(?:\.\d+)?秒?)?(?:Z|[+-]\d\d:?\d\d)?$"
)
_SERIAL: Final = re.compile(r"\d{4,5}(?:\.\d+)?")
_CHINESE_DIGITS: Final = str.maketrans("〇○零一二三四五六七八九", "000123456789")
_CHINESE: Final = re.compile(r"[〇○零一二三四五六七八九]{4}年")
_CHINESE_NUMBER: Final = re.compile(r"([一二三]?)十([一二三四五六七八九]?)")
_EPOCH_1900: Final = date(1899, 12, 30)
_DAYS_TO_1904: Final = 1462
_FIRST_SERIAL: Final = 3_654
_YEARS: Final = range(1900, 2101)


@dataclass(frozen=True, slots=True)
class Day:
    """A day of Asia/Shanghai, or a month by its first day; `doubtful` when a number may have lost October's zero."""

    first: date
    precision: Literal["day", "month"]
    doubtful: bool = False

    @property
    def last(self) -> date:
        """The last day that it can mean."""
        if self.precision == "day":
            return self.first
        return self.first.replace(day=monthrange(self.first.year, self.first.month)[1])

    @property
    def text(self) -> str:
        """ISO 8601: `2024-03-05`, or `2024-03` for a month."""
        return self.first.isoformat()[: 10 if self.precision == "day" else 7]

    def is_before(self, other: Day) -> bool:
        """Whether it is certainly before another, whatever days of their months are meant."""
        return self.last < other.first


def read_date(cell: Cell, *, typed: bool, from_1904: bool = False) -> Day | DateFault:
    """Read a date from a cell that is not empty.

    `typed` says whether numbers are told apart from text: where they are not, as in a csv, 2024.1 is as doubtful as in
    a numeric cell. A year alone is not a date.
    """
    if isinstance(cell, datetime):
        return Day(cell.date(), "day")
    if isinstance(cell, date):
        return Day(cell, "day")
    numeric = isinstance(cell, int | float) and not isinstance(cell, bool)
    text = text_of(cell)
    read = _read_text(text, from_1904=from_1904)
    if isinstance(read, Day) and (numeric or not typed) and _may_have_been_october(text):
        return Day(read.first, read.precision, doubtful=True)
    return read


def _may_have_been_october(text: str) -> bool:
    return len(text) == 6 and text[4:] == ".1" and text[:4].isdigit()


def _read_text(text: str, *, from_1904: bool) -> Day | DateFault:
    text = squeezed(_TIME_OF_DAY.sub("", text))
    if _CHINESE.match(text):
        text = _from_chinese(text)
    if found := _SEPARATED.fullmatch(text) or _COMPACT.fullmatch(text):
        if found.re is _COMPACT and int(found["year"]) not in _YEARS:
            return "date_unreadable"
        # `初`, `底` and the like say less than a day and no more than the month.
        return _placed(int(found["year"]), int(found["month"]), int(found["day"]) if found["day"] else None)
    if _SERIAL.fullmatch(text):
        serial = int(float(text))
        if serial >= _FIRST_SERIAL:
            return Day(_EPOCH_1900 + timedelta(days=serial + (_DAYS_TO_1904 if from_1904 else 0)), "day")
    return "date_unreadable"


def _placed(year: int, month: int, day: int | None) -> Day | DateFault:
    if year not in _YEARS:
        return "date_impossible"
    try:
        return Day(date(year, month, day or 1), "month" if day is None else "day")
    except ValueError:
        return "date_impossible"


def _from_chinese(text: str) -> str:
    """Write the numerals of a date as digits: 二〇二四年十月五日 becomes 2024年10月5日."""

    def tens(found: re.Match[str]) -> str:
        return f"{found[1] or '一'}{found[2] or '〇'}"

    return _CHINESE_NUMBER.sub(tens, text).translate(_CHINESE_DIGITS)
