"""Identity numbers of GB 11643: read as people and spreadsheets write them, checked, and turned into facts.

The first six digits are not looked up: districts come and go, numbers do not. Residence permits (81, 82, 83),
foreigners' permanent residence cards (9...) and synthetic numbers (99...) have the same form and are read alike.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final

from domain.errors import DomainError, Sentence

_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_DIGITS: Final = "10X98765432"
_EARLIEST: Final = date(1850, 1, 1)  # nobody on a register was born before: an older year is a slip of the pen
_NOISE: Final = re.compile(r"[\s'`‘’\u200b-\u200f\u2060\ufeff]+")  # spaces, quotes that force text, marks nobody sees
_NUMBER: Final = re.compile(r"[1-9][0-9]{16}[0-9X]\Z")
_OLD: Final = re.compile(r"[1-9][0-9]{14}\Z")
_EXPONENT: Final = re.compile(r"[0-9](\.[0-9]+)?E\+?[0-9]{1,2}\Z")
_DECIMAL: Final = re.compile(r"[0-9]{16,19}\.[0-9]*\Z")


class Sex(StrEnum):
    """Sex as an identity number tells it (GB/T 2261.1: 1 male, 2 female)."""

    MALE = "MALE"
    FEMALE = "FEMALE"


@dataclass(frozen=True, slots=True)
class IdentityNumber:
    """A number that is right, with what it says; its repr does not show it, so that no log does."""

    number: str = field(repr=False)
    born: date = field(repr=False)
    sex: Sex


class IdentityError(DomainError):
    """The text is not an identity number that can be taken; says what would be right, never the text itself.

    Codes: identity_number_old, identity_number_destroyed, identity_number_invalid.
    """

    def __init__(self, code: str, zh: str, en: str) -> None:
        super().__init__(code, Sentence(zh, en))
        self.zh = zh
        self.en = en


def parse_identity_number(text: str, today: date, *, numeric: bool = False) -> IdentityNumber:
    """Read an identity number of 18 characters; `today` is the day in Asia/Shanghai, nobody is born after it.

    Full-width digits, a lower-case x, spaces and a leading apostrophe are taken. `numeric` says that the text comes
    from a cell that held a number: a spreadsheet keeps 15 digits, so that such a number is destroyed even where it
    looks whole. Text that ends in three zeros is taken only if its check digit is right.
    Raises IdentityError.
    """
    number = normalise_identity_number(text)
    if _EXPONENT.match(number) or _DECIMAL.match(number) or (numeric and len(number) > 15):
        raise _destroyed()
    if _OLD.match(number):
        raise IdentityError(
            "identity_number_old",
            "这是15位旧号码，请填写18位公民身份号码。",
            "This is an old number of 15 digits; give the number of 18 characters.",
        )
    if not _NUMBER.match(number):
        raise _invalid(
            "应为18位：17位数字和一位校验码（数字或X）。", "It has 17 digits and a check digit (0 to 9 or X)."
        )
    if check_digit(number[:17]) != number[17]:
        if number.endswith("000"):
            raise _destroyed()
        raise _invalid("校验码不符，请逐位核对。", "The check digit does not fit; compare digit by digit.")
    return IdentityNumber(number, _day_of_birth(number, today), Sex.MALE if int(number[16]) % 2 else Sex.FEMALE)


def normalise_identity_number(text: str) -> str:
    """Write a number the one way it is kept and compared: half-width, no spaces, capital X. Checks nothing."""
    return _NOISE.sub("", unicodedata.normalize("NFKC", text)).upper()


def check_digit(first_seventeen: str) -> str:
    """Return the eighteenth character for the first seventeen digits (GB 11643, ISO 7064 MOD 11-2)."""
    total = sum(int(digit) * weight for digit, weight in zip(first_seventeen, _WEIGHTS, strict=True))
    return _CHECK_DIGITS[total % 11]


def make_identity_number(region: str, born: date, sequence: int) -> str:
    """Make a number with a right check digit for synthetic people.

    `region` has six digits and begins with 99, which is no place; `sequence` is 0 to 999, odd for a man.
    Raises ValueError where these do not hold.
    """
    if not re.fullmatch(r"99[0-9]{4}", region) or not 0 <= sequence <= 999:
        message = "a synthetic number needs a region 99xxxx and a sequence from 0 to 999"
        raise ValueError(message)
    digits = f"{region}{born:%Y%m%d}{sequence:03d}"
    return digits + check_digit(digits)


def _day_of_birth(number: str, today: date) -> date:
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        born = None
    if born is None or not _EARLIEST <= born <= today:
        raise _invalid(
            "第7至14位应为真实存在且不晚于今天的出生日期。",
            "Characters 7 to 14 are the day of birth: a day that exists and is not in the future.",
        )
    return born


def _destroyed() -> IdentityError:
    return IdentityError(
        "identity_number_destroyed",
        "号码已被电子表格改写（只保留15位有效数字），请将该列设为文本格式后重新填写18位号码。",
        "A spreadsheet has destroyed this number (it keeps 15 digits); format the column as text and enter it again.",
    )


def _invalid(zh: str, en: str) -> IdentityError:
    return IdentityError("identity_number_invalid", f"身份号码有误。{zh}", f"The identity number is wrong. {en}")
