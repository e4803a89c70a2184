"""Checking in by a scanned code: two taps, once whatever the network does, and nothing left of it on the phone."""

from __future__ import annotations

import io
import re
from urllib.parse import urlsplit

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import expect

from tests.console.browsing import PHONE

WORKER = "620102"
_PATIENCE_MS = 60_000
_KEPT = "Object.fromEntries(Object.entries(localStorage).filter(([name]) => name.startsWith('kiteline.')))"
_READY = "[data-check-in][data-ready]"


@pytest.fixture(scope="module")
def venue(console):
    """A venue of 城关 with a poster's code and one with a changing number."""
    worker = console.running.as_role("community_worker", organisation=WORKER, subject="worker:demo")
    venue = worker.record("/v1/venues", name="城关样例街道党群服务中心", region=WORKER, kind="STATION")["stream"]
    codes = [worker.record(f"/v1/venues/{venue}/codes", **body) for body in ({}, {"rotates_every": 600})]
    return venue, *codes


def check_ins_of(console):
    """Count the check-ins of the demo's member."""
    items = console.running.department.ask(f"/v1/members/{console.story}/history", limit=1000)["items"]
    return sum(item["type"] == "checked_in" for item in items)


def read_qr(picture):
    """Read a QR code out of a picture, as a phone does."""
    (found,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture)))
    return found.text


def path_of(address, one):
    """Return the path and question of an address of ours."""
    parts = urlsplit(address)
    assert f"{parts.scheme}://{parts.netloc}" == one.url
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def test_a_poster_is_printed_on_one_a4_sheet_and_its_code_opens_the_check_in(visit, window, venue, axe):
    one = visit("community_worker", window)
    page = one.open("/venues")
    card = page.locator(f"#venue-{venue[0]}")
    card.get_by_role("link", name="海报").first.click()
    poster = page.locator(".poster svg").first
    expect(poster).to_be_visible()
    address = read_qr(poster.screenshot())
    assert path_of(address, one).startswith("/c/")
    assert one.violations(axe) == []
    with page.expect_download() as waiting:
        page.get_by_role("link", name="下载 SVG").click()
    drawn = waiting.value.path().read_text(encoding="utf-8")
    assert drawn.startswith("<svg ")
    assert re.search(r"有效期至 \d{4}年\d+月\d+日[<，]", drawn)
    assert re.search(r"Valid until \d+ [A-Z][a-z]{2} \d{4}[<;]", drawn)
    if not window.phone:
        paper = page.pdf(prefer_css_page_size=True)
        assert len(re.findall(rb"/Type\s*/Page[^s]", paper)) == 1
        assert re.search(rb"/MediaBox\s*\[0 0 59\d[.\d]* 84\d[.\d]*\]", paper)

    member = visit("member", PHONE)
    member.open(path_of(address, one))
    expect(member.page.locator("h1")).to_contain_text("城关样例街道党群服务中心")


def test_who_scanned_is_checked_in_with_two_taps_from_signing_in_on(visit, venue, console, axe):
    before = check_ins_of(console)
    one = visit(None, PHONE)
    page = one.page
    page.goto(venue[1]["link"])
    page.locator("button[value^='member:']").tap()
    expect(page.locator("h1")).to_contain_text("城关样例街道党群服务中心")
    assert one.violations(axe) == []
    assert not one.is_wider_than_its_window()
    page.get_by_role("button", name="报到").tap()
    expect(page.locator(".notice.good")).to_contain_text("已报到")
    assert one.violations(axe) == []
    assert check_ins_of(console) == before + 1
    kept = page.evaluate(_KEPT)
    assert kept["kiteline.check-ins"] == "[]"
    assert set(kept) == {"kiteline.check-ins", "kiteline.mark"}


def test_without_a_network_it_is_kept_over_a_reload_and_sent_once(visit, venue, console):
    before = check_ins_of(console)
    one = visit("member", PHONE)
    page = one.open(venue[1]["link"])
    expect(page.locator(_READY)).to_be_attached(timeout=_PATIENCE_MS)
    one.context.set_offline(True)
    # A page that was just loaded anew may not know yet that it has no network.
    page.route("**/check-ins/send", lambda route: route.abort("internetdisconnected"))
    page.get_by_role("button", name="报到").tap()
    expect(page.locator(".told")).to_contain_text("已保存在本机")
    page.reload()
    expect(page.locator("main")).to_contain_text("目前没有网络")
    expect(page.locator(".told:visible")).to_contain_text("已保存在本机")
    assert "王样例" not in page.content()
    assert check_ins_of(console) == before
    page.unroute("**/check-ins/send")
    one.context.set_offline(False)
    expect(page.locator(".notice.good")).to_contain_text("已报到", timeout=_PATIENCE_MS)
    page.reload()
    expect(page.get_by_role("button", name="报到")).to_be_visible()
    assert check_ins_of(console) == before + 1
    assert page.evaluate("localStorage.getItem('kiteline.check-ins')") == "[]"
    one.forgive("ERR_INTERNET_DISCONNECTED")


def test_an_answer_that_is_lost_is_asked_for_again_under_the_same_key(visit, venue, console):
    before = check_ins_of(console)
    one = visit("member", PHONE)
    page = one.open(venue[1]["link"])
    lost = []

    def lose(route):
        route.fetch()
        lost.append(route.request.post_data_json["items"][0]["key"])
        route.abort()

    page.route("**/check-ins/send", lose, times=1)
    page.get_by_role("button", name="报到").tap()
    expect(page.locator(".told")).to_contain_text("已保存在本机")
    page.reload()
    expect(page.locator(".notice.good")).to_contain_text("已报到", timeout=_PATIENCE_MS)
    assert len(lost) == 1
    assert check_ins_of(console) == before + 1
    one.forgive("ERR_FAILED")

    headers = {"X-Form-Token": page.evaluate("document.body.dataset.formToken")}
    bodies: tuple[object, ...] = ({"items": [1]}, {"items": [{"mark": "x"}]}, {}, [])
    for unreadable in bodies:
        assert page.request.post(f"{one.url}/check-ins/send", data=unreadable, headers=headers).status == 422


def test_a_screen_shows_the_number_of_now_to_nobody_signed_in_and_a_scan_brings_it_along(visit, venue, console, axe):
    office = visit("community_worker")
    office.open("/venues")
    office.page.locator(f"#venue-{venue[0]}").get_by_role("link", name="屏幕").first.click()
    office.page.wait_for_url("**/screen/**")
    wall = visit(None)
    page = wall.open(urlsplit(office.page.url).path)
    number = page.locator(".screen-number").inner_text().replace(" ", "")
    address = path_of(read_qr(page.locator(".screen-qr").screenshot()), wall)
    assert address.endswith(f"?n={number}")
    assert wall.violations(axe) == []
    assert wall.page.request.get(f"{wall.url}{urlsplit(page.url).path}x").status == 404

    before = check_ins_of(console)
    one = visit("member", PHONE)
    own = one.open(address)
    expect(own.locator("#number")).to_have_value(number)
    own.locator("#number").fill("000000" if number != "000000" else "111111")
    own.get_by_role("button", name="报到").tap()
    expect(own.locator(".notice.bad")).to_contain_text("动态数字不符")
    own.locator("#number").fill(number)
    own.get_by_role("button", name="报到").tap()
    expect(own.locator(".notice.good")).to_contain_text("已报到")
    assert check_ins_of(console) == before + 1


def test_a_code_that_was_withdrawn_says_what_to_do_and_without_scripts_all_the_same(visit, browser, venue, console):
    worker = console.running.as_role("community_worker", organisation=WORKER, subject="worker:demo")
    code = worker.record(f"/v1/venues/{venue[0]}/codes")
    one = visit("member", PHONE)
    plain = browser.new_context(
        base_url=console.url, java_script_enabled=False, storage_state=one.context.storage_state()
    )
    page = plain.new_page()
    before = check_ins_of(console)
    page.goto(code["link"])
    page.get_by_role("button", name="报到").press("Enter")
    expect(page.locator(".notice.good")).to_contain_text("已报到")
    page.reload()
    assert check_ins_of(console) == before + 1
    worker.record(f"/v1/venues/{venue[0]}/codes/{code['code_id']}/revoke")
    page.goto(code["link"])
    expect(page.locator(".notice.bad")).to_contain_text("请扫描现场的新码")
    expect(page.get_by_role("button", name="报到")).to_have_count(0)
    plain.close()
