"""Venues where members check in, and the codes that hang there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from fastapi import APIRouter, Request

from api.access import known_organisation, must_be_allowed_at, principal_of
from api.actions import Action
from api.answers import JsonAnswer
from api.authorisation import Resource, decide
from api.bodies import expected_version, json_object, key_for, key_text
from api.command_schemas import DAY, MOMENT, ORGANISATION, REGION, closed
from api.openapi import IF_MATCH, RECORDING, REPLAYED, answer_headers, problems, takes
from api.problems import not_found
from api.recording import answer, caller_of
from api.shapes.recording import Recorded
from api.shapes.venues import CodeIssued, CodesIssued
from domain.errors import Sentence
from domain.venue import LONGEST_STEP, SHORTEST_STEP, VENUE_KINDS
from infra.recording.code_issues import MOST_VENUES
from infra.recording.procedures import arun

if TYPE_CHECKING:
    from api.service import Service
    from domain.venue import Venue
    from infra.tokens.principal import Principal

router = APIRouter(tags=["recording 记录"])

_VENUE: Final = closed(
    {
        "name": {"type": "string", "minLength": 1, "maxLength": 200},
        "region": REGION,
        "kind": {"type": "string", "enum": list(VENUE_KINDS), "description": "窗口、服务站、联络站、其他"},
        "occurred_at": MOMENT,
        "organisation": {**ORGANISATION, "description": "whose venue it is; default: the caller's own 党组织代码"},
    },
    ["name", "region", "kind"],
    examples=[{"name": "样例社区党群服务中心", "region": "620102", "kind": "STATION", "organisation": "LZ-CG"}],
)
_CODE: Final = closed(
    {
        "expires_at": {
            "description": "a time, or a day at whose end it stops to count; default: as the policy says 有效期至",
            "anyOf": [{"type": "string", "format": "date-time"}, DAY],
            "examples": ["2027-06-30"],
        },
        "rotates_every": {
            "type": "integer",
            "minimum": SHORTEST_STEP,
            "maximum": LONGEST_STEP,
            "description": "seconds; given, a number of six digits that changes so often goes with the code 动态数字",
        },
        "occurred_at": MOMENT,
        "organisation": ORGANISATION,
    },
    [],
    examples=[{"rotates_every": 30}],
)
_CODES: Final = closed(
    {
        "venues": {
            "type": "array",
            "items": {"type": "string", "format": "uuid"},
            "minItems": 1,
            "maxItems": MOST_VENUES,
            "description": "each once 报到点",
        },
        **_CODE["properties"],
    },
    ["venues"],
    examples=[{"venues": ["0b6f2c51-7f0e-4c55-9d52-5d7c8a3e1f10"], "expires_at": "2027-06-16"}],
)
_REVOCATION: Final = closed({"occurred_at": MOMENT, "organisation": ORGANISATION}, [], examples=[{}])
_PROBLEMS: Final = {*RECORDING, 404}
_NO_VENUE: Final = Sentence("没有这个报到点", "There is no such venue.")


@router.post(
    "/v1/venues",
    operation_id="open_venue",
    summary="设立报到点 Open a venue",
    description="It lies where its organisation has its home or is stationed; `stream` in the answer is its id.",
    status_code=201,
    response_model=None,
    responses={
        201: {"model": Recorded, "description": "recorded 已记录", "headers": answer_headers()},
        **problems(_PROBLEMS),
    },
    openapi_extra=takes(_VENUE),
)
async def open_venue(request: Request) -> JsonAnswer:
    """Open a venue of an organisation for which the caller may act."""
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    key = key_text(request)
    payload = await json_object(request)
    organisation = payload.get("organisation", principal.organisation)
    if "organisation" in payload:
        organisation = known_organisation(service, organisation, "/organisation")
    region = None if organisation else principal.region
    must_be_allowed_at(service, principal, Action.OPEN_VENUE, acting=organisation, region=region)
    keyed = key_for(principal, key, "venues", payload)
    return answer(await arun(service.venues.opening(payload, caller_of(principal), key=keyed)))


@router.post(
    "/v1/venues/{venue_id}/codes",
    operation_id="issue_venue_code",
    summary="发放报到码 Issue a check-in code",
    description="The log holds what the code is, not its text: the text is made from it, and again for the same key.",
    status_code=201,
    response_model=None,
    responses={
        201: {"model": CodeIssued, "description": "issued 已发放", "headers": answer_headers()},
        **problems({*_PROBLEMS, 412}),
    },
    openapi_extra=takes(_CODE, IF_MATCH),
)
async def issue_venue_code(request: Request, venue_id: str) -> JsonAnswer:
    """Issue a code for a venue of the caller's organisations."""
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    key = key_text(request)
    payload = await json_object(request)
    venue = await _venue_for(service, principal, Action.ISSUE_VENUE_CODE, venue_id, payload)
    issuing = service.venues.issuing(
        venue.venue_id,
        payload,
        caller_of(principal),
        key=key_for(principal, key, f"venues/{venue.venue_id}/codes", payload),
        if_match=expected_version(request),
    )
    return answer(await arun(issuing))


@router.post(
    "/v1/venues/codes",
    operation_id="issue_venue_codes",
    summary="批量发放报到码 Issue codes for many venues, as a collective day needs them",
    description=(
        f"One code for each of up to {MOST_VENUES:,} venues. Sent again with the same key, what was issued is answered "
        "as before and the rest is issued."
    ),
    status_code=201,
    response_model=None,
    responses={
        201: {"model": CodesIssued, "description": "issued 已发放", "headers": {"Idempotency-Replayed": REPLAYED}},
        **problems(_PROBLEMS),
    },
    openapi_extra=takes(_CODES),
)
async def issue_venue_codes(request: Request) -> JsonAnswer:
    """Issue codes for venues of the caller's organisations, all with the same end."""
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    key = key_text(request)
    payload = await json_object(request)
    acting = payload.get("organisation", principal.organisation)
    if "organisation" in payload:
        acting = known_organisation(service, acting, "/organisation")
    must_be_allowed_at(
        service, principal, Action.ISSUE_VENUE_CODE, acting=acting, region=None if acting else principal.region
    )

    def may_issue(venue: Venue) -> bool:
        tree = service.kiteline.reference().organisations
        theirs = Resource(organisations=frozenset({venue.organisation} if venue.organisation else ()), acting=acting)
        return decide(principal, Action.ISSUE_VENUE_CODE, theirs, tree).allowed

    issuing = service.code_issues.issuing(
        payload, caller_of(principal), may_issue=may_issue, key=key_for(principal, key, "venues/codes", payload)
    )
    receipts = await arun(issuing)
    content = {
        "items": [item for receipt in receipts for item in receipt.extra["items"]],
        "position": max(receipt.position for receipt in receipts),
    }
    replayed = {"Idempotency-Replayed": "true"} if all(receipt.replayed for receipt in receipts) else {}
    return JsonAnswer(content, status_code=201, headers=replayed)


@router.post(
    "/v1/venues/{venue_id}/codes/{code}/revoke",
    operation_id="revoke_venue_code",
    summary="停用报到码 Withdraw a check-in code",
    description="`code` is the code's id, or its text as it hangs there. Lists of what happened before still count.",
    status_code=201,
    response_model=None,
    responses={
        201: {"model": Recorded, "description": "recorded 已记录", "headers": answer_headers()},
        **problems({*_PROBLEMS, 412}),
    },
    openapi_extra=takes(_REVOCATION, IF_MATCH),
)
async def revoke_venue_code(request: Request, venue_id: str, code: str) -> JsonAnswer:
    """Withdraw a code of a venue of the caller's organisations."""
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    key = key_text(request)
    payload = await json_object(request)
    venue = await _venue_for(service, principal, Action.REVOKE_VENUE_CODE, venue_id, payload)
    revoking = service.venues.revoking(
        venue.venue_id,
        code,
        payload,
        caller_of(principal),
        key=key_for(principal, key, f"venues/{venue.venue_id}/codes/{code}/revoke", payload),
        if_match=expected_version(request),
    )
    return answer(await arun(revoking))


async def _venue_for(
    service: Service, principal: Principal, action: Action, venue_id: str, payload: dict[str, Any]
) -> Venue:
    """Return a venue on which the caller may act; raises Problem (404 who may not know of it, 403)."""
    try:
        wanted = UUID(venue_id)
    except ValueError:
        raise not_found(_NO_VENUE) from None
    acting = payload.get("organisation", principal.organisation)
    if "organisation" in payload:
        acting = known_organisation(service, acting, "/organisation")
    # Nobody's venue is decided like a foreign one, so that a role learns of neither what the other would not say.
    venue = await arun(service.known_venues.finding(wanted))
    owner = venue.organisation if venue is not None else None
    must_be_allowed_at(
        service, principal, action, organisation=owner, acting=acting, region=None if owner else "000000"
    )
    if venue is None:
        raise not_found(_NO_VENUE)
    return venue
