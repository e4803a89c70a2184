"""The way into a register: opens it, finds its sheets and heads, and reads its rows in chunks, each with its errors."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import date
from itertools import islice
from types import TracebackType
from typing import BinaryIO, Final, Self

from domain.errors import Sentence
from domain.regions.table import RegionTable
from infra.registers import issues
from infra.registers.body import rows_below
from infra.registers.formats import open_book, open_file
from infra.registers.heads import LOOKED_AT, Head, find_head
from infra.registers.issues import WARNINGS, RowIssue
from infra.registers.movements import Ground, read_movement
from infra.registers.organisations import OrganisationLookup
from infra.registers.people import read_person
from infra.registers.refusal import DEFAULT_LIMITS, Limits, RegisterRefused
from infra.registers.row import RegisterRow
from infra.registers.row_cells import RowCells
from infra.registers.same_person import SamePerson
from infra.registers.sheets import Book, Sheet

CHUNK: Final = 1_000
Progress = Callable[[int, int | None], None]
"""Told rows of people read so far in all, and the height of the sheet under way where it is known."""


def read_register(  # noqa: PLR0913 - what a register is read against
    source: str | os.PathLike[str] | bytes,
    filename: str,
    *,
    today: date,
    regions: RegionTable,
    organisations: OrganisationLookup,
    planned_departure_days: int = 90,
    limits: Limits = DEFAULT_LIMITS,
    progress: Progress | None = None,
) -> RegisterReading:
    """Open a register and find its first head; `today` is the day in Asia/Shanghai.

    Raises RegisterRefused, here for what the file as a whole is, and while reading for what shows further down.
    """
    file = open_file(source)
    try:
        book = open_book(file, filename, limits)
        ground = Ground(today, regions, organisations, planned_departure_days)
        return RegisterReading(file, book, ground, progress)
    except BaseException:
        file.close()
        raise


class RegisterReading:
    """A register being read, once, from its first row to its last. Close it, or use it as a context."""

    def __init__(self, file: BinaryIO, book: Book, ground: Ground, progress: Progress | None) -> None:
        self.warnings: list[RowIssue] = []
        """Of sheets and heads; complete when all rows have been read."""
        self.rows_read = 0
        self._file, self._book, self._ground, self._progress = file, book, ground, progress
        self._people = SamePerson()
        self._sheets = book.sheets()
        self._first: tuple[Sheet, Head] | None = self._next_register()
        if self._first is None:
            raise RegisterRefused(
                "not_a_register",
                Sentence(
                    "没有找到登记表的表头：至少要有姓名、公民身份号码，以及流出时间、流出党支部或流入时间",
                    "No head of a register: it needs 姓名, 公民身份号码, and 流出时间, 流出党支部 or 流入时间",
                ),
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._book.close()
        self._file.close()

    def chunks(self, size: int = CHUNK) -> Iterator[list[RegisterRow]]:
        """Rows in lists of at most `size`, in the order of the file. Only once: raises RuntimeError the second time."""
        rows = iter(self)
        while chunk := list(islice(rows, size)):
            yield chunk

    def __iter__(self) -> Iterator[RegisterRow]:
        if self._first is None:
            raise RuntimeError("a register is read once")
        found: tuple[Sheet, Head] | None = self._first
        self._first = None
        while found is not None:
            yield from self._rows(*found)
            found = self._next_register()

    def _next_register(self) -> tuple[Sheet, Head] | None:
        """Find the next sheet that has a head; those that hold something else are named in a warning."""
        for sheet in self._sheets:
            head = head_of(sheet)
            if head is not None:
                self._warn_of(sheet, head)
                return sheet, head
            if any(cell not in {None, ""} for _, row in islice(sheet.rows(), LOOKED_AT) for cell in row):
                told = issues.UNKNOWN_SHEET
                self.warnings.append(RowIssue(sheet.name, None, None, None, "unknown_head", told.zh, told.en))
        return None

    def _warn_of(self, sheet: Sheet, head: Head) -> None:
        if sheet.hidden:
            told = issues.HIDDEN_SHEET
            self.warnings.append(RowIssue(sheet.name, None, None, None, "hidden_row", told.zh, told.en))
        unknown = [(column.head, WARNINGS["unknown_head"]) for column in head.columns if column.field is None]
        for written, told in unknown + [(written, issues.REPEATED_HEAD) for written in head.repeats]:
            self.warnings.append(RowIssue(sheet.name, head.row, written, None, "unknown_head", told.zh, told.en))

    def _rows(self, sheet: Sheet, head: Head) -> Iterator[RegisterRow]:
        columns = {column.field: column for column in head.columns if column.field}
        heads = {name: column.head for name, column in columns.items()}
        for number, row in rows_below(sheet, head):
            cells = RowCells(sheet.name, number, row, columns, sheet.typed, sheet.from_1904)
            if number in sheet.hidden_rows:
                told = WARNINGS["hidden_row"]
                cells.warnings.append(RowIssue(sheet.name, number, None, None, "hidden_row", told.zh, told.en))
            if not sheet.typed:
                _must_not_have_swallowed_rows(cells, head)
            yield self._read(cells, head, heads)
            self.rows_read += 1
            if self._progress is not None and self.rows_read % CHUNK == 0:
                self._progress(self.rows_read, sheet.height)
        if self._progress is not None:
            self._progress(self.rows_read, sheet.height)

    def _read(self, cells: RowCells, head: Head, heads: dict[str, str]) -> RegisterRow:
        person = read_person(cells, self._ground.today)
        movement = read_movement(cells, head.kind, self._ground)
        for field in ("destination_organisation", "origin_organisation"):
            if text := cells.text(field):
                person.personal[field] = text
        start = movement.get("departed_on") or movement.get("arrived_on")
        if not cells.errors and person.identity and person.name and start:
            end = movement.get("returned_on")
            clash = self._people.clash(person.identity.number, person.name, head.kind, start, end)
            if clash is None:
                place = (cells.sheet, cells.row)
                self._people.remember(place, person.identity.number, person.name, head.kind, start, end)
            else:
                code, (sheet, row) = clash
                field = "name" if code == "name_disagrees" else "identity_number"
                cells.error(code, field, other=_row_words(cells.sheet, sheet, row))
        return RegisterRow(
            cells.sheet,
            cells.row,
            head.kind,
            tuple(cells.errors),
            tuple(cells.warnings),
            person.name,
            person.identity,
            person.category,
            person.sex,
            person.ethnicity,
            person.education,
            person.phone,
            person.joined_on,
            person.personal,
            **movement,
            heads=heads,
        )


def head_of(sheet: Sheet) -> Head | None:
    """Find the head of a sheet among its first rows."""
    rows = sheet.rows()
    first = list(islice(rows, LOOKED_AT))
    close = getattr(rows, "close", None)
    if close is not None:
        close()
    return find_head(first, sheet.merges, sheet.name)


def _must_not_have_swallowed_rows(cells: RowCells, head: Head) -> None:
    """Look for what a quote without its pair does: rows swallowed into one cell, also of a column that is not read."""
    for column in head.columns:
        text = cells.cells[column.index] if column.index < len(cells.cells) else None
        if not column.field and isinstance(text, str) and text.count("\n") > 10:
            told = issues.TOO_LONG
            cells.errors.append(RowIssue(cells.sheet, cells.row, column.head, None, "unreadable", told.zh, told.en))


def _row_words(here: str, sheet: str, row: int) -> Sentence:
    if sheet == here:
        return Sentence(f"第 {row} 行", f"row {row}")
    return Sentence(f"工作表“{sheet}”第 {row} 行", f"row {row} of sheet “{sheet}”")
