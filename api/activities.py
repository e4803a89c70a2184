"""Activities of organisational life, and the attendance of hundreds recorded in one go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID

from fastapi import APIRouter, Request

from api.access import known_organisation, member_resource, must_be_allowed_at, principal_of
from api.actions import Action
from api.answers import JsonAnswer
from api.authorisation import decide
from api.bodies import expected_version, json_object, key_for, key_text
from api.command_schemas import HOURS, MOMENT, ORGANISATION, closed
from api.openapi import IF_MATCH, RECORDING, answer_headers, problems, takes
from api.problems import not_found
from api.recording import answer, caller_of
from api.shapes.recording import Recorded
from api.shapes.service import AttendanceRecorded
from api.venues_named import must_know_the_venue
from domain import codes
from domain.errors import Sentence
from infra.recording.activities import MOST_MEMBERS
from infra.recording.procedures import arun

if TYPE_CHECKING:
    from api.service import Service
    from domain.activity import Activity
    from infra.recording.members import Ledger
    from infra.tokens.principal import Principal

router = APIRouter(tags=["recording 记录"])

_ACTIVITY: Final = closed(
    {
        "kind": {"type": "string", "enum": list(codes.ACTIVITY_KINDS), "description": "三会一课、主题党日等"},
        "held_at": {**MOMENT, "description": "when it was held; never in the future 举办时间"},
        "hours": HOURS,
        "venue": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_.:@/-]{0,63}$", "description": "举办地点"},
        "occurred_at": {**MOMENT, "description": "the same as `held_at`, for who sends every recording alike"},
        "organisation": {**ORGANISATION, "description": "who held it; default: the caller's own 党组织代码"},
    },
    ["kind", "held_at", "hours"],
    examples=[{"kind": "THEME_DAY", "held_at": "2025-03-05", "hours": 2, "organisation": "LZ-CG-BR1"}],
)
_ATTENDANCE: Final = closed(
    {
        "members": {
            "type": "array",
            "items": {"type": "string", "format": "uuid"},
            "minItems": 1,
            "maxItems": MOST_MEMBERS,
            "description": "each once 到场党员",
        },
        "organisation": ORGANISATION,
    },
    ["members"],
    examples=[{"members": ["0b6f2c51-7f0e-4c55-9d52-5d7c8a3e1f10"]}],
)
_NO_ACTIVITY: Final = Sentence("没有这次活动", "There is no such activity.")


@router.post(
    "/v1/activities",
    operation_id="hold_activity",
    summary="组织生活 Record that an activity was held",
    description="`stream` in the answer is its id.",
    status_code=201,
    response_model=None,
    responses={
        201: {"model": Recorded, "description": "recorded 已记录", "headers": answer_headers()},
        **problems({*RECORDING, 404}),
    },
    openapi_extra=takes(_ACTIVITY),
)
async def hold_activity(request: Request) -> JsonAnswer:
    """Record an activity of an organisation for which the caller may act."""
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    key = key_text(request)
    payload = await json_object(request)
    organisation = payload.get("organisation", principal.organisation)
    if "organisation" in payload:
        organisation = known_organisation(service, organisation, "/organisation")
    region = None if organisation else principal.region
    must_be_allowed_at(service, principal, Action.HOLD_ACTIVITY, acting=organisation, region=region)
    await must_know_the_venue(service, payload)
    keyed = key_for(principal, key, "activities", payload)
    return answer(await arun(service.activities.holding(payload, caller_of(principal), key=keyed)))


@router.post(
    "/v1/activities/{activity_id}/record-attendance",
    operation_id="record_attendance",
    summary="登记到场 Record who was there, all in one save",
    description=(
        "One fact on each member's stream and one of the activity's own, wholly or not at all. Who is down for it "
        "already is passed over, and counted as `already_recorded`."
    ),
    status_code=201,
    response_model=None,
    responses={
        201: {"model": AttendanceRecorded, "description": "recorded 已记录", "headers": answer_headers()},
        **problems({*RECORDING, 404, 412}),
    },
    openapi_extra=takes(_ATTENDANCE, IF_MATCH),
)
async def record_attendance(request: Request, activity_id: str) -> JsonAnswer:
    """Record the attendance of members whom the caller may see, at an activity of the caller's organisations."""
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    key = key_text(request)
    payload = await json_object(request)
    acting = payload.get("organisation", principal.organisation)
    if "organisation" in payload:
        acting = known_organisation(service, acting, "/organisation")
    activity = await _activity_for(service, principal, activity_id, acting)

    def may_see(ledger: Ledger) -> bool:
        reference = service.kiteline.reference()
        resource = member_resource(ledger.member_id, ledger.state, reference, service.now_us)
        return decide(principal, Action.READ_MEMBER, resource, reference.organisations).allowed

    attending = service.activities.attending(
        activity.activity_id,
        payload,
        caller_of(principal),
        may_see=may_see,
        key=key_for(principal, key, f"activities/{activity.activity_id}/record-attendance", payload),
        if_match=expected_version(request),
    )
    return answer(await arun(attending))


async def _activity_for(service: Service, principal: Principal, activity_id: str, acting: str | None) -> Activity:
    """Return an activity whose attendance the caller may record; raises Problem (404 who may not know of it, 403)."""
    try:
        wanted = UUID(activity_id)
    except ValueError:
        raise not_found(_NO_ACTIVITY) from None
    activity = await arun(service.activities.finding(wanted))
    owner = activity.organisation if activity is not None else None
    must_be_allowed_at(
        service,
        principal,
        Action.RECORD_ATTENDANCE,
        organisation=owner,
        acting=acting,
        region=None if owner else "000000",
    )
    if activity is None:
        raise not_found(_NO_ACTIVITY)
    return activity
