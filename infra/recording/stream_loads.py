"""Loads of streams, gathered: whoever asks while a read is under way shares the next one, as appends share a commit."""

from __future__ import annotations

from _thread import allocate_lock
from collections.abc import Callable, Sequence
from threading import Lock
from typing import TYPE_CHECKING, Final
from uuid import UUID

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


class StreamLoads:
    """Reads streams for many threads, at most `readers` queries at a time, each for all who wait."""

    def __init__(self, read_streams: Callable[[Sequence[UUID]], dict[UUID, list[LogRow]]], *, readers: int = 2) -> None:
        """`read_streams` reads whole streams in one query, oldest first."""
        self._read_streams = read_streams
        self._waiting: list[_Asked] = []
        self._free = readers
        self._lock = Lock()

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
