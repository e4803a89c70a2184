"""Every attempt to check in is written down, and who keeps guessing has to wait.

Attempts of many callers share a transaction, which does not wait for the disk. Nobody is refused, or answered a second
time, before it is written down; who is accepted does not wait for it, since what they did is in the log.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Final, TypeAlias
from uuid import UUID

from domain.errors import Refused, Sentence
from domain.times import MINUTE_US, SECOND_US
from infra.event_store.refusals import StoreUnavailable
from infra.logs import get_logger
from infra.recording.procedures import LoopWait

if TYPE_CHECKING:
    from infra.event_store.recorder import KitelineRecorder

_log = get_logger(__name__)
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
_GATHER_SECONDS: Final = 0.1
_MOST_AT_ONCE: Final = 1_000
_CLOSING_SECONDS: Final = 10.0
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


Noted: TypeAlias = "tuple[Attempt, Future[None] | None]"
"""An attempt on its way, and who waits for it."""


class AttemptLog:
    """Writes attempts in a thread of its own, those of all callers together; one a process, closed by its owner."""

    def __init__(self, log: KitelineRecorder) -> None:
        """Write beside the log, as its role."""
        self._log = log
        self._noted: deque[Noted] = deque()
        self._something = Event()
        self._urgent = Event()
        self._closing = False
        self._thread: Thread | None = None
        self._starting = Lock()

    def note(self, attempt: Attempt) -> None:
        """Have an attempt written within a moment: one that was accepted, which the log of events tells as well."""
        self._put((attempt, None))

    def written(self, attempt: Attempt) -> Future[None]:
        """Have an attempt written at once, with all that wait; the Future is done, or has failed, when it was."""
        done: Future[None] = Future()
        self._put((attempt, done))
        self._urgent.set()
        return done

    def close(self) -> None:
        """Write what was noted, and end."""
        with self._starting:
            self._closing = True
            thread = self._thread
        if thread is not None:
            self._something.set()
            self._urgent.set()
            thread.join(_CLOSING_SECONDS)

    def _put(self, noted: Noted) -> None:
        if self._thread is None:
            with self._starting:
                if self._thread is None:
                    self._thread = Thread(target=self._run, name="check-in-attempts", daemon=True)
                    self._thread.start()
        self._noted.append(noted)
        if not self._something.is_set():
            self._something.set()

    def _run(self) -> None:
        while not (self._closing and not self._noted):
            self._something.wait()
            self._urgent.wait(_GATHER_SECONDS)
            self._something.clear()
            self._urgent.clear()
            while self._noted:
                batch = [self._noted.popleft() for _ in range(min(len(self._noted), _MOST_AT_ONCE))]
                if not self._write(batch):
                    break

    def _write(self, batch: list[Noted]) -> bool:
        error: Exception | None = None
        try:
            self._insert([attempt for attempt, _ in batch])
        except Exception as failure:  # noqa: BLE001 - told to each who waits
            error = failure
            self._keep([one for one in batch if one[1] is None], failure)
        for _, done in batch:
            if done is not None:
                with suppress(InvalidStateError):  # gave up waiting
                    done.set_result(None) if error is None else done.set_exception(error)
        return error is None

    def _keep(self, unwritten: list[Noted], why: Exception) -> None:
        """Try again soon what nobody waits for, while the database is away and there is room."""
        if self._closing or len(self._noted) > _MOST_KEPT or not isinstance(why, StoreUnavailable):
            _log.error("attempts to check in were not written down", count=len(unwritten), exc_info=why)
        else:
            self._noted.extendleft(reversed(unwritten))
            self._something.set()

    def _insert(self, attempts: list[Attempt]) -> None:
        columns = zip(*((one.actor, one.venue, one.outcome) for one in attempts), strict=True)
        with self._log.reading() as connection:
            connection.execute(_WRITE, [list(column) for column in columns])


@dataclass(frozen=True, slots=True)
class Told(LoopWait):
    """An attempt of which nothing is told before it is written down."""

    attempts: AttemptLog
    attempt: Attempt

    def __call__(self) -> None:
        """Wait in this thread. Raises StoreUnavailable."""
        self.attempts.written(self.attempt).result()

    async def in_loop(self) -> None:
        """Wait in the running event loop. Raises StoreUnavailable."""
        await asyncio.wrap_future(self.attempts.written(self.attempt))


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
