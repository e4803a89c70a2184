"""Venues and codes asked about: which there are, a code to hang up again, and what a scanned code is of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from api.access import must_be_allowed_at, principal_of
from api.actions import Action
from api.answers import JsonAnswer
from api.asking import CursorParameter, LimitParameter, MinPosition, Paging, reach_log
from api.authorisation import is_ours, prefix, reach
from api.language import language_of, said_in
from api.openapi import READING, problems
from api.places_asked import OrganisationParameter, RegionParameter, asking
from api.problems import not_found
from api.shapes.venues import CodeScanned, CodeToHang, VenuesPage
from domain.errors import Refused, Sentence
from domain.times import parse_occurred, rfc3339_utc
from domain.venue import must_count
from infra.recording.check_ins import INVALID_CODE
from infra.recording.procedures import arun

if TYPE_CHECKING:
    from api.service import Service
    from domain.venue import CheckInCode, Venue
    from infra.recording.venue_list import OpenedVenue
    from infra.tokens.principal import Principal

router = APIRouter(tags=["asking 查询"])
_NO_CODE: Final = Sentence("没有这个报到码", "There is no such code.")


@router.get(
    "/v1/venues",
    operation_id="list_venues",
    summary="报到点 Venues of a place and below it, and the codes that each had",
    description="Also those of organisations above one's own, which one may use. No text of a code is told here.",
    response_model=None,
    responses={200: {"model": VenuesPage}, **problems({*READING, 404, 410})},
)
async def list_venues(
    request: Request,
    *,
    region: RegionParameter = None,
    organisation: OrganisationParameter = None,
    min_position: MinPosition = None,
    limit: LimitParameter = 50,
    cursor: CursorParameter = None,
) -> JsonAnswer:
    """List venues."""
    place = await asking(request, Action.READ_VENUE, region, organisation)
    service, principal = place.service, place.principal
    await reach_log(service, min_position)
    reference = await run_in_threadpool(service.kiteline.refresh_reference)
    tree, far = reference.organisations, reach(principal, reference.organisations)
    begins = prefix(region) if region is not None else ""

    def wanted(one: OpenedVenue) -> bool:
        if one.organisation is None or not one.region.startswith(begins):
            return False
        if organisation is not None:
            return tree.is_at_or_below(one.organisation, organisation)
        above = principal.organisation is not None and tree.is_at_or_below(principal.organisation, one.organisation)
        return above or is_ours(far, one.organisation, tree)

    def answered() -> JsonAnswer:
        head = service.kiteline.log.max_notification_id() or 0
        paging = Paging.begin(service, ("venues", region, organisation), cursor, limit, head)
        found, more = service.venue_list.page(wanted, after=paging.after or 0, known=paging.known_position, limit=limit)
        now_us = service.now_us
        items = [_venue_view(venue, now_us) for _, venue in found]
        return paging.answer(items, position=head, after=found[-1][0] if more else None)

    return await run_in_threadpool(answered)


@router.get(
    "/v1/venues/{venue_id}/codes/{code_id}",
    operation_id="read_venue_code",
    summary="已发放的报到码 A code that was issued, to hang it up or show it on a screen",
    response_model=None,
    responses={200: {"model": CodeToHang}, **problems({*READING, 404})},
)
async def read_venue_code(request: Request, venue_id: str, code_id: str) -> JsonAnswer:
    """Tell the text of a code again, and the number that its screen shows now."""
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    try:
        wanted = UUID(venue_id)
    except ValueError:
        raise not_found(_NO_CODE) from None
    venue = await arun(service.known_venues.finding(wanted))
    owner = venue.organisation if venue is not None else None
    acting = principal.organisation
    must_be_allowed_at(
        service,
        principal,
        Action.ISSUE_VENUE_CODE,
        organisation=owner,
        acting=acting,
        region=None if owner else "000000",
    )
    code = venue.with_id(code_id) if venue is not None else None
    if venue is None or code is None:
        raise not_found(_NO_CODE)
    content = {"venue": _named(venue), "revoked_at": _instant(code.revoked_us), **service.venues.told(venue, code)}
    return JsonAnswer(content)


@router.get(
    "/v1/check-in-codes/{text}",
    operation_id="read_scanned_code",
    summary="扫到的报到码 Where a scanned code is of, and whether it counts now",
    response_model=None,
    responses={200: {"model": CodeScanned}, **problems({*READING, 404})},
)
async def read_scanned_code(request: Request, text: str) -> JsonAnswer:
    """Tell who scanned a code where they are about to check in."""
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    must_be_allowed_at(
        service, principal, Action.CHECK_IN_BY_CODE, acting=principal.organisation, region=_own(principal)
    )
    found = await arun(service.venues.finding_code(text))
    if found is None:
        raise not_found(INVALID_CODE)
    venue, code = found
    refusal = None
    try:
        now = parse_occurred(rfc3339_utc(service.now_us))._replace(start_us=service.now_us)
        must_count(code, now)
    except Refused as refused:
        language = language_of(request.headers.get("accept-language"))
        refusal = {"code": refused.code, "detail": said_in(refused.sentence, language)}
    return JsonAnswer(
        {
            "venue": _named(venue),
            "expires_at": _instant(code.expires_us),
            "takes_number": code.rotates_every is not None,
            "refusal": refusal,
        }
    )


def _own(principal: Principal) -> str | None:
    return None if principal.organisation else principal.region


def _venue_view(venue: Venue, now_us: int) -> dict[str, Any]:
    codes = [_code_view(code, now_us) for code in venue.codes]
    return {**_named(venue), "version": venue.version, "codes": codes}


def _named(venue: Venue) -> dict[str, Any]:
    return {
        "venue_id": str(venue.venue_id),
        "name": venue.name,
        "region": venue.region,
        "kind": venue.kind,
        "organisation": venue.organisation,
    }


def _code_view(code: CheckInCode, now_us: int) -> dict[str, Any]:
    ends_us = code.expires_us if code.revoked_us is None else min(code.expires_us, code.revoked_us)
    return {
        "code_id": code.code_id,
        "from": _instant(code.from_us),
        "expires_at": _instant(code.expires_us),
        "revoked_at": _instant(code.revoked_us),
        "rotates_every": code.rotates_every,
        "counts": code.from_us <= now_us < ends_us,
    }


def _instant(moment_us: int | None) -> str | None:
    return None if moment_us is None else rfc3339_utc(moment_us)
