"""Turns the question round: which codes, recorded at any time, lie in a region on a day, as short prefixes for SQL."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from domain.regions.region import Level, level_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from domain.regions.table import RegionTable


def stored_codes_by_region(
    table: RegionTable, codes: Iterable[str], on: date
) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """Return, for every region of the day and every code that stays with itself, prefixes and exact codes of what lies in it."""
    members: dict[str, set[str]] = defaultdict(set)
    totals: dict[str, int] = defaultdict(int)
    for code in codes:
        totals[code[:2]] += 1
        totals[code[:4]] += 1
        for region in _regions_around(table, code, on):
            members[region].add(code)
    return {region: _shortest(inside, totals) for region, inside in members.items()}


def _regions_around(table: RegionTable, code: str, on: date) -> set[str]:
    """Return the regions in which all that the code became lies, and the code itself when nothing else took its place."""
    resolution = table.resolve(code, on)
    if not resolution.needs_assignment:
        return _chain(table, resolution.code, on)
    around = {code}
    if resolution.candidates:
        around |= set.intersection(*(_chain(table, candidate, on) for candidate in resolution.candidates))
    else:
        province = table.province_of(code, on)
        around |= {province} if province else set()
    return around


def _chain(table: RegionTable, code: str, on: date) -> set[str]:
    if table.get(code, on) is None:  # not yet: it counts where it will stand on its first day
        on = max(on, table.validity(code)[0][0])
    return {code, *(region.code for region in table.parents(code, on))}


def _shortest(inside: set[str], totals: dict[str, int]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Cover a set of codes by prefixes of two, four or six digits that cover no other known code."""
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
