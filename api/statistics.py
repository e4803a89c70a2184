"""A month's figures of a region."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request

from api.actions import Action
from api.answers import JsonAnswer
from api.asking import KnownAt, MinPosition
from api.openapi import READING, problems
from api.places_asked import RegionParameter, asking
from api.problems import invalid
from api.read_models import as_known, asked, moment_of
from api.shapes.statistics import StatisticsAnswer
from domain.calendar import month_end
from domain.errors import Sentence
from projections.statistics import month_figures, published

router = APIRouter(tags=["asking 查询"])

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
    place = await asking(request, Action.READ_STATISTICS, region, None)
    named = place.region
    if named is None:
        sentence = Sentence("请指明区划", "Name a region.")
        raise invalid("/query/region", "missing", sentence, "six digits of GB/T 2260")
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
            "totals": found.totals,
            "contacts": found.contacts,
            "transfers": found.transfers,
            "service": found.service,
            "next": None,
            "position": found.position,
            "known_position": found.known_position,
        }
    )
