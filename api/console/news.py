"""Tells open pages that something new is there, as server-sent events: who looks at a page asks for its new parts.

A page says where in the log it stood when it was written, and a browser that comes back what it was told last: what
happened since then is told at once, so that nothing is missed between a page and its stream.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

from fastapi import Request
from starlette.responses import Response, StreamingResponse

from api import problem_list as kinds
from api.access import member_resource, standing
from api.asking import reach_views
from api.authorisation import reach
from api.console.person import Person, SignedInPerson
from api.console.routing import console_router
from api.edge import held
from api.problems import problem_of, unavailable
from api.read_models import position_shown
from domain.errors import Sentence

if TYPE_CHECKING:
    from uuid import UUID

    from api.feed_watching import FeedWatch, Listener
    from api.service import Service

router = console_router()
_AT_MOST_EVERY_SECONDS: Final = 3.0
_COUNTY_DIGITS: Final = 6
_LONGEST: Final = 19
_MANY: Final = Sentence("同时打开的页面过多，稍后自动重连", "Too many pages are open; this one comes back by itself.")


@router.get("/news", operation_id="console_news")
async def news(request: Request, person: SignedInPerson, since: str | None = None) -> Response:
    """Stream a word for each time that something happened where the person looks; what it was, the page asks."""
    watch = person.service.feed_watch
    if watch.count >= person.service.settings.max_listeners:
        raise unavailable(kinds.STORE_UNAVAILABLE, _MANY)
    mine = person.principal.member_id
    places = _places(person) if mine is None else await asyncio.to_thread(_places_of, person.service, mine)
    stood = _position(request.headers.get("last-event-id")) or _position(since) or watch.position
    stream = _frames(person, watch, places, stood)
    return StreamingResponse(stream, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


async def _frames(person: Person, watch: FeedWatch, places: list[str], stood: int) -> AsyncIterator[bytes]:
    service, mine = person.service, person.principal.member_id
    seen = 0 if mine is None else await asyncio.to_thread(_version_of, service, mine, stood)
    ends = time.monotonic() + service.sessions.seconds
    heartbeat = service.settings.stream_heartbeat_seconds
    with ExitStack() as stack:
        stack.enter_context(held(person.request.scope))
        listener = stack.enter_context(watch.listening_to(places))
        if watch.moved(places) > stood:
            listener.woken += 1
        yield b"retry: 3000\n\n"
        wanted = 0
        while not (listener.gone or watch.stopping or service.stopping) and time.monotonic() < ends:
            if wanted or await _woken(listener, heartbeat):
                wanted = wanted or watch.position
                if not await _is_shown(service, wanted):
                    yield b":\n\n"  # told once whoever asks would see it
                    await asyncio.sleep(_AT_MOST_EVERY_SECONDS)
                    continue
                position, wanted = wanted, 0
                if mine is not None:
                    # Of all that happens where they belong, a member is told what is about themselves.
                    before, seen = seen, await asyncio.to_thread(_version_of, service, mine, position)
                    if before == seen:
                        continue
                yield b"id: %d\nevent: news\ndata: %d\n\n" % (position, position)
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


async def _is_shown(service: Service, position: int) -> bool:
    """Wait a moment until the read models reflect a position; whether they do."""
    try:
        await reach_views(lambda: position_shown(service), position)
    except Exception as error:
        if problem_of(error).kind is kinds.INTERNAL:
            raise
        return False  # they are late, or the database is away
    return True


def _position(text: str | None) -> int:
    """Read a position of the log, 0 for anything else."""
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < _LONGEST else 0


def _places_of(service: Service, member_id: UUID) -> list[str]:
    """Name the regions whose feeds tell of a member: where they belong, and where they are."""
    ledger, reference = standing(service, member_id), service.kiteline.reference()
    if not ledger.facts:
        return []
    regions = member_resource(member_id, ledger.state, reference, service.now_us).regions
    return sorted({region[:_COUNTY_DIGITS] for region in regions})


def _version_of(service: Service, member_id: UUID, position: int) -> int:
    """Tell how many facts there are of a member up to a position of the log."""
    return sum((fact.position or 0) <= position for fact in standing(service, member_id).facts)


def _places(person: Person) -> list[str]:
    """Name the beginnings of region codes whose feeds tell of what the person sees."""
    reference = person.service.kiteline.reference()
    far = reach(person.principal, reference.organisations)
    if far.region is not None:
        return [far.region]
    home = reference.region_of(far.organisation)
    places = [*far.here, *([home] if home is not None else [])]
    return sorted({place[:_COUNTY_DIGITS] for place in places})
