"""Every attempt to check in is written down, and who keeps guessing has to wait.

Attempts of many threads share a transaction, which does not wait for the disk: what an accepted one did is in the log.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Final
from uuid import UUID

from domain.errors import Refused, Sentence
from domain.times import MINUTE_US, SECOND_US

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


class AttemptLog:
    """Writes attempts; one a process."""

    def __init__(self, log: KitelineRecorder) -> None:
        """Write beside the log, as its role."""
        self._log = log
        self._waiting: list[_Waiting] = []
        self._queue = Lock()
        self._writing = Lock()

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

    def _write_waiting(self) -> None:
        with self._queue:
            batch, self._waiting = self._waiting, []
        error: Exception | None = None
        try:
            with self._log.reading() as connection:
                columns = zip(
                    *((one.attempt.actor, one.attempt.venue, one.attempt.outcome) for one in batch), strict=True
                )
                connection.execute(_WRITE, [list(column) for column in columns])
        except Exception as failure:  # noqa: BLE001 - told to each who waits
            error = failure
        for one in batch:
            one.written, one.error = True, error


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
