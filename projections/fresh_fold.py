"""Compares what the read models hold with a fresh fold of the log, span by span of members, in one snapshot.

The live tables are read as they stood at one moment, at the position that they reflected then; nobody waits for it, and
nothing of members is written. What belongs to no member, the counts by month and by day, is
added up beside, in a temporary table.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from psycopg import sql

from projections.collector import uncollected
from projections.copying import COPIED
from projections.kept_counts import COUNTS, count_differences
from projections.live_rows import BY_MEMBER, LiveRows, differing
from projections.position import Parked, parked_members, reflected
from projections.rebuild import rebuilding_alone
from projections.rows import SUMS, Rows
from projections.whole_lives import WholeLives

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow
    from psycopg_pool import ConnectionPool

    from projections.log_rows import Log
    from projections.reference_history import ReferenceHistory

_SNAPSHOT: Final = "SELECT pg_export_snapshot()"
_COUNT: Final = "SELECT count(*) FROM stream_head"
_LAST_OF_SPAN: Final = """
SELECT originator_id FROM stream_head WHERE originator_id >= %s ORDER BY originator_id OFFSET %s LIMIT 1
"""
_STREAMS: Final = """
SELECT originator_id FROM stream_head WHERE originator_id BETWEEN %s AND %s ORDER BY originator_id
"""
_BESIDE: Final = """
CREATE TEMPORARY TABLE added_up (name text, cell text COLLATE "C", amount bigint, live boolean)
"""
_NO_MORE: Final = "DROP TABLE IF EXISTS pg_temp.added_up"
_ADD: Final = """
COPY pg_temp.added_up (name, cell, amount, live) FROM STDIN
"""
_LIVE: Final = """
COPY (
    SELECT 'statistic', concat_ws(', ', measure, region, scope, category, view, stage, month), amount, true
    FROM public.statistic
    UNION ALL
    SELECT 'day_count', concat_ws(', ', measure, level, of_month, region, view, stage, at), amount, true
    FROM public.day_count WHERE level = 0 AND of_month > 0
) TO STDOUT
"""
_SUMS_DIFFER: Final = """
SELECT cell, sum(amount) FILTER (WHERE live), nullif(sum(amount) FILTER (WHERE NOT live), 0)
FROM pg_temp.added_up
WHERE name = %s
GROUP BY cell
HAVING sum(amount) FILTER (WHERE live) IS DISTINCT FROM nullif(sum(amount) FILTER (WHERE NOT live), 0)
ORDER BY cell
LIMIT 5
"""
_MEMBERS_AT_ONCE: Final = 1_000
_MOST_SUMS: Final = 200_000
_SHOWN: Final = 5
_LOWEST: Final = UUID(int=0)
_HIGHEST: Final = UUID(int=(1 << 128) - 1)

_Sums = dict[tuple[str, tuple[Any, ...]], int]


@dataclass(frozen=True, slots=True)
class Difference:
    """A table that is not what the log says: rows that only it has, rows that it lacks, in text, a few of each."""

    table: str
    surplus: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Compared:
    """What was compared: the position reflected, tables looked at, and those that differ."""

    position: int
    tables: int
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """The members from one id to another, both included."""

    first: UUID
    last: UUID


@dataclass(frozen=True, slots=True)
class SpanCompared:
    """What a span came to: its streams, the tables that differ, who could not be folded, what it adds to each count."""

    streams: int
    differences: list[Difference]
    parked: list[Parked]
    sums: list[tuple[str, tuple[Any, ...]]]


class SpanFolding:
    """Folds spans of members afresh, and compares each with the live rows; one for each process that does so."""

    def __init__(self, live: Connection[TupleRow], log: Log, history: ReferenceHistory, position: int) -> None:
        """`live` is in a transaction of the comparison's snapshot, `history` what was known of the reference in it."""
        self._live = live
        self._rows = LiveRows(live)
        self._log = log
        self._history = history
        self._position = position

    def compare(self, span: Span) -> SpanCompared:
        """Compare the tables that hold rows of members."""
        ids = [row[0] for row in self._live.execute(_STREAMS, (span.first, span.last))]
        lives = WholeLives(self._log, self._history, self._position)
        with uncollected():
            rows = Rows()
            for trace in lives.folded(ids):
                trace.emit(rows)
            try:
                folded, sums = self._rows.folded(rows)
            except Exception:  # noqa: BLE001 - found out member by member
                lives.park_unwritable(rows)
                folded, sums = self._rows.folded(rows)
            differences = []
            for table in BY_MEMBER:
                live = self._rows.of_members(table, span.first, span.last)
                surplus, missing = differing(live, folded.pop(table, []))
                if surplus or missing:
                    differences.append(Difference(table, _few(surplus), _few(missing)))
        return SpanCompared(len(ids), differences, list(lives.parked.values()), sums)


@dataclass(slots=True)
class Comparison:
    """One comparison: hands out spans, takes what they came to, and says in the end what differs."""

    position: int
    snapshot: str
    streams: int
    _connection: Connection[TupleRow]
    _live: Connection[TupleRow]
    _found: defaultdict[str, tuple[list[str], list[str]]] = field(default_factory=lambda: defaultdict(lambda: ([], [])))
    _parked: list[Parked] = field(default_factory=list)
    _sums: _Sums = field(default_factory=dict)

    def spans(self) -> Iterator[Span]:
        """Yield spans that hold every id there may be, each with so many streams that memory is bounded."""
        first = _LOWEST
        while row := self._live.execute(_LAST_OF_SPAN, (first, _MEMBERS_AT_ONCE - 1)).fetchone():
            yield Span(first, row[0])
            if row[0] == _HIGHEST:
                return
            first = UUID(int=row[0].int + 1)
        yield Span(first, _HIGHEST)

    def take(self, compared: SpanCompared) -> None:
        """Take what a span came to; spans in their order, so that the same is told every time."""
        for one in compared.differences:
            for lines, more in zip(self._found[one.table], (one.surplus, one.missing), strict=True):
                lines.extend(more[: _SHOWN - len(lines)])
        self._parked.extend(compared.parked)
        sums = self._sums
        for table, (*cell, amount) in compared.sums:
            key = (table, tuple(cell))
            sums[key] = sums.get(key, 0) + amount
        if len(sums) > _MOST_SUMS:
            self._add_up()

    def conclude(self) -> Compared:
        """Compare what belongs to no member too; all spans were taken."""
        self._add_up()
        with (
            self._live.cursor() as reading,
            self._connection.cursor() as writing,
            reading.copy(_LIVE) as live,
            writing.copy(_ADD) as added,
        ):
            for block in live:
                added.write(block)
        for table in SUMS:
            surplus, missing = self._found[table]
            for cell, live_amount, folded in self._connection.execute(_SUMS_DIFFER, (table,)):
                for lines, amount in ((surplus, live_amount), (missing, folded)):
                    if amount is not None:
                        lines.append(f"{cell}, {amount}")
        for table in COUNTS:
            surplus, missing = count_differences(self._live, table)
            self._found[table][0].extend(surplus)
            self._found[table][1].extend(missing)
        parked = {(str(one[0]), one[1], one[2]) for one in parked_members(self._live)}
        wanted = {(str(one.member), one.position, one.code) for one in self._parked}
        surplus, missing = self._found["projection_parked"]
        surplus.extend(_texts(parked - wanted))
        missing.extend(_texts(wanted - parked))
        differences = tuple(
            Difference(table, _few(self._found[table][0]), _few(self._found[table][1]))
            for table in dict.fromkeys((*COPIED, *COUNTS, "projection_parked"))
            if any(self._found[table])
        )
        return Compared(self.position, len({*COPIED, *COUNTS, "projection_parked"}), differences)

    def _add_up(self) -> None:
        with self._connection.cursor() as cursor, cursor.copy(_ADD) as added:
            for (table, cell), amount in self._sums.items():
                added.write_row((table, ", ".join(map(str, cell)), amount, False))
        self._sums.clear()


@contextmanager
def comparing(pool: ConnectionPool[Connection[TupleRow]]) -> Iterator[Comparison]:
    """Open a comparison; while it is open nobody rebuilds. Raises RebuildRunning."""
    with rebuilding_alone(pool) as (connection, live):
        connection.execute(_NO_MORE)
        connection.execute(_BESIDE)
        try:
            with in_snapshot(live):
                row = live.execute(_SNAPSHOT).fetchone()
                count = live.execute(_COUNT).fetchone()
                assert row is not None  # noqa: S101 - functions answer
                assert count is not None  # noqa: S101
                yield Comparison(reflected(live).position, row[0], count[0], connection, live)
        finally:
            if not connection.broken:
                connection.execute(_NO_MORE)


@contextmanager
def in_snapshot(connection: Connection[TupleRow], snapshot: str | None = None) -> Iterator[None]:
    """Read what stood at one moment, or what another connection reads, for as long as it takes."""
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        if snapshot is not None:
            connection.execute(sql.SQL("SET TRANSACTION SNAPSHOT {}").format(sql.Literal(snapshot)))
        connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        yield


def _few(lines: list[str]) -> tuple[str, ...]:
    return tuple(lines[:_SHOWN])


def _texts(rows: Iterable[tuple[Any, ...]]) -> list[str]:
    return sorted(", ".join(map(str, row)) for row in rows)
