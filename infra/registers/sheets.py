"""One sheet of a register as every format hands it over: a name, what is known of its layout, and its rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from infra.registers.cells import Cell


class Merge(NamedTuple):
    """A merged range of cells, rows and columns counted from 0, ends included."""

    top: int
    left: int
    bottom: int
    right: int


class Sheet(Protocol):
    """One sheet; a csv is a register of one sheet with the file's own name."""

    @property
    def name(self) -> str:
        """The name on its tab."""

    @property
    def hidden(self) -> bool:
        """Whether the tab is hidden."""

    @property
    def height(self) -> int | None:
        """Rows, if they can be known before reading."""

    @property
    def typed(self) -> bool:
        """Whether numbers are told apart from text."""

    @property
    def from_1904(self) -> bool:
        """Whether serial days count from 1904 instead of 1900."""

    @property
    def merges(self) -> tuple[Merge, ...]:
        """Merged ranges."""

    @property
    def hidden_rows(self) -> frozenset[int]:
        """Hidden rows that hold something, as the spreadsheet numbers them."""

    def rows(self) -> Iterator[tuple[int, list[Cell]]]:
        """Every row from the first, with the number that the spreadsheet gives it; may be called again."""


class Book(Protocol):
    """An opened file."""

    def sheets(self) -> Iterator[Sheet]:
        """Sheets in the order of their tabs; one at a time is held in memory."""

    def close(self) -> None:
        """Let go of the file."""
