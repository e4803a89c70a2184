"""The one connection on which a process appends: batches sent ahead of their answers, spoken in libpq's own terms.

psycopg's pq module is used beneath its cursors: a batch is one prepared statement, and at ten thousand saves a second
what a cursor does around it would cost more than the packing. Every batch ends with its own Sync, so each is a
transaction of its own, and an answer counts only when the Sync that commits it has come back too.
"""

import contextlib
import select
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from struct import Struct, unpack_from
from typing import Any

import psycopg
from psycopg import pq

from infra.database.connections import connection_options
from infra.event_store.packing import PARAMETER_TYPES
from infra.event_store.tickets import Ticket

_NAME = b"append_saves"
_STATEMENT = (
    "SELECT * FROM append_saves("  # noqa: S608
    + ", ".join(f"${number}" for number in range(1, len(PARAMETER_TYPES) + 1))
    + ")"
).encode()
_FORMATS = [pq.Format.BINARY] * len(PARAMETER_TYPES)
_WHO_AM_I = "SELECT pid, backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()"
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_INT8 = Struct(">q")
_KEEPALIVES: dict[str, Any] = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}


class LinkLost(Exception):
    """The connection ended; what was sent and not answered may be stored or not."""


@dataclass(frozen=True, slots=True)
class Backend:
    """The server process behind a connection; its number alone may name another one later."""

    pid: int
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Stored:
    """What was committed of a batch: where it starts, when, and by save number why some were left out."""

    first_position: int
    recorded_at: datetime
    refused: dict[int, int]


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing of the batch was stored: the server's SQLSTATE and message."""

    sqlstate: str
    message: str


class _Sent:
    __slots__ = ("answer", "tickets")

    def __init__(self, tickets: Sequence[Ticket]) -> None:
        self.tickets = tickets
        self.answer: Stored | Refused | None = None


class AppendLink:
    """An open connection; not for use by two threads."""

    def __init__(self, url: str) -> None:
        """Connect and prepare; raises psycopg.Error."""
        self._connection = psycopg.connect(
            url,
            autocommit=True,
            options=connection_options("writer"),
            connect_timeout=5,
            application_name="kiteline append",
            **_KEEPALIVES,
        )
        row = self._connection.execute(_WHO_AM_I).fetchone()
        assert row is not None  # noqa: S101
        self.backend = Backend(*row)
        self._pgconn = self._connection.pgconn
        prepared = self._pgconn.prepare(_NAME, _STATEMENT, PARAMETER_TYPES)
        if prepared.status != pq.ExecStatus.COMMAND_OK:
            raise psycopg.OperationalError(prepared.error_message.decode(errors="replace"))
        self._pgconn.enter_pipeline_mode()
        self._socket = self._pgconn.socket
        self._unsent = False
        self._sent: deque[_Sent] = deque()

    @property
    def in_flight(self) -> int:
        """Batches sent and not answered."""
        return len(self._sent)

    def unanswered(self) -> list[Sequence[Ticket]]:
        """Tell the batches whose outcome is not known, in the order sent."""
        return [sent.tickets for sent in self._sent]

    def send(self, tickets: Sequence[Ticket], parameters: list[bytes]) -> None:
        """Send a batch without waiting for anything; raises LinkLost."""
        self._sent.append(_Sent(tickets))
        try:
            self._pgconn.send_query_prepared(_NAME, parameters, _FORMATS, result_format=pq.Format.BINARY)
            self._pgconn.pipeline_sync()
            self._unsent = bool(self._pgconn.flush())
        except psycopg.Error as error:
            raise LinkLost(str(error)) from error

    def wait(self, waker: int | None, seconds: float) -> tuple[bool, bool]:
        """Wait for the server, for `waker` to become readable, or for the time; tell which of the two did."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN | (select.POLLOUT if self._unsent else 0))
        if waker is not None:
            poll.register(waker, select.POLLIN)
        spoken = roused = False
        for descriptor, event in poll.poll(seconds * 1000):
            if descriptor != self._socket:
                roused = True
                continue
            if event & select.POLLOUT:
                self._flush()
            spoken = bool(event & ~select.POLLOUT)
        return spoken, roused

    def receive(self) -> list[tuple[Sequence[Ticket], Stored | Refused]]:
        """Take the answers that have come in; raises LinkLost."""
        finished: list[tuple[Sequence[Ticket], Stored | Refused]] = []
        try:
            self._pgconn.consume_input()
            self._take_answers(finished)
        except psycopg.Error as error:
            if finished:
                return finished  # the next call meets the error again
            raise LinkLost(str(error)) from error
        if not finished and self._pgconn.status != pq.ConnStatus.OK:
            raise LinkLost(self._pgconn.error_message.decode(errors="replace"))
        return finished

    def _take_answers(self, finished: list[tuple[Sequence[Ticket], Stored | Refused]]) -> None:
        ended = False
        while self._sent and not self._pgconn.is_busy():
            result = self._pgconn.get_result()
            if result is None:
                # One None ends a statement's results; two mean that there is nothing more to come.
                if ended:
                    return
                ended = True
                continue
            ended = False
            if result.status == pq.ExecStatus.PIPELINE_SYNC:
                sent = self._sent.popleft()
                assert sent.answer is not None  # noqa: S101
                finished.append((sent.tickets, sent.answer))
            elif result.status == pq.ExecStatus.TUPLES_OK:
                self._sent[0].answer = _stored(result)
            else:
                self._sent[0].answer = _refused(result)

    def close(self) -> None:
        """End the connection; what was not answered stays unknown."""
        with contextlib.suppress(psycopg.Error):
            self._pgconn.finish()

    def _flush(self) -> None:
        try:
            self._unsent = bool(self._pgconn.flush())
        except psycopg.Error as error:
            raise LinkLost(str(error)) from error


def _stored(result: pq.abc.PGresult) -> Stored:
    first, at, refused, reasons = (result.get_value(0, column) or b"" for column in range(4))
    return Stored(
        _INT8.unpack(first)[0],
        _EPOCH + timedelta(microseconds=_INT8.unpack(at)[0]),
        dict(zip(_integers(refused), _integers(reasons), strict=True)),
    )


def _integers(array: bytes) -> list[int]:
    if len(array) <= 12:
        return []
    (count,) = unpack_from(">i", array, 12)
    return [unpack_from(">i", array, 24 + 8 * index)[0] for index in range(count)]


def _refused(result: pq.abc.PGresult) -> Refused:
    sqlstate = result.error_field(pq.DiagnosticField.SQLSTATE) or b"XX000"
    message = result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY) or result.error_message
    return Refused(sqlstate.decode(), message.decode(errors="replace"))
