"""Liaisons: a ceiling of members each, lists to work through, and handing members on when one leaves."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from tests.running_service import Person, Running, running_service

CEILING = 3


@pytest.fixture(scope="module", autouse=True)
def ceiling(running: Running) -> None:
    running.department.record(
        "/v1/policies", region="620621", effective_on="2024-01-01", figures={"liaison_ceiling": CEILING}
    )


def away(secretary: Person, count: int) -> list[str]:
    """Register members of MQ-1 who left for 城关."""
    members = [secretary.register("MQ-1") for _ in range(count)]
    for member in members:
        secretary.command(member, "depart", "2025-01-06", destination={"region": "620102"})
    return members


def assign(person: Person, member: str, liaison: str, *, on: str = "2025-02-01", key: str | None = None):
    return person.post(f"/v1/members/{member}/assign-liaison", {"occurred_at": on, "liaison": liaison}, key=key)


def test_a_liaison_takes_members_up_to_the_ceiling_and_the_next_is_refused(secretary: Person, running: Running):
    members = away(secretary, CEILING + 1)
    keys = [str(uuid4()) for _ in members]
    answers = [assign(secretary, member, "L-full", key=key) for member, key in zip(members, keys, strict=True)]
    assert [answer.status_code for answer in answers] == [201, 201, 201, 409]
    assert answers[-1].json()["code"] == "liaison_full"
    assert f"{CEILING} members" in answers[-1].json()["detail"]
    assert secretary.ask(f"/v1/members/{members[-1]}")["liaison"] is None
    chinese = running.as_role("branch_secretary", organisation="MQ-1", language="zh")
    assert f"上限（{CEILING} 人）" in assign(chinese, members[-1], "L-full").json()["detail"]
    # Said again: the same member is no further one, and the same key brings the first answer.
    assert assign(secretary, members[0], "L-full", on="2025-02-02").status_code == 201
    replayed = assign(secretary, members[0], "L-full", key=keys[0])
    assert (replayed.status_code, replayed.headers["Idempotency-Replayed"]) == (201, "true")


def test_many_at_once_do_not_pass_the_ceiling(secretary: Person):
    members = away(secretary, 12)
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda member: assign(secretary, member, "L-crowd").status_code, members))
    assert sorted(answers) == [201] * CEILING + [409] * (12 - CEILING)
    taken = [member for member in members if secretary.ask(f"/v1/members/{member}")["liaison"] == "L-crowd"]
    assert len(taken) == CEILING


def test_many_at_once_at_two_processes_do_not_pass_the_ceiling(secretary: Person, running: Running):
    # Each service has what a process has: its own log, its own turns, its own connections.
    members = away(secretary, 12)
    with running_service(running.service.settings.home, str(running.service.settings.database_url)) as other:
        there = other.as_role("branch_secretary", organisation="MQ-1")
        with ThreadPoolExecutor(12) as pool:
            answers = list(
                pool.map(
                    lambda one: assign((secretary, there)[one[0] % 2], one[1], "L-both-doors").status_code,
                    enumerate(members),
                )
            )
    assert sorted(answers) == [201] * CEILING + [409] * (12 - CEILING)


def test_who_is_home_again_or_has_died_or_has_another_liaison_leaves_a_place(secretary: Person):
    first, second, third, *others = away(secretary, 6)
    for member in (first, second, third):
        assert assign(secretary, member, "L-places").status_code == 201
    secretary.command(first, "return", "2025-03-01")
    assert assign(secretary, others[0], "L-places").status_code == 409, "the education is still to be held"
    secretary.command(first, "hold-return-education", "2025-03-02")
    secretary.command(second, "record-death", "2025-03-03", document="1号", meeting="支部委员会")
    assert assign(secretary, third, "L-elsewhere", on="2025-03-04").status_code == 201
    secretary.ask("/v1/rosters", limit=1)
    assert [assign(secretary, member, "L-places").status_code for member in others] == [201, 201, 201]


def test_the_liaisons_of_an_organisation_with_their_members_and_their_monthly_lists(secretary: Person):
    members = away(secretary, 2)
    for member in members:
        assert assign(secretary, member, "L-lists").status_code == 201
    page = secretary.ask("/v1/liaisons", limit=1000)
    (mine,) = [one for one in page["items"] if one["liaison"] == "L-lists"]
    assert (mine["members"], mine["overdue"], mine["ceiling"]) == (2, 2, CEILING)
    items = secretary.ask("/v1/worklist", kind="monthly_contact", liaison="L-lists", as_of="2025-02-28")["items"]
    assert {(one["member_id"], one["due_on"]) for one in items} == {
        (member, due) for member in members for due in ("2025-01-31", "2025-02-28")
    }
    first = secretary.ask("/v1/liaisons", limit=1)
    assert first["next"] is not None
    second = secretary.ask("/v1/liaisons", limit=1, cursor=first["next"])
    assert first["items"][0]["liaison"] < second["items"][0]["liaison"]


def test_members_of_who_leaves_are_handed_on_to_those_who_have_room(secretary: Person):
    left, taken = away(secretary, CEILING), away(secretary, CEILING - 1)
    for member in left:
        assert assign(secretary, member, "L-leaves").status_code == 201
    for member in taken:
        assert assign(secretary, member, "L-stays").status_code == 201
    body = {"occurred_at": "2025-06-01", "from": "L-leaves", "to": ["L-stays", "L-new"]}
    answer = secretary.post("/v1/liaisons/reassign", body)
    assert answer.status_code == 207
    items = answer.json()["items"]
    assert [item["member_id"] for item in items] == sorted(left)
    assert [(item["status"], item["liaison"]) for item in items] == [(201, "L-stays"), (201, "L-new"), (201, "L-new")]
    for item in items:
        (event,) = item["body"]["events"]
        assert (event["type"], event["data"]) == ("liaison_assigned", {"liaison": item["liaison"]})
        assert secretary.ask(f"/v1/members/{item['member_id']}", as_of="2025-05-31")["liaison"] == "L-leaves"
    assert secretary.post("/v1/liaisons/reassign", body).json()["items"] == [], "nobody is left to hand on"


def test_when_nobody_has_room_the_member_keeps_the_liaison_and_the_answer_says_why(secretary: Person):
    left, taken = away(secretary, 1), away(secretary, CEILING)
    assert assign(secretary, left[0], "L-stuck").status_code == 201
    for member in taken:
        assert assign(secretary, member, "L-busy").status_code == 201
    body = {"occurred_at": "2025-06-01", "from": "L-stuck", "to": ["L-busy"]}
    (item,) = secretary.post("/v1/liaisons/reassign", body).json()["items"]
    assert (item["status"], item["liaison"], item["body"]["code"]) == (409, None, "liaison_full")
    assert secretary.ask(f"/v1/members/{left[0]}")["liaison"] == "L-stuck"


def test_only_the_members_in_reach_are_handed_on(secretary: Person, running: Running):
    (mine,) = away(secretary, 1)
    assert assign(secretary, mine, "L-both").status_code == 201
    other = running.as_role("branch_secretary", organisation="LZ-1")
    theirs = other.register("LZ-1")
    assert assign(other, theirs, "L-both").status_code == 201
    answer = other.post("/v1/liaisons/reassign", {"occurred_at": "2025-06-01", "from": "L-both", "to": ["L-other"]})
    assert [item["member_id"] for item in answer.json()["items"]] == [theirs]
    assert secretary.ask(f"/v1/members/{mine}")["liaison"] == "L-both"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"occurred_at": "2025-06-01", "to": ["L-1"]}, "/from"),
        ({"occurred_at": "2025-06-01", "from": "L-0"}, "/to"),
        ({"occurred_at": "2025-06-01", "from": "L-0", "to": []}, "/to"),
        ({"occurred_at": "2025-06-01", "from": "L-0", "to": ["L-0"]}, "/to"),
        ({"occurred_at": "2025-06-01", "from": "L-0", "to": ["L-1"], "extra": 1}, "/extra"),
        ({"occurred_at": "2025-06-01", "from": "L-0", "to": ["L-1"], "organisation": "nowhere"}, "/organisation"),
    ],
)
def test_what_cannot_be_read_names_its_place(secretary: Person, body: dict[str, object], pointer: str):
    answer = secretary.post("/v1/liaisons/reassign", body)
    assert answer.status_code == 422
    assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]


def test_a_liaison_may_look_and_not_hand_on(running: Running):
    liaison = running.as_role("liaison", organisation="MQ-1")
    assert liaison.get("/v1/liaisons").status_code == 200
    body = {"occurred_at": "2025-06-01", "from": "L-0", "to": ["L-1"]}
    assert liaison.post("/v1/liaisons/reassign", body).status_code == 403
    assert (
        running.as_role("branch_secretary", organisation="LZ-1").get("/v1/liaisons", organisation="MQ").status_code
        == 404
    )
