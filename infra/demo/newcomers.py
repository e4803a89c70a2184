"""People who are registered at a desk: synthetic, each the same for the same seed and number, no two alike."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any, Final

from domain.identity import make_identity_number
from infra.demo.synthetic_people import NAME_ENDS, NAME_STARTS

_FIRST_BIRTHDAY: Final = date(1958, 1, 1)
_BIRTHDAYS: Final = 46 * 365
_STRIDE: Final = 7_919
"""A prime that shares nothing with the birthdays: neighbours in number are not neighbours in age."""
_SEQUENCES: Final = 1_000
_ETHNICITIES: Final = ("01",) * 17 + ("03", "04", "26")
_EDUCATIONS: Final = ("70", "60", "40", "30", "30", "20", "20", "14")


def newcomer(chance: random.Random, seed: int, number: int, branch: str, on: date) -> dict[str, Any]:
    """Return what is asked at a registration on a day.

    The identity number follows from seed and number alone: 990000 to 999999 stand for no place, 17 million numbers a
    seed, and seeds a thousand apart share theirs.
    """
    born = _FIRST_BIRTHDAY + timedelta(days=number * _STRIDE % _BIRTHDAYS)
    sequence = number // _BIRTHDAYS
    identity = make_identity_number(f"999{seed % 1_000:03d}", born, sequence % _SEQUENCES)
    probationary = chance.random() < 0.05
    adult = date(born.year + 18, 7, 1)
    latest = max(adult, on - timedelta(days=60))
    joined = latest if probationary else adult + timedelta(days=chance.randrange(max(1, (latest - adult).days)))
    if probationary:
        joined = on - timedelta(days=chance.randrange(30, 300))
    return {
        "identity_number": identity,
        "name": chance.choice(NAME_STARTS) + "".join(chance.sample(NAME_ENDS, chance.choice((1, 2, 2)))),
        "category": "PROBATIONARY" if probationary else "FULL",
        "organisation": branch,
        "ethnicity": chance.choice(_ETHNICITIES),
        "education": chance.choice(_EDUCATIONS),
        "phone": f"199{chance.randrange(10**8):08d}",
        "joined_on": min(joined, on).isoformat(),
        "occurred_at": on.isoformat(),
    }
