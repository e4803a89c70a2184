"""What refuses and what fails, as a page: in words for people, with the way to one's other pages and on."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import expect

from tests.console.browsing import PHONE
from tests.console.crowd import a_table_is_locked, a_table_is_missing, the_database_is_away
from tests.console.states import REFUSED, an_hour_old, withdrawn_twice

_PATIENCE_MS = 60_000


@pytest.mark.parametrize(
    ("address", "title", "help_"),
    [
        ("/rosters?as_of=2026-13-45", "日期不对", "2025-03-05"),
        ("/members/nobody", "没有这个地址", "请从页面重新进入"),
    ],
)
def test_a_refusal_says_what_would_be_right_in_words_for_people(address, title, help_, guest):
    page = guest("department").page
    page.goto(address)
    expect(page.locator("h1")).to_have_text(title)
    expect(page.locator("main")).to_contain_text(help_)
    expect(page.locator("main")).not_to_contain_text("T10:00")


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_is_a_page_in_the_language_of_the_person_with_a_way_on(name, guest, axe):
    who, address, status = REFUSED[name]
    one = guest(who, PHONE)
    for language, today in (("zh", "回到今日"), ("en", "Back to Today")):
        one.page.goto(f"/language/{language}?next=/sign-in")
        answer = one.page.goto(address)
        assert answer is not None
        assert answer.status == status
        assert "text/html" in answer.headers["content-type"]
        assert "script-src 'self'" in answer.headers["content-security-policy"]
        assert one.violations(axe) == []
        assert not one.is_wider_than_its_window()
        expect(one.page.locator("h1")).not_to_be_empty()
        expect(one.page.locator("nav ul a").first).to_be_attached()
        one.page.get_by_role("link", name=today).click()
        one.page.wait_for_url(f"{one.url}/")


def test_a_page_of_a_list_that_was_left_too_long_begins_again(guest):
    one = guest("secretary")
    answer = one.page.goto(an_hour_old(one))
    assert answer is not None
    assert answer.status == 410
    expect(one.page.locator("h1")).to_have_text("这一页放得太久了")
    one.page.get_by_role("link", name="从第一页看起").click()
    one.page.wait_for_url("**/rosters")
    expect(one.page.locator("#roster tbody tr")).to_have_count(50)


def test_what_somebody_else_did_first_is_a_page_that_says_so(guest):
    one = guest("worker", PHONE)
    page = withdrawn_twice(one)
    expect(page.locator("h1")).to_have_text("规则不允许")
    expect(page.locator("main")).to_contain_text("已经停用")
    expect(page.locator("nav ul a").first).to_be_attached()
    # A link would open what only a form may send: the way on is back to where it stands.
    expect(page.get_by_role("link", name="重试")).to_have_count(0)
    page.get_by_role("button", name="返回上一页").click()
    page.wait_for_url("**/venues")


@pytest.mark.parametrize("frail", [{"request_timeout_seconds": 5.0}], indirect=True)
def test_what_takes_too_long_is_a_page_that_says_nothing_is_recorded_twice(frail, axe):
    running, open_one = frail
    one = open_one("operator", PHONE)
    with a_table_is_locked(running):
        answer = one.page.goto("/operating")
    assert answer is not None
    assert answer.status == 504
    expect(one.page.locator("h1")).to_have_text("等得太久，没有答复")
    expect(one.page.locator("main")).to_contain_text("不会重复记录")
    assert one.violations(axe) == []
    expect(one.page.locator("nav ul a").first).to_be_attached()
    one.page.get_by_role("link", name="重试").click()
    expect(one.page.locator("#standing")).to_be_visible()
    one.forgive("504 ")


def test_who_is_signed_in_finds_their_other_pages_on_one_that_refuses_and_nobody_finds_any(guest):
    one = guest("secretary")
    pages = one.page.locator("nav ul a")
    named = pages.evaluate_all("all => all.map(one => one.getAttribute('href'))")
    for address in ("/operating", "/no-such-page", "/members/nobody"):
        one.page.goto(address)
        assert pages.evaluate_all("all => all.map(one => one.getAttribute('href'))") == named
    other = guest()
    other.page.goto("/no-such-page")
    expect(other.page.locator("h1")).to_be_visible()
    expect(other.page.locator("nav")).to_have_count(0)


def test_programs_get_problems_and_not_pages(guest):
    one = guest()
    for path, status in (("/v1/nothing", 404), ("/v1/rosters", 401), ("/no-such-page", 404)):
        answer = one.page.request.get(f"{one.url}{path}", headers={"Accept": "application/json"})
        assert (answer.status, answer.headers["content-type"]) == (status, "application/problem+json")


def test_a_register_too_large_is_refused_on_a_page(guest):
    one = guest("secretary")
    page = one.open("/registers")
    content = b"1," * 4_100_000
    page.locator("#file").set_input_files({"name": "大台账.csv", "mimeType": "text/csv", "buffer": content})
    page.get_by_role("button", name="试运行").click()
    expect(page.locator("h1")).to_have_text("文件太大", timeout=_PATIENCE_MS)
    expect(page.locator("main")).to_contain_text("请拆成几份")


def test_what_fails_inside_is_said_on_a_page_and_costs_nobody_what_their_phone_kept(frail, axe):
    running, open_one = frail
    one = open_one("operator", PHONE)
    one.page.evaluate("localStorage.setItem('kiteline.arrivals', '{}')")
    for wrong, status, title in (
        (a_table_is_missing, 500, "服务内部错误"),
        (the_database_is_away, 503, "服务暂时连不上"),
    ):
        with wrong(running):
            answer = one.page.goto("/operating")
            assert answer is not None
            assert answer.status == status
            expect(one.page.locator("h1")).to_have_text(title)
            expect(one.page.get_by_role("link", name="重试")).to_have_attribute("href", "/operating")
            assert one.violations(axe) == []
            # Who it is was known before the page failed; without a database nobody knows.
            expect(one.page.locator("nav")).to_have_count(1 if status == 500 else 0)
    until = time.monotonic() + _PATIENCE_MS / 1_000
    while one.page.goto("/operating").status != 200:
        assert time.monotonic() < until
    assert one.page.evaluate("localStorage.getItem('kiteline.arrivals')") == "{}"
    for said in ("500 ", "503 "):
        one.forgive(said)
