"""Tells open pages that something new is there, as server-sent events: who looks at a page asks for its new parts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

from starlette.responses import Response, StreamingResponse

from api import problem_list as kinds
from api.access import member_resource, standing
from api.authorisation import reach
from api.console.person import Person, SignedInPerson
from api.console.routing import console_router
from api.edge import held
from api.problems import unavailable
from domain.errors import Sentence

if TYPE_CHECKING:
    from uuid import UUID

    from api.feed_watching import FeedWatch, Listener
    from api.service import Service

router = console_router()
_AT_MOST_EVERY_SECONDS: Final = 3.0
_COUNTY_DIGITS: Final = 6
_MANY: Final = Sentence("同时打开的页面过多，稍后自动重连", "Too many pages are open; this one comes back by itself.")


@router.get("/news", operation_id="console_news")
async def news(person: SignedInPerson) -> Response:
    """Stream a word for each time that something happened where the person looks; what it was, the page asks."""
    watch = person.service.feed_watch
    if watch.count >= person.service.settings.max_listeners:
        raise unavailable(kinds.STORE_UNAVAILABLE, _MANY)
    mine = person.principal.member_id
    places = _places(person) if mine is None else await asyncio.to_thread(_places_of, person.service, mine)
    stream = _frames(person, watch, places)
    return StreamingResponse(stream, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


async def _frames(person: Person, watch: FeedWatch, places: list[str]) -> AsyncIterator[bytes]:
    service, mine = person.service, person.principal.member_id
    seen = None if mine is None else await asyncio.to_thread(_version_of, service, mine)
    ends = time.monotonic() + service.sessions.seconds
    heartbeat = service.settings.stream_heartbeat_seconds
    with ExitStack() as stack:
        stack.enter_context(held(person.request.scope))
        listener = stack.enter_context(watch.listening_to(places))
        yield b"retry: 3000\n\n"
        while not (listener.gone or watch.stopping or service.stopping) and time.monotonic() < ends:
            if await _woken(listener, heartbeat):
                if mine is not None:
                    # Of all that happens where they belong, a member is told what is about themselves.
                    before, seen = seen, await asyncio.to_thread(_version_of, service, mine)
                    if before == seen:
                        continue
                yield b"event: news\ndata: %d\n\n" % watch.position
                await asyncio.sleep(_AT_MOST_EVERY_SECONDS)
            else:
                yield b":\n\n"


async def _woken(listener: Listener, seconds: float) -> bool:
    before = listener.woken
    if before == listener.told:
        await listener.pause(seconds)
    fresh = listener.woken != listener.told
    listener.told = listener.woken
    return fresh


def _places_of(service: Service, member_id: UUID) -> list[str]:
    """Name the regions whose feeds tell of a member: where they belong, and where they are."""
    ledger, reference = standing(service, member_id), service.kiteline.reference()
    if not ledger.facts:
        return []
    regions = member_resource(member_id, ledger.state, reference, service.now_us).regions
    return sorted({region[:_COUNTY_DIGITS] for region in regions})


def _version_of(service: Service, member_id: UUID) -> int:
    """Tell how many facts there are of a member."""
    return len(standing(service, member_id).facts)


def _places(person: Person) -> list[str]:
    """Name the beginnings of region codes whose feeds tell of what the person sees."""
    reference = person.service.kiteline.reference()
    far = reach(person.principal, reference.organisations)
    if far.region is not None:
        return [far.region]
    home = reference.region_of(far.organisation)
    places = [*far.here, *([home] if home is not None else [])]
    return sorted({place[:_COUNTY_DIGITS] for place in places})
