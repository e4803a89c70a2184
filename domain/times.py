"""When something happened: a time, a day or a month, read from text and placed on one line of microseconds.

Days are days of Asia/Shanghai, which has kept UTC+08:00 without summer time since 1991 (a fixed offset is used).
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache
from typing import Final, Literal, NamedTuple

Precision = Literal["time", "day", "month"]

SHANGHAI: Final = timezone(timedelta(hours=8))
SECOND_US: Final = 1_000_000
MINUTE_US: Final = 60 * SECOND_US
DAY_US: Final = 86_400 * SECOND_US
OFFSET_US: Final = 8 * 3600 * SECOND_US
BEGINNING_US: Final = -(1 << 62)
"""Before anything anybody asks about."""

_EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_MONTH: Final = re.compile(r"(\d{4})-(0[1-9]|1[0-2])\Z")
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
_TIME: Final = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?([Zz]|[+-]\d{2}:\d{2})\Z")
_AS_WRITTEN: Final = re.compile(r"\d{4}-\d{2}-\d{2}T([01]\d|2[0-3]):\d{2}:\d{2}\+08:00\Z")


def day_start_us(day: date) -> int:
    """Microseconds since 1970 UTC at which `day` begins in Asia/Shanghai."""
    return (day.toordinal() - _EPOCH_ORDINAL) * DAY_US - OFFSET_US


def day_end_us(day: date) -> int:
    """Return the last microsecond of `day` in Asia/Shanghai."""
    return day_start_us(day) + DAY_US - 1


def local_day(us: int) -> date:
    """Return the day in Asia/Shanghai on which the instant `us` falls."""
    return date.fromordinal((us + OFFSET_US) // DAY_US + _EPOCH_ORDINAL)


def local_day_number(us: int) -> int:
    """Return the day on which the instant `us` falls as a number, one more each day: dearer to make is the day."""
    return (us + OFFSET_US) // DAY_US


def day_number(day: date) -> int:
    """Return a day as `local_day_number` counts them."""
    return day.toordinal() - _EPOCH_ORDINAL


def instant_us(moment: datetime) -> int:
    """Microseconds since 1970 UTC of an aware datetime, exactly."""
    return (moment - _EPOCH) // _MICROSECOND


def instant(us: int) -> datetime:
    """Return the aware UTC datetime of an instant."""
    return _EPOCH + timedelta(microseconds=us)


def rfc3339_utc(us: int) -> str:
    """RFC 3339 in UTC with six decimals and Z: the form in which the log's own clock is written."""
    if us <= BEGINNING_US:
        return ""
    # Asked of every event of a history: strftime would take five times as long.
    second = us // SECOND_US
    return f"{_utc_day(second // 86_400)}T{_second_of_day(second % 86_400)}.{us % SECOND_US:06}Z"


@lru_cache(maxsize=86_400)
def _second_of_day(number: int) -> str:
    return f"{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}"


@lru_cache(maxsize=4_096)
def _utc_day(number: int) -> str:
    return date.fromordinal(_EPOCH_ORDINAL + number).isoformat()


class Occurred(NamedTuple):
    """When a fact happened: its text as recorded, its precision, and the first microsecond it can mean."""

    text: str
    precision: Precision
    start_us: int

    @property
    def day(self) -> date:
        """The local day; of a month its first."""
        return local_day(self.start_us)


def parse_occurred(text: str) -> Occurred:
    """Read an RFC 3339 time with offset, an ISO date or a `YYYY-MM` month.

    Raises ValueError when it is none of these or no such day exists.
    """
    text = text.strip()
    if _DAY.match(text):
        return Occurred(text, "day", day_start_us(date.fromisoformat(text)))
    if _TIME.match(text):
        moment = datetime.fromisoformat(text.upper().replace(",", "."))
        try:
            local = moment.astimezone(SHANGHAI)
        except OverflowError as error:
            msg = f"beyond the years that can be told: {text!r}"
            raise ValueError(msg) from error
        # Most times come as they are kept. To write them once more would take as long as to read them.
        return Occurred(text if _AS_WRITTEN.match(text) else local.isoformat(), "time", instant_us(local))
    if month := _MONTH.match(text):
        return Occurred(text, "month", day_start_us(date(int(month[1]), int(month[2]), 1)))
    msg = f"not a time with offset, a date or a month: {text!r}"
    raise ValueError(msg)


def occurred_as_recorded(text: str, precision: Precision) -> Occurred:
    """Read a text that `parse_occurred` wrote, with the precision it found: on the way back from the log."""
    if precision == "time":
        return Occurred(text, precision, instant_us(datetime.fromisoformat(text)))
    return Occurred(text, precision, day_start_us(date.fromisoformat(text if precision == "day" else f"{text}-01")))


@lru_cache(maxsize=20_000)
def start_as_recorded_us(text: str, precision: Precision) -> int:
    """Return the first microsecond that a recorded text can mean; days come again and again in a log."""
    return occurred_as_recorded(text, precision).start_us


def as_of_us(text: str) -> int:
    """Read a moment in a question: a date means the end of that day, a month the end of its last day."""
    occurred = parse_occurred(text)
    match occurred.precision:
        case "time":
            return occurred.start_us
        case "day":
            return occurred.start_us + DAY_US - 1
        case _:
            day = occurred.day
            following = date(day.year + day.month // 12, day.month % 12 + 1, 1)
            return day_start_us(following) - 1
