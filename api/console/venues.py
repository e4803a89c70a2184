"""Venues: where members check in; opened, given a code, with a poster to print and a screen for the wall."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, Final
from urllib.parse import quote
from uuid import UUID, uuid4

from fastapi import Path, Request
from starlette.responses import RedirectResponse, Response

from api.actions import Action
from api.console.asking import Refused
from api.console.command_forms import code_in
from api.console.page import Page
from api.console.person import Person, SignedInPerson, own_organisation
from api.console.posters import last_day, shown_on_poster
from api.console.rendering import drawing, page
from api.console.routing import console_router
from api.console.screens import screen_address
from api.console.words import Words
from domain.venue import VENUE_KINDS

router = console_router()
PAGE: Final = Page("/venues", "报到点", "Venues", Action.OPEN_VENUE)
_VENUES: Final = 50
_STEP: Final = 30
_SAID_IN_PLACE: Final = frozenset({HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.NOT_FOUND})

WORDS: Final = Words(
    title=("报到点", "Venues"),
    lead=(
        "党员在这里扫码报到。打印海报，或在屏幕上显示动态数字。",
        "Members check in here by scanning. Print a poster, or show a changing number on a screen.",
    ),
    open=("设立报到点", "Open a venue"),
    name=("名称", "Name"),
    name_help=("海报上的大字", "The large words on the poster"),
    region=("所在区划", "Region"),
    kind=("类别", "Kind"),
    organisation=("所属组织", "Organisation"),
    place_hint=("输入名称，从列表中选", "Type a name and pick it"),
    refused=("未作记录", "Nothing was recorded"),
    none=("还没有报到点", "There is no venue yet"),
    none_help=("先设立一个，再为它发放报到码。", "Open one, then issue a code for it."),
    code=("报到码", "Check-in code"),
    until=("有效期至 {day}", "Counts until {day}"),
    rotates=("带动态数字", "with a changing number"),
    over=("已过期", "Expired"),
    revoked=("已停用", "Withdrawn"),
    former=("以前的报到码 {count} 个", "{count:former code|former codes}"),
    poster=("海报", "Poster"),
    screen=("屏幕", "Screen"),
    revoke=("停用", "Withdraw"),
    issue=("发放报到码", "Issue a code"),
    issue_number=("发放带动态数字的报到码", "Issue a code with a changing number"),
    no_code=("没有在用的报到码", "No code is in use"),
    next_page=("下一页", "Next page"),
    back=("返回报到点", "Back to the venues"),
    download=("下载 SVG", "Download as SVG"),
    print_a4=("打印 A4", "Print on A4"),
    poster_of=("{name} 报到海报", "Check-in poster of {name}"),
    poster_help=(
        "打印时选 A4、不缩放；贴在明亮、无反光处。",
        "Print on A4 without scaling; hang it where there is light and no glare.",
    ),
    WINDOW=("服务窗口", "Window"),
    STATION=("服务站", "Service station"),
    LIAISON_STATION=("联络站", "Liaison station"),
    OTHER=("其他", "Other"),
)
CodeId = Annotated[str, Path(pattern=r"^[0-9a-zA-Z-]{1,64}$")]


@router.get("/venues", operation_id="console_venues")
async def venues(person: SignedInPerson, cursor: str | None = None) -> Response:
    """Show the venues that one looks after, with the codes in use."""
    person.must_be_able_to(Action.OPEN_VENUE)
    return await _shown(person, cursor=cursor)


@router.post("/venues", operation_id="console_open_venue")
async def open_venue(request: Request, person: SignedInPerson) -> Response:
    """Open a venue."""
    person.must_be_able_to(Action.OPEN_VENUE)
    form = {name: str(value).strip() for name, value in (await request.form()).items()}
    body = {
        "name": form.get("name", ""),
        "region": code_in(form.get("region", "")),
        "kind": form.get("kind", ""),
        **({"organisation": chosen} if (chosen := code_in(form.get("organisation", ""))) else {}),
    }
    try:
        opened = await person.record("/v1/venues", body, form.get("key") or str(uuid4()))
    except Refused as refused:
        if refused.status not in _SAID_IN_PLACE:
            raise
        return await _shown(person, typed=body, problem=refused.problem, status=refused.status)
    return RedirectResponse(f"/venues#venue-{opened['stream']}", status_code=303)


@router.post("/venues/{venue_id}/codes", operation_id="console_issue_code")
async def issue(request: Request, person: SignedInPerson, venue_id: UUID) -> Response:
    """Issue a code, with a number that changes or without."""
    person.must_be_able_to(Action.ISSUE_VENUE_CODE)
    form = await request.form()
    body = {"rotates_every": _STEP} if form.get("rotates") else {}
    await person.record(f"/v1/venues/{venue_id}/codes", body, str(form.get("key") or uuid4()))
    return RedirectResponse(f"/venues#venue-{venue_id}", status_code=303)


@router.post("/venues/{venue_id}/codes/{code_id}/revoke", operation_id="console_revoke_code")
async def revoke(request: Request, person: SignedInPerson, venue_id: UUID, code_id: CodeId) -> Response:
    """Withdraw a code."""
    person.must_be_able_to(Action.REVOKE_VENUE_CODE)
    form = await request.form()
    await person.record(f"/v1/venues/{venue_id}/codes/{code_id}/revoke", {}, str(form.get("key") or uuid4()))
    return RedirectResponse(f"/venues#venue-{venue_id}", status_code=303)


@router.get("/venues/{venue_id}/codes/{code_id}/poster", operation_id="console_poster")
async def poster(request: Request, person: SignedInPerson, venue_id: UUID, code_id: CodeId) -> Response:
    """Show a poster as it is printed."""
    person.must_be_able_to(Action.ISSUE_VENUE_CODE)
    code = await person.ask(f"/v1/venues/{venue_id}/codes/{code_id}")
    return page(person, "poster.html", WORDS, inline=True, venue_id=venue_id, **shown_on_poster(request, code))


@router.get("/venues/{venue_id}/codes/{code_id}/poster.svg", operation_id="console_poster_file")
async def poster_file(request: Request, person: SignedInPerson, venue_id: UUID, code_id: CodeId) -> Response:
    """Hand a poster out as a drawing."""
    person.must_be_able_to(Action.ISSUE_VENUE_CODE)
    code = await person.ask(f"/v1/venues/{venue_id}/codes/{code_id}")
    content = drawing(person, "poster.svg", WORDS, inline=False, **shown_on_poster(request, code))
    called = quote(f"{code['venue']['name']}.svg", safe="")
    headers = {"Content-Disposition": f"attachment; filename=\"poster.svg\"; filename*=UTF-8''{called}"}
    return Response(content, media_type="image/svg+xml", headers=headers)


@router.get("/venues/{venue_id}/codes/{code_id}/screen", operation_id="console_to_screen")
async def to_screen(person: SignedInPerson, venue_id: UUID, code_id: CodeId) -> Response:
    """Go to the address of a screen, which shows this code and nothing else, whoever stands before it."""
    person.must_be_able_to(Action.ISSUE_VENUE_CODE)
    await person.ask(f"/v1/venues/{venue_id}/codes/{code_id}")
    return RedirectResponse(screen_address(person, venue_id, code_id), status_code=303)


async def _shown(
    person: Person,
    *,
    cursor: str | None = None,
    typed: dict[str, Any] | None = None,
    problem: dict[str, Any] | None = None,
    status: int = HTTPStatus.OK,
) -> Response:
    own = own_organisation(person)
    answer = await person.ask("/v1/venues", limit=_VENUES, cursor=cursor or None)
    tree = person.service.kiteline.reference().organisations
    home = None if own is None else tree.get(own)
    region = None if home is None else home.stationed_in or home.region
    return page(
        person,
        "venues.html",
        WORDS,
        status=status,
        items=answer["items"],
        following=answer["next"],
        kinds=VENUE_KINDS,
        typed=typed or {"name": "", "region": region or "", "kind": "STATION", "organisation": own or ""},
        problem=problem,
        last_day=last_day,
        new_key=lambda: str(uuid4()),
    )
