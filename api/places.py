"""Organisations, regions, policy and workdays: what every decision looks up."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.convertors import Convertor, register_url_convertor

from api.access import must_be_allowed_at, principal_of
from api.actions import Action
from api.answers import JsonAnswer
from api.asking import CursorParameter, KnownAt, LimitParameter, MinPosition, Paging, known_position, reach_log
from api.bodies import json_object, key_for, key_text
from api.command_schemas import DAY, MOMENT, ORGANISATION, REGION, closed
from api.openapi import READING, RECORDING, answer_headers, problems, takes
from api.problems import invalid, not_found
from api.read_models import as_known
from api.recording import answer, caller_of
from api.shapes.places import OrganisationsPage, RegionAnswer
from api.shapes.recording import Recorded
from domain import codes
from domain.errors import Sentence
from domain.policy import COUNTRY, DEFAULT_POLICY
from domain.times import local_day
from infra.recording.procedures import arun

if TYPE_CHECKING:
    from api.service import Service
    from domain.organisation import Dissolution, Organisation
    from domain.reference import Reference
    from domain.regions.region import Region
    from infra.tokens.principal import Principal


class _DigitsConvertor(Convertor[str]):
    """Matches what may be a region's code, so that a verb in its place is another address."""

    regex = "[0-9]+"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("digits", _DigitsConvertor())
router = APIRouter()
RECORDED: Final[dict[int | str, dict[str, Any]]] = {
    201: {"model": Recorded, "description": "recorded 已记录", "headers": answer_headers()},
    **problems({*RECORDING, 404}),
}
_FLAG: Final = {"type": "boolean", "default": False}
_DAYS: Final = {"type": "array", "items": DAY, "maxItems": 366, "default": []}

_ORGANISATION: Final = closed(
    {
        "code": {**ORGANISATION, "examples": ["LZ-CG-BR1"]},
        "name": {"type": "string", "minLength": 1, "maxLength": 200},
        "kind": {"type": "string", "enum": list(codes.ORGANISATION_KINDS)},
        "region": REGION,
        "parent": {**ORGANISATION, "description": "the organisation above 上级组织"},
        "stationed_in": {**REGION, "description": "where it works, if away from home 驻外"},
        "external": {**_FLAG, "description": "of another deployment"},
        "occurred_at": MOMENT,
        "organisation": ORGANISATION,
    },
    ["code", "name", "kind", "region"],
    examples=[{"code": "LZ-CG-BR1", "name": "样例社区第一支部", "kind": "BRANCH", "region": "620102"}],
)
_POLICY: Final = closed(
    {
        "region": {**REGION, "default": COUNTRY},
        "effective_on": DAY,
        "figures": {
            "type": "object",
            "properties": {
                name: {"type": "integer", "minimum": 0, "maximum": 100_000} for name in asdict(DEFAULT_POLICY)
            },
            "additionalProperties": False,
            "minProperties": 1,
        },
        "source": {"type": "string", "minLength": 1, "maxLength": 200, "description": "the document 文号"},
        "occurred_at": MOMENT,
        "organisation": ORGANISATION,
    },
    ["effective_on", "figures"],
    examples=[{"region": "620000", "effective_on": "2026-01-01", "figures": {"prompt_check_in_days": 5}}],
)
_WORKDAYS: Final = closed(
    {
        "year": {"type": "integer", "minimum": 1980, "maximum": 2100},
        "holidays": {**_DAYS, "description": "rest days on weekdays 放假"},
        "workdays": {**_DAYS, "description": "weekend days worked 调休上班"},
        "occurred_at": MOMENT,
        "organisation": ORGANISATION,
    },
    ["year"],
    examples=[{"year": 2027, "holidays": ["2027-01-01"], "workdays": []}],
)


@router.post(
    "/v1/organisations",
    operation_id="register_organisation",
    summary="登记党组织 Register an organisation",
    status_code=201,
    response_model=None,
    responses=RECORDED,
    openapi_extra=takes(_ORGANISATION),
    tags=["recording 记录"],
)
async def register_organisation(request: Request) -> JsonAnswer:
    """Register an organisation where the caller's rights reach."""
    service, principal, key, payload = await asked_to_record(request)
    tree = service.kiteline.reference().organisations
    region, parent = payload.get("region"), payload.get("parent")
    known = isinstance(region, str) and service.kiteline.reference().regions.known(region[:6])
    under = parent if isinstance(parent, str) and tree.get(parent) is not None else None
    must_be_allowed_at(
        service,
        principal,
        Action.REGISTER_ORGANISATION,
        region=region if known else principal.region,
        organisation=under or (None if known else principal.organisation),
    )
    keyed = key_for(principal, key, "organisations", payload)
    return answer(await arun(service.references.registering_organisation(payload, caller_of(principal), key=keyed)))


@router.post(
    "/v1/policies",
    operation_id="adopt_policy",
    summary="设定指标 Adopt figures for a region from a day on",
    status_code=201,
    response_model=None,
    responses=RECORDED,
    openapi_extra=takes(_POLICY),
    tags=["recording 记录"],
)
async def adopt_policy(request: Request) -> JsonAnswer:
    """Adopt figures for the region named, the whole country when none is."""
    service, principal, key, payload = await asked_to_record(request)
    region = payload.get("region", COUNTRY)
    known = region == COUNTRY or (isinstance(region, str) and service.kiteline.reference().regions.known(region[:6]))
    must_be_allowed_at(service, principal, Action.SET_POLICY, region=region if known else principal.region or COUNTRY)
    keyed = key_for(principal, key, "policies", payload)
    return answer(await arun(service.references.adopting_policy(payload, caller_of(principal), key=keyed)))


@router.post(
    "/v1/workdays",
    operation_id="set_workdays",
    summary="设定工作日 Set the working days of a year",
    status_code=201,
    response_model=None,
    responses=RECORDED,
    openapi_extra=takes(_WORKDAYS),
    tags=["recording 记录"],
)
async def set_workdays(request: Request) -> JsonAnswer:
    """Set the working days of a year, for everybody."""
    service, principal, key, payload = await asked_to_record(request)
    must_be_allowed_at(service, principal, Action.SET_WORKDAYS, region=COUNTRY)
    keyed = key_for(principal, key, "workdays", payload)
    return answer(await arun(service.references.setting_workdays(payload, caller_of(principal), key=keyed)))


@router.get(
    "/v1/organisations",
    operation_id="list_organisations",
    summary="党组织 The tree of organisations, by code",
    response_model=None,
    responses={200: {"model": OrganisationsPage}, **problems({*READING, 404, 410})},
    tags=["asking 查询"],
)
async def list_organisations(
    request: Request,
    under: Annotated[str | None, Query(max_length=64, description="this organisation and all below it")] = None,
    search: Annotated[str | None, Query(min_length=1, max_length=100, description="a part of code or name")] = None,
    limit: LimitParameter = 50,
    cursor: CursorParameter = None,
    min_position: MinPosition = None,
) -> JsonAnswer:
    """List organisations; those registered while a list is read come on none of its pages."""
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    must_be_allowed_at(service, principal, Action.READ_ORGANISATIONS)
    await reach_log(service, min_position)
    reference = await run_in_threadpool(service.kiteline.refresh_reference)
    paging = Paging.begin(service, ("organisations", under, search), cursor, limit, reference.position)
    tree = reference.organisations
    if under is not None and tree.get(under) is None:
        raise not_found(Sentence("没有这个组织", "There is no such organisation."))
    wanted = tree.below(under) if under is not None else sorted(tree.by_code)
    found = [
        one
        for code in wanted
        if (one := tree.by_code[code]).known_from <= paging.known_position
        and (paging.after is None or code > paging.after)
        and (search is None or search.casefold() in one.name.casefold() or search.casefold() in code.casefold())
    ]
    items = [_organisation_view(one, tree.gone.get(one.code)) for one in found[:limit]]
    return paging.answer(
        items, position=reference.position, after=found[limit - 1].code if len(found) > limit else None
    )


@router.get(
    "/v1/regions/{code:digits}",
    operation_id="read_region",
    summary="行政区划 A region on a day: name, parents, successors",
    response_model=None,
    responses={200: {"model": RegionAnswer}, **problems({*READING, 404})},
    tags=["asking 查询"],
)
async def read_region(
    request: Request,
    code: Annotated[str, Path(pattern=r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$", examples=["620102"])],
    on: Annotated[str | None, Query(description="a day, today if none is named", json_schema_extra=DAY)] = None,
    known_at: KnownAt = None,
    min_position: MinPosition = None,
) -> JsonAnswer:
    """Tell what a code was on a day, and where it stands now; reorganisations as known at any moment."""
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    must_be_allowed_at(service, principal, Action.READ_REGION)
    today = local_day(service.now_us)
    await reach_log(service, min_position)
    head = await run_in_threadpool(lambda: service.kiteline.log.max_notification_id() or 0)
    reference = await run_in_threadpool(service.kiteline.refresh_reference)
    known = await run_in_threadpool(known_position, service, known_at)
    known = head if known is None else min(known, head)
    told = as_known(service, known) if known_at is not None else reference
    view = _region_view(told, code, read_on(on) if on is not None else today, today)
    return JsonAnswer({**view, "position": head, "known_position": known})


async def asked_to_record(request: Request) -> tuple[Service, Principal, str, dict[str, Any]]:
    """Return who asks, the key, and the body. Raises Problem."""
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    return service, principal, key_text(request), await json_object(request)


def read_on(text: str) -> date:
    """Read the day of a question. Raises Problem (422)."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise invalid(
            "/query/on", "unreadable", Sentence("不能识别的日期", "This is not a day."), "2025-03-05"
        ) from None


def _organisation_view(one: Organisation, ended: Dissolution | None) -> dict[str, Any]:
    return {
        "code": one.code,
        "name": one.name,
        "kind": one.kind,
        "region": one.region,
        "parent": one.parent,
        "stationed_in": one.stationed_in,
        "external": one.external,
        "dissolved_on": one.dissolved_on,
        "successor": one.successor,
        "successors": list(ended.successors()) if ended is not None else [],
    }


def _ended_before(reference: Reference, code: str, on: date) -> Region | None:
    """Return a region as it was when it ended, if that was before the day: old records still name it."""
    ends = [until for _, until in reference.regions.validity(code) if until is not None and until <= on]
    return reference.regions.get(code, max(ends) - timedelta(days=1)) if ends else None


def _region_view(reference: Reference, code: str, on: date, today: date) -> dict[str, Any]:
    regions = reference.regions
    region = regions.get(code, on) or _ended_before(reference, code, on)
    if region is None:
        raise not_found(Sentence("那一天没有这个区划", "There was no such region on that day."))
    stood_on = on if region.valid_to is None else min(on, region.valid_to - timedelta(days=1))
    resolution = regions.resolve(code, max(on, today))
    return {
        "code": region.code,
        "name": region.name,
        "level": region.level.value,
        "on": on,
        "valid_from": region.valid_from,
        "valid_to": region.valid_to,
        "parents": [{"code": one.code, "name": one.name} for one in regions.parents(code, stood_on)],
        "successors": list(region.successors),
        "resolves_to": resolution.code,
        "needs_assignment": resolution.needs_assignment,
    }
