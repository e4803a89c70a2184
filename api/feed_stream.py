"""A region's feed as server-sent events: a frame an event, a comment now and then, for as long as somebody listens."""

from __future__ import annotations

import asyncio
import secrets
import socket
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from starlette.responses import Response

from api.edge import held
from api.problems import Problem
from infra.event_store.refusals import StoreUnavailable
from infra.logs import get_logger
from infra.metrics import FEED_EVENTS_SENT, FEED_STREAMS, FEED_STREAMS_ENDED
from infra.tokens.refusal import TokenRefused

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from api.feed_watching import Listener
    from api.service import Service

_log = get_logger(__name__)
HEARTBEAT: Final = b":\n\n"
_RETRY_SECONDS: Final = 1.0
_BACK_WITHIN_MS: Final = 1_000, 5_000
"""Told to each subscriber at random, so that not all of them come back in the same moment."""
_BUFFER_BYTES: Final = 131_072
"""What the kernel keeps for a subscriber that does not read (it doubles this); the rest waits in the database."""

LEFT, SLOW, STOPPED, REFUSED, FAILED = "left", "slow", "stopped", "refused", "failed"


class FeedStream(Response):
    """Sends what stands behind a place of a feed, and whatever comes, until somebody has enough.

    That is: the subscriber leaves; does not take what is sent for `stream_stall_seconds`, and is cut off; may not
    listen any more, which is looked at with every heartbeat; or the service stops.
    """

    media_type = "text/event-stream"

    def __init__(self, service: Service, region: str, after: int, allowed: Callable[[], Awaitable[object]]) -> None:
        """Begin behind the entry `after`; `allowed` raises Problem or TokenRefused when listening has to end."""
        self.status_code = 200
        self.background = None
        self.init_headers({"X-Accel-Buffering": "no"})
        self._service = service
        self._region = region
        self._after = after
        self._allowed = allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one subscriber."""
        watch = self._service.feed_watch
        with held(scope), FEED_STREAMS.track_inprogress(), watch.listening(self._region) as listener:
            transport = scope["state"].get("transport") if "state" in scope else None
            leaving, outcome = asyncio.create_task(departed(receive, listener)), FAILED
            try:
                _bound_buffer(transport)
                await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
                outcome = await self._listen(listener, _Sender(send, self._service.settings.stream_stall_seconds))
            except TimeoutError:
                outcome = SLOW
                if transport is None:
                    raise
                transport.abort()
                await leaving  # the server tells of the end before it is asked for more
            finally:
                leaving.cancel()
                FEED_STREAMS_ENDED.labels(outcome).inc()

    async def _listen(self, listener: Listener, sender: _Sender) -> str:
        """Send until there is a reason not to. Raises TimeoutError for a subscriber that does not take it."""
        service, watch = self._service, self._service.feed_watch
        heartbeat, checked = service.settings.stream_heartbeat_seconds, time.monotonic()
        shortest, longest = _BACK_WITHIN_MS
        await sender.send(b"retry: %d\n\n" % (shortest + secrets.randbelow(longest - shortest)))
        while not listener.gone:
            if watch.stopping or service.refusal() is not None:
                await sender.end()
                return STOPPED
            if time.monotonic() - checked >= heartbeat:
                if not await self._is_allowed():
                    await sender.end()
                    return REFUSED
                checked = time.monotonic()
            wait = heartbeat
            if watch.head(self._region) > self._after:
                if await self._sent(sender):
                    continue
                wait = min(heartbeat, _RETRY_SECONDS)
            if (silent := time.monotonic() - sender.sent_at) >= heartbeat:
                await sender.send(HEARTBEAT)
                silent = 0.0
            await listener.pause(min(wait, heartbeat - silent))
        return LEFT

    async def _sent(self, sender: _Sender) -> bool:
        """Send the next entries; False where there are none yet, or the database is away."""
        try:
            page = await self._service.feeds.frames(self._region, self._after)
        except StoreUnavailable:
            return False
        if page:
            await sender.send(page.content)
            self._after = page.last
            FEED_EVENTS_SENT.labels("stream").inc(page.count)
        return bool(page)

    async def _is_allowed(self) -> bool:
        try:
            await self._allowed()
        except (Problem, TokenRefused):
            return False
        return True


async def departed(receive: Receive, listener: Listener) -> None:
    """Wait for the caller to leave, and tell the listener."""
    while (await receive())["type"] != "http.disconnect":
        pass
    listener.leave()


class _Sender:
    """Sends within a time; remembers when."""

    __slots__ = ("_seconds", "_send", "sent_at")

    def __init__(self, send: Send, seconds: float) -> None:
        self._send = send
        self._seconds = seconds
        self.sent_at = time.monotonic()

    async def send(self, content: bytes) -> None:
        async with asyncio.timeout(self._seconds):
            await self._send({"type": "http.response.body", "body": content, "more_body": True})
        self.sent_at = time.monotonic()

    async def end(self) -> None:
        async with asyncio.timeout(min(self._seconds, _RETRY_SECONDS)):
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})


def _bound_buffer(transport: asyncio.Transport | None) -> None:
    connection = None if transport is None else transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_BYTES)
