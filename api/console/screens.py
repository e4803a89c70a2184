"""A screen on a wall: one code's QR and its changing number, at an address that stands for nothing else.

Nobody is signed in at a wall. The address carries who set the screen up, sealed, and what it may show; the API is asked
as that person, so that a code that was withdrawn, or is no longer theirs to issue, is shown no more.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import orjson
from fastapi import Request
from starlette.responses import Response

from api.console.asking import ask
from api.console.person import language_at
from api.console.posters import drawn, in_lines, public_address
from api.console.rendering import outside_page
from api.console.routing import console_router
from api.console.words import Words
from api.problems import not_found
from infra.tokens.principal import Principal, Role

if TYPE_CHECKING:
    from api.console.person import Person
    from api.service import Service

router = console_router()
_DAYS: Final = 31
_DAY_US: Final = 86_400_000_000
_PURPOSE: Final = "screen"
_SEAL: Final = 32
_RENEW_S: Final = 60
"""How often a screen without a number asks whether its code still counts."""

WORDS: Final = Words(
    title=("报到", "Check in"),
    scan=("用手机扫一扫，打开后点“报到”", 'Scan with any app, open, then tap "Check in"'),
    number=("动态数字", "The number now"),
    number_help=("扫码后自动填好；手工输入的，请输入此数字", "Filled in when you scan; type it if you typed the code"),
    over=("此报到码已停用或已过期，请联系工作人员", "This code was withdrawn or has expired: ask the staff"),
)


def screen_address(person: Person, venue_id: UUID, code_id: str) -> str:
    """Write the address of a screen, good for a month."""
    who, service = person.principal, person.service
    until = service.now_us + _DAYS * _DAY_US
    content = orjson.dumps(
        [who.subject, who.role.value, who.organisation, who.region, who.issuer, str(venue_id), code_id, until]
    )
    sealed = service.vault.keyed_hash(_PURPOSE, content) + content
    return f"/screen/{base64.urlsafe_b64encode(sealed).rstrip(b'=').decode()}"


@router.get("/screen/{sealed}", operation_id="console_screen")
async def screen(request: Request, sealed: str) -> Response:
    """Show a code and its number of this moment; it renews itself when the number changes."""
    service: Service = request.app.state.service
    who, venue_id, code_id = _opened(service, sealed)
    answer = await ask(request, who, language_at(request), "GET", f"/v1/venues/{venue_id}/codes/{code_id}")
    code = answer.json()
    number = code["number"]
    address = f"{public_address(request)}{code['link']}" + (f"?n={number['current']}" if number else "")
    part = request.headers.get("hx-request") == "true"
    return outside_page(
        request,
        "screen_part.html" if part else "screen.html",
        WORDS,
        sealed=sealed,
        code=code,
        counts=code["revoked_at"] is None and _us(code["expires_at"]) > service.now_us,
        qr=drawn(address),
        address=address,
        lines=in_lines(code["venue"]["name"]),
        # A second after the number has changed, so that the new one is there whatever the clock's last digits were.
        renew_s=_RENEW_S if not number else max((_us(number["changes_at"]) - service.now_us) // 1_000_000 + 1, 1),
    )


def _us(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp() * 1_000_000)


def _opened(service: Service, sealed: str) -> tuple[Principal, UUID, str]:
    """Read an address. Raises Problem (404) for one that is not ours, or older than a month."""
    try:
        raw = base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
    except (binascii.Error, ValueError):
        raise not_found() from None
    seal, content = raw[:_SEAL], raw[_SEAL:]
    if not content or not hmac.compare_digest(seal, service.vault.keyed_hash(_PURPOSE, content)):
        raise not_found()
    said: list[Any] = orjson.loads(content)
    subject, role, organisation, region, issuer, venue_id, code_id, until = said
    if until <= service.now_us:
        raise not_found()
    return Principal(subject, Role(role), organisation, region, None, issuer), UUID(venue_id), code_id
