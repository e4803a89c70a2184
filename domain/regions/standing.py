"""Turns the question round: which codes, recorded at any time, lie in a region on a day, as short prefixes for SQL."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from domain.regions.region import Level, level_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from domain.regions.table import RegionTable

StoredCodes = tuple[tuple[str, ...], tuple[str, ...]]


class StoredCodesIndex:
    """What lies in each region of one day, and in each code that nothing replaced."""

    def __init__(self, table: RegionTable, codes: Iterable[str], on: date) -> None:
        """Place every code ever known on the day."""
        self._members: dict[str, list[str]] = defaultdict(list)
        self._totals: dict[str, int] = defaultdict(int)
        for code in codes:
            self._totals[code[:2]] += 1
            self._totals[code[:4]] += 1
            for region in table.regions_around(code, on):
                self._members[region].append(code)

    def of(self, region: str) -> StoredCodes:
        """Return prefixes of two, four or six digits that cover no other known code, and exact codes beside them."""
        return _shortest(self._members.get(region, []), self._totals)


def _shortest(inside: list[str], totals: dict[str, int]) -> StoredCodes:
    counts: dict[str, int] = defaultdict(int)
    for code in inside:
        counts[code[:2]] += 1
        counts[code[:4]] += 1
    prefixes: set[str] = set()
    exact: list[str] = []
    for code in sorted(inside):
        whole = next((code[:size] for size in (2, 4) if counts[code[:size]] == totals[code[:size]]), None)
        if whole is not None:
            prefixes.add(whole)
        elif level_of(code) is Level.COUNTY:
            prefixes.add(code)
        else:
            exact.append(code)
    return tuple(sorted(prefixes)), tuple(exact)
