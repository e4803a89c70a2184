"""A save on its way: what it contributes to a batch, and how its caller learns what became of it."""

from _thread import allocate_lock
from abc import ABC, abstractmethod
from asyncio import AbstractEventLoop
from asyncio import Future as LoopFuture
from collections import deque
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from datetime import datetime

from infra.event_store.packing import Packed
from infra.event_store.save import Save, Saved


class Ticket(Packed, ABC):
    """A packed save that waits; `alone` once it must not share a batch, because one it was in was refused whole."""

    __slots__ = ("alone", "losses", "save")

    def __init__(self, save: Save) -> None:
        """Check and pack the save; raises VersionConflict or ProgrammingError for what can never be stored."""
        super().__init__(save)
        self.save = save
        self.alone = False
        self.losses = 0

    @abstractmethod
    def succeed(self, first_position: int | None, recorded_at: datetime) -> None:
        """Tell the caller where the save is stored."""

    @abstractmethod
    def fail(self, error: Exception) -> None:
        """Tell the caller why the save was not stored."""


class FutureTicket(Ticket):
    """A save whose caller holds a Future; a cancelled one is stored all the same."""

    __slots__ = ("future",)

    def __init__(self, save: Save) -> None:
        """Pack the save and make its Future."""
        super().__init__(save)
        self.future: Future[Saved] = Future()

    def succeed(self, first_position: int | None, recorded_at: datetime) -> None:
        """Set the Future's result."""
        with suppress(InvalidStateError):
            self.future.set_result(Saved(first_position, recorded_at))

    def fail(self, error: Exception) -> None:
        """Set the Future's exception."""
        with suppress(InvalidStateError):
            self.future.set_exception(error)


class BlockingTicket(Ticket):
    """A save whose caller's thread waits; a bare lock wakes it, which costs a third of what a Future does."""

    __slots__ = ("_done", "_error", "_saved")

    def __init__(self, save: Save) -> None:
        """Pack the save and make the lock that its caller waits for."""
        super().__init__(save)
        self._done = allocate_lock()
        self._done.acquire()
        self._saved: Saved | None = None
        self._error: Exception | None = None

    def succeed(self, first_position: int | None, recorded_at: datetime) -> None:
        """Wake the caller with the result."""
        self._saved = Saved(first_position, recorded_at)
        self._done.release()

    def fail(self, error: Exception) -> None:
        """Wake the caller with the error."""
        self._error = error
        self._done.release()

    def wait(self) -> Saved:
        """Block until the save is stored or refused."""
        self._done.acquire()
        if self._saved is None:
            assert self._error is not None  # noqa: S101
            raise self._error
        return self._saved


class Answers:
    """What became of saves of one event loop, told to it once a batch: a wake-up for each costs more than its save."""

    def __init__(self, loop: AbstractEventLoop) -> None:
        """Answer the tickets of `loop`, from any thread."""
        self._loop = loop
        self._told: deque[tuple[LoopFuture[Saved], Saved | Exception]] = deque()
        self._awaited = False

    def tell(self, future: "LoopFuture[Saved]", outcome: Saved | Exception) -> None:
        """Answer a future of the loop; one whose loop is gone hears nothing."""
        self._told.append((future, outcome))
        if not self._awaited:
            self._awaited = True
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        self._awaited = False  # before looking, so that what comes now is looked for again
        told = self._told
        while told:
            future, outcome = told.popleft()
            if future.done():
                continue
            if isinstance(outcome, Saved):
                future.set_result(outcome)
            else:
                future.set_exception(outcome)


class LoopTicket(Ticket):
    """A save that a coroutine awaits; it is stored all the same when the coroutine is cancelled."""

    __slots__ = ("_answers", "_future")

    def __init__(self, save: Save, answers: Answers, future: "LoopFuture[Saved]") -> None:
        """Pack the save; `future` belongs to the loop of `answers`."""
        super().__init__(save)
        self._answers = answers
        self._future = future

    def succeed(self, first_position: int | None, recorded_at: datetime) -> None:
        """Tell the loop where the save is stored."""
        self._answers.tell(self._future, Saved(first_position, recorded_at))

    def fail(self, error: Exception) -> None:
        """Tell the loop why it was not stored."""
        self._answers.tell(self._future, error)
