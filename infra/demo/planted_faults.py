"""Spoiling a few rows the way they are spoiled in real registers, and saying which error each must give."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

from infra.demo.synthetic_people import Traveller
from infra.demo.untidy_cells import Manner, Row

Spoil = Callable[[Row, Traveller, Manner, random.Random], None]


def _destroyed(row: Row, who: Traveller, _manner: Manner, _chance: random.Random) -> None:
    row["identity_number"] = float(who.number[:17] + "0")


def _wrong_check_digit(row: Row, who: Traveller, _manner: Manner, _chance: random.Random) -> None:
    row["identity_number"] = who.number[:17] + ("4" if who.number[17] != "4" else "5")


def _old_number(row: Row, who: Traveller, _manner: Manner, _chance: random.Random) -> None:
    row["identity_number"] = who.number[:6] + who.number[8:17]


def _no_number(row: Row, _who: Traveller, _manner: Manner, _chance: random.Random) -> None:
    row["identity_number"] = ""


def _other_birthday(row: Row, who: Traveller, manner: Manner, chance: random.Random) -> None:
    row["birth_date"] = manner.dates(date(who.born.year - 2, who.born.month, 1), chance)


def _other_sex(row: Row, who: Traveller, _manner: Manner, _chance: random.Random) -> None:
    row["sex"] = "女" if who.male else "男"


def _unknown_branch(row: Row, who: Traveller, _manner: Manner, _chance: random.Random) -> None:
    name = who.branch[1]
    row["organisation"] = f"{name[: len(name) // 2]}新{name[len(name) // 2 :]}"


def _several_places(row: Row, _who: Traveller, _manner: Manner, _chance: random.Random) -> None:
    row["destination"], row["scope"] = "城关区", ""


def _no_such_day(row: Row, who: Traveller, _manner: Manner, _chance: random.Random) -> None:
    row["departed_on"] = f"{who.departed_on.year}.2.30"


def _words_for_a_date(row: Row, _who: Traveller, _manner: Manner, _chance: random.Random) -> None:
    row["departed_on"] = "去年春节后"


def _back_before_leaving(row: Row, who: Traveller, manner: Manner, chance: random.Random) -> None:
    row["returned_on"] = manner.dates(who.departed_on - timedelta(days=95), chance)


def _old_region(row: Row, _who: Traveller, _manner: Manner, _chance: random.Random) -> None:
    row["destination"], row["scope"] = "330103", ""


def _no_category(row: Row, _who: Traveller, _manner: Manner, _chance: random.Random) -> None:
    row["category"] = "积极分子"


FAULTS: Final[tuple[tuple[str, Spoil], ...]] = (
    ("identity_number_destroyed", _destroyed),
    ("identity_number_destroyed", _destroyed),
    ("identity_number_invalid", _wrong_check_digit),
    ("identity_number_invalid", _wrong_check_digit),
    ("identity_number_old", _old_number),
    ("missing", _no_number),
    ("birth_date_disagrees", _other_birthday),
    ("sex_disagrees", _other_sex),
    ("unknown_organisation", _unknown_branch),
    ("unknown_organisation", _unknown_branch),
    ("unknown_region", _several_places),
    ("date_impossible", _no_such_day),
    ("date_unreadable", _words_for_a_date),
    ("return_before_departure", _back_before_leaving),
    ("region_not_valid_then", _old_region),
    ("not_in_list", _no_category),
)
"""By the code of the error that each gives; the commoner stand twice."""


def spoil(row: Row, traveller: Traveller, manner: Manner, chance: random.Random) -> str:
    """Spoil one row in one way; returns the code of its error."""
    code, fault = chance.choice(FAULTS)
    fault(row, traveller, manner, chance)
    return code
