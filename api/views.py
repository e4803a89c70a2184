"""The lists that depend on time: rosters, lifecycle, duties."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.access import principal_of
from api.actions import Action
from api.answers import JsonAnswer
from api.asking import AsOf, CursorParameter, DiffFrom, KnownAt, LimitParameter, MinPosition, as_of_moment
from api.exports import FILE, Asked, Columns, Format, InWhose, exported
from api.list_differences import must_be_told_of_ids, roster_differences
from api.members import Fields, Purpose
from api.openapi import READING, problems
from api.personal_reads import read_many
from api.places_asked import OrganisationParameter, PlaceAsked, RegionParameter, asking
from api.problems import invalid
from api.read_models import as_known, asked, moment_of, must_tell_personal_data, within_reach
from api.shapes.lists import (
    LifecycleAnswer,
    RosterDifferences,
    RosterPage,
    WorklistPage,
)
from api.shapes.members import DutyKind
from domain.errors import Sentence
from projections import duties, lifecycle, roster
from projections.duties import WorklistQuestion
from projections.roster import RosterQuestion

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from api.service import Service
    from projections.asking import Page

router = APIRouter(tags=["asking 查询"])
_LISTED: Final = problems({*READING, 404, 410})

Side = Literal["outflow", "inflow", "affiliated"]
Stage = Literal["reported", "awaiting_check_in", "checked_in", "settled", "returned", "closed"]
View = Literal["pre_departure", "in_transit", "return"]
DaysParameter = Annotated[int | None, Query(ge=0, le=36_500, description="at the stage for so many days 停留天数")]
OrderParameter = Annotated[
    Literal["since", "-since", "last_contact_at", "due_on"] | None,
    Query(description="the longest at the stage first, or the latest; the longest without contact; what is due first"),
]


@router.get(
    "/v1/rosters",
    operation_id="read_roster",
    summary="名册 Who is away from here, here from elsewhere, or affiliated here",
    response_model=None,
    responses={200: {"model": RosterPage | RosterDifferences, **FILE}, **_LISTED, **problems({413})},
)
async def read_roster(  # noqa: PLR0913 - the question's parameters
    request: Request,
    *,
    region: RegionParameter = None,
    organisation: OrganisationParameter = None,
    side: Side = "outflow",
    stage: Stage | None = None,
    scope: Annotated[
        Literal["all", "leaving"], Query(description="leaving: only moves across this region's border")
    ] = "all",
    overdue: bool | None = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    diff_from: DiffFrom = None,
    min_position: MinPosition = None,
    order: OrderParameter = None,
    limit: LimitParameter = 50,
    cursor: CursorParameter = None,
    fields: Fields = None,
    purpose: Purpose = None,
    form: Format = "json",
    columns: Columns = None,
    words: InWhose = None,
) -> Response:
    """Answer a page of a roster, on any day, as known at any position; or what differs between two knowledges."""
    place = await asking(request, Action.READ_ROSTER, region, organisation)
    question = RosterQuestion(
        await moment_of(place.service, as_of_moment(place.service, as_of), known_at),
        side,
        region=place.region,
        organisation=place.organisation,
        stages=None if stage is None else (stage,),
        overdue=overdue,
        leaving=scope == "leaving",
        order=order,
        limit=limit,
        cursor=None if diff_from is not None else cursor,
    )
    if diff_from is None:
        wanted = None if columns is None else tuple(columns.split(","))
        what = Asked(place, question, roster.page, fields, purpose, wanted, words)
        return await _people(request, what, min_position, form)
    must_be_told_of_ids(fields, form)
    return await roster_differences(place, question, diff_from, cursor, min_position)


@router.get(
    "/v1/lifecycle",
    operation_id="count_lifecycle",
    summary="闭环三段 Counts by view and stage, overdue beside",
    response_model=None,
    responses={200: {"model": LifecycleAnswer}, **problems({*READING, 404})},
)
async def count_lifecycle(  # noqa: PLR0913 - the question's parameters
    request: Request,
    *,
    region: RegionParameter = None,
    organisation: OrganisationParameter = None,
    view: View | None = None,
    side: Literal["outflow", "inflow"] = "outflow",
    ages: Annotated[bool, Query(description="also for how many days they have been at the stage 停留时长")] = False,
    change_since: Annotated[
        str | None,
        Query(
            max_length=40,
            description="also how many more they are than at that time, or that day's end 变化",
            examples=["2025-05-31"],
        ),
    ] = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    min_position: MinPosition = None,
) -> JsonAnswer:
    """Count the members under way."""
    place = await asking(request, Action.READ_LIFECYCLE, region, organisation)
    moment = await moment_of(place.service, as_of_moment(place.service, as_of), known_at)
    question = RosterQuestion(
        moment, side, region=place.region, organisation=place.organisation, views=None if view is None else (view,)
    )
    since_us = None if change_since is None else as_of_moment(place.service, change_since, "change_since")
    page = await asked(
        place.service,
        place.principal,
        min_position,
        lambda connection: lifecycle.counts(
            connection, question, as_known(place.service, moment.known_position), ages=ages, change_since_us=since_us
        ),
    )
    return _written(page)


@router.get(
    "/v1/lifecycle/members",
    operation_id="list_lifecycle_members",
    summary="各段人员 The members behind each count",
    response_model=None,
    responses={200: {"model": RosterPage, **FILE}, **_LISTED, **problems({413})},
)
async def list_lifecycle_members(  # noqa: PLR0913 - the question's parameters
    request: Request,
    *,
    region: RegionParameter = None,
    organisation: OrganisationParameter = None,
    view: View | None = None,
    stage: Stage | None = None,
    side: Literal["outflow", "inflow"] = "outflow",
    overdue: bool | None = None,
    min_days: DaysParameter = None,
    max_days: DaysParameter = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    min_position: MinPosition = None,
    limit: LimitParameter = 50,
    cursor: CursorParameter = None,
    fields: Fields = None,
    purpose: Purpose = None,
    form: Format = "json",
) -> Response:
    """List the members that a count counts."""
    place = await asking(request, Action.READ_LIFECYCLE, region, organisation)
    question = RosterQuestion(
        await moment_of(place.service, as_of_moment(place.service, as_of), known_at),
        side,
        region=place.region,
        organisation=place.organisation,
        stages=None if stage is None else (stage,),
        views=None if view is None else (view,),
        overdue=overdue,
        min_days=min_days,
        max_days=max_days,
        limit=limit,
        cursor=cursor,
    )
    return await _people(request, Asked(place, question, lifecycle.members, fields, purpose), min_position, form)


@router.get(
    "/v1/worklist",
    operation_id="read_worklist",
    summary="待办 What an organisation and all below it owe, first due first",
    response_model=None,
    responses={200: {"model": WorklistPage, **FILE}, **_LISTED, **problems({413})},
)
async def read_worklist(  # noqa: PLR0913 - the question's parameters
    request: Request,
    *,
    organisation: OrganisationParameter = None,
    member_id: Annotated[UUID | None, Query(description="of this member only")] = None,
    kind: Annotated[list[DutyKind] | None, Query(description="of this kind, or one of these 事项")] = None,
    overdue: bool | None = None,
    liaison: Annotated[
        str | None, Query(min_length=1, max_length=64, description="for the members whom this liaison has today 联络员")
    ] = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    min_position: MinPosition = None,
    limit: LimitParameter = 50,
    cursor: CursorParameter = None,
    fields: Fields = None,
    purpose: Purpose = None,
    form: Format = "json",
) -> Response:
    """List duties by due day."""
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    tree = service.kiteline.reference().organisations
    named = organisation or principal.organisation or tree.of_region(principal.region)
    place = PlaceAsked(service, principal, None, named)
    place.must_be_allowed(Action.READ_WORKLIST)
    if named is None:
        sentence = Sentence("请指明组织", "Name an organisation.")
        raise invalid("/query/organisation", "missing", sentence, "a code from GET /v1/organisations")
    question = WorklistQuestion(
        await moment_of(service, as_of_moment(service, as_of), known_at),
        named,
        member=None if member_id is None else str(member_id),
        kinds=tuple(sorted(set(kind))) if kind else None,
        overdue=overdue,
        liaison=liaison,
        limit=limit,
        cursor=cursor,
    )
    return await _people(request, Asked(place, question, duties.worklist, fields, purpose), min_position, form)


async def _people(request: Request, what: Asked, min_position: int | None, form: str) -> Response:
    """Answer a page of items that each have a member, with personal data beside where asked for; or all as a file."""
    place, question = what.place, what.question
    must_tell_personal_data(place.principal, what.fields, what.purpose)
    if form == "xlsx":
        return await exported(request, what, min_position)
    service, now_us = place.service, place.service.now_us

    def answered(connection: Connection[TupleRow]) -> Page:
        page: Page = what.page_of(connection, question, as_known(service, question.moment.known_position), now_us)
        if what.fields is not None and what.purpose is not None:
            names = sorted(set(what.fields.split(",")))
            reached = within_reach(service, place.principal, connection, page.items)
            told = read_many(service, place.principal, reached, names, what.purpose)
            for item in page.items:
                if item["member_id"] is not None:
                    item["personal"] = told.get(UUID(item["member_id"]), {})
        return page

    return _written(await asked(service, place.principal, min_position, answered))


def _written(page: Page) -> JsonAnswer:
    return JsonAnswer(
        {"items": page.items, "next": page.next, "position": page.position, "known_position": page.known_position}
    )
