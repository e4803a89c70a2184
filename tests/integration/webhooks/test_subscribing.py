"""Subscriptions over HTTP: made once for a key, kept in one's reach, their secrets told once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

from tests.integration.webhooks.conftest import County
from tests.receiving import Receiver
from tests.running_service import Running

URL = "http://127.0.0.1:9/hook"


def path(subscription: dict[str, Any]) -> str:
    return f"/v1/subscriptions/{subscription['subscription_id']}"


def test_the_same_key_is_the_same_subscription_and_brings_the_secret_again(county: County):
    body = {"url": URL, "region": county.region}
    first, again = county.sister.post("/v1/subscriptions", body, key="k"), None
    assert first.status_code == 201
    again = county.sister.post("/v1/subscriptions", body, key="k")
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["Idempotency-Replayed"] == "true"
    assert county.sister.post("/v1/subscriptions", {**body, "types": ["departed"]}, key="k").status_code == 422
    assert county.sister.http.post("/v1/subscriptions", json=body).status_code == 400
    (one,) = county.sister.ask("/v1/subscriptions")["items"]
    assert one["subscription_id"] == first.json()["subscription_id"]
    rotated = county.sister.post(f"{path(one)}/rotate-secret", {"overlap_hours": 0}, key="r").json()["secret"]
    assert county.sister.post(f"{path(one)}/rotate-secret", {"overlap_hours": 0}, key="r").json()["secret"] == rotated
    county.sister.post(f"{path(one)}/rotate-secret", {"overlap_hours": 0})
    assert county.sister.post("/v1/subscriptions", body, key="k").json()["secret"] is None, "it signs no more"


def test_many_at_once_with_one_key_make_one_subscription(county: County):
    body = {"url": URL, "region": county.region}
    key = str(uuid4())
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: county.sister.post("/v1/subscriptions", body, key=key), range(6)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.json()["secret"] for answer in answers if answer.status_code == 201}) == 1
    assert len(county.sister.ask("/v1/subscriptions")["items"]) == 1


def test_a_secret_is_told_once_and_kept_sealed(county: County, hook: Receiver, running: Running):
    subscription = county.subscribe(hook)
    assert subscription["secret"].startswith("whsec_")
    for told in (county.standing(subscription), *county.sister.ask("/v1/subscriptions")["items"]):
        assert "secret" not in told
    with running.service.kiteline.log.reading() as connection:
        rows = connection.execute("SELECT k::text FROM webhook_key AS k").fetchall()
        kept = connection.execute("SELECT convert_from(answer, 'UTF8') FROM idempotency WHERE answer IS NOT NULL")
        everything = str(rows) + str(kept.fetchall())
    assert subscription["secret"].removeprefix("whsec_") not in everything
    assert "whsec_" not in everything


def test_pausing_resuming_and_deleting_have_one_effect_for_a_key(county: County, hook: Receiver):
    subscription = county.subscribe(hook)
    first = county.sister.post(f"{path(subscription)}/pause", {}, key="p")
    assert first.json()["status"] == "paused"
    county.change(subscription, "resume")
    replayed = county.sister.post(f"{path(subscription)}/pause", {}, key="p")
    assert (replayed.json(), replayed.headers["Idempotency-Replayed"]) == (first.json(), "true")
    assert county.standing(subscription)["status"] == "active", "the replayed pause paused nothing"
    deleting = {"Idempotency-Key": "d"}
    assert county.sister.http.delete(path(subscription), headers=deleting).status_code == 204
    lost = county.sister.http.delete(path(subscription), headers=deleting)
    assert (lost.status_code, lost.headers["Idempotency-Replayed"]) == (204, "true")
    assert county.sister.http.delete(path(subscription), headers={"Idempotency-Key": "e"}).status_code == 404


def test_subscriptions_are_those_of_ones_reach(county: County, hook: Receiver, running: Running):
    subscription = county.subscribe(hook)
    for role in ("sister_system", "organisation_department", "operator"):
        near = running.as_role(role, region=county.region[:4] + "00")
        assert near.ask(path(subscription))["region"] == county.region
        assert near.post(f"{path(subscription)}/pause", {}).status_code == 200
        assert near.post("/v1/subscriptions", {"url": URL, "region": county.region}).status_code == 201
        far = running.as_role(role, region="510104")
        assert far.get(path(subscription)).status_code == 404
        assert far.post(f"{path(subscription)}/pause", {}).status_code == 404
        assert far.post("/v1/subscriptions", {"url": URL, "region": county.region}).status_code == 404
        assert far.get("/v1/subscriptions", region=county.region).status_code == 404
        assert far.ask("/v1/subscriptions")["items"] == []
    auditor = running.as_role("auditor", region=county.region)
    assert auditor.ask(path(subscription))["subscription_id"] == subscription["subscription_id"]
    assert auditor.post(f"{path(subscription)}/pause", {}).status_code == 403
    secretary = running.as_role("branch_secretary", organisation="甘肃")
    assert secretary.get(path(subscription)).status_code == 403
    assert secretary.get(f"/v1/subscriptions/{uuid4()}").status_code == 403
    assert county.sister.get("/v1/subscriptions/none").status_code == 404


def test_a_list_turns_its_pages_and_is_narrowed(county: County):
    for _ in range(3):
        county.sister.record("/v1/subscriptions", url=URL, region=county.region)
    ids, cursor = [], None
    while True:
        page = county.sister.ask("/v1/subscriptions", limit=1, cursor=cursor, region=county.region)
        ids += [one["subscription_id"] for one in page["items"]]
        if (cursor := page["next"]) is None:
            break
    assert len(set(ids)) == 3
    county.sister.post(f"/v1/subscriptions/{ids[0]}/pause", {})
    paused = county.sister.ask("/v1/subscriptions", status="paused")["items"]
    assert [one["subscription_id"] for one in paused] == [ids[0]]


def test_who_looks_after_it_is_named_or_answers_for_the_region_or_stands_above(county: County, running: Running):
    above = county.sister.record("/v1/subscriptions", url=URL, region=county.region)
    assert above["organisation"] == "甘肃"
    first, second = county.organise(2)
    assert county.sister.record("/v1/subscriptions", url=URL, region=county.region)["organisation"] == first
    named = county.sister.record("/v1/subscriptions", url=URL, region=county.region, organisation=second)
    assert named["organisation"] == second
    elsewhere = running.as_role("sister_system", region="510104")
    assert elsewhere.record("/v1/subscriptions", url=URL, region="510104")["organisation"] == "甘肃", "nobody is there"
    foreign = county.sister.post("/v1/subscriptions", {"url": URL, "region": county.region, "organisation": "甘肃"})
    assert (foreign.status_code, foreign.json()["code"]) == (403, "organisation_not_yours")


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"url": None}, "/url", "missing"),
        ({"url": 7}, "/url", "unreadable"),
        ({"url": "ftp://x.example/"}, "/url", "unreadable"),
        ({"url": "https://u:p@x.example/"}, "/url", "unreadable"),
        ({"url": "http://127.0.0.2:80/"}, "/url", "target_not_allowed"),
        ({"url": "https://169.254.169.254/latest"}, "/url", "target_not_allowed"),
        ({"url": "https://localhost.invalid/"}, "/url", "target_not_allowed"),
        ({"url": "http://8.8.8.8/"}, "/url", "target_not_allowed"),
        ({"region": None}, "/region", "missing"),
        ({"region": "999999"}, "/region", "unknown_region"),
        ({"region": "620102001"}, "/region", "unknown_region"),
        ({"types": []}, "/types", "unreadable"),
        ({"types": ["checked_in", "nothing"]}, "/types/1", "not_in_list"),
        ({"types": [{}]}, "/types/0", "not_in_list"),
        ({"from": "yesterday"}, "/from", "unreadable"),
        ({"from": "0b6f2c51-7f0e-4c55-9d52-5d7c8a3e1f10"}, "/from", "unknown_event"),
        ({"organisation": "nobody"}, "/organisation", "unknown_organisation"),
        ({"more": 1}, "/more", "unknown_field"),
    ],
)
def test_what_cannot_be_read_names_its_place(running: Running, body: dict[str, object], pointer: str, code: str):
    wanted = {"url": URL, "region": "620821", **body}
    answer = running.department.post("/v1/subscriptions", {k: v for k, v in wanted.items() if v is not None})
    assert answer.status_code == 422, answer.text
    assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [(pointer, code)]


def test_a_region_has_only_so_many(county: County, running: Running):
    with running.service.kiteline.log.reading() as connection:
        connection.execute(
            "INSERT INTO webhook_subscription (subscription_id, region, url, created_by, created_at, status_since,"
            " feedposition, previous) SELECT gen_random_uuid(), %s, %s, 'x', now(), now(), 0, 0"
            " FROM generate_series(1, 100)",
            (county.region, URL),
        )
        answer = county.sister.post("/v1/subscriptions", {"url": URL, "region": county.region})
        connection.execute("DELETE FROM webhook_subscription WHERE region = %s", (county.region,))
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_subscriptions")
