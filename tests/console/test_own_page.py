"""A member's own page on a phone: how they stand in words, card, service, who read their data, what they asked for."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from domain.times import local_day
from tests.console.browsing import PHONE
from tests.console.test_member import AWAY, HOME

PATIENCE_MS = 60_000
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-|liaison:|_[a-z]+_")


@pytest.fixture
def away(console):
    """Somebody settled elsewhere with a card, an hour of service and a liaison, whose phone number was read."""
    department = console.running.department
    today = local_day(console.running.service.now_us)
    days = [(today - timedelta(days=ago)).isoformat() for ago in range(30)]
    member = department.register(HOME, name="欧阳本人", phone="13900000001")
    department.command(member, "depart", days[20], organisation=HOME, destination={"region": AWAY})
    department.command(member, "check-in", days[18], organisation="620102", region=AWAY, channel="WORKER")
    department.command(member, "accept", days[17], organisation="620102")
    department.command(member, "assign-liaison", days[16], organisation="620102", liaison="liaison:somebody")
    department.command(member, "issue-activity-card", days[15], organisation="620102", card_number="LD-2026-0001")
    department.command(member, "record-service", days[10], organisation="620102", kind="COMMUNITY", hours=3)
    department.ask("/v1/rosters", region="620621", limit=1)
    worker = console.running.as_role("community_worker", organisation="620102")
    worker.ask(f"/v1/members/{member}", fields="phone", purpose="电话联系")
    return member


def test_a_member_sees_on_one_page_how_they_stand_and_who_read_their_data(visit, console, away, axe):
    one = visit(None, PHONE)
    one.sign_in_with(console.running.as_role("member", member=away).token)
    page = one.page
    said = page.locator("main").inner_text()
    for words in (
        "您在 兰州市城关区，由当地党组织管理服务",
        "的联络员",
        "LD-2026-0001",
        "社区服务",
        "3 小时",
        "社区工作人员",
        "用途：电话联系",
    ):
        assert words in said
    assert ID.search(said) is None
    assert one.violations(axe) == []
    assert not one.is_wider_than_its_window()
    for other in ("/rosters", "/reads", "/log", "/operating", f"/members/{console.story}"):
        assert page.request.get(f"{one.url}{other}").status in (403, 404), other


def test_what_a_member_asks_about_their_data_is_a_duty_and_the_page_says_what_became_of_it(visit, console, away, axe):
    department = console.running.department
    one = visit(None, PHONE)
    one.sign_in_with(console.running.as_role("member", member=away).token)
    page = one.page
    page.get_by_role("link", name="申请更正").press("Enter")
    form = page.locator("form.command")
    expect(form.get_by_role("radio", name="更正本人信息")).to_be_checked()
    form.get_by_role("button", name="确认记录").press("Enter")
    expect(page.locator("section[aria-labelledby='data-title'] .done")).to_be_visible(timeout=PATIENCE_MS)
    page.goto("/")
    asked = page.locator("#requests li")
    expect(asked).to_contain_text("办理中")
    [duty] = [one for one in department.ask(f"/v1/members/{away}")["duties"] if one["kind"] == "personal_data_request"]
    due = [int(part) for part in duty["due_on"].split("-")]
    expect(asked).to_contain_text(f"{due[0]}年{due[1]}月{due[2]}日 前答复")
    assert one.violations(axe) == []

    today = local_day(console.running.service.now_us).isoformat()
    event = duty["duty_id"].rpartition(".")[2]
    department.command(away, "complete-personal-data-request", today, event_id=event, organisation=HOME)

    expect(asked).to_contain_text("已办结", timeout=PATIENCE_MS)
