"""Corrections, declines, unknown homes, people known already, forged introductions: what sisters may tell."""

from __future__ import annotations

from uuid import UUID

import orjson

from infra.notes.signed_note import Signer
from infra.sisters.introduction import Introducer
from tests.integration.sisters.test_one_loop_across_two_deployments import (
    Both,
    arrive,
    both_agree,
    exchange,
    left_home,
)
from tests.integration.sisters.two_deployments import DESTINATION, ORIGIN, Deployment
from tests.running_service import synthetic_identity_number


def test_what_a_sister_recorded_she_puts_right_and_nobody_else_does(deployments: Both) -> None:
    origin, destination = deployments
    member, introduction = left_home(origin)
    exchange(deployments)
    here = arrive(destination, introduction)
    host = destination.department
    host.command(here, "accept", "2025-03-06", organisation="JJ", branch="JJ-1")
    made = host.command(here, "record-contact", "2025-03-20", organisation="JJ-1", channel="VISIT")["events"][0]
    exchange(deployments)
    assert both_agree(deployments, member, here)["last_contact_at"] == "2025-03-20"

    copied = next(one for one in events(origin, member) if one["type"] == "contact_made")
    for verb in ("correct-event", "void-event"):
        body = {"event_id": copied["event_id"], "occurred_at": "2025-04-01", "reason": "-"}
        changes = {"changes": {"channel": "PHONE"}} if verb == "correct-event" else {}
        refused = origin.department.post(f"/v1/members/{member}/{verb}", {**body, **changes})
        assert (refused.status_code, refused.json()["code"]) == (409, "recorded_by_a_sister")

    about = {"event_id": made["event_id"], "reason": "-"}
    host.command(here, "correct-event", "2025-04-01", changes={"occurred_at": "2025-03-22"}, **about)
    exchange(deployments)
    assert both_agree(deployments, member, here)["last_contact_at"] == "2025-03-22"
    host.command(here, "void-event", "2025-04-02", **about)
    exchange(deployments)
    assert both_agree(deployments, member, here)["last_contact_at"] == "2025-03-05"

    departed = next(one for one in events(origin, member) if one["type"] == "departed")
    told = next(raw for _, raw in reversed(destination.events(ORIGIN)) if orjson.loads(raw)["subject"] == here)
    forged = orjson.loads(told)
    forged |= {"id": "00000000-0000-4000-8000-000000000009", "type": "org.kiteline.event_voided.v1"}
    forged["data"] |= {"event_id": departed["event_id"]}
    assert origin.receive(orjson.dumps(forged), ORIGIN).value == "put_aside"
    assert origin.waiting() == [("event_voided", "unknown_event")]

    firsts = [orjson.loads(raw).get("originsource") for _, raw in destination.events(ORIGIN)]
    assert [one for one in firsts if one is not None] == []


def test_somebody_whose_destination_was_unknown_is_taken_in_and_their_home_is_learnt(deployments: Both) -> None:
    origin, destination = deployments
    home = origin.department
    member = home.register("MQ-1", category="PROBATIONARY")
    home.command(member, "depart", "2025-03-03", organisation="MQ-1", destination={"unknown": True})
    prompted = home.command(member, "prompt-check-in", "2025-03-04", organisation="MQ-1")
    exchange(deployments)
    assert destination.waiting() == []

    here = arrive(destination, prompted["events"][0]["data"]["introduction"])
    assert destination.state(here)["affiliation"].startswith("EXT-")
    destination.running.department.command(here, "decline", "2025-03-06", organisation="JJ", reason="WRONG_PLACE")
    destination.sent.clear()
    unread = [raw for region in (ORIGIN, "620000") for _, raw in destination.events(region)]
    for raw in unread:
        origin.receive(raw, "620000")
    arrived = origin.state(member)["movement"]
    assert (arrived["stage"], arrived["legs"][0]["region"]) == ("awaiting_check_in", DESTINATION)
    assert destination.state(here)["movement"]["movement_id"] == arrived["movement_id"]

    home.command(member, "return", "2025-05-01", organisation="MQ-1")
    origin.tell(destination, DESTINATION)
    learnt = destination.state(here)
    assert (learnt["affiliation"], learnt["category"]) == ("MQ-1", "PROBATIONARY")
    assert learnt["movement"]["stage"] == "returned"
    assert origin.waiting() == destination.waiting() == []


def test_who_checks_in_before_the_origin_was_heard_is_known_there_whichever_topic_is_read_first(
    deployments: Both,
) -> None:
    origin, destination = deployments
    member, introduction = left_home(origin)
    here = arrive(destination, introduction)  # nothing of the origin's has come: their home is unnamed, in her area
    assert destination.state(here)["affiliation"].startswith("EXT-")
    origin.tell(destination, DESTINATION)
    assert destination.state(here)["affiliation"] == "MQ-1"

    destination.tell(origin, ORIGIN)
    assert {code for _, code in origin.waiting()} == {"not_introduced"}
    destination.tell(origin, "620000")
    assert origin.waiting() == []
    assert both_agree(deployments, member, here)["movement"]["stage"] == "checked_in"


def test_a_person_known_here_already_is_introduced_and_stays_one_member(deployments: Both) -> None:
    origin, destination = deployments
    member, introduction = left_home(origin)
    exchange(deployments)
    number = synthetic_identity_number()
    host = destination.department
    worker = destination.running.as_role("community_worker", organisation="JJ")
    venue = venue_of(destination)
    card = {"identity_number": number, "name": "测试甲", "venue": venue, "occurred_at": "2025-03-05"}
    known = worker.record("/v1/check-ins", **card)["member_id"]
    assert destination.state(known)["affiliation"].startswith("EXT-")

    here = arrive(destination, introduction, "2025-03-06", identity_number=number, name="测试甲")
    assert here == known
    assert destination.state(here)["affiliation"] == "MQ-1"
    assert arrive(destination, introduction, "2025-03-07") == here
    exchange(deployments)
    assert origin.state(member)["movement"]["legs"][0]["region"] == DESTINATION
    assert origin.waiting() == destination.waiting() == []

    someone = host.register("JJ-1", name="测试乙", identity_number=(other := synthetic_identity_number()))
    body = {"introduction": introduction, "occurred_at": "2025-03-07", "identity_number": other, "name": "测试乙"}
    refused = worker.post("/v1/check-ins", {**body, "venue": venue})
    assert (refused.status_code, refused.json()["code"]) == (409, "introduced_already")
    assert destination.history(someone) == ["member_registered"]


def test_a_forged_introduction_makes_nobody_a_member(deployments: Both) -> None:
    origin, destination = deployments
    member, introduction = left_home(origin)
    stranger = Signer.of("urn:kiteline:gansu:introductions", bytes(32))
    movement_id = origin.state(member)["movement"]["movement_id"]
    false = Introducer("urn:kiteline:gansu:1", stranger).write(member, movement_id)
    nowhere = Introducer("urn:kiteline:nowhere:1", stranger).write(member, movement_id)
    worker = destination.running.as_role("community_worker", organisation="JJ")
    venue = venue_of(destination)
    head = destination.running.service.kiteline.log.max_notification_id()
    for text in (false, nowhere, introduction[:-4] + "AAAA", "gansu"):
        body = {"introduction": text, "occurred_at": "2025-03-07", "venue": venue}
        refused = worker.post("/v1/check-ins", body)
        assert (refused.status_code, refused.json()["code"]) == (422, "introduction_invalid")
    assert destination.running.service.kiteline.log.max_notification_id() == head


def events(side: Deployment, member: str) -> list[dict[str, str]]:
    return list(side.department.ask(f"/v1/members/{member}/history")["items"])


def venue_of(destination: Deployment) -> str:
    body = {"name": "站", "region": DESTINATION, "organisation": "JJ", "kind": "STATION"}
    return str(destination.department.record("/v1/venues", **body)["stream"])


def test_two_claims_are_one_claim_on_both_sides_until_a_person_decides(deployments: Both) -> None:
    origin, destination = deployments
    host = destination.department
    host.organise("SC", "510000", kind="COMMITTEE")
    host.organise("QY", "510105", kind="COMMITTEE", parent="SC")
    host.organise("JN", DESTINATION, kind="COMMITTEE", parent="SC")
    member, introduction = left_home(origin)
    exchange(deployments)
    worker = destination.running.as_role("community_worker", organisation="QY")
    body = {"name": "站", "region": "510105", "organisation": "QY", "kind": "STATION"}
    venue = host.record("/v1/venues", **body)["stream"]
    arrived = worker.record("/v1/check-ins", venue=venue, introduction=introduction, occurred_at="2025-03-05")
    here = arrived["member_id"]
    host.command(here, "accept", "2025-03-06", organisation="QY")
    contested = host.command(here, "accept", "2025-03-07", organisation="JN")["events"][-1]
    exchange(deployments)
    claims = both_agree(deployments, member, here)["movement"]["claims"]
    assert [one["claim_id"] for one in claims] == [contested["event_id"]]

    decided = {"claim_id": contested["event_id"], "in_favour_of": "JN", "document": "川组〔2025〕5号"}
    host.command(here, "decide-claim", "2025-03-10", organisation="SC", **decided)
    exchange(deployments)
    settled = both_agree(deployments, member, here)
    assert (settled["responsible"], settled["movement"]["claims"]) == ("JN", [])
    assert origin.waiting() == []


def test_what_a_sister_relays_has_one_effect_and_what_was_ours_has_none(deployments: Both) -> None:
    origin, destination = deployments
    member, introduction = left_home(origin)
    exchange(deployments)
    here = arrive(destination, introduction)
    exchange(deployments)
    made = destination.department.command(here, "record-contact", "2025-03-20", organisation="JJ", channel="VISIT")[
        "events"
    ][0]
    raw = next(raw for _, raw in destination.events(ORIGIN) if orjson.loads(raw)["id"] == made["event_id"])
    event = orjson.loads(raw)
    hubei = {"originsource": "urn:kiteline:hubei:1", "originid": "00000000-0000-4000-8000-000000000042"}
    relayed = [event | hubei | {"id": f"00000000-0000-4000-8000-00000000000{number}"} for number in (1, 2)]
    ours = event | {"originsource": "urn:kiteline:gansu:1", "originid": made["event_id"]}
    told = [origin.receive(orjson.dumps(one), ORIGIN).value for one in (*relayed, ours)]
    assert told == ["recorded", "known", "passed_over"]
    facts = origin.running.service.kiteline.read_stream(UUID(member))
    kept = next(one for one in facts if one.origin_id == hubei["originid"])
    assert (kept.origin_source, kept.actor, kept.via) == ("urn:kiteline:hubei:1", "sister:sichuan", "SISTER")
    assert kept.concerns == (ORIGIN,)
