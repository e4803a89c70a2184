"""However many arrive at once, the list of those to be answered is whole: page after page, nobody left out."""

from __future__ import annotations

from uuid import uuid4

import pytest
from playwright.sync_api import expect

from domain.times import local_day
from tests.console.browsing import DESK, PHONE, Visit
from tests.console.conftest import register_of
from tests.running_service import service_on_fresh_database

PLACE = "620102"
_ARRIVED = 620
_EXPECTED = 510
_ALL = _ARRIVED + _EXPECTED
_KEPT = """
() => {
  const { groups } = JSON.parse(localStorage.getItem("kiteline.arrivals"));
  return Object.fromEntries(groups.map((one) => [one.title, new Set(one.lines).size && one.lines.length]));
}
"""


@pytest.fixture(scope="module")
def running(postgres, tmp_path_factory):
    """A service of one county to which more than a thousand go on one day, and more than five hundred arrive."""
    with service_on_fresh_database(postgres, tmp_path_factory.mktemp("arrivals")) as one:
        one.department.organise("MINQIN", "620621", kind="COMMITTEE")
        one.department.organise("MINQIN-1", "620621", parent="MINQIN")
        one.department.organise("CHENGGUAN", PLACE, kind="COMMITTEE")
        day = local_day(one.service.now_us).isoformat()
        answer = one.department.http.post(
            "/v1/imports",
            files={"file": ("台账.csv", register_of("MINQIN-1", good=_ALL, bad=0))},
            data={"organisation": "MINQIN"},
            headers={"Idempotency-Key": str(uuid4())},
        )
        assert answer.json()["accepted"] == _ALL
        one.latest = answer.json()["position"]
        expected = one.department.ask("/v1/rosters", region=PLACE, side="inflow", limit=1_000)["items"]
        checked_in = {"command": "check-in", "region": PLACE, "channel": "WORKER", "organisation": "CHENGGUAN"}
        items = [
            {"member_id": each["member_id"], "key": str(uuid4()), "occurred_at": day, **checked_in}
            for each in expected[:_ARRIVED]
        ]
        for first in range(0, len(items), 100):
            bulk = one.department.http.post("/v1/commands", json=items[first : first + 100])
            assert {told["status"] for told in bulk.json()["items"]} == {201}, bulk.text
            one.latest = max(told["body"]["position"] for told in bulk.json()["items"])
        one.department.ask("/v1/rosters", region=PLACE, limit=1)
        yield one


@pytest.fixture
def working(running, browser):
    """Open a browser of the county's worker; afterwards it had no trouble."""
    visits = []

    def opened(window):
        one = Visit(browser, running.url, window, "zh")
        visits.append(one)
        worker = running.as_role("community_worker", organisation="CHENGGUAN", subject="worker-9")
        one.sign_in_with(worker.token)
        return one

    yield opened
    for one in visits:
        one.close()
    assert [trouble for one in visits for trouble in one.troubles] == []


def listed(page, within, following):
    """Turn every page of a list; returns who was on them, and how many pages there were."""
    found = []
    for turned in range(1, 100):
        found += page.locator(within).evaluate_all("all => all.map(one => one.getAttribute('href'))")
        link = page.get_by_role("link", name=following)
        if link.count() == 0:
            return found, turned
        address = page.url
        link.click()
        page.wait_for_url(lambda now, before=address: now != before)
    raise AssertionError("no end")


def test_every_new_arrival_is_among_the_duties_to_answer(working, axe):
    one = working(DESK)
    page = one.page
    arrivals = page.locator("#duties section").filter(has_text="新报到，待答复")
    arrivals.get_by_role("link", name="查看全部").click()
    page.wait_for_url("**/duties?kind=arrivals")
    assert one.violations(axe) == []
    expect(page.locator("#kind")).to_have_value("arrivals")
    found, pages = listed(page, "li.duty a.name", "下一页")
    assert (len(found), len(set(found))) == (_ARRIVED, _ARRIVED)
    assert pages == 13


def test_on_today_arrivals_stand_before_what_else_is_owed_first(working):
    page = working(PHONE).page
    arrivals = page.locator("#duties section").filter(has_text="新报到，待答复")
    expect(arrivals.locator("h3 .count")).to_have_text("40")


@pytest.mark.parametrize("window", [DESK, PHONE], ids=lambda one: one.name)
def test_who_arrived_today_and_who_is_expected_are_listed_whole_by_pages(window, working, axe):
    one = working(window)
    page = one.open("/check-ins")
    expect(page.locator("[data-ready]")).to_be_attached(timeout=60_000)
    assert page.evaluate(_KEPT) == {"今天报到": 500, "预计要来": 500}
    assert one.violations(axe) == []
    expect(page.locator("#arrivals")).to_contain_text("本页 100 人")
    arrived, pages = listed(page, "[data-list='今天报到'] a.name", "下一页: 今天报到")
    assert (len(arrived), len(set(arrived)), pages) == (_ARRIVED, _ARRIVED, 7)
    assert one.violations(axe) == []
    assert not one.is_wider_than_its_window()
    page = one.open("/check-ins")
    expected, pages = listed(page, "[data-list='预计要来'] a.name", "下一页: 预计要来")
    assert (len(expected), len(set(expected)), pages) == (_EXPECTED, _EXPECTED, 6)
    assert not set(expected) & set(arrived)
    page.get_by_role("link", name="回到第一页: 预计要来").click()
    expect(page.get_by_role("link", name="下一页: 今天报到")).to_be_visible()
