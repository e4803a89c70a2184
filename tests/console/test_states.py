"""Pages with ten thousand rows, long names and nobody; what refuses and what fails; a slow network and none."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import expect

from tests.console.browsing import PHONE
from tests.console.crowd import a_table_is_missing, the_database_is_away, under_way
from tests.console.states import CROWDED, NOBODY, REFUSED, slowly

_PATIENCE_MS = 60_000
_BYTES = 150_000
_BYTES_WITH_CHARTS = 600_000
_PRESS_AND_PRESS_AGAIN = """
() => {
  const line = document.getElementById("under-way");
  const button = document.querySelector(".venue .buttons form button");
  new MutationObserver(() => {
    if (!sessionStorage.getItem("said")) sessionStorage.setItem("said", line.textContent);
    button.click();
  }).observe(line, {childList: true});
  setTimeout(() => button.click());
}
"""
_WIDE = """
() => [...document.querySelectorAll("main *")].filter((one) =>
  one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).overflowX === "visible" && one.clientWidth > 0
  && one.getBoundingClientRect().right > innerWidth + 1
).map((one) => one.outerHTML.slice(0, 120))
"""


@pytest.mark.parametrize("who", [*CROWDED, *NOBODY])
def test_a_crowd_long_names_and_nobody_hold_the_rules_on_a_phone_within_their_bytes(who, guest, crowd, axe):
    found = []
    one = guest(who, PHONE)
    received = bytes_of(one)
    for language in ("zh", "en"):
        one.page.goto(f"/language/{language}?next=/sign-in")
        for path in (CROWDED | NOBODY)[who]:
            received.clear()
            page = one.open(path.format(**vars(crowd)))
            where = f"{path} {language}"
            if sum(received) > (_BYTES_WITH_CHARTS if path.startswith("/flows") else _BYTES):
                found.append(f"{where}: {sum(received)} bytes")
            if one.is_wider_than_its_window():
                found.append(f"{where}: wider than its window")
            found += [f"{where}: {wide}" for wide in page.evaluate(_WIDE)]
            if language == "en":
                found += [f"{where}: {violation}" for violation in one.violations(axe)]
    assert found == []


def test_a_crowds_rosters_and_duties_fit_a_desk(guest, crowd):
    one = guest("secretary")
    for path in CROWDED["secretary"]:
        one.open(path.format(**vars(crowd)))
        assert not one.is_wider_than_its_window(), path


def test_figures_are_read_without_charts(guest):
    one = guest("department")
    one.page.route("**/echarts.js", lambda route: route.abort())
    page = one.open("/flows")
    assert page.locator("table").count() >= 2
    expect(page.locator("table").first).to_contain_text("3,29")
    expect(page.get_by_role("button", name="复制表格").first).to_be_visible()
    one.forgive("ERR_FAILED")


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
        one.page.get_by_role("link", name=today).click()
        one.page.wait_for_url(f"{one.url}/")


def test_a_page_of_a_list_that_was_left_too_long_begins_again(guest):
    one = guest("secretary")
    one.page.goto("/rosters?cursor=nothing")
    expect(one.page.locator("h1")).to_have_text("这一页放得太久了")
    one.page.get_by_role("link", name="从第一页看起").click()
    one.page.wait_for_url("**/rosters")
    expect(one.page.locator("#roster tbody tr")).to_have_count(50)


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
    until = time.monotonic() + _PATIENCE_MS / 1_000
    while one.page.goto("/operating").status != 200:
        assert time.monotonic() < until
    assert one.page.evaluate("localStorage.getItem('kiteline.arrivals')") == "{}"
    for said in ("500 ", "503 "):
        one.forgive(said)


def test_a_slow_network_says_so_and_nothing_is_sent_twice(guest):
    one = guest("secretary", PHONE)
    page = one.open("/duties")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method) if "/do/" in request.url else None)
    slowly(one)
    opening = page.locator(".duty-do > a").first
    opening.tap()
    expect(page.locator("#under-way")).to_have_text("正在读取…")
    opening.tap(force=True)
    form = page.locator("form.command")
    expect(form).to_be_visible(timeout=_PATIENCE_MS)
    expect(page.locator("#under-way")).to_be_empty()
    assert sent == ["GET"]

    form.get_by_role("button", name="确认记录").tap()
    expect(page.locator("#under-way")).to_have_text("正在送出…")
    expect(form.get_by_role("button", name="确认记录")).to_have_attribute("aria-disabled", "true")
    form.get_by_role("button", name="确认记录").tap(force=True)
    form.locator("input[type=date]").press("Enter")
    expect(page.locator(".done")).to_be_visible(timeout=_PATIENCE_MS)
    expect(page.locator("#under-way")).to_be_empty()
    assert sent == ["GET", "POST"]


def test_a_whole_page_that_is_slow_says_so_and_its_form_is_sent_once(guest):
    one = guest("worker", PHONE)
    page = one.open("/venues")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    codes = page.locator(".venue .code")
    before = codes.count()
    slowly(one)
    page.evaluate(_PRESS_AND_PRESS_AGAIN)
    expect(codes).to_have_count(before + 1, timeout=_PATIENCE_MS)
    assert page.evaluate("sessionStorage.getItem('said')") == "正在送出…"
    assert len(sent) == 1


def test_without_a_network_it_is_said_where_the_person_looks_and_what_was_entered_stays(guest):
    one = guest("secretary", PHONE)
    page = one.open("/duties")
    line = page.locator("li.duty").nth(12)
    line.locator(".duty-do > a").tap()
    form = line.locator("form.command")
    form.locator("input[type=date]").fill("2026-11-01")
    one.context.set_offline(True)
    form.get_by_role("button", name="确认记录").tap()
    notice = page.locator("#notices .notice.bad")
    expect(notice).to_contain_text("不会重复记录")
    expect(notice).to_be_in_viewport()
    expect(form.locator("input[type=date]")).to_have_value("2026-11-01")
    notice.get_by_role("button", name="知道了").tap()
    expect(notice).to_have_count(0)
    one.context.set_offline(False)
    form.get_by_role("button", name="确认记录").tap()
    expect(line.locator(".done, form.command [role=alert]").first).to_be_visible()
    for said in ("ERR_INTERNET_DISCONNECTED", "error: htmx:"):
        one.forgive(said)


def test_a_file_that_is_taken_leaves_nothing_waiting(guest):
    one = guest("secretary")
    page = one.open("/rosters?stage=settled")
    with page.expect_download():
        page.get_by_role("link", name="导出表格").click()
    page.get_by_label("只看逾期").focus()
    expect(page.locator("#under-way")).to_be_empty()


def test_a_register_under_way_shows_how_far_it_is_and_ends_by_itself(guest, crowd, axe):
    one = guest("secretary", PHONE)
    with under_way(crowd) as register:
        page = one.open(f"/registers/{register}")
        expect(page.locator("#progress")).to_contain_text(re.compile(r"已读 [\d,]+ 行"))
        assert one.violations(axe) == []
        assert not one.is_wider_than_its_window()
        expect(page.locator("#under-way")).to_be_empty()
    expect(page.locator("#result-title")).to_be_visible(timeout=_PATIENCE_MS)


def test_names_of_people_and_duties_of_others_are_not_torn(guest):
    one = guest("secretary")
    page = one.open("/rosters")
    heights = page.locator("#roster .name").evaluate_all("all => all.map(one => one.getClientRects().length)")
    assert set(heights) == {1}
    phone = guest("department", PHONE).open("/duties?organisation=MQ")
    line = phone.locator("li.duty").first
    assert line.locator(".duty-what small").last.bounding_box()["width"] > 200


def test_the_offline_page_holds_the_rules_too(guest, crowd, axe):
    for who, address, language in (("worker", "/check-ins", "en"), ("member", crowd.link, "zh")):
        one = guest(who, PHONE, language)
        page = one.open(address)
        expect(page.locator("[data-check-in][data-ready]")).to_be_attached(timeout=_PATIENCE_MS)
        one.context.set_offline(True)
        page.reload()
        expect(page.locator("main .notice").first).to_be_visible()
        assert one.violations(axe) == []
        assert not one.is_wider_than_its_window()
        one.forgive("ERR_INTERNET_DISCONNECTED")


def bytes_of(one):
    """Return a list to which what the browser receives is added, in bytes on the wire; nothing comes from its cache."""
    session = one.context.new_cdp_session(one.page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    received = []
    session.on("Network.loadingFinished", lambda told: received.append(told["encodedDataLength"]))
    return received
