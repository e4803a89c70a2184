"""Turns at something that one at a time may change: within a process nobody loses a race that can be queued for."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, InvalidStateError
from threading import Lock
from typing import TYPE_CHECKING, Self
from uuid import UUID

if TYPE_CHECKING:
    from types import TracebackType


class Turns:
    """Who is at which stream, and who waits for it, first come first served; safe for threads and event loops."""

    def __init__(self) -> None:
        """Begin with nobody at anything."""
        self._waiting: dict[UUID, deque[Future[None]]] = {}
        self._lock = Lock()

    def take(self, stream: UUID) -> Future[None]:
        """Queue for a stream; the Future is done when it is the caller's turn."""
        turn: Future[None] = Future()
        with self._lock:
            queue = self._waiting.setdefault(stream, deque())
            queue.append(turn)
            if queue[0] is turn:
                turn.set_result(None)
        return turn

    def leave(self, stream: UUID, turn: Future[None]) -> None:
        """End a turn, or give up waiting for it; whoever is next has it."""
        with self._lock:
            queue = self._waiting.get(stream)
            if queue is None or turn not in queue:
                return
            was_first = queue[0] is turn
            queue.remove(turn)
            while was_first and queue:
                try:
                    queue[0].set_result(None)
                except InvalidStateError:  # gave up waiting, and will say so
                    queue.popleft()
                else:
                    break
            if not queue:
                del self._waiting[stream]


class HeldTurns:
    """The turns that one recording has taken, all given back when its context ends, however it ends."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._held: list[tuple[UUID, Future[None]]] = []

    def take(self, stream: UUID) -> Future[None]:
        """Queue for a stream; take several in one order everywhere, so that nobody waits for each other."""
        turn = self._turns.take(stream)
        self._held.append((stream, turn))
        return turn

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._held:
            self._turns.leave(*self._held.pop())
