"""The closed loop as one board: before departure, in transit, return; from every figure to the members behind it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import Depends
from starlette.responses import Response

from api.actions import Action
from api.asking import as_of_moment
from api.authorisation import WHOLE_COUNTRY
from api.console.command_forms import code_in
from api.console.page import Page
from api.console.people import names_of
from api.console.person import SignedInPerson, usual_side
from api.console.rendering import page
from api.console.routing import console_router
from api.console.words import Words
from domain.times import local_day
from projections.lifecycle import CELLS, VIEWS

if TYPE_CHECKING:
    from collections.abc import Sequence

router = console_router()
PAGE: Final = Page("/loop", "闭环", "The loop", Action.READ_LIFECYCLE)
_SIDES: Final = ("outflow", "inflow")
_NOT_OF: Final = {"outflow": (), "inflow": (("pre_departure", "reported"), ("return", "returned"))}
"""Who is here from elsewhere has left and has not returned: the other cells are the origin's."""
_ROWS: Final = 50
_DIGITS: Final = 5

WORDS: Final = Words(
    title=("闭环", "The loop"),
    explained=(
        "每个数字都能点开，看到的人数与数字一致。",
        "Every figure opens the members behind it, as many as it says.",
    ),
    region=("区划", "Region"),
    organisation=("组织", "Organisation"),
    own=("默认为本人所辖范围", "All you look after"),
    place_hint=("输入名称，从列表中选", "Type a name and pick it"),
    as_of=("截至日期", "As of"),
    as_of_help=("空着为今天", "Empty: today"),
    show=("查看", "Show"),
    people=("人", "people"),
    person=("人", "person"),
    overdue_of=("{count} 人逾期", "{count} overdue"),
    nobody=("无", "Nobody"),
    everybody=("人员", "Members"),
    members=("{view}的人员", "Members: {view}"),
    rows=("本页 {count} 人", "{count} on this page"),
    name=("姓名", "Name"),
    stage=("环节", "Stage"),
    where=("所在地", "Where"),
    responsible=("负责组织", "Responsible"),
    since=("起始日期", "Since"),
    age=("已有", "For"),
    days=("{count} 天", "{count:day|days}"),
    overdue=("逾期", "Overdue"),
    lost=("失联", "Lost contact"),
    empty=("这一格里没有人", "Nobody is here"),
    ages=("停留", "For how long"),
    age_upto=("{most} 天内", "up to {most} days"),
    age_between=("{least}–{most} 天", "{least} to {most} days"),
    age_over=("超过 {most} 天", "over {most} days"),
    show_ages=("显示停留时长", "Show for how long"),
    choose=("点开上面的数字，查看人员。", "Open a figure above to see the members."),
    next_page=("下一页", "Next page"),
    first_page=("回到第一页", "Back to the first page"),
)


@dataclass(frozen=True, slots=True)
class Cell:
    """A stage of a view: how many are there, and of how many something is overdue."""

    view: str
    stage: str
    count: int
    overdue: int
    ages: tuple[Age, ...] = ()


@dataclass(frozen=True, slots=True)
class Age:
    """How many of them have been there for so many days, both ends included; no end is the longest."""

    least: int
    most: int | None
    count: int


class Chosen:
    """What the address says is to be seen: whose board, on which day, and the figure that is open."""

    def __init__(  # noqa: PLR0913 - what can be chosen
        self,
        person: SignedInPerson,
        *,
        side: str = "",
        region: str = "",
        organisation: str = "",
        as_of: str = "",
        view: str = "",
        stage: str = "",
        overdue: str = "",
        min_days: str = "",
        max_days: str = "",
        ages: str = "",
    ) -> None:
        self.side = side if side in _SIDES else usual_side(person)
        self.organisation = code_in(organisation)
        self.region = "" if self.organisation else code_in(region)
        self.as_of = as_of
        self.view = view if view in VIEWS else ""
        self.stage = stage if (self.view, stage) in self.cells() else ""
        self.overdue = bool(overdue) and bool(self.view)
        least, most = (int(one) if one.isdecimal() and len(one) < _DIGITS else None for one in (min_days, max_days))
        self.least, self.most = (least, most) if self.stage else (None, None)
        # Of the whole country they are counted from everybody under way: only where somebody asks for it.
        country = not self.organisation and (self.region or person.principal.region) == WHOLE_COUNTRY
        self.chose_ages = bool(ages)
        self.ages = self.chose_ages or self.least is not None or not country

    def cells(self) -> list[tuple[str, str]]:
        """Return the cells of this side's board."""
        return [cell for cell in CELLS if cell not in _NOT_OF[self.side]]

    def views(self) -> list[str]:
        """Return the columns of this side's board."""
        return [view for view in VIEWS if any(cell[0] == view for cell in self.cells())]

    def asked(self) -> dict[str, Any]:
        """Return the question about the whole board."""
        return {
            "side": self.side,
            "region": self.region or None,
            "organisation": self.organisation or None,
            "as_of": self.as_of or None,
        }

    def of_members(self) -> dict[str, Any]:
        """Return the question about the members of the open figure."""
        return {
            **self.asked(),
            "view": self.view,
            "stage": self.stage or None,
            "overdue": True if self.overdue else None,
            "min_days": self.least,
            "max_days": self.most,
        }

    def address(self, **other: str) -> str:
        """Write what is chosen as an address, with others instead."""
        said: dict[str, str] = {
            "side": self.side,
            "region": self.region,
            "organisation": self.organisation,
            "as_of": self.as_of,
            "view": self.view,
            "stage": self.stage,
            "overdue": "1" if self.overdue else "",
            "min_days": "" if self.least is None else str(self.least),
            "max_days": "" if self.most is None else str(self.most),
            "ages": "1" if self.chose_ages else "",
            **other,
        }
        return urlencode({name: value for name, value in said.items() if value})

    def figure(self, view: str, stage: str = "", *, overdue: bool = False, age: Age | None = None) -> str:
        """Write the address of a figure of the board."""
        least, most = ("", "") if age is None else (str(age.least), "" if age.most is None else str(age.most))
        return self.address(view=view, stage=stage, overdue="1" if overdue else "", min_days=least, max_days=most)

    def is_at(self, view: str, stage: str = "", *, overdue: bool = False, age: Age | None = None) -> bool:
        """Whether this figure is the open one."""
        days = (None, None) if age is None else (age.least, age.most)
        return (self.view, self.stage, self.overdue, self.least, self.most) == (view, stage, overdue, *days)


@router.get("/loop", operation_id="console_loop")
async def loop(person: SignedInPerson, chosen: Annotated[Chosen, Depends()], cursor: str | None = None) -> Response:
    """Show the board, and the members behind the figure that is open."""
    person.must_be_able_to(Action.READ_LIFECYCLE)
    counted = await person.ask("/v1/lifecycle", ages=True if chosen.ages else None, **chosen.asked())
    listed: dict[str, Any] = {"items": [], "next": None}
    if chosen.view:
        # As much as the board reflects, at least: the figure and its members are then of one moment.
        listed = await person.ask(
            "/v1/lifecycle/members",
            limit=_ROWS,
            cursor=cursor,
            min_position=None if cursor else counted["position"],
            **chosen.of_members(),
        )
    day = local_day(as_of_moment(person.service, chosen.as_of or None))
    return page(
        person,
        "loop.html",
        WORDS,
        chosen=chosen,
        cells=_cells(chosen, counted["items"]),
        sides=_SIDES,
        may_choose_region=person.principal.region is not None,
        may_name=person.may(Action.READ_MASKED_NAMES),
        items=listed["items"],
        ages=_ages(listed["items"], day),
        people=await names_of(person, listed["items"]),
        cursor=cursor,
        following=listed["next"],
        position=counted["position"],
    )


def _cells(chosen: Chosen, items: Sequence[dict[str, Any]]) -> dict[str, list[Cell]]:
    found = {(one["view"], one["stage"]): one for one in items}
    board: dict[str, list[Cell]] = {view: [] for view in chosen.views()}
    for view, stage in chosen.cells():
        one = found.get((view, stage), {"count": 0, "overdue": 0})
        ages = tuple(
            Age(age["min_days"], age["max_days"], age["count"]) for age in one.get("ages") or () if age["count"]
        )
        board[view].append(Cell(view, stage, one["count"], one["overdue"], ages))
    return board


def _ages(items: Sequence[dict[str, Any]], day: date) -> dict[str, int]:
    """Return for how many days each had been at the stage on a day."""
    return {one["member_id"]: (day - date.fromisoformat(one["since"][:10])).days for one in items if one["since"]}
