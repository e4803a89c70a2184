"""Co-management agreements: signed, countersigned, ended, read by their parties."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool

from api.access import known_organisation, must_be_allowed_at, principal_of, refusal
from api.actions import Action
from api.answers import JsonAnswer, stream_etag
from api.asking import CursorParameter, LimitParameter, MinPosition, Paging, reach_log
from api.authorisation import NOT_FOUND, Resource, decide
from api.bodies import expected_version, json_object, key_for, key_text, read_id
from api.command_schemas import DAY, MOMENT, ORGANISATION, closed
from api.openapi import IF_MATCH, READING, RECORDING, answer_headers, problems, takes
from api.recording import answer, caller_of
from api.shapes.agreements import AgreementAnswer, AgreementsPage
from api.shapes.recording import Recorded
from domain.agreement import DUTIES, VISIBLE
from domain.errors import Sentence
from domain.times import local_day
from infra.recording.procedures import arun

if TYPE_CHECKING:
    from uuid import UUID

    from api.service import Service
    from domain.agreement import Agreement
    from infra.tokens.principal import Principal

router = APIRouter()
_NO_AGREEMENT: Final = Sentence("没有这份协议", "There is no such agreement.")
_DOCUMENT: Final = {"type": "string", "minLength": 1, "maxLength": 100, "description": "the document 文号"}


def _by_party(key: str, values: tuple[str, ...], description: str) -> dict[str, Any]:
    code = {"type": "string", "enum": list(values)}
    item = {"oneOf": [code, closed({"organisation": ORGANISATION, key: code})]}
    return {"type": "array", "items": item, "description": f"{description}; a code alone is for every party"}


_AGREEMENT: Final = closed(
    {
        "parties": {"type": "array", "items": ORGANISATION, "minItems": 2, "maxItems": 20, "description": "协议各方"},
        "duties": _by_party("duty", DUTIES, "what each party does 职责"),
        "visible": _by_party("what", VISIBLE, "what each party may see of the others' members 可见内容"),
        "from": DAY,
        "until": {**DAY, "description": "the last day in force 有效期至"},
        "document": _DOCUMENT,
        "occurred_at": MOMENT,
        "organisation": ORGANISATION,
    },
    ["parties", "duties", "visible", "from", "until"],
    examples=[
        {
            "parties": ["CD-JJ", "XM-HL"],
            "duties": [{"organisation": "XM-HL", "duty": "CONTACT"}],
            "visible": ["CONTACTS"],
            "from": "2025-01-01",
            "until": "2025-12-31",
        }
    ],
)
_SIGNATURE: Final = closed({"occurred_at": MOMENT, "organisation": ORGANISATION}, [], examples=[{}])
_END: Final = closed(
    {
        "until": {**DAY, "description": "the last day in force; today if none is named 终止日"},
        "document": _DOCUMENT,
        "occurred_at": MOMENT,
        "organisation": ORGANISATION,
    },
    [],
    examples=[{"until": "2025-12-31"}],
)
_RECORDED: Final[dict[int | str, dict[str, Any]]] = {
    201: {"model": Recorded, "description": "recorded 已记录", "headers": answer_headers()},
    **problems({*RECORDING, 404}),
}
_GUARDED: Final[dict[int | str, dict[str, Any]]] = {**_RECORDED, **problems({412})}


@router.post(
    "/v1/agreements",
    operation_id="sign_agreement",
    summary="签订双向共管协议 Sign an agreement for the parties that the caller acts for",
    description="A party shows its members once it has signed; `stream` in the answer is its id.",
    status_code=201,
    response_model=None,
    responses=_RECORDED,
    openapi_extra=takes(_AGREEMENT),
    tags=["recording 记录"],
)
async def sign_agreement(request: Request) -> JsonAnswer:
    """Sign a new agreement."""
    service, principal, key, payload = await _asked_to_record(request)
    given = payload.get("parties")
    parties = [one for one in given if isinstance(one, str)] if isinstance(given, list) else []
    signed_for = _signed_for(service, principal, parties)
    if not signed_for:
        must_be_allowed_at(service, principal, Action.SIGN_AGREEMENT, region=principal.region)
        known_organisation(service, parties[0] if parties else principal.organisation, "/parties")
        raise refusal(NOT_FOUND)
    keyed = key_for(principal, key, "agreements", payload)
    return answer(await arun(service.agreements.signing(payload, signed_for, caller_of(principal), key=keyed)))


@router.post(
    "/v1/agreements/{agreement_id}/sign",
    operation_id="countersign_agreement",
    summary="会签协议 Sign an agreement for further parties",
    status_code=201,
    response_model=None,
    responses=_GUARDED,
    openapi_extra=takes(_SIGNATURE, IF_MATCH),
    tags=["recording 记录"],
)
async def countersign_agreement(request: Request, agreement_id: str) -> JsonAnswer:
    """Sign for the parties that the caller acts for."""
    service, principal, key, payload = await _asked_to_record(request)
    agreement = await _agreement_for(service, principal, Action.SIGN_AGREEMENT, read_id(agreement_id))
    signed_for = _signed_for(service, principal, agreement.terms.parties)
    keyed = key_for(principal, key, f"agreements/{agreement_id}/sign", payload)
    signing = service.agreements.countersigning(
        agreement.agreement_id,
        payload,
        signed_for,
        caller_of(principal),
        key=keyed,
        if_match=expected_version(request),
    )
    return answer(await arun(signing))


@router.post(
    "/v1/agreements/{agreement_id}/end",
    operation_id="end_agreement",
    summary="终止协议 End an agreement before its term",
    description="After its last day nothing more is sent to a partner, and a partner's reads answer 404.",
    status_code=201,
    response_model=None,
    responses=_GUARDED,
    openapi_extra=takes(_END, IF_MATCH),
    tags=["recording 记录"],
)
async def end_agreement(request: Request, agreement_id: str) -> JsonAnswer:
    """End an agreement; any party may."""
    service, principal, key, payload = await _asked_to_record(request)
    agreement = await _agreement_for(service, principal, Action.END_AGREEMENT, read_id(agreement_id))
    keyed = key_for(principal, key, f"agreements/{agreement_id}/end", payload)
    ending = service.agreements.ending(
        agreement.agreement_id, payload, caller_of(principal), key=keyed, if_match=expected_version(request)
    )
    return answer(await arun(ending))


@router.get(
    "/v1/agreements",
    operation_id="list_agreements",
    summary="协议 The agreements of the parties that the caller reaches",
    response_model=None,
    responses={200: {"model": AgreementsPage}, **problems({*READING, 404, 410})},
    tags=["asking 查询"],
)
async def list_agreements(
    request: Request,
    organisation: Annotated[str | None, Query(min_length=1, max_length=64, description="a party 协议一方")] = None,
    limit: LimitParameter = 50,
    cursor: CursorParameter = None,
    min_position: MinPosition = None,
) -> JsonAnswer:
    """List agreements by id."""
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    must_be_allowed_at(service, principal, Action.READ_AGREEMENT)
    await reach_log(service, min_position)
    reference = await run_in_threadpool(service.kiteline.refresh_reference)
    paging = Paging.begin(service, ("agreements", organisation), cursor, limit, reference.position)
    found = [
        one
        for _, one in sorted(reference.agreements.by_id.items())
        if (paging.after is None or str(one.agreement_id) > paging.after)
        and (organisation is None or organisation in one.terms.parties)
        and _may(service, principal, Action.READ_AGREEMENT, one)
    ]
    items = [_view(service, one) for one in found[:limit]]
    after = str(found[limit - 1].agreement_id) if len(found) > limit else None
    return paging.answer(items, position=reference.position, after=after)


@router.get(
    "/v1/agreements/{agreement_id}",
    operation_id="read_agreement",
    summary="协议内容 One agreement, and how it stands today",
    response_model=None,
    responses={
        200: {"model": AgreementAnswer, "headers": {"ETag": {"schema": {"type": "string"}}}},
        **problems({*READING, 404}),
    },
    tags=["asking 查询"],
)
async def read_agreement(request: Request, agreement_id: str, min_position: MinPosition = None) -> JsonAnswer:
    """Tell an agreement to whoever reaches one of its parties."""
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    await reach_log(service, min_position)
    agreement = await _agreement_for(service, principal, Action.READ_AGREEMENT, read_id(agreement_id))
    return JsonAnswer(_view(service, agreement), headers={"ETag": stream_etag(agreement.version)})


async def _asked_to_record(request: Request) -> tuple[Service, Principal, str, dict[str, Any]]:
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    key, payload = key_text(request), await json_object(request)
    if payload.get("organisation") is not None:
        acting = known_organisation(service, payload["organisation"], "/organisation")
        must_be_allowed_at(service, principal, Action.SIGN_AGREEMENT, organisation=acting, acting=acting)
    await run_in_threadpool(service.kiteline.refresh_reference)
    return service, principal, key, payload


def _allowed(service: Service, principal: Principal, action: Action, party: str) -> bool:
    tree = service.kiteline.reference().organisations
    return decide(principal, action, Resource(organisations=frozenset({party})), tree).allowed


def _signed_for(service: Service, principal: Principal, parties: list[str]) -> list[str]:
    known = service.kiteline.reference().organisations
    return [one for one in parties if known.get(one) and _allowed(service, principal, Action.SIGN_AGREEMENT, one)]


def _may(service: Service, principal: Principal, action: Action, agreement: Agreement) -> bool:
    return any(_allowed(service, principal, action, party) for party in agreement.terms.parties)


async def _agreement_for(service: Service, principal: Principal, action: Action, agreement_id: UUID) -> Agreement:
    """Return an agreement with a party that the caller acts for; raises Problem (404, or 403 for a role)."""
    reference = await run_in_threadpool(service.kiteline.refresh_reference)
    agreement = reference.agreements.by_id.get(agreement_id)
    if agreement is None or not _may(service, principal, action, agreement):
        nowhere = Resource(organisations=frozenset({""}))
        raise refusal(decide(principal, action, nowhere, reference.organisations), _NO_AGREEMENT)
    return agreement


def _view(service: Service, one: Agreement) -> dict[str, Any]:
    return {
        "agreement_id": str(one.agreement_id),
        "version": one.version,
        "status": one.status(local_day(service.now_us)),
        "parties": one.terms.parties,
        "signed_for": sorted(one.signed_for),
        "duties": one.terms.duties,
        "visible": one.terms.visible,
        "from": one.first_day,
        "until": one.last_day,
        "document": one.terms.document,
    }
