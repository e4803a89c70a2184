"""A venue's poster: an A4 sheet as one drawing, with the QR code that opens the check-in page, to print or to keep."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import segno

from api.console.rendering import day_in_words
from domain.times import SHANGHAI

if TYPE_CHECKING:
    from starlette.requests import Request

    from api.service import Service

_LINE: Final = 26
"""How wide a line of the venue's name is at most before there is another, in half-width letters."""
_LINES: Final = 4
_SLACK: Final = 8
_TORN: Final = 2_000
"""What tearing a word costs, against unevenness in half-width letters squared."""
_SHEET_MM: Final = 180
_LARGEST_MM: Final = 10.5
_SMALLER_MM: Final = 8.5
_APART_MM: Final = 13
_CLOSER_MM: Final = 10
_LONGEST: Final = 60
_ENDINGS: Final = (
    *("省", "市", "区", "县", "旗", "州", "镇", "乡", "村", "局", "厅", "院", "校"),
    *(
        "街道",
        "社区",
        "中心",
        "公司",
        "集团",
        "委员会",
        "支部",
        "总支",
        "服务站",
        "联络站",
        "工作站",
        "窗口",
        "大厦",
        "广场",
        "园区",
    ),
)
_CONTINUES: Final = frozenset("民域委政级场长中内外镇属直")
"""Letters that go on with a word which seems to be at its end: 市民, 区域, 县委, 镇长."""
_OPENING: Final = frozenset("（(《“‘【[")
_CLOSING: Final = frozenset("）)》”’】]，。、；：,.;:")
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
    lines = in_lines(code["venue"]["name"])
    until = last_day(code["expires_at"])
    return {
        "qr": drawn(address),
        "address": address,
        "lines": lines,
        "letters_mm": size_of(lines),
        "apart_mm": _APART_MM if len(lines) < _LINES else _CLOSER_MM,
        "groups": [text[start : start + _GROUP] for start in range(0, len(text), _GROUP)],
        "code": code,
        "until_zh": day_in_words(until, "zh"),
        "until_en": day_in_words(until, "en"),
    }


def in_lines(name: str) -> list[str]:
    """Break a name into as few lines as hold it, between words, places and offices where there is such a place.

    Chinese has no gaps: a place's or an office's name ends with a word that says what it is (区, 街道, 中心).
    """
    width = _width(name)
    for count in range(1, _LINES):
        broken = _broken(name, count, max(_LINE, -(-width // count) + _SLACK))
        if all(_width(line) <= _LINE for line in broken):
            return broken
    longest = min(max(_width(word) for word in name.split()), _LONGEST)
    return _broken(name, _LINES, max(-(-width // _LINES) + _SLACK, longest))


def words_of(name: str) -> list[str]:
    """Take a name apart where a line may end."""
    ends = [at for at in range(1, len(name)) if _may_break(name, at)]
    return [name[start:end] for start, end in zip([0, *ends], [*ends, len(name)], strict=True)]


def size_of(lines: list[str]) -> float:
    """Return how large the lines' letters may be in millimetres, so that all of them fit on the sheet."""
    across = round(2 * _SHEET_MM / max(_width(line) for line in lines), 2)
    return min(_LARGEST_MM if len(lines) < _LINES else _SMALLER_MM, across)


def _broken(name: str, count: int, most: int) -> list[str]:
    """Break a name into so many lines: not beyond a width, seldom within a word, about as long as each other."""
    fair = _width(name) / count
    nowhere: tuple[float, list[str]] = (float("inf"), [])
    start_of_all: tuple[float, list[str]] = (0.0, [])
    best = [start_of_all, *[nowhere] * len(name)]
    for _ in range(count):
        following = [nowhere] * (len(name) + 1)
        for start, (cost, lines) in enumerate(best):
            if cost == float("inf"):
                continue
            for end in range(start + 1, len(name) + 1):
                line = name[start:end].strip()
                if _width(line) > most:
                    break
                torn = 0 if end == len(name) or _may_break(name, end) else _TORN
                whole = cost + (_width(line) - fair) ** 2 + torn
                if whole < following[end][0]:
                    following[end] = (whole, [*lines, line])
        best = following
    return [line for line in best[len(name)][1] if line]


def _may_break(name: str, at: int) -> bool:
    """Whether a line may end before a letter."""
    before, after = name[:at], name[at]
    if after in _CLOSING or before[-1] in _OPENING:
        return False
    if after in _OPENING or before[-1] in _CLOSING or " " in (before[-1], after):
        return True
    return before.endswith(_ENDINGS) and after not in _CONTINUES


def _width(text: str) -> int:
    """How wide a text is, in half-width letters."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def last_day(expires_at: str) -> str:
    """Return the last day on which a code counts that ends at a moment, by the clock of Shanghai."""
    ends = datetime.fromisoformat(expires_at).astimezone(SHANGHAI)
    return (ends - timedelta(seconds=1)).date().isoformat()
