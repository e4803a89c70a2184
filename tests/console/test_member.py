"""A member's page in a real browser: how they stand on two clocks, what can be done, what was put right, the proof."""

from __future__ import annotations

import base64
import json
import re
from datetime import timedelta
from functools import partial

import pytest

from api.console.possible_commands import SUBJECTS
from domain.member.commands import COMMANDS
from domain.member.possible import of_the_member
from domain.times import local_day

HOME = "620621-01-01"
AWAY = "620102"
WHY = "扫错了人"


@pytest.fixture(scope="module")
def days(console):
    """Return a day so many days ago."""
    today = local_day(console.running.service.now_us)
    return lambda ago: (today - timedelta(days=ago)).isoformat()


@pytest.fixture
def moved(console, days):
    """Somebody who left, was checked in by mistake and for good, and whose departure was dated wrongly."""
    department = console.running.department
    member = department.register(HOME, name="欧阳测试甲", phone="13900000000")
    department.command(member, "report-departure", days(60), organisation=HOME, destination={"region": AWAY})
    left = department.command(member, "depart", days(50), organisation=HOME)
    wrong = department.command(member, "check-in", days(45), region="620103", channel="WORKER")
    department.command(member, "void-event", days(44), event_id=_event(wrong), reason=WHY)
    department.command(
        member, "correct-event", days(43), event_id=_event(left), changes={"occurred_at": days(48)}, reason="日期有误"
    )
    department.command(member, "check-in", days(40), region=AWAY, channel="CODE")
    return member, left, wrong


def _event(answer):
    return answer["events"][0]["event_id"]


def test_what_was_voided_or_corrected_stands_struck_through_and_says_by_what(visit, window, moved):
    member, left, wrong = moved
    page = visit("branch_secretary", window).open(f"/members/{member}")
    voided = page.locator(f"#event-{_event(wrong)}")
    assert voided.locator("h3 del").inner_text() == "报到"
    assert "已作废" in voided.inner_text()
    corrected = page.locator(f"#event-{_event(left)}")
    assert corrected.locator("del").count() == 1
    assert corrected.locator("ins").count() == 1
    corrected.get_by_role("link", name="作废或更正的记录").click()
    by = page.locator(":target")
    assert by.locator("del").inner_text() != by.locator("ins").inner_text()
    stands = page.locator("#state")
    assert "已报到待接收" in stands.inner_text()
    assert "兰州市城关区" in stands.inner_text()


def test_both_clocks_move_and_stand_in_the_address(visit, window, moved, days):
    member, _, wrong = moved
    one = visit("branch_secretary", window)
    page = one.open(f"/members/{member}")
    page.get_by_label("那一天的实情").fill(days(46))
    page.get_by_role("button", name="查看", exact=True).click()
    page.wait_for_url(f"**as_of={days(46)}*")
    assert "待报到" in page.locator("#state").inner_text()
    assert page.locator("#commands").count() == 0
    assert page.locator(f"#event-{_event(wrong)}").count() == 0

    page = one.open(f"/members/{member}")
    checked_in = page.locator(f"#event-{_event(wrong)}")
    checked_in.get_by_text("当时情况与证明").click()
    checked_in.get_by_role("link", name="查看记录到此为止时的所知").click()
    page.wait_for_url(f"**known_at={wrong['position']}")
    assert page.locator(f"#event-{_event(wrong)} del").count() == 0  # nobody knew of the mistake yet
    assert "兰州市七里河区" in page.locator("#state").inner_text()
    page.get_by_role("link", name="回到现在").first.click()
    page.wait_for_url(re.compile(rf"/members/{member}$"))
    assert "兰州市城关区" in page.locator("#state").inner_text()


def test_personal_data_is_masked_until_somebody_says_what_for_and_the_member_sees_who_read_it(
    visit, window, moved, axe
):
    member, _, _ = moved
    one = visit("branch_secretary", window)
    page = one.open(f"/members/{member}")
    assert "欧阳测试甲" not in page.content()
    assert "13900000000" not in page.content()
    form = page.locator("#personal form")
    form.get_by_text("各条记录的文字说明").or_(form.get_by_text("记录的文字说明")).first.click()
    form.get_by_role("button").last.click()
    assert page.locator("#personal .revealed").count() == 0  # the browser asks for the purpose first
    form.get_by_label("用途").fill("核对本月联系")
    form.get_by_role("button", name="显示并记录这次查看").click()
    shown = page.locator("#personal .revealed")
    shown.wait_for()
    assert "欧阳测试甲" in shown.inner_text()
    assert WHY in page.locator("#personal").inner_text()
    assert one.violations(axe) == []
    page.get_by_role("link", name="谁看过个人信息").click()
    page.get_by_role("heading", name="谁看过个人信息").wait_for()
    row = page.locator("tbody tr").first.inner_text()
    assert "核对本月联系" in row
    assert "姓名" in row
    assert one.violations(axe) == []
    assert not one.is_wider_than_its_window()


def test_what_is_owed_is_finished_with_two_clicks_and_the_page_says_so(visit, window, console, days):
    department = console.running.department
    member = department.register(HOME, name="测试乙")
    department.command(member, "report-departure", days(3), organisation=HOME, destination={"unknown": True})
    page = visit("branch_secretary", window).open(f"/members/{member}")
    page.locator("#next").get_by_role("link", name="行前谈话", exact=True).click()
    page.locator("#next form.command").get_by_role("button", name="确认记录").click()
    page.locator("#next .done").wait_for()
    page.locator("#timeline h3", has_text="行前谈话").wait_for()
    held = department.ask(f"/v1/members/{member}/history")["items"]
    assert [one["type"] for one in held].count("pre_departure_talk_held") == 1


def test_a_command_is_given_by_the_keyboard_alone_and_a_refusal_is_said_beside_its_field(visit, console):
    department = console.running.department
    member = department.register(HOME, name="测试丙")
    page = visit("branch_secretary").open(f"/members/{member}")
    refused = page.locator("#commands details.rest")
    refused.locator("summary").focus()
    page.keyboard.press("Enter")
    assert "没有进行中的流动" in refused.inner_text()
    page.locator("#commands").get_by_role("link", name="外出报备").focus()
    page.keyboard.press("Enter")
    form = page.locator("#commands form.command")
    form.wait_for()
    form.locator("input[name='destination.region']").fill("999999")
    form.get_by_role("button", name="确认记录").focus()
    page.keyboard.press("Enter")
    fault = form.locator(".fault")
    fault.wait_for()
    assert len(fault.inner_text()) > 4
    form.locator("input[name='destination.region']").fill(f"兰州市城关区 {AWAY}")
    form.get_by_role("button", name="确认记录").focus()
    page.keyboard.press("Enter")
    page.locator("#commands .done").wait_for()
    assert department.ask(f"/v1/members/{member}")["movement"]["stage"] == "reported"


def test_an_event_is_corrected_in_the_form_that_made_it(visit, window, console, days):
    department = console.running.department
    member = department.register(HOME, name="测试戊")
    made = department.command(member, "record-contact", days(9), channel="PHONE", points=["WHERE"])
    page = visit("branch_secretary", window).open(f"/members/{member}")
    event = page.locator(f"#event-{_event(made)}")
    event.get_by_text("当时情况与证明").click()
    event.get_by_role("link", name="更正这条").click()
    form = event.locator("form.command")
    form.get_by_role("button", name="确认记录").click()
    form.get_by_text("没有改动任何一项").wait_for()
    form.get_by_text("走访").click()
    form.get_by_label("更正原因").fill("选错了方式")
    form.get_by_role("button", name="确认记录").click()
    event.locator("ins", has_text="走访").wait_for()
    assert event.locator("del").inner_text() == "电话"
    (contact,) = [
        one for one in department.ask(f"/v1/members/{member}/history")["items"] if one["type"] == "contact_made"
    ]
    assert contact["data"] == {"channel": "VISIT", "points": ["WHERE"]}


def test_the_browser_proves_an_event_and_sees_through_what_was_altered(visit, window, moved, axe):
    member, left, _ = moved
    one = visit("auditor", window)
    page = one.open(f"/members/{member}")
    event = page.locator(f"#event-{_event(left)}")
    event.get_by_text("当时情况与证明").click()
    event.get_by_role("button", name="核对证明").click()
    event.locator(".proof.holds").wait_for()
    assert event.locator(".proof li").count() == 6
    assert event.locator(".proof li.no").count() == 0
    assert event.locator(".proof li.open").inner_text() == "没有见证方的联署，也没有配置见证方"
    assert one.violations(axe) == []

    for number, alter in enumerate((_another_leaf, _another_root, _another_hash)):
        page.route("**/proof/*", partial(_altered, alter))
        event.get_by_role("button", name="核对证明").click()
        event.locator(".proof.fails").wait_for()
        assert event.locator(".proof li.no").count() > 0, number
        page.unroute("**/proof/*")
        event.get_by_role("button", name="核对证明").click()
        event.locator(".proof.holds").wait_for()


def _altered(alter, route):
    told = route.fetch().json()
    alter(told)
    route.fulfill(json=told)


def _another_leaf(told):
    leaf = json.loads(base64.b64decode(told["leaf"]))
    leaf["data"]["actor"] = "somebody-else"
    told["leaf"] = base64.b64encode(json.dumps(leaf, separators=(",", ":")).encode()).decode()


def _another_root(told):
    lines = told["checkpoint"].split("\n")
    lines[2] = base64.b64encode(bytes(32)).decode()
    told["checkpoint"] = "\n".join(lines)


def _another_hash(told):
    told["hashes"][0] = base64.b64encode(bytes(32)).decode()


def test_a_long_history_is_paged_from_the_last_to_the_first_without_a_gap(visit, console, days):
    department = console.running.department
    member = department.register(HOME, name="测试丁")
    for ago in range(70, 0, -1):
        department.command(member, "record-contact", days(ago), channel="PHONE")
    page = visit("branch_secretary").open(f"/members/{member}")
    seen = []
    while True:
        seen += page.locator(".event").evaluate_all("all => all.map(one => one.id.slice(6))")
        older = page.get_by_role("link", name="更早的记录")
        if not older.count():
            break
        address = page.url
        older.click()
        page.wait_for_url(lambda url, address=address: url != address)
    told = [one["event_id"] for one in department.ask(f"/v1/members/{member}/history", limit=1000)["items"]]
    assert seen == told[::-1]
    page.get_by_role("link", name="最近的记录").click()
    page.wait_for_url(re.compile(rf"/members/{member}#timeline$"))


def test_every_command_about_a_member_is_offered_under_one_subject():
    listed = [verb for verbs in SUBJECTS.values() for verb in verbs]
    assert len(listed) == len(set(listed))
    answers = {"complete-personal-data-request", "refuse-personal-data-request"}
    assert set(listed) == {verb for verb in COMMANDS if of_the_member(verb)} - answers
