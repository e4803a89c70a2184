"""Rosters: who is away, who is here from elsewhere, who belongs here; on any day, as known on any; by the address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import Depends, Query, Request
from starlette.responses import Response

from api.actions import Action
from api.console.command_forms import code_in
from api.console.page import Page
from api.console.people import names_of
from api.console.person import SignedInPerson, usual_side
from api.console.rendering import page
from api.console.routing import console_router
from api.console.words import Words
from api.exports import XLSX
from infra.tokens.principal import Role

if TYPE_CHECKING:
    from collections.abc import Sequence

router = console_router()
PAGE: Final = Page("/rosters", "名册", "Rosters", Action.READ_ROSTER)
SIDES: Final = ("outflow", "inflow", "affiliated")
STAGES: Final = {
    "outflow": ("awaiting_check_in", "checked_in", "settled"),
    "inflow": ("awaiting_check_in", "checked_in", "settled"),
    "affiliated": ("reported", "awaiting_check_in", "checked_in", "settled", "returned"),
}
COLUMNS: Final = (
    "stage", "affiliation", "responsible", "origin_region", "region", "branch", "since", "last_contact_at", "due_on",
    "scope", "category", "overdue",
)  # fmt: skip
_SHOWN: Final = {
    "outflow": ("stage", "affiliation", "region", "responsible", "since", "last_contact_at", "overdue"),
    "inflow": ("stage", "origin_region", "region", "branch", "since", "last_contact_at", "overdue"),
    "affiliated": ("stage", "affiliation", "region", "category", "since", "overdue"),
}
ORDERS: Final = ("since", "-since", "last_contact_at", "due_on")
_ORDERED_BY: Final = {"since": "since", "-since": "since", "last_contact_at": "last_contact_at", "due_on": "due_on"}
"""The column that an order puts in order."""
_ROWS: Final = 50
_KNOW_LATER: Final = frozenset({Role.ORGANISATION_DEPARTMENT, Role.AUDITOR})
"""Whom it may matter to what was known when."""

WORDS: Final = Words(
    title=("名册", "Rosters"),
    filter=("查看", "Show"),
    region=("区划", "Region"),
    organisation=("组织", "Organisation"),
    place_hint=("输入名称，从列表中选", "Type a name and pick it"),
    own=("默认为本人所辖范围", "All you look after"),
    stage_is=("环节", "Stage"),
    every_stage=("全部环节", "Every stage"),
    leaving=("只看跨出本区划的", "Only moves across the border"),
    only_overdue=("只看逾期", "Overdue only"),
    as_of=("截至日期", "As of"),
    as_of_help=("空着为今天", "Empty: today"),
    known_at=("当时所知", "As known on"),
    known_at_help=("按那一天已记录的内容", "By what had been recorded by that day"),
    columns=("显示的列", "Columns"),
    sort=("排序", "Order"),
    order_of_places=("按区划", "By place"),
    order_since=("停留最久在前", "Longest at the stage first"),
    order_latest=("最近变动在前", "Latest change first"),
    order_last_contact_at=("最久未联系在前", "Longest without contact first"),
    order_due_on=("最先到期在前", "Due first"),
    due_on=("最近期限", "Next due"),
    apply=("应用", "Apply"),
    export=("导出表格", "Export"),
    export_help=(
        "导出与所见完全一致，含水印并留有记录",
        "The file holds exactly what is seen, with a watermark, and is recorded",
    ),
    name=("姓名", "Name"),
    stage=("环节", "Stage"),
    affiliation=("组织关系", "Affiliation"),
    responsible=("负责组织", "Responsible"),
    origin_region=("流出地", "From"),
    region_is=("所在地", "Where"),
    branch=("编入支部", "Branch"),
    since=("起始日期", "Since"),
    last_contact_at=("最近联系", "Last contact"),
    scope=("范围", "Scope"),
    category=("类别", "Category"),
    overdue=("逾期", "Overdue"),
    caption=("{side}，截至 {day}", "{side}, as of {day}"),
    caption_known=("{side}，截至 {day}，按 {known} 所知", "{side}, as of {day}, as known on {known}"),
    rows=("本页 {count} 人", "{count} on this page"),
    lost=("失联", "Lost contact"),
    empty=("没有符合条件的党员", "Nobody fits"),
    nobody=("这里还没有人", "There is nobody here yet"),
    nobody_help=(
        "登记外出或导入台账以后，名单会出现在这里。",
        "Once departures are recorded or a register is imported, they stand here.",
    ),
    empty_help=("换一个环节或范围，或去掉日期。", "Choose another stage or place, or take the date away."),
    next_page=("下一页", "Next page"),
    first_page=("回到第一页", "Back to the first page"),
    more_filters=("日期与列", "Dates and columns"),
)


class Filters:
    """What the address says is to be seen."""

    def __init__(  # noqa: PLR0913 - what can be chosen
        self,
        person: SignedInPerson,
        *,
        side: str = "",
        region: str = "",
        organisation: str = "",
        stage: str = "",
        leaving: str = "",
        overdue: str = "",
        as_of: str = "",
        known_at: str = "",
        sort: str = "",
        column: Annotated[list[str] | None, Query()] = None,
    ) -> None:
        self.side = side if side in SIDES else usual_side(person)
        self.organisation = code_in(organisation)
        self.region = "" if self.organisation else code_in(region)
        self.stage = stage if stage in STAGES[self.side] else ""
        self.leaving = bool(leaving)
        self.overdue = bool(overdue)
        self.as_of = as_of
        self.known_at = known_at
        self.columns = tuple(one for one in COLUMNS if one in (column or ())) or _SHOWN[self.side]
        self.sort = sort if sort in ORDERS else ""
        self.chosen = () if self.columns == _SHOWN[self.side] else self.columns

    @property
    def narrowed(self) -> bool:
        """Whether anything but the side and its order was chosen."""
        chosen = (self.region, self.organisation, self.stage, self.as_of, self.known_at)
        return any(chosen) or self.leaving or self.overdue

    @property
    def ordered_by(self) -> str:
        """The column that stands in order, if any does."""
        return _ORDERED_BY.get(self.sort, "")

    def asked(self) -> dict[str, Any]:
        """Return the question of the API."""
        return {
            "side": self.side,
            "region": self.region or None,
            "organisation": self.organisation or None,
            "stage": self.stage or None,
            "scope": "leaving" if self.leaving else None,
            "overdue": True if self.overdue else None,
            "as_of": self.as_of or None,
            "known_at": self.known_at or None,
            "order": self.sort or None,
        }

    def address(self, **other: str) -> str:
        """Write these filters as an address, with others instead."""
        said: dict[str, str | Sequence[str]] = {
            "side": self.side,
            "region": self.region,
            "organisation": self.organisation,
            "stage": self.stage,
            "leaving": "1" if self.leaving else "",
            "overdue": "1" if self.overdue else "",
            "as_of": self.as_of,
            "known_at": self.known_at,
            "sort": self.sort,
            "column": list(self.chosen),
            **other,
        }
        return urlencode({name: value for name, value in said.items() if value}, doseq=True)


@router.get("/rosters", operation_id="console_rosters")
async def rosters(
    request: Request, person: SignedInPerson, filters: Annotated[Filters, Depends()], cursor: str | None = None
) -> Response:
    """Show a page of a roster."""
    del request
    person.must_be_able_to(Action.READ_ROSTER)
    answer = await person.ask("/v1/rosters", limit=_ROWS, cursor=cursor, **filters.asked())
    items = answer["items"]
    return page(
        person,
        "roster_table.html" if person.wants_part else "rosters.html",
        WORDS,
        filters=filters,
        items=items,
        people=await names_of(person, items),
        stages=STAGES[filters.side],
        sides=SIDES,
        columns=COLUMNS,
        orders=ORDERS,
        may_choose_region=person.principal.region is not None,
        may_know_later=person.principal.role in _KNOW_LATER,
        may_name=person.may(Action.READ_MASKED_NAMES),
        cursor=cursor,
        following=answer["next"],
        position=answer["position"],
    )


@router.get("/rosters/export", operation_id="console_roster_export")
async def export(person: SignedInPerson, filters: Annotated[Filters, Depends()]) -> Response:
    """Hand the whole roster out as a file with the columns that are seen; the API records who took it."""
    person.must_be_able_to(Action.READ_ROSTER)
    wanted = {"format": "xlsx", "columns": ",".join(filters.columns), "words": person.language}
    answer = await person.fetch("/v1/rosters", **wanted, **filters.asked())
    headers = {"Content-Disposition": answer.headers["content-disposition"], "Cache-Control": "no-store"}
    return Response(answer.content, media_type=XLSX, headers=headers)
