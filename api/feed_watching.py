"""Tells who waits at a feed that something new stands in it: one thread and one query for all who wait in a process."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from infra.database.connections import connect_pool
from infra.logs import get_logger
from projections.region_feeds import regions_since

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from projections.region_feeds import Head

_log = get_logger(__name__)
_LISTEN: Final = "LISTEN kiteline_feeds"
_BEFORE_ALL: Final = -1
_LOOK_SECONDS: Final = 0.25
"""How late news is when its announcement was lost."""
_SHORTEST_SECONDS: Final = 0.01
"""Announcements that come faster are looked at together."""
_UNHURRIED_SECONDS: Final = 0.05
"""The same, while nobody listens."""
_RETRY_SECONDS: Final = 0.5
_STOP_SECONDS: Final = 10.0


class Listener:
    """One who waits at a feed, in the event loop; `woken` counts how often there was news."""

    __slots__ = ("_future", "gone", "told", "woken")

    def __init__(self) -> None:
        self._future: asyncio.Future[None] | None = None
        self.gone = False
        self.woken = self.told = 0

    async def pause(self, seconds: float) -> None:
        """Wait until woken, `seconds` at most."""
        if self.gone:
            return
        loop = asyncio.get_running_loop()
        self._future = loop.create_future()
        timer = loop.call_later(seconds, self.wake)
        try:
            await self._future
        finally:
            timer.cancel()
            self._future = None

    def wake(self) -> None:
        """End a pause."""
        if self._future is not None and not self._future.done():
            self._future.set_result(None)

    def leave(self) -> None:
        """End this and every later pause: who waited is not there any more."""
        self.gone = True
        self.wake()


class FeedWatch:
    """Knows the last entry of every feed, as looked at a moment ago.

    Announcements of the database are a hint, looking is the truth: a lost one delays by the time until the next look.
    What is known only ever lags, and waiters are woken when it moves: who reads up to what is known and then waits
    misses nothing. `count` says how many listen, `position` up to where in the log the feeds are known. Everything but
    the looking happens in the event loop.
    """

    def __init__(self, database_url: str) -> None:
        """Take the database; nothing is looked at before `start`."""
        self._url = database_url
        self._heads: dict[str, Head] = {}
        self._moved: dict[str, int] = {}
        self._listeners: defaultdict[str, set[Listener]] = defaultdict(set)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.count = 0
        self.position = 0
        self.stopping = False

    def start(self) -> None:
        """Begin to look, for the event loop that runs; the database may be away."""
        loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, args=(loop,), name="feed watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Let nobody wait any longer, now and from now on; in the event loop."""
        self.stopping = True
        self._stop.set()
        self._wake(self._listeners)

    def close(self) -> None:
        """Stop looking; blocks until the look under way is done."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(_STOP_SECONDS)

    def head(self, region: str) -> int:
        """Tell the number of a feed's last entry, 0 for a feed without entries."""
        head = self._heads.get(region)
        return 0 if head is None else head.feedposition

    def moved(self, places: Iterable[str]) -> int:
        """Tell the position in the log of the last entry in any feed of `places`, which are as `listening_to` has them.

        Who listens already and compares this with where they stand misses nothing: what is not known yet wakes them.
        """
        return max((self._moved.get(place, 0) for place in places), default=0)

    @contextmanager
    def listening(self, region: str) -> Iterator[Listener]:
        """Be woken by what is new in a region's feed."""
        with self.listening_to([region]) as listener:
            yield listener

    @contextmanager
    def listening_to(self, places: Collection[str]) -> Iterator[Listener]:
        """Be woken by what is new in any feed whose region is one of `places`, or of the province, city or country.

        Those are named by what all codes in them begin with: two digits, four, none.
        """
        listener = Listener()
        for place in places:
            self._listeners[place].add(listener)
        self.count += 1
        try:
            yield listener
        finally:
            self.count -= 1
            for place in places:
                self._listeners[place].discard(listener)
                if not self._listeners[place]:
                    del self._listeners[place]

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        with connect_pool(self._url, role="writer", max_size=1, name="kiteline feed watch") as pool:
            while not self._stop.is_set():
                try:
                    with pool.connection() as connection:
                        self._look(connection, loop)
                except Exception as error:  # noqa: BLE001 - the database away: tried again
                    _log.warning("feeds not watched, trying again", kind=type(error).__name__)
                self._stop.wait(_RETRY_SECONDS)

    def _look(self, connection: Connection[TupleRow], loop: asyncio.AbstractEventLoop) -> None:
        """Look until stopped. Begins with all feeds: a crash of the database may have taken their ends back."""
        connection.execute(_LISTEN)
        seen = _BEFORE_ALL
        while not self._stop.is_set():
            looked = time.monotonic()
            position, heads = regions_since(connection, seen)
            if heads or seen == _BEFORE_ALL:
                loop.call_soon_threadsafe(self._learn, position, heads, seen == _BEFORE_ALL)
            seen = position
            for _ in connection.notifies(timeout=_LOOK_SECONDS, stop_after=1):
                shortest = _SHORTEST_SECONDS if self.count else _UNHURRIED_SECONDS
                self._stop.wait(max(0.0, looked + shortest - time.monotonic()))

    def _learn(self, position: int, heads: dict[str, Head], everything: bool) -> None:
        if everything:
            self._heads, self._moved = {}, {}
        self._heads |= heads
        for region, head in heads.items():
            for place in _places_of(region):
                self._moved[place] = max(self._moved.get(place, 0), head.position)
        self.position = position
        self._wake(self._listeners if everything else {place for region in heads for place in _places_of(region)})

    def _wake(self, places: Iterable[str]) -> None:
        for place in places:
            for listener in self._listeners.get(place, ()):
                listener.woken += 1
                listener.wake()


def _places_of(region: str) -> tuple[str, ...]:
    """Name a feed's region, its city's and its province's beginning, and the country's."""
    return region, region[:4], region[:2], ""
