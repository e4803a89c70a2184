"""In which states pages are looked at and tested beside their usual one: many rows, long names, nobody, refusals."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, urlencode

from api.console.rosters import COLUMNS

if TYPE_CHECKING:
    from playwright.sync_api import CDPSession, Page

    from tests.console.browsing import Visit

_EVERY_COLUMN: Final = "&".join(f"column={name}" for name in COLUMNS)
CROWDED: Final[dict[str, tuple[str, ...]]] = {
    "secretary": (
        "/",
        "/duties",
        "/rosters",
        f"/rosters?stage=awaiting_check_in&sort=since&{_EVERY_COLUMN}",
        "/loop?view=in_transit&stage=awaiting_check_in",
        "/registers",
        "/registers/{register}",
        "/venues",
        "/check-ins",
        "/members/{member}",
        "/members/{member}/service",
        "/members/{member}/do/record-contact?organisation=MQ-1",
    ),
    "worker": ("/", "/duties", "/rosters", "/check-ins", "/venues", "/venues/{venue}/codes/{code}/poster"),
    "department": (
        "/",
        "/flows",
        "/loop",
        "/members/{member}",
        "/members/{member}/reads",
        "/members/{member}/compare?earlier=2026-03-01",
    ),
    "member": ("/", "/members/{member}", "{link}"),
    "liaison": ("/", "/duties"),
    "auditor": ("/", "/log", "/reads"),
    "operator": ("/", "/operating"),
}
"""By who looks: ten thousand rows, long names, a long story. {member} and so on are the crowd's."""
NOBODY: Final[dict[str, tuple[str, ...]]] = {
    "newcomer": ("/", "/duties", "/rosters", "/loop", "/flows", "/registers", "/check-ins", "/venues"),
    "elsewhere": (
        "/",
        "/duties",
        "/rosters",
        "/rosters?stage=settled&as_of=2020-01-01",
        "/loop",
        "/flows",
        "/registers",
        "/reads",
        "/venues",
    ),
    "empty-worker": ("/", "/rosters?side=inflow", "/check-ins"),
}
"""Offices that begin: nothing is there yet."""
REFUSED: Final[dict[str, tuple[str, str, int]]] = {
    "forbidden": ("secretary", "/operating", 403),
    "no-member": ("secretary", "/members/00000000-0000-4000-8000-000000000000", 404),
    "no-page": ("secretary", "/no-such-page", 404),
    "no-such-code": ("member", "/c/AAAAAAAAAAAAAAAAAAAAAAAA", 404),
    "not-by-address": ("secretary", "/sign-out", 405),
    "no-day": ("secretary", "/rosters?as_of=2026-13-45", 422),
    "no-id": ("secretary", "/members/nobody", 422),
    "no-cursor": ("secretary", "/rosters?cursor=nothing", 422),
}
"""By a name: who asks for what, and the status of the page that says why not."""
PRINTED: Final = (
    ("secretary", "/rosters"),
    ("secretary", "/duties"),
    ("secretary", "/registers/{register}"),
    ("secretary", "/members/{member}/service"),
    ("department", "/flows"),
    ("department", "/members/{member}"),
    ("department", "/members/{member}/evidence"),
    ("worker", "/check-ins"),
    ("auditor", "/reads"),
)
"""What people take to a meeting on paper, and whose it is."""
_BEGUN: Final = 2
"""Where in a roster's cursor it stands when its list was begun."""
_HOUR_US: Final = 3_601_000_000
_SLOW: Final = {"offline": False, "latency": 3_000, "downloadThroughput": 6_000, "uploadThroughput": 3_000}
"""A village's network: three seconds to anywhere, 48 kbit/s."""


def slowly(one: Visit) -> CDPSession:
    """Give a browser a village's network from now on; returns what else it can be told by, while it waits."""
    session = one.context.new_cdp_session(one.page)
    session.send("Network.emulateNetworkConditions", dict(_SLOW))
    return session


def an_hour_old(one: Visit) -> str:
    """Return the address of a roster's second page, of a list whose first page was asked for more than an hour ago."""
    following = one.open("/rosters").get_by_role("link", name=re.compile("下一页|Next")).get_attribute("href") or ""
    path, _, query = following.partition("?")
    asked = dict(parse_qsl(query))
    written = asked["cursor"]
    content = json.loads(urlsafe_b64decode(written + "=" * (-len(written) % 4)))
    content[_BEGUN] -= _HOUR_US
    asked["cursor"] = urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()
    return f"{path}?{urlencode(asked)}"


def withdrawn_twice(one: Visit) -> Page:
    """Withdraw a new code of a venue on two pages that both show it; returns the second, which says why not."""
    first = one.open("/venues")
    first.locator(".venue form[action$='/codes'] button").first.click()
    first.wait_for_url("**/venues#*")
    second = one.context.new_page()
    second.goto("/venues")
    for page in (first, second):
        with page.expect_navigation():
            page.locator(".venue form[action$='/revoke'] button").first.click()
    return second


def name_of(address: str) -> str:
    """Name a picture by its address."""
    plain = address.partition("&")[0].strip("/")
    return "".join(one if one.isalnum() or one == "-" else "-" for one in plain).strip("-") or "today"
