"""A collective check-in day: codes for hundreds of venues at once, and a burst of scans of which none is lost."""

import asyncio
from collections import Counter
from uuid import uuid4

import httpx
import pytest

from tests.integration.check_ins.conftest import Station
from tests.running_service import Answer, Person, Running

VENUES = 510
SCANS = 240
PATH = "/v1/venues/codes"


@pytest.fixture(scope="module")
def venues(station: Station) -> list[str]:
    """Open more venues than are issued codes for in one save."""
    body = {"region": "620102", "kind": "OTHER", "occurred_at": "2025-01-01"}
    return [
        str(station.worker.record("/v1/venues", name=f"样例报到点{number}", **body)["stream"])
        for number in range(VENUES)
    ]


@pytest.fixture(scope="module")
def issued(station: Station, venues: list[str]) -> Answer:
    """Issue a code for each of them, to count from the beginning of 2025."""
    return station.worker.record(PATH, venues=venues, occurred_at="2025-01-01")


def test_each_venue_has_a_code_of_its_own(station: Station, venues: list[str], issued: Answer):
    assert [one["venue_id"] for one in issued["items"]] == venues
    assert len({one["code"] for one in issued["items"]}) == VENUES
    assert issued["position"] == station.head()
    assert len({one["expires_at"] for one in issued["items"]}) == 1


def test_sent_again_with_the_same_key_the_same_codes_are_told(station: Station, venues: list[str]):
    body, key = {"venues": venues[-3:], "rotates_every": 30}, str(uuid4())
    first = station.worker.post(PATH, body, key=key)
    head = station.head()
    again = station.worker.post(PATH, body, key=key)
    assert (first.status_code, again.status_code, again.headers["Idempotency-Replayed"]) == (201, 201, "true")
    assert again.json() == first.json()
    assert all(one["number"]["every_seconds"] == 30 for one in again.json()["items"])
    assert station.head() == head
    assert station.worker.post(PATH, {"venues": venues[:1]}, key=key).json()["code"] == "idempotency_key_reused"


def test_one_wrong_venue_and_no_code_is_issued(running: Running, station: Station, venues: list[str]):
    foreign = running.department.record(
        "/v1/venues", name="样例窗口", region="620621", kind="WINDOW", organisation="MQ"
    )
    head = station.head()
    for listed, faults in (
        (
            [venues[0], foreign["stream"], str(uuid4())],
            {("/venues/1", "unknown_venue"), ("/venues/2", "unknown_venue")},
        ),
        ([venues[0], venues[0], "nowhere"], {("/venues/1", "unreadable"), ("/venues/2", "unreadable")}),
        ([], {("/venues", "unreadable")}),
    ):
        answer = station.worker.post(PATH, {"venues": listed})
        assert answer.status_code == 422
        assert {(one["pointer"], one["code"]) for one in answer.json()["errors"]} == faults
    assert station.head() == head


def test_who_may_not_issue_a_code_may_not_issue_many(running: Running, venues: list[str], member: str):
    own = running.as_role("member", member=member)
    assert own.post(PATH, {"venues": venues[:2]}).status_code == 403
    liaison = running.as_role("liaison", organisation="CG-1")
    assert liaison.post(PATH, {"venues": venues[:2]}).status_code == 403


def test_of_a_burst_of_scans_none_is_lost_and_none_counts_twice(running: Running, station: Station, issued: Answer):
    secretary = running.as_role("branch_secretary", organisation="MQ-1")
    members = [secretary.register("MQ-1", name=f"测试{number}") for number in range(SCANS)]
    tokens = [running.as_role("member", member=member).token for member in members]
    codes = [one["code"] for one in issued["items"]]
    head = station.head()

    async def scan(client: httpx.AsyncClient, number: int) -> httpx.Response:
        return await client.post(
            "/v1/check-ins",
            json={"code": codes[number * 7 % VENUES], "occurred_at": "2025-06-16T09:00:00+08:00"},
            headers={"Authorization": f"Bearer {tokens[number]}", "Idempotency-Key": f"scan-{members[number]}"},
        )

    async def burst() -> list[httpx.Response]:
        limits = httpx.Limits(max_connections=60)
        async with httpx.AsyncClient(base_url=running.url, limits=limits, timeout=60, trust_env=False) as client:
            # Every fourth phone sends its scan twice, as phones do in a crowd.
            twice = [*range(SCANS), *range(0, SCANS, 4)]
            return list(await asyncio.gather(*(scan(client, number) for number in twice)))

    answers = asyncio.run(burst())
    told = Counter((answer.status_code, answer.json().get("code")) for answer in answers)
    # The second of two at once is told that the first is being recorded, or gets its answer.
    assert set(told) <= {(201, None), (409, "idempotency_key_in_flight")}
    assert told[201, None] >= SCANS
    recorded = {answer.json()["member_id"] for answer in answers if answer.status_code == 201}
    assert recorded == set(members)
    assert station.head() == head + SCANS
    running.latest = station.head()
    inflow = on_roster(running.department)
    assert set(members) <= inflow


def on_roster(department: Person) -> set[str]:
    """Return who has checked in at 城关."""
    found: set[str] = set()
    cursor = None
    while True:
        page = department.ask(
            "/v1/rosters", region="620102", side="inflow", stage="checked_in", limit=1000, cursor=cursor
        )
        found |= {item["member_id"] for item in page["items"]}
        cursor = page["next"]
        if cursor is None:
            return found


def test_members_without_a_signal_are_on_a_list_that_is_synced_later(running: Running, station: Station):
    secretary = running.as_role("branch_secretary", organisation="MQ-1")
    members = [secretary.register("MQ-1", name=f"测试{number}") for number in range(30)]
    for member in members:
        secretary.command(member, "depart", "2025-06-01", destination={"region": "620102"})
    items = [
        {"member_id": member, "command": "check-in", "key": f"list-{member}", "region": "620102", "channel": "CODE",
         "venue": station.venue, "occurred_at": f"2025-06-16T10:{number:02}:00+08:00"}
        for number, member in enumerate(members)
    ]  # fmt: skip
    head = station.head()
    for replayed in (False, True):
        outcomes = station.worker.http.post("/v1/commands", json=items).json()["items"]
        assert Counter((one["status"], one["replayed"]) for one in outcomes) == {(201, replayed): 30}
    assert station.head() == head + 30
    times = [one["body"]["events"][0]["occurred_at"] for one in outcomes]
    assert times == [item["occurred_at"] for item in items]


def test_a_venue_named_by_an_id_that_there_never_was_is_told(running: Running, station: Station, member: str):
    secretary = running.as_role("branch_secretary", organisation="MQ-1")
    secretary.command(member, "depart", "2025-06-01", destination={"region": "620102"})
    arrived = {"occurred_at": "2025-06-16", "region": "620102", "channel": "WORKER"}
    held = {"organisation": "CG", "kind": "LECTURE", "held_at": "2025-06-16", "hours": 1}
    head = station.head()
    for path, body in ((f"/v1/members/{member}/check-in", arrived), ("/v1/activities", held)):
        answer = station.worker.post(path, {**body, "venue": str(uuid4())})
        assert answer.status_code == 422, answer.text
        assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [("/venue", "unknown_venue")]
    (item,) = station.worker.http.post(
        "/v1/commands",
        json=[{"member_id": member, "command": "check-in", "key": "list", "venue": str(uuid4()), **arrived}],
    ).json()["items"]
    assert (item["status"], item["body"]["errors"][0]["code"]) == (422, "unknown_venue")
    assert station.head() == head
    # An office's own sign is no id of ours, and is kept as written.
    assert station.worker.command(member, "check-in", **arrived, venue="CG-12")["events"][0]["data"]["venue"] == "CG-12"
