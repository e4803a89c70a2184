"""What changes from a day on: organisations that are dissolved, regions that are reorganised, lists of codes."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool

from api.access import must_be_allowed_at, principal_of
from api.actions import Action
from api.answers import JsonAnswer
from api.bodies import expected_version, key_for
from api.command_schemas import DAY, MOMENT, ORGANISATION, closed
from api.openapi import IF_MATCH, READING, problems, takes
from api.places import RECORDED, asked_to_record, read_on
from api.problems import not_found
from api.recording import answer, caller_of
from api.shapes.places import CodeListsAnswer
from domain import codes
from domain.code_lists import LISTS
from domain.errors import Sentence
from domain.policy import COUNTRY
from domain.times import local_day
from infra.recording.procedures import arun

if TYPE_CHECKING:
    from api.service import Service

router = APIRouter()
_COUNTY: Final = {"type": "string", "pattern": "^[0-9]{6}$", "examples": ["330103"]}
_COUNTIES: Final = {"type": "array", "items": _COUNTY, "minItems": 1, "maxItems": 200}
_NAMES: Final = {"type": "object", "additionalProperties": {"type": "string", "minLength": 1, "maxLength": 200}}
_MEMBERS: Final = {"type": "array", "items": {"type": "string", "format": "uuid"}, "maxItems": 1000}
_BELOW: Final = {"type": "array", "items": ORGANISATION, "maxItems": 1000}
_NO_ORGANISATION: Final = Sentence("没有这个组织", "There is no such organisation.")

_DISSOLUTION: Final = closed(
    {
        "successor": {**ORGANISATION, "description": "who succeeds to all that no share names 承接组织"},
        "shares": {
            "description": "split up: who else succeeds, to which members and organisations 分立",
            "type": "array",
            "items": closed({"successor": ORGANISATION, "members": _MEMBERS, "organisations": _BELOW}, ["successor"]),
            "maxItems": 100,
            "default": [],
        },
        "occurred_at": {**MOMENT, "description": "the first day of its successors 撤销之日"},
        "organisation": ORGANISATION,
    },
    ["successor"],
    examples=[{"successor": "LZ-CG-BR2", "occurred_at": "2025-05-01"}],
)
_REORGANISATION: Final = closed(
    {
        "kind": {"type": "string", "enum": list(codes.REORGANISATION_KINDS)},
        "from": _COUNTIES,
        "to": _COUNTIES,
        "effective_on": DAY,
        "names": {**_NAMES, "description": "names of new codes, and of renamed ones 新代码的名称"},
        "occurred_at": MOMENT,
        "organisation": ORGANISATION,
    },
    ["kind", "from", "to", "effective_on"],
    examples=[
        {
            "kind": "RENAMED",
            "from": ["620621"],
            "to": ["620621"],
            "effective_on": "2027-01-01",
            "names": {"620621": "民勤市"},
        }
    ],
)
_CODE_LIST: Final = closed(
    {
        "code_list": {"type": "string", "enum": sorted(LISTS)},
        "effective_on": DAY,
        "codes": {
            "description": "the whole list as it is from that day on 完整代码表",
            "type": "array",
            "items": {"type": "string", "pattern": "^[A-Z][A-Z0-9_]{1,39}$"},
            "minItems": 1,
            "maxItems": 200,
            "uniqueItems": True,
        },
        "names": {**_NAMES, "description": "what each code is called 名称"},
        "source": {"type": "string", "minLength": 1, "maxLength": 200, "description": "the document 文号"},
        "occurred_at": MOMENT,
        "organisation": ORGANISATION,
    },
    ["code_list", "effective_on", "codes"],
    examples=[
        {
            "code_list": "decline",
            "effective_on": "2027-01-01",
            "codes": [*codes.DECLINE_REASONS, "NO_BRANCH_HERE"],
            "names": {"NO_BRANCH_HERE": "本地无党组织"},
        }
    ],
)


@router.post(
    "/v1/organisations/{code}/dissolve",
    operation_id="dissolve_organisation",
    summary="撤销党组织 Dissolve an organisation, with who succeeds to its members, duties, letters and clocks",
    status_code=201,
    response_model=None,
    responses={**RECORDED, **problems({404, 412})},
    openapi_extra=takes(_DISSOLUTION, IF_MATCH),
    tags=["recording 记录"],
)
async def dissolve_organisation(request: Request, code: str) -> JsonAnswer:
    """Dissolve an organisation where the caller's rights reach it and all its successors."""
    service, principal, key, payload = await asked_to_record(request)
    tree = service.kiteline.reference().organisations
    if tree.get(code) is None:
        tree = (await run_in_threadpool(service.kiteline.refresh_reference)).organisations
    shares = payload.get("shares")
    shared = [share.get("successor") for share in shares if isinstance(share, dict)] if isinstance(shares, list) else []
    parties = [one for one in (payload.get("successor"), *shared) if isinstance(one, str) and tree.get(one) is not None]
    for party in (code, *parties):
        must_be_allowed_at(service, principal, Action.DISSOLVE_ORGANISATION, organisation=party)
    if tree.get(code) is None:
        raise not_found(_NO_ORGANISATION)
    dissolving = service.reorganisations.dissolving(
        code,
        payload,
        caller_of(principal),
        key=key_for(principal, key, f"organisations/{code}/dissolve", payload),
        if_match=expected_version(request),
    )
    return answer(await arun(dissolving))


@router.post(
    "/v1/regions/reorganise",
    operation_id="reorganise_regions",
    summary="区划调整 Rename, merge or split regions from a day on",
    status_code=201,
    response_model=None,
    responses=RECORDED,
    openapi_extra=takes(_REORGANISATION),
    tags=["recording 记录"],
)
async def reorganise_regions(request: Request) -> JsonAnswer:
    """Change regions where the caller's rights reach all of them; codes as recorded stay, and resolve by date."""
    service, principal, key, payload = await asked_to_record(request)
    listed = [one for name in ("from", "to") for one in _listed(payload.get(name))]
    named = [one for one in listed if isinstance(one, str) and len(one) == len(COUNTRY)]
    for region in named or [principal.region or COUNTRY]:
        must_be_allowed_at(service, principal, Action.REORGANISE_REGION, region=region)
    keyed = key_for(principal, key, "regions/reorganise", payload)
    return answer(await arun(service.reorganisations.reorganising(payload, caller_of(principal), key=keyed)))


@router.post(
    "/v1/code-lists",
    operation_id="adopt_code_list",
    summary="设定代码表 Adopt a version of a code list from a day on",
    status_code=201,
    response_model=None,
    responses=RECORDED,
    openapi_extra=takes(_CODE_LIST),
    tags=["recording 记录"],
)
async def adopt_code_list(request: Request) -> JsonAnswer:
    """Adopt the whole list as it is from a day on, for everybody; what was recorded before stays as it is."""
    service, principal, key, payload = await asked_to_record(request)
    must_be_allowed_at(service, principal, Action.SET_CODE_LIST, region=COUNTRY)
    keyed = key_for(principal, key, "code-lists", payload)
    return answer(await arun(service.reorganisations.adopting_codes(payload, caller_of(principal), key=keyed)))


@router.get(
    "/v1/code-lists",
    operation_id="read_code_lists",
    summary="代码表 The lists that may be changed, as they are on a day",
    response_model=None,
    responses={200: {"model": CodeListsAnswer}, **problems(READING)},
    tags=["asking 查询"],
)
async def read_code_lists(
    request: Request,
    on: Annotated[str | None, Query(description="a day, today if none is named", json_schema_extra=DAY)] = None,
) -> JsonAnswer:
    """Tell which values each list has on a day, and since when."""
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    must_be_allowed_at(service, principal, Action.READ_POLICY)
    reference = await run_in_threadpool(service.kiteline.refresh_reference)
    day = read_on(on) if on is not None else local_day(service.now_us)
    items = [_version(service, name, day) for name in sorted(LISTS)]
    return JsonAnswer({"on": day, "items": items, "position": reference.position})


def _version(service: Service, name: str, day: date) -> dict[str, Any]:
    book = service.kiteline.reference().code_lists
    version = book.version(name, day)
    return {
        "code_list": name,
        "codes": list(book.on(name, day)),
        "names": (version.names or {}) if version is not None else {},
        "effective_on": version.effective_on if version is not None else None,
        "source": version.source if version is not None else None,
    }


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
