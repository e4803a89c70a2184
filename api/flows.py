"""The flow matrix of a month, and who is behind each of its figures."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter, Query, Request

from api.access import must_be_allowed_at, principal_of
from api.actions import Action
from api.answers import JsonAnswer
from api.asking import CursorParameter, DiffFrom, KnownAt, LimitParameter, MinPosition, Paging
from api.list_differences import earlier_position, flow_differences
from api.openapi import READING, problems
from api.read_models import as_known, asked, moment_of
from api.shapes.lists import FlowDifferences, FlowMembersPage, FlowsAnswer
from api.statistics import MonthParameter, PublicParameter
from domain.calendar import month_end
from projections import flow_members, flows
from projections.flow_members import FlowQuestion

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from api.service import Service

router = APIRouter(tags=["asking 查询"])

Level = Literal["province", "city", "county"]
Measure = Literal["departed", "arrived", "under_way", "in_place", "returned", "moved_on", "transferred", "ended"]
PlaceParameter = Annotated[
    str | None,
    Query(
        pattern=r"^([0-9]{6}|abroad|unknown)$",
        description="as the matrix names it at this level; without it, all of them",
        examples=["620000"],
    ),
]


@router.get(
    "/v1/flows",
    operation_id="read_flows",
    summary="流向 A month's matrix of origins and destinations, with its margins",
    response_model=None,
    responses={200: {"model": FlowsAnswer | FlowDifferences}, **problems({*READING, 404, 410})},
)
async def read_flows(  # noqa: PLR0913 - the question's parameters
    request: Request,
    *,
    month: MonthParameter,
    level: Level = "province",
    public: PublicParameter = False,
    known_at: KnownAt = None,
    diff_from: DiffFrom = None,
    min_position: MinPosition = None,
    limit: LimitParameter = 1000,
    cursor: CursorParameter = None,
) -> JsonAnswer:
    """Answer the cells of the caller's reach; the margins are of all of them, on every page."""
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    must_be_allowed_at(service, principal, Action.READ_FLOWS)
    moment = await moment_of(service, 0, known_at)
    named = ("flows", level, month, public, principal.caller, diff_from)
    begun = Paging.begin(service, named, cursor, limit, -1 if moment.known_position is None else moment.known_position)
    known = None if begun.known_position < 0 else begun.known_position
    first = date.fromisoformat(f"{month}-01")
    policy = service.kiteline.reference().policy(None, month_end(first))

    def as_known_at(connection: Connection[TupleRow], position: int | None) -> flows.Matrix:
        found = flows.matrix(connection, level, first, as_known(service, position), position)
        return flows.published(found, policy.small_count) if public else found

    if diff_from is None:
        found = await asked(service, principal, min_position, lambda connection: as_known_at(connection, known))
        cells, more = found.items, {"totals": {"by_origin": found.by_origin, "by_destination": found.by_destination}}
    else:
        earlier = await earlier_position(service, diff_from)
        before, found = await asked(
            service,
            principal,
            min_position,
            lambda connection: (as_known_at(connection, earlier), as_known_at(connection, known)),
        )
        cells, more = flow_differences(before, found)
    paging = begun.knowing(found.known_position)
    cells = [one for one in cells if paging.after is None or [one["origin"], one["destination"]] > paging.after]
    items = cells[:limit]
    after = [items[-1]["origin"], items[-1]["destination"]] if len(cells) > limit else None
    return paging.answer(items, position=found.position, after=after, **more)


@router.get(
    "/v1/flows/members",
    operation_id="list_flow_members",
    summary="流向人员 The legs behind a figure of the matrix, by member",
    response_model=None,
    responses={200: {"model": FlowMembersPage}, **problems({*READING, 410})},
)
async def list_flow_members(  # noqa: PLR0913 - the question's parameters
    request: Request,
    *,
    month: MonthParameter,
    measure: Measure,
    level: Level = "province",
    origin: PlaceParameter = None,
    destination: PlaceParameter = None,
    known_at: KnownAt = None,
    min_position: MinPosition = None,
    limit: LimitParameter = 50,
    cursor: CursorParameter = None,
) -> JsonAnswer:
    """List as many legs as the figure of that cell, row or column counts, within the caller's reach."""
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    must_be_allowed_at(service, principal, Action.READ_ROSTER)
    moment = await moment_of(service, 0, known_at)
    question = FlowQuestion(
        date.fromisoformat(f"{month}-01"),
        level,
        measure,
        origin=origin,
        destination=destination,
        known_position=moment.known_position,
        limit=limit,
        cursor=cursor,
    )
    page = await asked(
        service,
        principal,
        min_position,
        lambda connection: flow_members.members(
            connection, question, as_known(service, question.known_position), service.now_us
        ),
    )
    return JsonAnswer(
        {"items": page.items, "next": page.next, "position": page.position, "known_position": page.known_position}
    )
