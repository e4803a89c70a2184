"""What a receiver gets is the feed: the same events, ids and order, signed, one after another."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from base64 import b64decode
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import groupby, pairwise
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks import Webhook, WebhookVerificationError

from consumers.webhooks.progress import following
from consumers.webhooks.worker import Webhooks
from infra.recording.feed_events import feed_event
from infra.webhooks.subscriptions import due
from tests.integration.webhooks.conftest import Clock, County
from tests.receiving import Received, Receiver, Reply

Send = Callable[..., Webhooks]
_CUT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE 'kiteline webhooks%'
"""


def public_key_verifies(public: str, request: Received) -> bool:
    key = Ed25519PublicKey.from_public_bytes(b64decode(public.removeprefix("whpk_")))
    headers = request.headers
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + request.body
    for signature in headers["webhook-signature"].split(" "):
        if signature.startswith("v1a,"):
            try:
                key.verify(b64decode(signature.removeprefix("v1a,")), content)
            except InvalidSignature:
                continue
            return True
    return False


def secret_verifies(secret: str, request: Received) -> bool:
    try:
        Webhook(secret).verify(request.body, request.headers)
    except WebhookVerificationError:
        return False
    return True


def test_the_feed_arrives_as_it_is_in_order_and_verified_by_the_library(county: County, hook: Receiver, send: Send):
    county.organise(3)
    subscription = county.subscribe(hook)
    send()
    hook.wait_for(3)
    county.organise(4)
    received = hook.wait_for(7)

    rows = county.feed(7)
    assert [one.headers["webhook-id"] for one in received] == [str(row.event_id) for row in rows]
    assert [one.body for one in received] == [feed_event(row) for row in rows]
    for one in received:
        assert one.event["id"] == one.headers["webhook-id"]
        assert one.headers["content-type"] == "application/cloudevents+json"
        assert one.path == "/hook?token=t"
        assert one.headers["host"] == f"127.0.0.1:{hook.port}"
        assert secret_verifies(subscription["secret"], one)
        assert public_key_verifies(subscription["public_keys"][0], one)
    standing = county.until(subscription, feedposition=7)
    assert (standing["status"], standing["failures"], standing["head"]) == ("active", 0, 7)
    log = county.deliveries(subscription)
    assert [(one["feedposition"], one["attempt"], one["status"], one["error"]) for one in log] == [
        (number, 1, 204, None) for number in range(1, 8)
    ]


def test_a_filter_lets_its_facts_pass_chained_by_the_number_of_the_one_before(
    county: County, make_receiver: Callable[..., Receiver], send: Send
):
    chosen, late, all_of_it = make_receiver(), make_receiver(), make_receiver()
    (code,) = county.organise()
    county.register(code, 2)
    county.organise(2)
    rows = county.feed(5)
    county.subscribe(chosen, types=["member_registered"])
    county.subscribe(late, types=["member_registered"], start=str(rows[3].event_id))
    county.subscribe(all_of_it, types=["member_registered", "organisation_registered"])
    send()
    all_of_it.wait_for(5)
    county.register(code, 1)
    county.organise(1)
    county.register(code, 1)

    def chain(receiver: Receiver, events: int) -> list[tuple[int, int]]:
        found = [one.event for one in receiver.wait_for(events)]
        return [(event["prevposition"], event["feedposition"]) for event in found]

    assert chain(all_of_it, 8) == list(pairwise(range(9)))
    assert chain(chosen, 4) == [(0, 2), (2, 3), (3, 6), (6, 8)]
    assert chain(late, 2) == [(3, 6), (6, 8)]
    assert {one.event["type"] for one in chosen.received} == {"org.kiteline.member_registered.v1"}


def test_from_now_begins_with_what_comes_and_an_event_with_what_follows_it(
    county: County, make_receiver: Callable[..., Receiver], send: Send
):
    now, after = make_receiver(), make_receiver()
    county.organise(3)
    rows = county.feed(3)
    subscription = county.sister.record("/v1/subscriptions", url=now.url, region=county.region)
    assert subscription["feedposition"] == 3
    county.subscribe(after, start=str(rows[1].event_id))
    send()
    county.organise(1)
    assert [one.event["feedposition"] for one in after.wait_for(2)] == [3, 4]
    assert [(one.event["prevposition"], one.event["feedposition"]) for one in now.wait_for(1)] == [(3, 4)]


def test_paused_nothing_goes_out_and_resumed_everything_follows(county: County, hook: Receiver, send: Send):
    subscription = county.subscribe(hook)
    send()
    county.organise(1)
    hook.wait_for(1)
    assert county.change(subscription, "pause")["status"] == "paused"
    county.organise(2)
    county.feed(3)
    assert county.standing(subscription)["feedposition"] == 1
    assert len(hook.received) == 1
    county.change(subscription, "resume")
    assert [one.event["feedposition"] for one in hook.wait_for(3)] == [1, 2, 3]


def test_a_subscription_that_is_reset_gets_the_same_events_under_the_same_ids_from_there(
    county: County, hook: Receiver, send: Send
):
    county.organise(3)
    rows = county.feed(3)
    subscription = county.subscribe(hook)
    send()
    hook.wait_for(3)
    county.until(subscription, feedposition=3)

    assert county.change(subscription, "reset", **{"from": str(rows[1].event_id)})["feedposition"] == 2
    again = hook.wait_for(4)[3]
    assert (again.event, again.headers["webhook-id"]) == (hook.received[2].event, str(rows[2].event_id))
    county.until(subscription, feedposition=3)
    county.change(subscription, "pause")
    assert county.change(subscription, "reset", **{"from": "start"})["status"] == "paused"
    county.change(subscription, "resume")
    assert [one.event["feedposition"] for one in hook.wait_for(7)] == [1, 2, 3, 3, 1, 2, 3]

    address = f"/v1/subscriptions/{subscription['subscription_id']}/reset"
    for body in ({}, {"from": "yesterday"}, {"from": str(subscription["subscription_id"])}, {"from": "now", "to": 1}):
        refused = county.sister.post(address, body)
        assert refused.status_code == 422, body
    assert county.running.as_role("auditor", region="000000").post(address, {"from": "now"}).status_code == 403


def test_a_reset_subscription_with_a_filter_says_which_event_came_before(county: County, hook: Receiver, send: Send):
    (home,) = county.organise()
    members = county.register(home, 3)
    rows = county.feed(4)
    subscription = county.subscribe(hook, types=["member_registered"])
    send()
    hook.wait_for(len(members))
    county.until(subscription, feedposition=rows[-1].feedposition)

    county.change(subscription, "reset", **{"from": str(rows[2].event_id)})

    again = hook.wait_for(len(members) + 1)[-1].event
    assert (again["feedposition"], again["prevposition"]) == (4, 3)


def test_a_pause_while_an_event_is_under_way_keeps_that_it_was_delivered(county: County, hook: Receiver, send: Send):
    def pause(number: int, _request: Received) -> Reply:
        if number == 1:
            county.change(subscription, "pause")
        return Reply(200)

    hook.answering = pause
    subscription = county.subscribe(hook)
    county.organise(3)
    send()
    hook.wait_for(1)
    standing = county.until(subscription, feedposition=1)
    assert standing["status"] == "paused"
    county.change(subscription, "resume")
    assert [one.event["feedposition"] for one in hook.wait_for(3)] == [1, 2, 3]


def test_a_deleted_subscription_is_called_no_more(county: County, make_receiver: Callable[..., Receiver], send: Send):
    deleted, other = make_receiver(), make_receiver()
    subscription = county.subscribe(deleted)
    county.subscribe(other)
    send()
    county.organise(1)
    deleted.wait_for(1)
    path = f"/v1/subscriptions/{subscription['subscription_id']}"
    assert county.sister.http.delete(path, headers={"Idempotency-Key": "gone"}).status_code == 204
    county.organise(2)
    other.wait_for(3)
    assert len(deleted.received) == 1
    assert county.sister.get(path).status_code == 404


def test_what_is_recorded_after_a_subscription_was_changed_or_deleted_is_never_read_to_be_sent(
    county: County, hook: Receiver
):
    county.organise(1)
    subscription = county.subscribe(hook)
    named = UUID(subscription["subscription_id"])
    with psycopg.connect(county.running.service.settings.database_url or "", autocommit=True) as connection:
        (one,) = [each for each in due(connection, datetime.now(UTC)) if each.subscription_id == named]
        county.feed(1)
        assert [row.feedposition for row in following(connection, one, 100)] == [1]
        county.change(subscription, "pause")
        assert following(connection, one, 100) == []
        county.change(subscription, "resume")
        assert following(connection, one, 100) == []
        (again,) = [each for each in due(connection, datetime.now(UTC)) if each.subscription_id == named]
        assert [row.feedposition for row in following(connection, again, 100)] == [1]
        path = f"/v1/subscriptions/{named}"
        assert county.sister.http.delete(path, headers={"Idempotency-Key": f"gone-{named}"}).status_code == 204
        assert following(connection, again, 100) == []


def test_while_keys_are_rotated_both_sign_and_afterwards_the_new_one_alone(county: County, hook: Receiver, send: Send):
    first = county.subscribe(hook)
    send()
    county.organise(1)
    hook.wait_for(1)
    second = county.change(first, "rotate-secret", overlap_hours=1)
    assert second["secret"] != first["secret"]
    assert second["public_keys"][1:] == first["public_keys"]
    county.organise(1)
    during = hook.wait_for(2)[1]
    for issued in (first, second):
        assert secret_verifies(issued["secret"], during)
        assert public_key_verifies(issued["public_keys"][0], during)
    assert county.change(first, "rotate-secret", overlap_hours=0)["public_keys"][0] not in second["public_keys"]
    county.organise(1)
    after = hook.wait_for(3)[2]
    assert not secret_verifies(first["secret"], after)
    assert not secret_verifies(second["secret"], after)
    assert len(county.standing(first)["public_keys"]) == 1


def test_one_process_sends_and_another_takes_over_where_it_stopped(county: County, hook: Receiver, send: Send):
    first, second = send(), send()
    county.subscribe(hook)
    county.organise(3)
    hook.wait_for(3)
    assert [first.leading, second.leading].count(True) == 1
    leader, other = (first, second) if first.leading else (second, first)
    leader.close()
    county.organise(2)
    assert [one.event["feedposition"] for one in hook.wait_for(5)] == [1, 2, 3, 4, 5]
    assert other.leading


def test_a_process_whose_role_is_to_publish_sends(county: County, hook: Receiver):
    county.subscribe(hook)
    county.organise(2)
    settings = county.running.service.settings
    environment = {
        "PATH": os.environ["PATH"],
        "KITELINE_HOME": str(settings.home),
        "KITELINE_DATABASE_URL": str(settings.database_url),
        "KITELINE_WEBHOOK_ALLOWED_TARGETS": settings.webhook_allowed_targets,
    }
    command = [str(Path(sys.executable).parent / "kiteline"), "serve", "--only", "publisher"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
        try:
            assert [one.event["feedposition"] for one in hook.wait_for(2)] == [1, 2]
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        finally:
            process.kill()


def test_connections_of_the_database_cut_again_and_again_skip_nothing(county: County, hook: Receiver, send: Send):
    subscription = county.subscribe(hook)
    county.organise(30)
    county.feed(30)

    cuts: list[int] = []

    def cut(number: int, _request: Received) -> Reply:
        if number % 8 == 0:
            with psycopg.connect(str(county.running.service.settings.database_url), autocommit=True) as connection:
                cuts.append(len(connection.execute(_CUT).fetchall()))
        return Reply(200)

    hook.answering = cut
    send()
    county.until(subscription, feedposition=30)
    assert len(cuts) >= 3
    assert all(cuts), cuts
    assert [int(number) for number, _ in groupby(one.event["feedposition"] for one in hook.received)] == [*range(1, 31)]


@pytest.mark.parametrize("sound", [True, False])
def test_a_log_that_is_not_the_one_that_was_signed_is_told_to_nobody(
    county: County, hook: Receiver, send: Send, sound: bool
):
    asked: list[int] = []

    def is_sound() -> bool:
        asked.append(1)
        return sound

    send(sound=is_sound)
    subscription = county.subscribe(hook)
    county.organise(1)
    county.feed(1)
    waited = Clock()
    while len(asked) < 3 or (sound and not hook.received):
        assert waited.seconds < 60
        time.sleep(0.03)
    assert len(hook.received) == sound
    assert county.standing(subscription)["status"] == "active"
