"""Today: what a person opens in the morning; what to do first, who arrived, who comes home, how many there are."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from fastapi import Request
from starlette.responses import Response

from api.console.asking import Refused
from api.console.duties import grouped, kinds_of, lines_of
from api.console.operating_words import PARTS
from api.console.own_page import own_page
from api.console.page import Page
from api.console.people import names_of
from api.console.person import Person, SignedInPerson, own_organisation
from api.console.rendering import page
from api.console.routing import console_router
from api.console.words import Words
from domain.times import local_day
from infra.tokens.principal import Role

router = console_router()
PAGE: Final = Page("/", "今日", "Today")
_DUTIES: Final = 40
_SHORT: Final = 8
_ARRIVALS: Final = "arrivals"
_ARRIVING: Final = 30
_IN_A_GROUP: Final = 6
_BOTH: Final = ("outflow", "inflow")
VIEWS: Final = ("pre_departure", "in_transit", "return")
_OFFICES: Final = frozenset({
    Role.LIAISON, Role.BRANCH_SECRETARY, Role.COMMUNITY_WORKER, Role.ORGANISATION_DEPARTMENT, Role.AUDITOR,
})  # fmt: skip

WORDS: Final = Words(
    title=("今日", "Today"),
    greeting=("{day}，{weekday}", "{weekday}, {day}"),
    to_do=("待办", "To do"),
    to_do_count=("{count} 项，其中 {overdue} 项逾期", "{count}, {overdue} of them overdue"),
    to_do_many=("先到期的 {count} 项，其中 {overdue} 项逾期", "The first {count} due, {overdue} of them overdue"),
    every_one=("查看全部", "See all"),
    all_duties=("全部待办", "All duties"),
    nothing=("今天没有待办", "Nothing is owed today"),
    nothing_help=(
        "新的报到、外出和到期事项会自动出现在这里。",
        "New arrivals, departures and what falls due appear here by themselves.",
    ),
    name_one=("请先选择一个组织", "Choose an organisation first"),
    name_one_help=(
        "您可以看到不止一个组织，请指明要看哪个组织及其下级。",
        "You see more than one organisation: say whose duties to show.",
    ),
    arrivals=("新报到，待答复", "New arrivals to answer"),
    leaving=("外出与报到", "Leaving and checking in"),
    contact=("联系", "Keeping in touch"),
    returning=("返回与回归教育", "Coming home"),
    transfers=("组织关系转接", "Transfers"),
    records=("其他", "Other"),
    coming_home=("谁要回来", "Who is coming home"),
    nobody_home=("目前没有人报告返回", "Nobody has reported a return"),
    expected=("预计返回", "Expected back"),
    figures=("三个环节", "The three views"),
    people=("人", "people"),
    person=("人", "person"),
    change=("较一个月前 {change}", "{change} since a month ago"),
    same=("与一个月前持平", "same as a month ago"),
    on_the_board=("在看板上查看各环节的人数", "The board tells how many there are"),
    overdue_of=("逾期 {count}", "{count} overdue"),
    due_today=("今天到期", "due today"),
    due_in=("还有 {days} 天", "in {days:day|days}"),
    overdue_by=("逾期 {days} 天", "{days:day|days} overdue"),
    provisional=("期限暂定", "provisional"),
    months=("欠 {count} 个月", "{count:month|months} owed"),
    months_or_more=("至少欠 {count} 个月", "at least {count:month|months} owed"),
    years=("欠 {count} 年", "{count:year|years} owed"),
    years_or_more=("至少欠 {count} 年", "at least {count:year|years} owed"),
    show_more=("再看 {count} 项", "{count} more"),
    more_ways=("其他处理", "Other ways"),
    since=("自 {day}", "since {day}"),
    in_outflow=("流出（本组织党员在外）", "Away from here"),
    in_inflow=("流入（外来党员在此）", "Here from elsewhere"),
    log=("日志与证明", "The log and its proof"),
    log_size=("已签名 {size} 条事件", "{size} events are under a signature"),
    log_help=("任何人都可以用检查点核对日志未被改动。", "Anyone can hold the log to its checkpoint."),
    service=("服务运行", "The service"),
    part=("部分", "Part"),
    state=("状态", "State"),
    feed=("数据流", "Feed"),
    feed_help=("本地区的事件按顺序发布，不缺不重。", "The region's events, in order, without a gap."),
    documents=("接口文档", "API documents"),
    ok=("正常", "ok"),
    off=("未启用", "off"),
    finish=("办理", "Finish"),
    monday=("星期一", "Monday"),
    tuesday=("星期二", "Tuesday"),
    wednesday=("星期三", "Wednesday"),
    thursday=("星期四", "Thursday"),
    friday=("星期五", "Friday"),
    saturday=("星期六", "Saturday"),
    sunday=("星期日", "Sunday"),
)
_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True)
class Figure:
    """How many stand in one view, of those that the role looks after from one side; None until they are asked for."""

    side: str
    view: str
    count: int | None = None
    overdue: int | None = None
    change: int | None = None


@router.get("/", operation_id="console_today")
async def today(request: Request, person: SignedInPerson, part: str | None = None) -> Response:
    """Show the day."""
    now = local_day(person.service.now_us)
    role = person.principal.role
    if role is Role.MEMBER:
        return await own_page(person, part)
    if role in _OFFICES:
        if part == "figures":
            return page(person, "today_figures.html", WORDS, figures=await _figures(person, now))
        told = await _office(person, now)
        template = "today_duties.html" if part == "duties" else "today_office.html"
    else:
        told = await _OTHERS[role](person, request)
        template = f"today_{role.value}.html"
    weekday = WORDS.in_language(person.language)[_WEEKDAYS[now.weekday()]]
    return page(person, template, WORDS, weekday=weekday, **told)


async def _office(person: Person, now: date) -> dict[str, Any]:
    """What an office sees at once: duties, and who comes home. How many there are is counted once the page is there."""
    duties, arrivals, home = await asyncio.gather(
        _list(person, "/v1/worklist", limit=_DUTIES),
        _list(person, "/v1/worklist", limit=_ARRIVING, kind=kinds_of(_ARRIVALS)),
        _list(person, "/v1/lifecycle/members", view="return", limit=_SHORT),
    )
    if duties["next"] is not None:
        # Who has just arrived waits for an answer, however much else is due before.
        known = {one["duty_id"] + str(one["member_id"]) for one in duties["items"]}
        duties["items"] += [one for one in arrivals["items"] if one["duty_id"] + str(one["member_id"]) not in known]
    lines = lines_of(duties["items"], person.principal.role, now)
    return {
        "nowhere": own_organisation(person) is None,
        "groups": grouped(lines),
        "in_a_group": _IN_A_GROUP,
        "duty_count": len(lines),
        "overdue_count": sum(line.overdue for line in lines),
        "more_duties": duties["next"] is not None,
        "home": home["items"],
        "home_more": home["next"] is not None,
        "figures": [Figure(side, view) for side in _BOTH for view in VIEWS],
        "people": await names_of(person, duties["items"], home["items"]),
        "position": duties["position"],
    }


async def _figures(person: Person, now: date) -> list[Figure]:
    """Count the three views from both sides, and how they changed in a month."""
    since = (now - timedelta(days=30)).isoformat()
    answers = await asyncio.gather(*(_list(person, "/v1/lifecycle", side=side, change_since=since) for side in _BOTH))
    return [
        _figure(side, view, [one for one in answer["items"] if one["view"] == view])
        for side, answer in zip(_BOTH, answers, strict=True)
        for view in VIEWS
    ]


def _figure(side: str, view: str, there: list[dict[str, Any]]) -> Figure:
    return Figure(side, view, *(sum(one[name] for one in there) for name in ("count", "overdue", "change")))


async def _list(person: Person, path: str, **parameters: Any) -> dict[str, Any]:
    """Ask for a list; who holds nowhere that the list could be of has an empty one."""
    try:
        return await person.ask(path, **parameters)
    except Refused as refused:
        if refused.status not in (403, 404, 422):
            raise
        return {"items": [], "next": None, "position": 0}


async def _running(person: Person, request: Request) -> dict[str, Any]:
    """What an operator sees: how the parts are doing."""
    del request
    states = await asyncio.to_thread(person.service.parts)
    spoken = 0 if person.language == "zh" else 1
    parts = {PARTS[name][spoken] if name in PARTS else name: state for name, state in states.items()}
    return {"parts": parts, "position": person.service.feed_watch.position}


async def _sister(person: Person, request: Request) -> dict[str, Any]:
    """What a sister region's person sees: where the feed is."""
    del request
    return {"region": person.principal.region, "position": person.service.feed_watch.position}


_OTHERS: Final = {Role.OPERATOR: _running, Role.SISTER_SYSTEM: _sister}
