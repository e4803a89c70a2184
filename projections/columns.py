"""Columns of values as PostgreSQL array literals: the cheapest way to hand over many rows in one statement."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any, Final

Encoder = Callable[[Iterable[Any]], str]

_MOST_QUOTED: Final = 100_000


class _Quoted(dict[str | None, str]):
    """Array elements by their text; codes come again and again."""

    def __missing__(self, value: str | None) -> str:
        if len(self) > _MOST_QUOTED:
            self.clear()
        quoted = self[value] = "NULL" if value is None else '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        return quoted


class _Dated(dict[date | None, str]):
    """Array elements by their day."""

    def __missing__(self, value: date | None) -> str:
        if len(self) > _MOST_QUOTED:
            self.clear()
        element = self[value] = "NULL" if value is None else value.isoformat()
        return element


_QUOTED: Final = _Quoted()
_DATED: Final = _Dated()


def texts(values: Iterable[str | None]) -> str:
    """Encode texts, None as NULL."""
    return "{" + ",".join(map(_QUOTED.__getitem__, values)) + "}"


def lists(values: Iterable[str]) -> str:
    """Encode lists of codes, each joined by commas, for string_to_array."""
    return texts(values)


def numbers(values: Iterable[int | bool | None]) -> str:
    """Encode whole numbers or truth values, None as NULL."""
    return "{" + ",".join(map(str, values)).replace("None", "NULL") + "}"


def days(values: Iterable[date | None]) -> str:
    """Encode dates, None as NULL."""
    return "{" + ",".join(map(_DATED.__getitem__, values)) + "}"


def plain(values: Iterable[str]) -> str:
    """Encode what needs no quotes and is never None: uuids."""
    return "{" + ",".join(values) + "}"


def encoded(encoders: tuple[Encoder, ...], rows: list[tuple[Any, ...]]) -> list[str]:
    """Turn rows into one literal a column."""
    return [encode(column) for encode, column in zip(encoders, zip(*rows, strict=True), strict=True)]
