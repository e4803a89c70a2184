"""Rows of the same person in one file: a later absence is another movement, one that overlaps is an error."""

from __future__ import annotations

import secrets
from hashlib import blake2b
from typing import Final, NamedTuple

from infra.registers.dates import Day
from infra.registers.head_names import Kind

_DIGEST: Final = 16


Place = tuple[str, int]
"""Sheet and row."""


class _Absence(NamedTuple):
    place: Place
    kind: Kind
    name: bytes
    start: Day
    end: Day | None


class SamePerson:
    """Remembers each person by a digest keyed for this reading alone: a few hundred bytes, and no number."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._seen: dict[bytes, tuple[_Absence, ...]] = {}

    def clash(self, number: str, name: str, kind: Kind, start: Day, end: Day | None) -> tuple[str, Place] | None:
        """Tell the code of the error and the place of the earlier row that this one does not fit, if there is one."""
        named = self._digest(name)
        for earlier in self._seen.get(self._digest(number), ()):
            if earlier.name != named:
                return "name_disagrees", earlier.place
            if earlier.kind == kind and _overlap(earlier.start, earlier.end, start, end):
                return "duplicate_in_file", earlier.place
        return None

    def remember(self, place: Place, number: str, name: str, kind: Kind, start: Day, end: Day | None) -> None:
        """Keep a row that may be recorded."""
        digest = self._digest(number)
        seen = self._seen.get(digest, ())
        self._seen[digest] = (*seen, _Absence(place, kind, self._digest(name), start, end))

    def _digest(self, text: str) -> bytes:
        return blake2b(text.encode(), key=self._key, digest_size=_DIGEST).digest()


def _overlap(start: Day, end: Day | None, other_start: Day, other_end: Day | None) -> bool:
    """Whether two absences certainly overlap; days that a month leaves open are taken in favour of the office."""
    if start.first == other_start.first:
        return True
    if start.first > other_start.first:
        start, end, other_start, other_end = other_start, other_end, start, end
    return end is None or other_start.last < end.first
