"""Rosters: filters live in the address, pages go on without a gap, the file holds what is seen and is recorded."""

from __future__ import annotations

import io

import pytest
from playwright.sync_api import expect
from python_calamine import CalamineWorkbook

from infra.tokens.principal import Role


def test_filters_live_in_the_address(visit, window):
    one = visit("organisation_department", window)
    page = one.open("/rosters")
    page.locator("#stage").select_option(label="已接收")
    page.get_by_label("只看逾期").check()
    page.get_by_role("button", name="查看").click()

    page.wait_for_url("**/rosters?side=outflow&*stage=settled&*overdue=1*")
    stages = page.locator("td[data-label=环节] .tag:not(.bad)").all_inner_texts()
    assert stages
    assert set(stages) == {"已接收"}
    page.emulate_media(media="print")
    assert page.locator("#roster thead").is_visible()
    assert {"table-row"} == set(
        page.locator("#roster tbody tr").evaluate_all("all => all.map(one => getComputedStyle(one).display)")
    )
    assert not page.locator(".filter-form").is_visible()
    page.emulate_media(media="screen")
    again = one.open(page.url.removeprefix(one.url))
    assert again.locator("#stage").input_value() == "settled"


def test_pages_go_on_until_everybody_was_seen_once(visit, console):
    page = visit("organisation_department").open("/rosters?region=620621")
    seen = []
    while True:
        seen += page.locator("#roster tbody a.name").evaluate_all("all => all.map(one => one.getAttribute('href'))")
        following = page.get_by_role("link", name="下一页")
        if not following.count():
            break
        address = following.get_attribute("href")
        following.click()
        page.wait_for_url(f"**{address}")
    answer = console.running.department.ask("/v1/rosters", region="620621", limit=1000)
    assert len(seen) > 50
    assert seen == [f"/members/{item['member_id']}" for item in answer["items"]]


@pytest.mark.parametrize(("order", "name"), [("since", "停留最久在前"), ("last_contact_at", "最久未联系在前")])
def test_an_order_goes_on_beyond_one_page(order, name, visit, console):
    page = visit("organisation_department").open("/rosters?region=620621&column=since&column=last_contact_at")
    page.locator("#sort").select_option(label=name)
    page.get_by_role("button", name="查看").click()
    page.wait_for_url(f"**sort={order}**")
    assert page.locator("th[aria-sort=ascending]").count() == 1
    seen = []
    while True:
        rows = page.locator("#roster tbody tr")
        seen += rows.locator("a.name").evaluate_all("all => all.map(one => one.getAttribute('href').slice(9))")
        following = page.locator("#roster a[rel=next]")
        if not following.count():
            break
        address = following.get_attribute("href")
        following.click()
        page.wait_for_url(f"**{address}")
    items = console.running.department.ask("/v1/rosters", region="620621", limit=1000)["items"]
    told = {item["member_id"]: item[order] or "" for item in items}
    assert len(seen) > 50
    assert sorted(seen) == sorted(told)
    assert [told[member] for member in seen] == sorted(told.values())


def test_a_past_day_as_known_on_another(visit, console):
    page = visit("organisation_department").open("/rosters?region=620621&as_of=2026-06-30&known_at=2026-07-01")
    answer = console.running.department.ask(
        "/v1/rosters", region="620621", as_of="2026-06-30", known_at="2026-07-01", limit=50
    )
    shown = page.locator("#roster tbody a.name").evaluate_all("all => all.map(one => one.getAttribute('href'))")
    assert shown == [f"/members/{item['member_id']}" for item in answer["items"]]
    expect(page.locator("#roster-caption")).to_contain_text("按 2026年7月1日 所知")


def test_the_file_holds_what_is_seen_and_its_taking_is_recorded(visit, console):
    one = visit("organisation_department")
    page = one.open("/rosters?region=620621&stage=awaiting_check_in&column=stage&column=region&column=since")
    heads = page.locator("#roster thead th").all_inner_texts()
    seen = [row.split("\n") for row in page.locator("#roster tbody tr").all_inner_texts()]
    with page.expect_download() as waiting:
        page.get_by_role("link", name="导出表格").click()
    file = waiting.value.path().read_bytes()

    rows = CalamineWorkbook.from_filelike(io.BytesIO(file)).get_sheet_by_index(0).to_python()
    assert "department:demo" in "".join(str(cell) for cell in rows[0])
    body = rows[-len(seen) :]
    assert [head for row in rows for head in row if head][1:5] == ["姓名（隐名）", *heads[1:]]
    assert [[str(cell) for cell in row[:4]] for row in body] == [
        [cell for cell in "\t".join(one).split("\t") if cell] for one in seen
    ]
    taken = console.running.department.ask("/v1/exports", limit=1)["items"][0]
    assert (taken["reader"], taken["rows"]) == ("department:demo", len(seen))


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.AUDITOR and role is not Role.OPERATOR])
def test_a_foreign_place_is_not_there(role, visit):
    one = visit(role.value)
    for place in ("region=330110", "organisation=330110"):
        answer = one.page.request.get(f"{one.url}/rosters?{place}")
        assert answer.status == (403 if role is Role.MEMBER else 404), place
        assert "data-label" not in answer.text()
