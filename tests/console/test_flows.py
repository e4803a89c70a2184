"""Flows and figures: charts with their tables, copied as they stand, and from every figure to the members behind it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from api.console.flows import PAGE
from api.console.loop import PAGE as LOOP
from api.console.rosters import PAGE as ROSTERS
from tests.console.browsing import DESK, PHONE

_LINKS = "all => all.map(one => [one.innerText, one.getAttribute('href')])"
_BLANK = """
all => all.filter(one => !one.getContext("2d").getImageData(0, 0, one.width, one.height).data.some(v => v)).length
"""
_DRAWN = """
all => Object.fromEntries(all.map(one => [one.dataset.chart, echarts.getInstanceByDom(one).getOption().series.map(
    series => [series.name, series.links ? series.links.map(link => link.value) : series.data])]))
"""
WITH_CHARTS, WITHOUT = 600_000, 150_000


def _number(text):
    return int(re.sub(r"\D", "", text))


def _behind(page):
    """Count the rows behind a figure, page after page."""
    seen = 0
    while True:
        seen += page.locator("#members tbody tr").count()
        following = page.locator("#members a[rel=next]")
        if not following.count():
            return seen
        following.click()
        page.wait_for_url("**cursor=*")


def _rows(page, table):
    """Return a table as it is seen."""
    rows = page.locator(f"#{table} tr").evaluate_all(
        "all => all.map(row => [...row.cells].map(cell => cell.innerText.trim()))"
    )
    return [[cell.replace(",", "") for cell in row] for row in rows]


@pytest.mark.parametrize("measure", ["under_way", "arrived"])
def test_every_figure_of_the_matrix_leads_to_as_many_members_and_adds_up(measure, visit):
    one = visit("organisation_department")
    page = one.open(f"/flows?level=province&month=2026-06&measure={measure}")
    head, *body, foot = _rows(page, "flow-table")
    figures = [[int(cell) for cell in row[1:]] for row in (*body, foot)]
    assert len(head) > 3
    assert all(sum(row[:-1]) == row[-1] for row in figures)
    assert [sum(column) for column in zip(*figures[:-1], strict=True)] == figures[-1]
    links = page.locator("#flow-table a").evaluate_all(
        "all => all.map(one => [one.innerText, one.getAttribute('href')])"
    )
    assert len(links) > 6
    for text, address in links:
        assert _behind(one.open(address)) == _number(text), address


def test_places_stand_in_the_order_of_their_codes_at_every_level(visit, console):
    one = visit("organisation_department")
    for level in ("province", "city", "county"):
        page = one.open(f"/flows?level={level}&month=2026-06")
        links = page.locator("#flow-table a[href*='origin='][href*='destination=']")
        places = links.evaluate_all(
            """all => all.map(one => new URL(one.href).searchParams)
                         .map(one => [one.get("origin"), one.get("destination")])"""
        )
        told = console.running.department.ask("/v1/flows", level=level, month="2026-06", limit=1000)["items"]
        assert places == sorted(places)
        shown = {tuple(pair) for pair in places}
        assert shown <= {(item["origin"], item["destination"]) for item in told}
        assert page.locator("th, td", has_text="名次").count() == 0


def test_charts_are_drawn_and_their_tables_say_the_moment_and_are_copied(visit, window):
    one = visit("organisation_department", window)
    one.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = one.open("/flows?month=2026-06")
    expect(page.locator(".chart canvas")).to_have_count(4)
    assert page.locator(".chart canvas").evaluate_all(_BLANK) == 0
    drawn = page.locator("[data-chart]").evaluate_all(_DRAWN)
    for kind, table in (("months", "months-table"), ("scope", "scope-table"), ("category", "category-table")):
        heads, *rows = _rows(page, table)
        for name, data in drawn[kind]:
            assert data == [int(row[heads.index(name)]) for row in rows if row[0] != "合计"], (kind, name)
    ((_, links),) = drawn["flow"]
    assert sum(links) == int(_rows(page, "flow-table")[-1][-1])
    page.emulate_media(media="print")
    chart, table = (page.locator(one).first.bounding_box() for one in (".chart canvas", "#flow-table"))
    assert chart["y"] + chart["height"] <= table["y"]
    assert not page.locator("#choose").is_visible()
    page.emulate_media(media="screen")
    for place in page.locator(".moment").all():
        assert re.search(r"截至2026年6月末，按现在所知，日志第 [\d,]+ 条", place.inner_text())
    for table in ("flow-table", "months-table", "scope-table", "category-table"):
        button = page.locator(f"[data-copy={table}]")
        button.focus()
        page.keyboard.press("Enter")
        expect(button).to_have_text("已复制，可粘贴到电子表格")
        *copied, moment = page.evaluate("navigator.clipboard.readText()").split("\n")
        assert [row.split("\t") for row in copied] == _rows(page, table)
        assert "日志第" in moment
        group = page.locator(".table", has=page.locator(f"#{table}"))
        group.focus()
        assert group.evaluate("one => one === document.activeElement")


def test_the_months_are_slid_through_by_the_keyboard(visit, console):
    page = visit("organisation_department").open("/flows?month=2026-06")
    slide = page.get_by_label("拖动选择月份")
    slide.focus()
    page.keyboard.press("ArrowLeft")
    page.wait_for_url("**month=2026-05&**")
    expect(page.locator("#flow-title")).to_contain_text("2026年5月")
    assert slide.get_attribute("aria-valuetext") == "2026年5月"
    told = console.running.department.ask("/v1/statistics/months", region="620000", until="2026-05", months=12)["items"]
    body = _rows(page, "months-table")[1:]
    assert [row[:4] for row in body] == [
        [item["month"], *(str(item["totals"][side]["count"]) for side in ("affiliated", "outflow", "inflow"))]
        for item in told
    ]
    scope = told[-1]["totals"]["outflow"]["by_scope"]
    assert [int(row[1]) for row in _rows(page, "scope-table")[1:-1]] == [
        scope.get(one, 0) for one in ("IN_CITY", "IN_PROVINCE", "ACROSS_PROVINCES", "ABROAD", "UNKNOWN")
    ]
    expect(page.locator(".chart canvas")).to_have_count(4)


@pytest.mark.parametrize("role", ["branch_secretary", "liaison"])
def test_who_looks_after_a_branch_is_led_on_and_gets_no_filters_for_nothing(role, visit, window):
    one = visit(role, window)
    page = one.open("/flows")
    expect(page.locator("#figures")).to_contain_text("流向按区划统计")
    expect(page.locator("main form")).to_have_count(0)
    page.get_by_role("link", name="看名册").click()
    page.wait_for_url("**/rosters")


def test_what_is_published_withholds_what_is_small_and_opens_nobody(visit):
    page = visit("organisation_department").open("/flows?level=county&month=2026-06&public=1")
    assert "隐去" in page.locator("#flow-table").inner_text()
    assert page.locator("#figures table a").count() == 0
    figures = [cell for row in _rows(page, "flow-table")[1:] for cell in row if cell.isdecimal()]
    assert not [cell for cell in figures if 0 < int(cell) < 5]


def test_figures_as_known_earlier_say_so_and_still_lead_to_as_many(visit, console):
    one = visit("auditor")
    page = one.open("/flows?month=2026-06&known_at=2026-07-01")
    expect(page.locator(".moment").first).to_contain_text("按 2026年7月1日 所知")
    earlier = console.running.latest // 2
    page = one.open(f"/flows?month=2026-06&known_at={earlier}")
    expect(page.locator(".moment").first).to_contain_text(f"按日志第 {earlier:,} 条")
    links = page.locator("#flow-table td a").evaluate_all(_LINKS)
    assert links
    for text, address in links[:3]:
        assert f"known_at={earlier}" in address
        assert _behind(one.open(address)) == _number(text)


def test_all_is_there_without_scripts(browser, visit):
    one = visit("organisation_department")
    plain = browser.new_context(base_url=one.url, java_script_enabled=False, storage_state=one.context.storage_state())
    page = plain.new_page()
    page.goto("/flows")
    page.locator("#month").select_option("2026-06")
    page.locator("#level").select_option("city")
    page.get_by_role("button", name="查看").click()
    page.wait_for_url("**month=2026-06&level=city&**")
    assert page.locator("#flow-table tbody tr").count() > 1
    assert not page.locator(".chart").first.is_visible()
    figure = page.locator("#flow-table td a").first
    count = _number(figure.inner_text())
    figure.click()
    assert _behind(page) == count
    plain.close()


@pytest.mark.parametrize("window", [DESK, PHONE], ids=lambda window: window.name)
def test_a_first_view_takes_no_more_than_it_may(visit, window):
    sizes = {}
    for path in (PAGE.path, ROSTERS.path, LOOP.path, "/"):
        one = visit("organisation_department", window)
        received: list[int] = []
        session = one.context.new_cdp_session(one.page)
        session.send("Network.enable")
        session.send("Network.setCacheDisabled", {"cacheDisabled": True})
        session.on("Network.loadingFinished", lambda told, kept=received: kept.append(told["encodedDataLength"]))
        one.open(path)
        one.page.wait_for_function("() => document.readyState === 'complete'")
        sizes[path] = sum(received)
        one.close()
    assert 300_000 < sizes[PAGE.path] < WITH_CHARTS  # the charts are among what was counted
    assert all(size < WITHOUT for path, size in sizes.items() if path != PAGE.path), sizes
