"""A member's own page: how I stand and who looks after me, my card, my service, who read my data, what I asked for."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import Response

from api.console.member_records import kind_of
from api.console.member_words import FIELDS
from api.console.member_words import WORDS as MEMBER
from api.console.possible_commands import offered
from api.console.rendering import page
from api.console.words import Words
from domain.times import local_day

if TYPE_CHECKING:
    from api.console.person import Person
    from api.console.possible_commands import Offer

_EVENTS: Final = 200
_READS: Final = 4
_SERVED: Final = 4
_ASKED: Final = "personal_data_requested"
_ANSWERS: Final = {"personal_data_request_completed": "done", "personal_data_request_refused": "declined"}
_ARRIVED: Final = ("report-return", "check-in", "request-transfer")
_AWAY: Final = ("check-in", "report-return", "change-destination", "cancel-departure", "request-transfer")
_AT_HOME: Final = ("report-departure", "check-in", "request-transfer")
_PARTS: Final = {"state": "own_state.html", "requests": "own_requests.html"}
_KINDS: Final = ("CORRECTION", "ERASURE", "ACCESS")

WORDS: Final = Words(
    **{
        name: MEMBER.pairs[name]
        for name in (
            "hours_served",
            "hours_attended",
            "activities",
            "nothing_served",
            "nobody_read",
            "purpose_gone",
            "card",
            "until",
            "still",
            "lost",
            "erased",
        )
    },
    title=("我的", "Mine"),
    hello=("{name}，您好", "Hello, {name}"),
    hello_you=("您好", "Hello"),
    now=("我现在的情况", "How I stand"),
    at_home=("您没有外出登记。", "You are not registered as away."),
    reported=(
        "您已报备外出，去往 {place}。离开前请与支部谈话。",
        "You reported going to {place}. Talk to your branch before you leave.",
    ),
    awaiting_check_in=(
        "您已外出，去往 {place}。到了请报到。",
        "You are on the way to {place}. Check in when you are there.",
    ),
    checked_in=(
        "您已在 {place} 报到，等候当地党组织接收。",
        "You checked in at {place}; the branch there will answer.",
    ),
    settled=("您在 {place}，由当地党组织管理服务。", "You are in {place}, and the branch there looks after you."),
    returned=(
        "您已返回。请参加一次回归教育，外出就结束了。",
        "You are back. One talk at home, and the stay away is over.",
    ),
    unknown_place=("未定的地方", "a place not yet known"),
    place_abroad=("境外", "another country"),
    since=("自 {day}", "since {day}"),
    home=("组织关系所在支部", "My home branch"),
    looks_after=("现在由谁负责", "Who looks after me now"),
    liaison=("我的联络员", "My liaison"),
    has_liaison=("{organisation}的联络员", "the liaison of {organisation}"),
    no_liaison=("还没有指定", "not assigned yet"),
    last_contact=("最近一次联系", "Last contact"),
    expected=("预计返回", "Expected back"),
    can_do=("我可以办的事", "What I can do"),
    card_of=("流动党员活动证", "Activity card of a mobile member"),
    card_number=("证号", "Number"),
    card_issued=("发证日期", "Issued"),
    card_inspected=("最近年审", "Last inspected"),
    card_due=("请在 {day} 前年审", "To be inspected by {day}"),
    no_card=("还没有活动证。外出被接收后，由所在支部发给。", "No card yet: the branch that accepts you issues one."),
    service=("我的服务记录", "My record of service"),
    service_help=("每一项都在这里，不排名，也不与别人比较。", "Every input is here; nobody is ranked or compared."),
    all_service=("全部服务记录", "The whole record"),
    post=("岗位服务", "A post"),
    hours=("{hours} 小时", "{hours:hour|hours}"),
    reads=("谁看过我的个人信息", "Who read my personal data"),
    all_reads=("全部查阅记录", "Every read"),
    saw=("看了 {what}", "saw {what}"),
    what_for=("用途：{purpose}", "for: {purpose}"),
    by_me=("我本人", "myself"),
    data=("我的个人信息", "My personal data"),
    data_help=(
        "可以申请更正、清除或查阅。组织部须在期限内答复。",
        "Ask for it to be put right, erased or shown: the organisation department must answer in time.",
    ),
    ask_CORRECTION=("申请更正", "Ask to correct it"),
    ask_ERASURE=("申请清除", "Ask to erase it"),
    ask_ACCESS=("申请查阅", "Ask to see it"),
    asked_CORRECTION=("更正个人信息", "To correct my data"),
    asked_ERASURE=("清除个人信息", "To erase my data"),
    asked_ACCESS=("查阅个人信息", "To see my data"),
    asked_on=("{day} 提出", "asked on {day}"),
    waits=("办理中，{day} 前答复", "under way: an answer is due by {day}"),
    late=("已过期限（{day}），仍在办理", "was due on {day}, still under way"),
    done=("已办结（{day}）", "done on {day}"),
    declined=("未予办理（{day}），理由由组织部告知", "declined on {day}; the organisation department tells you why"),
    history=("我的全部履历", "My whole history"),
    history_help=("每一条记录，都可以核对没有被改动。", "Every record, each of which you can check for yourself."),
    look=("查看", "Show"),
)


@dataclass(frozen=True, slots=True)
class Request:
    """What the member asked about their data, and what came of it."""

    kind: str
    asked_on: str
    state: str
    day: str


async def own_page(person: Person, part: str | None) -> Response:
    """Show a member their own page, or the part of it that is renewed."""
    member_id = str(person.principal.member_id)
    at = f"/v1/members/{member_id}"
    state, commands, history, record, reads = await asyncio.gather(
        person.ask(at),
        person.ask(f"{at}/commands"),
        person.ask(f"{at}/history", newest_first=True, limit=_EVENTS),
        person.ask(f"{at}/service-record"),
        person.ask(f"{at}/reads", limit=_READS),
    )
    fields, today = FIELDS.in_language(person.language), local_day(person.service.now_us)
    subjects = offered(commands["items"], member_id, None, state).subjects
    possible = [_by_me(one) for subject in subjects for one in subject.offers]
    away = _away(state)
    served = sorted([*record["served"], *record["attended"]], key=lambda one: str(one["occurred_at"]), reverse=True)
    return page(
        person,
        _PARTS.get(part or "", "own_page.html"),
        WORDS,
        state=state,
        away=away,
        offers=[one for verb in _order(away) for one in possible if one.verb == verb],
        may_ask=any(one.verb == "request-personal-data" for one in possible),
        asks=_KINDS,
        requests=_requests(state, history["items"], today),
        inspect_by=_inspected_by(state),
        record=record,
        served=served[:_SERVED],
        kind_of=lambda one: kind_of("kind" if one in record["served"] else "activity", one["kind"], person.language),
        reads=reads["items"],
        reads_more=reads["next"] is not None,
        own_reader=person.principal.subject,
        field_name=lambda name: fields[name] if name in FIELDS.pairs else name,
        member_id=member_id,
        position=state["position"],
    )


def _order(away: dict[str, Any] | None) -> tuple[str, ...]:
    """Return what a member does next, the likeliest first."""
    if away is None:
        return _AT_HOME
    return _ARRIVED if away["stage"] in ("checked_in", "settled") else _AWAY


def _by_me(offer: Offer) -> Offer:
    """Let a check-in say that it is by the member."""
    if offer.verb != "check-in":
        return offer
    return replace(offer, address=f"{offer.address}{'&' if '?' in offer.address else '?'}channel=MEMBER")


def _away(state: dict[str, Any]) -> dict[str, Any] | None:
    """Return where the member is on the way to, or is; None for nobody away."""
    movement = state["movement"]
    if movement is None or movement["stage"] == "closed":
        return None
    leg = movement["legs"][-1] if movement["legs"] else {}
    declared = leg.get("declared") or {}
    return {
        "stage": movement["stage"],
        "region": leg.get("region") or leg.get("declared_region") or ("abroad" if declared.get("abroad") else None),
        "since": movement["returned_at"] or leg.get("checked_in_at") or movement["departed_at"],
        "expected": movement["expected_return_on"],
    }


def _requests(state: dict[str, Any], items: list[dict[str, Any]], today: date) -> list[Request]:
    """Return what the member asked about their data, the last first, with the day by which it is or was answered."""
    due = {one["duty_id"].rpartition(".")[2]: one["due_on"] for one in state["duties"]}
    answers = {
        item["data"]["event_id"]: (_ANSWERS[item["type"]], item["occurred_at"])
        for item in items
        if item["type"] in _ANSWERS and item["correction"] is None
    }
    found = []
    for item in items:
        if item["type"] != _ASKED or item["correction"] is not None:
            continue
        until = due.get(item["event_id"])
        waiting = ("waits" if until is None or until >= today.isoformat() else "late", until or "")
        answer, day = answers.get(item["event_id"], waiting)
        found.append(Request(item["data"]["request"], item["occurred_at"], answer, day))
    return found


def _inspected_by(state: dict[str, Any]) -> str | None:
    return next((duty["due_on"] for duty in state["duties"] if duty["kind"] == "inspect_card"), None)
