"""How the console's addresses answer: every problem as a page, every page with its policy, every form guarded."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlsplit

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api import problem_list as kinds
from api.console import form_tokens
from api.console.asking import Refused
from api.console.person import SignInFirst, language_at
from api.console.rendering import problem_page
from api.console.sessions import COOKIE
from api.problems import Problem, problem_of
from domain.errors import Sentence
from infra.logs import get_logger

if TYPE_CHECKING:
    from api.service import Service

_log = get_logger(__name__)
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "worker-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
FORM_FIELD: Final = "form_token"
_FORM_HEADER: Final = "x-form-token"
_GUARDED: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_STALE: Final = Sentence(
    "此页已过期，请刷新后再提交；未作记录", "This page is out of date: reload it and send again. Nothing was recorded."
)
_SCANNED: Final = "/c/"
_PARTIAL_REDIRECT: Final = 204

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class ConsoleRoute(APIRoute):
    """A page's route."""

    def get_route_handler(self) -> Handler:
        """Wrap the page: who is nobody signs in first, what goes wrong is said on a page."""
        page = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                if request.method in _GUARDED:
                    await _must_be_our_form(request)
                response = await page(request)
            except SignInFirst:
                response = _to_sign_in(request)
            except Refused as refused:
                response = await problem_page(request, refused.status, refused.problem)
            except Exception as error:  # noqa: BLE001 - a person gets a page, whatever went wrong
                response = await self._failed(request, error)
            for name, value in HEADERS.items():
                response.headers.setdefault(name, value)
            return response

        return handled

    async def _failed(self, request: Request, error: Exception) -> Response:
        """Say what went wrong. Not where it was caught: a problem there would hold the frame that holds it."""
        problem = problem_of(error)
        if problem.kind is kinds.INTERNAL:
            _log.error("page failed", route=self.path, exc_info=error)
        return await problem_page(request, problem.kind.status, problem.content(language_at(request)))


def console_router() -> APIRouter:
    """Return a router for pages; none of them stands in the API's document."""
    return APIRouter(route_class=ConsoleRoute, include_in_schema=False)


def local_path(text: str | None) -> str:
    """Return a path of ours to go on to, the first page for anything else."""
    if not text or not text.startswith("/") or text.startswith(("//", "/\\")) or any(ord(one) < 33 for one in text):
        return "/"
    parts = urlsplit(text)
    return "/" if parts.scheme or parts.netloc else text


async def _must_be_our_form(request: Request) -> None:
    """Take forms of our own pages only. Raises Problem (403)."""
    words = request.cookies.get(COOKIE)
    if words is None:
        return  # nobody is signed in: whatever needs it says so itself
    service: Service = request.app.state.service
    sent = request.headers.get(_FORM_HEADER)
    if sent is None:
        form = await request.form()
        sent = str(form.get(FORM_FIELD, ""))
    if not form_tokens.holds(sent, service.sessions.form_token(words)):
        raise Problem(kinds.FORBIDDEN, _STALE, code="form_stale")


def _to_sign_in(request: Request) -> Response:
    asked = request.url.path if request.method == "GET" else "/"
    if request.url.query and request.method == "GET":
        asked = f"{asked}?{request.url.query}"
    if request.headers.get("hx-request") == "true":
        current = urlsplit(request.headers.get("hx-current-url", "/"))
        asked = f"{current.path}?{current.query}" if current.query else current.path or "/"
        return Response(status_code=_PARTIAL_REDIRECT, headers={"HX-Redirect": _sign_in_at(asked)})
    settings = request.app.state.service.settings
    if asked.startswith(_SCANNED) and (settings.token_jwks_url or settings.ready_persons):
        # Who scanned a code stands before it: straight to where they say who they are.
        return RedirectResponse(f"/sign-in/start?next={quote(asked, safe='')}", status_code=303)
    return RedirectResponse(_sign_in_at(asked), status_code=303)


def _sign_in_at(asked: str) -> str:
    return "/sign-in" if asked == "/" else f"/sign-in?next={quote(asked, safe='')}"
