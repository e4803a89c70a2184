"""Makes read models anew from the log beside the live ones, member by member, and switches them in one transaction.

The live ones are served, and kept up, all the while. What the log added meanwhile is made good before the switch; the
row of projection_position, held locked for the last of it, holds the live writer off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from psycopg import sql

from domain.times import BEGINNING_US
from projections.collector import uncollected
from projections.copying import COPIED, copy_blocks
from projections.folding import MEMBER_FACTS, linked_to, reference_upto
from projections.position import Parked, park, reflected
from projections.replaying import Broken, replay
from projections.rows import STATISTIC, Rows, write

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow
    from psycopg_pool import ConnectionPool

    from domain.fact import Fact
    from projections.log_rows import Log, Row
    from projections.reference_history import ReferenceHistory
    from projections.trace import Trace

VIEWS: Final[dict[str, tuple[str, ...]]] = {
    "members": ("member", "roster_past", "clock_past"),
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
# Each batch of members has added rows of its own.
_ADD_UP: Final = """
WITH apart AS (DELETE FROM rebuild.statistic RETURNING *)
INSERT INTO rebuild.statistic (region, month, measure, scope, category, view, stage, amount)
SELECT region, month, measure, scope, category, view, stage, sum(amount) FROM apart
GROUP BY region, month, measure, scope, category, view, stage HAVING sum(amount) <> 0
"""
_HOLD: Final = "SELECT position FROM projection_position WHERE name = 'read_models' FOR UPDATE"
_MOVE: Final = """
UPDATE projection_position
SET version = version + 1, position = %s, latest_us = greatest(latest_us, %s), updated_at = clock_timestamp()
WHERE name = 'read_models'
"""
_BESIDE: Final = "SELECT set_config('search_path', 'rebuild, public', false)"
_BACK: Final = "RESET search_path"
_PATIENT: Final = "SET LOCAL lock_timeout = '60s'"
_FORGET_PARKED: Final = "DELETE FROM projection_parked"
_MEMBERS_AT_ONCE: Final = 1_000
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
    pool: ConnectionPool[Connection[TupleRow]], log: Log, views: Iterable[str], progress: Progress = _nobody
) -> Rebuilt:
    """Rebuild views, all of one position; `progress(streams done, streams in all)`.

    Raises KeyError for a view that does not exist, RebuildRunning, ReferenceChanged.
    """
    tables = [table for view in views for table in VIEWS[view]]
    with rebuilding_alone(pool) as (connection, reading):
        for _ in range(_TRIES):
            rebuilt = FoldedBeside(connection, reading, log, tables, progress).run()
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
        progress: Progress,
    ) -> None:
        self.connection = connection
        self._reading = reading
        self._log = log
        self.tables = tables
        self.wanted = frozenset(tables)
        self._whole = len(tables) == len(COPIED)
        self._progress = progress
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
        if STATISTIC in self.wanted:
            connection.execute(_ADD_UP)
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
        """Copy every member's rows, as of `upto`; one thread copies what the other has folded."""
        history = reference_upto(self._log, upto)
        total = _one(self._reading, _COUNT)
        pending: Future[None] | None = None
        with ThreadPoolExecutor(1, "kiteline-rebuild") as copier:
            for seen, ids in self._batches():
                self._streams = seen
                with uncollected():
                    rows = Rows()
                    for trace in self._folded(ids, history, upto):
                        trace.emit(rows)
                    try:
                        blocks = copy_blocks(rows, self.wanted)
                    except Exception:  # noqa: BLE001 - found out member by member
                        self._park_unwritable(rows, upto)
                        blocks = copy_blocks(rows, self.wanted)
                if pending is not None:
                    pending.result()
                pending = copier.submit(self._copy, blocks)
                self._progress(self._streams, total)
            if pending is not None:
                pending.result()

    def _batches(self) -> Iterator[tuple[int, list[UUID]]]:
        """Yield all stream ids in order, a batch at a time, with how many there were so far."""
        last, seen = _LOWEST, 0
        while ids := [row[0] for row in self._reading.execute(_STREAMS, (last, _MEMBERS_AT_ONCE))]:
            seen += len(ids)
            yield seen, ids
            last = ids[-1]

    def _folded(self, ids: list[UUID], history: ReferenceHistory, upto: int) -> Iterator[Trace]:
        for member, rows in self._log.streams(ids).items():
            known = [row for row in rows if row.position <= upto]
            if not known or known[0].topic not in MEMBER_FACTS:
                continue
            self.parked.pop(member, None)
            facts = self._decoded(member, known)
            try:
                trace = replay(member, facts, history, upto, linked_to(self._log, member, rows))
            except Broken as broken:
                trace = broken.trace
                self.parked[member] = Parked(member, broken.position, type(broken.__cause__).__name__)
            self._facts += len(facts)
            self._latest_us = max(self._latest_us, trace.last_key[0])
            yield trace

    def _decoded(self, member: UUID, rows: list[Row]) -> list[Fact]:
        facts = []
        for row in rows:
            try:
                facts.append(self._log.fact(row))
            except Exception as error:  # noqa: BLE001 - a poison event parks its member only
                self.parked[member] = Parked(member, row.position, type(error).__name__)
                break
        return facts

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
            for trace in self._folded(some, history, upto):
                trace.emit(rows)
            for table in self.wanted - {STATISTIC}:
                delete = sql.SQL("DELETE FROM rebuild.{} WHERE member_id = ANY (%s)").format(sql.Identifier(table))
                self.connection.execute(delete, (some,))
            self._park_unwritable(rows, upto)
            write(self.connection, rows.inserts(self.wanted))
        return True

    def _park_unwritable(self, rows: Rows, upto: int) -> None:
        for member, error in rows.unwritable().items():
            self.parked[UUID(member)] = Parked(UUID(member), upto, type(error).__name__)

    def _copy(self, blocks: list[tuple[str, str]]) -> None:
        with self.connection.transaction(), self.connection.cursor() as cursor:
            for table, lines in blocks:
                statement = sql.SQL("COPY rebuild.{} ({}) FROM STDIN").format(
                    sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, COPIED[table]))
                )
                with cursor.copy(statement) as copy:
                    copy.write(lines)


def _one(connection: Connection[TupleRow], statement: str) -> int:
    row = connection.execute(statement).fetchone()
    if row is None:
        raise LookupError(statement)
    return int(row[0])
