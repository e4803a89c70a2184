"""What stood under a code on a day, and what the code became."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from domain.regions.region import COUNTRY, Level, Region, Resolution, level_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

CACHED_ANSWERS: Final = 50_000


class Succession:
    """Every code with its spans in time. Answers are kept per span between two changes anywhere: each is a look-up."""

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

    def codes(self) -> frozenset[str]:
        """Return every code of six digits that ever existed."""
        return frozenset(self._periods)

    def history(self, code: str) -> list[Region]:
        """Return everything the code stood for, oldest first."""
        return list(self._periods.get(code[:6], ()))

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
        if start.stands_on(on):
            return Resolution(start.code)
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

    def _epoch(self, on: date) -> int:
        return bisect_right(self._changes, on)
