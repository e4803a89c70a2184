"""Keeps the read models up with the log: one leader among all processes, page after page, rows and position together.

While PostgreSQL writes one page, the next is read and folded. Wake-ups are hints; the log is polled.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from psycopg.pq import TransactionStatus

from projections.afresh import folded_afresh
from projections.block_making import BlockMaking
from projections.collector import uncollected
from projections.folding import Batch, Folding
from projections.position import Overtaken, Reflected, advance, park, reflected
from projections.rows import write
from projections.second_process import Changes, Opening, SecondLost, SecondProcess, cores

if TYPE_CHECKING:
    from uuid import UUID

    from psycopg import Connection
    from psycopg.rows import TupleRow
    from psycopg_pool import ConnectionPool

    from projections.log_rows import Log, Row

# 'kite', 'proj': whoever holds it writes the read models.
_LEAD: Final = "SELECT pg_try_advisory_lock(1802073189, 1886547818)"
_LEAVE: Final = "SELECT pg_advisory_unlock(1802073189, 1886547818)"
# Read models can be made again from the log, and their position is in the same transaction.
_LAZY: Final = "SELECT set_config('synchronous_commit', 'off', false)"
_DILIGENT: Final = "RESET synchronous_commit"
_ALL_MEMBERS: Final = "SELECT member_id FROM member ORDER BY member_id"
_MEMBERS_SEEN_IN: Final = """
SELECT m.member_id FROM member AS m
WHERE EXISTS (
    SELECT FROM unnest(m.places) AS p (region)
    JOIN unnest(%s::text[], %s::text[]) AS s (lo, hi) ON p.region COLLATE "C" >= s.lo AND p.region COLLATE "C" < s.hi
)
ORDER BY m.member_id
"""
_PARKED: Final = "SELECT member_id FROM projection_parked"

PAGE: Final = 16_000
_FAR: Final = 30_000
_HARDLY_ANY: Final = 200
_FIRST_PAGE: Final = 2_000
# A page costs about as much for one event as for twenty: what comes right behind the first shares the next. Gathering
# takes about as long as folding took, so that a busy machine writes fewer and larger ones.
_LEAST_GATHER: Final = 0.01
_MOST_GATHER: Final = 0.02
_SHORTEST_IDLE: Final = 0.02
_LONGEST_IDLE: Final = 0.2
_CANDIDATE_SECONDS: Final = 0.5


class GapInLog(Exception):
    """The log was read with a position missing: the store broke its promise, nothing is folded over it."""


def _nothing(*_: Any) -> None:  # noqa: ANN401 - takes whatever a hook is told
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Hooks:
    """Whom to tell: `page(position, facts)` after a write, `parked(count)` of members parked, `failed(error)`."""

    page: Callable[[int, int], None] = _nothing
    parked: Callable[[int], None] = _nothing
    failed: Callable[[Exception], None] = _nothing


class Runner:
    """Folds the log into the read models. `pool` hands out connections of their owner; one is kept while leading.

    With `opening`, a second process folds half of the members while the log is more than `far` positions ahead.
    `wait(seconds)` returns early when something may be new; `kept` traces stay in memory (a few kB each), and
    `ledgers` facts of the latest of them (about 1 kB each), so that late facts need not be looked up.
    """

    def __init__(  # noqa: PLR0913 - each has a default that serves
        self,
        pool: ConnectionPool[Connection[TupleRow]],
        log: Log,
        *,
        wait: Callable[[float], object] | None = None,
        hooks: Hooks | None = None,
        opening: Opening | None = None,
        page: int = PAGE,
        far: int = _FAR,
        afresh: int | None = _FAR,
        kept: int = 10_000,
        ledgers: int = 30_000,
    ) -> None:
        self._pool = pool
        self.log = log
        self._wait = wait
        self.hooks = hooks or Hooks()
        self.opening = opening if cores() > 1 else None
        self.page = page
        self.far = far
        self.afresh = afresh
        self.kept = kept
        self.ledgers = ledgers

    def run_forever(self, stop: threading.Event) -> None:
        """Lead when nobody else does, until `stop` is set; failures are told, and it begins again from what stands."""
        while not stop.is_set():
            try:
                with self._pool.connection() as connection, _Leading(connection) as leading:
                    if leading:
                        self._begin_afresh(connection, stop)
                        self._lead(connection, stop)
            except Overtaken:
                continue
            except SecondLost as error:
                self._go_on_alone(error)
                continue
            except Exception as error:  # noqa: BLE001 - the database away: begin again from what stands
                self.hooks.failed(error)
            stop.wait(_CANDIDATE_SECONDS)

    def catch_up(self) -> int:
        """Fold everything that the log holds now; returns the position reached. Waits while another leads."""
        while True:
            with self._pool.connection() as connection, _Leading(connection) as leading:
                if leading:
                    try:
                        self._begin_afresh(connection, threading.Event())
                        with _Work(self, connection) as work:
                            while work.take_page():
                                pass
                    except SecondLost as error:
                        self._go_on_alone(error)
                        continue
                    return work.written.position
            threading.Event().wait(_SHORTEST_IDLE)

    def _begin_afresh(self, connection: Connection[TupleRow], stop: threading.Event) -> None:
        """From nothing, with much to catch up with: fold member by member."""
        if self.afresh is None or reflected(connection).position or not self.log.read(self.afresh, 1):
            return
        if (done := folded_afresh(self._pool, self.log, self.opening, stop)) is not None:
            if done.parked:
                self.hooks.parked(done.parked)
            self.hooks.page(done.position, done.facts)

    def _go_on_alone(self, error: SecondLost) -> None:
        """What cannot help is not asked again by this process; everything is folded all the same."""
        self.opening = None
        self.hooks.failed(error)

    def _lead(self, connection: Connection[TupleRow], stop: threading.Event) -> None:
        idle = _SHORTEST_IDLE
        with _Work(self, connection) as work, BlockMaking(self._pool, self.hooks.failed):
            while not stop.is_set():
                began = time.monotonic()
                if count := work.take_page():
                    idle = _SHORTEST_IDLE
                    if count < min(_HARDLY_ANY, self.page):
                        stop.wait(min(_MOST_GATHER, max(_LEAST_GATHER, time.monotonic() - began)))
                    continue
                work.settle()
                if self._wait is not None:
                    self._wait(idle)
                else:
                    stop.wait(idle)
                idle = min(idle * 1.5, _LONGEST_IDLE)


class _Leading:
    """Holds the leader's lock while its connection lives; says whether it was free."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        self._connection = connection
        self._held = False

    def __enter__(self) -> bool:
        row = self._connection.execute(_LEAD).fetchone()
        self._held = row is not None and bool(row[0])
        if self._held:
            self._connection.execute(_LAZY)
        return self._held

    def __exit__(self, *_: object) -> None:
        if self._held and not self._connection.broken:
            self._connection.execute(_LEAVE)
            self._connection.execute(_DILIGENT)


class _Work:
    """One term of a leader: its folding, and the one writing thread that uses the connection."""

    def __init__(self, runner: Runner, connection: Connection[TupleRow]) -> None:
        self._runner = runner
        self._connection = connection
        self.written = reflected(connection)
        self._read_upto = self.written.position
        self._second: SecondProcess | None = None
        self._limit = self._first = min(_FIRST_PAGE, runner.page)
        self._pending: Future[Reflected] | None = None
        self._writer = ThreadPoolExecutor(1, "kiteline-projection")
        parked = {row[0] for row in connection.execute(_PARKED)}
        self._folding = Folding(
            runner.log,
            self._affected,
            parked,
            position=self.written.position,
            kept=runner.kept,
            ledgers=runner.ledgers,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None:
                self.settle()
        finally:
            self._writer.shutdown()
            self._part()

    def take_page(self) -> int:
        """Read, fold and begin to write the next page; how many rows it had."""
        rows = self._runner.log.read(self._read_upto + 1, self._limit)
        if not rows:
            self._part()
            return 0
        is_full = len(rows) == self._limit
        # Far behind, larger pages bring more of a member's events together; close behind, they are not filled.
        self._limit = min(2 * self._limit, self._runner.page) if is_full else self._first
        if rows[0].position != self._read_upto + 1 or rows[-1].position != self._read_upto + len(rows):
            raise GapInLog(f"{len(rows)} rows from {rows[0].position}, after {self._read_upto}")
        # Close behind, the collector is left alone: what else the process leaves to it would be made old, and stay.
        with uncollected() if is_full else nullcontext():
            for batch, changes in self._folded(rows):
                self.settle()
                self._pending = self._writer.submit(self._write, self.written, batch, changes)
        self._read_upto = rows[-1].position
        return len(rows)

    def _folded(self, rows: Sequence[Row]) -> Iterator[tuple[Batch, Changes]]:
        if len(rows) < min(_HARDLY_ANY, self._first):
            self._part()  # from here on one folds them; the other's members have to be read again
        elif self._second is None and self._is_far_behind():
            self._second = self._joined()
        if self._second is not None:
            return self._second.fold(rows)
        return ((batch, self._folding.changes(batch)) for batch in self._folding.fold(rows))

    def _is_far_behind(self) -> bool:
        runner = self._runner
        return runner.opening is not None and bool(runner.log.read(self._read_upto + runner.far, 1))

    def _joined(self) -> SecondProcess:
        runner = self._runner
        assert runner.opening is not None  # noqa: S101
        return SecondProcess(
            runner.opening, self._folding, position=self._read_upto, kept=runner.kept, ledgers=runner.ledgers
        )

    def _part(self) -> None:
        second, self._second = self._second, None
        if second is not None:
            second.close()

    def settle(self) -> None:
        """Wait until what was folded is written."""
        if self._pending is not None:
            pending, self._pending = self._pending, None
            self.written = pending.result()

    def _write(self, before: Reflected, batch: Batch, changes: list[tuple[str, list[str]]]) -> Reflected:
        connection = self._connection
        if connection.info.transaction_status == TransactionStatus.IDLE:
            connection.execute("BEGIN")
        try:
            # First of all, so that whoever would switch or lead in between is held off, or found out.
            after = advance(connection, before, batch.position, batch.latest_us)
            write(connection, changes)
            park(connection, batch.parked)
            if not batch.more:
                connection.execute("COMMIT")
        except BaseException:
            if not connection.broken:
                connection.execute("ROLLBACK")
            raise
        if batch.parked:
            self._runner.hooks.parked(len(batch.parked))
        self._runner.hooks.page(batch.position, batch.facts)
        return after

    def _affected(self, spans: list[tuple[str, str]] | None) -> list[UUID]:
        self.settle()
        if spans is None:
            return [row[0] for row in self._connection.execute(_ALL_MEMBERS)]
        lows, highs = zip(*spans, strict=True)
        return [row[0] for row in self._connection.execute(_MEMBERS_SEEN_IN, (list(lows), list(highs)))]


__all__ = ["PAGE", "GapInLog", "Hooks", "Overtaken", "Runner"]
