"""Which commands of a member are possible now: what a form would be refused for is told before it is filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool

from api.access import must_be_allowed_on, principal_of
from api.actions import Action
from api.answers import JsonAnswer
from api.asking import MinPosition, reach_log
from api.authorisation import MAY
from api.bodies import member_id_of
from api.language import language_of, said_in
from api.members import folded
from api.openapi import READING, problems
from api.recording import ACTIONS, caller_acting
from api.shapes.members import PossibleCommands
from domain.member.possible import refusals
from domain.times import day_end_us, local_day

if TYPE_CHECKING:
    from api.language import Language
    from api.service import Service
    from infra.tokens.principal import Principal

router = APIRouter(tags=["asking 查询"])

_Acting = Annotated[str | None, Query(max_length=64, description="who would act; the caller's own if not given")]


@router.get(
    "/v1/members/{member_id}/commands",
    operation_id="list_possible_commands",
    summary="可办事项 The commands that the caller's role may give, and which of them the member's state refuses now",
    response_model=None,
    responses={200: {"model": PossibleCommands}, **problems({*READING, 404})},
)
async def list_possible_commands(
    request: Request,
    *,
    member_id: str,  # noqa: ARG001 - documents the path
    organisation: _Acting = None,
    min_position: MinPosition = None,
) -> JsonAnswer:
    """Hold each command to the rules of decisions, as true now; what a command will say is judged when it says it."""
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    member = member_id_of(request)
    await must_be_allowed_on(service, principal, Action.READ_MEMBER, member)
    await reach_log(service, min_position)
    language = language_of(request.headers.get("accept-language"))
    return await run_in_threadpool(_answered, service, principal, member, organisation, language)


def _answered(
    service: Service, principal: Principal, member: UUID, organisation: str | None, language: Language
) -> JsonAnswer:
    # As everything that is asked: what is known of today by its day counts, whatever the hour is.
    now = day_end_us(local_day(service.now_us))
    found = folded(service, member, now, None)
    acting = organisation or caller_acting(service, principal).organisation
    items: list[dict[str, Any]] = []
    told = refusals(found.state, found.reference, member=member, organisation=acting, now_us=now)
    for verb, rule in told:
        if ACTIONS[verb] in MAY[principal.role]:
            refused = None if rule is None else {"code": rule.code, "detail": said_in(rule.sentence, language)}
            items.append({"command": verb, "possible": rule is None, "refused": refused})
    return JsonAnswer({"items": items, "organisation": acting, "position": found.position})
