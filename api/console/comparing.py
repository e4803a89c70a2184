"""A member as known at two moments, side by side; and the evidence of their history as a file."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from fastapi import Request
from starlette.responses import Response

from api.actions import Action
from api.console import code_words
from api.console.asking import Refused
from api.console.event_words import EventWords
from api.console.member import called, tabs_of
from api.console.member_words import FIELDS
from api.console.member_words import WORDS as MEMBER
from api.console.names import Names
from api.console.person import Person, SignedInPerson
from api.console.rendering import day_in_words, number, page
from api.console.routing import console_router
from api.console.words import Words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from api.console.words import Pair

router = console_router()
_MOST: Final = 200
_SHOWN: Final[dict[str, Pair]] = {
    "stage": ("环节", "Stage"),
    "view": ("阶段", "View"),
    "place": ("现在何处", "Where"),
    "affiliation": ("组织关系", "Affiliation"),
    "responsible": ("负责的组织", "Responsible"),
    "holder": ("报到由谁办理", "Case held by"),
    "departed_at": ("离开", "Left"),
    "returned_at": ("返回", "Returned"),
    "last_contact_at": ("最近一次联系", "Last contact"),
    "transfer": ("组织关系转接", "Transfer"),
    "membership": ("党籍", "Membership"),
    "lost_contact": ("失联", "Contact lost"),
    "flags": ("存疑", "Odd"),
    "duties": ("待办", "Duties"),
}
_EVIDENCE_FIELDS: Final = ("name", "sex", "phone", "employer")

WORDS: Final = Words(
    **{name: MEMBER.pairs[name] for name in ("about", "tab_member", "tab_service", "tab_reads", "tab_compare")},
    **{
        name: MEMBER.pairs[name]
        for name in ("tab_evidence", "purpose", "purpose_example", "fields", "voided", "corrected")
    },
    title=("两个时刻对照", "Two moments side by side"),
    compare_help=(
        "同一天的情况，按两个时刻所知分别回放，看记录改变了什么。",
        "How one day looks by what was known at two moments: what later records changed.",
    ),
    earlier=("较早所知", "As known then"),
    later=("较晚所知", "As known later"),
    known_help=("日期，或日志第几条", "a day, or a position of the log"),
    now=("现在", "now"),
    as_of=("那一天的情况", "The day looked at"),
    compare=("对照", "Compare"),
    choose=("选择较早的时刻，再点“对照”。", "Choose the earlier moment, then compare."),
    state=("情况", "How they stand"),
    events=("不同的记录", "Records that differ"),
    same=("两个时刻所知完全相同", "Nothing differs between the two"),
    same_state=("情况没有不同", "How they stand does not differ"),
    nobody=("那时还没有登记", "not registered by then"),
    added=("新增", "Added"),
    changed=("改变", "Changed"),
    removed=("不再计算", "No longer counted"),
    differs=("不同", "differs"),
    happened=("发生", "Happened"),
    recorded=("记录", "Recorded"),
    more=("只列前 {count} 条", "The first {count} only"),
    field=("项目", "What"),
    evidence_title=("履历证据", "Evidence"),
    evidence_help=(
        "签名的履历，附每条记录的证明，可离线核对。",
        "The signed history with the proof of each record: it can be checked without this service.",
    ),
    known_at=("当时所知", "As known on"),
    until=("截至", "As of"),
    empty_is_now=("空着为现在", "empty: now"),
    sheet=("下载证据单（PDF）", "Download the sheet (PDF)"),
    bundle=("下载证据包（JSON）", "Download the bundle (JSON)"),
    print_personal=("在证据单上印出个人信息", "Print personal data on the sheet"),
    print_help=(
        "须写明用途；这次查看会被记录，党员本人看得到。",
        "Say what for; the read is recorded, and the member sees it.",
    ),
    not_made=("没有生成", "It was not made"),
)


@router.get("/members/{member_id}/compare", operation_id="console_compare")
async def compare(
    person: SignedInPerson, member_id: UUID, earlier: str = "", later: str = "", as_of: str = ""
) -> Response:
    """Show what differs between two knowledges of a member."""
    person.must_be_able_to(Action.READ_EVIDENCE)
    words = EventWords(Names(person.service, person.language), person.language)
    people = await called(person, str(member_id))
    shown: dict[str, Any] = {"earlier": earlier, "later": later, "as_of": as_of, "told": None, "position": 0}
    if earlier:
        told = await person.ask(
            f"/v1/members/{member_id}/history",
            diff_from=earlier,
            known_at=later or None,
            as_of=as_of or None,
            limit=_MOST,
        )
        state = told["state"]
        shown |= {
            "told": told,
            "rows": _rows(person, state["before"], state["after"]),
            "differences": [_difference(one, words) for one in told["items"]],
            "cut": told["next"] is not None,
            "position": told["position"],
        }
    return page(
        person,
        "member_compare.html",
        WORDS,
        **shown,
        most=_MOST,
        known_words=lambda text: _known(person, text),
        people=people,
        member_id=str(member_id),
        tabs=tabs_of(person, str(member_id)),
    )


@router.get("/members/{member_id}/evidence", operation_id="console_evidence")
async def evidence(person: SignedInPerson, member_id: UUID) -> Response:
    """Offer the evidence of a member's history."""
    person.must_be_able_to(Action.READ_EVIDENCE)
    return await _offered(person, member_id, {})


@router.post("/members/{member_id}/evidence", operation_id="console_evidence_file")
async def evidence_file(person: SignedInPerson, request: Request, member_id: UUID) -> Response:
    """Hand the sheet or the bundle out; what is printed of personal data is a read on record."""
    person.must_be_able_to(Action.READ_EVIDENCE)
    posted = await request.form()
    said = {name: str(posted.get(name, "")) for name in ("as_of", "known_at", "form", "purpose")}
    fields = [str(name) for name in posted.getlist("fields") if str(name) in _EVIDENCE_FIELDS]
    try:
        made = await person.fetch(
            f"/v1/members/{member_id}/evidence",
            format="json" if said["form"] == "json" else "pdf",
            as_of=said["as_of"] or None,
            known_at=said["known_at"] or None,
            fields=",".join(fields) or None if said["form"] != "json" else None,
            purpose=(said["purpose"] or None) if fields and said["form"] != "json" else None,
        )
    except Refused as refused:
        if refused.status != HTTPStatus.UNPROCESSABLE_ENTITY:
            raise
        return await _offered(person, member_id, said, refused.problem, fields)
    headers = {"Content-Disposition": made.headers["content-disposition"], "Cache-Control": "no-store"}
    return Response(made.content, media_type=made.headers["content-type"], headers=headers)


async def _offered(
    person: Person,
    member_id: UUID,
    said: Mapping[str, str],
    problem: dict[str, Any] | None = None,
    fields: list[str] | None = None,
) -> Response:
    people, state = await asyncio.gather(called(person, str(member_id)), person.ask(f"/v1/members/{member_id}"))
    return page(
        person,
        "member_evidence.html",
        WORDS,
        said={"as_of": "", "known_at": "", "purpose": "", **said},
        problem=problem,
        chosen=fields or [],
        offered=_EVIDENCE_FIELDS if person.may(Action.READ_PERSONAL_DATA) and not state["erased"] else (),
        field_names=FIELDS.in_language(person.language),
        people=people,
        member_id=str(member_id),
        tabs=tabs_of(person, str(member_id)),
        position=state["position"],
    )


def _known(person: Person, text: str) -> str:
    """Write a knowledge as people say it."""
    if not text:
        return WORDS.in_language(person.language).now
    if text.isdigit():
        return MEMBER.in_language(person.language).known_by.format(position=number(int(text)))
    return day_in_words(text, person.language)


def _difference(one: dict[str, Any], words: EventWords) -> dict[str, Any]:
    """Put an event of which two knowledges differ into words: what it said then, and what it says later."""
    item = one["after"] or one["before"]
    before, after = one["before"], one["after"]
    said = words.said(item["type"], item["data"], before["data"] if before and after else None)
    return {
        "change": one["change"],
        "title": words.title(item["type"]),
        "item": item,
        "said": said,
        "was_on": before["occurred_at"] if before and after and before["occurred_at"] != after["occurred_at"] else None,
        "correction": (after or {}).get("correction"),
    }


def _rows(
    person: Person, before: dict[str, Any] | None, after: dict[str, Any] | None
) -> list[tuple[str, str, str, bool]]:
    """Lay two states side by side: what, then, later, and whether they differ."""
    old, new = (_standing(person, state) for state in (before, after))
    place = 0 if person.language == "zh" else 1
    known = before is not None and after is not None
    return [(_SHOWN[name][place], old[name], new[name], known and old[name] != new[name]) for name in _SHOWN]


def _standing(person: Person, state: dict[str, Any] | None) -> dict[str, str]:
    """Put what is compared of a state into words; nothing of somebody unknown."""
    if state is None:
        return dict.fromkeys(_SHOWN, "")
    names, language = Names(person.service, person.language), person.language
    movement = state["movement"] or {}
    legs = movement.get("legs") or [{}]
    region = legs[-1].get("region") or legs[-1].get("declared_region")
    words = EventWords(names, language)
    join = "、" if language == "zh" else ", "
    transfer = state["transfer"] or {}
    return {
        "stage": code_words.say("stage", movement.get("stage"), language),
        "view": code_words.say("view", movement.get("view"), language),
        "place": names.region(region),
        "affiliation": names.organisation(state["affiliation"]),
        "responsible": names.organisation(state["responsible"]),
        "holder": names.organisation(state["holder"]),
        "departed_at": day_in_words(movement.get("departed_at"), language),
        "returned_at": day_in_words(movement.get("returned_at"), language),
        "last_contact_at": day_in_words(state["clocks"]["last_contact_at"], language),
        "transfer": code_words.say("transfer", transfer.get("status"), language),
        "membership": code_words.say("membership", state["membership"], language),
        "lost_contact": MEMBER.in_language(language).lost if state["lost_contact"] else "",
        "flags": join.join(words.flag(code) for code in dict.fromkeys(state["flags"])),
        "duties": join.join(dict.fromkeys(code_words.say("duty", one["kind"], language) for one in state["duties"])),
    }
