"""The shapes of rosters, lifecycle counts, duties and flows."""

from typing import Literal

from pydantic import Field

from api.shapes.base import Day, Id, Occurred, PageShape, Position, RegionCode, Shape
from api.shapes.members import Category, Change, DutyShape, FieldChange, Stage, View

Side = Literal["outflow", "inflow", "affiliated"]


class RosterItem(Shape):
    """A member on a roster."""

    member_id: Id
    affiliation: str | None
    responsible: str | None
    side: Side
    stage: Stage | None
    view: View | None
    origin_region: RegionCode | None
    declared_region: RegionCode | None
    region: RegionCode | None
    abroad: bool
    branch: str | None
    holder: str | None
    accepted_by: str | None
    movement_id: str | None
    leg: int | None
    category: Category | None
    affiliation_region: RegionCode | None
    scope: Literal["IN_CITY", "IN_PROVINCE", "ACROSS_PROVINCES"] | None
    lost_contact: bool
    personal: dict[str, str] | None = Field(None, description="only with `fields` and `purpose`; the read is logged")
    since: Day | None = Field(description="the day on which the stage began")
    last_contact_at: Occurred | None
    due_on: Day | None = Field(description="the first day on which anything owed for the member is due")
    overdue: bool


class RosterPage(PageShape):
    """A roster."""

    items: list[RosterItem]


class RosterDifference(Shape):
    """A member whose item differs between two knowledges."""

    member_id: Id
    change: Change
    before: RosterItem | None
    after: RosterItem | None
    changes: list[FieldChange]


class RosterDifferences(PageShape):
    """With `diff_from`: who joined, left or stands otherwise; a page may be short and go on all the same."""

    items: list[RosterDifference]
    diff_from_position: Position


class AgeCount(Shape):
    """How many have been at the stage for so many days, both ends included."""

    min_days: int
    max_days: int | None
    count: int = Field(ge=0)


class LifecycleItem(Shape):
    """How many are at a stage."""

    view: View | None
    stage: Stage
    count: int = Field(ge=0)
    overdue: int = Field(ge=0)
    change: int | None = Field(
        None, description="only with `change_since`: how many more there are than there were then"
    )
    ages: list[AgeCount] | None = Field(None, description="only with `ages`")


class LifecycleAnswer(PageShape):
    """Counts by stage."""

    items: list[LifecycleItem]


class WorklistPage(PageShape):
    """What is owed."""

    items: list[DutyShape]


class FlowCounts(Shape):
    """One month's counts; null where public figures withhold them."""

    departed: int | None
    arrived: int | None
    under_way: int | None
    in_place: int | None
    returned: int | None
    moved_on: int | None
    transferred: int | None
    ended: int | None


class FlowItem(FlowCounts):
    """One cell of the matrix; a code, "abroad" or "unknown"."""

    origin: str
    destination: str


class OriginTotal(FlowCounts):
    """All that began in one place."""

    origin: str


class DestinationTotal(FlowCounts):
    """All that went to one place."""

    destination: str


class FlowTotals(Shape):
    """The matrix's margins."""

    by_origin: list[OriginTotal]
    by_destination: list[DestinationTotal]


class FlowsAnswer(PageShape):
    """A month's matrix."""

    items: list[FlowItem]
    totals: FlowTotals


class FlowMember(Shape):
    """A leg that a figure counts, and whose it is."""

    member_id: Id
    movement_id: str
    leg: int
    origin_region: RegionCode | None
    destination: str = Field(description='as recorded: a code, "abroad" or "unknown"')
    departed_on: Day
    arrived_on: Day | None
    ended_on: Day | None
    ended_how: Literal["returned", "moved_on", "transferred", "ended"] | None


class FlowMembersPage(PageShape):
    """The legs behind a figure of the matrix."""

    items: list[FlowMember]


class FlowDifference(Shape):
    """A cell, or the sum of a place, that differs between two knowledges; null where all its counts are 0."""

    origin: str | None = None
    destination: str | None = None
    change: Change
    before: FlowCounts | None
    after: FlowCounts | None
    changes: list[FieldChange]


class TotalDifferences(Shape):
    """The margins that differ."""

    by_origin: list[FlowDifference]
    by_destination: list[FlowDifference]


class FlowDifferences(PageShape):
    """With `diff_from`: the cells that differ."""

    items: list[FlowDifference]
    totals: TotalDifferences
    diff_from_position: Position
