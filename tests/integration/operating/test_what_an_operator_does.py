"""An operator sees how a deployment stands and what waits, does what helps, and what was done is on record."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from infra.database.embedded import EmbeddedPostgres
from infra.sisters.taking import Outcome
from tests.running_service import Person, Running, service_on_fresh_database

HOME = "MINQIN"
AUGUST = "2025-08-01"
PATIENCE_SECONDS = 120


@pytest.fixture(scope="module")
def running(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with service_on_fresh_database(
        postgres, tmp_path_factory.mktemp("operating"), webhook_allowed_targets="127.0.0.1"
    ) as one:
        one.department.organise(HOME, "620621", kind="COMMITTEE")
        yield one


@pytest.fixture(scope="module")
def operator(running: Running) -> Person:
    return running.as_role("operator", region="000000", subject="op-1")


def parked(running: Running, member: str) -> None:
    """Park somebody whose events are as they should be, as a program that could not read them did."""
    with psycopg.connect(database(running), autocommit=True) as connection:
        connection.execute(
            "INSERT INTO projection_parked (member_id, position, code) VALUES (%s, %s, 'ValueError')",
            (member, running.latest),
        )


def database(running: Running) -> str:
    url = running.service.settings.database_url
    assert url is not None
    return url


def ended(operator: Person, act_id: str) -> dict[str, Any]:
    """Wait for what came of an act."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        found = next(one for one in operator.ask("/v1/operator-acts")["items"] if one["act_id"] == act_id)
        if found["state"] != "running" or time.monotonic() > until:
            return dict(found)
        threading.Event().wait(0.1)


def test_the_status_tells_how_far_every_copy_of_the_log_is(running: Running, operator: Person) -> None:
    running.department.register(HOME)
    running.department.ask("/v1/rosters", region="620621")

    status = operator.ask("/v1/status")

    assert status["position"] == running.latest
    assert status["states"]["database"] == "ok"
    parts = {one["part"]: one for one in status["parts"]}
    assert parts["read_models"]["position"] == status["position"]
    assert parts["read_models"]["lag"] == 0
    assert set(parts) == {"read_models", "feeds", "tree", "checkpoint", "topics", "webhooks"}
    assert parts["topics"]["state"] == "off"
    assert status["views"] == ["members", "duties", "flows", "statistics"]


def test_what_a_sister_sent_waits_until_it_is_taken_or_given_up(running: Running, operator: Person) -> None:
    assert running.service.inbox.receive(b"no event at all", "kiteline.region.510104") is Outcome.PUT_ASIDE
    [waiting] = operator.ask("/v1/quarantine")["items"]
    assert waiting["topic"] == "kiteline.region.510104"
    assert "event" not in waiting
    assert operator.ask("/v1/status")["quarantine"] == {waiting["code"]: 1}
    address = f"/v1/quarantine/{waiting['quarantine_id']}"

    refused = operator.post(f"{address}/retry")
    assert (refused.status_code, refused.json()["code"]) == (409, "still_waiting")

    key = str(uuid4())
    dropped = operator.post(f"{address}/drop", key=key)
    assert dropped.status_code == 201, dropped.text
    again = operator.post(f"{address}/drop", key=key)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json() == dropped.json()
    assert operator.ask("/v1/quarantine")["items"] == []
    assert operator.post(f"{address}/retry").status_code == 404
    act = operator.ask("/v1/operator-acts")["items"][0]
    assert (act["act"], act["about"], act["actor"], act["state"]) == (
        "drop_quarantined",
        str(waiting["quarantine_id"]),
        "op-1",
        "done",
    )


def test_read_models_are_rebuilt_beside_the_live_ones_and_the_act_tells_what_came_of_it(
    running: Running, operator: Person
) -> None:
    before = running.department.ask("/v1/rosters", region="620621", side="affiliated")["items"]

    begun = operator.record("/v1/read-models/rebuild", views=["members", "flows"])

    assert (begun["act"], begun["about"], begun["state"]) == ("rebuild_read_models", "members,flows", "running")
    done = ended(operator, begun["act_id"])
    assert done["state"] == "done", done
    assert "0 parked" in done["outcome"]
    assert running.department.ask("/v1/rosters", region="620621", side="affiliated")["items"] == before
    unknown = operator.post("/v1/read-models/rebuild", {"views": [{}]})
    assert (unknown.status_code, unknown.json()["errors"][0]["pointer"]) == (422, "/views")


def test_a_parked_member_is_taken_up_again_once_the_events_can_be_folded(running: Running, operator: Person) -> None:
    member = running.department.register(HOME)
    running.department.ask("/v1/rosters", region="620621")
    parked(running, member)
    [shown] = operator.ask("/v1/status")["parked"]
    assert (shown["member_id"], shown["code"]) == (member, "ValueError")

    begun = operator.record(f"/v1/parked/{member}/retry")

    assert ended(operator, begun["act_id"])["state"] == "done"
    assert operator.ask("/v1/status")["parked"] == []
    assert operator.post(f"/v1/parked/{member}/retry").status_code == 404
    contacted = running.department.command(member, "pay-dues", AUGUST, months=["2025-07"], organisation=HOME)
    roster = running.department.ask(
        "/v1/rosters", region="620621", side="affiliated", min_position=contacted["position"]
    )
    assert member in {item["member_id"] for item in roster["items"]}


def test_a_region_without_a_feed_has_no_topic_to_fill_again(operator: Person) -> None:
    assert operator.post("/v1/topics/999999/publish-again").status_code == 404
    assert operator.record("/v1/topics/620621/publish-again")["about"] == "620621"


def test_who_paused_a_subscription_is_on_record_for_the_auditor(running: Running, operator: Person) -> None:
    sister = running.as_role("sister_system", region="620621")
    made = sister.record("/v1/subscriptions", url="https://127.0.0.1:9/in", region="620621")["subscription_id"]

    operator.record(f"/v1/subscriptions/{made}/pause")

    auditor = running.as_role("auditor", region="000000")
    newest = auditor.ask("/v1/operator-acts", limit=1)
    assert newest["items"][0]["act"] == "pause_subscription"
    assert newest["items"][0]["about"] == made
    older = auditor.ask("/v1/operator-acts", limit=1, cursor=newest["next"])
    assert older["items"][0]["act_id"] != newest["items"][0]["act_id"]


def test_reads_are_listed_for_the_auditor_of_where_they_were_made(running: Running) -> None:
    department = running.department
    department.organise("LANZHOU", "620102")
    member = department.register(HOME, name="测试乙")
    secretary = running.as_role("branch_secretary", organisation=HOME, subject="reader-1")
    secretary.ask(f"/v1/members/{member}", fields="name,phone", purpose="电话联系")
    auditor = running.as_role("auditor", region="000000")

    [read] = auditor.ask("/v1/reads", reader="reader-1")["items"]
    assert (read["member_id"], read["role"], read["fields"], read["purpose"]) == (
        member,
        "branch_secretary",
        ["name", "phone"],
        "电话联系",
    )
    assert auditor.ask("/v1/reads", member_id=member, role="branch_secretary")["items"] == [read]
    assert auditor.ask("/v1/reads", reader="reader-1", until="2025-01-01")["items"] == []
    assert running.as_role("auditor", region="620621").ask("/v1/reads", reader="reader-1")["items"] == [read]
    assert running.as_role("auditor", region="620102").ask("/v1/reads", reader="reader-1")["items"] == []


def test_checkpoints_are_listed_as_they_were_signed(running: Running) -> None:
    auditor = running.as_role("auditor", region="000000")
    note = auditor.get("/v1/log/checkpoint").text

    newest = auditor.ask("/v1/log/checkpoints")["items"][0]

    assert note.startswith(newest["note"])
    assert str(newest["size"]) == note.splitlines()[1]
    assert newest["root"] == note.splitlines()[2]
    assert newest["cosignatures"] == []


def test_a_member_whose_events_still_cannot_be_folded_stays_parked(running: Running, operator: Person) -> None:
    member = running.department.register(HOME)
    running.department.ask("/v1/rosters", region="620621")
    with psycopg.connect(database(running), autocommit=True) as connection:
        connection.execute("ALTER TABLE log DISABLE TRIGGER USER")
        connection.execute("UPDATE log SET state = '{}' WHERE originator_id = %s", (UUID(member),))
    parked(running, member)

    refused = operator.post(f"/v1/parked/{member}/retry")

    assert (refused.status_code, refused.json()["code"]) == (409, "still_parked")
    assert [one["member_id"] for one in operator.ask("/v1/status")["parked"]] == [member]
