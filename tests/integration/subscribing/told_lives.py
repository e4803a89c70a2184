"""What happens in the guide: lives with everything that a subscriber has to cope with, each event by its name there."""

from __future__ import annotations

from typing import Any

from tests.running_service import Answer, Person, Running

HOME, HERE, ELSEWHERE = "620621", "620102", "510104"


def live(running: Running) -> dict[str, str]:
    """Record it all; returns the ids of the events that the guide shows, by its names."""
    department = running.department
    department.organise("LZ", HERE, kind="COMMITTEE")
    for code, region in (("MQ-1", HOME), ("LZ-1", HERE), ("LZ-9", HERE), ("JJ-1", ELSEWHERE)):
        department.organise(code, region)
    stayed, moved, void, past, erased = (_arrived(department) for _ in range(5))
    department.command(stayed["member"], "accept", "2025-03-07", organisation="LZ-1", branch="LZ-1")
    found = {"event": stayed["event"]}
    found["correction"] = _correct(department, moved, {"region": ELSEWHERE})
    department.command(void["member"], "void-event", "2025-03-08", event_id=void["event"])
    department.command(past["member"], "return", "2025-04-01")
    department.command(past["member"], "hold-return-education", "2025-04-02")
    department.command(past["member"], "check-in", "2025-05-01", region=ELSEWHERE, channel="CODE")
    found["past"] = _correct(department, past, {"occurred_at": "2025-03-06"})
    answer = department.http.delete(
        f"/v1/members/{erased['member']}/personal-data", headers={"Idempotency-Key": erased["member"]}
    )
    assert answer.status_code == 201, answer.text
    running.latest = max(running.latest, answer.json()["position"])
    found["erasure"] = _only(answer.json())
    found["merge"] = _merge(running)
    late = department.register("MQ-1")
    department.command(late, "check-in", "2025-03-05", region=HERE, channel="CODE")
    department.command(late, "depart", "2025-03-01", destination={"region": HERE})
    department.register("LZ-9")
    found["dissolved"] = _only(
        department.record("/v1/organisations/LZ-9/dissolve", occurred_at="2025-06-01", successor="LZ-1")
    )
    return found


def reorganise(department: Person) -> str:
    """Let the region have another code from a day on that is still to come; returns the event's id."""
    body = {"kind": "RENAMED", "effective_on": "2025-09-01", "from": [HERE], "to": ["620193"]}
    return _only(department.record("/v1/regions/reorganise", **body, names={"620193": "样例新区"}))


def arrive(department: Person, *, leave: bool) -> None:
    """Let somebody come here, and perhaps go home again."""
    one = _arrived(department)
    if leave:
        department.command(one["member"], "return", "2025-04-01")


def _arrived(department: Person) -> dict[str, str]:
    member = department.register("MQ-1")
    department.command(member, "depart", "2025-03-01", destination={"region": HERE})
    answer = department.command(member, "check-in", "2025-03-05", region=HERE, channel="WORKER")
    return {"member": member, "event": _only(answer)}


def _correct(department: Person, one: dict[str, str], changes: dict[str, Any]) -> str:
    body = {"event_id": one["event"], "changes": changes}
    return _only(department.command(one["member"], "correct-event", "2025-06-01", **body))


def _merge(running: Running) -> str:
    kept, absorbed = (_arrived(running.department)["member"] for _ in range(2))
    people = [running.as_role("organisation_department", region="000000") for _ in range(3)]
    movement = running.department.ask(f"/v1/members/{kept}")["movement"]["movement_id"]
    asked = {"kept": kept, "absorbed": absorbed, "keep_movement": movement, "keep_affiliation": "MQ-1"}
    merge = people[0].record("/v1/merges", **asked)["stream"]
    people[1].record(f"/v1/merges/{merge}/confirm")
    answer = people[2].record(f"/v1/merges/{merge}/confirm")
    return str(next(one["event_id"] for one in answer["events"] if "merged_into" in (one["after"] or {})))


def _only(answer: Answer) -> str:
    (event,) = answer["events"]
    return str(event["event_id"])
