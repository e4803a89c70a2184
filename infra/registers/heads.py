"""Finding the head of a sheet below its titles, in one row or two, and telling outflow from inflow."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from infra.registers.cells import Cell, spaced_once, squeezed, text_of
from infra.registers.head_names import (
    FIELD_OF,
    IN_INFLOW,
    IN_OUTFLOW,
    MARKS_INFLOW,
    MARKS_OUTFLOW,
    PLACE_PARTS,
    READ,
    Kind,
)
from infra.registers.sheets import Merge

LOOKED_AT: Final = 40
"""Rows in which a head is looked for."""

_BRACKETED: Final = re.compile(r"[(\[【〔《<{][^)\]】〕》>}]*[)\]】〕》>}]")
_MARKS: Final = re.compile(r"[*#※★☆:、,.。;!\"'“”‘’_\-]")
_GROUP_ENDINGS: Final = ("基本情况", "基本信息", "有关情况", "相关信息", "情况", "信息", "资料")
_OF_A_TITLE: Final = re.compile(r"\d|填报|制表|单位|盖章|登记表|花名册|台账")
_MANY_DIGITS: Final = re.compile(r"\d{6}")
_WHOLE_NUMBER: Final = re.compile(r"\d[\d ]{6,}[\dXx]?")
"""Long enough to be somebody's: a head is repeated as written, and whose telephone stands in it is not told."""
_NO_BRACKETS: Final = str.maketrans("", "", "()（）")
_PLACES: Final = frozenset({"destination", "origin"})
_LEAST: Final = 3


@dataclass(frozen=True, slots=True)
class Column:
    """One column: where, the head as written, and our field for it (empty: known, not read; None: not known).

    `further` are columns to the right that go on with the same cell: a place by its province, city and county.
    """

    index: int
    head: str
    field: str | None
    further: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a sheet: the last row it takes (as numbered), its columns, what it is a register of."""

    row: int
    kind: Kind
    columns: tuple[Column, ...]
    repeats: tuple[str, ...]
    texts: tuple[dict[int, str], ...]

    def is_repeated_by(self, row: Sequence[Cell]) -> bool:
        """Whether a row further down is the head once more, as on the next printed page."""
        texts = {index: bare(text_of(cell)) for index, cell in enumerate(row) if cell not in {None, ""}}
        texts = {index: text for index, text in texts.items() if text}
        if len(texts) < _LEAST:
            return False
        return any(
            sum(head.get(index) == text for index, text in texts.items()) * 5 >= len(texts) * 4 for head in self.texts
        )


def recognised(text: str) -> bool:
    """Whether a text is a head that we know."""
    return field_of(text) is not None


@lru_cache(maxsize=4096)
def field_of(text: str) -> str | None:
    """Our field for a head as written, empty when it is known and not read, None when it is not known."""
    plain = squeezed(text_of(text))
    for form in (plain, bare(plain), bare(_BRACKETED.sub("", plain))):
        if form in FIELD_OF:
            return FIELD_OF[form]
    inside = _BRACKETED.search(plain)
    return FIELD_OF.get(bare(inside[0][1:-1])) if inside and not bare(_BRACKETED.sub("", plain)) else None


def bare(text: str) -> str:
    """Return a head without spaces and marks."""
    return _MARKS.sub("", squeezed(text))


def find_head(rows: Sequence[tuple[int, Sequence[Cell]]], merges: Sequence[Merge], title: str) -> Head | None:
    """Find the head among the first rows of a sheet; None when it is no register. `title` is the sheet's name."""
    best: tuple[tuple[int, int], int, int] | None = None
    for position in range(len(rows)):
        for height in (1, 2):
            if height == 2 and not _may_be_two_rows(rows, position, merges):
                continue
            heads = _heads(rows, position, height, merges)
            known = {field for head in heads.values() if (field := _field(head)) is not None and field}
            if not {"name", "identity_number"} <= known or len(known) < _LEAST:
                continue
            score = (len(known), height)
            if best is None or score > best[0]:
                best = (score, position, height)
    if best is None:
        return None
    _, position, height = best
    heads = _heads(rows, position, height, merges)
    above = title + "".join(text_of(cell) for _, row in rows[:position] for cell in row)
    fields = {index: _field(parts) for index, parts in heads.items()}
    kind = _kind({field for field in fields.values() if field}, above)
    if kind is None:
        return None
    columns, repeats = _columns(heads, fields, kind)
    texts = tuple(
        {index: text for index, cell in enumerate(rows[position + step][1]) if (text := bare(text_of(cell)))}
        for step in range(height)
    )
    return Head(rows[position + height - 1][0], kind, columns, repeats, texts)


def _may_be_two_rows(rows: Sequence[tuple[int, Sequence[Cell]]], position: int, merges: Sequence[Merge]) -> bool:
    """Whether a row and the next can be one head: groups above, names below, nothing that looks like data."""
    if position + 1 >= len(rows):
        return False
    upper = [text_of(cell) for cell in rows[position][1]]
    lower = [text_of(cell) for cell in rows[position + 1][1]]
    if sum(bool(text) for text in upper) < 2 or any(_is_of_a_title(text) for text in upper):
        return False
    if any(_MANY_DIGITS.search(text) for text in lower) or not any(recognised(text) or _short(text) for text in lower):
        return False
    below = [index for index, text in enumerate(lower) if text]
    covered = any(merge.top == rows[position][0] - 1 and merge.right > merge.left for merge in merges)
    gaps = any(index >= len(upper) or not upper[index] for index in below)
    names = sum(recognised(text) or _is_place_part(text) for text in lower)
    return bool(below) and (covered or gaps) and (names >= 1 or covered)


def _is_of_a_title(text: str) -> bool:
    """Whether a text is part of a line above the head, such as who filled the register in, and when."""
    return field_of(text) is None and bool(":" in text or len(text) > 12 or _OF_A_TITLE.search(text))


def _is_place_part(text: str) -> bool:
    """Whether a head names one level of a place: 省, 市, 县（市、区）."""
    return bare(text_of(text)).translate(_NO_BRACKETS) in PLACE_PARTS


def _short(text: str) -> bool:
    return 0 < len(text) <= 4 and not text.isdigit()


def _heads(
    rows: Sequence[tuple[int, Sequence[Cell]]], position: int, height: int, merges: Sequence[Merge]
) -> dict[int, tuple[str, ...]]:
    """Return the parts of each column's head as written, the upper first."""
    upper = _written(rows[position][1])
    if height == 1:
        return {index: (text,) for index, text in upper.items()}
    lower = _written(rows[position + 1][1])
    top = rows[position][0] - 1
    spans = [merge for merge in merges if merge.top == top and merge.right > merge.left]
    width = max([*upper, *lower, 0]) + 1
    heads: dict[int, tuple[str, ...]] = {}
    group = ""
    for index in range(width):
        over = next((span for span in spans if span.left <= index <= span.right), None)
        if over is not None:
            group = upper.get(over.left, "")
        elif index in upper or merges:
            group = upper.get(index, "")
        parts = tuple(part for part in (group, lower.get(index, "")) if part)
        if len(parts) == 2 and bare(parts[0]) == bare(parts[1]):
            parts = parts[1:]
        if parts and (index in lower or index in upper):
            heads[index] = parts
    return heads


def _written(row: Sequence[Cell]) -> dict[int, str]:
    texts = {index: spaced_once(cell) if isinstance(cell, str) else text_of(cell) for index, cell in enumerate(row)}
    return {index: text for index, text in texts.items() if text}


def _field(parts: tuple[str, ...]) -> str | None:
    """Return the field of a head of one or two parts; what both say goes before what the lower says alone."""
    if len(parts) == 1:
        return field_of(parts[0])
    if field_of(parts[0]) in _PLACES and _is_place_part(parts[1]):
        return field_of(parts[0])
    group, lower = bare(squeezed(text_of(parts[0]))), bare(squeezed(text_of(parts[1])))
    for ending in ("", *_GROUP_ENDINGS):
        if group.endswith(ending) and (field := field_of(group[: len(group) - len(ending)] + lower)) is not None:
            return field
    return field_of(parts[1])


def _kind(fields: set[str], above: str) -> Kind | None:
    outflow, inflow = len(fields & MARKS_OUTFLOW), len(fields & MARKS_INFLOW)
    if not outflow and not inflow:
        return None
    if "departed_on" in fields and "arrived_on" not in fields:
        return "outflow"
    if "arrived_on" in fields and "departed_on" not in fields:
        return "inflow"
    if "流入党员" in above and "流出党员" not in above:
        return "inflow"
    return "inflow" if inflow > outflow else "outflow"


def _columns(
    heads: dict[int, tuple[str, ...]], fields: dict[int, str | None], kind: Kind
) -> tuple[tuple[Column, ...], tuple[str, ...]]:
    """Columns with each field once; a second phone behind the contact person is that person's."""
    renamed = IN_INFLOW if kind == "inflow" else IN_OUTFLOW
    standing = {field for field in fields.values() if field}
    taken: set[str] = set()
    columns: list[Column] = []
    repeats: list[str] = []
    for index in sorted(heads):
        written = _WHOLE_NUMBER.sub("…", "/".join(heads[index]))
        field = fields[index]
        if field in renamed and renamed[field] not in standing:
            field = renamed[field]
        if field == "phone" and "phone" in taken and "contact_person" in taken:
            field = "contact_phone"
        if field and field not in READ[kind]:
            field = None
        if field in _PLACES and field in taken and _is_place_part(heads[index][-1]):
            first = next(place for place, column in enumerate(columns) if column.field == field)
            columns[first] = replace(columns[first], further=(*columns[first].further, index))
            continue
        if field and field in taken:
            repeats.append(written)
            field = ""
        taken.add(field or "")
        columns.append(Column(index, written, field))
    return tuple(columns), tuple(repeats)
