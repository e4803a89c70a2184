"""The table of regions by code and day: what stood where, what a code became, and how two places relate."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from domain.regions.names import NameIndex
from domain.regions.region import COUNTRY, Level, Region, Resolution, Scope, level_of
from domain.regions.reorganisation import reorganised
from domain.regions.standing import stored_codes_by_region

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from domain.regions.names import Match

CACHED_ANSWERS: Final = 50_000
CACHED_DAYS: Final = 12
# Province-level regions that are cities themselves: the municipalities, Hong Kong and Macao.
CITY_PROVINCES: Final = frozenset({"110000", "120000", "310000", "500000", "810000", "820000"})
StoredCodes = tuple[tuple[str, ...], tuple[str, ...]]


class RegionTable:
    """Immutable. Answers are kept per span between two changes anywhere, so that each is a look-up on any day."""

    def __init__(
        self, regions: Sequence[Region], accepted_until: Mapping[tuple[str, date], date] | None = None
    ) -> None:
        """Take every region ever, in any order; `accepted_until` is for ends of which only the year is known."""
        periods: dict[str, list[Region]] = {}
        for region in regions:
            periods.setdefault(region.code, []).append(region)
        for spans in periods.values():
            spans.sort(key=lambda region: region.valid_from)
        self._periods: dict[str, tuple[Region, ...]] = {code: tuple(spans) for code, spans in periods.items()}
        self._accepted_until = dict(accepted_until or {})
        starts = {region.valid_from for region in regions}
        ends = {region.valid_to for region in regions if region.valid_to is not None}
        self._changes = sorted(starts | ends)
        first = self._changes[0] if self._changes else None
        self._country = Region(COUNTRY, "全国", Level.COUNTRY, first) if first else None
        self._resolutions: dict[tuple[str, int], Resolution] = {}
        self._cities: dict[tuple[str, int], str | None] = {}
        self._stored: dict[int, dict[str, StoredCodes]] = {}
        self._children: dict[int, dict[str, list[Region]]] = {}
        self._names: NameIndex | None = None

    # What stands on a day

    def get(self, code: str, on: date) -> Region | None:
        """Return the region as valid on the day; of 9 or 12 digits the county's span with the code itself."""
        if len(code) == 6:
            return self._county(code, on)
        if len(code) not in {9, 12} or not code.isdigit():
            return None
        county = self._county(code[:6], on)
        if county is None or county.level is not Level.COUNTY:
            return None
        above = code[:6] if len(code) == 9 else code[:9]
        return Region(code, "", level_of(code), county.valid_from, county.valid_to, above)

    def _county(self, code: str, on: date) -> Region | None:
        for region in reversed(self._periods.get(code, ())):
            if region.valid_from <= on:
                return region if region.valid_to is None or on < region.valid_to else None
        return self._country if code == COUNTRY else None

    def known(self, code: str) -> bool:
        """Whether the code, or the county of a street or community, ever existed."""
        if len(code) == 6:
            return code in self._periods or code == COUNTRY
        return (
            len(code) in {9, 12} and code.isdigit() and code[:6] in self._periods and level_of(code[:6]) is Level.COUNTY
        )

    def accepts(self, code: str, on: date) -> bool:
        """Whether an office may have written the code then: valid, or ended that year on a day that is not known."""
        if self.get(code, on) is not None:
            return True
        spans = self._periods.get(code[:6], ()) if self.known(code) else ()
        return any(
            region.valid_to is not None
            and region.valid_to <= on <= self._accepted_until.get((region.code, region.valid_to), region.valid_from)
            for region in spans
        )

    def validity(self, code: str) -> list[tuple[date, date | None]]:
        """Return the spans in which the code stood: the first day, and the first on which it no longer did."""
        spans: list[tuple[date, date | None]] = []
        for region in self._periods.get(code[:6], ()):
            if spans and spans[-1][1] == region.valid_from:
                spans[-1] = (spans[-1][0], region.valid_to)
            else:
                spans.append((region.valid_from, region.valid_to))
        return spans

    def history(self, code: str) -> list[Region]:
        """Return everything the code stood for, oldest first."""
        return list(self._periods.get(code[:6], ()))

    # What a code became

    def resolve(self, code: str, on: date, recorded_on: date | None = None) -> Resolution:
        """Tell where a code recorded earlier stands on the day, following its successors.

        Some codes were given to another place later; without `recorded_on` a code means what it stood for last by the
        day `on`. Of a street or community whose county ended, the county's successor is all that can be said. A code
        that never existed, or not yet, stays as it is.
        """
        root = code[:6]
        if recorded_on is not None:
            start = self._county(root, recorded_on)
            if start is not None and start is not self._country:
                return self._extended(code, self._follow(start, on))
        key = (root, self._epoch(on))
        found = self._resolutions.get(key)
        if found is None:
            if len(self._resolutions) > CACHED_ANSWERS:
                self._resolutions.clear()
            spans = [region for region in self._periods.get(root, ()) if region.valid_from <= on]
            found = self._resolutions[key] = self._follow(spans[-1], on) if spans else Resolution(root)
        return found if len(code) == 6 else self._extended(code, found)

    def _extended(self, code: str, found: Resolution) -> Resolution:
        if len(code) == 6 or (found.code != code[:6]):
            return found
        return replace(found, code=code)

    def _follow(self, start: Region, on: date) -> Resolution:
        """Go from region to successor until what stands on the day; fan out over splits."""
        standing: set[str] = set()
        lost = False
        since: date | None = None
        seen: set[Region] = set()
        waiting = [start]
        while waiting:
            region = waiting.pop()
            if region in seen:
                continue
            seen.add(region)
            if region.valid_to is None or on < region.valid_to:
                standing.add(region.code)
                continue
            if len(region.successors) != 1:
                since = region.valid_to if since is None else min(since, region.valid_to)
            if not region.successors:
                lost = True
            for successor in region.successors:
                following = self._county(successor, region.valid_to)
                if following is None:
                    lost, since = True, since or region.valid_to
                else:
                    waiting.append(following)
        if len(standing) == 1 and not lost:
            return Resolution(standing.pop())
        return Resolution(start.code, needs_assignment=True, candidates=tuple(sorted(standing)), since=since)

    # How regions relate

    def parents(self, code: str, on: date) -> list[Region]:
        """Return the regions above, nearest first, up to the province; none for what does not stand on the day."""
        region = self.get(code, on)
        above: list[Region] = []
        while region is not None and region.parent is not None:
            region = self.get(self.resolve(region.parent, on).code, on)
            if region is not None:
                above.append(region)
        return above

    def children(self, code: str, on: date) -> list[Region]:
        """Return the regions directly below on the day, by code; of the country the provinces, of a county none."""
        epoch = self._epoch(on)
        if epoch not in self._children:
            _make_room(self._children)
            below: dict[str, list[Region]] = {}
            for candidate in sorted(self._periods):
                region = self._county(candidate, on)
                if region is not None and not region.heading:
                    parent = self.resolve(region.parent, on).code if region.parent else COUNTRY
                    below.setdefault(parent, []).append(region)
            self._children[epoch] = below
        return list(self._children[epoch].get(code, ()))

    def county_of(self, code: str) -> str:
        """Return the first six digits: the county, or the city's own code for a record at city level."""
        return code[:6]

    def province_of(self, code: str, on: date) -> str | None:
        """Return the province in which what the code became lies on the day; None for the country and unknown codes."""
        found = {self._above(standing, on, Level.PROVINCE) for standing in self._standing(code, on)}
        if len(found) == 1 and None not in found:
            return found.pop()
        spans = self._periods.get(code[:6], ())
        if found or not spans:
            return None
        # Ended with no successor in the sources: the province is still that of its last day.
        return self.resolve(code[:2] + "0000", on).code

    def city_of(self, code: str, on: date) -> str | None:
        """Return the city in which what the code became lies on the day.

        A municipality is the city of its districts; a county directly under its province (429004, 469xxx, 659xxx)
        stands for itself. None when the code does not reach down to a city, or its candidates lie in several.
        """
        key = (code[:6], self._epoch(on))
        if key not in self._cities:
            if len(self._cities) > CACHED_ANSWERS:
                self._cities.clear()
            found = {self._city_of_standing(standing, on) for standing in self._standing(code[:6], on)}
            self._cities[key] = found.pop() if len(found) == 1 else None
        return self._cities[key]

    def _city_of_standing(self, code: str, on: date) -> str | None:
        province = self._above(code, on, Level.PROVINCE)
        if province in CITY_PROVINCES:
            return province
        city = self._above(code, on, Level.CITY)
        return city or (code if level_of(code) is Level.COUNTY else None)

    def _standing(self, code: str, on: date) -> tuple[str, ...]:
        resolution = self.resolve(code[:6], on)
        return resolution.candidates if resolution.needs_assignment else (resolution.code,)

    def _above(self, code: str, on: date, level: Level) -> str | None:
        """Return the region of that level at or above a code; what does not stand yet counts from its first day."""
        spans = self._periods.get(code, ())
        if not spans:
            return None
        day = max(on, spans[0].valid_from)
        region = self._county(code, day)
        chain = [region, *self.parents(code, day)] if region is not None else []
        return next((step.code for step in chain if step is not None and step.level is level), None)

    def lies_in(self, code: str, region: str, on: date) -> bool:
        """Whether what the code became lies in `region` (or is it) on the day; of several candidates all must."""
        if region == COUNTRY:
            return self.known(code)
        if len(region) > 6:
            return code.startswith(region)
        standing = self._standing(code, on)
        if not standing:
            return code[:6] == region or (level_of(region) is Level.PROVINCE and self.province_of(code, on) == region)
        return all(self._above(place, on, level_of(region)) == region for place in standing) or code[:6] == region

    def scope(self, origin: str, destination: str, on: date) -> Scope | None:
        """Tell how far apart two places are on the day; None when one of them does not say enough."""
        here, there = self.city_of(origin, on), self.city_of(destination, on)
        if here is not None and here == there:
            return "IN_CITY"
        home, away = self.province_of(origin, on), self.province_of(destination, on)
        if home is None or away is None:
            return None
        if home != away:
            return "ACROSS_PROVINCES"
        return "IN_PROVINCE" if here is not None and there is not None else None

    def stored_codes(self, code: str, on: date) -> StoredCodes:
        """Return prefixes, and exact codes beside them, of all codes that, recorded ever, lie in `code` on the day.

        A code that needs assignment counts where all its candidates lie, and to itself. "000000" has the empty prefix:
        everything.
        """
        if code == COUNTRY:
            return ("",), ()
        if len(code) != 6:
            return (code,), ()
        epoch = self._epoch(on)
        if epoch not in self._stored:
            _make_room(self._stored)
            self._stored[epoch] = stored_codes_by_region(self, tuple(self._periods), on)
        return self._stored[epoch].get(code, ((), (code,)))

    # Names

    def find(self, text: str, on: date, within: str | None = None) -> list[Region]:
        """Read a name as offices type it; candidates best first, exactly one when only one place can be meant."""
        return list(self.match(text, on, within).candidates)

    def match(self, text: str, on: date, within: str | None = None) -> Match:
        """Read a name as `find`, and say what was left over after it and what bore the name before the day."""
        if self._names is None:
            self._names = NameIndex(self, [region for spans in self._periods.values() for region in spans])
        return self._names.match(text, on, within)

    # Changes

    def reorganise(
        self,
        kind: str,
        from_: Sequence[str],
        to: Sequence[str],
        effective_on: date,
        names: Mapping[str, str] | None = None,
    ) -> RegionTable:
        """Return a table with one more change in force from a day.

        RENAMED: one code, to itself under a new name or to another code. MERGED: one or more into one. SPLIT: one among
        several; if it is itself among them, it goes on. New codes need a name, except that a renamed one keeps its own.
        A change that the table already has changes nothing. Raises Refused (`reorganisation_impossible`).
        """
        spans = reorganised(self, kind, tuple(from_), tuple(to), effective_on, dict(names or {}))
        if spans is None:
            return self
        merged = {**self._periods, **spans}
        return RegionTable([region for regions in merged.values() for region in regions], self._accepted_until)

    def _epoch(self, on: date) -> int:
        return bisect_right(self._changes, on)


def _make_room(kept: dict[int, dict[str, StoredCodes]] | dict[int, dict[str, list[Region]]]) -> None:
    if len(kept) >= CACHED_DAYS:
        kept.pop(next(iter(kept)))
