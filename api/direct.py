"""Recordings that come in bursts go straight from the edge to their endpoints, past the framework's layers.

A day of collective check-ins is 600 of them a second: looking a request up in every router, and the frames around its
endpoint, cost more than recording it does. What is recorded, refused and answered is the same: the edge writes every
problem. All other addresses, and other methods at these, are the application's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from starlette.requests import Request

from api.check_ins import PATH as CHECK_INS
from api.check_ins import check_in_at_venue
from api.edge import Edge
from api.recording import ACTIONS, command

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send

    from api.problems import Problem
    from infra.settings import Settings

Endpoint = Callable[[Request], "Awaitable[Response]"]

_MEMBERS: Final = "/v1/members/"


class Template:
    """What the edge reads of a route."""

    __slots__ = ("path",)

    def __init__(self, path: str) -> None:
        self.path = path


_CHECK_INS: Final = Template(CHECK_INS)
_COMMANDS: Final = {verb: Template(f"{_MEMBERS}{{member_id}}/{verb}") for verb in ACTIONS}


class Direct:
    """ASGI around the application: commands of members and check-ins at venues; everything else goes on."""

    def __init__(self, app: ASGIApp, settings: Settings, refusal: Callable[[], Problem | None]) -> None:
        """`app` is what the framework makes of the routes; the rest is for the edge."""
        self._app = app
        self._recordings = Edge(_record, settings, refusal)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or hand it on."""
        if scope["type"] == "http" and scope["method"] == "POST" and (endpoint := _endpoint_at(scope)) is not None:
            scope["endpoint"] = endpoint
            await self._recordings(scope, receive, send)
        else:
            await self._app(scope, receive, send)


async def _record(scope: Scope, receive: Receive, send: Send) -> None:
    response = await scope["endpoint"](Request(scope, receive))
    await response(scope, receive, send)


def _endpoint_at(scope: Scope) -> Endpoint | None:
    path: str = scope["path"]
    if path == CHECK_INS:
        scope["route"] = _CHECK_INS
        return check_in_at_venue
    if not path.startswith(_MEMBERS):
        return None
    member_id, _, verb = path[len(_MEMBERS) :].partition("/")
    template = _COMMANDS.get(verb)
    if template is None or not member_id:
        return None
    scope["route"] = template
    scope["path_params"] = {"member_id": member_id, "verb": verb}
    return command
