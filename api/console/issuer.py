"""Where people sign in: the outside issuer that the settings name, or our own, which is reached within the process."""

from __future__ import annotations

import time
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import httpx2 as httpx

from api import problem_list as kinds
from api.problems import Problem, unavailable
from domain.errors import Sentence
from infra.logs import get_logger

if TYPE_CHECKING:
    from starlette.requests import Request

    from api.service import Service

_log = get_logger(__name__)
_KEPT_SECONDS: Final = 300.0
_AWAY: Final = Sentence("登录服务暂时无法访问，请稍后再试", "The issuer cannot be reached now. Try again soon.")
_NO_ADDRESS: Final = Sentence(
    "须用 https:// 打开本页，或在本机用 http://127.0.0.1 打开", "Open this page by https://, or on this machine itself."
)


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The addresses of a sign-in; `console` is ours, `transport` how the server itself gets to the issuer."""

    console: str
    authorization: str
    token: str
    transport: httpx.AsyncBaseTransport | None = None


async def endpoints_of(request: Request) -> Endpoints:
    """Tell where to sign in. Raises Problem: 503 where the issuer is away, 403 where no cookie would be kept."""
    service: Service = request.app.state.service
    console = service.settings.console_address or f"{request.url.scheme}://{request.url.netloc}"
    if not _keeps_cookies(console):
        raise Problem(kinds.FORBIDDEN, _NO_ADDRESS, code="address_not_safe")
    if service.settings.token_jwks_url is None:
        inside = httpx.ASGITransport(app=request.app)
        return Endpoints(console, f"{console}/issuer/authorize", f"{console}/issuer/token", inside)
    return await _discovered(service, console)


_known: dict[str, tuple[float, str, str]] = {}


async def _discovered(service: Service, console: str) -> Endpoints:
    """Read the issuer's own description (OpenID Connect Discovery 1.0), again after five minutes."""
    issuer = service.settings.token_issuer
    kept = _known.get(issuer)
    if kept is None or time.monotonic() > kept[0]:
        try:
            async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
                answer = await client.get(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
                answer.raise_for_status()
                said = answer.json()
                if said["issuer"] != issuer:
                    raise ValueError("another issuer")  # noqa: TRY301 - one way out for all that is no issuer
                found = (str(said["authorization_endpoint"]), str(said["token_endpoint"]))
                if not all(_keeps_cookies(one) for one in found):
                    raise ValueError("not https")  # noqa: TRY301 - as above
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError) as error:
            _log.warning("the issuer is not to be had", kind=type(error).__name__)
            if kept is None:
                raise unavailable(kinds.STORE_UNAVAILABLE, _AWAY) from None
            found = kept[1:]
        kept = (time.monotonic() + _KEPT_SECONDS, *found)
        _known[issuer] = kept
    return Endpoints(console, kept[1], kept[2])


def _keeps_cookies(address: str) -> bool:
    """Whether a browser takes an address for safe: https, or this machine itself."""
    parts = urlsplit(address)
    if parts.scheme == "https":
        return True
    try:
        return parts.hostname == "localhost" or ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False
