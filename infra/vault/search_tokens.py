"""Keyed tokens by which people are found: of the name, its pinyin and initials, the telephone number.

| kind | tokens of one person |
|---|---|
| name | every beginning of the name, up to 10 characters |
| latin | every beginning of the pinyin from 2 letters, up to 20; of the initials, from 2; of a name in Latin script |
| phone | the whole number, without country code |
| phone_end | its last four digits |

An identity number needs no token: the blind index finds it. A token is 12 bytes of BLAKE2b under a key derived
from the master key: without it, a token tells nothing, and nobody can make one. Nothing longer than the bounds is
told apart, so that a search may find more than asked, never less.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Final

from infra.vault import fields, names

KINDS: Final = ("name", "latin", "phone", "phone_end")
TOKEN_BYTES: Final = 12
_LONGEST_NAME: Final = 10
_LONGEST_LATIN: Final = 20
_COUNTRY: Final = re.compile(r"(?:\+|00)?86(?=1[0-9]{10}\Z)")
_NOT_A_DIGIT: Final = re.compile(r"[^0-9+]+")
_PHONE: Final = re.compile(r"\+?[0-9][0-9 \-()]{5,}\Z")

Token = tuple[str, bytes]


class TokenMaker:
    """Makes tokens under one key; costs about 0.5 µs a token, of which a person has some twenty."""

    def __init__(self, key: bytes) -> None:
        self._seeded = {kind: hashlib.blake2b(kind.encode(), key=key, digest_size=TOKEN_BYTES) for kind in KINDS}

    def of_person(self, personal: Mapping[str, str]) -> tuple[Token, ...]:
        """Make all tokens of a person; fields that are not there, or empty, have none."""
        words = [*_words_of_name(personal.get(fields.NAME, "")), *_words_of_phone(personal.get(fields.PHONE, ""))]
        return tuple(self._token(kind, word) for kind, word in dict.fromkeys(words))

    def of_query(self, text: str) -> tuple[Token, ...]:
        """Make the tokens that a typed text may mean; a person who has one of them is meant. Empty: nobody is."""
        return tuple(self._token(kind, word) for kind, word in _meanings(text))

    def _token(self, kind: str, word: str) -> Token:
        hasher = self._seeded[kind].copy()
        hasher.update(word.encode())
        return kind, hasher.digest()


def compact_phone(text: str) -> str:
    """Write a telephone number the one way in which numbers are compared: digits, no country code of China."""
    return _COUNTRY.sub("", _NOT_A_DIGIT.sub("", unicodedata.normalize("NFKC", text))).lstrip("+")


def _words_of_name(name: str) -> Iterator[tuple[str, str]]:
    compacted = names.compact(name)
    if not names.is_latin(compacted):
        for word in names.prefixes(compacted, 1, _LONGEST_NAME):
            yield "name", word
    for spelling in names.spellings(name):
        for word in names.prefixes("".join(spelling), 2, _LONGEST_LATIN):
            yield "latin", word
        for word in names.prefixes("".join(syllable[0] for syllable in spelling), 2, _LONGEST_LATIN):
            yield "latin", word


def _words_of_phone(phone: str) -> Iterator[tuple[str, str]]:
    compacted = compact_phone(phone)
    if len(compacted) >= 5:
        yield "phone", compacted
        yield "phone_end", compacted[-4:]


def _meanings(text: str) -> Iterator[tuple[str, str]]:
    written = unicodedata.normalize("NFKC", text).strip()
    if re.fullmatch(r"[0-9]{4}", written):
        yield "phone_end", written
    elif _PHONE.match(written):
        yield "phone", compact_phone(written)
    elif names.is_latin(compacted := names.compact(written)):
        yield "latin", compacted[:_LONGEST_LATIN]
    elif compacted:
        yield "name", compacted[:_LONGEST_NAME]
