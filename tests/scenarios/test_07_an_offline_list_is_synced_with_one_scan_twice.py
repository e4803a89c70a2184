"""Scenario 7: three scans of 04-03 to 04-05 are synced on 04-10, one twice: three check-ins at their own times."""

from uuid import uuid4

import pytest

from tests.running_service import Answer
from tests.scenarios.country import Country, owed

TIMES = ("2025-04-03T09:12:00+08:00", "2025-04-04T10:30:00+08:00", "2025-04-05T17:45:00+08:00")


class List:
    """Three members on one worker's offline list, and what the service answered to it."""

    def __init__(self, country: Country) -> None:
        origin = country.of("民勤-1")
        self.members = []
        for name in ("测试甲", "测试乙", "测试丙"):
            member = origin.register("民勤-1", name=name)
            origin.command(member, "depart", "2025-04-01", destination={"region": "620102"})
            self.members.append(member)
        worker = country.running.as_role("community_worker", organisation="城关")
        first, second, third = (
            {"member_id": member, "command": "check-in", "key": f"scan-{uuid4()}", "occurred_at": time,
             "region": "620102", "channel": "CODE", "venue": "CG-12"}
            for member, time in zip(self.members, TIMES, strict=True)
        )  # fmt: skip
        self.items = [first, second, second, third]
        self.head_before = country.head()
        self.answer = worker.http.post("/v1/commands", json=self.items)
        self.outcomes: list[Answer] = self.answer.json()["items"]
        country.running.latest = max(country.running.latest, *(one["body"]["position"] for one in self.outcomes))
        self.head_after = country.head()
        self.again = worker.http.post("/v1/commands", json=self.items)
        self.head_at_last = country.head()
        self.worker = worker


@pytest.fixture(scope="module")
def offline(country: Country) -> List:
    return List(country)


def test_the_list_is_answered_item_by_item(offline: List):
    assert offline.answer.status_code == 207
    assert [one["index"] for one in offline.outcomes] == [0, 1, 2, 3]
    assert [one["status"] for one in offline.outcomes] == [201] * 4
    first, second, twice, third = (one["body"] for one in offline.outcomes)
    assert [body["member_id"] for body in (first, second, twice, third)] == [
        offline.members[0], offline.members[1], offline.members[1], offline.members[2],
    ]  # fmt: skip


def test_the_scan_sent_twice_is_answered_as_replayed(offline: List):
    assert [one["replayed"] for one in offline.outcomes] == [False, False, True, False]
    assert offline.outcomes[2]["body"] == offline.outcomes[1]["body"]


def test_there_are_three_check_ins_at_their_own_times(country: Country, offline: List):
    assert offline.head_after == offline.head_before + 3
    for member, time in zip(offline.members, TIMES, strict=True):
        movement = country.state(member)["movement"]
        assert (movement["stage"], movement["legs"][0]["checked_in_at"]) == ("checked_in", time)
        assert country.state(member)["clocks"]["last_contact_at"] == time
        arrivals = [item for item in country.history(member) if item["type"] == "checked_in"]
        assert [item["occurred_at"] for item in arrivals] == [time]
        assert arrivals[0]["channel"] == "BULK"


def test_the_whole_list_sent_again_records_nothing(offline: List):
    again = offline.again.json()["items"]
    assert [one["status"] for one in again] == [201] * 4
    assert [one["replayed"] for one in again] == [True] * 4
    assert [one["body"] for one in again] == [one["body"] for one in offline.outcomes]
    assert offline.head_at_last == offline.head_after


def test_the_key_of_a_scan_does_not_serve_another(offline: List):
    other = {**offline.items[0], "occurred_at": "2025-04-06T09:00:00+08:00"}
    (outcome,) = offline.worker.http.post("/v1/commands", json=[other]).json()["items"]
    assert (outcome["status"], outcome["body"]["code"]) == (422, "idempotency_key_reused")


@pytest.mark.parametrize(
    ("as_of", "arrived"),
    [("2025-04-02", 0), ("2025-04-03", 1), ("2025-04-04", 2), ("2025-04-05", 3), ("2025-04-10", 3)],
)
def test_the_rosters_of_those_days_are_as_it_was(country: Country, offline: List, as_of: str, arrived: int):
    expected = {
        member: "checked_in" if index < arrived else "awaiting_check_in" for index, member in enumerate(offline.members)
    }
    assert country.on_roster("inflow", region="620102", as_of=as_of) == expected
    assert country.on_roster("outflow", region="620621", as_of=as_of) == expected
    counts = country.lifecycle("inflow", region="620102", as_of=as_of)
    assert {stage: count for (_, stage), (count, _) in counts.items()} == {
        stage: count for stage, count in (("awaiting_check_in", 3 - arrived), ("checked_in", arrived)) if count
    }


def test_each_scan_opens_its_own_answer_with_its_own_day(country: Country, offline: List):
    duties = country.worklist("城关", as_of="2025-04-10")
    assert {(one["member_id"], one["since"], one["due_on"]) for one in duties} == {
        (offline.members[0], "2025-04-03", "2025-04-18"),
        # Friday 4 April was Qingming, a day off: from there and from Saturday, ten workdays end on the same Friday.
        (offline.members[1], "2025-04-04", "2025-04-18"),
        (offline.members[2], "2025-04-05", "2025-04-18"),
    }
    assert {one["kind"] for one in duties} == {"answer_check_in"}


def test_the_month_counts_three_arrivals(country: Country, offline: List):
    assert offline.members
    counts = country.flows("2025-04")["620621", "620102"]
    assert counts == {"departed": 3, "arrived": 3, "under_way": 3, "in_place": 3}


def test_one_member_scanned_on_three_days_checked_in_once_and_was_heard_of_since(country: Country):
    member = country.of("凉州-1").register("凉州-1", name="测试丁")
    country.of("凉州-1").command(member, "depart", "2025-04-01", destination={"region": "630104"})
    keys = [f"scan-{uuid4()}" for _ in TIMES]
    scans = [
        {
            "member_id": member,
            "command": "check-in",
            "key": key,
            "occurred_at": time,
            "region": "630104",
            "channel": "CODE",
        }
        for key, time in zip(keys, TIMES, strict=True)
    ]
    # Phones hand over their lists in any order; the second scan came from two of them.
    worker = country.of("西宁")
    outcomes = worker.http.post("/v1/commands", json=[scans[2], scans[1], scans[0], scans[1]]).json()["items"]
    assert [(one["status"], one["replayed"]) for one in outcomes] == [
        (201, False),
        (201, False),
        (201, False),
        (201, True),
    ]
    country.running.latest = max(one["body"]["position"] for one in outcomes)

    arrivals = [item for item in country.history(member) if item["type"] == "checked_in"]
    assert [item["occurred_at"] for item in arrivals] == list(TIMES)
    state = country.state(member, as_of="2025-04-10")
    (leg,) = state["movement"]["legs"]
    assert leg["checked_in_at"] == TIMES[0]
    assert state["clocks"] == {"last_contact_at": TIMES[2], "lost_review_due": "2025-10-05"}
    assert owed(state["duties"]) == {
        ("answer_check_in", "西宁", "2025-04-03", "2025-04-18"),
        ("monthly_contact", "凉州-1", "2025-04-01", "2025-04-30"),
    }
    assert country.flows("2025-04")["620602", "630104"] == {"departed": 1, "arrived": 1, "under_way": 1, "in_place": 1}
