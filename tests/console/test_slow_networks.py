"""A slow network and none: what is under way is said, nothing is sent twice, and nothing that was entered is lost."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.console.browsing import PHONE
from tests.console.states import slowly

_PATIENCE_MS = 60_000
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
