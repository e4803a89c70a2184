"""Flows and figures: who goes from where to where, month by month; every chart with its table, and who is behind it.

Places come in the order of their codes: nothing here ranks them.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import Depends
from starlette.responses import Response

from api.actions import Action
from api.console.asking import Refused
from api.console.command_forms import code_in
from api.console.flow_words import WORDS
from api.console.names import Names
from api.console.page import Page
from api.console.people import names_of
from api.console.person import SignedInPerson
from api.console.rendering import day_in_words, number, page
from api.console.routing import console_router
from api.statistics import months_until
from domain.times import local_day
from infra.tokens.principal import Role
from projections.flows import MEASURES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from api.console.person import Person

router = console_router()
PAGE: Final = Page("/flows", "流向与统计", "Flows and figures", Action.READ_FLOWS)
LEVELS: Final = ("province", "city", "county")
SIDES: Final = ("outflow", "inflow")
SCOPES: Final = ("IN_CITY", "IN_PROVINCE", "ACROSS_PROVINCES", "ABROAD", "UNKNOWN")
CATEGORIES: Final = ("FULL", "PROBATIONARY")
_MONTHS: Final = 24
_OVER: Final = 12
_FIRST_PAGE: Final = 200
_NEXT_PAGES: Final = 1_000
_ROWS: Final = 50
_MOST_ORIGINS, _MOST_DESTINATIONS = 60, 36
"""As many as a matrix may have; larger ones are told as a list of pairs."""
_MOST_DRAWN: Final = 120
_KNOW_LATER: Final = frozenset({Role.ORGANISATION_DEPARTMENT, Role.AUDITOR})


class Chosen:
    """What the address says is to be seen."""

    def __init__(  # noqa: PLR0913 - what can be chosen
        self,
        person: SignedInPerson,
        *,
        level: str = "",
        month: str = "",
        measure: str = "",
        region: str = "",
        known_at: str = "",
        public: str = "",
        origin: str = "",
        destination: str = "",
    ) -> None:
        this_month = local_day(person.service.now_us).replace(day=1)
        self.months = [f"{one:%Y-%m}" for one in months_until(this_month, _MONTHS)]
        self.level = level if level in LEVELS else "province"
        self.month = month if month in self.months else self.months[-1]
        self.measure = measure if measure in MEASURES else "under_way"
        self.region = code_in(region)
        self.known_at = known_at
        self.public = bool(public)
        self.origin = origin
        self.destination = destination

    def matrix(self) -> dict[str, Any]:
        """Return the question about the flows."""
        return {
            "level": self.level,
            "month": self.month,
            "public": True if self.public else None,
            "known_at": self.known_at or None,
        }

    def address(self, **other: str) -> str:
        """Write what is chosen as an address, with others instead."""
        said = {
            "level": self.level,
            "month": self.month,
            "measure": self.measure,
            "region": self.region,
            "known_at": self.known_at,
            "public": "1" if self.public else "",
            **other,
        }
        return urlencode({name: value for name, value in said.items() if value})

    def behind(self, origin: str = "", destination: str = "") -> str:
        """Write the address of those behind a figure."""
        return "/flows/members?" + self.address(region="", public="", origin=origin, destination=destination)


@router.get("/flows", operation_id="console_flows")
async def flows(person: SignedInPerson, chosen: Annotated[Chosen, Depends()], cursor: str | None = None) -> Response:
    """Show the matrix of a month, and the figures of the year up to it."""
    person.must_be_able_to(Action.READ_FLOWS)
    told, months = await asyncio.gather(
        person.ask("/v1/flows", limit=_FIRST_PAGE, cursor=cursor, **chosen.matrix()), _months(person, chosen)
    )
    origins = _ends(told["totals"]["by_origin"], "origin", chosen.measure)
    destinations = _ends(told["totals"]["by_destination"], "destination", chosen.measure)
    is_matrix = len(origins) <= _MOST_ORIGINS and len(destinations) <= _MOST_DESTINATIONS
    items, following = told["items"], told["next"]
    while is_matrix and following:
        more = await person.ask("/v1/flows", limit=_NEXT_PAGES, cursor=following, **chosen.matrix())
        items, following = items + more["items"], more["next"]
    items = [one for one in items if one[chosen.measure] != 0]
    cells = {(one["origin"], one["destination"]): one[chosen.measure] for one in items}
    return page(
        person,
        "flows.html",
        WORDS,
        chosen=chosen,
        levels=LEVELS,
        measures=MEASURES,
        origins=origins,
        destinations=destinations,
        is_matrix=is_matrix,
        cells=cells,
        items=items,
        total=_total(origins),
        cursor=cursor,
        following=None if is_matrix else following,
        sides=SIDES,
        scopes=SCOPES,
        categories=CATEGORIES,
        months=months["items"] if months else [],
        no_reach=months is None and not items and not cursor,
        figures_of=months["region"] if months else "",
        drawn=_drawn(person, cells if is_matrix else {}),
        may_open=person.may(Action.READ_ROSTER) and not chosen.public,
        may_choose_region=person.principal.region is not None,
        may_know_later=person.principal.role in _KNOW_LATER,
        moment=_moment(person, chosen, told["known_position"]),
        position=told["position"],
    )


@router.get("/flows/members", operation_id="console_flow_members")
async def flow_members(
    person: SignedInPerson, chosen: Annotated[Chosen, Depends()], cursor: str | None = None
) -> Response:
    """Show who is behind a figure of the matrix."""
    person.must_be_able_to(Action.READ_ROSTER)
    answer = await person.ask(
        "/v1/flows/members",
        level=chosen.level,
        month=chosen.month,
        measure=chosen.measure,
        origin=chosen.origin or None,
        destination=chosen.destination or None,
        known_at=chosen.known_at or None,
        limit=_ROWS,
        cursor=cursor,
    )
    return page(
        person,
        "flow_members.html",
        WORDS,
        chosen=chosen,
        items=answer["items"],
        people=await names_of(person, answer["items"]),
        may_name=person.may(Action.READ_MASKED_NAMES),
        cursor=cursor,
        following=answer["next"],
        moment=_moment(person, chosen, answer["known_position"]),
        position=answer["position"],
    )


async def _months(person: Person, chosen: Chosen) -> dict[str, Any] | None:
    """Return the figures of a region's year; None for whoever looks after a branch, which is no region."""
    principal = person.principal
    own = principal.region or person.service.kiteline.reference().region_of(principal.organisation)
    try:
        return await person.ask(
            "/v1/statistics/months",
            region=chosen.region or own,
            until=chosen.month,
            months=_OVER,
            public=True if chosen.public else None,
            known_at=chosen.known_at or None,
        )
    except Refused as refused:
        if chosen.region or refused.status not in (403, 404):
            raise
        return None


def _moment(person: Person, chosen: Chosen, position: int) -> str:
    """Say which moment the figures reflect: true when, known when, and where that is in the log."""
    words = WORDS.in_language(person.language)
    told = {"month": day_in_words(chosen.month, person.language), "position": number(position)}
    if chosen.known_at.isdecimal():
        return words.moment_then.format(**told)
    if chosen.known_at:
        return words.moment_known.format(known=day_in_words(chosen.known_at, person.language), **told)
    return (words.moment_today if chosen.month == chosen.months[-1] else words.moment).format(**told)


def _ends(sums: Sequence[dict[str, Any]], name: str, measure: str) -> dict[str, int | None]:
    """Return a margin without those that have nothing of the measure; None is withheld."""
    return {one[name]: one[measure] for one in sums if one[measure] != 0}


def _total(margin: dict[str, int | None]) -> int | None:
    known = [count for count in margin.values() if count is not None]
    return sum(known) if len(known) == len(margin) else None


def _drawn(person: Person, cells: dict[tuple[str, str], int | None]) -> dict[str, Any]:
    """Return what is drawn of the matrix: codes and counts, names beside; what is withheld is not drawn."""
    drawn = [[origin, destination, count] for (origin, destination), count in cells.items() if count]
    names = Names(person.service, person.language)
    return {
        "flow": drawn if len(drawn) <= _MOST_DRAWN else [],
        "names": {code: names.region(code) for ends in cells for code in ends},
    }
