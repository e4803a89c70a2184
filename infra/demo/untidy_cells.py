"""How each office writes the same facts: its dates, its digits, its words for a place, text or numbers."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final

from infra.demo.synthetic_people import Traveller

Written = str | float | date
"""A cell to be written: text, a number, or a day with a day's format."""

Row = dict[str, Written]
"""A row by field."""

_FULL_WIDTH: Final = str.maketrans("0123456789", "０１２３４５６７８９")
_SCOPES: Final = {"ACROSS_PROVINCES": "跨省流动", "IN_PROVINCE": "省内跨市流动", "IN_CITY": "市内流动"}


def month_with_point(day: date, chance: random.Random) -> Written:
    """2024.3, mostly as text; now and then a number, which leaves a January in doubt (Octobers stay text)."""
    if chance.random() < 0.06 and day.month != 10:
        return float(f"{day.year}.{day.month}")
    return f"{day.year}.{day.month}"


def mixed_dates(day: date, chance: random.Random) -> Written:
    """Whatever the person at the desk liked that day."""
    forms: tuple[Callable[[], Written], ...] = (
        lambda: f"{day.year}.{day.month}.{day.day}",
        lambda: f"{day.year}年{day.month}月{day.day}日",
        lambda: f"{day.year}/{day.month}/{day.day}",
        day.isoformat,
        lambda: f"{day.year}年{day.month}月",
        lambda: f"{day:%Y.%m.%d}".translate(_FULL_WIDTH),
    )
    return chance.choice(forms)()


def real_dates(day: date, chance: random.Random) -> Written:
    """A day with a day's format, now and then a bare serial number or text."""
    draw = chance.random()
    if draw < 0.05:
        return float((day - date(1899, 12, 30)).days)
    return f"{day.year}-{day.month}-{day.day}" if draw < 0.15 else day


def compact_dates(day: date, chance: random.Random) -> Written:
    """20240305, as text or as a number."""
    return f"{day:%Y%m%d}" if chance.random() < 0.7 else float(f"{day:%Y%m%d}")


@dataclass(frozen=True, slots=True)
class Manner:
    """The manner of one office."""

    dates: Callable[[date, random.Random], Written]
    places: str
    branch_by: str = "name"


def written(traveller: Traveller, manner: Manner, chance: random.Random) -> Row:
    """Write one traveller as an outflow row."""
    dated = manner.dates
    row: Row = {
        "name": f"{traveller.name[:1]} {traveller.name[1:]}" if chance.random() < 0.02 else traveller.name,
        "sex": "男" if traveller.male else "女",
        "ethnicity": traveller.ethnicity,
        "birth_date": dated(traveller.born, chance),
        "identity_number": _number(traveller.number, chance),
        "education": traveller.education,
        "joined_on": dated(traveller.joined_on, chance),
        "category": "预备党员" if traveller.probationary else "正式党员",
        "phone": _phone(traveller.phone, chance),
        "organisation": traveller.branch[0 if manner.branch_by == "code" else 1],
        "departed_on": dated(traveller.departed_on, chance),
        "reason": traveller.reason,
        "scope": _SCOPES.get(traveller.scope or "", ""),
        "destination": _place(traveller, manner),
        "employer": f"样例{traveller.industry}单位{chance.randrange(200)}号",
        "industry": traveller.industry,
        "occupation": traveller.occupation,
        "contact_status": "失联" if traveller.lost_on else "正常联系",
    }
    if traveller.lost_on:
        row["lost_contact_on"] = dated(traveller.lost_on, chance)
    if traveller.returned_on:
        row["returned_on"] = dated(traveller.returned_on, chance)
    if chance.random() < 0.05 and traveller.destination.isdigit():
        row["destination_organisation"] = "当地社区流动党员党支部"
    return row


def _place(traveller: Traveller, manner: Manner) -> str:
    if not traveller.destination.isdigit():
        return traveller.destination_name if manner.places != "short" else traveller.destination_short
    return {
        "code": traveller.destination,
        "full": traveller.destination_name,
        "short": traveller.destination_short,
    }[manner.places]


def _number(number: str, chance: random.Random) -> str:
    draw = chance.random()
    if draw < 0.02:
        return number.translate(_FULL_WIDTH)
    if draw < 0.04:
        return f"{number[:6]} {number[6:14]} {number[14:]}"
    return number.lower() if draw < 0.6 else number


def _phone(phone: str, chance: random.Random) -> Written:
    draw = chance.random()
    if draw < 0.02:
        return f"{phone[:3]}-{phone[3:7]}-{phone[7:]}"
    return float(phone) if draw < 0.4 else phone
