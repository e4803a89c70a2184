"""`GET /v1/members/{id}/evidence`: a signed sheet of a member's history for auditors, or the JSON behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.access import must_be_allowed_on, principal_of
from api.actions import Action
from api.asking import AsOf, KnownAt, MinPosition, reach_log
from api.bodies import member_id_of
from api.evidence_making import evidence_of, sheet_of
from api.members import Fields, Purpose
from api.openapi import READING, problems
from api.personal_reads import PURPOSE_LENGTH, read_personal
from api.problems import invalid
from domain.errors import Sentence

if TYPE_CHECKING:
    from api.service import Service

router = APIRouter(tags=["asking 查询"])
MOST_EVENTS: Final = 1_000
Form = Annotated[Literal["json", "pdf"], Query(alias="format", description="the bundle, or its sheet 格式")]
_CONTENT: Final[dict[str, Any]] = {
    "application/json": {"schema": {"type": "object", "required": ["evidence", "signature"]}},
    "application/pdf": {"schema": {"type": "string", "format": "binary"}},
}


@router.get(
    "/v1/members/{member_id}/evidence",
    operation_id="read_evidence",
    summary="履历证据 A signed sheet of the history with its proofs: JSON that verifies offline, or PDF",
    response_model=None,
    responses={200: {"description": "the bundle or the sheet", "content": _CONTENT}, **problems({*READING, 404})},
)
async def read_evidence(  # noqa: PLR0913 - the question's parameters
    request: Request,
    *,
    member_id: str,  # noqa: ARG001 - documents the path
    as_of: AsOf = None,
    known_at: KnownAt = None,
    form: Form = "json",
    min_position: MinPosition = None,
    fields: Fields = None,
    purpose: Purpose = None,
) -> Response:
    """Make evidence of at most 1,000 events; personal data only where asked for, on the sheet alone, and on record."""
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    member = member_id_of(request)
    if fields is not None and (purpose is None or form == "json"):
        sentence = Sentence("个人信息只印在 PDF 上，并须写明用途", "Personal data is for the sheet, with a purpose.")
        raise invalid("/query/purpose", "missing", sentence, f"format=pdf, and 1 to {PURPOSE_LENGTH} characters")
    await must_be_allowed_on(service, principal, Action.READ_EVIDENCE, member)
    if fields is not None:
        await must_be_allowed_on(service, principal, Action.READ_PERSONAL_DATA, member)
    await reach_log(service, min_position)

    def made() -> Response:
        content = evidence_of(
            service, member, as_of=as_of, known_at=known_at, made_by=principal.subject, most=MOST_EVENTS
        )
        if content is None:
            sentence = Sentence("事件过多，请以截至时间分段", "These are too many events: ask for less by as_of.")
            raise invalid("/query/as_of", "too_large", sentence, f"at most {MOST_EVENTS} events")
        if form == "json":
            return _file(content, "application/json", f"{member}.json")
        told: dict[str, str] = {}
        if fields is not None and purpose is not None:
            told = read_personal(service, principal, member, sorted(set(fields.split(","))), purpose)
        return _file(sheet_of(service, member, content, told), "application/pdf", f"{member}.pdf")

    return await run_in_threadpool(made)


def _file(content: bytes, media_type: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content, media_type=media_type, headers=headers)
