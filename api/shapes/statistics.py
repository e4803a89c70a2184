"""The shape of a month's figures."""

from typing import Literal

from pydantic import Field

from api.shapes.base import PageShape, RegionCode, Shape
from api.shapes.lists import Side
from api.shapes.members import Stage, View

Category = Literal["FULL", "PROBATIONARY"]
ScopeCounted = Literal["IN_CITY", "IN_PROVINCE", "ACROSS_PROVINCES", "ABROAD", "UNKNOWN"]


class StatisticItem(Shape):
    """One cell: how many of a side have these marks at the month's end; without a stage they are at home."""

    side: Side
    scope: ScopeCounted | None
    category: Category | None
    view: View | None
    stage: Stage | None
    count: int = Field(ge=1)


class StatisticTotals(Shape):
    """All of a side, and by each mark."""

    count: int = Field(ge=0)
    by_scope: dict[ScopeCounted, int]
    by_category: dict[Category, int]
    by_view: dict[View, int]
    by_stage: dict[Stage, int]


class SidesCounted(Shape):
    """Those affiliated here, those of them who are away, and those here from elsewhere, as on the rosters."""

    affiliated: StatisticTotals
    outflow: StatisticTotals
    inflow: StatisticTotals


class ContactsCounted(Shape):
    """The monthly contacts that fell due, and how many of them were made in time."""

    due: int = Field(ge=0)
    made: int = Field(ge=0)


class ContactsBySide(Shape):
    """Contacts by the side that owes them, of this region's organisations."""

    origin: ContactsCounted
    destination: ContactsCounted


class StatisticsAnswer(PageShape):
    """A region's month."""

    region: RegionCode
    month: str = Field(pattern=r"^[0-9]{4}-[0-9]{2}$")
    items: list[StatisticItem]
    totals: SidesCounted
    contacts: ContactsBySide
