"""`POST /v1/members`: a person enters the log as a random id, and the vault as themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from api.access import known_organisation, may_see_state, must_be_allowed_at, principal_of
from api.actions import Action
from api.answers import JsonAnswer
from api.bodies import json_object, key_for, key_text
from api.command_schemas import DAY, MOMENT, ORGANISATION, closed
from api.openapi import KEY, RECORDING, answer_headers, problems
from api.recording import answer, caller_of
from api.search_allowance import count_clash, must_not_have_clashed_too_often
from api.shapes.recording import Recorded
from domain import codes
from domain.errors import Refused
from infra.recording.procedures import arun
from infra.recording.registration import EDUCATIONS, ETHNICITIES, REGISTERED_ELSEWHERE

if TYPE_CHECKING:
    from api.service import Service
    from domain.member.state import State

router = APIRouter(tags=["recording 记录"])

_PERSON: Final = closed(
    {
        "identity_number": {
            "type": "string",
            "minLength": 15,
            "maxLength": 32,
            "description": "GB 11643, 18 characters; kept in the vault only 公民身份号码",
        },
        "name": {"type": "string", "minLength": 1, "maxLength": 100, "description": "kept in the vault only 姓名"},
        "category": {"type": "string", "enum": list(codes.CATEGORIES), "default": "FULL"},
        "organisation": {**ORGANISATION, "description": "the affiliation; default: the caller's own 党组织代码"},
        "sex": {"type": "string", "enum": ["1", "2", "FEMALE", "MALE"]},
        "ethnicity": {"type": "string", "enum": list(ETHNICITIES), "description": "GB/T 3304"},
        "education": {"type": "string", "enum": list(EDUCATIONS), "description": "GB/T 4658"},
        "phone": {"type": "string", "maxLength": 32},
        "joined_on": DAY,
        "affiliated_since": DAY,
        "occurred_at": MOMENT,
    },
    ["identity_number", "name"],
    examples=[{"identity_number": "990000199001010015", "name": "测试甲", "category": "FULL"}],
)


@router.post(
    "/v1/members",
    operation_id="register_member",
    summary="登记入册 Register a member",
    description="A person whom the caller may see already is answered with 200 and the same id.",
    status_code=201,
    response_model=None,
    responses={
        201: {"model": Recorded, "description": "registered 已登记", "headers": answer_headers()},
        200: {"model": Recorded, "description": "known already 早已登记", "headers": answer_headers()},
        **problems({*RECORDING, 404, 429}),
    },
    openapi_extra={
        "parameters": [KEY],
        "requestBody": {"required": True, "content": {"application/json": {"schema": _PERSON}}},
    },
)
async def register_member(request: Request) -> JsonAnswer:
    """Register a person, or find out that they are known."""
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    key = key_text(request)
    payload = await json_object(request)
    organisation = payload.get("organisation", principal.organisation)
    if "organisation" in payload:
        organisation = known_organisation(service, organisation, "/organisation")
    must_be_allowed_at(
        service,
        principal,
        Action.REGISTER_MEMBER,
        acting=organisation,
        region=None if organisation else principal.region,
    )

    def may_see(state: State) -> bool:
        return may_see_state(service, principal, Action.READ_MEMBER, _ANYBODY, state)

    registering = service.registration.registering(
        payload, caller_of(principal), may_see=may_see, key=key_for(principal, key, "members", payload)
    )
    # Whom another organisation has is told: that is a search, or numbers could be tried out one by one.
    await run_in_threadpool(must_not_have_clashed_too_often, service, principal)
    try:
        return answer(await arun(registering))
    except Refused as refused:
        if refused.code == REGISTERED_ELSEWHERE:
            await run_in_threadpool(count_clash, service, principal)
        raise


_ANYBODY: Final[UUID] = UUID(int=0)
"""Nobody's own id: a member's token does not register anybody."""
