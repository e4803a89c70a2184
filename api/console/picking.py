"""What a person can pick while typing: organisations and regions by a part of their name, as options of a list."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from starlette.responses import Response

from api.console.person import SignedInPerson
from api.console.rendering import page
from api.console.routing import console_router
from api.console.words import WORDS
from domain.times import local_day

if TYPE_CHECKING:
    from api.service import Service

router = console_router()
_MOST: Final = 12
_SHORTEST: Final = 1


@router.get("/pick/organisations", operation_id="console_pick_organisations")
async def organisations(person: SignedInPerson, q: str = "") -> Response:
    """Offer organisations whose name or code holds what was typed."""
    found = await person.ask("/v1/organisations", search=q, limit=_MOST) if len(q) >= _SHORTEST else {"items": []}
    options = [(one["name"], one["code"]) for one in found["items"]]
    return page(person, "options.html", WORDS, options=options)


@router.get("/pick/regions", operation_id="console_pick_regions")
async def regions(person: SignedInPerson, q: str = "") -> Response:
    """Offer regions whose name begins as what was typed; their names are no secret."""
    options = await asyncio.to_thread(_regions, person.service, q) if len(q) >= _SHORTEST else []
    return page(person, "options.html", WORDS, options=options)


def _regions(service: Service, text: str) -> list[tuple[str, str]]:
    table, today = service.kiteline.reference().regions, local_day(service.now_us)
    wanted = text.strip()
    found: list[tuple[str, str]] = []
    for province in table.children("000000", today):
        for city in [province, *table.children(province.code, today)]:
            below = [city, *(table.children(city.code, today) if city is not province else ())]
            found += [(one.name, one.code) for one in below if wanted in one.name or one.code.startswith(wanted)]
    unique = list(dict.fromkeys(found))
    return sorted(unique, key=lambda pair: (not pair[0].startswith(wanted), pair[1]))[:_MOST]
