"""What stands beside a member: personal data for a purpose, the record of service, and who read the personal data."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from api.actions import Action
from api.console import code_words
from api.console.asking import Refused
from api.console.event_words import EventWords
from api.console.member import called, shown_of, tabs_of
from api.console.member_words import FIELDS, WORDS
from api.console.names import Names
from api.console.person import Person, SignedInPerson
from api.console.rendering import day_in_words, page
from api.console.routing import console_router
from api.members import FIELDS as PERSONAL
from infra.registers.code_lists import EDUCATION, ETHNICITY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from api.console.words import Pair
    from api.language import Language

router = console_router()
_TEXTS: Final = "texts"
_ACTIVITIES: Final[dict[str, Pair]] = {
    "MEMBERS_MEETING": ("支部党员大会", "Members' meeting"),
    "COMMITTEE_MEETING": ("支部委员会", "Committee meeting"),
    "GROUP_MEETING": ("党小组会", "Group meeting"),
    "LECTURE": ("党课", "Lecture"),
    "THEME_DAY": ("主题党日", "Theme day"),
    "ORGANISATIONAL_LIFE_MEETING": ("组织生活会", "Organisational life meeting"),
    "STUDY": ("学习", "Study"),
    "SERVICE": ("志愿服务", "Service"),
    "OTHER": ("其他", "Other"),
}
_SEXES: Final[dict[str, Pair]] = {"MALE": ("男", "Male"), "FEMALE": ("女", "Female")}
_NAMED: Final = {"ethnicity": ETHNICITY, "education": EDUCATION}


@router.post("/members/{member_id}/personal", operation_id="console_reveal")
async def reveal(person: SignedInPerson, request: Request, member_id: UUID) -> Response:
    """Show what was asked for, for the purpose named; the API writes the read down before it tells anything."""
    person.must_be_able_to(Action.READ_PERSONAL_DATA)
    posted = await request.form()
    chosen = [str(name) for name in posted.getlist("fields") if str(name) in (*PERSONAL, _TEXTS)]
    purpose = str(posted.get("purpose", ""))
    if not person.wants_part and not chosen:
        return RedirectResponse(f"/members/{member_id}", status_code=HTTPStatus.SEE_OTHER)
    shown: dict[str, Any] = {**shown_of(person), "member_id": str(member_id), "asked": chosen, "purpose": purpose}
    names = [name for name in chosen if name != _TEXTS]
    try:
        told = await person.ask(
            f"/v1/members/{member_id}",
            fields=",".join(names) or None,
            texts=_TEXTS in chosen or not chosen or None,
            purpose=purpose,
        )
    except Refused as refused:
        if refused.status != HTTPStatus.UNPROCESSABLE_ENTITY:
            raise
        shown["problem"] = refused.problem
    else:
        values = {name: _value(person, name, text) for name, text in (told["personal"] or {}).items()}
        shown |= {"personal": True, "values": values, "asked": chosen or [_TEXTS]}
        shown["texts"] = await _texts(person, member_id, told.get("texts") or [])
    if person.wants_part:
        return page(person, "member_personal.html", WORDS, **shown)
    shown |= {"tabs": tabs_of(person, str(member_id)), "people": await called(person, str(member_id))}
    return page(person, "member_personal_page.html", WORDS, **shown)


@router.get("/members/{member_id}/service", operation_id="console_service_record")
async def service(person: SignedInPerson, member_id: UUID) -> Response:
    """Show a member's record of service with every input."""
    person.must_be_able_to(Action.READ_SERVICE_RECORD)
    record = await person.ask(f"/v1/members/{member_id}/service-record")

    return page(
        person,
        "member_service.html",
        WORDS,
        record=record,
        kind_of=lambda group, kind: kind_of(group, kind, person.language),
        member_id=str(member_id),
        people=await called(person, str(member_id)),
        tabs=tabs_of(person, str(member_id)),
        position=record["position"],
    )


@router.get("/members/{member_id}/reads", operation_id="console_reads")
async def reads(person: SignedInPerson, member_id: UUID, cursor: str | None = None) -> Response:
    """Show who read a member's personal data, and what for."""
    person.must_be_able_to(Action.READ_READS)
    found, people = await asyncio.gather(
        person.ask(f"/v1/members/{member_id}/reads", cursor=cursor),
        called(person, str(member_id)),
    )
    fields = FIELDS.in_language(person.language)
    return page(
        person,
        "member_reads.html",
        WORDS,
        reads=found["items"],
        following=found["next"],
        field_name=lambda name: fields[name] if name in FIELDS.pairs else name,
        member_id=str(member_id),
        people=people,
        tabs=tabs_of(person, str(member_id)),
        position=found["position"],
    )


def kind_of(group: str, kind: str | None, language: Language) -> str:
    """Return what a service (`kind`) or an activity is called; nothing for the service of a post."""
    if group == "kind":
        return code_words.say("kind", kind, language)
    pair = _ACTIVITIES.get(kind or "")
    return kind or "" if pair is None else pair[0 if language == "zh" else 1]


async def _texts(person: Person, member_id: UUID, texts: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Name the event beside which each text stands."""
    if not texts:
        return []
    words = EventWords(Names(person.service, person.language), person.language)
    history = await person.ask(f"/v1/members/{member_id}/history", newest_first=True, limit=1_000)
    kinds = {item["event_id"]: (item["type"], item["occurred_at"]) for item in history["items"]}
    found = []
    for one in texts:
        kind, occurred = kinds.get(one["event_id"], ("", None))
        title = f"{words.title(kind)} · {day_in_words(occurred, person.language)}" if kind else one["event_id"]
        found.append({**one, "title": title})
    return found


def _value(person: Person, name: str, text: str) -> str:
    if name == "sex":
        pair = _SEXES.get(text)
        return text if pair is None else pair[0 if person.language == "zh" else 1]
    if name in _NAMED:
        return next((word for word, code in _NAMED[name].items() if code == text and not word.isascii()), text)
    return day_in_words(text, person.language) if name in ("born_on", "joined_on") else text
