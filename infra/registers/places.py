"""Reading a destination or an origin: a code judged on its day, a name that means one place, abroad, or unknown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from domain.regions.region import Level, Region
from domain.regions.table import RegionTable
from infra.registers.cells import squeezed
from infra.registers.dates import Day
from infra.registers.place_words import is_abroad, is_not_known

_CODE: Final = re.compile(r"(?<!\d)(\d{12}|\d{9}|\d{6})(?!\d)")
_SHOWN: Final = 8


@dataclass(frozen=True, slots=True)
class Place:
    """A region by its code as it was on the day, `abroad`, or `unknown`; a person may have to assign the code later."""

    kind: Literal["region", "abroad", "unknown"]
    code: str | None = None
    needs_assignment: bool = False


@dataclass(frozen=True, slots=True)
class PlaceFault:
    """Why no place could be taken: the code of the error, and the places that would be right."""

    code: Literal["unknown_region", "region_not_valid_then", "region_needs_assignment"]
    expected: str | None
    on: date


UNKNOWN: Final = Place("unknown")
ABROAD: Final = Place("abroad")


class PlaceReader:
    """Reads places on their days; answers are kept, since a register names few places, often."""

    def __init__(self, regions: RegionTable, today: date) -> None:
        self._regions = regions
        self._today = today
        self._read: dict[tuple[str, date, date], Place | PlaceFault] = {}

    def read(self, text: str, day: Day) -> Place | PlaceFault:
        """Read a place as it was on `day`; of a month any of its days will do. An empty text is an unknown place."""
        if not text:
            return UNKNOWN
        key = (text, day.first, day.last)
        if key not in self._read:
            self._read[key] = self._find(text, day)
        return self._read[key]

    def _find(self, text: str, day: Day) -> Place | PlaceFault:
        plain = squeezed(text)
        if is_not_known(plain):
            return UNKNOWN
        if is_abroad(plain):
            return ABROAD
        coded = _CODE.search(plain)
        if coded is not None and (plain == coded[1] or not any(char.isalpha() for char in plain)):
            return self._by_code(coded[1], day)
        return self._by_name(text, day)

    def _by_code(self, code: str, day: Day) -> Place | PlaceFault:
        regions = self._regions
        if not regions.known(code) or code == "000000":
            return PlaceFault("unknown_region", None, day.first)
        for on in {day.first: None, day.last: None}:
            region = regions.get(code, on)
            if region is not None and region.heading:
                return PlaceFault("unknown_region", self._shown([region.parent or ""], on), on)
            if regions.accepts(code, on):
                return self._taken(code, on)
        return self._ended(code, day.first)

    def _by_name(self, text: str, day: Day) -> Place | PlaceFault:
        former: Region | None = None
        candidates: list[Region] = []
        for on in {day.first: None, day.last: None}:
            match = self._regions.match(text, on)
            found = [region for region in match.candidates if region.level is not Level.COUNTRY]
            if match.rest and found:
                # 五华区、盘龙区 names two; 春熙路 after 锦江区 names nothing more.
                found += [region for region in self._regions.match(match.rest, on).candidates if region not in found]
            if len(found) == 1:
                return self._taken(found[0].code, on)
            candidates = candidates or found
            former = former or (match.former[0] if match.former else None)
        if candidates:
            return PlaceFault(
                "unknown_region", self._shown([region.code for region in candidates], day.first), day.first
            )
        if former is not None:
            return self._ended(former.code, day.first)
        return PlaceFault("unknown_region", None, day.first)

    def _taken(self, code: str, on: date) -> Place:
        """Take a place as of its day; where it stands today may be for a person to say."""
        later = self._regions.resolve(code, max(self._today, on), on)
        return Place("region", code, needs_assignment=later.needs_assignment)

    def _ended(self, code: str, on: date) -> PlaceFault:
        """Refuse a code that did not stand, naming its successor on that day or those among which to choose."""
        now = self._regions.resolve(code, on)
        if now.needs_assignment:
            return PlaceFault(
                "region_needs_assignment" if now.candidates else "region_not_valid_then",
                self._shown(now.candidates, on),
                on,
            )
        return PlaceFault("region_not_valid_then", self._shown([now.code] if now.code != code else [], on), on)

    def _shown(self, codes: list[str] | tuple[str, ...], on: date) -> str | None:
        """Places as `330105 浙江省杭州市拱墅区`, best first."""
        names = []
        for code in codes[:_SHOWN]:
            region = self._regions.get(code, on)
            if region is not None:
                above = [parent.name for parent in reversed(self._regions.parents(code, on))]
                names.append(f"{code} {''.join(above)}{region.name}")
        return "、".join(names) or None
