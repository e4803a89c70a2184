"""Rows as lines of COPY: how a rebuild fills its tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from projections import columns
from projections.values import CLOCK_COLUMNS, DUTY_COLUMNS, LEG_COLUMNS, ROSTER_COLUMNS

if TYPE_CHECKING:
    from projections.rows import Rows

_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_MOST: Final = 100_000


class _Escaped(dict[str | None, str]):
    """Fields by their text; codes come again and again."""

    def __missing__(self, value: str | None) -> str:
        if len(self) > _MOST:
            self.clear()
        field = self[value] = "\\N" if value is None else value.translate(_ESCAPES)
        return field


class _Listed(dict[str, str]):
    """Array fields by their elements, joined by commas."""

    def __missing__(self, value: str) -> str:
        if len(self) > _MOST:
            self.clear()
        field = self[value] = columns.texts(value.split(",") if value else ()).translate(_ESCAPES)
        return field


class _Dated(dict[date | None, str]):
    """Fields by their day."""

    def __missing__(self, value: date | None) -> str:
        if len(self) > _MOST:
            self.clear()
        field = self[value] = "\\N" if value is None else value.isoformat()
        return field


_ESCAPED: Final = _Escaped()
_DATED: Final = _Dated()
_LISTED: Final = _Listed()


def _text(values: Iterable[str | None]) -> Iterable[str]:
    return map(_ESCAPED.__getitem__, values)


def _list(values: Iterable[str]) -> Iterable[str]:
    return map(_LISTED.__getitem__, values)


def _day(values: Iterable[date | None]) -> Iterable[str]:
    return map(_DATED.__getitem__, values)


def _other(values: Iterable[Any]) -> Iterable[str]:
    # All at once, in the interpreter's own code: no number is written with these letters.
    return ",".join(map(str, values)).replace("None", "\\N").split(",")


def _plain(values: Iterable[str]) -> Iterable[str]:
    return values


_Fields = Callable[[Iterable[Any]], Iterable[str]]
_FIELDS: Final[dict[columns.Encoder, _Fields]] = {
    columns.texts: _text,
    columns.lists: _list,
    columns.numbers: _other,
    columns.days: _day,
    columns.plain: _plain,
}

_PERIOD: Final = ("valid_from", "valid_to", "known_from", "ended_from", "known_to")
COPIED: Final[dict[str, tuple[str, ...]]] = {
    "member": (
        "member_id", "version", "position", "liaison", "regions", "places", "other_side", "other_region",
        "roster_from", "roster_known", "clock_from", "clock_known", *ROSTER_COLUMNS, *CLOCK_COLUMNS,
    ),
    "roster_past": ("member_id", *_PERIOD, *ROSTER_COLUMNS),
    "clock_past": ("member_id", *_PERIOD, "affiliation_region", "region", "organisations", *CLOCK_COLUMNS),
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


def copy_blocks(rows: Rows, wanted: frozenset[str]) -> list[tuple[str, str]]:
    """Return names and lines of the tables wanted that get rows, of members who are written for the first time."""
    blocks = []
    for table, encoders, lines in rows.tables():
        if lines and table in wanted:
            fields = [
                _FIELDS[encode](column) for encode, column in zip(encoders, zip(*lines, strict=True), strict=True)
            ]
            blocks.append((table, "\n".join(map("\t".join, zip(*fields, strict=True))) + "\n"))
    return blocks
