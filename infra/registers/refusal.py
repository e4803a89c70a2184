"""What refuses a whole file, and the limits within which a file is read at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from domain.errors import Sentence

RefusalCode = Literal["unreadable_file", "encrypted_file", "not_a_register", "too_large"]


class RegisterRefused(Exception):
    """The file as a whole is not read; nothing of it has been taken (HTTP 413 for `too_large`, else 422)."""

    def __init__(self, code: RefusalCode, sentence: Sentence) -> None:
        super().__init__(f"{code}: {sentence.en}")
        self.code = code
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a file may be. Bytes are bytes; `ratio` is unpacked to packed, judged for parts above `ratio_from`."""

    file_bytes: int = 32 << 20
    unpacked_bytes: int = 256 << 20
    ratio: int = 150
    ratio_from: int = 4 << 20
    members: int = 2_000
    elements: int = 8_000_000
    rows: int = 100_000
    columns: int = 256
    cells: int = 8_000_000


DEFAULT_LIMITS: Final = Limits()


def too_large(zh: str, en: str) -> RegisterRefused:
    """Refuse a file for its size, saying which size and what is allowed."""
    return RegisterRefused("too_large", Sentence(f"文件过大：{zh}", f"The file is too large: {en}"))


def unreadable(zh: str, en: str) -> RegisterRefused:
    """Refuse a file that is not what it should be, saying what it is."""
    return RegisterRefused("unreadable_file", Sentence(zh, en))
