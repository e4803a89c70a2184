"""Signing in: OpenID Connect's code flow with PKCE, between this server and the issuer; no script sees a token."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

import httpx2 as httpx
import orjson
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from fastapi import Form, Request
from starlette.responses import RedirectResponse, Response

from api import problem_list as kinds
from api.console.issuer import Endpoints, endpoints_of
from api.console.person import LANGUAGE_COOKIE
from api.console.rendering import outside_page
from api.console.routing import console_router, local_path
from api.console.sessions import COOKIE, SignedIn
from api.console.words import Words
from api.problems import Problem
from domain.errors import Sentence
from infra.logs import get_logger
from infra.tokens.refusal import TokenRefused

if TYPE_CHECKING:
    from api.service import Service

_log = get_logger(__name__)
router = console_router()
_STARTED: Final = "__Host-kiteline-signing-in"
_STARTED_SECONDS: Final = 600
_SCOPES: Final = "openid profile"
_A_YEAR_SECONDS: Final = 31_536_000
CALLBACK: Final = "/signed-in"

WORDS: Final = Words(
    title=("登录", "Sign in"),
    welcome=("组织与在外党员之间的一根线", "A line between organisations and members away from home"),
    explained=(
        "谁外出、到了哪里、由谁接收、何时联系，一目了然。",
        "Who is away, where they arrived, who has taken them in, and when they were last spoken to.",
    ),
    go=("登录", "Sign in"),
    by_token=("用访问令牌登录", "Sign in with an access token"),
    token=("访问令牌", "Access token"),
    token_help=("由 kiteline token 打印，供本机试用", "Printed by kiteline token, for trying out on this machine"),
    signed_out=("您已退出", "You have signed out"),
)
_NOT_OURS: Final = Sentence(
    "登录未完成：这次登录不是从本页开始的，或已超过十分钟，请重新登录",
    "Signing in was not completed: it did not begin here, or took more than ten minutes. Sign in again.",
)
_NOT_SAID: Final = Sentence(
    "登录服务没有确认您的身份，请重新登录", "The issuer did not say who you are: sign in again."
)
_NO_TOKENS_HERE: Final = Sentence("此处不能用令牌登录", "Nobody signs in with a token here.")


@dataclass(frozen=True, slots=True)
class Started:
    """A sign-in that has begun in this browser."""

    state: str
    nonce: str
    verifier: str
    onward: str
    began_s: int


@router.get("/sign-in", operation_id="console_sign_in")
def sign_in(request: Request, next: str = "/", left: bool = False) -> Response:  # noqa: A002 - the name in the address
    """Show the way in."""
    service: Service = request.app.state.service
    return outside_page(
        request,
        "sign_in.html",
        WORDS,
        onward=local_path(next),
        left=left,
        own_issuer=service.settings.token_jwks_url is None,
    )


@router.get("/sign-in/start", operation_id="console_sign_in_start")
async def start(request: Request, next: str = "/") -> Response:  # noqa: A002 - as above
    """Send the browser to the issuer, and remember in it what was sent."""
    service: Service = request.app.state.service
    endpoints = await endpoints_of(request)
    began = Started(
        secrets.token_urlsafe(24),
        secrets.token_urlsafe(24),
        secrets.token_urlsafe(48),
        local_path(next),
        int(time.time()),
    )
    async with _client(request, endpoints) as client:
        address, _ = client.create_authorization_url(
            endpoints.authorization, state=began.state, nonce=began.nonce, code_verifier=began.verifier
        )
    response = RedirectResponse(address, status_code=303)
    _set(response, _STARTED, _sealed(service, began), _STARTED_SECONDS)
    return response


@router.get(CALLBACK, operation_id="console_signed_in")
async def signed_in(
    request: Request, code: str = "", state: str = "", iss: str | None = None, error: str | None = None
) -> Response:
    """Come back from the issuer: exchange the code, believe the ID token, begin a session."""
    service: Service = request.app.state.service
    began = _opened(service, request.cookies.get(_STARTED))
    if began is None or not hmac.compare_digest(began.state.encode(), state.encode()):
        raise Problem(kinds.FORBIDDEN, _NOT_OURS, code="sign_in_not_ours")
    if iss is not None and iss != service.settings.token_issuer:
        raise Problem(kinds.FORBIDDEN, _NOT_OURS, code="sign_in_not_ours")
    if error is not None or not code:
        raise Problem(kinds.FORBIDDEN, _NOT_SAID, code="sign_in_refused")
    endpoints = await endpoints_of(request)
    try:
        async with _client(request, endpoints) as client:
            answer = await client.fetch_token(endpoints.token, code=code, code_verifier=began.verifier)
        who = await asyncio.to_thread(
            service.verifier.identify,
            str(answer.get("id_token", "")),
            service.settings.console_client_id,
            began.nonce,
        )
    except (OAuthError, httpx.HTTPError, ValueError, TokenRefused) as refused:
        _log.warning("sign-in refused", kind=type(refused).__name__, code=getattr(refused, "code", None))
        raise Problem(kinds.FORBIDDEN, _NOT_SAID, code="sign_in_refused") from None
    response = await _begun(request, SignedIn(*who), began.onward)
    response.delete_cookie(_STARTED, path="/", secure=True, httponly=True, samesite="lax")
    return response


@router.post("/sign-in/token", operation_id="console_sign_in_by_token")
async def by_token(
    request: Request, token: Annotated[str, Form()] = "", onward: Annotated[str, Form()] = "/"
) -> Response:
    """Sign in with a token of our own issuer, which only who holds this machine can mint."""
    service: Service = request.app.state.service
    if service.settings.token_jwks_url is not None:
        raise Problem(kinds.NOT_FOUND, _NO_TOKENS_HERE)
    principal = service.verifier.verify(token.strip())
    return await _begun(request, SignedIn(principal, None), local_path(onward))


@router.post("/sign-out", operation_id="console_sign_out")
async def sign_out(request: Request) -> Response:
    """Let the session go, here and everywhere."""
    service: Service = request.app.state.service
    words = request.cookies.get(COOKIE)
    if words is not None:
        await asyncio.to_thread(service.sessions.end, words)
    response = RedirectResponse("/sign-in?left=true", status_code=303)
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


@router.get("/language/{language}", operation_id="console_language")
def choose_language(language: str, next: str = "/") -> Response:  # noqa: A002 - as above
    """Keep the language of this device."""
    response = RedirectResponse(local_path(next), status_code=303)
    _set(response, LANGUAGE_COOKIE, "en" if language == "en" else "zh", _A_YEAR_SECONDS)
    return response


def _client(request: Request, endpoints: Endpoints) -> AsyncOAuth2Client:
    settings = request.app.state.service.settings
    secret = settings.console_client_secret
    return AsyncOAuth2Client(
        client_id=settings.console_client_id,
        client_secret=None if secret is None else secret.get_secret_value(),
        token_endpoint_auth_method="none" if secret is None else "client_secret_basic",
        code_challenge_method="S256",
        scope=_SCOPES,
        redirect_uri=f"{endpoints.console}{CALLBACK}",
        transport=endpoints.transport,
        timeout=10,
        trust_env=False,
    )


async def _begun(request: Request, who: SignedIn, onward: str) -> Response:
    service: Service = request.app.state.service
    former = request.cookies.get(COOKIE)
    if former is not None:
        await asyncio.to_thread(service.sessions.end, former)
    words = await asyncio.to_thread(service.sessions.begin, who)
    response = RedirectResponse(onward, status_code=303)
    _set(response, COOKIE, words, service.sessions.seconds)
    return response


def _set(response: Response, name: str, value: str, seconds: int) -> None:
    response.set_cookie(name, value, max_age=seconds, path="/", secure=True, httponly=True, samesite="lax")


def _sealed(service: Service, began: Started) -> str:
    content = orjson.dumps([began.state, began.nonce, began.verifier, began.onward, began.began_s])
    return base64.urlsafe_b64encode(service.vault.keyed_hash("signing in", content) + content).rstrip(b"=").decode()


def _opened(service: Service, text: str | None) -> Started | None:
    try:
        raw = base64.urlsafe_b64decode((text or "") + "=" * (-len(text or "") % 4))
    except (binascii.Error, ValueError):
        return None
    seal, content = raw[:32], raw[32:]
    if not content or not hmac.compare_digest(seal, service.vault.keyed_hash("signing in", content)):
        return None
    began = Started(*orjson.loads(content))
    return began if time.time() - began.began_s <= _STARTED_SECONDS else None
