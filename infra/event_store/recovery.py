"""Finds out what became of saves whose answer was lost: stored, not stored, or not to be known."""

import time
from collections.abc import Collection, Sequence

import psycopg
from eventsourcing.persistence import StoredEvent
from psycopg.rows import TupleRow

from infra.database.connections import connection_options
from infra.event_store.append_link import Backend
from infra.event_store.reading import keys_of
from infra.event_store.refusals import KeyAlreadyUsed
from infra.event_store.save import Saved, StoredKey
from infra.event_store.tickets import Ticket

_GONE_SECONDS = 10.0

_END_BACKEND = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = %s AND backend_start = %s
"""
_IN_LOG = """
SELECT position, topic, state, recorded_at FROM log WHERE originator_id = %s AND originator_version = %s
"""


class UnknownOutcome:
    """Something that equals the save is stored, and nothing tells whether this save put it there."""


Outcome = Saved | Exception | UnknownOutcome | None


def find_outcomes(url: str, tickets: Sequence[Ticket], backends: Collection[Backend]) -> list[Outcome]:
    """Tell for each save: where it is stored, why it was refused, None when it is surely not stored, or unknown.

    The server processes that may still be at work on them are ended first, so that nothing is stored after the
    answer was given. Raises psycopg.Error when the database is not there to be asked.
    """
    with psycopg.connect(url, autocommit=True, options=connection_options("writer"), connect_timeout=5) as connection:
        connection.execute("SET ROLE NONE")  # only the login may end its own sessions
        for backend in backends:
            _end(connection, backend)
        connection.execute("RESET ROLE")
        wanted = [ticket.save.idempotency for ticket in tickets if ticket.save.idempotency is not None]
        keys = keys_of(connection, [(key.caller, key.key_hash) for key in wanted])
        return [_outcome(connection, ticket, keys) for ticket in tickets]


def _end(connection: psycopg.Connection[TupleRow], backend: Backend) -> None:
    deadline = time.monotonic() + _GONE_SECONDS
    while connection.execute(_END_BACKEND, (backend.pid, backend.started_at)).fetchone() is not None:
        if time.monotonic() > deadline:
            raise psycopg.OperationalError(f"the server process {backend.pid} of the lost connection does not end")
        time.sleep(0.01)


def _outcome(
    connection: psycopg.Connection[TupleRow], ticket: Ticket, keys: dict[tuple[str, bytes], StoredKey]
) -> Outcome:
    save = ticket.save
    first = save.events[0] if save.events else None
    if save.idempotency is not None:
        key = keys.get((save.idempotency.caller, save.idempotency.key_hash))
        if key is None:
            return None
        if key.body_hash != save.idempotency.body_hash or first is None:
            return KeyAlreadyUsed(key)
        position = _position(connection, first)
        if position is not None and position == key.first_position:
            return Saved(position, key.recorded_at)
        return KeyAlreadyUsed(key)
    if first is not None and _position(connection, first, any_content=True) is None:
        return None
    return UnknownOutcome()


def _position(connection: psycopg.Connection[TupleRow], event: StoredEvent, *, any_content: bool = False) -> int | None:
    row = connection.execute(_IN_LOG, (event.originator_id, event.originator_version)).fetchone()
    if row is None or not (any_content or (row[1] == event.topic and bytes(row[2]) == event.state)):
        return None
    return int(row[0])
