"""Every page in both sizes and languages, as pictures for people to look at: `make screenshots`."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import FloatRect, Page

from infra.tokens.principal import Role
from tests.console.browsing import Visit, Window
from tests.console.crowd import a_table_is_locked, a_table_is_missing, the_database_is_away, under_way
from tests.console.states import CROWDED, NOBODY, PRINTED, REFUSED, an_hour_old, name_of, slowly, withdrawn_twice
from tests.console.test_pages import addresses_of

_ROOT = Path(__file__).parent.parent.parent
_FOLDER = _ROOT / "screenshots"
README_FOLDER = _ROOT / "docs" / "screenshots"
README_PICTURES = {
    "loop": ("organisation_department", "/loop?view=in_transit&stage=settled"),
    "flows": ("organisation_department", "/flows#figures"),
}
"""What the README opens with: by a name, whose page it is and where."""
_README_WINDOW = Window("readme", 1200, 720)
_PAPER = Window("paper", 1009, 700)
"""The width of A4 across between margins of 15 mm, in CSS pixels."""
_HIGHEST = 6_000
_WAITED_MS = 1_500


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("language", ["zh", "en"])
def test_pictures_are_taken(role, language, visit, window, console):
    one = visit(role.value, window, language)
    for name, address in addresses_of(role, console).items():
        one.open(address)
        _FOLDER.mkdir(exist_ok=True)
        one.page.screenshot(path=_FOLDER / f"{name}.{role.value}.{window.name}.{language}.png", full_page=True)


def test_pictures_of_the_readme_are_taken(visit):
    for name, (role, address) in README_PICTURES.items():
        one = visit(role, _README_WINDOW)
        one.open(address)
        README_FOLDER.mkdir(exist_ok=True)
        one.page.screenshot(path=README_FOLDER / f"{name}.png")


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("who", [*CROWDED, *NOBODY])
def test_pictures_of_many_and_of_nobody_are_taken(who, language, guest, window, crowd):
    one = guest(who, window, language)
    for address in (CROWDED | NOBODY)[who]:
        one.open(address.format(**vars(crowd)))
        taken(one.page, f"state-{who}-{name_of(address)}", window, language)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_pictures_of_refusals_are_taken(language, guest, window):
    signed_in: dict[str, Visit] = {}
    for name, (who, address, _) in REFUSED.items():
        one = signed_in.get(who) or signed_in.setdefault(who, guest(who, window, language))
        one.page.goto(address)
        taken(one.page, f"refused-{name}", window, language)
    one = guest("secretary", window, language)
    one.page.goto(an_hour_old(one))
    taken(one.page, "refused-too-old-410", window, language)
    taken(withdrawn_twice(guest("worker", window, language)), "refused-already-409", window, language)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("frail", [{"request_timeout_seconds": 5.0}], indirect=True)
def test_pictures_of_what_takes_too_long_are_taken(language, frail, window):
    running, open_one = frail
    one = open_one("operator", window, language)
    with a_table_is_locked(running):
        one.page.goto("/operating")
    taken(one.page, "refused-too-long-504", window, language)
    one.forgive("504 ")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_pictures_of_what_goes_wrong_inside_are_taken(language, frail, window):
    running, open_one = frail
    one = open_one("operator", window, language)
    for name, wrong, status in (("broken", a_table_is_missing, 500), ("away", the_database_is_away, 503)):
        with wrong(running):
            one.page.goto("/operating")
            taken(one.page, f"refused-{name}-{status}", window, language)
    for said in ("500 ", "503 "):
        one.forgive(said)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_pictures_of_a_register_under_way_are_taken(language, guest, window, crowd):
    one = guest("secretary", window, language)
    with under_way(crowd) as register:
        one.open(f"/registers/{register}")
        taken(one.page, "register-under-way", window, language)
        one.open("/registers")
        taken(one.page, "registers-under-way", window, language)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_pictures_of_a_slow_and_of_no_network_are_taken(language, guest, window, crowd):
    one = guest("secretary", window, language)
    page = one.open("/duties")
    slowly(one)
    page.locator(".duty-do > a").first.click()
    page.wait_for_timeout(_WAITED_MS)
    taken(page, "slow-part", window, language, whole=False)
    page.locator("form.command").first.wait_for(timeout=60_000)
    page.locator("form.command button[type=submit]").first.click()
    page.wait_for_timeout(_WAITED_MS)
    taken(page, "slow-sending", window, language, whole=False)
    one = guest("secretary", window, language)
    page = one.open("/duties")
    one.context.set_offline(True)
    page.locator(".duty-do > a").nth(12).click()
    page.locator("#notices .notice").wait_for()
    taken(page, "no-network", window, language, whole=False)
    for said in ("ERR_INTERNET_DISCONNECTED", "error: htmx:"):
        one.forgive(said)
    for who, address in (("worker", "/check-ins"), ("member", crowd.link)):
        other = guest(who, window, language)
        other.open(address).locator("[data-check-in][data-ready]").wait_for(state="attached")
        other.context.set_offline(True)
        other.page.reload()
        taken(other.page, f"offline-{who}", window, language)
        other.forgive("ERR_INTERNET_DISCONNECTED")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_pictures_of_sheets_of_paper_are_taken(language, guest, crowd):
    for who, address in PRINTED:
        one = guest(who, _PAPER, language)
        page = one.open(address.format(**vars(crowd)))
        page.emulate_media(media="print")
        taken(page, f"print-{who}-{name_of(address)}", _PAPER, language)


def taken(page: Page, name: str, window: Window, language: str, *, whole: bool = True) -> None:
    """Take a picture; of a very long page its first screens."""
    _FOLDER.mkdir(exist_ok=True)
    high = page.evaluate("document.documentElement.scrollHeight")
    path = _FOLDER / f"{name}.{window.name}.{language}.png"
    if whole:
        shown = FloatRect(x=0, y=0, width=window.width, height=min(high, _HIGHEST))
        page.screenshot(path=path, full_page=True, clip=shown)
    else:
        page.screenshot(path=path)
