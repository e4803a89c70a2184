"""What a scanned code opens: a member's check-in, kept on the phone until it was answered, and sent once."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Annotated, Any, Final
from uuid import uuid4

from fastapi import Path, Request
from starlette.responses import JSONResponse, Response

from api.actions import Action
from api.bodies import json_object
from api.console.asking import Refused
from api.console.offline_seal import NotSealedHere
from api.console.person import Person, SignedInPerson
from api.console.posters import words_of
from api.console.rendering import page, shell_page
from api.console.routing import console_router
from api.console.words import Words
from api.problems import invalid
from domain.errors import Sentence
from domain.times import SHANGHAI, instant
from infra.tokens.principal import Role

if TYPE_CHECKING:
    from api.language import Language
    from api.service import Service

router = console_router()
_WORKER: Final = FilePath(__file__).parent / "static" / "offline.js"
_MOST_SENT: Final = 100
_FINAL: Final = frozenset({
    HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT,
    HTTPStatus.UNPROCESSABLE_ENTITY,
})  # fmt: skip
"""Refusals that would be the same when sent again; a key that is being worked on is not one of them."""
_AT_WORK: Final = "idempotency_key_in_flight"

WORDS: Final = Words(
    title=("报到", "Check in"),
    here=("您在", "You are at"),
    do=("报到", "Check in"),
    number=("动态数字", "Number on the screen"),
    number_help=("现场屏幕上的六位数字", "The six digits that the screen shows"),
    what=(
        "记录的只有报到点和时间，不读取手机位置。",
        "What is recorded is the venue and the time. Your position is not read.",
    ),
    done=("已报到", "You are checked in"),
    done_help=("当地组织会与您联系，不用再做什么。", "The organisation here will be in touch: nothing more to do."),
    refused=("没有报到成功", "You are not checked in"),
    sending=("正在送出…", "Sending…"),
    kept=(
        "没有网络，已保存在本机，联网后自动送出。可以关闭此页。",
        "No network: kept on this phone and sent when it is back. You may close this page.",
    ),
    kept_long=(
        "保存满三天仍未送出的会删除，请届时到现场报到。",
        "What cannot be sent within three days is deleted: check in at the venue then.",
    ),
    sign_in=("需要先登录才能送出，点此登录", "Sign in to send it"),
    offline=("目前没有网络", "There is no network"),
    offline_first=(
        "第一次使用需要网络，请连上网络后再扫码。",
        "The first time takes a network: scan again when there is one.",
    ),
    not_member=(
        "扫码报到是党员本人的操作。代他人报到，请到“报到登记”。",
        'Scanning checks in the member who scans. To check others in, open "Check-in".',
    ),
    to_list=("报到登记", "Check-in"),
    pending=("待送出", "To be sent"),
    arrivals=("今天的报到（离线名单）", "Today's arrivals (as last seen)"),
    unsent=("有 {count} 条待送出", "{count} to be sent"),
    venue=("报到点", "Venue"),
    name=("姓名", "Name"),
    identity_number=("公民身份号码", "Identity number"),
    sealed_help=(
        "离线登记加密保存，本机也无法读取，送出后即删除。",
        "Without a network it is kept sealed, so that not even this phone can read it, and deleted when sent.",
    ),
    stale=("离线名单已过期，联网后重新打开", "The list is out of date: open it again with a network"),
    by_worker=("代为报到", "Check somebody in"),
)
_SCRIPT_WORDS: Final = (
    "done", "done_help", "refused", "sending", "kept", "kept_long", "sign_in", "unsent", "stale", "arrivals",
    "offline_first", "pending",
)  # fmt: skip
_NOT_KEPT: Final = Sentence("应为本机保存的报到条目", "Expected check-ins as the phone keeps them.")
CodeText = Annotated[str, Path(pattern=r"^[A-Za-z0-9-]{1,80}$")]


@router.get("/c/{text}", operation_id="console_scanned")
async def scanned(person: SignedInPerson, text: CodeText, n: str = "") -> Response:
    """Show where one is about to check in: one tap does it."""
    person.must_be_able_to(Action.CHECK_IN_BY_CODE)
    code = await person.ask(f"/v1/check-in-codes/{text}")
    return page(person, "scanned.html", WORDS, **_shown(person, text, n), scanned=code, problem=code["refusal"])


@router.post("/c/{text}", operation_id="console_check_in")
async def check_in(request: Request, person: SignedInPerson, text: CodeText) -> Response:
    """Check in, in a browser without scripts; the same form again is the same check-in."""
    person.must_be_able_to(Action.CHECK_IN_BY_CODE)
    form = {name: str(value).strip() for name, value in (await request.form()).items()}
    key = form.get("key") or str(uuid4())
    code = await person.ask(f"/v1/check-in-codes/{text}")
    told = {**_shown(person, text, form.get("number", "")), "scanned": code, "key": key}
    try:
        await person.record("/v1/check-ins", _body(text, form), key)
    except Refused as refused:
        if refused.status not in _FINAL:
            raise
        return page(person, "scanned.html", WORDS, status=refused.status, problem=refused.problem, **told)
    return page(person, "scanned.html", WORDS, problem=None, **{**told, "done": True})


@router.get("/check-ins/who", operation_id="console_check_in_who")
async def who(person: SignedInPerson) -> Response:
    """Tell a page that was kept on the phone who is signed in, by a mark, and the token of their forms."""
    person.must_be_able_to(Action.CHECK_IN_BY_CODE)
    return JSONResponse(
        {"mark": mark_of(person), "form_token": person.form_token}, headers={"Cache-Control": "no-store"}
    )


@router.post("/check-ins/send", operation_id="console_check_in_send")
async def send(request: Request, person: SignedInPerson) -> Response:
    """Record what a phone kept, item by item: each once, whatever was lost on the way."""
    person.must_be_able_to(Action.CHECK_IN_BY_CODE)
    items = (await json_object(request)).get("items")
    if not isinstance(items, list) or not all(isinstance(one, dict) and "key" in one for one in items):
        raise invalid("/items", "unreadable", _NOT_KEPT, '[{"key": "…", "mark": "…", "code": "…"}]')
    mine = [one for one in items[:_MOST_SENT] if one.get("mark") == mark_of(person)]
    told = [{"key": one["key"], **await _recorded(person, one)} for one in mine]
    return JSONResponse({"items": told}, headers={"Cache-Control": "no-store"})


@router.get("/offline", operation_id="console_offline_page")
async def offline_page(request: Request, language: str = "zh") -> Response:
    """Show the page that a phone keeps for when there is no network: it knows nobody."""
    chosen: Language = "en" if language == "en" else "zh"
    return shell_page(request, "offline.html", WORDS, chosen, script_words=script_words(chosen))


@router.get("/offline.js", operation_id="console_offline_worker")
def offline_worker() -> Response:
    """Send the script that shows that page when there is no network."""
    headers = {"Cache-Control": "no-cache"}
    return Response(_WORKER.read_bytes(), headers=headers, media_type="text/javascript; charset=utf-8")


def mark_of(person: Person) -> str:
    """Return what stands for a person on a phone: nobody can tell who it is, and it is theirs in every session."""
    return person.service.vault.keyed_hash("phone", person.principal.caller.encode()).hex()[:24]


def script_words(language: Language) -> dict[str, str]:
    """Return the words that the script of checking in needs."""
    said = WORDS.in_language(language)
    return {name: said[name] for name in _SCRIPT_WORDS}


def server_time(service: Service) -> str:
    """Write the present moment as a form carries it."""
    return instant(service.now_us).astimezone(SHANGHAI).replace(microsecond=0).isoformat()


def _shown(person: Person, text: str, number: str) -> dict[str, Any]:
    return {
        "text": text,
        "screen_number": number if number.isdigit() and len(number) == 6 else "",
        "key": str(uuid4()),
        "occurred_at": server_time(person.service),
        "mark": mark_of(person),
        "script_words": script_words(person.language),
        "is_member": person.principal.role is Role.MEMBER,
        "done": False,
        "words_of": words_of,
    }


def _body(text: str, form: dict[str, Any]) -> dict[str, Any]:
    number = {"number": form["number"]} if form.get("number") else {}
    return {"code": text, "occurred_at": str(form.get("occurred_at", "")), **number}


async def _recorded(person: Person, item: dict[str, Any]) -> dict[str, Any]:
    key = str(item["key"])
    try:
        if "sealed" in item:
            body = person.service.offline_seal.open(str(item["sealed"]), key)
        else:
            body = _body(str(item.get("code", "")), item)
        await person.record("/v1/check-ins", body, key)
    except NotSealedHere:
        return {"outcome": "refused", "code": "unreadable", "detail": ""}
    except Refused as refused:
        code, detail = refused.problem.get("code", ""), refused.problem.get("detail", "")
        details = [one["detail"] for one in refused.problem.get("errors", [])]
        final = refused.status in _FINAL and code != _AT_WORK
        told = " ".join(dict.fromkeys([detail, *details]))
        return {"outcome": "refused" if final else "later", "code": code, "detail": told}
    return {"outcome": "recorded", "code": "", "detail": ""}
