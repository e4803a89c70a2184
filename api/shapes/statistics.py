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

    count: int | None = Field(ge=0)
    by_scope: dict[ScopeCounted, int | None]
    by_category: dict[Category, int | None]
    by_view: dict[View, int | None]
    by_stage: dict[Stage, int | None]


class SidesCounted(Shape):
    """Those affiliated here, those of them who are away, and those here from elsewhere, as on the rosters."""

    affiliated: StatisticTotals
    outflow: StatisticTotals
    inflow: StatisticTotals


class ContactsCounted(Shape):
    """The monthly contacts that fell due, and how many of them were made in time."""

    due: int | None = Field(ge=0)
    made: int | None = Field(ge=0)


class ContactsBySide(Shape):
    """Contacts by the side that owes them, of this region's organisations."""

    origin: ContactsCounted
    destination: ContactsCounted


class TransfersCounted(Shape):
    """Transfers accepted in the month that moved an affiliation, by how far apart the two ends are."""

    count: int | None = Field(ge=0)
    by_scope: dict[ScopeCounted, int | None]


class TransfersByWay(Shape):
    """Transfers out of this region's organisations and into them; one within the region is in both."""

    out: TransfersCounted
    in_: TransfersCounted = Field(alias="in")


class ServiceCounted(Shape):
    """Hours served in the month by those who were here that day, and how many times service was recorded."""

    hours: float | None = Field(ge=0, multiple_of=0.25)
    times: int | None = Field(ge=0)


class StatisticsAnswer(PageShape):
    """A region's month."""

    region: RegionCode
    month: str = Field(pattern=r"^[0-9]{4}-[0-9]{2}$")
    public: bool = Field(description="whether what is small was withheld; the cells then are not told at all")
    items: list[StatisticItem]
    totals: SidesCounted
    contacts: ContactsBySide
    transfers: TransfersByWay
    service: ServiceCounted


class StatisticsMonth(Shape):
    """One month of a series."""

    month: str = Field(pattern=r"^[0-9]{4}-[0-9]{2}$")
    totals: SidesCounted
    contacts: ContactsBySide
    transfers: TransfersByWay
    service: ServiceCounted


class StatisticsSeries(PageShape):
    """A region's months, the earliest first."""

    region: RegionCode
    public: bool = Field(description="whether what is small was withheld")
    items: list[StatisticsMonth]
