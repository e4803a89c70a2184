"""Reading who a row is about: name, number, what the number says of birth and sex, and the person's coded fields."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from typing import Final

from domain.errors import Sentence
from domain.identity import IdentityError, IdentityNumber, parse_identity_number
from infra.registers.code_lists import LISTS
from infra.registers.dates import Day
from infra.registers.issues import CONTRADICTS
from infra.registers.phones import read_phone
from infra.registers.row_cells import RowCells

_IDENTITY_EXPECTED: Final = "18 位：17 位数字和 1 位校验码（0-9 或 X）；单元格设为文本"
_BETWEEN_HAN: Final = re.compile(r"(?<=[\u3400-\u9fff])\s+(?=[\u3400-\u9fff])")
_NAME_EXPECTED: Final = "2-60 个汉字或字母"
_LONGEST_NAME: Final = 60
FREE_TEXT: Final = ("employer", "industry", "occupation", "card_number", "contact_person", "remarks", "residence")


@dataclass(frozen=True, slots=True)
class Person:
    """Who a row is about, as far as it could be read."""

    name: str | None
    identity: IdentityNumber | None
    category: str | None
    sex: str | None
    ethnicity: str | None
    education: str | None
    phone: str | None
    joined_on: Day | None
    personal: dict[str, str]


def read_person(cells: RowCells, today: date) -> Person:
    """Read the person of a row; what is wrong is added to `cells`."""
    name = _name(cells)
    identity = _identity(cells, today)
    born = cells.day("birth_date")
    sex = _coded(cells, "sex")
    if identity is not None:
        _birth_date_must_agree(cells, identity, born)
        if sex is not None and sex != identity.sex.value:
            cells.error("sex_disagrees", "sex", this=cells.where("sex"), other=cells.where("identity_number"))
    joined = cells.day("joined_on")
    cells.must_not_lie_ahead("joined_on", joined, today)
    if joined is not None and identity is not None and joined.last < identity.born:
        cells.error(
            "date_impossible",
            "joined_on",
            sentence=CONTRADICTS,
            this=cells.where("joined_on"),
            other=cells.where("identity_number"),
        )
    return Person(
        name,
        identity,
        _category(cells),
        sex or (identity.sex.value if identity is not None else None),
        _coded(cells, "ethnicity"),
        _coded(cells, "education"),
        _phone(cells, "phone"),
        joined,
        _free_text(cells),
    )


def _name(cells: RowCells) -> str | None:
    text = cells.text("name")
    if not text:
        cells.error("missing", "name", expected=_NAME_EXPECTED)
        return None
    name = _BETWEEN_HAN.sub("", " ".join(text.split()))
    plain = len(name) <= _LONGEST_NAME and "\ufffd" not in name and "?" not in name
    if not plain or not any(unicodedata.category(char)[0] == "L" for char in name):
        cells.error("unreadable", "name", expected=_NAME_EXPECTED)
        return None
    return name


def _identity(cells: RowCells, today: date) -> IdentityNumber | None:
    text = cells.text("identity_number")
    if not text:
        cells.error("missing", "identity_number", expected=_IDENTITY_EXPECTED)
        return None
    try:
        return parse_identity_number(text, today, numeric=cells.is_numeric("identity_number"))
    except IdentityError as wrong:
        cells.error(wrong.code, "identity_number", expected=_IDENTITY_EXPECTED, sentence=Sentence(wrong.zh, wrong.en))
        return None


def _birth_date_must_agree(cells: RowCells, identity: IdentityNumber, born: Day | None) -> None:
    if born is None or born.first <= identity.born <= born.last:
        return
    if born.doubtful and (identity.born.year, identity.born.month) == (born.first.year, 10):
        return
    cells.error(
        "birth_date_disagrees", "birth_date", this=cells.where("birth_date"), other=cells.where("identity_number")
    )


def _category(cells: RowCells) -> str | None:
    """Read the category. A register may lack the column; a cell left empty in it is an error."""
    if "category" in cells.columns and not cells.text("category"):
        cells.error("missing", "category", expected=LISTS["category"][1])
        return None
    return _coded(cells, "category")


def _coded(cells: RowCells, name: str) -> str | None:
    text = cells.text(name)
    if not text:
        return None
    codes, expected = LISTS[name]
    code = codes.get(text)
    if code is None:
        plain = "".join(text.split()).upper()
        code = codes.get(plain) or (plain if plain in codes.values() else None)
    if code is None:
        cells.error("not_in_list", name, expected=expected)
    return code


def _phone(cells: RowCells, name: str) -> str | None:
    text = cells.text(name)
    if not text:
        return None
    phone = read_phone(text)
    if phone is None:
        cells.warn("phone_unreadable", name, expected="13800000000、0571-87000000、+85291234567")
    return phone


def _free_text(cells: RowCells) -> dict[str, str]:
    found = {name: text for name in FREE_TEXT if (text := cells.text(name))}
    if phone := _phone(cells, "contact_phone"):
        found["contact_phone"] = phone
    return found
