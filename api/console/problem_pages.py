"""Problems met outside any page's handler, as pages: no such address, a body too large, no answer in time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.requests import Request

from api.console.person import language_at
from api.console.rendering import problem_page
from api.console.routing import HEADERS

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import Scope

    from api.problems import Problem

_FOR_PROGRAMS: Final = "/v1/"


async def page_of(scope: Scope, problem: Problem) -> Response | None:
    """Return the page for whoever asked for one by a browser, None for programs and for the API's own addresses."""
    request = Request(scope)
    if scope["path"].startswith(_FOR_PROGRAMS) or "text/html" not in request.headers.get("accept", ""):
        return None
    response = await problem_page(request, problem.kind.status, problem.content(language_at(request)))
    response.headers.update(HEADERS | problem.headers)
    return response
