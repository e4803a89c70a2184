"""Whether a register mentions a person anywhere: in any cell of any sheet, head, note or hidden row."""

from __future__ import annotations

import unicodedata
from io import BytesIO

from domain.identity import normalise_identity_number
from infra.registers.formats import open_book
from infra.registers.refusal import DEFAULT_LIMITS


def mentions(content: bytes, filename: str, *, name: str | None, number: str | None) -> bool:
    """Look through a whole file for a name or an identity number (18 characters).

    Raises RegisterRefused for what cannot be read as a register.
    """
    wanted_name = _squeezed(name) if name else None
    for sheet in open_book(BytesIO(content), filename, DEFAULT_LIMITS).sheets():
        for _, cells in sheet.rows():
            for cell in cells:
                text = _squeezed(str(cell)) if cell is not None else ""
                if text and (
                    (wanted_name is not None and wanted_name in text)
                    or (number is not None and number in normalise_identity_number(text))
                ):
                    return True
    return False


def _squeezed(text: str) -> str:
    """A text without white space, as offices put it into names, and with full-width characters as plain ones."""
    return "".join(unicodedata.normalize("NFKC", text).split())
