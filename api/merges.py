"""The same person, recorded twice: a merge is proposed, confirmed by two others, and can be undone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from api.access import known_organisation, must_be_allowed_on, principal_of, refusal
from api.actions import Action
from api.answers import JsonAnswer, stream_etag
from api.asking import MinPosition, reach_log
from api.authorisation import Resource, decide
from api.bodies import expected_version, json_object, key_for, key_text, read_id
from api.command_schemas import MOMENT, ORGANISATION, closed
from api.openapi import IF_MATCH, READING, RECORDING, answer_headers, problems, takes
from api.problems import Problem, invalid, not_found
from api.recording import answer, caller_of
from api.shapes.merges import MergeAnswer
from api.shapes.recording import Recorded
from domain.errors import Sentence
from domain.fact import body_data
from domain.member.merging.belonging import ABSORBED, KEPT
from domain.member.reading import MISSING
from infra.recording.procedures import arun

if TYPE_CHECKING:
    from api.service import Service
    from domain.member.merging.state import Merge
    from infra.tokens.principal import Principal

router = APIRouter()
_NO_MERGE: Final = Sentence("没有这次合并", "There is no such merge.")
_NOT_AN_ID: Final = Sentence("应为党员的编号", "This is the id of a member.")
_MEMBER: Final = {"type": "string", "format": "uuid"}
_KEEP: Final = {
    "keep_movement": {
        "type": "string",
        "minLength": 1,
        "maxLength": 64,
        "description": "of two open movements, the id of the one that stands 保留哪一次流动",
    },
    "keep_affiliation": {
        **ORGANISATION,
        "description": "of two affiliations, the organisation of the one that stands 保留哪一个隶属",
    },
}
_COMMON: Final = {"occurred_at": MOMENT, "organisation": ORGANISATION}
_PROPOSAL: Final = closed(
    {"kept": _MEMBER, "absorbed": _MEMBER, **_KEEP, **_COMMON},
    ["kept", "absorbed"],
    examples=[
        {"kept": "0b6f2c51-7f0e-4c55-9d52-5d7c8a3e1f10", "absorbed": "5c0e4f0a-0a49-4d9f-8f0e-6a5f5f3e2b11"},
    ],
)
_CONFIRMATION: Final = closed({**_KEEP, **_COMMON}, [], examples=[{}])
_UNDOING: Final = closed(
    {
        "whose": {
            "type": "object",
            "description": "of each fact recorded since, by event id, whose it is 各条记录的归属",
            "additionalProperties": {"type": "string", "enum": [KEPT, ABSORBED]},
        },
        **_COMMON,
    },
    [],
    examples=[{"whose": {"7d3a0c4e-93a5-4a69-9a55-0b8f4b2f7c10": KEPT}}],
)
_RECORDED: Final[dict[int | str, dict[str, Any]]] = {
    201: {"model": Recorded, "description": "recorded 已记录", "headers": answer_headers()},
    **problems({*RECORDING, 404}),
}
_GUARDED: Final[dict[int | str, dict[str, Any]]] = {**_RECORDED, **problems({412})}


@router.post(
    "/v1/merges",
    operation_id="propose_merge",
    summary="提出合并 Propose that two records are one person",
    description="`stream` in the answer is the merge's id. Two people, neither of them the proposer, confirm it.",
    status_code=201,
    response_model=None,
    responses=_RECORDED,
    openapi_extra=takes(_PROPOSAL),
    tags=["recording 记录"],
)
async def propose_merge(request: Request) -> JsonAnswer:
    """Propose a merge of two members whom the caller reaches."""
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    key = key_text(request)
    payload = await json_object(request)
    acting = _acting(service, principal, payload)
    kept, absorbed = (_member(payload, name) for name in ("kept", "absorbed"))
    for member in (kept, absorbed):
        await must_be_allowed_on(service, principal, Action.PROPOSE_MERGE, member, acting)
    keyed = key_for(principal, key, "merges", payload)
    return answer(await arun(service.merges.proposing(kept, absorbed, payload, caller_of(principal), key=keyed)))


@router.post(
    "/v1/merges/{merge_id}/confirm",
    operation_id="confirm_merge",
    summary="确认合并 Confirm that two records are one person; the second confirmation merges them",
    description=(
        "From then on the kept record reads the facts of both, commands to the other are refused (`merged_into`), and "
        "questions about it are sent on (308)."
    ),
    status_code=201,
    response_model=None,
    responses=_GUARDED,
    openapi_extra=takes(_CONFIRMATION, IF_MATCH),
    tags=["recording 记录"],
)
async def confirm_merge(request: Request, merge_id: str) -> JsonAnswer:
    """Confirm a merge; whoever reaches one of the two may."""
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    key = key_text(request)
    payload = await json_object(request)
    merge = await _merge_for(service, principal, Action.CONFIRM_MERGE, merge_id, payload)
    keyed = key_for(principal, key, f"merges/{merge.merge_id}/confirm", payload)
    confirming = service.merges.confirming(
        merge.merge_id, payload, caller_of(principal), key=keyed, if_match=expected_version(request)
    )
    return answer(await arun(confirming))


@router.post(
    "/v1/merges/{merge_id}/undo",
    operation_id="undo_merge",
    summary="拆回合并 Undo a merge, with whose each later fact is",
    description="`GET /v1/merges/{merge_id}` lists the facts of which it must be said.",
    status_code=201,
    response_model=None,
    responses=_GUARDED,
    openapi_extra=takes(_UNDOING, IF_MATCH),
    tags=["recording 记录"],
)
async def undo_merge(request: Request, merge_id: str) -> JsonAnswer:
    """Undo a merge; whoever reaches the member who was kept may."""
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    key = key_text(request)
    payload = await json_object(request)
    merge = await _merge_for(service, principal, Action.UNDO_MERGE, merge_id, payload)
    keyed = key_for(principal, key, f"merges/{merge.merge_id}/undo", payload)
    undoing = service.merges.undoing(
        merge.merge_id, payload, caller_of(principal), key=keyed, if_match=expected_version(request)
    )
    return answer(await arun(undoing))


@router.get(
    "/v1/merges/{merge_id}",
    operation_id="read_merge",
    summary="合并情况 A merge: who proposed and confirmed it, and what an undo would ask",
    response_model=None,
    responses={
        200: {"model": MergeAnswer, "headers": {"ETag": {"schema": {"type": "string"}}}},
        **problems({*READING, 404}),
    },
    tags=["asking 查询"],
)
async def read_merge(request: Request, merge_id: str, min_position: MinPosition = None) -> JsonAnswer:
    """Tell how a merge stands, to whoever reaches one of the two."""
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    await reach_log(service, min_position)
    merge = await _merge_for(service, principal, Action.READ_HISTORY, merge_id, {})
    later = await run_in_threadpool(service.merges.later_facts, merge)
    content = {
        "merge_id": str(merge.merge_id),
        "version": merge.version,
        "status": merge.status,
        "kept": str(merge.kept),
        "absorbed": str(merge.absorbed),
        "proposed_by": merge.proposer,
        "confirmed_by": list(merge.confirmers),
        "keep_movement": merge.keep_movement,
        "keep_affiliation": merge.keep_affiliation,
        "later_facts": [
            {
                "event_id": fact.event_id,
                "type": fact.fact,
                "occurred_at": fact.occurred_at,
                "organisation": fact.organisation,
                "data": body_data(fact.body),
            }
            for fact in later
        ],
    }
    return JsonAnswer(content, headers={"ETag": stream_etag(merge.version)})


def _acting(service: Service, principal: Principal, payload: dict[str, Any]) -> str | None:
    if payload.get("organisation") is None:
        return principal.organisation
    return known_organisation(service, payload["organisation"], "/organisation")


def _member(payload: dict[str, Any], name: str) -> UUID:
    value = payload.get(name)
    if value is None:
        raise invalid(f"/{name}", "missing", MISSING, "a member's id")
    try:
        return UUID(value)
    except (ValueError, TypeError, AttributeError):
        raise invalid(f"/{name}", "unreadable", _NOT_AN_ID, "a member's id") from None


async def _merge_for(
    service: Service, principal: Principal, action: Action, merge_id: str, payload: dict[str, Any]
) -> Merge:
    """Return a merge on which the caller may act; raises Problem (404 who may not know of it, 403).

    Both records are looked at before it stands, so that each side can confirm; undoing is for who reaches the kept.
    """
    acting = _acting(service, principal, payload)
    merge = await run_in_threadpool(service.merges.find, read_id(merge_id))
    if merge is None:
        # Nobody's merge is decided like a foreign one.
        tree = service.kiteline.reference().organisations
        raise refusal(decide(principal, action, Resource(), tree), _NO_MERGE)
    sides = (merge.kept,) if action is Action.UNDO_MERGE else (merge.kept, merge.absorbed)
    for number, side in enumerate(sides, 1):
        try:
            await must_be_allowed_on(service, principal, action, side, acting)
        except Problem as problem:
            if number == len(sides):
                raise not_found(_NO_MERGE) if problem.kind.status == 404 else problem from None
        else:
            break
    return merge
