"""Checking in at a desk or with a phone in hand: arrivals of today, and somebody checked in by name and number."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final
from uuid import uuid4

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from api.actions import Action
from api.console.asking import Refused
from api.console.page import Page
from api.console.people import names_of
from api.console.person import Person, SignedInPerson
from api.console.rendering import page
from api.console.routing import console_router
from api.console.scanned import mark_of, script_words, server_time
from api.console.words import Words
from infra.tokens.principal import Role

router = console_router()
PAGE: Final = Page("/check-ins", "报到登记", "Check-in", Action.CHECK_IN_BY_CODE)
_LISTED: Final = 100
_VENUES: Final = 200
_FIRST: Final[dict[str, str | None]] = {"arrived": None, "expected": None}
_LENGTH: Final = 53
_COUNTY: Final = 6
_NOBODY: Final[dict[str, Any]] = {"items": [], "next": None, "position": 0}
_AS_MEANT: Final = str.maketrans({"0": "O", "1": "I", "8": "B", " ": None, "-": None})
_SAID_IN_PLACE: Final = frozenset({
    HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.NOT_FOUND, HTTPStatus.TOO_MANY_REQUESTS,
})  # fmt: skip

WORDS: Final = Words(
    title=("报到登记", "Check-in"),
    by_worker=("代为报到", "Check somebody in"),
    venue=("报到点", "Venue"),
    no_venue=("还没有报到点", "There is no venue yet"),
    open_venue=("先设立一个报到点", "Open a venue first"),
    name=("姓名", "Name"),
    name_help=("与证件一致", "As on the card"),
    identity_number=("公民身份号码", "Identity number"),
    do=("报到", "Check in"),
    done=("已报到", "Checked in"),
    refused=("没有报到成功", "Not checked in"),
    sealed_help=(
        "没有网络也可登记：加密保存在本机，本机也无法读取，联网后自动送出并删除。",
        "It works without a network: kept sealed on this phone, which cannot read it itself, then sent and deleted.",
    ),
    pending=("待送出", "To be sent"),
    arrivals=("今天的报到", "Today's arrivals"),
    arrived=("今天报到", "Arrived today"),
    arrived_none=("今天还没有人报到", "Nobody has checked in today"),
    expected=("预计要来", "Expected"),
    expected_none=("目前没有预计要来的人", "Nobody is expected"),
    this_page=("本页 {count} 人", "{count} on this page"),
    next_page=("下一页", "Next page"),
    first_page=("回到第一页", "Back to the first page"),
    from_place=("来自 {place}", "from {place}"),
    own_code=("扫码报到", "Check in by scanning"),
    own_help=(
        "用手机上任何应用的“扫一扫”扫现场海报或屏幕上的二维码，打开后点“报到”。",
        'Scan the poster or the screen at the venue with any app, and tap "Check in".',
    ),
    typed=("不能扫码的，输入海报下方的报到码", "If you cannot scan, type the code below the poster's picture"),
    code=("报到码", "Code"),
    open=("打开", "Open"),
    not_code=("这不是报到码：应为 53 个字母和数字", "This is no code: it has 53 letters and digits"),
)


@router.get("/check-ins", operation_id="console_check_ins")
async def check_ins(
    person: SignedInPerson,
    part: str | None = None,
    code: str | None = None,
    arrived: str | None = None,
    expected: str | None = None,
) -> Response:
    """Show today's arrivals and the form; to a member, the way to check in. Both lists have pages, by their cursors."""
    person.must_be_able_to(Action.CHECK_IN_BY_CODE)
    if person.principal.role is Role.MEMBER:
        return _own(person, code)
    template = "arrivals.html" if part == "list" else "check_ins.html"
    return await _office(person, template, cursors={"arrived": arrived, "expected": expected})


@router.post("/check-ins", operation_id="console_check_in_somebody")
async def check_in(request: Request, person: SignedInPerson) -> Response:
    """Check somebody in, in a browser without scripts."""
    person.must_be_able_to(Action.CHECK_IN_BY_CODE)
    form = {name: str(value).strip() for name, value in (await request.form()).items()}
    body = {name: form.get(name, "") for name in ("venue", "name", "identity_number", "occurred_at")}
    try:
        await person.record("/v1/check-ins", body, form.get("key") or str(uuid4()))
    except Refused as refused:
        if refused.status not in _SAID_IN_PLACE:
            raise
        return await _office(person, "check_ins.html", typed=body, problem=refused.problem, status=refused.status)
    return await _office(person, "check_ins.html", done=True)


def _own(person: Person, code: str | None) -> Response:
    text = (code or "").upper().translate(_AS_MEANT)
    if len(text) == _LENGTH and text.isalnum() and text.isascii():
        return RedirectResponse(f"/c/{text}", status_code=303)
    status = HTTPStatus.OK if code is None else HTTPStatus.UNPROCESSABLE_ENTITY
    return page(person, "check_in_own.html", WORDS, status=status, code=code)


async def _office(
    person: Person,
    template: str,
    *,
    cursors: Mapping[str, str | None] = _FIRST,
    typed: dict[str, str] | None = None,
    problem: dict[str, Any] | None = None,
    done: bool = False,
    status: int = HTTPStatus.OK,
) -> Response:
    asked: dict[str, Any] = {"side": "inflow", "limit": _LISTED, "region": _where_people_come(person)}
    venues, here, awaited = await asyncio.gather(
        person.ask("/v1/venues", limit=_VENUES),
        # Whoever is at the stage since today.
        _list(person, "/v1/lifecycle/members", stage="checked_in", max_days=0, cursor=cursors["arrived"], **asked),
        _list(person, "/v1/rosters", stage="awaiting_check_in", cursor=cursors["expected"], **asked),
    )
    settings = person.service.settings
    return page(
        person,
        template,
        WORDS,
        status=status,
        venues=venues["items"],
        arrived=here["items"],
        expected=awaited["items"],
        cursors=cursors,
        following={"arrived": here["next"], "expected": awaited["next"]},
        people=await names_of(person, here["items"], awaited["items"]),
        position=here["position"],
        typed=typed or {"venue": "", "name": "", "identity_number": ""},
        problem=problem,
        done=done,
        key=str(uuid4()),
        occurred_at=server_time(person.service),
        mark=mark_of(person),
        seal=person.service.offline_seal.public,
        session_s=settings.console_session_seconds,
        may_open=person.may(Action.OPEN_VENUE),
        script_words=script_words(person.language),
    )


def _where_people_come(person: Person) -> str | None:
    """Return the county of a community worker's organisation: whoever is expected is held by nobody there yet."""
    principal = person.principal
    home = person.service.kiteline.reference().organisations.get(principal.organisation)
    if principal.role is not Role.COMMUNITY_WORKER or home is None:
        return None
    return (home.stationed_in or home.region)[:_COUNTY]


async def _list(person: Person, path: str, *, region: str | None, **asked: Any) -> dict[str, Any]:
    """Ask for a list of a county, or of what is one's own; who holds nowhere has an empty one."""
    try:
        return await person.ask(path, region=region, **asked)
    except Refused as refused:
        if refused.status not in (403, 404, 422):
            raise
    return await _list(person, path, region=None, **asked) if region is not None else _NOBODY
