"""Our own issuer's two addresses: a page of ready persons to sign in as, and the exchange of what it hands out.

They are there only where our own issuer is in use, and the page names only persons of a file that was set up for that.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import time
from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import urlencode, urlsplit

import orjson
from fastapi import Form, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from api import problem_list as kinds
from api.console.rendering import outside_page
from api.console.routing import console_router
from api.console.words import Words
from api.problems import Problem, not_found
from domain.errors import Sentence
from infra.tokens.configured import local_issuer
from infra.tokens.ready_persons import read_persons

if TYPE_CHECKING:
    from api.service import Service

router = console_router()
_CALLBACK: Final = "/signed-in"
_KEPT: Final = ("client_id", "redirect_uri", "state", "nonce", "code_challenge")
_CODE_SECONDS: Final = 60
_MOST_USED: Final = 10_000
_NOT_ASKED_SO: Final = Sentence(
    "登录请求不完整，请从登录页重新开始", "This request to sign in is not whole: begin at the sign-in page."
)
WORDS: Final = Words(
    title=("选择一位试用人员", "Choose somebody to be"),
    explained=(
        "这里的人员和数据都是虚构的，无需密码。每个角色一位，看到的内容各不相同。",
        "These people and their data are made up; there is no password. One for each role; each sees something else.",
    ),
    nobody=("没有可供试用的人员", "There is nobody ready to be"),
    nobody_help=(
        "请用 kiteline token 打印一个访问令牌，回到登录页用它登录。",
        "Print an access token with kiteline token, and sign in with it on the sign-in page.",
    ),
    be=("以此身份进入", "Sign in as this person"),
    whole_country=("全国", "the whole country"),
)
_used: dict[str, float] = {}


@router.get("/issuer/authorize", operation_id="console_issuer_authorize")
def authorize(request: Request) -> Response:
    """Show the ready persons (RFC 6749, 4.1.1; RFC 7636, 4.3)."""
    service = _service(request)
    asked = request.query_params
    kept = {name: asked.get(name, "") for name in _KEPT}
    as_it_should = asked.get("response_type") == "code" and asked.get("code_challenge_method") == "S256"
    if not (as_it_should and kept["state"] and kept["code_challenge"]):
        raise Problem(kinds.UNREADABLE_REQUEST, _NOT_ASKED_SO)
    _must_be_ours(request, kept["client_id"], kept["redirect_uri"])
    return outside_page(
        request,
        "ready_persons.html",
        WORDS,
        persons=read_persons(service.settings.ready_persons),
        kept=kept,
    )


@router.post("/issuer/authorize", operation_id="console_issuer_choose")
def choose(
    request: Request,
    person: Annotated[str, Form()],
    client_id: Annotated[str, Form()],
    redirect_uri: Annotated[str, Form()],
    state: Annotated[str, Form()],
    code_challenge: Annotated[str, Form()],
    nonce: Annotated[str, Form()] = "",
) -> Response:
    """Hand out a code for who was chosen: good once, for a minute, and for who holds the challenge's verifier."""
    service = _service(request)
    _must_be_ours(request, client_id, redirect_uri)
    if all(one.subject != person for one in read_persons(service.settings.ready_persons)):
        raise not_found()
    content = orjson.dumps([person, nonce, code_challenge, redirect_uri, int(time.time()), secrets.token_hex(8)])
    sealed = service.vault.keyed_hash("code", content) + content
    code = base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()
    said = urlencode({"code": code, "state": state, "iss": service.settings.token_issuer})
    return RedirectResponse(f"{redirect_uri}?{said}", status_code=303)


@router.post("/issuer/token", operation_id="console_issuer_token")
def token(
    request: Request,
    grant_type: Annotated[str, Form()] = "",
    code: Annotated[str, Form()] = "",
    redirect_uri: Annotated[str, Form()] = "",
    code_verifier: Annotated[str, Form()] = "",
    client_id: Annotated[str, Form()] = "",
) -> Response:
    """Exchange a code for an ID token (RFC 6749, 4.1.3; RFC 7636)."""
    service = _service(request)
    settings = service.settings
    found = _opened(service, code) if grant_type == "authorization_code" else None
    if found is None or client_id != settings.console_client_id or code in _used:
        return _refused()
    subject, nonce, challenge, meant_for, began = found
    proof = base64.urlsafe_b64encode(hashlib.sha256(code_verifier.encode()).digest()).rstrip(b"=").decode()
    person = next((one for one in read_persons(settings.ready_persons) if one.subject == subject), None)
    fits = hmac.compare_digest(proof, challenge) and redirect_uri == meant_for and time.time() - began <= _CODE_SECONDS
    if person is None or not fits:
        return _refused()
    _use(code)
    identity = local_issuer(settings).identify(person, client_id, nonce or None, settings.console_session_seconds)
    # The console asks within the process and needs no access token; this one opens nothing.
    answer = {"access_token": secrets.token_urlsafe(16), "token_type": "Bearer", "expires_in": 60}
    return JSONResponse({**answer, "id_token": identity}, headers={"Cache-Control": "no-store"})


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    if service.settings.token_jwks_url is not None:
        raise not_found()
    return service


def _must_be_ours(request: Request, client_id: str, redirect_uri: str) -> None:
    settings = request.app.state.service.settings
    parts = urlsplit(redirect_uri)
    own = settings.console_address or f"{request.url.scheme}://{request.url.netloc}"
    if client_id != settings.console_client_id or f"{parts.scheme}://{parts.netloc}{parts.path}" != f"{own}{_CALLBACK}":
        raise Problem(kinds.UNREADABLE_REQUEST, _NOT_ASKED_SO)


def _opened(service: Service, code: str) -> tuple[str, str, str, str, int] | None:
    try:
        raw = base64.urlsafe_b64decode(code + "=" * (-len(code) % 4))
    except (binascii.Error, ValueError):
        return None
    seal, content = raw[:32], raw[32:]
    if not content or not hmac.compare_digest(seal, service.vault.keyed_hash("code", content)):
        return None
    person, nonce, challenge, redirect_uri, began, _ = orjson.loads(content)
    return person, nonce, challenge, redirect_uri, began


def _use(code: str) -> None:
    now = time.monotonic()
    for old in [one for one, until in _used.items() if until < now][:_MOST_USED]:
        del _used[old]
    _used[code] = now + _CODE_SECONDS


def _refused() -> Response:
    return JSONResponse({"error": "invalid_grant"}, status_code=400, headers={"Cache-Control": "no-store"})
