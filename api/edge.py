"""The outermost layer: bounds the size and time of every request, answers what nobody foresaw, counts and logs.

Pure ASGI: it costs a few microseconds a request, and neither buffers nor copies what passes.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Final

from api import problem_list as kinds
from api.problems import Problem, no_page, problem_of
from domain.errors import Sentence
from infra.logs import get_logger
from infra.metrics import REQUEST_SECONDS

if TYPE_CHECKING:
    from prometheus_client import Histogram
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from api.problems import PageOf
    from infra.settings import Settings

_log = get_logger(__name__)
# It tells cheaply whether a line would be written; the other makes the line first.
_levels = logging.getLogger(__name__)
_UPLOADS: Final = frozenset({"/v1/imports", "/registers"})
_MULTIPART_OVERHEAD: Final = 65_536
_DRAIN_SECONDS: Final = 3.0
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_QUIET: Final = frozenset({"/livez", "/readyz", "/metrics"})
_EXCHANGE: Final = "kiteline.exchange"
_ALWAYS: Final = [(b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff")]


class Edge:
    """ASGI middleware around the whole application."""

    def __init__(
        self, app: ASGIApp, settings: Settings, refusal: Callable[[], Problem | None], page_of: PageOf = no_page
    ) -> None:
        """Take the bounds from the settings; `refusal` says why nothing is served at all, if so."""
        self._app = app
        self._page_of = page_of
        self._refusal = refusal
        self._seconds = settings.request_timeout_seconds
        self._most_body = settings.max_body_bytes
        self._most_upload = settings.max_upload_bytes + _MULTIPART_OVERHEAD

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; anything but HTTP passes."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = self._most_upload if scope["path"] in _UPLOADS else self._most_body
        exchange = _Exchange(scope, receive, send, most)
        try:
            if exchange.announced > most:
                raise exchange.too_large()  # noqa: TRY301 - the one place that answers is below
            if (closed := self._refusal()) is not None and scope["path"] not in _QUIET:
                raise closed  # noqa: TRY301 - as above
            # An upload may take as long as its bytes need; its own time limit is the reader's.
            async with asyncio.timeout(self._seconds * (10 if most == self._most_upload else 1)) as limit:
                exchange.limit = limit
                scope[_EXCHANGE] = exchange
                await self._app(scope, exchange.receive, exchange.send)
            if exchange.refused is not None:
                raise exchange.refused  # noqa: TRY301 - as above
        except Exception as error:  # noqa: BLE001 - the last resort: a caller always gets an answer
            await self._refuse(scope, exchange, error)
        finally:
            # What the server holds names this, and this names it: taken apart they go at once, not with the collector.
            scope.pop(_EXCHANGE, None)
            exchange.refused = None
            self._tell(scope, exchange)

    async def _refuse(self, scope: Scope, exchange: _Exchange, error: Exception) -> None:
        """Answer with what went wrong. Not where it was caught: a problem there would hold the frame that holds it."""
        problem = problem_of(error)
        if problem.kind.status == kinds.INTERNAL.status:
            _log.error("request failed", route=_route(scope), exc_info=error)
        await exchange.answer(problem, await self._page_of(scope, problem))

    def _tell(self, scope: Scope, exchange: _Exchange) -> None:
        seconds = time.perf_counter() - exchange.began - exchange.held
        route = _route(scope)
        status = exchange.status or 499
        method = scope["method"] if scope["method"] in _METHODS else "other"
        _seconds_of(method, route, status // 100).observe(seconds)
        if route not in _QUIET and (status >= 400 or _levels.isEnabledFor(logging.DEBUG)):
            level = _log.warning if status >= 500 else _log.debug if status < 400 else _log.info
            level("request answered", method=method, route=route, status=status, seconds=round(seconds, 4))


@cache
def _seconds_of(method: str, route: str, hundreds: int) -> Histogram:
    return REQUEST_SECONDS.labels(method, route, f"{hundreds}xx")


@contextmanager
def held(scope: Scope) -> Iterator[None]:
    """Let a request wait for what is to come: its time stands still, for its limit and in the figures alike."""
    exchange: _Exchange = scope[_EXCHANGE]
    began, ends = time.perf_counter(), exchange.limit.when()
    exchange.limit.reschedule(None)
    try:
        yield
    finally:
        waited = time.perf_counter() - began
        exchange.held += waited
        exchange.limit.reschedule(None if ends is None else ends + waited)


class _Exchange:
    """One request's messages in both directions."""

    limit: asyncio.Timeout

    def __init__(self, scope: Scope, receive: Receive, send: Send, most: int) -> None:
        self.began = time.perf_counter()
        self.held = 0.0
        self.status = 0
        self._receive = receive
        self._send = send
        self._most = most
        self._taken = 0
        self._more = True
        self.refused: Problem | None = None
        self._language: str | None = None
        self.announced = 0
        for name, value in scope["headers"]:
            if name == b"content-length":
                self.announced = int(value) if value.isdigit() else 0
            elif name == b"accept-language":
                self._language = value.decode("latin-1")

    def too_large(self) -> Problem:
        """Return the problem of a body beyond the bound."""
        sentence = Sentence("内容超过 {most} 字节", "The content is larger than {most} bytes.").filled(most=self._most)
        self.refused = Problem(kinds.TOO_LARGE, sentence)
        return self.refused

    async def receive(self) -> Message:
        """Hand on a piece of the body; raises Problem once there is too much of it."""
        message = await self._receive()
        if message["type"] == "http.request":
            self._taken += len(message.get("body", b""))
            self._more = message.get("more_body", False)
            if self._taken > self._most:
                raise self.too_large()
        return message

    async def send(self, message: Message) -> None:
        """Hand on a piece of the answer; one made on half a body gives way to why that was refused."""
        if self.refused is not None and not self.status:
            return
        if message["type"] == "http.response.start":
            self.status = message["status"]
            present = {name for name, _ in message["headers"]}
            message["headers"] = [*message["headers"], *(one for one in _ALWAYS if one[0] not in present)]
        await self._send(message)

    async def answer(self, problem: Problem, page: Response | None) -> None:
        """Answer with a problem, or its page, unless an answer is on its way already: then the connection is cut."""
        if self.status:
            raise problem
        if problem.kind is kinds.TOO_LARGE:
            await self._drain()
            problem.headers["Connection"] = "close"
        response = page or problem.answer(self._language)
        response.headers.update(problem.headers)
        self.status = response.status_code
        response.headers.update({name.decode(): value.decode() for name, value in _ALWAYS})
        await self._send({"type": "http.response.start", "status": self.status, "headers": response.raw_headers})
        await self._send({"type": "http.response.body", "body": response.body})

    async def _drain(self) -> None:
        """Take in what is still being sent, for a moment: who is cut off while sending never reads why."""
        try:
            async with asyncio.timeout(_DRAIN_SECONDS):
                while self._more:
                    message = await self._receive()
                    self._more = message["type"] == "http.request" and message.get("more_body", False)
        except TimeoutError:
            return


def _route(scope: Scope) -> str:
    """Return the route's template: a path itself may hold an id."""
    route = scope.get("route")
    return getattr(route, "path", None) or ("-" if scope["path"] not in _QUIET else scope["path"])
