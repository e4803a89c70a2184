"""`POST /v1/check-ins`: a person reports where they are, by a code at a venue or through who works there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from fastapi import APIRouter, Request

from api.access import known_organisation, may_see_state, must_be_allowed_at, principal_of, resolved
from api.actions import Action
from api.answers import JsonAnswer
from api.authorisation import Resource, decide
from api.bodies import json_object, key_for, key_text
from api.command_schemas import MOMENT, ORGANISATION, REGION, closed
from api.openapi import KEY, RECORDING, answer_headers, problems
from api.problems import problem_of
from api.recording import answer, caller_of
from api.shapes.recording import Recorded
from domain import codes
from domain.member.events import CheckedIn
from infra.check_in_codes.signed_text import LENGTH
from infra.metrics import COMMANDS as COMMANDS_COUNTED
from infra.recording.check_in_requests import LONGEST_CODE, LONGEST_INTRODUCTION
from infra.recording.check_ins import Standing
from infra.recording.procedures import arun
from infra.tokens.principal import Role

if TYPE_CHECKING:
    from api.service import Service
    from domain.fact import Fact
    from domain.member.state import State
    from domain.venue import Venue
    from infra.recording.receipts import Receipt
    from infra.tokens.principal import Principal

router = APIRouter(tags=["recording 记录"])
PATH: Final = "/v1/check-ins"

_CHECK_IN: Final = closed(
    {
        "code": {
            "type": "string",
            "minLength": 1,
            "maxLength": LONGEST_CODE,
            "description": f"the text of the code at the venue, {LENGTH} letters and digits 报到码",
        },
        "number": {
            "type": "string",
            "pattern": "^[0-9]{6}$",
            "description": "what the screen shows beside it 动态数字",
        },
        "venue": {"type": "string", "format": "uuid", "description": "without a code: the venue, by who works there"},
        "identity_number": {
            "type": "string",
            "minLength": 15,
            "maxLength": 32,
            "description": "whose check-in it is, sent by an office; a member is known by their token 公民身份号码",
        },
        "name": {"type": "string", "minLength": 1, "maxLength": 100, "description": "as on the card 姓名"},
        "introduction": {
            "type": "string",
            "minLength": 1,
            "maxLength": LONGEST_INTRODUCTION,
            "description": "what the origin's prompt gave the member, of another deployment; then an office need not "
            "send name and number 引介",
        },
        "occurred_at": MOMENT,
        "organisation": ORGANISATION,
        "origin_organisation": {**ORGANISATION, "description": "of somebody unknown here: the home branch 流出党支部"},
        "origin_region": {**REGION, "description": "of somebody unknown here: where they come from 流出地"},
        "category": {"type": "string", "enum": list(codes.CATEGORIES), "default": "FULL"},
        "phone": {"type": "string", "maxLength": 32},
    },
    ["occurred_at"],
    examples=[
        {"code": "A" * LENGTH, "occurred_at": "2025-03-05T10:00:00+08:00"},
        {
            "venue": "0b6f2c51-7f0e-4c55-9d52-5d7c8a3e1f10",
            "identity_number": "990000199001010015",
            "name": "测试甲",
            "occurred_at": "2025-03-05",
        },
    ],
)
_DESCRIPTION: Final = """
A member sends the code that they scanned. An office sends a code or its own venue, with the person's identity number
and name; somebody unknown is registered, at their home branch if it is named and known here. Answers tell the member's
id only to the member, and to those whom the check-in concerns. A code that does not count is refused with what to do
next (409 `code_expired`, `code_revoked`, `code_not_yet_valid`, `code_number_wrong`; 422 `code_invalid`); every attempt
is logged. Who was wrong ten times within ten minutes at a venue waits (429). Somebody who comes from another deployment
brings the `introduction` of its prompt (422 `introduction_invalid`, 409 `introduced_already`): they are known here from
then on, with what was told of them.
"""


@router.post(
    PATH,
    operation_id="check_in_at_venue",
    summary="扫码报到 Check in at a venue",
    description=_DESCRIPTION,
    status_code=201,
    response_model=None,
    responses={
        201: {"model": Recorded, "description": "recorded 已记录", "headers": answer_headers()},
        **problems({*RECORDING, 404, 429}),
    },
    openapi_extra={
        "parameters": [KEY],
        "requestBody": {"required": True, "content": {"application/json": {"schema": _CHECK_IN}}},
    },
)
async def check_in_at_venue(request: Request) -> JsonAnswer:
    """Check a person in."""
    service: Service = request.app.state.service
    try:
        principal = await principal_of(request, service)
        key = key_text(request)
        receipt = await check_in(service, principal, await json_object(request), key)
    except Exception as error:
        COMMANDS_COUNTED.labels("check-in-at-venue", problem_of(error).code).inc()
        raise
    COMMANDS_COUNTED.labels("check-in-at-venue", "replayed" if receipt.replayed else "recorded").inc()
    return answer(receipt)


async def check_in(
    service: Service, principal: Principal, payload: dict[str, Any], key: str, *, via: str = "API"
) -> Receipt:
    """Authorise and record one check-in at a venue, and tell no more of it than the caller may know."""
    caller = caller_of(principal, via)
    keyed = key_for(principal, key, "check-ins", payload)
    if principal.role is Role.MEMBER:
        must_be_allowed_at(service, principal, Action.CHECK_IN_BY_CODE)
        standing = Standing(member_id=principal.member_id)
    else:
        standing = _of_an_office(service, principal, payload)
    receipt = await arun(service.check_ins.checking_in(payload, caller, standing, key=keyed))
    return receipt if await _concerns(service, principal, receipt) else _without_the_person(receipt)


def _of_an_office(service: Service, principal: Principal, payload: dict[str, Any]) -> Standing:
    organisation = payload.get("organisation", principal.organisation)
    if "organisation" in payload:
        organisation = known_organisation(service, organisation, "/organisation")
    tree = service.kiteline.reference().organisations
    region = None if organisation else principal.region
    must_be_allowed_at(service, principal, Action.CHECK_IN_BY_CODE, acting=organisation, region=region)

    def may_see(state: State) -> bool:
        return may_see_state(service, principal, Action.READ_MEMBER, _ANYBODY, state)

    def may_use(venue: Venue) -> bool:
        """Whether the venue is of the caller's organisation, or of one below or above it."""
        if venue.organisation is None:
            return False
        theirs = Resource(organisations=frozenset({venue.organisation}))
        return decide(principal, Action.CHECK_IN_BY_CODE, theirs, tree).allowed or tree.is_at_or_below(
            principal.organisation, venue.organisation
        )

    here = Resource(
        acting=organisation,
        regions=frozenset()
        if region is None
        else frozenset({resolved(service.kiteline.reference(), region, service.now_us)}),
    )
    may_register = decide(principal, Action.REGISTER_MEMBER, here, tree).allowed
    return Standing(may_register=may_register, may_use=may_use, may_see=may_see)


async def _concerns(service: Service, principal: Principal, receipt: Receipt) -> bool:
    """Whether the check-in concerns the caller; judged by what was recorded, so that it is always answered alike."""
    fact = receipt.events[-1]
    if not isinstance(fact.body, CheckedIn):
        return False
    if principal.role is Role.MEMBER and principal.member_id == fact.stream:
        return True
    venue = await arun(service.known_venues.finding(UUID(fact.body.venue))) if fact.body.venue is not None else None
    reference = service.kiteline.reference()
    resource = _resource_of(service, fact, fact.body, venue)
    return decide(principal, Action.READ_MEMBER, resource, reference.organisations).allowed


def _resource_of(service: Service, fact: Fact, body: CheckedIn, venue: Venue | None) -> Resource:
    reference, after = service.kiteline.reference(), fact.after or {}
    organisations = {after.get("affiliation"), after.get("responsible"), venue.organisation if venue else None}
    return Resource(
        member_id=fact.stream,
        regions=frozenset(resolved(reference, code, service.now_us) for code in fact.concerns),
        current_regions=frozenset({resolved(reference, body.region, service.now_us)}),
        organisations=frozenset(code for code in organisations if code is not None),
    )


def _without_the_person(receipt: Receipt) -> Receipt:
    """Return the answer for who may not learn whose check-in it was, nor whether that person was known before."""
    last = replace(receipt.events[-1], after=None)
    return replace(receipt, stream=None, member_id=None, version=0, events=[last])


_ANYBODY: Final[UUID] = UUID(int=0)
"""Nobody's own id: only offices ask about others."""
