"""People made up in any number: a name, a telephone and an identity number of nobody (they begin with 99) each."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final, NamedTuple

from domain.identity import make_identity_number

_FIRST_BIRTHDAY: Final = date(1950, 1, 1)


class Made(NamedTuple):
    """What the vault keeps of somebody made up."""

    name: str
    phone: str
    number: str


def people() -> Iterator[Made]:
    """Yield people without end, no two alike."""
    day, sequence = _FIRST_BIRTHDAY, 1
    while True:
        number = make_identity_number("990000", day, sequence)
        count = (day - _FIRST_BIRTHDAY).days + 20_000 * (sequence - 1)
        yield Made(f"测试{count:06d}", f"139{count:08d}", number)
        day += timedelta(days=1)
        if day.year == 2005:
            day, sequence = _FIRST_BIRTHDAY, sequence + 1
