"""What an operator's buttons send again really arrives, in a Kafka and at a subscriber's, under the same ids."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
from playwright.sync_api import expect

from infra.broker import lifecycle
from infra.cli.serve import publishing_feeds, sending_webhooks
from tests.console.browsing import DESK, PHONE, Visit
from tests.integration.publishing.feeding import await_that, in_topic
from tests.receiving import receiver
from tests.running_service import service_on_fresh_database

REGION = "620621"
_EVENTS = 5


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    """A broker of this file's own."""
    home = tmp_path_factory.mktemp("broker")
    yield lifecycle.start(home).bootstrap_servers
    lifecycle.stop(home)


@pytest.fixture(scope="module")
def running(postgres, tmp_path_factory, servers):
    """A service that publishes and sends webhooks, with a few events of one region."""
    home = tmp_path_factory.mktemp("sent_again")
    options = {"kafka_bootstrap_servers": servers, "webhook_allowed_targets": "127.0.0.1/32"}
    with ExitStack() as stack:
        one = stack.enter_context(service_on_fresh_database(postgres, home, **options))
        url = one.service.settings.database_url
        assert url is not None
        stack.enter_context(publishing_feeds(one.service, url))
        stack.enter_context(sending_webhooks(one.service, url))
        one.department.organise("MINQIN", REGION, kind="COMMITTEE")
        for _ in range(_EVENTS - 1):
            one.department.register("MINQIN")
        yield one


@pytest.fixture
def operating(running, browser):
    """Open the operator's page; afterwards the browser had no trouble."""
    visits = []

    def opened(window):
        one = Visit(browser, running.url, window, "zh")
        visits.append(one)
        one.sign_in_with(running.as_role("operator", region="000000", subject="op-7").token)
        return one, one.open("/operating")

    yield opened
    for one in visits:
        one.close()
    assert [trouble for one in visits for trouble in one.troubles] == []


def published(running, entries):
    """Wait until so many entries are acknowledged and none waits."""
    operator = running.as_role("operator", region="000000")

    def holds():
        part = next(one for one in operator.ask("/v1/status")["parts"] if one["part"] == "topics")
        return (part["position"], part["lag"]) == (entries, 0)

    await_that(holds)


@pytest.mark.parametrize("window", [DESK, PHONE], ids=lambda one: one.name)
def test_a_region_is_published_again_to_a_real_kafka_under_the_same_ids(window, running, servers, operating, axe):
    published(running, _EVENTS)
    before = [record.value for record in in_topic(servers, REGION)]
    assert len(before) >= _EVENTS
    one, page = operating(window)
    page.get_by_label("地区", exact=True).fill(REGION)
    page.get_by_role("button", name="重新发布").click()
    asked = page.locator("#asked form")
    expect(asked).to_contain_text(REGION)
    assert one.violations(axe) == []
    asked.get_by_role("button", name="确定").click()
    expect(page.locator("#asked [role=status]")).to_contain_text("已完成：重新发布")
    newest = page.locator("#acts li").first
    expect(newest).to_contain_text("重新发布")
    expect(newest).to_contain_text("op-7")

    await_that(lambda: len(in_topic(servers, REGION)) == len(before) + _EVENTS)
    records = in_topic(servers, REGION)
    assert [record.value for record in records] == before + before[:_EVENTS]
    ids = [record.event["id"] for record in records]
    assert ids[-_EVENTS:] == ids[:_EVENTS]
    assert len(set(ids)) == _EVENTS


@pytest.mark.parametrize("window", [DESK, PHONE], ids=lambda one: one.name)
def test_a_subscription_is_moved_to_the_start_or_behind_an_event_and_its_receiver_gets_the_same_again(
    window, running, operating, axe
):
    with receiver() as hook:
        asked = {"url": hook.url, "region": REGION, "from": "start"}
        made = running.as_role("sister_system", region=REGION).record("/v1/subscriptions", **asked)
        first = [one.event["id"] for one in hook.wait_for(_EVENTS)]
        one, page = operating(window)
        mine = page.locator("#waiting li").filter(has_text=hook.url)
        form = page.locator("#asked form")

        mine.get_by_role("link", name="改变起点").click()
        expect(form).to_contain_text("编号不变")
        assert one.violations(axe) == []
        assert not one.is_wider_than_its_window()
        form.get_by_role("button", name="确定").press("Enter")
        expect(page.locator("#asked [role=status]")).to_contain_text("已完成：改变订阅起点")
        assert [again.event["id"] for again in hook.wait_for(2 * _EVENTS)[_EVENTS:]] == first

        mine.get_by_role("link", name="改变起点").click()
        expect(form.get_by_role("heading")).to_be_focused()
        form.get_by_label("从某一事件之后重发").check()
        form.get_by_label("事件编号").fill(made["subscription_id"])
        form.get_by_role("button", name="确定").click()
        expect(form.get_by_role("alert")).to_contain_text("没有这一事件")
        expect(form.get_by_role("heading")).to_be_focused()  # what is typed before goes where the keyboard was
        form.get_by_label("事件编号").fill(first[-2])
        form.get_by_role("button", name="确定").click()
        expect(page.locator("#asked [role=status]")).to_contain_text("已完成")
        assert hook.wait_for(2 * _EVENTS + 1)[-1].event["id"] == first[-1]
        newest = running.as_role("auditor", region="000000").ask("/v1/operator-acts", limit=1)["items"][0]
        assert (newest["act"], newest["about"], newest["actor"]) == (
            "reset_subscription",
            made["subscription_id"],
            "op-7",
        )
