"""What a region is, and what became of a code."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from datetime import date

COUNTRY: Final = "000000"
Scope = Literal["IN_CITY", "IN_PROVINCE", "ACROSS_PROVINCES"]


class Level(StrEnum):
    """Levels from the country down; the first six digits of a code reach to the county."""

    COUNTRY = "COUNTRY"
    PROVINCE = "PROVINCE"
    CITY = "CITY"
    COUNTY = "COUNTY"
    STREET = "STREET"
    COMMUNITY = "COMMUNITY"


class Change(StrEnum):
    """区划调整: how a region ended."""

    RENAMED = "RENAMED"
    MERGED = "MERGED"
    SPLIT = "SPLIT"


@dataclass(frozen=True, slots=True)
class Region:
    """A code with one name and one parent, from `valid_from` until the day before `valid_to` (days of Asia/Shanghai).

    `change` and `successors` say how it ended, and are empty while it stands. A heading (市辖区, 直辖县) is a
    code of the lists, but no place: it is nobody's parent. The name of a street or community is empty: none are listed.
    """

    code: str
    name: str
    level: Level
    valid_from: date
    valid_to: date | None = None
    parent: str | None = None
    successors: tuple[str, ...] = ()
    change: Change | None = None
    heading: bool = False

    def stands_on(self, day: date) -> bool:
        """Whether the region is valid on a day."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


@dataclass(frozen=True, slots=True)
class Resolution:
    """Where a code recorded at some time stands on a day.

    `code` is the successor, or the code itself when it still stands or when a person must assign it; then
    `needs_assignment` is true, since the day `since`, and `candidates` are the regions of the day among which to choose
    (none when the sources name no successor).
    """

    code: str
    needs_assignment: bool = False
    candidates: tuple[str, ...] = ()
    since: date | None = None


def level_of(code: str) -> Level:
    """Tell a code's level from its digits."""
    match len(code):
        case 9:
            return Level.STREET
        case 12:
            return Level.COMMUNITY
        case _:
            pass
    if code == COUNTRY:
        return Level.COUNTRY
    if code.endswith("0000"):
        return Level.PROVINCE
    return Level.CITY if code.endswith("00") else Level.COUNTY
