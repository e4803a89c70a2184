"""Gathers the saves of all threads into batches: while one commits the next collects, and nobody waits for company."""

import contextlib
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import psycopg
from eventsourcing.persistence import DataError, IntegrityError, OperationalError, PersistenceError

from infra.event_store.append_link import AppendLink, Backend, LinkLost, Refused, Stored
from infra.event_store.packing import pack_batch
from infra.event_store.recovery import UnknownOutcome, find_outcomes
from infra.event_store.refusals import (
    IdentityKnown,
    KeyAlreadyUsed,
    StoreUnavailable,
    TrackingConflict,
    VersionConflict,
)
from infra.event_store.tickets import Ticket

MOST_SAVES = 512
MOST_EVENTS = 2_000
_IN_FLIGHT = 2
_WORTH_SENDING_AHEAD = 16
_ANSWER_SECONDS = 30.0
_IDLE_SECONDS = 3600.0
_LONGEST_BACKOFF_SECONDS = 1.0
_LOSSES_BEFORE_GIVING_UP = 4
_KEY_USED, _VERSION, _TRACKING, _IDENTITY = 1, 2, 3, 4
# Resources, operator intervention, system error, lock not available, read-only: the save is not to blame.
_ENVIRONMENT = ("08", "25", "40", "53", "55", "57", "58", "XX")

Explain = Callable[[Sequence[Ticket], Sequence[Ticket]], Sequence[Exception]]


class GroupCommit:
    """The queue, and the thread that empties it; started by the first save, safe to give saves from any thread."""

    def __init__(
        self,
        url: str,
        *,
        explain: Explain,
        committed: Callable[[int], None],
        patience: float,
        most_queued: int = 20_000,
    ) -> None:
        """Append to the database of `url`.

        `explain` makes the errors of saves whose key was used, then of those whose identity is known, in order;
        `committed` hears each new head. Saves wait for an absent database `patience` seconds, and no more than
        `most_queued` of them at a time.
        """
        self._url = url
        self._explain = explain
        self._committed = committed
        self._patience = patience
        self._most_queued = most_queued
        self._queue: deque[Ticket] = deque()
        self._link: AppendLink | None = None
        self._lost: list[tuple[Sequence[Ticket], Backend]] = []
        self._outage_began: float | None = None
        self._backoff = 0.0
        self._idle = False
        self._enough = 1
        self._closing = False
        self._waking, self._wake = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(self._waking, False)
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._explainer: ThreadPoolExecutor | None = None

    def submit(self, ticket: Ticket) -> None:
        """Queue a save; raises StoreUnavailable when too many wait already or the store is closed."""
        if len(self._queue) >= self._most_queued:
            raise StoreUnavailable(f"{self._most_queued} saves wait already")
        if self._thread is None or self._closing:
            self._start()
        self._queue.append(ticket)
        if self._idle and len(self._queue) >= self._enough:
            self._idle = False
            self._rouse()

    def close(self) -> None:
        """Store what is queued, then end; saves given later are refused."""
        with self._starting:
            already, self._closing = self._closing, True
            thread = self._thread
        if already:
            return
        if thread is not None:
            self._rouse()
            thread.join()
        self._give_up("the event store is closed")
        if self._explainer is not None:
            self._explainer.shutdown()
        os.close(self._waking)
        os.close(self._wake)

    def _start(self) -> None:
        with self._starting:
            if self._closing:
                raise StoreUnavailable("the event store is closed")
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="event-store-append", daemon=True)
                self._thread.start()

    def _rouse(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.write(self._wake, b"\0")

    def _run(self) -> None:
        while True:
            try:
                if self._work():
                    return
            except LinkLost as error:
                self._lose_link(error)
            except Exception as error:  # noqa: BLE001  a defect must not leave callers waiting for ever
                self._lose_link(error)
                self._give_up(f"{type(error).__name__}: {error}")

    def _work(self) -> bool:
        """Do one round: connect, send, wait, receive; tell whether all is done and the store is closing."""
        link = self._link
        if self._closing and not self._queue and not self._lost and (link is None or not link.in_flight):
            if link is not None:
                link.close()
            return True
        link = link or self._connect()
        if link is None:
            return False
        while self._queue and self._may_send(link):
            self._send(link)
        hears_callers = link.in_flight < _IN_FLIGHT
        # Who rouses this thread hands it the interpreter: only for as many as are sent then.
        self._enough = _WORTH_SENDING_AHEAD if link.in_flight else 1
        self._idle = hears_callers
        if hears_callers and self._queue and self._may_send(link):  # somebody came just before we said that we wait
            self._idle = False
            return False
        self._wait_and_settle(link, hears_callers=hears_callers)
        return False

    def _send(self, link: AppendLink) -> None:
        batch = self._next_batch()
        try:
            parameters = pack_batch(batch)
        except BaseException as error:
            _fail_all(batch, error)
            raise
        link.send(batch, parameters)

    def _wait_and_settle(self, link: AppendLink, *, hears_callers: bool) -> None:
        began = time.monotonic()
        patience = _ANSWER_SECONDS if link.in_flight else _IDLE_SECONDS
        spoken, roused = link.wait(self._waking if hears_callers else None, patience)
        self._idle = False
        if roused:
            os.read(self._waking, 4096)
        if spoken:
            for tickets, answer in link.receive():
                try:
                    self._settle(tickets, answer)
                except BaseException as error:
                    _fail_all(tickets, error)
                    raise
        elif link.in_flight and time.monotonic() - began >= _ANSWER_SECONDS:
            raise LinkLost(f"no answer for {_ANSWER_SECONDS:.0f} s")

    def _may_send(self, link: AppendLink) -> bool:
        if link.in_flight == 0:
            return True
        return link.in_flight < _IN_FLIGHT and len(self._queue) >= _WORTH_SENDING_AHEAD

    def _next_batch(self) -> list[Ticket]:
        queue = self._queue
        batch: list[Ticket] = []
        later: list[Ticket] = []
        claimed: set[object] = set()
        events = 0
        while queue and len(batch) < MOST_SAVES:
            ticket = queue.popleft()
            if batch and (events + ticket.count > MOST_EVENTS or ticket.alone or batch[0].alone):
                later.append(ticket)
                break
            if claimed.isdisjoint(ticket.claims):
                claimed.update(ticket.claims)
                batch.append(ticket)
                events += ticket.count
            else:
                later.append(ticket)
        queue.extendleft(reversed(later))
        return batch

    def _settle(self, tickets: Sequence[Ticket], answer: Stored | Refused) -> None:
        if isinstance(answer, Refused):
            self._settle_refused(tickets, answer)
            return
        position = answer.first_position
        at = answer.recorded_at
        refused = answer.refused
        keyed: list[Ticket] = []
        known: list[Ticket] = []
        for number, ticket in enumerate(tickets, 1):
            if refused and number in refused:
                reason = refused[number]
                if reason == _KEY_USED:
                    keyed.append(ticket)
                elif reason == _IDENTITY:
                    known.append(ticket)
                else:
                    ticket.fail(_conflict(reason))
            elif ticket.count:
                ticket.succeed(position, at)
                position += ticket.count
            else:
                ticket.succeed(None, at)
        if position != answer.first_position:
            self._committed(position - 1)
        if keyed or known:
            self._explain_later(keyed, known)

    def _settle_refused(self, tickets: Sequence[Ticket], answer: Refused) -> None:
        if answer.sqlstate.startswith(_ENVIRONMENT):
            for ticket in tickets:
                ticket.fail(StoreUnavailable(f"{answer.sqlstate} {answer.message}"))
        elif len(tickets) == 1:
            tickets[0].fail(_error_of(answer))
        else:
            # One of them cannot be stored as it is. Each tries again by itself, so that only that one fails.
            for ticket in tickets:
                ticket.alone = True
            self._queue.extendleft(reversed(tickets))

    def _explain_later(self, keyed: list[Ticket], known: list[Ticket]) -> None:
        # Asking what stands in the way needs a query of its own, which must not hold up the next batch.
        if self._explainer is None:
            self._explainer = ThreadPoolExecutor(1, thread_name_prefix="event-store-explain")
        self._explainer.submit(self._explain_now, keyed, known)

    def _explain_now(self, keyed: list[Ticket], known: list[Ticket]) -> None:
        try:
            errors = self._explain(keyed, known)
        except PersistenceError:
            errors = [*(KeyAlreadyUsed(None) for _ in keyed), *(IdentityKnown(None) for _ in known)]
        for ticket, error in zip([*keyed, *known], errors, strict=True):
            ticket.fail(error)

    def _connect(self) -> AppendLink | None:
        if self._backoff:
            time.sleep(self._backoff)
        try:
            if self._lost:
                self._find_lost()
            self._link = AppendLink(self._url)
        except psycopg.Error as error:
            self._outage(str(error))
            return None
        self._outage_began = None
        self._backoff = 0.0
        return self._link

    def _find_lost(self) -> None:
        tickets = [ticket for batch, _ in self._lost for ticket in batch]
        backends = {backend for _, backend in self._lost}
        outcomes = find_outcomes(self._url, tickets, backends)
        self._lost.clear()
        again: list[Ticket] = []
        for ticket, outcome in zip(tickets, outcomes, strict=True):
            if outcome is None:
                self._try_again(ticket, again)
            elif isinstance(outcome, UnknownOutcome):
                ticket.fail(OperationalError("the answer was lost; whether the save was stored is not known"))
            elif isinstance(outcome, Exception):
                ticket.fail(outcome)
            else:
                ticket.succeed(outcome.first_position, outcome.recorded_at)
        self._queue.extendleft(reversed(again))

    def _try_again(self, ticket: Ticket, again: list[Ticket]) -> None:
        ticket.losses += 1
        if ticket.losses >= _LOSSES_BEFORE_GIVING_UP:
            ticket.fail(StoreUnavailable(f"the connection was lost {ticket.losses} times while storing this"))
            return
        ticket.alone = ticket.losses > 1
        again.append(ticket)

    def _lose_link(self, error: Exception) -> None:
        link, self._link = self._link, None
        if link is not None:
            self._lost.extend((batch, link.backend) for batch in link.unanswered())
            link.close()
        self._outage(str(error))

    def _outage(self, reason: str) -> None:
        now = time.monotonic()
        if self._outage_began is None:
            self._outage_began = now
        elif now - self._outage_began > self._patience or self._closing:
            self._give_up(reason)
        self._backoff = min(max(0.02, self._backoff * 2), _LONGEST_BACKOFF_SECONDS)

    def _give_up(self, reason: str) -> None:
        for batch, _ in self._lost:
            for ticket in batch:
                ticket.fail(StoreUnavailable(f"the answer was lost: {reason}", outcome_unknown=True))
        self._lost.clear()
        while self._queue:
            self._queue.popleft().fail(StoreUnavailable(reason))


def _fail_all(tickets: Sequence[Ticket], error: BaseException) -> None:
    for ticket in tickets:
        with contextlib.suppress(RuntimeError):  # it was told already
            ticket.fail(StoreUnavailable(f"{type(error).__name__}: {error}", outcome_unknown=True))


def _conflict(reason: int) -> IntegrityError:
    if reason == _VERSION:
        return VersionConflict("another save of the stream came first")
    return TrackingConflict("tracking is not ahead of the stored position")


def _error_of(answer: Refused) -> PersistenceError:
    text = f"{answer.sqlstate} {answer.message}"
    if answer.sqlstate.startswith("22"):
        return DataError(text)
    if answer.sqlstate.startswith("23"):
        return IntegrityError(text)
    return OperationalError(text)
