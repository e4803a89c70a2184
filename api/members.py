"""One member: state on two clocks, personal data for a purpose, who read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool

from api.access import load, must_be_allowed_on, must_not_be_merged, principal_of, records_of
from api.actions import Action
from api.answers import JsonAnswer, stream_etag
from api.asking import (
    AsOf,
    CursorParameter,
    DiffFrom,
    KnownAt,
    LimitParameter,
    MinPosition,
    Paging,
    as_of_moment,
    known_position,
    reach_log,
)
from api.bodies import member_id_of
from api.openapi import READING, problems
from api.personal_reads import PURPOSE_LENGTH, read_personal, read_with_texts, reads_of
from api.problems import invalid, not_found
from api.shapes.members import MemberAnswer, ReadsPage
from domain.errors import Sentence
from domain.member.commands import COMMAND_OF
from domain.member.fold import HEAD, fold
from domain.member.form import Kind
from domain.member.views import member_state
from infra.recording.drafts import text_name
from infra.recording.members import version_of
from infra.vault.fields import PERSONAL_FIELDS
from projections.differences import changes
from projections.effects import state_of

if TYPE_CHECKING:
    from api.service import Service
    from domain.member.state import State
    from domain.reference import Reference
    from infra.tokens.principal import Principal

router = APIRouter(tags=["asking 查询"])
FIELDS: Final = (*PERSONAL_FIELDS, "joined_on")

Fields = Annotated[
    str | None,
    Query(
        max_length=400,
        description="personal data asked for, with a purpose: " + ", ".join(FIELDS),
        examples=["name,phone"],
        pattern=f"^({'|'.join(FIELDS)})(,({'|'.join(FIELDS)}))*$",
    ),
]
Purpose = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=PURPOSE_LENGTH,
        pattern=r"\S",
        description="what the personal data is for, in words; told to the member 用途",
    ),
]
Texts = Annotated[
    bool,
    Query(description="with a purpose: the free texts of the member's events, such as why one was voided; a read too"),
]


@dataclass(frozen=True, slots=True)
class Known:
    """A member as folded on two clocks."""

    state: dict[str, Any]
    position: int
    known_position: int


@router.get(
    "/v1/members/{member_id}",
    operation_id="read_member",
    summary="党员现状 A member's state at a moment, as known at a moment",
    response_model=None,
    responses={
        200: {"model": MemberAnswer, "headers": {"ETag": {"schema": {"type": "string"}}}},
        **problems({*READING, 404}),
    },
)
async def read_member(  # noqa: PLR0913 - the question's parameters
    request: Request,
    *,
    member_id: str,  # noqa: ARG001 - documents the path
    as_of: AsOf = None,
    known_at: KnownAt = None,
    diff_from: DiffFrom = None,
    min_position: MinPosition = None,
    fields: Fields = None,
    purpose: Purpose = None,
    texts: Texts = False,
) -> JsonAnswer:
    """Fold the member's own facts: what was just recorded is in the answer, whatever the read models lag."""
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    member = member_id_of(request)
    personal = fields is not None or texts
    if personal and purpose is None:
        sentence = Sentence("查看个人信息须写明用途", "Personal data is told for a purpose: name it.")
        raise invalid("/query/purpose", "missing", sentence, f"1 to {PURPOSE_LENGTH} characters")
    await must_be_allowed_on(service, principal, Action.READ_MEMBER, member)
    if personal:
        await must_be_allowed_on(service, principal, Action.READ_PERSONAL_DATA, member)
    moment = as_of_moment(service, as_of)
    await reach_log(service, min_position)
    known = await run_in_threadpool(_known, service, member, moment, known_at)
    content = {**known.state, "position": known.position, "known_position": known.known_position}
    if diff_from is not None:
        content["diff"] = await run_in_threadpool(_difference, service, member, moment, diff_from, known)
    if personal and purpose is not None:
        names = sorted(set(fields.split(","))) if fields is not None else []
        if texts:
            content |= await run_in_threadpool(_with_texts, service, principal, member, names, purpose)
        else:
            content["personal"] = await run_in_threadpool(read_personal, service, principal, member, names, purpose)
    return JsonAnswer(content, headers={"ETag": stream_etag(known.state["version"])})


@router.get(
    "/v1/members/{member_id}/reads",
    operation_id="list_reads",
    summary="查阅记录 Who read this member's personal data, newest first",
    response_model=None,
    responses={200: {"model": ReadsPage}, **problems({*READING, 404, 410})},
)
async def list_reads(
    request: Request,
    member_id: str,
    limit: LimitParameter = 50,
    cursor: CursorParameter = None,
    min_position: MinPosition = None,
) -> JsonAnswer:
    """List the reads of personal data, to the member and to who answers for them."""
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    member = member_id_of(request)
    await must_be_allowed_on(service, principal, Action.READ_READS, member)
    await reach_log(service, min_position)
    position = await run_in_threadpool(lambda: service.kiteline.log.max_notification_id() or 0)
    ledger = await run_in_threadpool(load, service, member)
    must_not_be_merged(ledger)
    paging = Paging.begin(service, ("reads", member_id), cursor, limit, position)
    items, after = await run_in_threadpool(reads_of, service, sorted(records_of(ledger)), paging.after, limit)
    return paging.answer(items, position=position, after=after)


def _with_texts(service: Service, principal: Principal, member: UUID, names: list[str], purpose: str) -> dict[str, Any]:
    """Read personal fields and what the vault keeps in words beside the member's events."""
    kept = {
        text_name(fact, one.name): (fact.event_id, one.name)
        for fact in load(service, member).facts
        if fact.text and type(fact.body) in COMMAND_OF
        for one in COMMAND_OF[type(fact.body)].fields
        if one.kind is Kind.TEXT
    }
    personal, opened = read_with_texts(service, principal, member, names, purpose, list(kept))
    texts = [{"event_id": kept[name][0], "field": kept[name][1], "text": text} for name, text in opened.items()]
    return {"personal": personal, "texts": texts}


def _difference(service: Service, member: UUID, as_of_us: int, diff_from: str, known: Known) -> dict[str, Any]:
    """Return the state as known at an earlier moment, null before the member was, and what differs since."""
    asked = min(known_position(service, diff_from, "diff_from") or 0, known.position)
    facts = service.kiteline.members.told(member).known(asked)
    before = state_of(facts, service.kiteline.reference_at(asked), as_of_us, str(member))
    return {"known_position": asked, "state": before, "changes": changes(before, known.state)}


@dataclass(frozen=True, slots=True)
class Folded:
    """A member's state on two clocks, before it is shown."""

    state: State
    reference: Reference
    version: int
    position: int
    known_position: int


def _known(service: Service, member: UUID, as_of_us: int, known_at: str | None) -> Known:
    found = folded(service, member, as_of_us, known_at)
    view = member_state(found.state, found.reference, member_id=str(member), version=found.version, as_of_us=as_of_us)
    return Known(view, found.position, found.known_position)


def folded(service: Service, member: UUID, as_of_us: int, known_at: str | None) -> Folded:
    """Fold a member as true at an instant, as known at a position or moment. Raises Problem (404, 422)."""
    asked = known_position(service, known_at)
    head = service.kiteline.log.max_notification_id() or 0
    ledger = load(service, member)
    known = head if asked is None else min(asked, head)
    facts = ledger.known(known) if known < head else ledger.facts
    position = max(head, ledger.facts[-1].position if ledger.facts else 0)
    if not facts:
        must_not_be_merged(ledger, known)
        raise not_found(Sentence("那时还没有登记这个党员", "This member was not registered by then."))
    reference = ledger.reference if known == head else service.kiteline.reference_at(known)
    state = fold(facts, reference, as_of_us=as_of_us)
    version = version_of(member, ledger.linked or facts, known if known < head else HEAD)
    return Folded(state, reference, version, position, position if asked is None else known)
