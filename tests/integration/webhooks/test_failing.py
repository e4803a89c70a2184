"""A receiver that is slow, failing, redirecting, busy or gone: tried again in order, and nobody else waits for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from consumers.webhooks.worker import Webhooks
from tests.integration.webhooks.conftest import Clock, County
from tests.receiving import Received, Receiver, Reply
from tests.running_service import Answer, Running

Send = Callable[..., Webhooks]
DAY = timedelta(hours=24)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_an_event_is_tried_again_with_its_id_and_the_next_waits_for_it(
    county: County, hook: Receiver, send: Send, clock: Clock
):
    hook.answering = lambda number, _request: Reply(500 if number < 3 else 200)
    subscription = county.subscribe(hook)
    county.organise(2)
    send()
    for failures in (1, 2):
        standing = county.until(subscription, failures=failures)
        assert (standing["status"], standing["feedposition"]) == ("active", 0)
        clock.turn(moment(standing["next_attempt_at"]) - clock())
    received = hook.wait_for(4)

    rows = county.feed(2)
    assert hook.ids == [str(rows[0].event_id)] * 3 + [str(rows[1].event_id)]
    assert len({one.body for one in received[:3]}) == 1
    times = [int(one.headers["webhook-timestamp"]) for one in received]
    assert times[0] < times[1] < times[2]
    standing = county.until(subscription, feedposition=2)
    assert (standing["failures"], standing["failing_since"], standing["next_attempt_at"]) == (0, None, None)
    log = county.deliveries(subscription)
    assert [(one["feedposition"], one["attempt"], one["status"]) for one in log] == [
        (1, 1, 500), (1, 2, 500), (1, 3, 200), (2, 1, 200)
    ]  # fmt: skip
    assert [one["next_attempt_at"] is None for one in log] == [False, False, True, True]
    assert len(county.deliveries(subscription, delivered=False)) == 2
    assert len(county.deliveries(subscription, delivered=True)) == 2


def test_a_slow_receiver_is_given_up_in_time_and_holds_nobody_up(
    county: County, make_receiver: Callable[..., Receiver], send: Send
):
    slow, quick = make_receiver(), make_receiver()
    slow.answering = lambda _number, _request: Reply(200, wait=12)
    waiting = county.subscribe(slow)
    county.subscribe(quick)
    county.organise(5)
    send(seconds=3)
    assert [one.event["feedposition"] for one in quick.wait_for(5)] == [1, 2, 3, 4, 5]
    county.until(waiting, failures=1)
    (one,) = county.deliveries(waiting)
    assert (one["status"], one["error"]) == (None, "timeout")
    assert len(slow.received) == 1


def test_a_status_counts_however_slowly_its_body_comes(county: County, hook: Receiver, send: Send):
    hook.answering = lambda _number, _request: Reply(200, body=b"x" * 3_000_000)
    county.subscribe(hook)
    county.organise(3)
    send()
    assert [one.event["feedposition"] for one in hook.wait_for(3)] == [1, 2, 3]


def test_a_redirect_is_a_failure_and_is_not_followed(
    county: County, make_receiver: Callable[..., Receiver], send: Send
):
    redirecting, elsewhere = make_receiver(), make_receiver()
    redirecting.answering = lambda _number, _request: Reply(307, {"location": elsewhere.url})
    subscription = county.subscribe(redirecting)
    county.organise(1)
    send()
    county.until(subscription, failures=1)
    (one,) = county.deliveries(subscription)
    assert (one["status"], one["error"]) == (307, None)
    assert elsewhere.received == []


def test_retry_after_is_waited_for(county: County, hook: Receiver, send: Send, clock: Clock):
    hook.answering = lambda number, _request: Reply(503, {"retry-after": "600"}) if number == 1 else Reply(200)
    subscription = county.subscribe(hook)
    county.organise(1)
    began = clock()
    send()
    standing = county.until(subscription, failures=1)
    assert moment(standing["next_attempt_at"]) - began >= timedelta(seconds=600)
    clock.turn(timedelta(seconds=601))
    hook.wait_for(2)
    county.until(subscription, feedposition=1)


def test_a_receiver_that_is_away_is_called_again(county: County, make_receiver: Callable[..., Receiver], send: Send):
    with_port = make_receiver()
    port = with_port.port
    subscription = county.subscribe(with_port)
    with_port.server.shutdown()
    with_port.server.server_close()
    county.organise(1)
    send()
    county.until(subscription, failures=1)
    assert county.deliveries(subscription)[0]["error"] == "connection_failed"
    back = make_receiver("127.0.0.1", port)
    county.change(subscription, "resume")  # active already: nothing to resume, and no harm
    assert county.standing(subscription)["failures"] == 1
    county.change(subscription, "pause")
    county.change(subscription, "resume")
    assert [one.event["feedposition"] for one in back.wait_for(1)] == [1]


def test_gone_ends_it_without_a_duty_until_somebody_resumes(county: County, hook: Receiver, send: Send):
    hook.answering = lambda number, _request: Reply(410 if number == 2 else 200)
    subscription = county.subscribe(hook)
    county.organise(3)
    send()
    standing = county.until(subscription, status="gone")
    assert (standing["feedposition"], len(hook.received)) == (1, 2)
    assert duties(county.running, "甘肃") == []
    county.change(subscription, "resume")
    assert [one.event["feedposition"] for one in hook.wait_for(4)] == [1, 2, 2, 3]


def duties(running: Running, organisation: str, **asked: object) -> list[Answer]:
    found = running.department.ask("/v1/worklist", organisation=organisation, kind="resume_webhook", **asked)
    return list(found["items"])


def exhausted(county: County, hooks: list[Receiver], clock: Clock) -> list[Answer]:
    """Return subscriptions whose receivers failed for 24 hours, by the sender's clock."""
    for hook in hooks:
        hook.answering = lambda _number, _request: Reply(503)
    subscriptions = [county.subscribe(hook) for hook in hooks]
    while active := [one for one in map(county.standing, subscriptions) if one["status"] == "active"]:
        if all(one["next_attempt_at"] is not None and moment(one["next_attempt_at"]) > clock() for one in active):
            clock.turn(max(moment(one["next_attempt_at"]) for one in active) - clock())
        time.sleep(0.03)
    assert {county.standing(one)["status"] for one in subscriptions} == {"exhausted"}
    return subscriptions


def test_after_24_hours_it_stops_and_is_somebodys_duty_until_resumed(
    county: County, hook: Receiver, send: Send, clock: Clock
):
    # The sender's clock begins two days ago, so that what it says is past when it is asked for.
    clock.turn(timedelta(days=-2))
    (owner,) = county.organise()
    county.feed(1)
    send()
    (subscription,) = exhausted(county, [hook], clock)
    failed = [moment(one["attempted_at"]) for one in county.deliveries(subscription)]
    assert DAY <= failed[-1] - failed[0] < DAY + timedelta(minutes=5)
    assert len(failed) > 8
    assert subscription["organisation"] == owner

    (duty,) = duties(county.running, owner)
    assert duty["duty_id"] == f"resume_webhook.{subscription['subscription_id']}"
    assert (duty["kind"], duty["member_id"], duty["organisation"]) == ("resume_webhook", None, owner)
    assert (duty["region"], duty["overdue"]) == (county.region, False)
    assert duty["due_on"] > duty["since"]
    assert duties(county.running, "甘肃", limit=1000).count(duty) == 1, "it is on the list of those above, too"
    assert duties(county.running, owner, as_of=str(failed[0].date() - timedelta(days=1))) == []
    assert duties(county.running, owner, as_of="2030-01-01")[0]["overdue"] is True
    personal = county.running.department.ask(
        "/v1/worklist", organisation=owner, kind="resume_webhook", fields="name", purpose="样例"
    )
    assert [one["member_id"] for one in personal["items"]] == [None]

    county.organise(1)
    known = county.running.latest
    hook.answering = lambda _number, _request: Reply(200)
    county.change(subscription, "resume")
    assert [one.event["feedposition"] for one in hook.wait_for(len(failed) + 2)[-2:]] == [1, 2]
    assert duties(county.running, owner) == []
    county.organise(1)
    assert [one["duty_id"] for one in duties(county.running, owner, known_at=str(known - 1))] == [duty["duty_id"]]


def test_duties_that_are_nobodys_turn_pages_keep_to_ones_reach_and_end_with_the_subscription(
    county: County, make_receiver: Callable[..., Receiver], send: Send, clock: Clock
):
    clock.turn(timedelta(days=-2))
    (owner,) = county.organise()
    county.feed(1)
    send()
    paused, deleted = exhausted(county, [make_receiver(), make_receiver()], clock)

    near = county.running.as_role("organisation_department", region=county.region)
    seen, cursor = [], None
    while True:
        page = near.ask("/v1/worklist", organisation=owner, limit=1, cursor=cursor)
        seen += [one["duty_id"] for one in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert sorted(seen) == sorted(f"resume_webhook.{one['subscription_id']}" for one in (paused, deleted))
    far = county.running.as_role("organisation_department", region="510104")
    assert far.get("/v1/worklist", organisation=owner).status_code == 404

    county.change(paused, "pause")
    path = f"/v1/subscriptions/{deleted['subscription_id']}"
    assert county.sister.http.delete(path, headers={"Idempotency-Key": "enough"}).status_code == 204
    assert duties(county.running, owner) == []


def test_what_a_receiver_answers_is_not_kept(county: County, hook: Receiver, send: Send):
    def secret(_number: int, _request: Received) -> Reply:
        return Reply(500, {"x-inside": "inner-secret"}, body=b"inner-secret")

    hook.answering = secret
    subscription = county.subscribe(hook)
    county.organise(1)
    send()
    county.until(subscription, failures=1)
    path = f"/v1/subscriptions/{subscription['subscription_id']}"
    for told in (county.sister.get(path), county.sister.get(f"{path}/deliveries")):
        assert "inner-secret" not in told.text
        assert "whsec_" not in told.text
