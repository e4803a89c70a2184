"""Writing a list as an xlsx that says in its first row whose it is: nobody hands it on unnamed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import BinaryIO, Final

import xlsxwriter

from infra.registers.annotated import escaped

_WIDTH: Final = 16


def write_list(
    out: str | BinaryIO, title: str, watermark: str, heads: Sequence[str], rows: Iterable[Sequence[object]]
) -> int:
    """Write the watermark, the heads and the rows, every cell text and none a formula; returns how many rows.

    Memory stays that of a row.
    """
    settings = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    written = 0
    with xlsxwriter.Workbook(out, settings) as book:
        head, mark = book.add_format({"bold": True}), book.add_format({"italic": True, "font_color": "#7F7F7F"})
        sheet = book.add_worksheet(title)
        sheet.set_column(0, max(0, len(heads) - 1), _WIDTH)
        sheet.freeze_panes(2, 0)
        sheet.set_footer(f"&L{escaped(watermark).replace('&', '&&')[:240]}&R&P/&N")
        sheet.write_string(0, 0, escaped(watermark), mark)
        for column, text in enumerate(heads):
            sheet.write_string(1, column, escaped(text), head)
        for written, row in enumerate(rows, start=1):
            for column, value in enumerate(row):
                if value is not None:
                    sheet.write_string(written + 1, column, escaped(_text(value)))
    return written


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    return str(value)
