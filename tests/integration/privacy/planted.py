"""A person whose name, numbers and address stand nowhere else, in every writing in which they could be kept."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True)
class Planted:
    """Words of one person, by what they are."""

    name: str
    number: str
    phone: str
    address: str

    def needles(self) -> dict[str, bytes]:
        """Return each word in each writing in which something might have kept it."""
        found: dict[str, bytes] = {}
        for what in ("name", "number", "phone", "address"):
            word: str = getattr(self, what)
            found[f"{what}, UTF-8"] = word.encode()
            found[f"{what}, base64"] = base64.b64encode(word.encode())[:-4]
            if not word.isascii():
                found[f"{what}, GBK"] = word.encode("gb18030")
                found[f"{what}, escaped"] = word.encode("unicode_escape")
                found[f"{what}, in a URL"] = quote(word).encode()
                found[f"{what}, in a URL, small"] = quote(word).lower().encode()
        return found


def found_in(place: str, content: bytes, people: list[Planted]) -> list[str]:
    """Say where which word of whom stands in a content."""
    return [f"{what} in {place}" for person in people for what, needle in person.needles().items() if needle in content]
