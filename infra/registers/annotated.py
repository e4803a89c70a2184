"""Writing a register back with its errors marked, for the office that has to put them right."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, BinaryIO, Final

import xlsxwriter

from infra.registers.cells import Cell, text_of
from infra.registers.formats import open_book, open_file
from infra.registers.heads import Head
from infra.registers.issues import RowIssue
from infra.registers.reading import head_of
from infra.registers.refusal import DEFAULT_LIMITS, Limits
from infra.registers.sheets import Sheet

PROBLEMS: Final = "问题"
"""The head of the column that is added; reading a register passes over it."""

_DANGEROUS: Final = ("=", "+", "-", "@", "\t", "\r")
_NOT_ON_A_TAB: Final = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
_LONGEST_TAB: Final = 31
_LONGEST_CELL: Final = 32_767
_WIDTH: Final = 14
_WIDE: Final = 60


def write_annotated(
    source: str | os.PathLike[str] | bytes,
    filename: str,
    errors: Iterable[RowIssue],
    warnings: Iterable[RowIssue],
    out: str | BinaryIO,
    *,
    limits: Limits = DEFAULT_LIMITS,
) -> None:
    """Write `out` (a path or a binary file), an xlsx of the register's sheets and rows as they were numbered.

    Every cell is text, and none begins as a formula would. Cells with an error are red, with a warning yellow; the last
    column says what is wrong in Chinese. Memory stays bounded; raises RegisterRefused as reading does.
    """
    marked = _by_row(errors, warnings)
    file = open_file(source)
    try:
        book = open_book(file, filename, limits)
        settings = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        with xlsxwriter.Workbook(out, settings) as target:
            formats = {
                "error": target.add_format({"bg_color": "#FFC7CE", "font_color": "#9C0006"}),
                "warning": target.add_format({"bg_color": "#FFEB9C"}),
                "head": target.add_format({"bold": True}),
            }
            for number, sheet in enumerate(book.sheets(), start=1):
                page = target.add_worksheet(_tab_name(sheet.name, number, target))
                _write_sheet(page, sheet, marked, formats)
        book.close()
    finally:
        file.close()


def escaped(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula, also after it was saved as csv."""
    return f"'{text}" if text.startswith(_DANGEROUS) else text


_Marks = dict[tuple[str, int], list[tuple[str, RowIssue]]]


def _by_row(errors: Iterable[RowIssue], warnings: Iterable[RowIssue]) -> _Marks:
    marked: _Marks = defaultdict(list)
    for kind, found in (("error", errors), ("warning", warnings)):
        for one in found:
            if one.row is not None:
                marked[one.sheet, one.row].append((kind, one))
    return marked


def _write_sheet(page: Any, sheet: Sheet, marked: _Marks, formats: dict[str, Any]) -> None:  # noqa: ANN401 - untyped library
    head = head_of(sheet)
    last = _problems_column(sheet, head)
    places = {column.head: column.index for column in reversed(head.columns)} if head is not None else {}
    page.set_column(0, max(last - 1, 0), _WIDTH)
    page.set_column(last, last, _WIDE)
    for number, row in sheet.rows():
        marks = marked.get((sheet.name, number), [])
        colours = {places[one.column]: kind for kind, one in reversed(marks) if one.column in places}
        for index, cell in enumerate(row[:last]):
            text = escaped(_shown(cell)[: _LONGEST_CELL - 1])
            colour = formats.get(colours.get(index, ""))
            if text:
                page.write_string(number - 1, index, text, colour)
            elif colour is not None:
                page.write_blank(number - 1, index, None, colour)
        if head is not None and number == head.row:
            page.write_string(number - 1, last, PROBLEMS, formats["head"])
        elif marks:
            worst = formats["error" if any(kind == "error" for kind, _ in marks) else "warning"]
            page.write_string(number - 1, last, _sentences(marks)[:_LONGEST_CELL], worst)


def _tab_name(name: str, number: int, target: Any) -> str:  # noqa: ANN401 - untyped library
    """Return a name that a tab may have: a csv's file name may be longer, or hold marks that are not allowed."""
    plain = _NOT_ON_A_TAB.sub(" ", name).strip("' ")[:_LONGEST_TAB]
    taken = {page.name.lower() for page in target.worksheets()}
    return plain if plain and plain.lower() not in taken else f"{plain[: _LONGEST_TAB - 6]}({number})"


def _problems_column(sheet: Sheet, head: Head | None) -> int:
    """The column behind the last one, or the one that an earlier marking added."""
    if head is None:
        return max((len(row) for _, row in islice(sheet.rows(), 100)), default=0)
    earlier = [column.index for column in head.columns if column.head == PROBLEMS]
    return earlier[0] if earlier else max(column.index for column in head.columns) + 1


def _shown(cell: Cell) -> str:
    """Write a cell as it is read back: text as it stood, a number as a number is read."""
    return cell if isinstance(cell, str) else text_of(cell)


def _sentences(marks: Sequence[tuple[str, RowIssue]]) -> str:
    told = []
    for kind, one in marks:
        where = f"【{one.column}】" if one.column else ""
        right = f"（应为：{one.expected}）" if one.expected else ""
        told.append(f"{'错误' if kind == 'error' else '提示'}{where}{one.message_zh}{right}")
    return "；".join(told)
