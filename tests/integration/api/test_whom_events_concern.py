"""Whom events concern beyond one life: merges and their undoing, dissolutions, regions that changed, privacy."""

import pytest

from domain.fact import Fact
from tests.running_service import Answer, Person, Running

HOME, THERE, ELSEWHERE, THIRD = "620621", "620102", "510104", "350206"


def recorded(running: Running, answer: Answer) -> list[Fact]:
    """Return the facts of a recording as the log holds them."""
    first = answer["events"][0]["position"]
    return list(running.service.kiteline.read_facts(first, len(answer["events"])))


def concerns(running: Running, answer: Answer) -> list[str]:
    (fact,) = recorded(running, answer)
    return list(fact.concerns)


@pytest.fixture(scope="module")
def merged(running: Running) -> dict[str, Answer]:
    """Somebody recorded twice: once with a past and a plan that was changed, once under way from another home."""
    department = running.department
    department.organise("JJ-1", ELSEWHERE)
    kept, absorbed = department.register("MQ-1"), department.register("LZ-1")
    department.command(kept, "depart", "2025-02-01", destination={"region": ELSEWHERE})
    for day, place in (("2025-01-10", THIRD), ("2025-01-11", ELSEWHERE)):
        verb = "report-departure" if place == THIRD else "change-destination"
        department.command(absorbed, verb, day, destination={"region": place}, organisation="LZ-1")
    movement = department.ask(f"/v1/members/{kept}")["movement"]["movement_id"]
    people = [running.as_role("organisation_department", region="000000") for _ in range(3)]
    asked = {"kept": kept, "absorbed": absorbed, "keep_movement": movement, "keep_affiliation": "MQ-1"}
    merge = people[0].record("/v1/merges", **asked)["stream"]
    people[1].record(f"/v1/merges/{merge}/confirm")
    done = people[2].record(f"/v1/merges/{merge}/confirm")
    undone = people[2].record(f"/v1/merges/{merge}/undo")
    return {"done": done, "undone": undone, "ids": {"kept": kept, "absorbed": absorbed}}


def test_a_merge_reaches_whoever_was_sent_anything_of_the_absorbed_record_and_tells_them_no_place(
    running: Running, merged: dict[str, Answer]
):
    kept, absorbed, _ = recorded(running, merged["done"])
    assert list(kept.concerns) == [ELSEWHERE, HOME]
    assert list(absorbed.concerns) == [THIRD, ELSEWHERE, THERE, HOME]
    of_kept, of_absorbed = (one["after"] for one in merged["done"]["events"][:2])
    assert of_kept["movement"]["declared_region"] == ELSEWHERE
    assert (of_absorbed["merged_into"], of_absorbed["movement"]) == (merged["ids"]["kept"], None)


def test_undoing_a_merge_reaches_whoever_was_sent_the_merge(running: Running, merged: dict[str, Answer]):
    by_stream = {str(fact.stream): fact for fact in recorded(running, merged["undone"])}
    kept, absorbed = (by_stream[merged["ids"][name]] for name in ("kept", "absorbed"))
    assert list(kept.concerns) == [ELSEWHERE, HOME]
    assert list(absorbed.concerns) == [THIRD, ELSEWHERE, THERE]
    (event,) = (one for one in merged["undone"]["events"] if one["after"] and one["after"].get("present") is False)
    assert (event["event_id"], event["after"]["movement"]) == (absorbed.event_id, None)


def test_what_is_asked_about_personal_data_is_the_homes_business_and_an_erasure_everybodys(
    running: Running, department: Person
):
    member = department.register("MQ-1")
    department.command(member, "depart", "2025-02-01", destination={"region": THERE})
    department.command(member, "check-in", "2025-02-03", region=THERE, channel="CODE")
    asked = department.command(member, "request-personal-data", "2025-02-04", request="ERASURE", note="请清除")
    assert concerns(running, asked) == [HOME]
    erased = running.department.http.request(
        "DELETE", f"/v1/members/{member}/personal-data", headers={"Idempotency-Key": f"erase-{member}"}
    )
    assert erased.status_code == 201, erased.text
    assert concerns(running, erased.json()) == [THERE, HOME]


def test_dues_go_home_and_to_where_they_were_paid_and_no_further(running: Running, department: Person):
    member = department.register("MQ-1")
    department.command(member, "depart", "2025-02-01", destination={"region": THERE})
    department.command(member, "check-in", "2025-02-03", region=THERE, channel="CODE")
    department.command(member, "accept", "2025-02-04", organisation="LZ-1", branch="LZ-1")
    home = department.command(member, "pay-dues", "2025-03-01", months=["2025-02"], organisation="MQ-1")
    there = department.command(member, "pay-dues", "2025-03-02", months=["2025-03"], organisation="LZ-1")
    assert [concerns(running, one) for one in (home, there)] == [[HOME], [THERE, HOME]]


def test_a_dissolution_tells_no_region_of_members_who_come_to_another(running: Running, department: Person):
    department.organise("MQ-9", HOME, parent="MQ")
    members = [department.register("MQ-9") for _ in range(2)]
    shares = [
        {"successor": successor, "members": [member]}
        for successor, member in zip(("MQ-1", "LZ-1"), members, strict=True)
    ]
    answer = department.record(
        "/v1/organisations/MQ-9/dissolve", occurred_at="2025-04-01", successor="MQ-2", shares=shares
    )
    assert concerns(running, answer) == [HOME]
    moved = department.command(members[1], "assign-liaison", "2025-04-02", liaison="liaison-1", organisation="LZ-1")
    assert concerns(running, moved) == [THERE]


def test_of_a_county_that_became_another_both_feeds_go_on(running: Running, department: Person):
    department.organise("HZ-1", "330104", occurred_at="2019-05-01")
    department.organise("XC-1", "330103", occurred_at="2019-05-01")
    member = department.register("XC-1", affiliated_since="2019-06-01")
    left = department.command(member, "depart", "2025-05-01", destination={"region": THERE}, organisation="XC-1")
    assert concerns(running, left) == ["330103", "330105", THERE]
    split = department.register("HZ-1", affiliated_since="2019-06-01")
    left = department.command(split, "depart", "2025-05-01", destination={"region": THERE}, organisation="HZ-1")
    assert concerns(running, left) == ["330104", THERE]


def test_who_has_a_member_no_more_learns_of_a_correction_and_not_where_the_member_is_now(
    running: Running, department: Person
):
    member = department.register("MQ-1")
    department.command(member, "check-in", "2025-01-10", region=THERE, channel="CODE")
    accepted = department.command(member, "accept", "2025-01-12", organisation="LZ-1", branch="LZ-1")
    department.command(member, "return", "2025-02-01")
    department.command(member, "hold-return-education", "2025-02-02")
    department.command(member, "check-in", "2025-03-01", region=ELSEWHERE, channel="CODE")
    event_id = accepted["events"][0]["event_id"]
    corrected = department.command(
        member, "correct-event", "2025-04-01", event_id=event_id, changes={"occurred_at": "2025-01-13"}
    )
    assert concerns(running, corrected) == [THERE, HOME]
    after = corrected["events"][0]["after"]
    assert (after["present"], after["stage"], after["movement"]["region"]) == (False, "settled", THERE)
    assert ELSEWHERE not in str(corrected["events"])


def test_what_changes_how_a_member_stands_tells_it_also_where_a_place_named_by_mistake_hears_of_it(
    running: Running, department: Person
):
    member = department.register("MQ-1")
    department.command(member, "depart", "2025-03-01", destination={"region": THERE})
    seen = department.command(member, "check-in", "2025-03-05", region=ELSEWHERE, channel="WORKER")
    event_id = seen["events"][0]["event_id"]
    for region in (THERE, THIRD):
        corrected = department.command(
            member, "correct-event", "2025-03-06", event_id=event_id, changes={"region": region}
        )
    assert concerns(running, corrected) == [THIRD, ELSEWHERE, THERE, HOME]
    after = corrected["events"][0]["after"]
    assert (after.get("present"), after["movement"]["region"]) == (None, THIRD)


def test_a_departure_that_never_was_takes_the_member_from_all_who_were_told_of_it(running: Running, department: Person):
    member = department.register("MQ-1")
    left = department.command(member, "depart", "2025-03-01", destination={"region": THERE})
    department.command(member, "change-destination", "2025-03-02", destination={"region": ELSEWHERE})
    dated, voided = (
        department.command(member, verb, "2025-03-06", event_id=left["events"][0]["event_id"], **fields)
        for verb, fields in (("correct-event", {"changes": {"occurred_at": "2025-02-28"}}), ("void-event", {}))
    )
    assert concerns(running, dated) == concerns(running, voided) == [ELSEWHERE, THERE, HOME]
    dates, voids = (one["events"][0]["after"] for one in (dated, voided))
    assert (dates.get("present"), dates["movement"]["departed_at"]) == (None, "2025-02-28")
    assert (voids.get("present"), voids["stage"]) == (None, department.ask(f"/v1/members/{member}").get("stage"))


def test_a_feedback_tells_its_two_sides_and_not_who_has_the_member_by_then(running: Running, department: Person):
    member = department.register("MQ-1")
    department.command(member, "check-in", "2025-01-10", region=THERE, channel="CODE")
    department.command(member, "accept", "2025-01-12", organisation="LZ-1", branch="LZ-1")
    department.command(member, "move-onward", "2025-06-01", destination={"region": ELSEWHERE})
    department.command(member, "return", "2025-07-01")
    department.command(member, "hold-return-education", "2025-07-02")
    department.command(member, "check-in", "2025-08-01", region=ELSEWHERE, channel="CODE")
    issued = department.command(member, "issue-annual-feedback", "2025-08-02", year=2025, organisation="LZ-1")
    read = department.command(member, "acknowledge-feedback", "2025-08-03", year=2025, organisation="MQ-1")
    assert [concerns(running, one) for one in (issued, read)] == [[THERE, HOME]] * 2
    assert issued["events"][0]["after"] == read["events"][0]["after"] == {
        "affiliation": None, "category": None, "leg": None, "lost_contact": False, "movement": None, "present": False,
        "responsible": None, "stage": None, "view": None,
    }  # fmt: skip
