"""A person's browser: signs in, opens pages, and keeps what went wrong in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, Request, Response

_PATIENCE_MS = 20_000


@dataclass(frozen=True)
class Window:
    """How large a browser's window is, in CSS pixels."""

    name: str
    width: int
    height: int
    phone: bool = False


DESK = Window("desk", 1440, 900)
PHONE = Window("phone", 390, 844, phone=True)


class Visit:
    """One browser, one person; `troubles` are errors of the console, answers of 5xx, and requests to other hosts."""

    def __init__(self, browser: Browser, url: str, window: Window, language: str) -> None:
        self.url = url
        self.troubles: list[str] = []
        self.context = browser.new_context(
            base_url=url,
            viewport={"width": window.width, "height": window.height},
            is_mobile=window.phone,
            has_touch=window.phone,
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            reduced_motion="reduce",
        )
        self.context.set_default_timeout(_PATIENCE_MS)
        self.page: Page = self.context.new_page()
        self.page.on("console", lambda said: self._heard(said.type, said.text))
        self.page.on("pageerror", lambda error: self.troubles.append(f"script: {error}"))
        self.page.on("request", self._asked)
        self.page.on("response", self._answered)
        if language == "en":
            self.page.goto("/language/en?next=/sign-in")

    def sign_in(self, role: str) -> None:
        """Sign in as the ready person of a role, through the pages."""
        self.page.goto("/sign-in")
        self.page.locator("a.button.primary").click()
        self.page.locator(f"button[value^='{_SUBJECT[role]}:']").click()
        self.page.wait_for_url(f"{self.url}/")

    def sign_in_with(self, token: str) -> None:
        """Sign in with what `kiteline token` prints, through the pages."""
        self.page.goto("/sign-in")
        self.page.locator(".by-token summary").click()
        self.page.locator("#token").fill(token)
        self.page.locator(".by-token button").click()
        self.page.wait_for_url(f"{self.url}/")

    def open(self, path: str) -> Page:
        """Open a page; anything but 200 is an AssertionError."""
        answer = self.page.goto(path)
        assert answer is not None
        assert answer.status == 200, f"{path}: {answer.status}"
        return self.page

    def violations(self, axe: str) -> list[str]:
        """Look at the open page as axe does: WCAG 2.2 A and AA, and axe's good practice."""
        self.page.evaluate(axe)
        found: dict[str, Any] = self.page.evaluate(_RUN_AXE)
        return [
            f"{one['id']}: {node['html'][:160]} ({node['failureSummary']})"
            for one in found["violations"]
            for node in one["nodes"]
        ]

    def is_wider_than_its_window(self) -> bool:
        """Whether the page itself scrolls sideways."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))

    def forgive(self, said: str) -> None:
        """Take a trouble for what a test made: the browser says of a network that is cut that it is."""
        self.troubles = [trouble for trouble in self.troubles if said not in trouble]

    def close(self) -> None:
        """Leave."""
        self.context.close()

    def _heard(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and "status of 4" not in text:
            self.troubles.append(f"{kind}: {text}")

    def _asked(self, request: Request) -> None:
        if not request.url.startswith(("data:", "blob:")) and urlsplit(request.url).netloc != urlsplit(self.url).netloc:
            self.troubles.append(f"asked {request.url}")

    def _answered(self, response: Response) -> None:
        if response.status >= 500:
            self.troubles.append(f"{response.status} {response.url}")


_RUN_AXE = """
() => axe.run(document, {resultTypes: ["violations"], runOnly: {type: "tag", values: [
    "wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}})
"""
_SUBJECT = {
    "member": "member",
    "liaison": "liaison",
    "branch_secretary": "secretary",
    "community_worker": "worker",
    "organisation_department": "department",
    "auditor": "auditor",
    "sister_system": "sister",
    "operator": "operator",
}
