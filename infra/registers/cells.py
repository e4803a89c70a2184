"""Cells as text: what a spreadsheet or a csv holds, brought to one plain form before anything is read from it."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, time, timedelta
from typing import Final

Cell = str | int | float | bool | date | datetime | time | timedelta | None
"""What a reader hands over; text cells of a csv, typed cells of an xlsx."""

_SPACES: Final = re.compile(r"[\s\u200b\ufeff\u00a0\u3000]+")
_INVISIBLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060\ufeff]")
_QUOTED_FORMULA: Final = re.compile(r'^="(.*)"$', re.DOTALL)
_NOTHING: Final = frozenset(
    {
        "",
        "/",
        "\\",
        "-",
        "--",
        "—",
        "——",
        "–",
        "无",
        "暂无",
        "没有",
        "空",
        "null",
        "none",
        "n/a",
        "na",
        "nan",
        "／",
        "、",
    }
)
_LARGEST_EXACT: Final = 10**15


def text_of(cell: Cell) -> str:
    """Return a cell as text: full-width forms made plain, spaces at the ends gone, whole numbers without a fraction.

    A number that a spreadsheet can no longer hold exactly (16 digits and more) is written in scientific notation, so
    that nobody takes it for the number that was typed.
    """
    if isinstance(cell, str):
        if cell.isascii() and cell.isalnum():
            return cell
        text = unicodedata.normalize("NFKC", cell).strip()
        if not text.isprintable():
            text = _INVISIBLE.sub("", text).strip()
        if text[:2] == '="' and (quoted := _QUOTED_FORMULA.match(text)):
            text = quoted[1].strip()
        return text[1:].lstrip() if text[:1] == "'" else text
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, int | float):
        return _number_text(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    return "" if cell is None else cell.isoformat() if isinstance(cell, date | time) else str(cell)


def _number_text(number: float) -> str:
    if number != number:  # noqa: PLR0124 - only not-a-number is unlike itself
        return ""
    if abs(number) >= _LARGEST_EXACT:
        return f"{number:.14E}"
    return str(int(number)) if number == int(number) else repr(number)


def is_nothing(text: str) -> bool:
    """Whether a text is one of the marks with which offices fill a cell that has nothing to say."""
    return text.lower() in _NOTHING


def squeezed(text: str) -> str:
    """Return a text without any space in it."""
    return _SPACES.sub("", text)


def spaced_once(text: str) -> str:
    """Return a text with each run of spaces and line breaks as one space."""
    return _SPACES.sub(" ", text).strip()


def column_letters(index: int) -> str:
    """Name a column, counted from 0, as a spreadsheet does: A, B, ..., Z, AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
