"""A member of one deployment lives in another: each side records its own, learns the other's, and both agree."""

from __future__ import annotations

from typing import Any

from tests.integration.sisters.two_deployments import DESTINATION, ORIGIN, Deployment

Both = tuple[Deployment, Deployment]


def left_home(origin: Deployment) -> tuple[str, str]:
    """Let a member leave Gansu for Sichuan; return who, and the introduction that the prompt gave."""
    department = origin.department
    member = department.register("MQ-1", category="PROBATIONARY")
    department.command(
        member,
        "report-departure",
        "2025-03-01",
        organisation="MQ-1",
        destination={"region": DESTINATION},
        departs_on="2025-03-03",
        reason="WORK",
    )
    department.command(member, "hold-pre-departure-talk", "2025-03-02", organisation="MQ-1")
    department.command(member, "depart", "2025-03-03", organisation="MQ-1")
    prompted = department.command(member, "prompt-check-in", "2025-03-04", organisation="MQ-1", channel="PHONE")
    return member, prompted["events"][0]["data"]["introduction"]


def arrive(destination: Deployment, introduction: str, occurred_at: str = "2025-03-05", **more: object) -> str:
    """Check somebody in at Sichuan by the worker's hand, with the introduction they brought."""
    worker = destination.running.as_role("community_worker", organisation="JJ")
    venue = destination.department.record(
        "/v1/venues", name="锦江党群服务中心", region=DESTINATION, organisation="JJ", kind="STATION"
    )["stream"]
    answer = worker.record("/v1/check-ins", venue=venue, introduction=introduction, occurred_at=occurred_at, **more)
    return str(answer["member_id"])


def agreed(state: dict[str, Any]) -> dict[str, Any]:
    """Return what both sides must say alike."""
    movement = state["movement"]
    return {
        "category": state["category"],
        "affiliation": state["affiliation"],
        "responsible": state["responsible"],
        "holder": state["holder"],
        "last_contact_at": state["clocks"]["last_contact_at"],
        "transfer": state["transfer"],
        "movement": movement,
    }


def both_agree(both: Both, member: str, here: str) -> dict[str, Any]:
    origin, destination = both
    theirs, ours = agreed(origin.state(member)), agreed(destination.state(here))
    assert ours == theirs
    return theirs


def exchange(both: Both) -> None:
    """Hand over what is new, until neither has anything to tell."""
    origin, destination = both
    while origin.tell(destination, DESTINATION) or destination.tell(origin, ORIGIN):
        pass


def test_a_movement_is_reported_here_and_received_there_and_comes_home(deployments: Both) -> None:
    origin, destination = deployments
    member, introduction = left_home(origin)
    exchange(deployments)
    assert destination.waiting()[0] == ("departure_reported", "not_introduced")

    here = arrive(destination, introduction)
    assert here != member
    assert destination.waiting() == []
    exchange(deployments)
    assert both_agree(deployments, member, here)["movement"]["stage"] == "checked_in"

    host = destination.department
    host.command(here, "accept", "2025-03-06", organisation="JJ")
    host.command(here, "place-in-branch", "2025-03-07", organisation="JJ", branch="JJ-1", kind="WORKPLACE")
    for day in ("2025-03-20", "2025-04-20"):
        host.command(here, "record-contact", day, organisation="JJ-1", channel="VISIT")
    exchange(deployments)
    settled = both_agree(deployments, member, here)
    assert (settled["responsible"], settled["movement"]["stage"]) == ("JJ-1", "settled")
    assert settled["last_contact_at"] == "2025-04-20"

    home = origin.department
    home.command(member, "return", "2025-05-01", organisation="MQ-1")
    home.command(member, "hold-return-education", "2025-05-03", organisation="MQ-1")
    exchange(deployments)
    closed = both_agree(deployments, member, here)
    assert (closed["movement"]["stage"], closed["movement"]["closed_reason"]) == ("closed", "RETURNED")
    assert closed["category"] == "PROBATIONARY"
    assert origin.waiting() == destination.waiting() == []
    assert sorted(origin.history(member)) == sorted(["member_registered", *(one for one in destination.history(here))])


def test_a_relationship_is_transferred_with_letter_and_receipt(deployments: Both) -> None:
    origin, destination = deployments
    member, introduction = left_home(origin)
    exchange(deployments)
    here = arrive(destination, introduction)
    destination.department.command(here, "accept", "2025-03-06", organisation="JJ", branch="JJ-1")
    exchange(deployments)

    home, host = origin.department, destination.department
    home.command(member, "request-transfer", "2025-04-01", organisation="MQ-1", to_organisation="JJ-1")
    home.command(member, "approve-transfer", "2025-04-02", organisation="MQ")
    home.command(member, "issue-transfer-letter", "2025-04-03", organisation="MQ", letter_number="甘组介〔2025〕7号")
    exchange(deployments)
    issued = both_agree(deployments, member, here)
    assert (issued["transfer"]["status"], issued["transfer"]["valid_until"]) == ("expired", "2025-07-02")

    host.command(here, "accept-transfer", "2025-04-10", organisation="JJ-1", document="锦组〔2025〕3号")
    host.command(here, "return-receipt", "2025-04-20", organisation="JJ-1")
    exchange(deployments)
    moved = both_agree(deployments, member, here)
    assert moved["affiliation"] == "JJ-1"
    assert moved["transfer"]["status"] == "receipt_returned"
    assert moved["movement"]["closed_reason"] == "TRANSFERRED"
    assert origin.waiting() == destination.waiting() == []
