"""What all questions share: two clocks, waiting for a position, pages and cursors."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import anyio.to_thread
import orjson
from fastapi import Depends, Query

from api import problem_list as kinds
from api.answers import JsonAnswer
from api.cursors import Cursor
from api.problems import invalid, unavailable
from domain.errors import Sentence
from domain.times import as_of_us as read_as_of
from domain.times import day_end_us, instant, local_day
from infra.event_store.reading import position_by

if TYPE_CHECKING:
    from api.service import Service

T = TypeVar("T")
WAIT_SECONDS: Final = 2.0
_LOOK_SECONDS: Final = 0.01
_BARE_PLUS: Final = re.compile(r"(?<=[0-9]) (?=[0-9]{2}:[0-9]{2}\Z)")
_MONTH: Final = re.compile(r"(19|20)[0-9]{2}-(0[1-9]|1[0-2])")
_FIRST_US: Final = -2_208_988_800_000_000  # 1900-01-01


def _moment_asked(
    as_of: Annotated[
        str | None,
        Query(
            max_length=40,
            description="as true at this time, date (its end) or month (its end); now if not given 截至",
            examples=["2025-06-30"],
        ),
    ] = None,
    month: Annotated[
        str | None,
        Query(max_length=40, description="as true at this month's end, instead of `as_of` 月末", examples=["2025-06"]),
    ] = None,
) -> str | None:
    """Take the moment of a question by either of its names; raises Problem (422) for both, and for what is no month."""
    if month is None:
        return as_of
    if as_of is not None:
        raise invalid("/query/month", "unreadable", Sentence("与截至时间二选一", "Either this or as_of."), "as_of")
    if not _MONTH.fullmatch(month):
        raise invalid("/query/month", "unreadable", Sentence("不是月份", "This is not a month."), "2025-06")
    return month


AsOf = Annotated[str | None, Depends(_moment_asked)]
KnownAt = Annotated[
    str | None,
    Query(
        max_length=40,
        description="as known at this time or position of the log; now if not given 当时所知",
        examples=["2025-09-01T00:00:00+08:00"],
    ),
]
DiffFrom = Annotated[
    str | None,
    Query(
        max_length=40,
        description="what differs from what was known at this time or position: before and after, side by side 对比",
        examples=["2025-07-01"],
    ),
]
MinPosition = Annotated[
    int | None,
    Query(ge=0, le=2**62, description="wait up to 2 s for this position, then 503; to read what was just written"),
]
LimitParameter = Annotated[int, Query(ge=1, le=1000)]
CursorParameter = Annotated[
    str | None, Query(min_length=1, max_length=2000, description="`next` of the page before; lives an hour")
]


def _moment_us(text: str) -> int:
    """Read a moment of a question; a + that was sent as it is arrives as a space. Raises ValueError, OverflowError."""
    return read_as_of(_BARE_PLUS.sub("+", text))


def as_of_moment(service: Service, as_of: str | None, name: str = "as_of") -> int:
    """Read `as_of`, or a parameter like it; by default the end of today, for what falls due today is still in time.

    Raises Problem (422).
    """
    if as_of is None:
        return day_end_us(local_day(service.now_us))
    try:
        moment = _moment_us(as_of)
    except (ValueError, OverflowError):
        moment = _FIRST_US - 1
    if moment < _FIRST_US:
        sentence = Sentence("不能识别的时间", "This is not a time with offset, a date or a month.")
        raise invalid(f"/query/{name}", "unreadable", sentence, "2025-03-05T10:00:00+08:00, 2025-03-05, 2025-03")
    return moment


def known_position(service: Service, known_at: str | None, name: str = "known_at") -> int | None:
    """Read `known_at` as a position, None for now; blocks on a look-up for a time. Raises Problem (422)."""
    if known_at is None:
        return None
    if known_at.isascii() and known_at.isdigit() and len(known_at) < 19:
        return int(known_at)
    try:
        moment: datetime = instant(_moment_us(known_at))
    except (ValueError, OverflowError):
        sentence = Sentence("不能识别的时间或位置", "This is neither a time nor a position.")
        raise invalid(f"/query/{name}", "unreadable", sentence, "2025-09-01T00:00:00+08:00, 2025-09-01, 1042") from None
    with service.kiteline.log.reading() as connection:
        return position_by(connection, moment)


async def reach_log(service: Service, position: int | None) -> None:
    """Wait until the log has a position. Raises Problem (503)."""
    if position:
        await _reach(lambda: service.kiteline.log.max_notification_id() or 0, position)


async def reach_views(read_position: Callable[[], int], position: int | None) -> None:
    """Wait until the read models have reached a position. Raises Problem (503)."""
    if position:
        await _reach(read_position, position)


async def _reach(read_position: Callable[[], int], position: int) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    pause = _LOOK_SECONDS
    while True:
        reached = await anyio.to_thread.run_sync(read_position)
        if reached >= position:
            return
        if time.monotonic() >= deadline:
            sentence = Sentence(
                "读模型现到位置 {reached}，尚未到 {wanted}", "The read models are at {reached}, not yet at {wanted}."
            ).filled(reached=reached, wanted=position)
            raise unavailable(kinds.POSITION_NOT_REACHED, sentence)
        await asyncio.sleep(pause)
        pause = min(pause * 2, 0.1)


@dataclass(frozen=True, slots=True)
class Paging:
    """Where a page of a list begins, on which two clocks, and how the next one is named."""

    service: Service
    question: bytes
    limit: int
    as_of_us: int
    known_position: int
    after: Any
    begun_s: int | None

    @classmethod
    def begin(
        cls,
        service: Service,
        question: tuple[object, ...],
        cursor: str | None,
        limit: int,
        known: int,
        as_of: int = 0,
    ) -> Paging:
        """Begin a list on `known` and `as_of`, or go on with what its first page had. Raises Problem (410, 422)."""
        named = orjson.dumps(question)
        if cursor is None:
            return cls(service, named, limit, as_of, known, None, None)
        kept, begun_s = service.cursors.read(named, cursor)
        return cls(service, named, limit, kept.as_of_us, kept.known_position, kept.after, begun_s)

    def knowing(self, position: int) -> Paging:
        """Return the page with what turned out to be known."""
        return replace(self, known_position=position)

    def cursor(self, after: object) -> str:
        """Write the cursor of what comes after an item."""
        return self.service.cursors.write(
            self.question, Cursor(self.as_of_us, self.known_position, after), self.begun_s
        )

    def answer(self, items: list[dict[str, Any]], *, position: int, after: object = None, **more: object) -> JsonAnswer:
        """Write a page; `after` is the place of its last item when more follow."""
        following = self.cursor(after) if after is not None else None
        return JsonAnswer(
            {"items": items, **more, "next": following, "position": position, "known_position": self.known_position}
        )
