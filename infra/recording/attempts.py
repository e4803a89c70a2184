"""Every attempt to check in is written down, and who keeps guessing has to wait.

Attempts of many callers share a transaction, which does not wait for the disk: what an accepted one did is in the log.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Final
from uuid import UUID
from weakref import WeakKeyDictionary

from domain.errors import Refused, Sentence
from domain.times import MINUTE_US, SECOND_US
from infra.recording.procedures import LoopWait

if TYPE_CHECKING:
    from infra.event_store.recorder import KitelineRecorder

# set_config counts for this statement's transaction alone.
_WRITE: Final = """
INSERT INTO check_in_attempt (actor, venue, outcome)
SELECT a.actor, a.venue, a.outcome
FROM set_config('synchronous_commit', 'off', true)
CROSS JOIN unnest(%s::text[], %s::uuid[], %s::text[]) AS a (actor, venue, outcome)
"""
WINDOW_US: Final = 10 * MINUTE_US
MOST_AT_A_VENUE: Final = 10
MOST_ANYWHERE: Final = 30
_MOST_KEPT: Final = 20_000
TOO_MANY: Final = Sentence(
    "近十分钟内错误次数过多，请稍后再试，或请现场工作人员代为登记",
    "Too many wrong attempts in ten minutes: try again later, or ask the staff at the venue to check you in.",
)
Place = tuple[str, UUID | None]


class TooManyAttempts(Refused):
    """Somebody was wrong too often to be asked again now (HTTP 429)."""

    def __init__(self, wait_seconds: int) -> None:
        """Keep how long to wait."""
        super().__init__("too_many_attempts", TOO_MANY)
        self.wait_seconds = wait_seconds


@dataclass(frozen=True, slots=True)
class Attempt:
    """Who sent it (an opaque id), at which venue if the code told, and what became of it."""

    actor: str
    venue: UUID | None
    outcome: str


@dataclass(slots=True)
class _Waiting:
    attempt: Attempt
    written: bool = False
    error: Exception | None = None


class _OfLoop:
    """What the coroutines of one event loop wait for, and the task that writes it; touched by that loop alone."""

    __slots__ = ("attempts", "writing")

    def __init__(self) -> None:
        self.attempts: list[tuple[Attempt, asyncio.Future[None]]] = []
        self.writing: asyncio.Task[None] | None = None


class AttemptLog:
    """Writes attempts; one a process."""

    def __init__(self, log: KitelineRecorder) -> None:
        """Write beside the log, as its role."""
        self._log = log
        self._waiting: list[_Waiting] = []
        self._queue = Lock()
        self._writing = Lock()
        self._loops: WeakKeyDictionary[asyncio.AbstractEventLoop, _OfLoop] = WeakKeyDictionary()

    def write(self, attempt: Attempt) -> None:
        """Write one attempt, with all that wait at the same time. Raises StoreUnavailable."""
        mine = _Waiting(attempt)
        with self._queue:
            self._waiting.append(mine)
        with self._writing:
            if not mine.written:
                self._write_waiting()
        if mine.error is not None:
            raise mine.error

    async def write_async(self, attempt: Attempt) -> None:
        """Write one attempt, with all that wait in this event loop at the same time. Raises StoreUnavailable."""
        loop = asyncio.get_running_loop()
        waiting = self._loops.setdefault(loop, _OfLoop())
        written: asyncio.Future[None] = loop.create_future()
        waiting.attempts.append((attempt, written))
        if waiting.writing is None:
            waiting.writing = loop.create_task(self._write_of(waiting))
        await written

    async def _write_of(self, waiting: _OfLoop) -> None:
        while waiting.attempts:
            batch, waiting.attempts = waiting.attempts, []
            error: Exception | None = None
            try:
                await asyncio.to_thread(self._insert, [attempt for attempt, _ in batch])
            except Exception as failure:  # noqa: BLE001 - told to each who waits
                error = failure
            for _, written in batch:
                if written.done():
                    continue
                if error is None:
                    written.set_result(None)
                else:
                    written.set_exception(error)
        waiting.writing = None

    def _write_waiting(self) -> None:
        with self._queue:
            batch, self._waiting = self._waiting, []
        error: Exception | None = None
        try:
            self._insert([one.attempt for one in batch])
        except Exception as failure:  # noqa: BLE001 - told to each who waits
            error = failure
        for one in batch:
            one.written, one.error = True, error

    def _insert(self, attempts: list[Attempt]) -> None:
        columns = zip(*((one.actor, one.venue, one.outcome) for one in attempts), strict=True)
        with self._log.reading() as connection:
            connection.execute(_WRITE, [list(column) for column in columns])


@dataclass(frozen=True, slots=True)
class Noted(LoopWait):
    """An attempt to be written down."""

    attempts: AttemptLog
    attempt: Attempt

    def __call__(self) -> None:
        """Write it in this thread."""
        self.attempts.write(self.attempt)

    async def in_loop(self) -> None:
        """Have it written with all that wait in this loop."""
        await self.attempts.write_async(self.attempt)


class WrongAttempts:
    """Counts what was wrong in the last ten minutes, in this process, by who sent it and at which venue."""

    def __init__(self) -> None:
        self._wrong: OrderedDict[Place, deque[int]] = OrderedDict()
        self._lock = Lock()

    def must_be_few(self, actor: str, venue: UUID | None, now_us: int) -> None:
        """Raise TooManyAttempts for who was wrong 10 times at a venue, or 30 times anywhere, in ten minutes."""
        with self._lock:
            for place in _places(actor, venue):
                times = self._wrong.get(place)
                while times and times[0] <= now_us - WINDOW_US:
                    times.popleft()
                if times and len(times) >= (MOST_ANYWHERE if place[1] is None else MOST_AT_A_VENUE):
                    raise TooManyAttempts((times[0] + WINDOW_US - now_us) // SECOND_US + 1)

    def note(self, actor: str, venue: UUID | None, now_us: int) -> None:
        """Count one."""
        with self._lock:
            for place in _places(actor, venue):
                times = self._wrong.setdefault(place, deque(maxlen=MOST_ANYWHERE))
                times.append(now_us)
                self._wrong.move_to_end(place)
            while len(self._wrong) > _MOST_KEPT:
                self._wrong.popitem(last=False)


def _places(actor: str, venue: UUID | None) -> tuple[Place, ...]:
    return ((actor, None),) if venue is None else ((actor, None), (actor, venue))
