"""A csv as one sheet: UTF-8 with or without mark, GB18030, or a spreadsheet's Unicode text; comma, tab or semicolon."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from itertools import islice
from typing import BinaryIO, Final

from infra.registers.cells import Cell
from infra.registers.heads import recognised
from infra.registers.refusal import Limits, too_large, unreadable
from infra.registers.sheets import Merge

_DELIMITERS: Final = (",", "\t", ";", "，", "|")
_PIECE: Final = 1 << 18
_LOOKED_AT: Final = 40

_SUFFIX: Final = re.compile(r"\.([a-z]{3})\Z")


class TextSheet:
    """The one sheet of a csv; rows are numbered as a spreadsheet that opens it does, empty lines included."""

    hidden = False
    typed = False
    from_1904 = False
    merges: tuple[Merge, ...] = ()
    hidden_rows: frozenset[int] = frozenset()
    height: int | None = None

    def __init__(self, name: str, file: BinaryIO, encoding: str, delimiter: str, limits: Limits) -> None:
        self.name = name
        self._file, self._encoding, self._delimiter, self._limits = file, encoding, delimiter, limits

    def rows(self) -> Iterator[tuple[int, list[Cell]]]:
        """Every record from the first; raises RegisterRefused where quotes do not pair or a limit is passed."""
        number = 0
        try:
            for number, row in enumerate(_records(self._file, self._encoding, self._delimiter), start=1):
                if number > self._limits.rows:
                    raise too_large(f"超过 {self._limits.rows} 行", f"more than {self._limits.rows} rows")
                if len(row) > self._limits.columns and any(cell.strip() for cell in row[self._limits.columns :]):
                    raise too_large(f"第 {number} 行的列过多", f"row {number} has too many columns")
                yield number, list[Cell](row)
        except csv.Error as error:
            raise unreadable(
                f"第 {number + 1} 行起引号不成对或单元格过长，请检查后重新另存",
                f"From row {number + 1} on quotes do not pair or a cell is too long; check and save again",
            ) from error


class TextTable:
    """A csv file."""

    def __init__(self, file: BinaryIO, filename: str, limits: Limits) -> None:
        encoding = find_encoding(file)
        delimiter = _find_delimiter(file, encoding)
        # Reports name the sheet and are kept, and files are named after people: only the kind of file is told.
        kind = _SUFFIX.search(filename.lower())
        self._sheet = TextSheet("csv" if kind is None else kind[1], file, encoding, delimiter, limits)

    def sheets(self) -> Iterator[TextSheet]:
        """Yield the one sheet."""
        yield self._sheet

    def close(self) -> None:
        """Nothing is held."""


def find_encoding(file: BinaryIO) -> str:
    """Tell how a text file is encoded by decoding all of it; raises RegisterRefused when it is no text."""
    file.seek(0)
    start = file.read(4)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        candidates: tuple[str, ...] = ("utf-16",)
    else:
        candidates = ("utf-8-sig", "gb18030")
    for encoding in candidates:
        if _decodes(file, encoding):
            return encoding
    raise unreadable("不是文本文件，或编码既非 UTF-8 也非 GB18030", "Not a text file, or neither UTF-8 nor GB18030")


def _decodes(file: BinaryIO, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    file.seek(0)
    try:
        while piece := file.read(_PIECE):
            text = decoder.decode(piece)
            if "\x00" in text or "\x1b" in text:
                return False
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _find_delimiter(file: BinaryIO, encoding: str) -> str:
    """Choose the delimiter under which most heads are recognised in one row; of equals the one with most columns."""

    def score(delimiter: str) -> tuple[int, int]:
        try:
            rows = list(islice(_records(file, encoding, delimiter), _LOOKED_AT))
        except csv.Error:
            rows = []
        return (
            max((sum(recognised(cell) for cell in row) for row in rows), default=0),
            max((len(row) for row in rows), default=0),
        )

    return max(_DELIMITERS, key=score)


def _records(file: BinaryIO, encoding: str, delimiter: str) -> Iterator[list[str]]:
    file.seek(0)
    text = io.TextIOWrapper(file, encoding=encoding, newline="")
    try:
        yield from csv.reader(text, delimiter=delimiter, strict=True)
    finally:
        text.detach()
