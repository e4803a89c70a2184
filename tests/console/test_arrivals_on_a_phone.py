"""A worker's phone: somebody is checked in by name and number, without a network too, and nobody's data stays on it."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from domain.times import local_day
from tests.console.browsing import PHONE
from tests.running_service import synthetic_identity_number

WORKER = "620102"
_PATIENCE_MS = 60_000
_READY = "[data-check-in][data-ready]"
_ALL_KEPT = """
async () => {
  const kept = [JSON.stringify(localStorage)];
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const one of await cache.keys()) kept.push(one.url, await (await cache.match(one)).text());
  }
  return kept.join("\\n");
}
"""


@pytest.fixture(scope="module")
def venue(console):
    """A venue of 城关."""
    worker = console.running.as_role("community_worker", organisation=WORKER, subject="worker:demo")
    return worker.record("/v1/venues", name="城关样例社区报到点", region=WORKER, kind="STATION")["stream"]


@pytest.fixture
def expected(console):
    """Somebody of 民勤 who is expected in 城关 from today on: their name, number and id."""
    department, number = console.running.department, synthetic_identity_number()
    day = local_day(console.running.service.now_us).isoformat()
    member = department.register("620621-02-01", name="欧阳样例", identity_number=number)
    department.command(member, "depart", day, organisation="620621-02-01", destination={"region": WORKER})
    department.ask("/v1/rosters", region=WORKER, side="inflow", limit=1)
    return "欧阳样例", number, member


def check_ins_of(console, member):
    """Count somebody's check-ins."""
    items = console.running.department.ask(f"/v1/members/{member}/history")["items"]
    return sum(item["type"] == "checked_in" for item in items)


def enter(page, venue, name, number):
    """Fill the form in and send it, by the keyboard alone."""
    page.locator("#venue").select_option(venue)
    page.locator("#name").fill(name)
    page.locator("#identity_number").fill(number)
    page.locator("#identity_number").press("Enter")


def test_somebody_is_checked_in_by_name_and_number(visit, window, venue, expected, console):
    name, number, member = expected
    one = visit("community_worker", window)
    page = one.open("/check-ins")
    expect(page.locator(f"#arrivals a[href='/members/{member}']")).to_have_text("欧**例")
    enter(page, venue, "欧阳错字", number)
    expect(page.locator(".told .bad")).to_contain_text("没有报到成功")
    enter(page, venue, name, number)
    expect(page.locator(".told .good")).to_contain_text("已报到 · 欧**例")
    assert check_ins_of(console, member) == 1
    assert page.evaluate("localStorage.getItem('kiteline.check-ins')") == "[]"
    assert not one.is_wider_than_its_window()


def test_without_a_network_it_is_kept_sealed_sent_once_and_nothing_is_left_when_the_worker_leaves(
    visit, venue, expected, console
):
    name, number, member = expected
    one = visit("community_worker", PHONE)
    page = one.open("/check-ins")
    expect(page.locator(_READY)).to_be_attached(timeout=_PATIENCE_MS)
    one.context.set_offline(True)
    page.reload()
    expect(page.locator("main")).to_contain_text("目前没有网络")
    expect(page.locator("#arrivals")).to_contain_text("欧**例")
    enter(page, venue, name, number)
    expect(page.locator(".told")).to_contain_text("已保存在本机")
    expect(page.locator(".queue li")).to_have_text(["欧**例"])
    page.reload()
    expect(page.locator(".queue li")).to_have_text(["欧**例"])
    kept = page.evaluate(_ALL_KEPT)
    assert name not in kept
    assert number not in kept
    assert "钱样例" not in kept
    assert check_ins_of(console, member) == 0

    one.context.set_offline(False)
    expect(page.locator(".told .good")).to_contain_text("已报到 · 欧**例", timeout=_PATIENCE_MS)
    expect(page.locator(".queue")).to_be_hidden()
    one.open("/check-ins")
    expect(page.locator(f"#arrivals a[href='/members/{member}']")).to_be_visible()
    assert check_ins_of(console, member) == 1

    page.get_by_role("button", name="菜单").click()
    page.get_by_role("button", name="退出").click()
    page.wait_for_url("**/sign-in?left=true")
    assert "欧**例" not in page.evaluate(_ALL_KEPT)
    one.context.set_offline(True)
    page.goto("/check-ins")
    expect(page.locator("main")).to_contain_text("第一次使用需要网络")
    expect(page.locator("form")).to_have_count(0)
    one.forgive("ERR_INTERNET_DISCONNECTED")


def test_what_one_person_kept_is_sent_by_nobody_else(visit, venue, expected, console):
    name, number, member = expected
    one = visit("community_worker", PHONE)
    page = one.open("/check-ins")
    page.route("**/check-ins/send", lambda route: route.abort())
    enter(page, venue, name, number)
    expect(page.locator(".told")).to_contain_text("已保存在本机")
    one.sign_in("branch_secretary")
    page.unroute("**/check-ins/send")
    one.open("/check-ins")
    expect(page.locator(_READY)).to_be_attached(timeout=_PATIENCE_MS)
    expect(page.locator(".queue")).to_be_hidden()
    assert check_ins_of(console, member) == 0

    one.sign_in("community_worker")
    one.open("/check-ins")
    expect(page.locator(".told .good")).to_contain_text("已报到 · 欧**例", timeout=_PATIENCE_MS)
    assert check_ins_of(console, member) == 1
    one.forgive("ERR_FAILED")
