"""Pages with ten thousand rows, long names and nobody, on a phone and on a desk."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.console.browsing import PHONE, Window
from tests.console.crowd import under_way
from tests.console.states import CROWDED, NOBODY, PRINTED

_PATIENCE_MS = 60_000
_BYTES = 150_000
_BYTES_WITH_CHARTS = 600_000
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
            if language == "en":  # in Chinese it looks at them on a desk, below
                found += [f"{where}: {violation}" for violation in one.violations(axe)]
    assert found == []


@pytest.mark.parametrize("who", [*CROWDED, *NOBODY])
def test_a_crowd_long_names_and_nobody_hold_the_rules_on_a_desk(who, guest, crowd, axe):
    one = guest(who)
    found = []
    for path in (CROWDED | NOBODY)[who]:
        one.open(path.format(**vars(crowd)))
        if one.is_wider_than_its_window():
            found.append(f"{path}: wider than its window")
        found += [f"{path}: {violation}" for violation in one.violations(axe)]
    assert found == []


def test_figures_are_read_without_charts(guest):
    one = guest("department")
    one.page.route("**/echarts.js", lambda route: route.abort())
    page = one.open("/flows")
    assert page.locator("table").count() >= 2
    expect(page.locator("table").first).to_contain_text("3,29")
    expect(page.get_by_role("button", name="复制表格").first).to_be_visible()
    one.forgive("ERR_FAILED")


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


def test_days_of_duties_stand_below_each_other_however_wide_the_buttons_are(visit):
    page = visit("organisation_department").open("/duties")
    starts = page.locator(".duty-due").evaluate_all("all => all.map(one => Math.round(one.getBoundingClientRect().x))")
    widths = page.locator(".duty-do").evaluate_all("all => all.map(one => one.querySelector('.button').offsetWidth)")
    assert len(set(widths)) > 1
    assert len(set(starts)) == 1


def test_months_owed_are_at_least_so_many_where_the_list_goes_on(guest):
    one = guest("secretary")
    for path in ("/", "/duties"):
        expect(one.open(path).locator(".duty-kind small").first).to_contain_text("至少欠")


def test_whoever_looks_after_more_than_one_office_is_not_told_that_nothing_is_owed(guest, visit):
    page = visit("auditor").open("/")
    expect(page.locator("#duties")).to_contain_text("请先选择一个组织")
    expect(page.locator("#duties")).not_to_contain_text("今天没有待办")
    expect(guest("newcomer").open("/duties").locator("#duties")).to_contain_text("现在没有待办")
    expect(guest("auditor").open("/reads").locator("main")).to_contain_text("还没有人查阅过个人信息")


def test_no_table_is_cut_on_paper(guest, crowd):
    for who, address in PRINTED:
        one = guest(who, Window("paper", 1009, 700), "en")
        page = one.open(address.format(**vars(crowd)))
        page.emulate_media(media="print")
        wide = page.locator("table").evaluate_all("all => all.map(one => one.getBoundingClientRect().right)")
        assert max(wide, default=0) <= 1009, address


def test_of_ten_thousand_today_shows_who_is_due_first_and_plain_links_lead_to_all_the_others(guest, crowd):
    one = guest("secretary")
    token = {"Authorization": f"Bearer {crowd.tokens['secretary']}"}
    due_first = one.page.request.get("/v1/worklist?limit=40", headers=token).json()["items"]
    page = one.open("/")

    lines = page.locator("#duties li.duty")
    standing = set(lines.locator("a.name").evaluate_all("all => all.map(one => one.getAttribute('href'))"))
    assert {f"/members/{duty['member_id']}" for duty in due_first} <= standing
    expect(page.locator("#duties > .card-head .quiet")).to_contain_text(f"先到期的 {lines.count()} 项")

    links = page.locator("#duties section.group > h3 a").evaluate_all("all => all.map(one => one.getAttribute('href'))")
    assert len(links) == page.locator("#duties section.group").count() > 0
    followed = set()
    for href in [*links, "/duties"]:
        answer = one.page.request.get(href).text()
        assert 'class="duty' in answer
        following = re.search(r'rel="next" href="([^"]+)"', answer)
        assert following is not None
        more = one.page.request.get(following[1].replace("&amp;", "&")).text()
        followed |= set(re.findall(r'class="name" href="([^"]+)"', more))
    assert followed - standing


def bytes_of(one):
    """Return a list to which what the browser receives is added, in bytes on the wire; nothing comes from its cache."""
    session = one.context.new_cdp_session(one.page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    received = []
    session.on("Network.loadingFinished", lambda told: received.append(told["encodedDataLength"]))
    return received
