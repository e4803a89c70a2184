"""The sheets of an xlsx that has passed inspection, through calamine; a formula is read as the value kept for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import BinaryIO, TypeVar, cast

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    SheetTypeEnum,
    SheetVisibleEnum,
    WorkbookClosed,
)

from infra.registers.cells import Cell
from infra.registers.package import Package
from infra.registers.refusal import unreadable
from infra.registers.sheets import Merge

T = TypeVar("T")


class WorkbookSheet:
    """One sheet, held by calamine as one table; cells become Python's row by row."""

    typed = True

    def __init__(self, name: str, sheet: CalamineSheet, package: Package, *, hidden: bool) -> None:
        self.name = name
        self.hidden = hidden
        self.from_1904 = package.from_1904
        self.hidden_rows = package.hidden_rows.get(name, frozenset())
        self.height: int | None = sheet.total_height
        ranges = sheet.merged_cell_ranges or []
        self.merges = tuple(Merge(top, left, bottom, right) for (top, left), (bottom, right) in ranges)
        self._sheet = sheet

    def rows(self) -> Iterator[tuple[int, list[Cell]]]:
        """Every row from row 1, also the empty ones above the first filled cell."""
        indent: list[Cell] = [None] * (self._sheet.start[1] if self._sheet.start else 0)
        for number, row in enumerate(self._sheet.iter_rows(), start=1):
            yield number, indent + cast("list[Cell]", row) if indent else cast("list[Cell]", row)


class Workbook:
    """An xlsx; sheets are parsed when asked for, one at a time."""

    def __init__(self, file: BinaryIO, package: Package) -> None:
        self._package = package
        self._workbook = _or_refused(lambda: CalamineWorkbook.from_filelike(file))

    def sheets(self) -> Iterator[WorkbookSheet]:
        """Work sheets only; charts hold no rows."""
        for index, kept in enumerate(self._workbook.sheets_metadata):
            if kept.typ is not SheetTypeEnum.WorkSheet:
                continue
            sheet = _or_refused(partial(self._workbook.get_sheet_by_index, index))
            yield WorkbookSheet(kept.name, sheet, self._package, hidden=kept.visible is not SheetVisibleEnum.Visible)

    def close(self) -> None:
        """Let go of the file."""
        with suppress(WorkbookClosed):
            self._workbook.close()


def _or_refused(work: Callable[[], T]) -> T:
    try:
        return work()
    except (CalamineError, OSError, ValueError) as error:
        raise _damaged() from error
    except BaseException as error:
        # A panic of the parser arrives as an exception outside Exception's family.
        if type(error).__name__ == "PanicException":
            raise _damaged() from error
        raise


def _damaged() -> Exception:
    return unreadable("文件内部结构已损坏，请在电子表格软件中重新另存", "The file is damaged inside; save it again")
