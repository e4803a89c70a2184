"""The keyboard alone, on a desk: Tab, Enter, Escape and letters lead through each journey, from signing in on."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.running_service import synthetic_identity_number

_MOST = 150
_IS_THERE = "one => document.activeElement === one"


def tab_to(page: Page, place: Locator) -> None:
    """Press Tab until the keyboard is at a place; one that Tab does not come to is an AssertionError."""
    place.wait_for(state="attached")
    for _ in range(_MOST):
        page.keyboard.press("Tab")
        if place.evaluate(_IS_THERE):
            return
    raise AssertionError(f"Tab does not come to {place}")


def enter(page: Page, place: Locator) -> None:
    """Go to a place by Tab, and press Enter there."""
    tab_to(page, place)
    page.keyboard.press("Enter")


def test_somebody_signs_in_goes_past_the_navigation_and_signs_out(visit):
    one = visit()
    page = one.open("/sign-in")
    enter(page, page.locator("a.button.primary"))
    enter(page, page.locator("button[value^='secretary:']"))
    page.wait_for_url(f"{one.url}/")
    enter(page, page.locator("a.skip"))
    expect(page.locator("main")).to_be_focused()
    page.reload()
    enter(page, page.get_by_role("button", name="退出"))
    expect(page.locator("nav")).to_have_count(0)


def test_a_roster_is_narrowed_and_a_member_of_it_opened(visit):
    page = visit("organisation_department").open("/rosters")
    stage = page.locator("#stage")
    tab_to(page, stage)
    for _ in range(stage.locator("option").count()):
        if stage.input_value() == "settled":
            break
        page.keyboard.press("ArrowDown")
    enter(page, page.get_by_role("button", name="查看", exact=True))
    page.wait_for_url("**/rosters?*stage=settled*")
    enter(page, page.locator("#roster a.name").first)
    page.wait_for_url("**/members/*")


def test_a_figure_of_the_loop_opens_who_is_behind_it(visit):
    page = visit("organisation_department").open("/loop")
    figure = page.locator(".loop-count").first
    address = figure.get_attribute("href")
    enter(page, figure)
    page.wait_for_url(f"**{address}")
    enter(page, page.locator("#members a.name").first)
    page.wait_for_url("**/members/*")


def test_a_story_is_opened_and_told_of_another_day(visit, console):
    page = visit("organisation_department").open(f"/members/{console.story}")
    more = page.locator("details.event-more").first
    enter(page, more.locator("summary"))
    expect(more).to_have_attribute("open", "")
    page.reload()
    tab_to(page, page.get_by_label("那一天的实情"))
    page.keyboard.type("20260301")
    enter(page, page.locator("form:has(#as-of) button[type=submit]").first)
    page.wait_for_url("**as_of=2026-03-01*")
    enter(page, page.get_by_role("link", name="回到现在").first)
    page.wait_for_url(f"**/members/{console.story}")


def test_personal_data_is_seen_on_purpose(visit, console):
    page = visit("organisation_department").open(f"/members/{console.story}")
    tab_to(page, page.get_by_label("用途"))
    page.keyboard.type("电话联系")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text(re.compile(r"1\d{10}"))


def test_a_worker_checks_somebody_in(visit):
    page = visit("community_worker").open("/check-ins")
    expect(page.locator("[data-check-in][data-ready]")).to_be_attached()
    tab_to(page, page.get_by_label("姓名"))
    page.keyboard.type("测试键盘")
    tab_to(page, page.get_by_label("公民身份号码"))
    page.keyboard.type(synthetic_identity_number())
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("测**盘")


def test_a_member_asks_about_their_data_and_thinks_better_of_it(visit):
    page = visit("member").open("/")
    ask = page.get_by_role("link", name="申请更正")
    enter(page, ask)
    form = page.locator("form.command")
    expect(form).to_be_visible()
    page.keyboard.press("Escape")
    expect(form).to_have_count(0)
    expect(ask).to_be_focused()


@pytest.mark.parametrize(("role", "address"), [("auditor", "/log"), ("operator", "/operating")])
def test_whoever_looks_after_the_service_comes_to_every_button(role, address, visit):
    page = visit(role).open(address)
    wanted = page.locator("main").evaluate(_WHAT_IS_PRESSED)
    reached = set()
    for _ in range(_MOST):
        page.keyboard.press("Tab")
        reached.add(page.evaluate(_WHERE_THE_KEYBOARD_IS))
        if len(reached) > 1 and page.evaluate("document.activeElement === document.body"):
            break
    assert len(wanted) > 1
    assert set(wanted) - reached == set()


# Told by what they are, not by where: a part may be renewed, and grow, while the keyboard goes by.
_TOLD = "one => one.cloneNode().outerHTML + one.textContent.trim()"
_WHERE_THE_KEYBOARD_IS = f"({_TOLD})(document.activeElement)"
_WHAT_IS_PRESSED = f"""
() => [...document.querySelectorAll("main *")].filter(one =>
  one.matches("a[href], button:not([disabled]), summary, select, input:not([type=hidden])") && one.checkVisibility()
).map({_TOLD})
"""
