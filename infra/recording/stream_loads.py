"""Loads of streams, gathered: whoever asks while a read is under way shares the next one, as appends share a commit.

Threads read for each other; an event loop has one thread read for all its coroutines.
"""

from __future__ import annotations

import asyncio
from _thread import allocate_lock
from collections.abc import Callable, Sequence
from threading import Lock
from typing import TYPE_CHECKING, Final
from uuid import UUID
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from infra.event_store.save import LogRow

_MOST: Final = 256


class _Asked:
    """One request; the one that is given a `batch` reads it, its own stream among it."""

    __slots__ = ("batch", "done", "error", "rows", "stream")

    def __init__(self, stream: UUID) -> None:
        self.stream = stream
        self.batch: list[_Asked] = []
        self.rows: list[LogRow] = []
        self.error: Exception | None = None
        self.done = allocate_lock()
        self.done.acquire()


class _OfLoop:
    """What the coroutines of one event loop wait for; touched by that loop alone."""

    __slots__ = ("reading", "waiting")

    def __init__(self) -> None:
        self.waiting: list[tuple[UUID, asyncio.Future[list[LogRow]]]] = []
        self.reading = 0


class StreamLoads:
    """Reads streams for many threads, at most `readers` queries at a time, each for all who wait."""

    def __init__(self, read_streams: Callable[[Sequence[UUID]], dict[UUID, list[LogRow]]], *, readers: int = 2) -> None:
        """`read_streams` reads whole streams in one query, oldest first."""
        self._read_streams = read_streams
        self._waiting: list[_Asked] = []
        self._free = readers
        self._lock = Lock()
        self._readers = readers
        self._loops: WeakKeyDictionary[asyncio.AbstractEventLoop, _OfLoop] = WeakKeyDictionary()

    async def load_async(self, stream: UUID) -> list[LogRow]:
        """Read a stream, waiting in an event loop; raises what the read raises."""
        loop = asyncio.get_running_loop()
        ours = self._loops.get(loop)
        if ours is None:
            ours = self._loops[loop] = _OfLoop()
        future: asyncio.Future[list[LogRow]] = loop.create_future()
        ours.waiting.append((stream, future))
        if ours.reading < self._readers:
            self._begin(loop, ours)
        return await future

    def _begin(self, loop: asyncio.AbstractEventLoop, ours: _OfLoop) -> None:
        batch, ours.waiting = ours.waiting[:_MOST], ours.waiting[_MOST:]
        ours.reading += 1
        read = loop.run_in_executor(None, self._read_streams, list({stream for stream, _ in batch}))

        def told(done: asyncio.Future[dict[UUID, list[LogRow]]]) -> None:
            ours.reading -= 1
            if ours.waiting:
                self._begin(loop, ours)
            error = asyncio.CancelledError() if done.cancelled() else done.exception()
            for stream, future in batch:
                if future.done():
                    continue
                if error is not None:
                    future.set_exception(error)
                else:
                    future.set_result(done.result()[stream])

        read.add_done_callback(told)

    def load(self, stream: UUID) -> list[LogRow]:
        """Read a stream; who finds a reader free, or is handed one, reads once for all who wait, and hands it on."""
        mine = _Asked(stream)
        with self._lock:
            if self._free > 0:
                self._free -= 1
                mine.batch = [mine]
            else:
                self._waiting.append(mine)
        if not mine.batch:
            mine.done.acquire()
        if mine.batch:
            self._read(mine.batch)
            self._hand_on()
            for other in mine.batch:
                if other is not mine:
                    other.done.release()
        if mine.error is not None:
            raise mine.error
        return mine.rows

    def _read(self, batch: list[_Asked]) -> None:
        try:
            found = self._read_streams(list({one.stream for one in batch}))
            for one in batch:
                one.rows = found[one.stream]
        except Exception as error:  # noqa: BLE001 - told to everybody who shared the read
            for one in batch:
                one.error = error

    def _hand_on(self) -> None:
        with self._lock:
            batch, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
            if not batch:
                self._free += 1
                return
            batch[0].batch = batch
        batch[0].done.release()
