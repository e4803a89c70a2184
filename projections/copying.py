"""Rows as lines of COPY: how a rebuild fills its tables.

A line is the row's JSON without its brackets, which PostgreSQL reads as CSV that escapes by a backslash: written by the
encoder in one call a row.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

import orjson

from projections import columns
from projections.values import CLOCK_COLUMNS, DUTY_COLUMNS, LEG_COLUMNS, ROSTER_COLUMNS

if TYPE_CHECKING:
    from projections.rows import Rows

COPY_OPTIONS: Final = r"(FORMAT csv, ESCAPE '\', NULL 'null')"
"""How COPY reads the lines."""

_MOST: Final = 100_000
_TEXTS: Final = frozenset({str, type(None)})
_BARE: Final = re.compile(r"(?!(?i:null)\Z)[\w@-]+")
_CONTROL: Final = re.compile(rb'\\[^"\\]')
_ESCAPE: Final = re.compile(rb"\\(?:u[0-9a-f]{4}|.)")


class _Listed(dict[str, str]):
    """Arrays by their elements, joined by commas."""

    def __missing__(self, value: str) -> str:
        if len(self) > _MOST:
            self.clear()
        elements = value.split(",") if value else []
        is_bare = all(map(_BARE.fullmatch, elements))  # as nearly all: quotes would have to be escaped
        field = self[value] = f"{{{value}}}" if is_bare else columns.texts(elements)
        return field


_LISTED: Final = _Listed()


def _text(values: Iterable[str | None]) -> Iterable[str | None]:
    """Return texts. Raises TypeError for anything else, of which JSON would make a text, too."""
    if not _TEXTS.issuperset(map(type, values)):
        msg = "not a text"
        raise TypeError(msg)
    return values


def _list(values: Iterable[str]) -> Iterable[str]:
    return map(_LISTED.__getitem__, values)


def _as_it_is(values: Iterable[Any]) -> Iterable[Any]:
    return values


_Fields = Callable[[Iterable[Any]], Iterable[Any]]
_FIELDS: Final[dict[columns.Encoder, _Fields]] = {
    columns.texts: _text,
    columns.lists: _list,
    columns.numbers: _as_it_is,
    columns.days: _as_it_is,
    columns.plain: _text,
}

_PERIOD: Final = ("valid_from", "valid_to", "known_from", "ended_from", "known_to")
COPIED: Final[dict[str, tuple[str, ...]]] = {
    "member": (
        "member_id", "version", "position", "liaison", "regions", "places", "other_side", "other_region",
        "roster_from", "roster_known", "clock_from", "clock_known", *ROSTER_COLUMNS, *CLOCK_COLUMNS,
    ),
    "roster_past": ("member_id", *_PERIOD, *ROSTER_COLUMNS),
    "clock_past": (
        "member_id", *_PERIOD, "view", "stage", "affiliation_region", "region", "organisations", *CLOCK_COLUMNS,
    ),
    "duty": ("member_id", "key", "valid_from", "known_from", *DUTY_COLUMNS),
    "duty_past": ("member_id", "key", *_PERIOD, *DUTY_COLUMNS),
    "leg": ("member_id", "movement_id", "leg", "known_from", *LEG_COLUMNS),
    "leg_past": ("member_id", "movement_id", "leg", "known_from", "known_to", *LEG_COLUMNS),
    "tally": (
        "member_id", "event_id", "number", "at_us", "known_from", "known_to", "measure", "region", "scope", "amount",
    ),
    "statistic": ("measure", "region", "scope", "category", "view", "stage", "month", "amount"),
    "day_count": ("measure", "level", "of_month", "region", "view", "stage", "at", "amount"),
}  # fmt: skip


def copy_blocks(rows: Rows, wanted: frozenset[str]) -> list[tuple[str, bytes]]:
    """Return names and lines of the tables wanted that get rows, of members who are written for the first time.

    Raises TypeError for what its column cannot hold.
    """
    blocks = []
    for table, encoders, lines in rows.tables():
        if lines and table in wanted:
            fields = [
                _FIELDS[encode](column) for encode, column in zip(encoders, zip(*lines, strict=True), strict=True)
            ]
            block = b"\n".join([orjson.dumps(line)[1:-1] for line in zip(*fields, strict=True)]) + b"\n"
            blocks.append((table, _ESCAPE.sub(_unescaped, block) if _CONTROL.search(block) is not None else block))
    return blocks


def _unescaped(escape: re.Match[bytes]) -> bytes:
    """Return a control character as it is, which CSV knows no escape for; quotes and backslashes stay escaped."""
    text = escape[0]
    return text if text in (b'\\"', b"\\\\") else orjson.loads(b'"' + text + b'"').encode()
