"""Recording written once, waited for in a thread or in an event loop.

A procedure is a generator that yields what to wait for: an append to the log, something that an event loop waits for in
its own way (a stream, a turn), or a callable that reads or writes.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future
    from uuid import UUID

    from infra.event_store.recorder import KitelineRecorder
    from infra.event_store.save import LogRow, Save
    from infra.recording.stream_loads import StreamLoads

T = TypeVar("T")


class Append(NamedTuple):
    """Store a save; answered with `Saved` once it is durable."""

    log: KitelineRecorder
    save: Save


class LoopWait(ABC):
    """What a thread waits for by calling it, and an event loop without giving a thread to each."""

    __slots__ = ()

    @abstractmethod
    def __call__(self) -> object:
        """Wait in this thread."""

    @abstractmethod
    async def in_loop(self) -> object:
        """Wait in the running event loop."""


@dataclass(frozen=True, slots=True)
class Load(LoopWait):
    """Read a stream; answered with its rows, oldest first. A thread calls it, an event loop shares a thread's read."""

    loads: StreamLoads
    stream: UUID

    def __call__(self) -> list[LogRow]:
        """Read in this thread."""
        return self.loads.load(self.stream)

    async def in_loop(self) -> list[LogRow]:
        """Share a read with all who wait in this loop."""
        return await self.loads.load_async(self.stream)


@dataclass(frozen=True, slots=True)
class Turn(LoopWait):
    """Wait until it is one's turn at something that one at a time may change."""

    turn: Future[None]

    def __call__(self) -> None:
        """Wait in this thread."""
        self.turn.result()

    async def in_loop(self) -> None:
        """Wait in the running event loop; a cancelled wait gives the turn up."""
        await asyncio.wrap_future(self.turn)


Wait: TypeAlias = "Append | Callable[[], Any]"
Procedure: TypeAlias = Generator[Wait, Any, T]


def run(procedure: Procedure[T]) -> T:
    """Carry a procedure out in this thread."""
    try:
        wait = next(procedure)
        while True:
            try:
                value = wait.log.record(wait.save) if isinstance(wait, Append) else wait()
            except Exception as error:  # noqa: BLE001 - handed back to where it is understood
                wait = procedure.throw(error)
            else:
                wait = procedure.send(value)
    except StopIteration as end:
        result: T = end.value
        return result


async def arun(procedure: Procedure[T]) -> T:
    """Carry a procedure out in an event loop: reads go to a thread, an append goes on when its request is cancelled."""
    try:
        wait = next(procedure)
        while True:
            value: object
            try:
                if isinstance(wait, Append):
                    value = await wait.log.record_async(wait.save)
                elif isinstance(wait, LoopWait):
                    value = await wait.in_loop()
                else:
                    value = await asyncio.to_thread(wait)
            except Exception as error:  # noqa: BLE001 - handed back to where it is understood
                wait = procedure.throw(error)
            else:
                wait = procedure.send(value)
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        procedure.close()  # a cancelled request gives back at once what it held
