"""What is told of a member before anything is recorded: which commands would be refused, the last events, the words."""

from __future__ import annotations

import pytest

_CALL = {"destination": {"unknown": True}}


@pytest.fixture
def away(secretary):
    """Somebody who has left and not checked in."""
    member = secretary.register("MQ-1")
    secretary.command(member, "report-departure", "2025-03-01", **_CALL)
    secretary.command(member, "depart", "2025-03-02")
    return member


def test_what_is_said_to_be_refused_is_refused_for_that_reason_and_the_rest_is_not(secretary, away):
    told = secretary.ask(f"/v1/members/{away}/commands")
    assert told["organisation"] == "MQ-1"
    by_verb = {one["command"]: one for one in told["items"]}
    bodies = {
        "report-departure": _CALL,
        "depart": {},
        "cancel-departure": {},
        "change-destination": _CALL,
        "hold-return-education": {},
        "move-onward": _CALL,
        "accept": {},
        "prompt-check-in": {},
        "restore-contact": {},
        "report-return": {},
    }
    refused = 0
    for verb, body in bodies.items():
        answer = secretary.post(f"/v1/members/{away}/{verb}", {"occurred_at": "2025-03-10", **body})
        said = by_verb[verb]["refused"]
        if said is None:
            assert answer.status_code == 201, f"{verb}: {answer.text}"
        else:
            refused += 1
            assert (answer.status_code, answer.json()["code"]) == (409, said["code"]), verb
            assert said["detail"] == answer.json()["detail"]
    assert refused == 7


def test_only_what_the_role_may_give_is_told(running, secretary, away):
    mine = running.as_role("member", member=away).ask(f"/v1/members/{away}/commands")
    verbs = {one["command"] for one in mine["items"]}
    assert "report-return" not in {one["command"] for one in mine["items"] if not one["possible"]}
    assert "accept" not in verbs
    assert "void-event" not in {one["command"] for one in secretary.ask(f"/v1/members/{away}/commands")["items"]}


def test_a_history_told_backwards_is_the_same_history(secretary, away):
    for day in range(1, 8):
        secretary.command(away, "record-contact", f"2025-04-0{day}", channel="PHONE")
    path = f"/v1/members/{away}/history"
    forwards = secretary.ask(path)["items"]
    backwards, cursor = [], None
    while True:
        page = secretary.ask(path, newest_first=True, limit=4, cursor=cursor)
        backwards += page["items"]
        cursor = page["next"]
        if cursor is None:
            break
    assert backwards == forwards[::-1]


def test_words_beside_events_are_told_for_a_purpose_and_the_read_is_written_down(secretary, away):
    voided = secretary.ask(f"/v1/members/{away}/history")["items"][-1]["event_id"]
    answer = secretary.command(away, "void-event", "2025-03-05", event_id=voided, reason="记错了人")
    assert secretary.get(f"/v1/members/{away}", texts=True).json()["errors"][0]["pointer"] == "/query/purpose"
    assert "texts" not in secretary.ask(f"/v1/members/{away}")
    told = secretary.ask(f"/v1/members/{away}", texts=True, fields="name", purpose="核对")
    event = answer["events"][0]["event_id"]
    assert told["texts"] == [{"event_id": event, "field": "reason", "text": "记错了人"}]
    assert told["personal"] == {"name": "测试甲"}
    last = secretary.ask(f"/v1/members/{away}/reads")["items"][0]
    assert (last["fields"], last["purpose"]) == (["name", "texts"], "核对")
