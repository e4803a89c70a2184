"""Two deployments close one loop over a real Kafka while either is killed on the way: both sides' views agree."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.broker import lifecycle
from tests.integration.sisters.served_deployments import Served, served_deployments, until
from tests.integration.sisters.two_deployments import DESTINATION, ORIGIN

Both = tuple[Served, Served]
STEPS = [
    "departure_reported",
    "pre_departure_talk_held",
    "departed",
    "check_in_prompted",
    "checked_in",
    "accepted",
    "contact_made",
    "contact_made",
    "returned",
    "return_education_held",
    "departed",
    "checked_in",
    "accepted",
    "transfer_requested",
    "transfer_out_approved",
    "transfer_letter_issued",
    "transfer_accepted",
    "receipt_returned",
]


@pytest.fixture
def both(tmp_path: Path, make_database: Callable[..., str]) -> Iterator[Both]:
    """Start a broker and both deployments; nothing of them outlives the test."""
    broker = lifecycle.start(tmp_path / "kafka")
    origin, destination = served_deployments(tmp_path, (make_database(), make_database()), broker.bootstrap_servers)
    try:
        origin.start()
        destination.start()
        yield origin, destination
    finally:
        origin.kill()
        destination.kill()
        lifecycle.stop(tmp_path / "kafka")


def told(state: dict[str, Any]) -> dict[str, Any]:
    """Return what both sides must say alike."""
    same = ("category", "affiliation", "responsible", "holder", "transfer", "movement")
    return {name: state[name] for name in same} | {"last_contact_at": state["clocks"]["last_contact_at"]}


def agree(both: Both, member: str, here: str, **movement: object) -> None:
    """Wait until both sides say the same of a member, and that the movement is so."""
    origin, destination = both

    def same() -> bool:
        theirs, ours = told(origin.state(member)), told(destination.state(here))
        return theirs == ours and movement.items() <= theirs["movement"].items()

    until(same, f"both say {movement}")


def leave_and_arrive(both: Both) -> tuple[str, str]:
    """Let a member leave Gansu and be received in Sichuan; return by which id each side knows them."""
    origin, destination = both
    home, host = origin.department, destination.department
    home.organise("MQ", ORIGIN, kind="COMMITTEE")
    home.organise("MQ-1", ORIGIN, parent="MQ")
    host.organise("JJ", DESTINATION, kind="COMMITTEE")
    host.organise("JJ-1", DESTINATION, parent="JJ")
    venue = host.record("/v1/venues", name="站", region=DESTINATION, organisation="JJ", kind="STATION")["stream"]
    member = home.register("MQ-1")
    home.command(member, "report-departure", "2025-03-01", organisation="MQ-1", destination={"region": DESTINATION})
    home.command(member, "hold-pre-departure-talk", "2025-03-01", organisation="MQ-1")
    destination.kill()
    home.command(member, "depart", "2025-03-02", organisation="MQ-1")
    prompted = home.command(member, "prompt-check-in", "2025-03-03", organisation="MQ-1", channel="PHONE")
    introduction = prompted["events"][0]["data"]["introduction"]
    destination.start()
    origin.kill()
    worker = destination.as_role("community_worker", organisation="JJ")
    arrived = worker.record("/v1/check-ins", venue=venue, introduction=introduction, occurred_at="2025-03-05")
    here = str(arrived["member_id"])
    host.command(here, "accept", "2025-03-06", organisation="JJ", branch="JJ-1")
    origin.start()
    agree(both, member, here, stage="settled")
    return member, here


def come_home(both: Both, member: str, here: str) -> None:
    origin, destination = both
    for day, channel in (("2025-03-20", "VISIT"), ("2025-04-20", "PHONE")):
        destination.department.command(here, "record-contact", day, organisation="JJ-1", channel=channel)
    destination.kill()
    origin.department.command(member, "return", "2025-05-01", organisation="MQ-1")
    origin.department.command(member, "hold-return-education", "2025-05-03", organisation="MQ-1")
    destination.start()
    agree(both, member, here, stage="closed", closed_reason="RETURNED")


def leave_for_good(both: Both, member: str, here: str) -> None:
    origin, destination = both
    home, host = origin.department, destination.department
    home.command(member, "depart", "2025-06-01", organisation="MQ-1", destination={"region": DESTINATION})
    agree(both, member, here, stage="awaiting_check_in")
    host.command(here, "check-in", "2025-06-03", organisation="JJ", region=DESTINATION, channel="WORKER")
    host.command(here, "accept", "2025-06-04", organisation="JJ", branch="JJ-1")
    agree(both, member, here, stage="settled")
    home.command(member, "request-transfer", "2025-07-01", organisation="MQ-1", to_organisation="JJ-1")
    home.command(member, "approve-transfer", "2025-07-02", organisation="MQ")
    home.command(member, "issue-transfer-letter", "2025-07-03", organisation="MQ", letter_number="甘组介〔2025〕7号")
    origin.kill()
    origin.start()
    until(lambda: (destination.state(here)["transfer"] or {}).get("letter_number") is not None, "the letter arrives")
    host.command(here, "accept-transfer", "2025-07-10", organisation="JJ-1", document="锦组〔2025〕3号")
    host.command(here, "return-receipt", "2025-07-20", organisation="JJ-1")
    destination.kill()
    destination.start()
    agree(both, member, here, closed_reason="TRANSFERRED")


def test_a_loop_and_a_transfer_close_though_either_side_is_killed_on_the_way(both: Both) -> None:
    origin, destination = both
    member, here = leave_and_arrive(both)
    come_home(both, member, here)
    leave_for_good(both, member, here)
    for side, one, first in ((origin, member, "member_registered"), (destination, here, "member_introduced")):
        history = side.department.ask(f"/v1/members/{one}/history", min_position=None)["items"]
        kinds = [item["type"] for item in history if item["type"] not in ("member_introduced", "member_registered")]
        assert kinds == STEPS
        assert history[0]["type"] == first
        assert [item["flags"] for item in history if item["flags"]] == []
