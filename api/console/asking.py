"""Asking the API within the process: the same endpoints, by the same way in, as whoever is signed in.

A page gets what a program with that person's token would get, and nothing else: authorisation, refusals, the record of
reads and the idempotency of commands are the endpoints' own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode, urlsplit

import orjson

from api.access import SIGNED_IN

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import Message

    from infra.tokens.principal import Principal

Parameter = str | int | bool | None | Sequence[str]
_COPIED: Final = ("asgi", "http_version", "scheme", "server", "client")
_MOST_REDIRECTS: Final = 3
_MOVED: Final = 308
_WELL: Final = range(200, 300)


@dataclass(frozen=True, slots=True)
class Answer:
    """What an endpoint answered."""

    status: int
    headers: dict[str, str]
    content: bytes

    def json(self) -> dict[str, Any]:
        """Read the content."""
        read: dict[str, Any] = orjson.loads(self.content)
        return read


class Refused(Exception):
    """An endpoint answered with a problem (RFC 9457), already in the person's language."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        super().__init__(f"{status} {problem.get('code')}")
        self.status = status
        self.problem = problem


async def ask(  # noqa: PLR0913 - what a request is
    request: Request,
    principal: Principal,
    language: str,
    method: str,
    path: str,
    parameters: Mapping[str, Parameter] | None = None,
    *,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Send a request to an endpoint. Raises Refused."""
    query = _query(parameters or {})
    said = {"accept-language": language, **(headers or {})}
    for _ in range(_MOST_REDIRECTS):
        answer = await _sent(request, principal, method, path, query, body, said)
        if answer.status in _WELL:
            return answer
        if answer.status != _MOVED:
            break
        target = urlsplit(answer.headers["location"])
        path, query = target.path, target.query
    problem = answer.json() if "json" in answer.headers.get("content-type", "") else {}
    raise Refused(answer.status, problem)


async def _sent(
    request: Request,
    principal: Principal,
    method: str,
    path: str,
    query: str,
    body: bytes,
    headers: Mapping[str, str],
) -> Answer:
    outer = request.scope
    scope: dict[str, Any] = {name: outer[name] for name in _COPIED if name in outer}
    scope |= {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers.items()],
        "state": {},
        SIGNED_IN: principal,
    }
    collected = _Collected(body)
    await request.app(scope, collected.receive, collected.send)
    return Answer(collected.status, collected.headers, b"".join(collected.parts))


class _Collected:
    """One request's body, and the answer as it comes."""

    def __init__(self, body: bytes) -> None:
        self._body: bytes | None = body
        self.status = 0
        self.headers: dict[str, str] = {}
        self.parts: list[bytes] = []
        self._done = asyncio.Event()

    async def receive(self) -> Message:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self._done.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode().lower(): value.decode("latin-1") for name, value in message["headers"]}
            return
        self.parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            self._done.set()


def _query(parameters: Mapping[str, Parameter]) -> str:
    pairs: list[tuple[str, str]] = []
    for name, value in parameters.items():
        if value is None:
            continue
        if isinstance(value, bool):
            pairs.append((name, "true" if value else "false"))
        elif isinstance(value, str | int):
            pairs.append((name, str(value)))
        else:
            pairs += [(name, one) for one in value]
    return urlencode(pairs)
