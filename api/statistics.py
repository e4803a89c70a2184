"""A region's figures: of a month, and month by month."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request

from api.actions import Action
from api.answers import JsonAnswer
from api.asking import KnownAt, MinPosition
from api.openapi import READING, problems
from api.places_asked import PlaceAsked, RegionParameter, asking
from api.problems import invalid
from api.read_models import as_known, asked, moment_of
from api.shapes.statistics import StatisticsAnswer, StatisticsSeries
from domain.calendar import month_end
from domain.errors import Sentence
from projections.statistics import Statistics, month_figures, months_figures, published

router = APIRouter(tags=["asking 查询"])
MOST_MONTHS: Final = 36
_FIRST_MONTH: Final = date(1900, 1, 1)

MonthParameter = Annotated[
    str, Query(pattern=r"^(19|20)[0-9]{2}-(0[1-9]|1[0-2])$", examples=["2025-03"], description="月份")
]

PublicParameter = Annotated[
    bool, Query(description="fit for publication: small counts, and what would give them away, are null 公开口径")
]


@router.get(
    "/v1/statistics",
    operation_id="read_statistics",
    summary="统计 A region's month by scope, category and stage, with contacts due and made",
    response_model=None,
    responses={200: {"model": StatisticsAnswer}, **problems({*READING, 404})},
)
async def read_statistics(
    request: Request,
    *,
    month: MonthParameter,
    region: RegionParameter = None,
    public: PublicParameter = False,
    known_at: KnownAt = None,
    min_position: MinPosition = None,
) -> JsonAnswer:
    """Answer the figures at the month's end; without a region, of the caller's own."""
    place, named = await _place(request, region)
    service = place.service
    first = date.fromisoformat(f"{month}-01")
    moment = await moment_of(service, 0, known_at)
    found = await asked(
        service,
        place.principal,
        min_position,
        lambda connection: month_figures(
            connection, named, first, as_known(service, moment.known_position), moment.known_position
        ),
    )
    if public:
        found = published(found, service.kiteline.reference().policy(named, month_end(first)).small_count)
    return JsonAnswer(
        {
            "region": named,
            "month": month,
            "public": public,
            "items": found.items,
            **_told(found),
            "next": None,
            "position": found.position,
            "known_position": found.known_position,
        }
    )


@router.get(
    "/v1/statistics/months",
    operation_id="read_statistics_of_months",
    summary="逐月统计 A region's figures month by month, each as GET /v1/statistics tells it without its cells",
    response_model=None,
    responses={200: {"model": StatisticsSeries}, **problems({*READING, 404})},
)
async def read_statistics_of_months(
    request: Request,
    *,
    until: MonthParameter,
    months: Annotated[int, Query(ge=1, le=MOST_MONTHS, description="how many, `until` included 月数")] = 12,
    region: RegionParameter = None,
    public: PublicParameter = False,
    known_at: KnownAt = None,
    min_position: MinPosition = None,
) -> JsonAnswer:
    """Answer the figures at the ends of consecutive months, the earliest first."""
    place, named = await _place(request, region)
    service = place.service
    firsts = months_until(date.fromisoformat(f"{until}-01"), months)
    moment = await moment_of(service, 0, known_at)
    known = moment.known_position
    found = await asked(
        service,
        place.principal,
        min_position,
        lambda connection: months_figures(connection, named, firsts, as_known(service, known), known),
    )
    if public:
        reference = service.kiteline.reference()
        found = [
            published(one, reference.policy(named, month_end(first)).small_count)
            for first, one in zip(firsts, found, strict=True)
        ]
    return JsonAnswer(
        {
            "region": named,
            "public": public,
            "items": [{"month": f"{first:%Y-%m}", **_told(one)} for first, one in zip(firsts, found, strict=True)],
            "next": None,
            "position": found[-1].position,
            "known_position": found[-1].known_position,
        }
    )


def months_until(last: date, count: int) -> list[date]:
    """Return the first days of as many months, the last of them given; none before the year 1900."""
    months = [last]
    while len(months) < count and months[0] > _FIRST_MONTH:
        months.insert(0, (months[0] - timedelta(days=1)).replace(day=1))
    return months


async def _place(request: Request, region: str | None) -> tuple[PlaceAsked, str]:
    place = await asking(request, Action.READ_STATISTICS, region, None)
    if place.region is None:
        sentence = Sentence("请指明区划", "Name a region.")
        raise invalid("/query/region", "missing", sentence, "six digits of GB/T 2260")
    return place, place.region


def _told(found: Statistics) -> dict[str, Any]:
    return {
        "totals": found.totals,
        "contacts": found.contacts,
        "transfers": found.transfers,
        "service": found.service,
    }
