"""Today: a duty is finished in two clicks or by the keyboard, a refusal says why, and what is new comes by itself."""

from __future__ import annotations

import time
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import expect

from domain.times import local_day

WORKER = "620102"
_PATIENCE_SECONDS = 60


@pytest.fixture
def arrived(console):
    """Somebody who checked in at 城关 today, and waits for an answer there."""

    def arrive():
        department = console.running.department
        day = local_day(console.running.service.now_us).isoformat()
        member = department.register("620621-02-01", name="测试报到")
        department.command(member, "depart", day, organisation="620621-02-01", destination={"region": "620102"})
        department.command(member, "check-in", day, organisation=WORKER, region="620102", channel="WORKER")
        department.ask("/v1/worklist", organisation=WORKER)
        return member

    return arrive


def line_of(page, member):
    return page.locator("li.duty").filter(has=page.locator(f"a.name[href='/members/{member}']")).first


def test_an_arrival_is_accepted_in_two_clicks(visit, window, arrived, console):
    member = arrived()
    page = visit("community_worker", window).open("/duties?kind=answer_check_in")
    line = line_of(page, member)
    expect(line).to_contain_text("测**到")

    line.get_by_role("link", name="接收纳管").click()
    line.get_by_role("button", name="确认记录").click()

    expect(line.locator(".done")).to_contain_text("已记录：接收纳管")
    state = console.running.department.ask(f"/v1/members/{member}")
    assert (state["movement"]["stage"], state["responsible"]) == ("settled", WORKER)


def test_the_keyboard_alone_finishes_a_duty(visit, arrived, console):
    member = arrived()
    page = visit("community_worker").open("/duties?kind=answer_check_in")
    line = line_of(page, member)

    line.get_by_role("link", name="接收纳管").focus()
    page.keyboard.press("Enter")
    expect(line.locator("form.command h3")).to_be_focused()
    page.keyboard.press("Escape")
    expect(line.locator("form.command")).to_have_count(0)
    expect(line.get_by_role("link", name="接收纳管")).to_be_focused()
    page.keyboard.press("Enter")
    expect(line.locator("form.command h3")).to_be_focused()
    for _ in range(8):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.type") == "submit":
            break
    page.keyboard.press("Enter")

    expect(line.locator(".done")).to_be_focused()
    assert console.running.department.ask(f"/v1/members/{member}")["movement"]["stage"] == "settled"


def test_a_refusal_is_said_in_the_form_and_nothing_is_recorded(visit, arrived, console):
    member = arrived()
    page = visit("community_worker").open("/duties?kind=answer_check_in")
    line = line_of(page, member)
    line.get_by_role("link", name="接收纳管").click()
    expect(line.locator("form.command")).to_be_visible()
    before = console.running.department.command(
        member, "decline", _today(console), organisation=WORKER, reason="NOT_HERE"
    )

    line.get_by_role("button", name="确认记录").click()

    expect(line.get_by_role("alert")).to_contain_text("未作记录")
    assert console.running.department.ask(f"/v1/members/{member}")["version"] == before["version"]


def test_a_form_sent_twice_records_once(visit, arrived, console):
    member = arrived()
    one = visit("community_worker")
    address = f"{one.url}/members/{member}/do/accept"
    page = one.open(f"/members/{member}/do/accept?organisation={WORKER}")
    fields = page.locator("form.command input[type=hidden]").evaluate_all(
        "all => Object.fromEntries(all.map(one => [one.name, one.value]))"
    )
    sent = [
        page.request.post(address, form={**fields, "occurred_at": _today(console)}, max_redirects=0) for _ in range(2)
    ]

    assert [answer.status for answer in sent] == [303, 303]
    types = [event["type"] for event in console.running.department.ask(f"/v1/members/{member}/history")["items"]]
    assert types.count("accepted") == 1


def test_a_form_of_another_site_or_of_an_earlier_session_is_refused(visit, arrived, console):
    member = arrived()
    one = visit("community_worker")
    for token in ("", "0" * 64):
        answer = one.page.request.post(
            f"{one.url}/members/{member}/do/accept",
            form={"form_token": token, "key": str(uuid4()), "occurred_at": _today(console), "organisation": WORKER},
        )
        assert answer.status == 403
        assert "过期" in answer.text()
    assert console.running.department.ask(f"/v1/members/{member}")["movement"]["stage"] == "checked_in"


def test_an_arrival_appears_by_itself_and_disturbs_nobody_who_is_filling_in_a_form(visit, arrived):
    first = arrived()
    calm, busy = visit("community_worker"), visit("community_worker")
    for one in (calm, busy):
        one.open("/")
    busy.page.locator("#duties .duty-do > a").first.click()
    form = busy.page.locator("form.command")
    expect(form).to_be_visible()

    second = arrived()

    expect(calm.page.locator(f"#duties a.name[href='/members/{second}']")).to_have_count(1)
    expect(calm.page.locator(f"#duties a.name[href='/members/{first}']")).to_have_count(1)
    expect(busy.page.locator("#duties > .news")).to_be_visible()
    expect(form).to_be_visible()
    busy.page.locator("#duties > .news").click()
    expect(busy.page.locator(f"#duties a.name[href='/members/{second}']")).to_have_count(1)


def test_what_happens_between_a_page_and_its_stream_is_told_when_the_stream_begins(visit, arrived, console):
    one = visit("community_worker")
    one.open("/duties")  # a page without a stream, so that the one below is the only one
    happened: list[str] = []

    def happens_before(route):
        if not happened:
            happened.append(arrived())
            # All that tells listeners knows of it before this one listens: nobody will tell of it again.
            until = time.monotonic() + _PATIENCE_SECONDS
            while console.running.service.feed_watch.position < console.running.latest:
                assert time.monotonic() < until
                time.sleep(0.02)
        route.continue_()

    one.page.route("**/news*", happens_before)
    with one.page.expect_response("**/news*"):
        page = one.open("/")

    line = page.locator(f"#duties a.name[href='/members/{happened[0]}']")
    expect(line).to_have_count(1, timeout=_PATIENCE_SECONDS * 1_000)


def test_a_browser_that_comes_back_is_told_what_happened_since_it_was_told_last(visit, arrived):
    one = visit("community_worker")
    arrived()
    cookies = {cookie["name"]: cookie["value"] for cookie in one.context.cookies()}
    before_all, after_all = {"Last-Event-ID": "1"}, "/news?since=999999999999"
    with (
        httpx.Client(base_url=one.url, cookies=cookies, timeout=_PATIENCE_SECONDS, trust_env=False) as browser,
        browser.stream("GET", after_all, headers=before_all) as answer,
    ):
        told = next(line for line in answer.iter_lines() if line.startswith("id:"))
    assert int(told.removeprefix("id:")) > 1


def _today(console):
    return local_day(console.running.service.now_us).isoformat()
