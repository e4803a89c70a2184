"""Compares what the read models hold with a fresh fold of the log, beside them and without touching them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from psycopg import sql

from projections.copying import COPIED
from projections.position import parked_members, reflected
from projections.rebuild import VIEWS, FoldedBeside, ReferenceChanged, rebuilding_alone
from projections.state_hash import state_hash

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow
    from psycopg_pool import ConnectionPool

    from projections.log_rows import Log
    from projections.rebuild import Progress

_LIVE: Final = "SET LOCAL search_path = public"
_TRIES: Final = 3
_SHOWN: Final = 5


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


def compare(pool: ConnectionPool[Connection[TupleRow]], log: Log, progress: Progress) -> Compared:
    """Fold every member afresh and compare all tables; writing to them waits for the moment of the comparison.

    `progress(streams done, streams in all)`. Raises RebuildRunning, ReferenceChanged.
    """
    tables = list(dict.fromkeys(table for view in VIEWS.values() for table in view))
    with rebuilding_alone(pool) as (connection, reading):
        try:
            for _ in range(_TRIES):
                beside = FoldedBeside(connection, reading, log, tables, progress)
                reached = beside.prepare(reflected(connection).position)
                if reached is None:
                    continue
                with connection.transaction():
                    held = beside.hold(reached)
                    if held is not None:
                        return Compared(held, len(tables) + 1, tuple(_differences(connection, beside)))
            raise ReferenceChanged
        finally:
            if not connection.broken:
                for table in tables:
                    connection.execute(sql.SQL("DROP TABLE IF EXISTS rebuild.{}").format(sql.Identifier(table)))


def _differences(connection: Connection[TupleRow], beside: FoldedBeside) -> Iterable[Difference]:
    afresh = state_hash(connection)
    with connection.transaction():
        connection.execute(_LIVE)
        live = state_hash(connection)
    connection.execute("SET LOCAL search_path = rebuild, public")
    for table in COPIED:
        if live[table] != afresh[table]:
            yield Difference(
                table,
                _only_in(connection, "public", "rebuild", table),
                _only_in(connection, "rebuild", "public", table),
            )
    parked = {(str(one[0]), one[1], one[2]) for one in parked_members(connection)}
    wanted = {(str(one.member), one.position, one.code) for one in beside.parked.values()}
    if parked != wanted:
        yield Difference("projection_parked", _texts(parked - wanted), _texts(wanted - parked))


def _only_in(connection: Connection[TupleRow], one: str, other: str, table: str) -> tuple[str, ...]:
    """Return a few rows of one table that the other lacks. Only codes, numbers, dates and ids are in read models."""
    statement = sql.SQL(
        "SELECT t::text FROM (SELECT * FROM {one}.{table} EXCEPT ALL SELECT * FROM {other}.{table}) AS t LIMIT {shown}"
    ).format(
        one=sql.Identifier(one), other=sql.Identifier(other), table=sql.Identifier(table), shown=sql.Literal(_SHOWN)
    )
    return tuple(row[0] for row in connection.execute(statement))


def _texts(rows: Iterable[tuple[Any, ...]]) -> tuple[str, ...]:
    return tuple(sorted(", ".join(map(str, row)) for row in rows))[:_SHOWN]
