"""A venue's poster: an A4 sheet as one drawing, with the QR code that opens the check-in page, to print or to keep."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import segno

from domain.times import SHANGHAI

if TYPE_CHECKING:
    from starlette.requests import Request

    from api.service import Service

_LINE: Final = 22
"""How wide a line of the venue's name may be, in half-width letters."""
_LINES: Final = 3
_GROUP: Final = 6


@dataclass(frozen=True, slots=True)
class Drawn:
    """A QR code as a path on a square grid of so many units, its quiet zone included."""

    size: int
    path: str


def drawn(text: str) -> Drawn:
    """Draw a text as a QR code that a phone still reads with a corner torn off (level Q)."""
    code = segno.make(text, error="q", micro=False, boost_error=False)
    border = 4
    rows = [
        f"M{column + border} {row + border}h1v1h-1z"
        for row, line in enumerate(code.matrix)
        for column, dark in enumerate(line)
        if dark
    ]
    return Drawn(len(code.matrix) + 2 * border, "".join(rows))


def public_address(request: Request) -> str:
    """Return the address under which people open the console, as a QR code must say it."""
    service: Service = request.app.state.service
    return (service.settings.console_address or f"{request.url.scheme}://{request.url.netloc}").rstrip("/")


def shown_on_poster(request: Request, code: dict[str, Any]) -> dict[str, Any]:
    """Return what the drawing of a poster is filled with."""
    text: str = code["code"]
    address = f"{public_address(request)}{code['link']}"
    return {
        "qr": drawn(address),
        "address": address,
        "lines": in_lines(code["venue"]["name"]),
        "groups": [text[start : start + _GROUP] for start in range(0, len(text), _GROUP)],
        "code": code,
        "until": last_day(code["expires_at"]),
    }


def in_lines(name: str) -> list[str]:
    """Break a name into lines about as long as each other; what is beyond the last is left out, with a mark."""
    widths = [2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in name]
    wanted = min(-(-sum(widths) // _LINE), _LINES) or 1
    most = min(-(-sum(widths) // wanted) + 1, _LINE)
    lines, line, width = [], "", 0
    for letter, wide in zip(name, widths, strict=True):
        if width + wide > most:
            lines.append(line.strip())
            line, width = "", 0
        line, width = line + letter, width + wide
    lines.append(line.strip())
    return lines if len(lines) <= _LINES else [*lines[: _LINES - 1], f"{lines[_LINES - 1][:-1]}…"]


def last_day(expires_at: str) -> str:
    """Return the last day on which a code counts that ends at a moment, by the clock of Shanghai."""
    ends = datetime.fromisoformat(expires_at).astimezone(SHANGHAI)
    return (ends - timedelta(seconds=1)).date().isoformat()
