"""Recording written once, waited for in a thread or in an event loop.

A procedure is a generator that yields what to wait for: a Future (an append on its way) or a callable (a read).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from concurrent.futures import Future
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")
Wait: TypeAlias = "Future[Any] | Callable[[], Any]"
Procedure: TypeAlias = Generator[Wait, Any, T]


def run(procedure: Procedure[T]) -> T:
    """Carry a procedure out in this thread."""
    try:
        wait = next(procedure)
        while True:
            try:
                value = wait.result() if isinstance(wait, Future) else wait()
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
            try:
                if isinstance(wait, Future):
                    value = await asyncio.shield(asyncio.wrap_future(wait))
                else:
                    value = await asyncio.to_thread(wait)
            except Exception as error:  # noqa: BLE001 - handed back to where it is understood
                wait = procedure.throw(error)
            else:
                wait = procedure.send(value)
    except StopIteration as end:
        result: T = end.value
        return result
