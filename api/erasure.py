"""`DELETE /v1/members/{id}/personal-data`: erasure, a recording like any other that cannot be taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fastapi import APIRouter, Request

from api.access import must_be_allowed_on, principal_of
from api.actions import Action
from api.answers import JsonAnswer
from api.bodies import expected_version, json_object, key_for, key_text, member_id_of
from api.command_schemas import MOMENT, ORGANISATION, closed
from api.openapi import IF_MATCH, KEY, RECORDING, answer_headers, problems
from api.problems import invalid
from api.recording import answer, caller_acting
from api.shapes.recording import Recorded
from domain.errors import Sentence
from domain.member.privacy.commands import ERASURE
from infra.recording.procedures import arun

if TYPE_CHECKING:
    from api.service import Service

router = APIRouter(tags=["recording 记录"])
_NO_NOTE: Final = Sentence("清除个人信息不能附说明", "An erasure takes no note: it would be erased with the rest.")
_BODY: Final = closed(
    {"occurred_at": MOMENT, "organisation": ORGANISATION}, [], description="without `occurred_at` it happens now"
)


@router.delete(
    "/v1/members/{member_id}/personal-data",
    operation_id="erase_personal_data",
    summary="清除个人信息 Erase a member's personal data for good",
    description=(
        "Name, numbers and free texts become unreadable everywhere; ids, coded facts, figures and proofs stay. "
        "The same person registered again later is a new member. It cannot be undone."
    ),
    status_code=201,
    response_model=None,
    responses={
        201: {"model": Recorded, "description": "erased 已清除", "headers": answer_headers()},
        **problems({*RECORDING, 404, 412}),
    },
    openapi_extra={
        "parameters": [KEY, IF_MATCH],
        "requestBody": {"required": False, "content": {"application/json": {"schema": _BODY}}},
    },
)
async def erase_personal_data(request: Request, member_id: str) -> JsonAnswer:  # noqa: ARG001 - documents the path
    """Erase, for the organisation department that answers for the member."""
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    member = member_id_of(request)
    key = key_text(request)
    payload = await json_object(request) if await request.body() else {}
    if "note" in payload:
        raise invalid("/note", "unknown_field", _NO_NOTE, ["occurred_at", "organisation"])
    acting = payload.get("organisation", principal.organisation)
    await must_be_allowed_on(
        service, principal, Action.ERASE_PERSONAL_DATA, member, acting if isinstance(acting, str) else None
    )
    erasing = service.erasures.erasing(
        member,
        payload,
        caller_acting(service, principal),
        key=key_for(principal, key, f"{member}/{ERASURE.name}", payload),
        if_match=expected_version(request),
    )
    return answer(await arun(erasing))
