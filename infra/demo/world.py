"""The organisations of sample data: offices of real counties below their cities and provinces, by synthetic names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from domain.organisation import OrganisationRegistered

if TYPE_CHECKING:
    from domain.regions.table import RegionTable

_DIGITS: Final = "零一二三四五六七八九"
_TENS: Final = 10


@dataclass(frozen=True, slots=True)
class Shape:
    """How large an office is: its general branches, the branches of each, whether they are of streets or of towns."""

    county: str
    general_branches: int
    branches_of_each: int
    urban: bool
    stationed_in: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Office:
    """A county's committee and what is below it, by code; `stationed` are branches away from home 驻外, by place."""

    county: str
    name: str
    committee: str
    general_branches: tuple[str, ...]
    branches: tuple[tuple[str, str], ...]
    stationed: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class World:
    """All offices, those that people leave with their weights, and where people go with theirs."""

    offices: dict[str, Office]
    origins: tuple[tuple[str, int], ...]
    destinations: tuple[tuple[str, int], ...]
    organisations: tuple[OrganisationRegistered, ...]


def build_world(
    shapes: Sequence[Shape],
    origins: Sequence[tuple[str, int]],
    destinations: Sequence[tuple[str, int]],
    regions: RegionTable,
    on: date,
) -> World:
    """Build offices for the counties named, with a committee for each city and province above them.

    `destinations` are region codes, `abroad` or `unknown`. Raises KeyError for a county that does not stand on the day.
    """
    found: dict[str, OrganisationRegistered] = {}
    offices: dict[str, Office] = {}
    for shape in shapes:
        county = regions.get(shape.county, on)
        if county is None:
            raise KeyError(shape.county)
        above: str | None = None
        for region in reversed(regions.parents(shape.county, on)):
            body = OrganisationRegistered(region.code, f"样例{region.name}委员会", "COMMITTEE", region.code, above)
            found.setdefault(region.code, body)
            above = region.code
        office, bodies = _office(shape, county.name, above, regions, on)
        offices[shape.county] = office
        found.update((body.code, body) for body in bodies)
    return World(offices, tuple(origins), tuple(destinations), tuple(found.values()))


def _office(
    shape: Shape, name: str, above: str | None, regions: RegionTable, on: date
) -> tuple[Office, list[OrganisationRegistered]]:
    county = shape.county
    bodies = [OrganisationRegistered(county, f"样例{name}委员会", "COMMITTEE", county, above)]
    generals: list[str] = []
    branches: list[tuple[str, str]] = []
    short = name[:-1] if len(name) > 2 else name
    for number in range(1, shape.general_branches + 1):
        code = f"{county}-{number:02d}"
        place = f"{short}样例{in_chinese(number)}{'街道' if shape.urban else '镇'}"
        bodies.append(OrganisationRegistered(code, f"{place}总支部", "GENERAL_BRANCH", county, county))
        generals.append(code)
        for below in range(1, shape.branches_of_each + 1):
            branch = (f"{code}-{below:02d}", f"{place}第{in_chinese(below)}{'社区' if shape.urban else '村'}支部")
            bodies.append(OrganisationRegistered(*branch, "BRANCH", county, code))
            branches.append(branch)
    stationed: list[tuple[str, str]] = []
    for number, place in enumerate(shape.stationed_in, start=1):
        region = regions.get(place, on)
        if region is not None:
            code = f"{county}-Z{number}"
            label = f"{short}驻{region.name}样例流动党员支部"
            bodies.append(OrganisationRegistered(code, label, "BRANCH", county, county, place))
            stationed.append((place, code))
    office = Office(county, name, county, tuple(generals), tuple(branches), tuple(stationed))
    return office, bodies


def in_chinese(number: int) -> str:
    """Write 1 to 99 in Chinese."""
    tens, ones = divmod(number, _TENS)
    if tens == 0:
        return _DIGITS[ones]
    return f"{_DIGITS[tens] if tens > 1 else ''}十{_DIGITS[ones] if ones else ''}"


_ORIGINS: Final = (
    Shape("620621", 12, 5, urban=False, stationed_in=("620102", "650102")),
    Shape("620821", 10, 5, urban=False, stationed_in=("620802", "610113")),
    Shape("510104", 8, 5, urban=True),
)
_PLACES: Final = (
    ("620102", 13),
    ("620602", 8),
    ("620802", 8),
    ("510104", 13),
    ("510107", 5),
    ("650102", 9),
    ("610113", 7),
    ("330110", 6),
    ("320583", 6),
    ("350206", 6),
    ("440305", 6),
    ("310115", 4),
    ("110105", 4),
    ("630104", 3),
    ("620621", 1),
    ("620821", 1),
    ("abroad", 2),
    ("unknown", 7),
)
"""Where members of three counties go, by weight: the nearest cities first, then the provinces that work is found in."""


def demo_world(regions: RegionTable, on: date) -> World:
    """Build the world of `kiteline demo`: three counties that people leave, fifteen that they go to."""
    homes = {shape.county for shape in _ORIGINS}
    receiving = [Shape(code, 4, 4, urban=True) for code, _ in _PLACES if code.isdigit() and code not in homes]
    return build_world([*_ORIGINS, *receiving], (("620621", 5), ("620821", 4), ("510104", 2)), _PLACES, regions, on)


def nation(regions: RegionTable, on: date, counties: int) -> World:
    """Build the world of `kiteline simulate`: that many counties, spread evenly over the country.

    Cities draw more people than they send, by the weight of their province's known streams.
    """
    standing = [
        county.code
        for province in regions.children("000000", on)
        for city in [province, *regions.children(province.code, on)]
        for county in regions.children(city.code, on)
        if not county.code.endswith("00")
    ]
    step = max(1, len(standing) // counties)
    chosen = list(dict.fromkeys(standing[::step]))[:counties]
    shapes = [Shape(code, 6, 5, urban=index % 2 == 0) for index, code in enumerate(chosen)]
    draw = [(code, _DRAW.get(code[:2], 3)) for code in chosen]
    send = [(code, 15 - weight) for code, weight in draw]
    total = sum(weight for _, weight in draw)
    destinations = [*draw, ("abroad", max(1, total // 50)), ("unknown", max(1, total // 14))]
    return build_world(shapes, send, destinations, regions, on)


_DRAW: Final = {"11": 10, "31": 11, "32": 10, "33": 12, "35": 7, "44": 14, "51": 6, "61": 5, "65": 6, "12": 6, "37": 5}
"""How strongly a province draws people, from 1 to 14; 3 where nothing is said."""
