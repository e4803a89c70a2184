"""Reads the feeds of regions in the forms in which they are sent: a batch for who asks, frames for who listens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar
from uuid import UUID

import anyio.to_thread
from anyio import CapacityLimiter

from api import problem_list as kinds
from api.asking import reach_views
from api.problems import Problem
from api.shared_reads import SharedReads
from domain.errors import Sentence
from infra.recording.feed_events import feed_event
from projections.region_feeds import FeedRow, bounds, page_after, place_at, place_of, progress

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from infra.recording.application import Kiteline

_BATCH_BYTES: Final = 8_388_608
_FRAME_BYTES: Final = 262_144
"""A page that would be longer ends sooner, with at least one event."""
_FRAMES: Final = 100
_BATCHES_KEPT: Final = 8
_FRAMES_KEPT: Final = 64
_READING_AT_ONCE: Final = 3
"""Reads of feeds leave connections to commands and questions, also when all subscribers come back at once."""

_NOT_IN_FEED: Final = Sentence(
    "该事件不在此区划的数据流中；first 与 last 是其首末事件",
    "This event is not in this region's feed; first and last are the ends of what is.",
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page:
    """Entries of a feed as they are sent; `last` is the number of the last one, `whole` says that it will not grow."""

    content: bytes
    count: int
    last: int
    last_id: UUID | None
    whole: bool

    def __bool__(self) -> bool:
        """Whether there is an entry."""
        return self.count > 0


class PageKey(NamedTuple):
    """A page that several wait for: `head` is the feed's last entry known when they were woken."""

    region: str
    after: int
    limit: int
    head: int


class FeedReading:
    """Reads in threads, a few at once; to be used in one event loop."""

    def __init__(self, kiteline: Kiteline) -> None:
        """Read with the connections of the event store."""
        self._kiteline = kiteline
        self._turns = CapacityLimiter(_READING_AT_ONCE)
        self._batches: SharedReads[PageKey, Page] = SharedReads(self._batch_of, _BATCHES_KEPT)
        self._frames: SharedReads[tuple[str, int], Page] = SharedReads(self._frames_of, _FRAMES_KEPT)

    async def batch(self, region: str, after: int, limit: int) -> Page:
        """Read the entries behind `after` as a CloudEvents batch."""

        def read(connection: Connection[TupleRow]) -> Page:
            events, page = _page(page_after(connection, region, after, limit), after, limit, _BATCH_BYTES)
            return replace(page, content=b"[" + b",".join(events) + b"]")

        return await self._reading(read)

    async def shared_batch(self, key: PageKey) -> Page:
        """Read a batch, once for all who were woken by the same entry."""
        return await self._batches.get(key)

    async def frames(self, region: str, after: int) -> Page:
        """Read the entries behind `after` as server-sent events, once for all who are there."""
        return await self._frames.get((region, after))

    async def place(self, region: str, last_event_id: str) -> int:
        """Tell where in a feed an event stands. Raises Problem: 410 for one that is not in it, 503 while unsure.

        The database may have lost the feed's end in a crash, and be about to write it again: nobody is told that an
        event is not there before the feeds are as long as the log.
        """
        event_id = _event_id(last_event_id)
        find = partial(place_of, region=region, event_id=event_id) if event_id is not None else None
        found = await self._reading(find) if find is not None else None
        if find is not None and found is None:
            await self.reach(await self._head())
            found = await self._reading(find)
        if found is not None:
            return found
        ends = await self._reading(lambda connection: bounds(connection, region))
        first, last = (None, None) if ends is None else (str(ends.first), str(ends.last))
        raise Problem(kinds.NOT_IN_FEED, _NOT_IN_FEED, members={"first": first, "last": last})

    async def place_at(self, region: str, position: int) -> int:
        """Tell how many of a feed's entries stand up to a position of the log. Raises Problem (503)."""
        await self.reach(position)
        return await self._reading(lambda connection: place_at(connection, region, position))

    async def reach(self, position: int | None) -> None:
        """Wait until the feeds are written up to a position of the log. Raises Problem (503)."""
        await reach_views(self._progress, position)

    def _progress(self) -> int:
        with self._kiteline.log.reading() as connection:
            return progress(connection)

    async def _head(self) -> int:
        return await anyio.to_thread.run_sync(lambda: self._kiteline.log.max_notification_id() or 0)

    async def _batch_of(self, key: PageKey) -> Page:
        return await self.batch(key.region, key.after, key.limit)

    async def _frames_of(self, key: tuple[str, int]) -> Page:
        region, after = key

        def read(connection: Connection[TupleRow]) -> Page:
            rows = page_after(connection, region, after, _FRAMES)
            events, page = _page(rows, after, _FRAMES, _FRAME_BYTES)
            sent = zip(rows, events, strict=False)  # a page may end before its rows do
            frames = (b"id: %b\ndata: %b\n\n" % (str(row.event_id).encode(), event) for row, event in sent)
            return replace(page, content=b"".join(frames))

        return await self._reading(read)

    async def _reading(self, read: Callable[[Connection[TupleRow]], T]) -> T:
        def reading() -> T:
            with self._kiteline.log.reading() as connection:
                return read(connection)

        return await anyio.to_thread.run_sync(reading, limiter=self._turns)


def _page(rows: list[FeedRow], after: int, limit: int, most_bytes: int) -> tuple[list[bytes], Page]:
    """Write as many entries as go into a page."""
    events: list[bytes] = []
    taken = 0
    for row in rows:
        event = feed_event(row)
        taken += len(event)
        if events and taken > most_bytes:
            break
        events.append(event)
    count = len(events)
    last = rows[count - 1] if rows else None
    return events, Page(
        content=b"",
        count=count,
        last=after if last is None else last.feedposition,
        last_id=None if last is None else last.event_id,
        whole=count == limit or count < len(rows),
    )


def _event_id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
