"""Rows as PostgreSQL writes them as text: what a table holds beside what it should hold, compared exactly."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from psycopg import sql

from projections.copying import COPIED
from projections.rows import SUMS

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from projections.rows import Rows

BY_MEMBER: Final = tuple(table for table in COPIED if table not in SUMS)
"""The tables whose rows belong to one member each."""

_TYPES: Final = """
SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum),
       array_agg(format_type(a.atttypid, NULL) ORDER BY a.attnum)
FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY (%s)
GROUP BY c.relname
"""
_LIVE: Final = "SELECT r::text FROM (SELECT {} FROM public.{} WHERE member_id BETWEEN %s AND %s) AS r"

_SPACE: Final = r" \t\n\r\v\f"
_QUOTED_FIELD: Final = re.compile(rf'[{_SPACE}(),"\\]|\A\Z')
_QUOTED_ELEMENT: Final = re.compile(rf'[{_SPACE}{{}},"\\]|\A\Z|\A(?i:null)\Z')
_NULL: Final = ""
_TRUTH: Final = {None: _NULL, True: "t", False: "f"}
_MOST_KEPT: Final = 100_000


class LiveRows:
    """Reads the live rows of a span of members through one connection, and writes folded ones the same way."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        """Learn the columns of every table. Raises LookupError for a column that no read model fills."""
        self._connection = connection
        self._fields: dict[str, tuple[_Fields, ...]] = {}
        self._statements = {
            table: sql.SQL(_LIVE).format(sql.SQL(", ").join(map(sql.Identifier, COPIED[table])), sql.Identifier(table))
            for table in BY_MEMBER
        }
        for table, names, types in connection.execute(_TYPES, (list(COPIED),)):
            if set(names) != set(COPIED[table]):
                raise LookupError(f"columns of {table}")
            kinds = dict(zip(names, types, strict=True))
            self._fields[table] = tuple(_FIELDS.get(kinds[name], _numbers) for name in COPIED[table])

    def of_members(self, table: str, first: UUID, last: UUID) -> list[str]:
        """Return the rows of the members from one id to another, both included."""
        return [row[0] for row in self._connection.execute(self._statements[table], (first, last), prepare=True)]

    def folded(self, rows: Rows) -> tuple[dict[str, list[str]], list[tuple[str, tuple[Any, ...]]]]:
        """Return by table what rows of members, written for the first time, are; and what they add to sums.

        Raises whatever a value raises that its column cannot hold.
        """
        found: dict[str, list[str]] = {}
        counted: list[tuple[str, tuple[Any, ...]]] = []
        for table, _, lines in rows.tables():
            if table in SUMS:
                counted += [(table, line) for line in lines]
            elif lines:
                columns = zip(*lines, strict=True)
                fields = [write(column) for write, column in zip(self._fields[table], columns, strict=True)]
                found[table] = [f"({row})" for row in map(",".join, zip(*fields, strict=True))]
        return found, counted


def differing(live: Sequence[str], folded: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the rows that only the live table has, and those that it lacks, each in order."""
    ours = sorted(folded)
    theirs = sorted(live)
    if ours == theirs:
        return [], []
    return sorted((Counter(theirs) - Counter(ours)).elements()), sorted((Counter(ours) - Counter(theirs)).elements())


class _Texts(dict[str | None, str]):
    def __missing__(self, value: str | None) -> str:
        if len(self) > _MOST_KEPT:
            self.clear()
        field = self[value] = _NULL if value is None else _field(value)
        return field


class _Lists(dict[str, str]):
    def __missing__(self, value: str) -> str:
        if len(self) > _MOST_KEPT:
            self.clear()
        elements = value.split(",") if value else []
        field = self[value] = _field("{" + ",".join(map(_element, elements)) + "}")
        return field


class _Days(dict[date | None, str]):
    def __missing__(self, value: date | None) -> str:
        if len(self) > _MOST_KEPT:
            self.clear()
        field = self[value] = _NULL if value is None else value.isoformat()
        return field


def _field(value: str) -> str:
    if not _QUOTED_FIELD.search(value):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '""') + '"'


def _element(value: str) -> str:
    if not _QUOTED_ELEMENT.search(value):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


_TEXT: Final = _Texts()
_LIST: Final = _Lists()
_DAY: Final = _Days()


def _texts(values: Iterable[str | None]) -> Iterable[str]:
    return map(_TEXT.__getitem__, values)


def _lists(values: Iterable[str]) -> Iterable[str]:
    return map(_LIST.__getitem__, values)


def _days(values: Iterable[date | None]) -> Iterable[str]:
    return map(_DAY.__getitem__, values)


def _truths(values: Iterable[bool | None]) -> Iterable[str]:
    return map(_TRUTH.__getitem__, values)


def _numbers(values: Iterable[int | None]) -> Iterable[str]:
    return [_NULL if value is None else str(value) for value in values]


def _plain(values: Iterable[str]) -> Iterable[str]:
    return values


_Fields = Callable[[Iterable[Any]], Iterable[str]]
_FIELDS: Final[dict[str, _Fields]] = {
    "uuid": _plain,
    "text": _texts,
    "text[]": _lists,
    "date": _days,
    "boolean": _truths,
}
