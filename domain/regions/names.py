"""Reads names of places as offices type them: chains, short forms, separators, codes, and names of before."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from domain.regions.region import COUNTRY, Level, Region
from domain.regions.short_names import KINDS, short_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from domain.regions.table import RegionTable

_SEPARATORS: Final = re.compile(r"[^0-9A-Za-z\u3400-\u9fff\U00020000-\U0003ffff]+")
_CODE: Final = re.compile(r"(?<!\d)(\d{6}|\d{9}|\d{12})(?!\d)")
_COUNTRY: Final = re.compile(r"(中华人民共和国|中国)(?=.)")
# What lists put between a province and its counties where there is no city.
_HEADING: Final = re.compile(r"市辖区|(省|自治区)?直辖县(级行政(区划|单位))?|省直辖(县级)?行政(单位|区划)")
# Zones that are no regions of the standard: a record there is held at the place they lie in.
_ZONE: Final = re.compile(
    r".*(开发区|高新区|经开区|产业园区?|工业园区?|园区|保税区|示范区|管理区|度假区|新城|新区)|(主城|城|市)区$"
)
# A county that the table does not have, in a city that it has: nothing is taken, rather than the city alone.
_UNREAD_COUNTY: Final = re.compile(r"(?!.{0,6}[小社校厂街院]区)[^0-9路街号镇乡村道]{1,16}?[区县旗市]")
_LEVELS: Final = (Level.PROVINCE, Level.CITY, Level.COUNTY)
LONGEST: Final = 40


@dataclass(frozen=True, slots=True)
class Match:
    """What a text can mean on a day.

    `candidates` best first; `rest` is the text after the name (仓前街道), without separators; `former`, only without
    candidates, are places that bore the name before the day: `RegionTable.resolve` tells what became of them.
    """

    candidates: tuple[Region, ...] = ()
    rest: str = ""
    former: tuple[Region, ...] = ()


@dataclass(frozen=True, slots=True)
class _Reading:
    """One way to read the text: the last place of the chain, where its name ends, how many names, in full or not."""

    region: Region
    end: int
    names: int
    full: bool
    repeats: bool


class NameIndex:
    """Every name and short name of every region ever, in one dictionary; validity is asked per region and day."""

    def __init__(self, table: RegionTable, regions: Iterable[Region]) -> None:
        """Index the regions of a table."""
        self._table = table
        aliases: dict[str, list[tuple[Region, bool]]] = defaultdict(list)
        for region in regions:
            if region.heading:
                continue
            aliases[region.name].append((region, True))
            for short in short_names(region.name, region.level):
                aliases[short].append((region, False))
        self._aliases = dict(aliases)
        self._longest = max(map(len, aliases), default=0)

    def match(self, text: str, on: date, within: str | None) -> Match:
        """Read a text; see `RegionTable.match`."""
        name, codes = _normalised(text)
        for coded in codes:
            found = self._by_code(coded, name, on, within)
            if found is not None:
                return found
        if not name:
            return Match()
        for day_fits in (self._stands, self._may_have_stood):
            readings = list(self._readings(name, on, day_fits))
            found = self._best(name, readings, on, within)
            if found.candidates:
                return found
        return Match(former=self._former(name, on, within))

    def _by_code(self, code: str, name: str, on: date, within: str | None) -> Match | None:
        region = self._table.get(code, on)
        if region is None or region.level is Level.COUNTRY or region.heading or not self._lies_in(region, within, on):
            former = tuple(self._table.history(code)[-1:])
            return Match(former=former) if former and not name else None
        if not name:
            return Match((region,))
        named = self.match(name, on, within)
        if any(one.code == code[:6] for one in named.candidates):
            return Match((region,), named.rest)
        # Code and name disagree: both are shown, a person decides.
        return Match((region, *named.candidates), named.rest)

    def _readings(self, text: str, on: date, fits: Callable[[Region, date], bool]) -> Iterator[_Reading]:
        """Yield every chain of names from the start of the text, each name below the one before."""
        waiting: list[tuple[int, Region | None, int, bool]] = [(0, None, 0, False)]
        seen: set[tuple[int, str]] = set()
        while waiting:
            start, above, names, repeats = waiting.pop()
            if above is not None and (heading := _HEADING.match(text, start)):
                start = heading.end()
            for size in range(min(self._longest, len(text) - start), 1, -1):
                for region, full in self._aliases.get(text[start : start + size], ()):
                    if not fits(region, on) or not self._is_below(region, above, on):
                        continue
                    end = start + size
                    again = repeats or (above is not None and region.code == above.code)
                    yield _Reading(region, end, names + 1, full, again)
                    if (end, region.code) not in seen:
                        seen.add((end, region.code))
                        waiting.append((end, region, names + 1, again))

    def _stands(self, region: Region, on: date) -> bool:
        return region.stands_on(on)

    def _may_have_stood(self, region: Region, on: date) -> bool:
        return region.stands_on(on) or (region.valid_from <= on and self._table.accepts(region.code, on))

    def _is_below(self, region: Region, above: Region | None, on: date) -> bool:
        if above is None or region.code == above.code:
            return True
        day = on if region.stands_on(on) else region.valid_from
        return any(parent.code == above.code for parent in self._table.parents(region.code, day))

    def _best(self, text: str, readings: list[_Reading], on: date, within: str | None) -> Match:
        """Keep the readings that leave least of the text over, and of those the places that can be meant."""
        possible = [one for one in readings if _may_end(text, one) and self._lies_in(one.region, within, on)]
        if not possible:
            return Match()
        end = max(one.end for one in possible)
        furthest = [one for one in possible if one.end == end]
        # 荆州荆州 is the district of the city, though a name may also be given twice (北京市北京市).
        furthest = [one for one in furthest if not one.repeats] or furthest
        furthest = [one for one in furthest if one.full] or furthest
        regions = list({one.region.code: one.region for one in sorted(furthest, key=_order)}.values())
        if not any(one.full for one in furthest):
            regions = self._meant(regions, on)
        return Match(tuple(regions), text[end:])

    def _meant(self, regions: list[Region], on: date) -> list[Region]:
        """Choose among places of one short name: the province, or the one that holds all others (荆州: the city)."""
        top = regions[0]
        if top.level is Level.PROVINCE:
            return [top]
        others = [region for region in regions if region is not top]
        if all(self._is_below(region, top, on) for region in others):
            return [top]
        return regions

    def _former(self, text: str, on: date, within: str | None) -> tuple[Region, ...]:
        """Find what bore this name, at the end of its chain, on its last day before `on`, latest first."""
        found: dict[str, tuple[date, Region]] = {}
        for region, last in self._ended_names(text, on):
            known = found.get(region.code)
            if (known is not None and known[0] >= last) or not self._lies_in(region, within, on):
                continue
            chains = self._readings(text, last, self._stands)
            if any(one.region == region and _may_end(text, one) for one in chains):
                found[region.code] = (last, region)
        return tuple(region for _, region in sorted(found.values(), key=lambda one: one[0], reverse=True))

    def _ended_names(self, text: str, on: date) -> Iterator[tuple[Region, date]]:
        """Yield every region that ended by the day and whose name stands in the text, with its last day."""
        for start in range(min(len(text), LONGEST)):
            for size in range(2, min(self._longest, len(text) - start) + 1):
                for region, _ in self._aliases.get(text[start : start + size], ()):
                    if region.valid_to is not None and region.valid_to <= on:
                        yield region, region.valid_to - timedelta(days=1)

    def _lies_in(self, region: Region, within: str | None, on: date) -> bool:
        return within is None or within == COUNTRY or self._table.lies_in(region.code, within, on)


def _normalised(text: str) -> tuple[str, list[str]]:
    """Return the name without separators, and the codes that stand beside it."""
    plain = unicodedata.normalize("NFKC", text)[: LONGEST * 4]
    codes = _CODE.findall(plain)
    name = _SEPARATORS.sub("", _CODE.sub(" ", plain))
    return _COUNTRY.sub("", name, count=1) if _COUNTRY.match(name) else name, codes


def _may_end(text: str, reading: _Reading) -> bool:
    """Whether a name may stop here: the rest must be no county unread, nor make another name of it (朝阳路)."""
    rest = text[reading.end :]
    if not rest or _ZONE.match(rest):
        return True
    if reading.region.level is not Level.COUNTY and _UNREAD_COUNTY.match(rest):
        return False
    return reading.full or (reading.names > 1 and rest[0] not in KINDS)


def _order(reading: _Reading) -> tuple[int, str]:
    return _LEVELS.index(reading.region.level), reading.region.code
