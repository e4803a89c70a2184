"""Running the deployment: how far everything is, what waits for a person, and the one button that each needs."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from api.actions import Action
from api.console.asking import Refused
from api.console.command_forms import code_in
from api.console.operating_words import ACTS, PARTS, STATES, VIEWS, WHY, WORDS
from api.console.page import Page
from api.console.person import Person, SignedInPerson
from api.console.rendering import page
from api.console.routing import console_router

if TYPE_CHECKING:
    from api.console.words import Pair

router = console_router()
PAGE: Final = Page("/operating", "运行", "Running", Action.READ_STATUS)
_ACTS: Final = 8
_LIST: Final = 50
_WELL: Final = frozenset({"ok", "off", "publishing", "standby"})
_PARTS: Final = {
    "standing": "operating_standing.html",
    "waiting": "operating_waiting.html",
    "acts": "operating_acts.html",
}
_EVERYTHING: Final = "all"
_AN_EVENT: Final = "event"


@dataclass(frozen=True, slots=True)
class Act:
    """What a button does: the endpoint's address, and what it takes: read models, or from where to go on."""

    path: str
    action: Action
    views: bool = False
    begins: bool = False


BUTTONS: Final[dict[str, Act]] = {
    "rebuild_read_models": Act("/v1/read-models/rebuild", Action.REBUILD_READ_MODELS, views=True),
    "retry_parked": Act("/v1/parked/{about}/retry", Action.RETRY_PARKED),
    "retry_quarantined": Act("/v1/quarantine/{about}/retry", Action.SETTLE_QUARANTINE),
    "drop_quarantined": Act("/v1/quarantine/{about}/drop", Action.SETTLE_QUARANTINE),
    "publish_again": Act("/v1/topics/{about}/publish-again", Action.PUBLISH_AGAIN),
    "pause_subscription": Act("/v1/subscriptions/{about}/pause", Action.CHANGE_SUBSCRIPTION),
    "resume_subscription": Act("/v1/subscriptions/{about}/resume", Action.CHANGE_SUBSCRIPTION),
    "reset_subscription": Act("/v1/subscriptions/{about}/reset", Action.CHANGE_SUBSCRIPTION, begins=True),
}


@router.get("/operating", operation_id="console_operating")
async def operating(person: SignedInPerson, part: str | None = None) -> Response:
    """Show how the deployment stands, or the part of the page that is renewed."""
    person.must_be_able_to(Action.READ_STATUS)
    template = _PARTS.get(part or "", "operating.html")
    return page(person, template, WORDS, **await _told(person))


@router.get("/operating/ask", operation_id="console_operating_ask")
async def ask(person: SignedInPerson, act: str, about: str = "") -> Response:
    """Ask once before something is done."""
    person.must_be_able_to(_known(act).action)
    return _asked(person, act, code_in(about) if act == "publish_again" else about, str(uuid4()))


@router.post("/operating/do", operation_id="console_operating_do")
async def do(person: SignedInPerson, request: Request) -> Response:
    """Do it, once however often it is sent; or say why not."""
    posted = await request.form()
    act, about, key = (str(posted.get(name, "")) for name in ("act", "about", "key"))
    button = _known(act)
    person.must_be_able_to(button.action)
    begins = (str(posted.get("from", "")), str(posted.get("event", "")).strip())
    body: dict[str, Any] = {"views": [about]} if button.views and about != _EVERYTHING else {}
    if button.begins:
        body = {"from": begins[1] if begins[0] == _AN_EVENT else begins[0]}
    try:
        answer = await person.record(button.path.format(about=about), body, key or str(uuid4()))
    except Refused as refused:
        if refused.status not in (HTTPStatus.CONFLICT, HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY):
            raise
        return _asked(person, act, about, key, refused.problem, begins)
    if not person.wants_part:
        return RedirectResponse("/operating", status_code=HTTPStatus.SEE_OTHER)
    response = page(
        person, "operating_done.html", WORDS, what=_said(ACTS, act, person), running=answer.get("state") == "running"
    )
    response.headers["HX-Trigger"] = "kiteline:operated"
    return response


async def _told(person: Person) -> dict[str, Any]:
    """Ask for everything at once: the page is small, and its parts say the same moment."""
    status, waiting, subscriptions, acts = await asyncio.gather(
        person.ask("/v1/status"),
        person.ask("/v1/quarantine", limit=_LIST),
        person.ask("/v1/subscriptions", limit=_LIST),
        person.ask("/v1/operator-acts", limit=_ACTS),
    )
    failing = [name for name, state in status["states"].items() if state not in _WELL]
    stopped = [one for one in subscriptions["items"] if one["status"] in ("exhausted", "gone")]
    held = sum(
        count for code, count in status["quarantine"].items() if code not in ("not_introduced", "behind_another")
    )
    return {
        "stands": status,
        "waiting": waiting["items"],
        "subscriptions": subscriptions["items"],
        "acts": acts["items"],
        "older_acts": acts["next"] is not None,
        "to_look_at": len(failing) + len(status["parked"]) + held + len(stopped) + len(status["refused_topics"]),
        "well": _WELL,
        "part_name": lambda name: _said(PARTS, name, person),
        "state_name": lambda name: _said(STATES, name, person),
        "view_name": lambda name: _said(VIEWS, name, person),
        "act_name": lambda name: _said(ACTS, name, person),
        "about_name": lambda act, about: _about(person, act, about),
        "why_name": lambda code: _said(WHY, code, person),
        "position": status["position"],
    }


def _asked(
    person: Person,
    act: str,
    about: str,
    key: str,
    problem: dict[str, Any] | None = None,
    begins: tuple[str, str] = ("start", ""),
) -> Response:
    """Show the question before an act, with why it was refused where it was."""
    return page(
        person,
        "operating_ask.html" if person.wants_part else "operating_ask_page.html",
        WORDS,
        act=act,
        about=about,
        key=key,
        problem=problem,
        asks_where=BUTTONS[act].begins,
        begins=begins,
        what=_said(ACTS, act, person),
        about_name=_about(person, act, about),
    )


def _about(person: Person, act: str, about: str | None) -> str:
    """Return what an act is about, in words."""
    if about is None:
        return ""
    if act == "rebuild_read_models":
        names = list(VIEWS) if about == _EVERYTHING else about.split(",")
        if set(names) == set(VIEWS):
            return WORDS.in_language(person.language).rebuild_all
        return "、".join(_said(VIEWS, name, person) for name in names)
    return about[:8] if len(about) == len("00000000-0000-0000-0000-000000000000") else about


def _known(act: str) -> Act:
    """Return what a button does. Raises Refused (404)."""
    if act not in BUTTONS:
        raise Refused(HTTPStatus.NOT_FOUND, {"code": "not_found"})
    return BUTTONS[act]


def _said(pairs: dict[str, Pair], name: str, person: Person) -> str:
    pair = pairs.get(name)
    return name if pair is None else pair[0 if person.language == "zh" else 1]
