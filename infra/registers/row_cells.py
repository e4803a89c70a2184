"""The cells of one row by field, and the errors and warnings found in them while they are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from domain.errors import Sentence
from infra.registers import issues
from infra.registers.cells import Cell, column_letters, is_nothing, text_of
from infra.registers.dates import EXPECTED, Day, read_date
from infra.registers.head_names import STANDARD_HEAD
from infra.registers.heads import Column
from infra.registers.issues import ERRORS, WARNINGS, RowIssue

_LONGEST: Final = 1_000
_MOST_LINES: Final = 10


@dataclass(slots=True)
class RowCells:
    """One row being read."""

    sheet: str
    row: int
    cells: Sequence[Cell]
    columns: dict[str, Column]
    typed: bool
    from_1904: bool
    errors: list[RowIssue] = field(default_factory=list)
    warnings: list[RowIssue] = field(default_factory=list)
    _texts: dict[str, str] = field(default_factory=dict)

    def cell(self, name: str) -> Cell:
        """Return the cell of a field as the reader gave it, None where the register has no such column."""
        column = self.columns.get(name)
        return self.cells[column.index] if column is not None and column.index < len(self.cells) else None

    def text(self, name: str) -> str:
        """Return the cell of a field as text, empty where it says nothing."""
        text = self._texts.get(name)
        if text is None:
            text = self._texts[name] = self._read_text(name)
        return text

    def _read_text(self, name: str) -> str:
        cell = self.cell(name)
        column = self.columns.get(name)
        if column is None or ((cell is None or cell == "") and not column.further):
            return ""
        text = text_of(cell)
        for index in column.further:
            text += text_of(self.cells[index]) if index < len(self.cells) else ""
        if len(text) > _LONGEST or text.count("\n") > _MOST_LINES:
            self.error("unreadable", name, expected=f"1-{_LONGEST}", sentence=issues.TOO_LONG)
            return ""
        return "" if is_nothing(text) else text

    def is_numeric(self, name: str) -> bool:
        """Whether the cell of a field holds a number, not text."""
        cell = self.cell(name)
        return isinstance(cell, int | float) and not isinstance(cell, bool)

    def day(self, name: str) -> Day | None:
        """Read a date; adds the error of one that cannot be read, and the warning of a doubtful month."""
        if not self.text(name):
            return None
        read = read_date(self.cell(name), typed=self.typed, from_1904=self.from_1904)
        if isinstance(read, str):
            self.error(read, name, expected=EXPECTED)
            return None
        if read.doubtful:
            self.warn("ambiguous_month", name, expected=f"{read.first.year}-01 / {read.first.year}-10")
        return read

    def must_not_lie_ahead(self, name: str, day: Day | None, limit: date) -> None:
        """Add an error where a day is certainly after the last that is allowed."""
        if day is not None and day.first > limit:
            self.error("in_the_future", name, expected=f"≤ {limit.isoformat()}")

    def error(
        self, code: str, name: str, *, expected: str | None = None, sentence: Sentence | None = None, **named: Sentence
    ) -> None:
        """Add an error of a field; `named` fills the places of its sentence."""
        self.errors.append(self._issue(code, name, expected, sentence or ERRORS[code], named))

    def warn(self, code: str, name: str, *, expected: str | None = None) -> None:
        """Add a warning of a field."""
        self.warnings.append(self._issue(code, name, expected, WARNINGS[code], {}))

    def where(self, name: str) -> Sentence:
        """Name the cell of a field: its head and its reference."""
        column = self.columns.get(name)
        if column is None:
            return Sentence(f"“{STANDARD_HEAD[name]}”", f"“{STANDARD_HEAD[name]}”")
        reference = f"{column_letters(column.index)}{self.row}"
        return Sentence(f"“{column.head}”（{reference}）", f"“{column.head}” ({reference})")

    def _issue(
        self, code: str, name: str, expected: str | None, sentence: Sentence, named: dict[str, Sentence]
    ) -> RowIssue:
        column = self.columns.get(name)
        head = column.head if column is not None else STANDARD_HEAD[name]
        words = issues.filled(sentence, named) if named else sentence
        return RowIssue(self.sheet, self.row, head, name, code, words.zh, words.en, expected)
