"""Makes read models anew from the log beside the live ones, member by member, and switches them in one transaction.

The live ones are served, and kept up, all the while. What the log added meanwhile is made good before the switch; the
row of projection_position, held locked for the last of it, holds the live writer off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from psycopg import sql

from domain.times import BEGINNING_US
from projections import statements
from projections.copying import COPIED, COPY_OPTIONS
from projections.filling import Filling
from projections.folding import MEMBER_FACTS, reference_upto
from projections.position import Parked, park, reflected
from projections.rows import DAY_COUNT, STATISTIC, SUMS, Rows, write
from projections.whole_lives import WholeLives

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow
    from psycopg_pool import ConnectionPool

    from projections.filling import Blocks
    from projections.log_rows import Log
    from projections.reference_history import ReferenceHistory
    from projections.second_process import Opening
    from projections.trace import Trace
    from projections.whole_lives import Filled

VIEWS: Final[dict[str, tuple[str, ...]]] = {
    "members": ("member", "roster_past", "clock_past", DAY_COUNT),
    "duties": ("duty", "duty_past"),
    "flows": ("leg", "leg_past"),
    "statistics": ("tally", STATISTIC),
}
"""What can be rebuilt by itself. Rosters and lifecycle views are those of `members`."""

# 'kite', 'rebd': one rebuild at a time.
_ALONE: Final = "SELECT pg_try_advisory_lock(1802073189, 1919248996)"
_DONE: Final = "SELECT pg_advisory_unlock(1802073189, 1919248996)"
_BEGIN: Final = "SELECT rebuild_begin(%s)"
_FINISH: Final = "SELECT rebuild_finish(%s)"
_SWITCH: Final = "SELECT rebuild_switch(%s)"
_HEAD: Final = "SELECT coalesce(max(position), 0) FROM log"
_COUNT: Final = "SELECT count(*) FROM stream_head"
_STREAMS: Final = """
SELECT originator_id FROM stream_head WHERE originator_id > %s ORDER BY originator_id LIMIT %s
"""
_TOUCHED: Final = """
SELECT DISTINCT originator_id FROM log WHERE position > %s AND position <= %s AND topic = ANY (%s)
"""
_SEEN_IN: Final = """
SELECT m.member_id FROM public.member AS m
WHERE EXISTS (
    SELECT FROM unnest(m.places) AS p (region)
    JOIN unnest(%s::text[], %s::text[]) AS s (lo, hi) ON p.region COLLATE "C" >= s.lo AND p.region COLLATE "C" < s.hi
)
"""
_HOLD: Final = "SELECT position FROM projection_position WHERE name = 'read_models' FOR UPDATE"
_MOVE: Final = """
UPDATE projection_position
SET version = version + 1, position = %s, latest_us = greatest(latest_us, %s), updated_at = clock_timestamp()
WHERE name = 'read_models'
"""
# And one core at most in PostgreSQL, which builds indexes no sooner with two of two and lets readers wait.
_BESIDE: Final = """
SELECT
    set_config('search_path', 'rebuild, public', false),
    set_config('max_parallel_maintenance_workers', '0', false),
    set_config('max_parallel_workers_per_gather', '0', false)
"""
_BACK: Final = "RESET search_path; RESET max_parallel_maintenance_workers; RESET max_parallel_workers_per_gather"
_PATIENT: Final = "SET LOCAL lock_timeout = '60s'"
_FORGET_PARKED: Final = "DELETE FROM projection_parked"
_MEMBERS_AT_ONCE: Final = 500
_SMALL_ENOUGH: Final = 500
_LOWEST: Final = UUID(int=0)
_TRIES: Final = 3


class RebuildRunning(Exception):
    """Another process is rebuilding."""


class ReferenceChanged(Exception):
    """Organisations, policy, workdays or regions changed so often while rebuilding that it never came to an end."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild did: the position it reflects, how many streams and facts were folded, who could not be."""

    position: int
    streams: int
    facts: int
    parked: int


Progress = Callable[[int, int], None]


def _nobody(_done: int, _total: int) -> None:
    """Tell nobody."""


def rebuild(
    pool: ConnectionPool[Connection[TupleRow]],
    log: Log,
    views: Iterable[str],
    progress: Progress = _nobody,
    opening: Opening | None = None,
) -> Rebuilt:
    """Rebuild views, all of one position; `progress(streams done, streams in all)`.

    With `opening`, a second process that opens the log with it folds half of the members.
    Raises KeyError for a view that does not exist, RebuildRunning, ReferenceChanged.
    """
    tables = [table for view in views for table in VIEWS[view]]
    with rebuilding_alone(pool) as (connection, reading):
        for _ in range(_TRIES):
            rebuilt = FoldedBeside(connection, reading, log, tables, progress, opening).run()
            if rebuilt is not None:
                return rebuilt
        raise ReferenceChanged


@contextmanager
def rebuilding_alone(
    pool: ConnectionPool[Connection[TupleRow]],
) -> Iterator[tuple[Connection[TupleRow], Connection[TupleRow]]]:
    """Lend a connection that sees the new tables first, and one to read with. Raises RebuildRunning."""
    with pool.connection() as connection, pool.connection() as reading:
        row = connection.execute(_ALONE).fetchone()
        if row is None or not row[0]:
            raise RebuildRunning
        try:
            connection.execute(_BESIDE)
            yield connection, reading
        finally:
            if not connection.broken:
                connection.execute(_BACK)
                connection.execute(_DONE)


class FoldedBeside:
    """One attempt. All statements run with the schema of the new tables first in the search path."""

    def __init__(
        self,
        connection: Connection[TupleRow],
        reading: Connection[TupleRow],
        log: Log,
        tables: list[str],
        progress: Progress = _nobody,
        opening: Opening | None = None,
    ) -> None:
        self.connection = connection
        self._reading = reading
        self._log = log
        self.tables = tables
        self.wanted = frozenset(tables)
        self._whole = len(tables) == len(COPIED)
        self._progress = progress
        self._opening = opening
        self._latest_us = BEGINNING_US
        self.parked: dict[UUID, Parked] = {}
        self._streams = 0
        self._facts = 0

    def run(self) -> Rebuilt | None:
        """Fill, index, make good, switch; None when the reference changed meanwhile."""
        connection = self.connection
        standing = reflected(connection).position
        head = _one(connection, _HEAD)
        upto = head if self._whole else standing
        reached = self.prepare(upto)
        if reached is None:
            return None
        with connection.transaction():
            held = self.hold(reached)
            if held is None:
                return None
            for table in self.tables:
                connection.execute(_SWITCH, (table,))
            connection.execute(_MOVE, (held, self._latest_us))
            if self._whole:
                connection.execute(_FORGET_PARKED)
                park(connection, list(self.parked.values()))
        return Rebuilt(held, self._streams, self._facts, len(self.parked))

    def prepare(self, upto: int) -> int | None:
        """Fill the new tables as of a position, then as of where the live ones nearly stand; return where."""
        connection = self.connection
        for table in self.tables:
            connection.execute(_BEGIN, (table,))
        self.fill(upto)
        for table in self.wanted.intersection(SUMS):
            connection.execute(statements.ADD_UP[table])
        for table in self.tables:
            connection.execute(_FINISH, (table,))
        while (standing := reflected(connection).position) - upto > _SMALL_ENOUGH:
            if not self.make_good(upto, standing):
                return None
            upto = standing
        return upto

    def hold(self, upto: int) -> int | None:
        """Hold the live writer off for the rest of the transaction, and bring the new tables where it stands."""
        self.connection.execute(_PATIENT)
        standing = _one(self.connection, _HOLD)
        if standing > upto:
            if not self.make_good(upto, standing):
                return None
            upto = standing
        return upto

    def fill(self, upto: int) -> None:
        """Copy every member's rows, as of `upto`."""
        total = _one(self._reading, _COUNT)
        filling = Filling(self._log, reference_upto(self._log, upto), upto, self.wanted, self._copy)
        filling.run(self._batches(), self._opening, self._took, lambda: self._progress(self._streams, total))

    def _took(self, batch: Filled) -> None:
        self._streams += batch.streams
        self._facts += batch.facts
        self._latest_us = max(self._latest_us, batch.latest_us)
        self.parked.update((parked.member, parked) for parked in batch.parked)

    def _batches(self) -> Iterator[list[UUID]]:
        """Yield all stream ids in order, a batch at a time."""
        last = _LOWEST
        while ids := [row[0] for row in self._reading.execute(_STREAMS, (last, _MEMBERS_AT_ONCE))]:
            yield ids
            last = ids[-1]

    def folded(self, ids: list[UUID], history: ReferenceHistory, upto: int) -> Iterator[Trace]:
        """Fold members afresh, whole lives, as of a position; who breaks is in `parked`."""
        lives = WholeLives(self._log, history, upto)
        yield from lives.folded(ids)
        self._facts += lives.facts
        self._latest_us = max(self._latest_us, lives.latest_us)
        for member in ids:
            self.parked.pop(member, None)
        self.parked.update(lives.parked)

    def make_good(self, since: int, upto: int) -> bool:
        """Fold again whom the log touched meanwhile; False if the reference changed for everybody."""
        history = reference_upto(self._log, upto)
        spans = history.spans_touched(history.facts_after(since))
        if spans is None:
            return False
        touched = {row[0] for row in self.connection.execute(_TOUCHED, (since, upto, list(MEMBER_FACTS)))}
        lows, highs = [low for low, _ in spans], [high for _, high in spans]
        touched |= {row[0] for row in self.connection.execute(_SEEN_IN, (lows, highs))} if spans else set()
        ids = sorted(touched)
        for start in range(0, len(ids), _MEMBERS_AT_ONCE):
            some = ids[start : start + _MEMBERS_AT_ONCE]
            rows = Rows(known_after=since)
            for trace in self.folded(some, history, upto):
                trace.emit(rows)
            for table in self.wanted.difference(SUMS):
                delete = sql.SQL("DELETE FROM rebuild.{} WHERE member_id = ANY (%s)").format(sql.Identifier(table))
                self.connection.execute(delete, (some,))
            self.park_unwritable(rows, upto)
            write(self.connection, rows.inserts(self.wanted))
        return True

    def park_unwritable(self, rows: Rows, upto: int) -> None:
        """Take out, and park, the members whose rows no table can hold."""
        for member, error in rows.unwritable().items():
            self.parked[UUID(member)] = Parked(UUID(member), upto, type(error).__name__)

    def _copy(self, blocks: Blocks) -> None:
        with self.connection.transaction(), self.connection.cursor() as cursor:
            for table, lines in blocks:
                statement = sql.SQL("COPY rebuild.{} ({}) FROM STDIN {}").format(
                    sql.Identifier(table),
                    sql.SQL(", ").join(map(sql.Identifier, COPIED[table])),
                    sql.SQL(COPY_OPTIONS),
                )
                with cursor.copy(statement) as copy:
                    copy.write(lines)


def _one(connection: Connection[TupleRow], statement: str) -> int:
    row = connection.execute(statement).fetchone()
    if row is None:
        raise LookupError(statement)
    return int(row[0])
