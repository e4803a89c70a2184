"""`GET /v1/reads`: who read whose personal data, when and what for, by readers within the caller's reach."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool

from api.access import must_be_allowed_at, principal_of
from api.actions import Action
from api.answers import JsonAnswer
from api.asking import CursorParameter, LimitParameter, Paging
from api.authorisation import reach
from api.exports import standing_in
from api.openapi import READING, problems
from api.personal_reads import all_reads
from api.shapes.members import AllReadsPage
from domain.times import day_end_us, day_start_us, instant
from infra.tokens.principal import Role

if TYPE_CHECKING:
    from api.service import Service

router = APIRouter(tags=["asking 查询"])
_FIRST: Final = date(1971, 1, 1)
_LAST: Final = date(9990, 1, 1)
Day = Annotated[date | None, Query(ge=_FIRST, le=_LAST, description="a day in Asia/Shanghai, included 日期")]


@router.get(
    "/v1/reads",
    operation_id="list_all_reads",
    summary="查阅总览 Who read whose personal data, newest first",
    description="Reads by those within the caller's reach; of one member by anybody: `GET /v1/members/{id}/reads`.",
    response_model=None,
    responses={200: {"model": AllReadsPage}, **problems({*READING, 410})},
)
async def list_all_reads(  # noqa: PLR0913 - the question's parameters
    request: Request,
    *,
    reader: Annotated[str | None, Query(min_length=1, max_length=200, description="who read, as listed")] = None,
    role: Role | None = None,
    member_id: UUID | None = None,
    first: Annotated[Day, Query(alias="from")] = None,
    last: Annotated[Day, Query(alias="until")] = None,
    limit: LimitParameter = 50,
    cursor: CursorParameter = None,
) -> JsonAnswer:
    """List reads, with what each was for as far as that is still kept."""
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    must_be_allowed_at(service, principal, Action.READ_ALL_READS)
    tree = service.kiteline.reference().organisations
    far = reach(principal, tree)
    question = ("reads", principal.caller, reader, role, str(member_id), str(first), str(last))
    paging = Paging.begin(service, question, cursor, limit, 0)
    asked = {
        "reader": reader,
        "role": None if role is None else role.value,
        "member": member_id,
        "first": None if first is None else instant(day_start_us(first)),
        "last": None if last is None else instant(day_end_us(last)),
        "everywhere": far.region == "",
        "beginning": f"{far.region}%" if far.region else None,
        "organisations": tree.below(far.organisation) if far.organisation else standing_in(tree, far.region),
    }
    items, after = await run_in_threadpool(all_reads, service, asked, paging.after, limit)
    return paging.answer(items, position=service.kiteline.log.max_notification_id() or 0, after=after)
