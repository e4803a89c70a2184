"""The recorder that everything uses: saves in, log rows and streams out."""

import asyncio
import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from eventsourcing.persistence import (
    ApplicationRecorder,
    Notification,
    ProcessRecorder,
    StoredEvent,
    Subscription,
    Tracking,
)
from psycopg import Connection
from psycopg.rows import TupleRow

from infra.database.connections import connect_pool
from infra.event_store import reading
from infra.event_store.group_commit import GroupCommit
from infra.event_store.refusals import IdentityKnown, KeyAlreadyUsed
from infra.event_store.save import LogRow, Save, Saved, StoredKey
from infra.event_store.sessions import lent
from infra.event_store.subscription import LogSubscription
from infra.event_store.tickets import Answers, BlockingTicket, FutureTicket, LoopTicket, Ticket

_IMPORT_WINDOW = 4_096
_POLL_SECONDS = 0.05


class KitelineRecorder(ProcessRecorder):
    """Records saves of any threads in shared transactions and reads the log; one a process, `close` it when done.

    Positions are gapless and become visible in order: who has read position n will never see a new one below it.
    Writing raises VersionConflict, KeyAlreadyUsed, IdentityKnown, TrackingConflict, or StoreUnavailable.
    """

    def __init__(self, url: str, *, readers: int = 8, patience: float = 2.0) -> None:
        """Connect in the background: `readers` connections for queries, one more for appending.

        A save waits `patience` seconds for a database that is away, then fails as StoreUnavailable.
        """
        self._readers = connect_pool(url, role="writer", max_size=readers, name="kiteline event store")
        self._news = threading.Condition()
        self._listeners = 0
        self._head_seen = 0
        self._answers: WeakKeyDictionary[asyncio.AbstractEventLoop, Answers] = WeakKeyDictionary()
        self._commits = GroupCommit(url, explain=self._explain, committed=self._has_committed, patience=patience)

    def close(self) -> None:
        """Store what is queued and end all connections."""
        self._commits.close()
        self._readers.close()

    def submit(self, save: Save) -> "Future[Saved]":
        """Queue a save and return at once. A cancelled one is stored all the same.

        Raises what can be said at once (versions that do not follow each other, too many saves waiting); everything
        else comes through the Future.
        """
        ticket = FutureTicket(save)
        self._commits.submit(ticket)
        return ticket.future

    def submit_many(self, saves: Iterable[Save]) -> "list[Future[Saved]]":
        """Queue many saves, as an import does, waiting when the queue is long; one Future each, in order."""
        futures: list[Future[Saved]] = []
        for number, save in enumerate(saves):
            if number >= _IMPORT_WINDOW:
                futures[number - _IMPORT_WINDOW].exception()
            futures.append(self.submit(save))
        return futures

    def record(self, save: Save) -> Saved:
        """Store a save and wait until it is durable."""
        ticket = BlockingTicket(save)
        self._commits.submit(ticket)
        return ticket.wait()

    async def record_async(self, save: Save) -> Saved:
        """Store a save and wait in an event loop until it is durable; it is stored also when the wait is cancelled."""
        loop = asyncio.get_running_loop()
        answers = self._answers.get(loop)
        if answers is None:
            answers = self._answers[loop] = Answers(loop)
        future: asyncio.Future[Saved] = loop.create_future()
        self._commits.submit(LoopTicket(save, answers, future))
        return await future

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:  # noqa: ANN401
        """Store events in one save, with `tracking`, `idempotency` and `vault` if given, and return their positions."""
        save = Save(stored_events, kwargs.get("idempotency"), kwargs.get("tracking"), kwargs.get("vault"))
        if not stored_events and save.idempotency is None and save.tracking is None and save.vault is None:
            return []
        first = self.record(save).first_position
        return [] if first is None else list(range(first, first + len(stored_events)))

    def insert_tracking(self, tracking: Tracking) -> None:
        """Store that an application has processed another's notifications up to a position."""
        self.record(Save(tracking=tracking))

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """Read a stream's events with versions in (gt, lte]."""
        with lent(self._readers) as session:
            return reading.events_of(session, originator_id, gt=gt, lte=lte, desc=desc, limit=limit)

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Read the log in order; n+1 is never seen before n."""
        first = 0 if start is None else start + (not inclusive_of_start)
        with lent(self._readers) as session:
            return reading.notifications(session, first, stop, topics, limit)

    def max_notification_id(self) -> int | None:
        """Tell the last position, None for an empty log."""
        with lent(self._readers) as session:
            return reading.head(session)

    def max_tracking_id(self, application_name: str) -> int | None:
        """Tell how far an application's notifications have been processed."""
        with lent(self._readers) as session:
            return reading.tracked(session, application_name)

    def read_log(self, start: int, limit: int) -> list[LogRow]:
        """Read whole log rows from position `start` on, at most `limit`; the fast path of projections."""
        with lent(self._readers) as session:
            return reading.log_page(session, start, limit)

    def read_reference(self, start: int, limit: int) -> list[LogRow]:
        """Read the facts that every decision looks up (organisations, policy, workdays, regions) from a position on."""
        with lent(self._readers) as session:
            return reading.reference_facts(session, start, limit)

    def reading(self) -> AbstractContextManager[Connection[TupleRow]]:
        """Lend a connection of the writer's role, for what is read beside the log; raises StoreUnavailable."""
        return lent(self._readers)

    def read_streams(self, ids: Sequence[UUID]) -> dict[UUID, list[LogRow]]:
        """Read whole streams in one query, oldest first; a stream without events is an empty list."""
        with lent(self._readers) as session:
            return reading.streams(session, ids)

    def find_key(self, caller: str, key_hash: bytes) -> StoredKey | None:
        """Find the row of an idempotency key."""
        with lent(self._readers) as session:
            return reading.keys_of(session, [(caller, key_hash)]).get((caller, key_hash))

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> Subscription[ApplicationRecorder]:
        """Iterate over notifications after `gt`, those to come too."""
        return LogSubscription(self, gt, topics)

    def wait_for(self, position: int, timeout: float) -> bool:
        """Wait until `position` is stored, at most `timeout` seconds; tell whether it is."""
        deadline = time.monotonic() + timeout
        while self._head_seen < position and (self.max_notification_id() or 0) < position:
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return False
            self.wait_for_news(min(_POLL_SECONDS, remaining))
        return True

    def wait_for_news(self, timeout: float) -> None:
        """Return when this process stores something, or after `timeout` seconds; other processes are not heard."""
        with self._news:
            self._listeners += 1
            try:
                self._news.wait(timeout)
            finally:
                self._listeners -= 1

    def _has_committed(self, head: int) -> None:
        self._head_seen = head
        if self._listeners:
            with self._news:
                self._news.notify_all()

    def _explain(self, keyed: Sequence[Ticket], known: Sequence[Ticket]) -> list[Exception]:
        """Make the errors of saves whose key was used, then of those whose identity is known."""
        wanted = [ticket.save.idempotency for ticket in keyed]
        entries = [entry for ticket in known if ticket.save.vault is not None for entry in ticket.save.vault.index]
        with lent(self._readers) as session:
            keys = reading.keys_of(session, [(key.caller, key.key_hash) for key in wanted if key is not None])
            members = reading.members_by_index(session, entries) if entries else {}
        errors: list[Exception] = [
            KeyAlreadyUsed(None if key is None else keys.get((key.caller, key.key_hash))) for key in wanted
        ]
        for ticket in known:
            index = ticket.save.vault.index if ticket.save.vault is not None else ()
            errors.append(IdentityKnown(next((members[entry] for entry in index if entry in members), None)))
        return errors
