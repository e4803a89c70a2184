"""The table of regions by code and day: what stood where, what a code became, and how two places relate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from domain.regions.names import NameIndex
from domain.regions.region import COUNTRY, Level, Region, Scope, level_of
from domain.regions.reorganisation import reorganised
from domain.regions.standing import StoredCodes, StoredCodesIndex
from domain.regions.succession import CACHED_ANSWERS, Succession

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from domain.regions.names import Match

CACHED_DAYS: Final = 12
Kept = TypeVar("Kept")
# Province-level regions that are cities themselves: the municipalities, Hong Kong and Macao.
CITY_PROVINCES: Final = frozenset({"110000", "120000", "310000", "500000", "810000", "820000"})


@dataclass(frozen=True, slots=True)
class _Position:
    """Where a code stands on a day: its province, its city, and all regions around it."""

    province: str | None
    city: str | None
    around: frozenset[str]


class RegionTable(Succession):
    """Immutable: by code and day, how places relate, by which codes they are stored, and how they are called."""

    def __init__(
        self, regions: Sequence[Region], accepted_until: Mapping[tuple[str, date], date] | None = None
    ) -> None:
        """Take what `Succession` takes."""
        super().__init__(regions, accepted_until)
        self._positions: dict[tuple[str, int], _Position] = {}
        self._stored: dict[int, StoredCodesIndex] = {}
        self._children: dict[int, dict[str, list[Region]]] = {}
        self._names: NameIndex | None = None

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
        below = self._children.get(epoch)
        if below is None:
            below = {}
            for candidate in sorted(self._periods):
                region = self._county(candidate, on)
                if region is not None and not region.heading:
                    parent = self.resolve(region.parent, on).code if region.parent else COUNTRY
                    below.setdefault(parent, []).append(region)
            _keep(self._children, epoch, below)
        return list(below.get(code, ()))

    def county_of(self, code: str) -> str:
        """Return the first six digits: the county, or the city's own code for a record at city level."""
        return code[:6]

    def province_of(self, code: str, on: date) -> str | None:
        """Return the province in which what the code became lies on the day; None for the country and unknown codes."""
        return self._position(code, on).province

    def city_of(self, code: str, on: date) -> str | None:
        """Return the city in which what the code became lies on the day.

        A municipality is the city of its districts; a county directly under its province (429004, 469xxx, 659xxx)
        stands for itself. None when the code does not reach down to a city, or its candidates lie in several.
        """
        return self._position(code, on).city

    def regions_around(self, code: str, on: date) -> frozenset[str]:
        """Return all regions in which what the code became lies on the day, itself included; of candidates all must.

        A code that needs assignment is among them: its records stay with it.
        """
        return self._position(code, on).around

    def lies_in(self, code: str, region: str, on: date) -> bool:
        """Whether what the code became lies in `region` (or is it) on the day."""
        if region == COUNTRY:
            return self.known(code)
        if len(region) > 6:
            return code.startswith(region)
        return region in self._position(code, on).around

    def _position(self, code: str, on: date) -> _Position:
        key = (code[:6], self._epoch(on))
        found = self._positions.get(key)
        if found is None:
            if len(self._positions) > CACHED_ANSWERS:
                self._positions.clear()
            found = self._positions[key] = self._locate(code[:6], on)
        return found

    def _locate(self, code: str, on: date) -> _Position:
        resolution = self.resolve(code, on)
        if resolution.code != code:
            return self._position(resolution.code, on)
        if not resolution.needs_assignment:
            return self._chain(code, on)
        places = [self._position(candidate, on) for candidate in resolution.candidates]
        if places:
            provinces, cities = {place.province for place in places}, {place.city for place in places}
            around = frozenset.intersection(*(place.around for place in places))
            return _Position(_only(provinces), _only(cities), around | {code})
        # It ended with no successor in the sources: its province is still that of its last day.
        province = self.resolve(code[:2] + "0000", on).code
        return _Position(province, None, frozenset({code, province}))

    def _chain(self, code: str, on: date) -> _Position:
        """Place a code that stands on the day; one that does not stand yet counts where it will on its first day."""
        spans = self._periods.get(code, ())
        if not spans:
            return _Position(None, None, frozenset({code}))
        day = max(on, spans[0].valid_from)
        chain = [region for region in (self.get(code, day), *self.parents(code, day)) if region is not None]
        at = {region.level: region.code for region in chain}
        province, city = at.get(Level.PROVINCE), at.get(Level.CITY)
        if province in CITY_PROVINCES:
            city = province
        elif city is None and level_of(code) is Level.COUNTY:
            city = code
        return _Position(province, city, frozenset(at.values()))

    def scope(self, origin: str, destination: str, on: date) -> Scope | None:
        """Tell how far apart two places are on the day; None when one of them does not say enough."""
        here, there = self._position(origin, on), self._position(destination, on)
        if here.city is not None and here.city == there.city:
            return "IN_CITY"
        if here.province is None or there.province is None:
            return None
        if here.province != there.province:
            return "ACROSS_PROVINCES"
        return "IN_PROVINCE" if here.city is not None and there.city is not None else None

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
        index = self._stored.get(epoch)
        if index is None:
            index = StoredCodesIndex(self, tuple(self._periods), on)
            _keep(self._stored, epoch, index)
        return index.of(code)

    def find(self, text: str, on: date, within: str | None = None) -> list[Region]:
        """Read a name as offices type it; candidates best first, exactly one when only one place can be meant."""
        return list(self.match(text, on, within).candidates)

    def match(self, text: str, on: date, within: str | None = None) -> Match:
        """Read a name as `find`, and say what was left over after it and what bore the name before the day."""
        if self._names is None:
            self._names = NameIndex(self, [region for spans in self._periods.values() for region in spans])
        return self._names.match(text, on, within)

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


def _only(found: set[str | None]) -> str | None:
    return next(iter(found)) if len(found) == 1 else None


def _keep(kept: dict[int, Kept], epoch: int, answer: Kept) -> None:
    """Keep answers of few days, since those asked about are near each other; other threads may do the same at once."""
    for oldest in list(kept)[: max(0, len(kept) - CACHED_DAYS + 1)]:
        kept.pop(oldest, None)
    kept[epoch] = answer
