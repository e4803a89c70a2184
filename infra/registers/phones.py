"""Phone numbers as offices write them, in E.164; a number that cannot be read is left out, never an error."""

from __future__ import annotations

import re
from typing import Final

import phonenumbers

_MOBILE: Final = re.compile(r"(?:\+?86)?(1[3-9]\d{9})")
_JOINTS: Final = re.compile(r"[\s\-—.()（）]+")
_BETWEEN: Final = re.compile(r"[、,，;；/|或]+|\s{2,}|(?<=\d{11})\s+(?=1)")


def read_phone(text: str) -> str | None:
    """Return the first number in a text that exists in China's plan, or abroad with its +; None when there is none."""
    for part in (text, *_BETWEEN.split(text)):
        if found := _MOBILE.fullmatch(_JOINTS.sub("", part)):
            return f"+86{found[1]}"
    for part in _BETWEEN.split(text):
        try:
            number = phonenumbers.parse(part, "CN")
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return None
