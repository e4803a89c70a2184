"""Registers for tests, written in the test, with synthetic people: numbers of region 99."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date

import xlsxwriter

from domain.identity import make_identity_number
from domain.regions.loading import load_regions
from infra.registers.issues import RowIssue
from infra.registers.organisations import OrganisationDirectory, OrganisationMatch
from infra.registers.reading import RegisterReading, read_register
from infra.registers.row import RegisterRow

TODAY = date(2025, 6, 30)
BORN = date(1988, 2, 11)
MAN = make_identity_number("990001", BORN, 1)
WOMAN = make_identity_number("990001", BORN, 2)
HOME = OrganisationMatch("620621", "中共民勤县委", "620621", "COMMITTEE")
EAST = OrganisationMatch("620621-001", "民勤县样例镇东街村党支部", "620621")
WEST = OrganisationMatch("620621-002", "民勤县样例镇西街村党支部", "620621")
AWAY = OrganisationMatch("620102-001", "兰州市城关区样例社区党支部", "620102")

OUTFLOW = ["姓名", "公民身份号码", "党员类别", "流出党支部", "流出时间", "流入地"]
INFLOW = ["姓名", "公民身份号码", "党员类别", "流出地", "流出地党组织", "流入时间", "流入地", "编入支部"]


def person(sequence: int, born: date = BORN) -> str:
    """A synthetic number; odd for a man."""
    return make_identity_number("990001", born, sequence)


def directory(home: OrganisationMatch = HOME) -> OrganisationDirectory:
    """Two branches below the office, one elsewhere."""
    return OrganisationDirectory(home, [EAST, WEST], [HOME, EAST, WEST, AWAY])


def opened(
    content: bytes, filename: str = "登记表.csv", *, today: date = TODAY, home: OrganisationMatch = HOME
) -> RegisterReading:
    """Open a register."""
    return read_register(content, filename, today=today, regions=load_regions(), organisations=directory(home))


def read(
    content: bytes, filename: str = "登记表.csv", *, today: date = TODAY, home: OrganisationMatch = HOME
) -> tuple[list[RegisterRow], RegisterReading]:
    """Read a register to its end."""
    with opened(content, filename, today=today, home=home) as reading:
        return list(reading), reading


def csv_bytes(rows: Sequence[Sequence[str]], encoding: str = "utf-8", delimiter: str = ",") -> bytes:
    """Write a csv."""
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter).writerows(rows)
    return out.getvalue().encode(encoding)


def one(extra: dict[str, str] | None = None, *, inflow: bool = False, without: str = "") -> RegisterRow:
    """Read one right row, changed as said, without one of its columns."""
    heads, right = (
        (INFLOW, ["样例甲", MAN, "正式党员", "兰州城关", AWAY.name, "2025.3.1", "民勤县", EAST.name])
        if inflow
        else (OUTFLOW, ["样例甲", MAN, "正式党员", EAST.name, "2025.3.1", "兰州城关"])
    )
    cells = dict(zip(heads, right, strict=True)) | (extra or {})
    cells.pop(without, None)
    rows, _ = read(csv_bytes([list(cells), list(cells.values())]))
    (row,) = rows
    return row


def xlsx_bytes(
    *sheets: tuple[str, Sequence[Sequence[object]]], hidden: Sequence[int] = (), merges=(), keep=None
) -> bytes:
    """Write an xlsx, text as text, numbers as numbers, days as days.

    `hidden` rows and `merges`, counted from 0, are of the first sheet; `keep` is told the book and each sheet.
    """
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False}) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for name, rows in sheets:
            page = book.add_worksheet(name)
            _write_cells(page, rows, day)
            if name == sheets[0][0]:
                for number in hidden:
                    page.set_row(number, None, None, {"hidden": True})
                for top, left, bottom, right in merges:
                    page.merge_range(top, left, bottom, right, str(rows[top][left]))
            if keep is not None:
                keep(book, page)
    return out.getvalue()


def _write_cells(page, rows: Sequence[Sequence[object]], day) -> None:
    for number, row in enumerate(rows):
        for column, cell in enumerate(row):
            if isinstance(cell, date):
                page.write_datetime(number, column, cell, day)
            elif isinstance(cell, int | float):
                page.write_number(number, column, cell)
            elif cell:
                page.write_string(number, column, str(cell))


def codes(issues: Sequence[RowIssue]) -> list[tuple[str, str | None]]:
    """Code and field of each issue."""
    return [(issue.code, issue.field) for issue in issues]
