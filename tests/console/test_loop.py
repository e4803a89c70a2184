"""The loop: one board whose figures open as many members as they say, and add up to the rosters."""

from __future__ import annotations

import re
from datetime import date

import pytest
from playwright.sync_api import expect

from infra.tokens.principal import Role


def _behind(page):
    """Count the members of the open figure, page after page."""
    seen = []
    while True:
        seen += page.locator("#members tbody a.name").evaluate_all("all => all.map(one => one.getAttribute('href'))")
        following = page.locator("#members a[rel=next]")
        if not following.count():
            return seen
        following.click()
        page.wait_for_url("**cursor=*")


def _figures(page):
    """Return every figure of the board: what it says, and where it leads."""
    links = page.locator(".board a").evaluate_all("all => all.map(one => [one.innerText, one.getAttribute('href')])")
    # A figure of an age names its days before its count.
    return [
        (int(re.findall(r"\d+", text.replace(",", ""))[-1 if "_days" in address else 0]), address)
        for text, address in links
    ]


@pytest.mark.parametrize("side", ["outflow", "inflow"])
def test_every_figure_opens_as_many_members_as_it_says(side, visit):
    one = visit("organisation_department")
    page = one.open(f"/loop?side={side}&region=620621")
    figures = _figures(page)
    assert len(figures) >= 5
    assert any("min_days" in address for _, address in figures)
    for stage in page.locator(".loop-stages > div", has=page.locator(".ages")).all():
        ages = [int(text) for text in stage.locator(".ages strong").all_inner_texts()]
        assert sum(ages) == int(re.sub(r"\D", "", stage.locator(".loop-count").inner_text()))
    for count, address in figures:
        seen = _behind(one.open(address))
        assert len(seen) == len(set(seen)) == count, address


def test_stages_add_up_to_their_view_and_views_to_the_roster(visit, console):
    page = visit("organisation_department").open("/loop?side=outflow&region=620621&as_of=2026-06-30")
    for column in page.locator(".board section").all():
        total = int(re.sub(r"\D", "", column.locator(".loop-total .loop-count").inner_text()))
        parts = [re.sub(r"\D", "", text) for text in column.locator(".loop-stages .loop-count").all_inner_texts()]
        assert total == sum(int(part) for part in parts)
    away = console.running.department.ask("/v1/rosters", region="620621", as_of="2026-06-30", limit=1000)["items"]
    shown = {
        stage: sum(
            count
            for count, address in _figures(page)
            if f"stage={stage}" in address and "overdue" not in address and "_days" not in address
        )
        for stage in ("awaiting_check_in", "checked_in", "settled")
    }
    assert shown == {stage: sum(item["stage"] == stage for item in away) for stage in shown}


def test_a_figure_of_today_leads_to_its_members(visit, window):
    page = visit("organisation_department", window).open("/")
    figure = page.locator("#figures:not([aria-busy]) a").first
    count = int(re.sub(r"\D", "", figure.inner_text()))
    figure.click()
    page.wait_for_url("**/loop?*")
    expect(page.locator("#members-title")).to_be_visible()
    assert len(_behind(page)) == count


def test_how_long_is_told_of_the_day_asked_about(visit, console):
    question = {"region": "620621", "view": "in_transit", "as_of": "2026-06-30", "limit": 50}
    items = console.running.department.ask("/v1/lifecycle/members", **question)["items"]
    page = visit("organisation_department").open("/loop?region=620621&view=in_transit&as_of=2026-06-30")
    shown = [int(re.sub(r"\D", "", text)) for text in page.locator("#members td[data-label=已有]").all_inner_texts()]
    day = date(2026, 6, 30)
    assert shown
    assert shown == [(day - date.fromisoformat(item["since"][:10])).days for item in items]


@pytest.mark.parametrize("role", [Role.BRANCH_SECRETARY, Role.COMMUNITY_WORKER, Role.ORGANISATION_DEPARTMENT])
def test_a_foreign_place_is_not_there(role, visit):
    one = visit(role.value)
    for place in ("region=330110", "organisation=330110"):
        answer = one.page.request.get(f"{one.url}/loop?{place}&view=in_transit")
        assert answer.status == 404, place
