"""A member's own record of service: every input, nobody beside them."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool

from api.access import must_be_allowed_on, principal_of
from api.actions import Action
from api.answers import JsonAnswer, stream_etag
from api.asking import AsOf, KnownAt, MinPosition, as_of_moment, reach_log
from api.bodies import member_id_of
from api.command_schemas import DAY
from api.members import folded
from api.openapi import READING, problems
from api.problems import invalid
from api.shapes.service import ServiceRecordAnswer
from domain.errors import Sentence
from domain.member.service.views import service_record
from domain.times import day_end_us, day_start_us

if TYPE_CHECKING:
    from api.service import Service

router = APIRouter(tags=["asking 查询"])
_FIRST: Final = date(1900, 1, 1)
_Since = Annotated[
    str | None, Query(description="the first day; from the beginning if not given", json_schema_extra=DAY)
]
_Until = Annotated[str | None, Query(description="the last day; until `as_of` if not given", json_schema_extra=DAY)]


@router.get(
    "/v1/members/{member_id}/service-record",
    operation_id="read_service_record",
    summary="服务记录 Hours served, activities attended, posts held: every input by its event, no ranking",
    response_model=None,
    responses={
        200: {"model": ServiceRecordAnswer, "headers": {"ETag": {"schema": {"type": "string"}}}},
        **problems({*READING, 404}),
    },
)
async def read_service_record(
    request: Request,
    *,
    member_id: str,  # noqa: ARG001 - documents the path
    since: _Since = None,
    until: _Until = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    min_position: MinPosition = None,
) -> JsonAnswer:
    """Fold the member's own facts; there is no list of these and no order of members by them anywhere."""
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    member = member_id_of(request)
    await must_be_allowed_on(service, principal, Action.READ_SERVICE_RECORD, member)
    moment = as_of_moment(service, as_of)
    first_us = day_start_us(_day(since, "since") if since is not None else _FIRST)
    last_us = min(moment, day_end_us(_day(until, "until"))) if until is not None else moment
    await reach_log(service, min_position)
    found = await run_in_threadpool(folded, service, member, moment, known_at)
    record = service_record(
        found.state, member_id=str(member), version=found.version, first_us=first_us, last_us=last_us
    )
    content = {**record, "position": found.position, "known_position": found.known_position}
    return JsonAnswer(content, headers={"ETag": stream_etag(found.version)})


def _day(text: str, name: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        sentence = Sentence("不能识别的日期", "This is not a day.")
        raise invalid(f"/query/{name}", "unreadable", sentence, "2025-03-05") from None
