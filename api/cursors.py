"""Opaque cursors: where a list goes on, and the two clocks that its first page was answered on."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import orjson

from api import problem_list as kinds
from api.problems import Problem, invalid
from domain.errors import Sentence

SECONDS_KEPT: Final = 3600
_SEAL_BYTES: Final = 16
_PURPOSE: Final = "cursor"

Hash = Callable[[str, bytes], bytes]


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a list goes on: after `after`, as of and as known when it was begun."""

    as_of_us: int
    known_position: int
    after: Any


class Cursors:
    """Writes and reads cursors; nobody else can make one, nor use it for another question."""

    def __init__(self, keyed_hash: Hash, now_us: Callable[[], int]) -> None:
        """Seal with the vault's keyed hash; `now_us` is the edge's clock."""
        self._hash = keyed_hash
        self._now_us = now_us

    def write(self, question: bytes, cursor: Cursor, begun_s: int | None = None) -> str:
        """Write a cursor; `begun_s` is when its list was begun, now for a first page."""
        begun = self._now_us() // 1_000_000 if begun_s is None else begun_s
        content = orjson.dumps([begun, cursor.as_of_us, cursor.known_position, cursor.after])
        return base64.urlsafe_b64encode(self._seal(question, content) + content).rstrip(b"=").decode()

    def read(self, question: bytes, text: str) -> tuple[Cursor, int]:
        """Return a cursor and when its list was begun. Raises Problem: 422 not ours, 410 older than an hour."""
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        seal, content = raw[:_SEAL_BYTES], raw[_SEAL_BYTES:]
        if not content or seal != self._seal(question, content):
            sentence = Sentence(
                "游标不是由此问题的上一页给出的", "This cursor was not given by a page of this question."
            )
            raise invalid("/query/cursor", "unreadable", sentence, "`next` of the page before, with the same question")
        begun, as_of_us, known_position, after = orjson.loads(content)
        if self._now_us() // 1_000_000 - begun > SECONDS_KEPT:
            sentence = Sentence(
                "游标有效一小时，请从第一页重新开始", "Cursors live an hour: begin again from the first page."
            )
            raise Problem(kinds.CURSOR_EXPIRED, sentence)
        return Cursor(as_of_us, known_position, after), begun

    def _seal(self, question: bytes, content: bytes) -> bytes:
        return self._hash(_PURPOSE, question + b"\0" + content)[:_SEAL_BYTES]
