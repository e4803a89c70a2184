"""Measuring one XML part of an xlsx as it streams by: its elements, its cells' extent, its hidden rows, its names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from xml.parsers import expat

from infra.registers.refusal import Limits, RegisterRefused, too_large, unreadable

_REFERENCE: Final = re.compile(r"([A-Za-z]{1,7})([0-9]{1,9})\Z")


class PartScan:
    """What one part holds: filled in while it is scanned."""

    def __init__(self, limits: Limits, elements_before: int) -> None:
        self.root = ""
        self.elements = 0
        self.rows = 0
        self.columns = 26
        self.hidden_rows: set[int] = set()
        self.sheets: list[tuple[str, str]] = []
        self.relations: dict[str, str] = {}
        self.from_1904 = False
        self._limits = limits
        self._elements_before = elements_before
        self._row = 0
        self._row_text = "0"
        self._row_hidden = False
        self._cell = ""
        self._cells_in_row = 0

    def start(self, name: str, attributes: list[str]) -> None:
        """Take one element; expat calls this, with names and values alternating in `attributes`."""
        self.elements += 1
        if ":" in name:
            name = name.rpartition(":")[2]
        if name == "c":
            self._cells_in_row += 1
            self._cell = attributes[1] if attributes and attributes[0] == "r" else _value(attributes, "r")
        elif name in {"v", "is"}:
            # Only a cell with a value takes room in the reader's table; offices format whole empty columns.
            if self._row_hidden or self.rows < self._row or self._cell[1:] != self._row_text:
                self._extend()
        elif name == "row":
            self._begin_row(attributes)
        elif not self.root:
            self.root = name
        elif name == "sheet":
            self.sheets.append((_value(attributes, "name"), _value(attributes, "id")))
        elif name == "Relationship":
            self.relations[_value(attributes, "Id")] = _value(attributes, "Target")
        elif name == "workbookPr":
            self.from_1904 = _value(attributes, "date1904") in {"1", "true"}

    def _begin_row(self, attributes: list[str]) -> None:
        stated = _value(attributes, "r")
        self._row = int(stated) if stated.isascii() and stated.isdigit() and len(stated) < 10 else self._row + 1
        self._row_text = str(self._row)
        self._row_hidden = _value(attributes, "hidden") in {"1", "true"} or _value(attributes, "ht") == "0"
        self._cells_in_row = 0
        if self._elements_before + self.elements > self._limits.elements:
            raise too_large("单元格过多", "it holds too many cells")

    def _extend(self) -> None:
        reference = _REFERENCE.match(self._cell)
        row, column = self._row, self._cells_in_row
        if reference is not None:
            row = int(reference[2])
            column = _column_number(reference[1])
        self.rows, self.columns = max(self.rows, row), max(self.columns, column)
        if self._row_hidden:
            self.hidden_rows.add(self._row)
        if column > self._limits.columns:
            raise too_large(
                f"有内容的列超过 {self._limits.columns} 列", f"more than {self._limits.columns} columns are filled"
            )
        if self.rows > self._limits.rows or self.rows * self.columns > self._limits.cells:
            raise too_large(
                f"第 {self.rows} 行仍有内容，上限 {self._limits.rows} 行",
                f"row {self.rows} is still filled, {self._limits.rows} rows are allowed",
            )


def scan_part(pieces: Iterator[bytes], limits: Limits, elements_before: int) -> PartScan:
    """Scan one part; raises RegisterRefused for a document type, for what is not XML, for too many cells."""
    scan = PartScan(limits, elements_before)
    parser = expat.ParserCreate()
    parser.ordered_attributes = True
    parser.StartElementHandler = scan.start
    parser.StartDoctypeDeclHandler = _refuse_document_type
    try:
        for piece in pieces:
            parser.Parse(piece, False)
        parser.Parse(b"", True)
    except (expat.ExpatError, LookupError, ValueError) as error:  # the latter two: an encoding that is none
        raise unreadable(
            "文件内部结构已损坏，请在电子表格软件中重新另存", "The file is damaged inside; save it again"
        ) from error
    if elements_before + scan.elements > limits.elements:
        raise too_large("单元格过多", "it holds too many cells")
    return scan


def _refuse_document_type(*_: object) -> RegisterRefused:
    raise unreadable(
        "文件内含外部实体定义，不予打开", "The file declares entities, which no spreadsheet needs; it was not opened"
    )


def _value(attributes: list[str], name: str) -> str:
    for index in range(0, len(attributes), 2):
        if attributes[index] == name or attributes[index].endswith(f":{name}"):
            return attributes[index + 1]
    return ""


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number
