"""Liaisons 联络员: who has how many members, and handing them on when one leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request

from api import problem_list as kinds
from api.access import known_organisation, must_be_allowed_at, principal_of
from api.actions import Action
from api.answers import JsonAnswer
from api.asking import CursorParameter, LimitParameter, MinPosition, Paging
from api.bodies import json_object, key_text
from api.command_schemas import MOMENT, ORGANISATION, closed
from api.language import language_of
from api.openapi import KEY, READING, RECORDING, problems
from api.problems import invalid, problem_of
from api.read_models import asked
from api.recording import record
from api.shapes.liaisons import LiaisonsPage, Reassigned
from domain.errors import Sentence
from domain.member.reading import MISSING, UNKNOWN_FIELD
from domain.times import local_day
from projections.liaisons import liaisons_of, members_of_liaison

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from api.service import Service
    from infra.tokens.principal import Principal

router = APIRouter()
_MOST: Final = 20
_OWN: Final = ("from", "occurred_at", "organisation", "to")
_LIAISON: Final = {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_.:@/-]{0,63}$", "examples": ["liaison-7"]}
_REASSIGNING: Final = closed(
    {
        "occurred_at": MOMENT,
        "organisation": ORGANISATION,
        "from": {**_LIAISON, "description": "who leaves"},
        "to": {
            "type": "array",
            "items": _LIAISON,
            "minItems": 1,
            "maxItems": _MOST,
            "description": "who takes the members, each up to the ceiling, in this order",
        },
    },
    ["occurred_at", "from", "to"],
    examples=[{"occurred_at": "2025-03-05", "from": "liaison-7", "to": ["liaison-8", "liaison-9"]}],
)


@router.get(
    "/v1/liaisons",
    operation_id="list_liaisons",
    summary="联络员 The liaisons of an organisation and all below it, with how many members each has",
    tags=["asking 查询"],
    response_model=None,
    responses={200: {"model": LiaisonsPage}, **problems({*READING, 404, 410})},
)
async def list_liaisons(
    request: Request,
    organisation: Annotated[str | None, Query(min_length=1, max_length=64, description="and all below it")] = None,
    min_position: MinPosition = None,
    limit: LimitParameter = 50,
    cursor: CursorParameter = None,
) -> JsonAnswer:
    """List who keeps in touch with whom today; the monthly list of one is `/v1/worklist?liaison=`."""
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    named = _organisation(service, principal, organisation, "/query/organisation")
    must_be_allowed_at(service, principal, Action.READ_LIAISONS, organisation=named)
    reference = service.kiteline.reference()
    today = local_day(service.now_us)
    below = reference.organisations.below(named)
    ceiling = reference.policy(reference.region_of(named), today).liaison_ceiling

    def answered(connection: Connection[TupleRow]) -> JsonAnswer:
        paging = Paging.begin(service, ("liaisons", named), cursor, limit, 0)
        position, found = liaisons_of(connection, below, today, paging.after or "", limit + 1)
        items = [{**one, "ceiling": ceiling} for one in found[:limit]]
        after = items[-1]["liaison"] if len(found) > limit else None
        return paging.knowing(position).answer(items, position=position, after=after)

    return await asked(service, principal, min_position, answered)


@router.post(
    "/v1/liaisons/reassign",
    operation_id="reassign_liaison",
    summary="更换联络员 Hand the members of a liaison who leaves on to others, member by member",
    tags=["recording 记录"],
    status_code=207,
    response_model=None,
    responses={207: {"model": Reassigned}, **problems({*RECORDING, 404})},
    openapi_extra={
        "parameters": [KEY],
        "requestBody": {"required": True, "content": {"application/json": {"schema": _REASSIGNING}}},
    },
)
async def reassign(request: Request) -> JsonAnswer:
    """Assign each member whom the caller may see to the first of the others who has room.

    Each is a recording of its own; sent again with the same key, it goes on with whom the liaison still has.
    """
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    key = key_text(request)
    payload = await json_object(request)
    liaison, others = _read(payload)
    named = _organisation(service, principal, payload.get("organisation"), "/organisation")
    must_be_allowed_at(service, principal, Action.REASSIGN_LIAISON, organisation=named, acting=named)
    accept = request.headers.get("accept-language")
    head = service.kiteline.log.max_notification_id() or 0
    _, members = await asked(service, principal, head, lambda connection: members_of_liaison(connection, liaison))
    items: list[dict[str, Any]] = []
    for member in members:
        body = {"occurred_at": payload.get("occurred_at"), "organisation": named}
        items.append(await _handed_on(service, principal, member, others, body, key, accept))
    return JsonAnswer({"items": items}, status_code=207)


async def _handed_on(
    service: Service,
    principal: Principal,
    member: UUID,
    others: list[str],
    body: dict[str, Any],
    key: str,
    accept: str | None,
) -> dict[str, Any]:
    outcome: dict[str, Any] = {}
    for other in others:
        try:
            receipt = await record(
                service, principal, member, "assign-liaison", {**body, "liaison": other}, f"{key}/{member}/{other}"
            )
        except Exception as error:  # noqa: BLE001 - one member's error is its own outcome
            problem = problem_of(error)
            outcome = {
                "status": problem.kind.status,
                "replayed": False,
                "liaison": None,
                "body": problem.content(language_of(accept)),
            }
            if problem.kind is not kinds.REFUSED:
                break
        else:
            outcome = {
                "status": receipt.status,
                "replayed": receipt.replayed,
                "liaison": other,
                "body": receipt.body(),
            }
            break
    return {"member_id": str(member), **outcome}


def _read(payload: dict[str, Any]) -> tuple[str, list[str]]:
    """Read who leaves, and who takes the members. Raises Problem (422)."""
    unknown = sorted(payload.keys() - set(_OWN))
    if unknown:
        raise invalid(f"/{unknown[0]}", "unknown_field", UNKNOWN_FIELD, ", ".join(_OWN))
    liaison, others = payload.get("from"), payload.get("to")
    if not isinstance(liaison, str) or not liaison:
        raise invalid("/from", "missing", MISSING, "who leaves")
    if not isinstance(others, list) or not 1 <= len(others) <= _MOST or not all(isinstance(one, str) for one in others):
        sentence = Sentence("请指明由谁接替", "Say who takes the members.")
        raise invalid("/to", "missing" if others is None else "unreadable", sentence, f"1 to {_MOST} liaisons")
    if liaison in others:
        sentence = Sentence("不能交给本人", "The members cannot be handed on to the same liaison.")
        raise invalid("/to", "unreadable", sentence, "other liaisons")
    return liaison, others


def _organisation(service: Service, principal: Principal, named: object, pointer: str) -> str:
    """Return whose liaisons are meant: those of the caller's own organisation unless another is named."""
    if named is not None:
        return known_organisation(service, named, pointer)
    tree = service.kiteline.reference().organisations
    own = principal.organisation or tree.of_region(principal.region)
    if own is None:
        sentence = Sentence("请指明组织", "Name an organisation.")
        raise invalid(pointer, "missing", sentence, "a code from GET /v1/organisations")
    return own
