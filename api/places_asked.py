"""The place that a question is about: a region or an organisation, and all below it; unnamed, the caller's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

from fastapi import Query, Request

from api.access import must_be_allowed_at, principal_of
from api.actions import Action
from api.problems import invalid, not_found
from domain.errors import Sentence

if TYPE_CHECKING:
    from api.service import Service
    from infra.tokens.principal import Principal

_COUNTRY: Final = "000000"

RegionParameter = Annotated[
    str | None, Query(pattern=r"^[0-9]{6}$", description="a region and all below it; 000000 is the country 区划")
]
OrganisationParameter = Annotated[
    str | None, Query(min_length=1, max_length=64, description="an organisation and all below it 党组织")
]


class PlaceAsked:
    """Who asks for which place; without a place it is the caller's own."""

    def __init__(self, service: Service, principal: Principal, region: str | None, organisation: str | None) -> None:
        reference = service.kiteline.reference()
        if region is not None and organisation is not None:
            sentence = Sentence("region 与 organisation 只能给出一个", "Name a region or an organisation, not both.")
            raise invalid("/query/organisation", "unreadable", sentence, "region or organisation")
        if region is not None and region != _COUNTRY and not reference.regions.known(region):
            raise invalid("/query/region", "unknown_region", Sentence("没有这个区划", "There is no such region."))
        if organisation is not None and reference.organisations.get(organisation) is None:
            raise not_found(Sentence("没有这个组织", "There is no such organisation."))
        if region is None and organisation is None:
            region, organisation = principal.region, principal.organisation
            if region is not None:
                organisation = None
        self.service = service
        self.principal = principal
        self.region = region
        self.organisation = organisation

    def must_be_allowed(self, action: Action) -> None:
        """Let the question pass. Raises Problem."""
        must_be_allowed_at(self.service, self.principal, action, region=self.region, organisation=self.organisation)


async def asking(request: Request, action: Action, region: str | None, organisation: str | None) -> PlaceAsked:
    """Tell who asks for which place, and that they may. Raises Problem."""
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    place = PlaceAsked(service, principal, region, organisation)
    place.must_be_allowed(action)
    return place
