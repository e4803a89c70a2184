"""Activities: held by an organisation, attended by hundreds in one save, and a sign of life for who was silent."""

from collections.abc import Callable
from uuid import uuid4

import pytest

from tests.running_service import Answer, Person, Running

Members = Callable[[int], list[str]]
HELD_AT = "2025-06-16T14:00:00+08:00"


def held(person: Person, **body: object) -> str:
    """Record an activity, and return its id."""
    return str(
        person.record("/v1/activities", **{"kind": "THEME_DAY", "held_at": HELD_AT, "hours": 2, **body})["stream"]
    )


def attend(person: Person, activity: str, members: list[str]) -> Answer:
    """Record who was there."""
    return person.record(f"/v1/activities/{activity}/record-attendance", members=members)


def test_an_activity_says_what_was_held_when_and_by_whom(secretary: Person):
    answer = secretary.record("/v1/activities", kind="LECTURE", held_at="2025-06-16", hours=1.5, venue="station-1")
    (event,) = answer["events"]
    assert (event["type"], event["occurred_at"], answer["member_id"]) == ("activity_held", "2025-06-16", None)
    assert event["data"] == {"kind": "LECTURE", "hours": 1.5, "venue": "station-1"}


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"held_at": None}, "/held_at", "missing"),
        ({"held_at": "2099-01-01"}, "/held_at", "in_the_future"),
        ({"kind": "PARTY"}, "/kind", "not_in_list"),
        ({"hours": 0}, "/hours", "unreadable"),
        ({"hours": 1.1}, "/hours", "unreadable"),
        ({"hours": True}, "/hours", "unreadable"),
        ({"colour": "red"}, "/colour", "unknown_field"),
    ],
)
def test_what_cannot_be_read_of_an_activity_is_named(secretary: Person, body: Answer, pointer: str, code: str):
    answer = secretary.post("/v1/activities", {"kind": "LECTURE", "held_at": HELD_AT, "hours": 2, **body})
    assert answer.status_code == 422
    assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [(pointer, code)]


def test_hundreds_are_down_for_it_in_one_save(secretary: Person, members: Members):
    there, activity = members(300), held(secretary)
    answer = attend(secretary, activity, there)
    facts, note = answer["events"][:-1], answer["events"][-1]
    assert (answer["attended"], answer["already_recorded"]) == (300, 0)
    assert {fact["type"] for fact in facts} == {"attendance_recorded"}
    assert (note["type"], note["data"]) == ("attendance_taken", {"count": 300})
    first = facts[0]["position"]
    assert [event["position"] for event in answer["events"]] == list(range(first, first + 301))
    assert len({event["recorded_at"] for event in answer["events"]}) == 1
    for member in (there[0], there[-1]):
        state = secretary.ask(f"/v1/members/{member}")
        assert (state["version"], state["clocks"]["last_contact_at"]) == (2, HELD_AT)


def test_who_is_down_for_it_already_is_passed_over(secretary: Person, members: Members):
    first, second, third = members(3)
    activity = held(secretary)
    attend(secretary, activity, [first, second])
    again = attend(secretary, activity, [second, third])
    assert (again["attended"], again["already_recorded"]) == (1, 1)
    nobody_new = attend(secretary, activity, [first, third])
    assert (nobody_new["attended"], nobody_new["already_recorded"], nobody_new["events"]) == (0, 2, [])
    assert [secretary.ask(f"/v1/members/{member}")["version"] for member in (first, second, third)] == [2, 2, 2]


def test_the_same_list_sent_again_is_answered_as_before(secretary: Person, members: Members):
    activity, there = held(secretary), members(3)
    for body in ({"members": there}, {"members": there[:1]}):
        key = str(uuid4())
        path = f"/v1/activities/{activity}/record-attendance"
        first, again = (secretary.post(path, body, key=key) for _ in range(2))
        assert (first.status_code, again.status_code, again.headers["Idempotency-Replayed"]) == (201, 201, "true")
        assert again.json() == first.json()


def test_a_list_with_one_wrong_name_records_nobody(running: Running, secretary: Person, members: Members):
    (known,) = members(1)
    foreign = running.as_role("branch_secretary", organisation="CG-1").register("CG-1")
    activity = held(secretary)
    listed = [known, foreign, str(uuid4()), "nobody", known]
    answer = secretary.post(f"/v1/activities/{activity}/record-attendance", {"members": listed})
    assert answer.status_code == 422
    assert {(one["pointer"], one["code"]) for one in answer.json()["errors"]} == {
        ("/members/3", "unreadable"), ("/members/4", "unreadable"),
    }  # fmt: skip
    answer = secretary.post(f"/v1/activities/{activity}/record-attendance", {"members": listed[:3]})
    assert answer.status_code == 422
    assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [
        ("/members/1", "unknown_member"), ("/members/2", "unknown_member"),
    ]  # fmt: skip
    assert secretary.ask(f"/v1/members/{known}")["version"] == 1


def test_who_had_died_by_then_was_not_there(secretary: Person, members: Members):
    alive, dead = members(2)
    secretary.command(dead, "record-death", "2025-06-02", document="文件1号", meeting="会议1号", reason="样例")
    answer = secretary.post(f"/v1/activities/{held(secretary)}/record-attendance", {"members": [alive, dead]})
    assert (answer.status_code, answer.json()["code"]) == (409, "membership_over")
    assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [("/members/1", "membership_over")]
    assert secretary.ask(f"/v1/members/{alive}")["version"] == 1


def test_an_activity_of_another_organisation_is_not_there(running: Running, secretary: Person, members: Members):
    activity = held(running.as_role("branch_secretary", organisation="CG-1"))
    for named in (activity, str(uuid4()), "nothing"):
        answer = secretary.post(f"/v1/activities/{named}/record-attendance", {"members": members(1)})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_the_place_where_a_member_lives_records_that_they_were_there(running: Running, secretary: Person, member: str):
    secretary.command(member, "depart", "2025-03-01", destination={"region": "620102"})
    worker = running.as_role("community_worker", organisation="CG")
    worker.command(member, "check-in", "2025-03-05", region="620102", channel="WORKER")
    attend(worker, held(worker), [member])
    state = secretary.ask(f"/v1/members/{member}")
    assert state["clocks"]["last_contact_at"] == HELD_AT


def test_being_there_restores_a_lost_contact_and_resets_the_clock(secretary: Person, member: str):
    secretary.command(member, "depart", "2024-10-01", destination={"region": "620102"})
    secretary.command(member, "declare-lost-contact", "2025-05-01", document="文件1号")
    assert secretary.ask(f"/v1/members/{member}")["lost_contact"] is True

    attend(secretary, held(secretary), [member])
    state = secretary.ask(f"/v1/members/{member}", as_of="2025-06-16")
    assert state["lost_contact"] is False
    assert state["clocks"] == {"last_contact_at": HELD_AT, "lost_review_due": "2025-12-16"}
    assert secretary.ask(f"/v1/members/{member}", as_of="2025-06-15")["lost_contact"] is True
    # The month's contact stays owed: nobody spoke with the member.
    months = [one["duty_id"] for one in state["duties"] if one["kind"] == "monthly_contact"]
    assert any(one.endswith("2025-06") for one in months)


def test_a_voided_attendance_can_be_recorded_again(secretary: Person, member: str):
    activity = held(secretary)
    event = attend(secretary, activity, [member])["events"][0]["event_id"]
    secretary.command(member, "void-event", "2025-06-20", event_id=event)
    assert secretary.ask(f"/v1/members/{member}")["clocks"]["last_contact_at"] is None
    assert attend(secretary, activity, [member])["attended"] == 1


def test_attendance_is_taken_at_the_version_that_was_seen(secretary: Person, members: Members):
    first, second = members(2)
    activity = held(secretary)
    path = f"/v1/activities/{activity}/record-attendance"
    assert secretary.post(path, {"members": [first]}, if_match='"1"').status_code == 201
    stale = secretary.post(path, {"members": [second]}, if_match='"1"')
    assert (stale.status_code, stale.json()["code"]) == (412, "version_mismatch")


def test_of_two_records_of_one_person_only_the_kept_one_is_down_for_it(
    running: Running, secretary: Person, members: Members
):
    kept, absorbed = members(2)
    earlier, activity = held(secretary), held(secretary)
    attend(secretary, earlier, [absorbed])
    people = [running.as_role("organisation_department", region="000000", subject=f"merges-{n}") for n in range(3)]
    merge = people[0].record("/v1/merges", kept=kept, absorbed=absorbed, keep_affiliation="MQ-1")["stream"]
    for person in people[1:]:
        person.record(f"/v1/merges/{merge}/confirm")

    refused = secretary.post(f"/v1/activities/{activity}/record-attendance", {"members": [kept, absorbed]})
    assert (refused.status_code, refused.json()["code"]) == (409, "merged_into")
    assert [one["pointer"] for one in refused.json()["errors"]] == ["/members/1"]
    stranger = running.as_role("branch_secretary", organisation="CG-1")
    unknown = stranger.post(f"/v1/activities/{held(stranger)}/record-attendance", {"members": [absorbed]})
    assert (unknown.status_code, unknown.json()["errors"][0]["code"]) == (422, "unknown_member")
    # What the other record had attended is the kept one's now.
    assert attend(secretary, earlier, [kept])["already_recorded"] == 1
    assert attend(secretary, activity, [kept])["attended"] == 1
