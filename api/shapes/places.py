"""The shapes of organisations and regions."""

from typing import Literal

from api.shapes.base import Day, PageShape, RegionCode, Shape


class OrganisationItem(Shape):
    """An organisation in the tree."""

    code: str
    name: str
    kind: Literal["COMMITTEE", "GENERAL_BRANCH", "BRANCH"]
    region: RegionCode
    parent: str | None
    stationed_in: RegionCode | None
    external: bool
    dissolved_on: Day | None
    successor: str | None
    successors: list[str]


class OrganisationsPage(PageShape):
    """Organisations, by code."""

    items: list[OrganisationItem]


class RegionName(Shape):
    """A region by code and name."""

    code: str
    name: str


class RegionAnswer(Shape):
    """A region as it was on a day."""

    code: str
    name: str
    level: Literal["COUNTRY", "PROVINCE", "CITY", "COUNTY", "STREET", "COMMUNITY"]
    on: Day
    valid_from: Day
    valid_to: Day | None
    parents: list[RegionName]
    successors: list[str]
    resolves_to: str
    needs_assignment: bool
    position: int
    known_position: int


class CodeListVersion(Shape):
    """A code list as it is on a day; `effective_on` is null while it stands as shipped."""

    code_list: str
    codes: list[str]
    names: dict[str, str]
    effective_on: Day | None
    source: str | None


class CodeListsAnswer(Shape):
    """Every list that may be changed, on a day."""

    on: Day
    items: list[CodeListVersion]
    position: int
