"""What would we have answered then about an earlier day, and what has been learnt since: of a member, roster, flows.

The first departure was known when the log stood at K1; later it turned out that it was a week earlier, that a second
member had left as well, that a check-in was somebody else's, and that two records were one person.
"""

from dataclasses import dataclass

import pytest

from tests.running_service import Answer
from tests.scenarios.country import Country, one_event

CELL = ("620621", "620102")
JUNE = "2025-06-01"


@dataclass
class Learnt:
    """Members and events by what became of them, and the positions of both knowledges."""

    member: str
    other: str
    merged: str
    departed: str
    scanned: str
    corrected: Answer
    voided: Answer
    merge: Answer
    then: int
    now: int


@pytest.fixture(scope="module")
def learnt(country: Country) -> Learnt:
    origin, host = country.of("民勤-1"), country.of("城关")
    member, other = (origin.register("民勤-1", affiliated_since="2020-01-01") for _ in range(2))
    merged = origin.register("民勤-1", affiliated_since="2020-01-01")
    departed = one_event(origin.command(member, "depart", "2025-06-01", destination={"region": "620102"}))["event_id"]
    scanned = host.command(member, "check-in", "2025-06-03", region="620102", channel="WORKER")
    event_id = one_event(scanned)["event_id"]
    origin.command(other, "depart", "2025-05-28", destination={"region": "630103"})
    changes = {"occurred_at": "2025-05-25", "reason": "WORK"}
    corrected = origin.command(member, "correct-event", "2025-07-10", event_id=departed, changes=changes, reason="更正")
    voided = host.command(member, "void-event", "2025-07-11", event_id=event_id, reason="他人")
    merge = country.everywhere.record("/v1/merges", kept=member, absorbed=merged, occurred_at="2025-07-12")
    for organisation in ("民勤-1", "民勤"):
        country.of(organisation).record(f"/v1/merges/{merge['stream']}/confirm", occurred_at="2025-07-12")
    return Learnt(
        member, other, merged, departed, event_id, corrected, voided, merge, scanned["position"], country.head()
    )


def test_one_request_answers_what_would_have_been_answered_then_about_an_earlier_day(country: Country, learnt: Learnt):
    then = {"as_of": "2025-05-31", "known_at": learnt.then}
    assert country.state(learnt.member, as_of="2025-05-31", known_at=learnt.then)["movement"] is None
    assert country.state(learnt.member, as_of="2025-05-31")["movement"]["stage"] == "awaiting_check_in"
    assert [item["type"] for item in country.history(learnt.member, **then)] == ["member_registered"]
    assert country.on_roster("outflow", region="620621", **then) == {}
    assert set(country.on_roster("outflow", region="620621", as_of="2025-05-31")) == {learnt.member, learnt.other}
    assert CELL not in country.flows("2025-05", known_at=learnt.then)
    assert country.flows("2025-05")[CELL] == {"departed": 1, "under_way": 1}


def test_the_same_question_may_name_the_moment_of_the_knowledge_by_its_time(country: Country, learnt: Learnt):
    recorded_at = next(
        item["recorded_at"] for item in country.history(learnt.member) if item["event_id"] == learnt.scanned
    )
    by_time = country.everywhere.ask(f"/v1/members/{learnt.member}", as_of=JUNE, known_at=recorded_at)
    assert by_time["known_position"] == learnt.then
    assert by_time["movement"]["departed_at"] == "2025-06-01"


def test_a_corrected_and_a_voided_event_are_told_with_before_and_after(country: Country, learnt: Learnt):
    by_type = {item["type"]: item for item in country.history(learnt.member, effects=True)}
    event = by_type["event_corrected"]["effect"]["event"]
    assert (event["event_id"], event["type"]) == (learnt.departed, "departed")
    assert {one["pointer"]: (one["before"], one["after"]) for one in event["changes"]} == {
        "/occurred_at": ("2025-06-01", "2025-05-25"), "/data/reason": (None, "WORK"),
    }  # fmt: skip
    assert {"pointer": "/movement/departed_at", "before": "2025-06-01", "after": "2025-05-25"} in by_type[
        "event_corrected"
    ]["effect"]["state"]
    gone = by_type["event_voided"]["effect"]
    assert gone["event"]["event_id"] == learnt.scanned
    assert (gone["event"]["before"]["occurred_at"], gone["event"]["after"]) == ("2025-06-03", None)
    assert {"pointer": "/movement/stage", "before": "checked_in", "after": "awaiting_check_in"} in gone["state"]
    assert by_type["records_merged"]["effect"]["event"] is None
    plain = {item["type"]: item for item in country.history(learnt.member)}
    assert plain["event_voided"]["effect"]["state"] is None
    assert plain["departed"].get("effect") is None


def test_a_history_tells_what_was_added_and_changed_between_two_knowledges(country: Country, learnt: Learnt):
    answer = country.everywhere.ask(f"/v1/members/{learnt.member}/history", diff_from=learnt.then)
    assert answer["diff_from_position"] == learnt.then
    assert answer["known_position"] >= learnt.now
    changed = {item["event_id"]: item for item in answer["items"] if item["change"] == "changed"}
    assert set(changed) == {learnt.departed, learnt.scanned}
    departed = changed[learnt.departed]
    assert (departed["before"]["occurred_at"], departed["after"]["occurred_at"]) == ("2025-06-01", "2025-05-25")
    assert departed["before"]["state"]["movement"]["departed_at"] == "2025-06-01"
    assert {one["pointer"] for one in departed["changes"]} >= {"/occurred_at", "/data/reason", "/correction"}
    added = [item["after"]["type"] for item in answer["items"] if item["change"] == "added"]
    assert sorted(added) == ["event_corrected", "event_voided", "member_registered", "records_merged"]
    state = answer["state"]
    assert (state["before"]["movement"]["stage"], state["after"]["movement"]["stage"]) == (
        "checked_in", "awaiting_check_in",
    )  # fmt: skip
    assert {"pointer": "/movement/stage", "before": "checked_in", "after": "awaiting_check_in"} in state["changes"]


def test_the_differences_come_in_pages_too(country: Country, learnt: Learnt):
    whole = country.everywhere.ask(f"/v1/members/{learnt.member}/history", diff_from=learnt.then)["items"]
    assert country.history(learnt.member, diff_from=learnt.then) == whole
    assert len(whole) > 2


def test_what_a_merge_took_away_is_said_to_be_gone(country: Country, learnt: Learnt):
    answer = country.everywhere.ask(
        f"/v1/members/{learnt.member}/history", diff_from=learnt.now, known_at=learnt.then, as_of="2025-12-31"
    )
    gone = [item["before"]["type"] for item in answer["items"] if item["change"] == "removed"]
    assert "records_merged" in gone


def test_a_state_stands_beside_what_was_known_of_it(country: Country, learnt: Learnt):
    answer = country.everywhere.ask(f"/v1/members/{learnt.member}", as_of="2025-06-30", diff_from=learnt.then)
    assert answer["diff"]["known_position"] == learnt.then
    assert answer["diff"]["state"] == {
        name: value
        for name, value in country.state(learnt.member, as_of="2025-06-30", known_at=learnt.then).items()
        if name not in {"position", "known_position"}
    }
    assert {"pointer": "/movement/legs/0/region", "before": "620102", "after": None} in answer["diff"]["changes"]
    before_all = country.everywhere.ask(f"/v1/members/{learnt.member}", diff_from=1)["diff"]
    assert before_all["state"] is None
    assert [one["pointer"] for one in before_all["changes"]] == [""]


def test_a_roster_tells_who_stands_otherwise(country: Country, learnt: Learnt):
    found = {}
    for as_of in ("2025-05-31", "2025-06-10"):
        items = country.roster("outflow", region="620621", as_of=as_of, diff_from=learnt.then)
        assert [item["member_id"] for item in items] == sorted(item["member_id"] for item in items)
        found[as_of] = {item["member_id"]: item for item in items}
    assert {member: item["change"] for member, item in found["2025-05-31"].items()} == {
        learnt.member: "added", learnt.other: "added",
    }  # fmt: skip
    stands = found["2025-06-10"][learnt.member]
    assert (stands["change"], stands["before"]["stage"], stands["after"]["stage"]) == (
        "changed", "checked_in", "awaiting_check_in",
    )  # fmt: skip
    assert {"pointer": "/since", "before": "2025-06-03", "after": "2025-05-25"} in stands["changes"]
    gone = country.roster("affiliated", organisation="民勤-1", diff_from=learnt.voided["position"])
    assert (learnt.merged, "removed") in {(item["member_id"], item["change"]) for item in gone}
    assert country.roster("outflow", region="620621", diff_from=country.head()) == []


def test_flows_tell_which_cells_were_learnt_of_since(country: Country, learnt: Learnt):
    answer = country.everywhere.ask("/v1/flows", level="county", month="2025-05", diff_from=learnt.then)
    cells = {(item["origin"], item["destination"]): item for item in answer["items"]}
    assert cells[CELL]["before"] is None
    assert (cells[CELL]["change"], cells[CELL]["after"]["departed"]) == ("added", 1)
    assert answer["totals"]["by_origin"][0]["after"]["departed"] == 2
    june = country.everywhere.ask("/v1/flows", level="county", month="2025-06", diff_from=learnt.then)["items"]
    changed = next(item for item in june if (item["origin"], item["destination"]) == CELL)
    assert {"pointer": "/departed", "before": 1, "after": 0} in changed["changes"]
    assert {"pointer": "/arrived", "before": 1, "after": 0} in changed["changes"]


def test_differences_come_without_personal_data_and_name_what_cannot_be_read(country: Country, learnt: Learnt):
    refused = country.everywhere.get("/v1/rosters", region="620621", diff_from=1, fields="name", purpose="核对")
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/query/fields")
    for path in (f"/v1/members/{learnt.member}/history", "/v1/flows?month=2025-05"):
        answer = country.everywhere.http.get(path, params={"month": "2025-05", "diff_from": "yesterday"})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/query/diff_from")
