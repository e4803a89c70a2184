"""Reads the dated table of regions that ships with the package."""

from __future__ import annotations

from datetime import date
from functools import cache
from importlib import resources
from typing import Final

from domain.regions.region import Change, Region, level_of
from domain.regions.table import RegionTable

FIRST_DAY: Final = date(1980, 1, 1)
HEADINGS: Final = frozenset({"市辖区", "县", "市", "直辖县"})


@cache
def load_regions() -> RegionTable:
    """Return the shipped table, read once per process.

    `statistical_zones.tsv` adds zones that are no regions of GB/T 2260 and yet have a county-level code in the
    statistical divisions, because registers name them as places.
    """
    shipped = resources.files("domain.regions")
    standard, zones = (
        shipped.joinpath(name).read_text(encoding="utf-8") for name in ("regions.tsv", "statistical_zones.tsv")
    )
    return read_regions(standard + zones.split("\n", 1)[1])


def read_regions(text: str) -> RegionTable:
    """Read a table in the form that scripts/make_regions.py writes.

    A date of four digits means some day in that year: the change is taken to be in force from 1 January, and the old
    code is still accepted until 31 December.
    """
    regions: list[Region] = []
    accepted_until: dict[tuple[str, date], date] = {}
    days: dict[str, date | None] = {"": None}
    lines = text.splitlines()
    for line in lines[1:]:
        code, name, start, end, parent, change, successors = line.split("\t")
        for written in (start, end):
            if written not in days:
                days[written] = date.fromisoformat(written if len(written) > 4 else f"{written}-01-01")
        level = level_of(code)
        until = days[end]
        regions.append(
            Region(
                code,
                name,
                level,
                days[start] or FIRST_DAY,
                until,
                parent or None,
                tuple(successors.split(",")) if successors else (),
                Change(change) if change else None,
                name in HEADINGS,
            )
        )
        if until is not None and len(end) == 4:
            accepted_until[code, until] = date(until.year, 12, 31)
    return RegionTable(regions, accepted_until)
