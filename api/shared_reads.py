"""Reads once for all who ask for the same thing at the same time, and keeps what was read last."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class SharedReads(Generic[Key, Value]):
    """Answers that hold for ever once there are any: an empty one, and one that failed, is read again. One loop."""

    def __init__(self, read: Callable[[Key], Awaitable[Value]], keep: int) -> None:
        """Read with `read`; keep the last `keep` answers that are not empty."""
        self._read = read
        self._keep = keep
        self._reads: OrderedDict[Key, asyncio.Task[Value]] = OrderedDict()

    async def get(self, key: Key) -> Value:
        """Return the answer for a key, and raise what reading it raised. Who leaves does not end it for the others."""
        reading = self._reads.get(key)
        if reading is None:
            reading = asyncio.create_task(self._reading(key))
            reading.add_done_callback(lambda done: self._has_read(key, done))
            self._reads[key] = reading
        self._reads.move_to_end(key)
        return await asyncio.shield(reading)

    async def _reading(self, key: Key) -> Value:
        return await self._read(key)

    def _has_read(self, key: Key, done: asyncio.Task[Value]) -> None:
        if done.cancelled() or done.exception() is not None or not done.result():
            self._reads.pop(key, None)
        while len(self._reads) > self._keep and next(iter(self._reads.values())).done():
            self._reads.popitem(last=False)
