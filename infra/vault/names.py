"""How a person's name is typed: without spaces and dots, in pinyin, by initials; surnames read as surnames."""

from __future__ import annotations

import itertools
import os
import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

# The phrase tables cost 44 MB of memory and decide nothing here: a name is read character by character.
os.environ.setdefault("PYPINYIN_NO_PHRASES", "1")

from pypinyin import lazy_pinyin

_BETWEEN: Final = re.compile(r"[\s·•・．.\-'’‘`,，]+")
_LATIN: Final = re.compile(r"[a-z]+\Z")

# Characters read otherwise when they are a surname; where both readings live, both are found.
_SURNAMES: Final[dict[str, tuple[str, ...]]] = {
    "单": ("shan",), "單": ("shan",), "仇": ("qiu",), "解": ("xie",), "区": ("ou",), "區": ("ou",), "查": ("zha",),
    "曾": ("zeng",), "朴": ("piao", "pu"), "盖": ("ge", "gai"), "缪": ("miao",), "种": ("chong",), "翟": ("zhai", "di"),
    "乐": ("yue", "le"), "折": ("she",), "员": ("yun",), "覃": ("qin", "tan"), "牟": ("mou", "mu"),
    "黑": ("he", "hei"), "秘": ("bi",), "宓": ("mi", "fu"), "洗": ("xian",), "佴": ("nai",), "郗": ("xi", "chi"),
    "召": ("shao",), "祭": ("zhai", "ji"), "繁": ("po",), "都": ("du",), "谌": ("chen", "shen"),
    "隗": ("wei", "kui"), "薄": ("bo",), "乜": ("nie",), "句": ("gou",), "能": ("nai",), "适": ("kuo",),
}  # fmt: skip
_DOUBLE_SURNAMES: Final[dict[str, tuple[str, str]]] = {
    "尉迟": ("yu", "chi"), "万俟": ("mo", "qi"), "单于": ("chan", "yu"), "长孙": ("zhang", "sun"),
    "澹台": ("tan", "tai"),
}  # fmt: skip
_READ_OTHERWISE: Final = {"卜": "bu"}  # 阿卜杜: in names it is never the bo of 萝卜


def compact(text: str) -> str:
    """Write a name the one way in which names are compared: half-width, lower case, no spaces, dots or hyphens."""
    return _BETWEEN.sub("", unicodedata.normalize("NFKC", text).casefold().replace("ü", "v"))


def is_latin(compacted: str) -> bool:
    """Whether a compacted text is letters a to z only, thus pinyin, initials or a name in Latin script."""
    return _LATIN.match(compacted) is not None


def spellings(name: str) -> Iterator[tuple[str, ...]]:
    """Yield every way to spell a name as a row of syllables; a name in Latin script is spelt by its words."""
    compacted = compact(name)
    if is_latin(compacted):
        words = _BETWEEN.split(unicodedata.normalize("NFKC", name).casefold().strip())
        yield tuple(word for word in words if word)
        return
    if (double := _DOUBLE_SURNAMES.get(compacted[:2])) is not None:
        yield (*double, *_syllables(compacted[2:]))
        return
    rest = _syllables(compacted[1:])
    for surname in _SURNAMES.get(compacted[:1]) or _syllables(compacted[:1]):
        yield (surname, *rest)


def prefixes(text: str, shortest: int, longest: int) -> Iterator[str]:
    """Yield the beginnings of `text` of `shortest` to `longest` characters, and nothing for a shorter text."""
    return itertools.islice(itertools.accumulate(text), shortest - 1, longest)


def _syllables(characters: str) -> tuple[str, ...]:
    return tuple(syllable for character in characters if (syllable := _syllable(character)))


@lru_cache(maxsize=16_384)
def _syllable(character: str) -> str:
    """Read one character; nothing for what is no letter. Kept, because names draw on a few thousand characters."""
    if character in _READ_OTHERWISE:
        return _READ_OTHERWISE[character]
    read = lazy_pinyin(character, errors="ignore")
    syllable = compact(read[0]) if read else character
    return syllable if is_latin(syllable) else ""
