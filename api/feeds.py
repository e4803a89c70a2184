"""The feeds of regions over HTTP: pages (http-feeds.org) with long polling, and server-sent events."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Header, Path, Query, Request
from starlette.responses import Response

from api import problem_list as kinds
from api.access import must_be_allowed_at, principal_of
from api.actions import Action
from api.asking import MinPosition
from api.edge import held
from api.feed_reading import Page, PageKey
from api.feed_stream import FeedStream, departed
from api.openapi import READING, problems
from api.problems import invalid, not_found, unavailable
from domain.errors import Sentence
from infra.metrics import FEED_EVENTS_SENT

if TYPE_CHECKING:
    from api.service import Service

router = APIRouter(tags=["streams 数据流"])

BATCH: Final = "application/cloudevents-batch+json"
_FORM: Final = 1
"""Part of every tag: changes when the same events are written in other bytes."""
_UNCHANGING: Final = "private, max-age=31536000, immutable"
_GROWING: Final = "private, no-cache"

RegionOfFeed = Annotated[
    str, Path(pattern="^[0-9]{6}$", description="a county-level region; a city's own code for what names the city only")
]
LastEventId = Annotated[
    str | None,
    Query(alias="lastEventId", max_length=200, description="the last event held; without it from the first"),
]
AfterPosition = Annotated[
    int | None,
    Query(ge=0, le=2**62, description="instead of `lastEventId`: what stands in the log behind this position"),
]
_TAGS: Final = {
    "ETag": {"description": "of a page with events", "schema": {"type": "string"}},
    "Cache-Control": {"description": "a full page never changes", "required": True, "schema": {"type": "string"}},
}
_GONE: Final[dict[int | str, dict[str, Any]]] = {
    410: {
        "description": "no such event in this feed; `first` and `last` tell what is",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/NotInFeed"}}},
    }
}


@router.get(
    "/v1/feeds/{region}",
    operation_id="read_feed",
    summary="数据流 What concerns a region, in order, page by page (http-feeds.org)",
    response_model=None,
    responses={
        200: {
            "description": "events behind the last one held; an empty array at the end of the feed",
            "headers": _TAGS,
            "content": {BATCH: {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/FeedEvent"}}}},
        },
        304: {"description": "the page is the one held", "headers": _TAGS},
        **problems({*READING, 404}),
        **_GONE,
    },
)
async def read_feed(
    request: Request,
    region: RegionOfFeed,
    *,
    last_event_id: LastEventId = None,
    after_position: AfterPosition = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    timeout: Annotated[  # noqa: ASYNC109 - its name in http-feeds.org
        int, Query(ge=0, le=60_000, description="milliseconds to wait for an event where there is none")
    ] = 0,
    min_position: MinPosition = None,
) -> Response:
    """Answer with a page; a full one never changes and may be kept."""
    service: Service = request.app.state.service
    await _must_be_allowed(service, request, region)
    await service.feeds.reach(min_position)
    after = await _place(service, region, last_event_id, after_position)
    page = await service.feeds.batch(region, after, limit)
    if not page and timeout:
        _must_have_room(service)
        page = await _waited_for(service, request, PageKey(region, after, limit, 0), page, timeout / 1000)
    return _answer(page, after, request.headers.get("if-none-match", ""))


@router.get(
    "/v1/feeds/{region}/stream",
    operation_id="stream_feed",
    summary="事件流 The same as server-sent events, until the subscriber leaves",
    response_model=None,
    responses={
        200: {
            "description": "frames of `id` (the event's) and `data` (the CloudEvent on one line), comments between",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        },
        **problems({*READING, 404}),
        **_GONE,
    },
)
async def stream_feed(
    request: Request,
    region: RegionOfFeed,
    *,
    last_event_id: Annotated[
        str | None, Header(alias="Last-Event-ID", max_length=200, description="the last event held")
    ] = None,
    begin_after: LastEventId = None,
    after_position: AfterPosition = None,
) -> Response:
    """Send from the last event held; the header, which a client sends when it comes back, goes before the query."""
    service: Service = request.app.state.service
    await _must_be_allowed(service, request, region)
    _must_have_room(service)
    after = await _place(service, region, last_event_id or begin_after, None if last_event_id else after_position)
    return FeedStream(service, region, after, partial(_must_be_allowed, service, request, region))


async def _must_be_allowed(service: Service, request: Request, region: str) -> None:
    """Let whoever may read the region's feed pass. Raises Problem or TokenRefused."""
    principal = await principal_of(request, service)
    must_be_allowed_at(service, principal, Action.READ_FEED, region=region)
    if not service.kiteline.reference().regions.known(region):
        raise not_found(Sentence("没有这个区划", "There is no such region."))


def _must_have_room(service: Service) -> None:
    if service.feed_watch.count >= service.settings.max_listeners:
        raise unavailable(kinds.TOO_MANY_LISTENERS, Sentence("请稍后重试", "Try again soon."))


async def _place(service: Service, region: str, last_event_id: str | None, after_position: int | None) -> int:
    if last_event_id and after_position is not None:
        sentence = Sentence("与 lastEventId 二选一", "Either this or lastEventId.")
        raise invalid("/query/after_position", "unreadable", sentence, "lastEventId or after_position")
    if last_event_id:
        return await service.feeds.place(region, last_event_id)
    if after_position is not None:
        return await service.feeds.place_at(region, after_position)
    return 0


async def _waited_for(service: Service, request: Request, key: PageKey, page: Page, seconds: float) -> Page:
    """Wait for an entry to come; the empty page when the time is over, the caller gone or the service stops."""
    watch = service.feed_watch
    deadline = time.monotonic() + seconds
    with held(request.scope), watch.listening(key.region) as listener:
        leaving = asyncio.create_task(departed(request.receive, listener))
        try:
            while not (page or listener.gone or watch.stopping):
                head = watch.head(key.region)
                if head > key.after:
                    page = await service.feeds.shared_batch(key._replace(head=head))
                if not page:
                    left = deadline - time.monotonic()
                    if left <= 0:
                        break
                    await listener.pause(left)
        finally:
            leaving.cancel()
    return page


def _answer(page: Page, after: int, held_tags: str) -> Response:
    headers = {"Cache-Control": _UNCHANGING if page.whole else _GROWING}
    if page:
        headers["ETag"] = tag = f'"{_FORM}-{after}-{page.last}-{page.last_id}"'
        if tag in held_tags or held_tags.strip() == "*":
            return Response(status_code=304, headers=headers)
    FEED_EVENTS_SENT.labels("page").inc(page.count)
    return Response(page.content, media_type=BATCH, headers=headers)
