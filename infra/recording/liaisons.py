"""The ceiling of members a liaison: counted on what the read models hold and on what the log holds since.

One assignment at a time is counted and recorded, of all processes on one log, so that none passes the ceiling.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager, suppress
from threading import Lock
from typing import TYPE_CHECKING, Final
from uuid import UUID

import orjson
import psycopg

from domain.errors import Refused, Sentence
from domain.member.events import LiaisonAssigned
from domain.times import local_day
from infra.recording.turns import HeldTurns, Turns

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from domain.fact import Fact
    from domain.reference import Reference
    from infra.event_store.recorder import KitelineRecorder

FULL: Final = Sentence(
    "联络员 {liaison} 联系的党员已达上限（{ceiling} 人），请指定其他联络员",
    "The liaison {liaison} has {ceiling} members already, which is the most: name another one.",
)
Assigned = Callable[[str], tuple[int, set[UUID]]]

# 'kite', 'liai': whoever holds it counts and records an assignment.
_TAKE: Final = "SELECT pg_advisory_lock(1802073189, 1818845545)"
_LEAVE: Final = "SELECT pg_advisory_unlock(1802073189, 1818845545)"
# The topic as it stands in the partial index log_of_liaisons (migration 0071), so that the planner can use it.
_SINCE: Final = """
SELECT originator_id, state FROM log WHERE topic = 'liaison_assigned' AND position > %s ORDER BY position
"""
_ALL: Final = UUID(int=0)


class LiaisonCeiling:
    """Who may take one member more; one a process."""

    def __init__(self, log: KitelineRecorder, reference: Callable[[], Reference], assigned: Assigned) -> None:
        """`assigned` reads the members of a liaison from the read models, with the position that they reflect."""
        self._log = log
        self._reference = reference
        self._assigned = assigned
        self._turns = Turns()

    @asynccontextmanager
    async def assigning(self) -> AsyncIterator[Assignment]:
        """Wait for this process's turn; the others' is waited for by the check, and ends when this context does."""
        with HeldTurns(self._turns) as turns:
            await asyncio.wrap_future(turns.take(_ALL))
            one = Assignment(self, self._log)
            try:
                yield one
            finally:
                await asyncio.shield(asyncio.to_thread(one.close))

    def must_have_room(self, fact: Fact, body: LiaisonAssigned, connection: Connection[TupleRow]) -> None:
        """Raise Refused `liaison_full` for an assignment about to be recorded."""
        reference = self._reference()
        affiliation = (fact.after or {}).get("affiliation")
        ceiling = reference.policy(reference.region_of(affiliation), local_day(fact.when)).liaison_ceiling
        position, members = self._assigned(body.liaison)
        for member, state in connection.execute(_SINCE, [position]).fetchall():
            if orjson.loads(state)["data"]["liaison"] == body.liaison:
                members.add(member)
            else:
                members.discard(member)
        if len(members - {fact.stream}) >= ceiling:
            raise Refused("liaison_full", FULL.filled(liaison=body.liaison, ceiling=ceiling))


class Assignment:
    """One recording that may be an assignment, and the lock under which it is counted and recorded."""

    def __init__(self, ceiling: LiaisonCeiling, log: KitelineRecorder) -> None:
        self._ceiling = ceiling
        self._log = log
        self._held = ExitStack()
        self._connection: Connection[TupleRow] | None = None
        self._closed = False
        self._busy = Lock()

    def check(self, drafts: list[Fact]) -> None:
        """Count what is about to be recorded, waiting for other processes; raises Refused, StoreUnavailable."""
        for fact in drafts:
            if isinstance(fact.body, LiaisonAssigned):
                with self._busy:
                    self._ceiling.must_have_room(fact, fact.body, self._locked())

    def close(self) -> None:
        """Let others count, once a check that still runs for nobody has ended."""
        with self._busy:
            self._closed = True
            self._held.close()

    def _locked(self) -> Connection[TupleRow]:
        if self._closed:
            raise asyncio.CancelledError
        if self._connection is None:
            connection = self._held.enter_context(self._log.reading())
            connection.execute(_TAKE)
            self._held.callback(_leave, connection)
            self._connection = connection
        return self._connection


def _leave(connection: Connection[TupleRow]) -> None:
    with suppress(psycopg.Error):  # a connection that is lost holds no lock
        connection.execute(_LEAVE)
