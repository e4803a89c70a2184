"""Scenario 24: feedback of 2025-12-31 covers only the days there; nobody else reads it; acknowledged 2026-01-08."""

import pytest

from tests.running_service import Answer
from tests.scenarios.country import Country, one_event, overdue, owed

ISSUE = ("issue_feedback", "城关-1", "2025-12-01", "2025-12-31")
THERE = [{"from": "2025-03-05", "until": "2025-12-31"}]


class Reported:
    """The member, in 城关 from March on after some weeks in 锦江, and the feedback of both."""

    def __init__(self, country: Country) -> None:
        self.country = country
        self.origin = origin = country.of("民勤-1")
        self.member = member = origin.register("民勤-1")
        origin.command(member, "depart", "2025-01-10", destination={"region": "510104"})
        country.of("锦江").command(member, "check-in", "2025-01-12", region="510104", channel="WORKER")
        country.of("锦江").command(member, "accept", "2025-01-13", branch="锦江-1")
        country.of("锦江-1").command(member, "record-contact", "2025-02-10", channel="VISIT")
        origin.command(member, "move-onward", "2025-03-01", destination={"region": "620102"})
        country.of("城关").command(member, "check-in", "2025-03-05", region="620102", channel="WORKER")
        country.of("城关").command(member, "accept", "2025-03-06", branch="城关-1")
        self.visits = [
            country.of("城关-1").command(member, "record-contact", f"2025-{month:02}-15", channel="VISIT")
            for month in range(4, 13)
        ]
        origin.command(member, "record-contact", "2025-06-20", channel="PHONE")
        self.dues = country.of("城关-1").command(member, "pay-dues", "2025-07-01", months=["2025-06", "2025-05"])
        country.of("城关-1").command(member, "record-failed-contact", "2025-09-02", channel="PHONE", reason="NO_ANSWER")
        self.path = f"/v1/members/{member}/issue-annual-feedback"
        self.last_year = country.of("城关-1").post(self.path, {"occurred_at": "2025-12-31", "year": 2024})
        self.no_year = country.of("城关-1").post(self.path, {"occurred_at": "2025-12-31"})
        self.before = country.head()
        self.issued: Answer = country.of("城关-1").command(member, "issue-annual-feedback", "2025-12-31", year=2025)
        self.feedback_id = one_event(self.issued)["event_id"]
        self.twice = country.of("城关").post(self.path, {"occurred_at": "2025-12-31", "year": 2025})
        self.issued_at = self.issued["position"]
        # Recorded later, though of a day there: the feedback was made without it.
        country.of("城关-1").command(member, "record-contact", "2025-12-30", channel="PHONE")
        country.of("城关-1").command(member, "record-contact", "2026-01-05", channel="VISIT")
        self.not_theirs = country.of("城关-1").post(
            f"/v1/members/{member}/acknowledge-feedback", {"occurred_at": "2026-01-07", "year": 2025}
        )
        self.acknowledged: Answer = origin.command(member, "acknowledge-feedback", "2026-01-08", year=2025)

    def read(self, organisation: str) -> Answer:
        """Read the feedback as somebody of an organisation."""
        return self.country.of(organisation).ask(f"/v1/members/{self.member}/feedback/{self.feedback_id}")


@pytest.fixture(scope="module")
def reported(country: Country) -> Reported:
    return Reported(country)


def test_it_covers_only_the_days_that_the_member_was_there(reported: Reported):
    told = reported.read("民勤-1")
    assert (told["year"], told["organisation"], told["addressee"]) == (2025, "城关-1", "民勤-1")
    assert (told["periods"], told["days"]) == (THERE, 302)
    assert (told["contacts"], told["failed_contacts"], told["last_contact_at"]) == (9, 1, "2025-12-15")
    assert (told["dues_months"], told["check_ins"], told["lost_contact"]) == (["2025-05", "2025-06"], 1, False)


def test_it_is_made_from_events_that_can_be_looked_up(country: Country, reported: Reported):
    told = reported.read("城关-1")
    by_id = {item["event_id"]: item for item in country.history(reported.member)}
    for event in told["events"]:
        assert by_id[event["event_id"]]["type"] == event["type"]
        assert by_id[event["event_id"]]["occurred_at"] == event["occurred_at"]
        assert "2025-03-05" <= event["occurred_at"] <= "2025-12-31"
    visits = {one_event(answer)["event_id"] for answer in reported.visits}
    assert visits <= {event["event_id"] for event in told["events"]}
    assert one_event(reported.dues)["event_id"] in {event["event_id"] for event in told["events"]}


def test_the_event_says_id_and_period_and_nothing_of_the_content(country: Country, reported: Reported):
    event = one_event(reported.issued)
    assert (event["type"], event["data"]) == ("annual_feedback_issued", {"year": 2025, "periods": THERE})
    (item,) = [one for one in country.history(reported.member) if one["event_id"] == reported.feedback_id]
    assert item["data"] == event["data"]


def test_no_other_organisation_reads_it(country: Country, reported: Reported):
    path = f"/v1/members/{reported.member}/feedback"
    readers = {
        one: country.of(one).get(f"{path}/{reported.feedback_id}").status_code
        for one in ("民勤-1", "民勤", "民勤-2", "城关-1", "城关", "城关-2", "锦江", "锦江-1", "湖里", "西宁")
    }
    assert readers == {
        "民勤-1": 200, "民勤": 200, "民勤-2": 404, "城关-1": 200, "城关": 200, "城关-2": 404,
        "锦江": 404, "锦江-1": 404, "湖里": 404, "西宁": 404,
    }  # fmt: skip
    assert country.of("锦江-1").ask(path)["items"] == [], "who had the member before sees the member, not the feedback"
    assert country.of("湖里-1").get(path).status_code == 404
    assert [one["feedback_id"] for one in country.of("民勤-1").ask(path, year=2025)["items"]] == [reported.feedback_id]
    assert country.of("民勤-1").ask(path, year=2024)["items"] == []


def test_the_member_reads_it_and_a_liaison_does_not(country: Country, reported: Reported):
    path = f"/v1/members/{reported.member}/feedback/{reported.feedback_id}"
    assert country.running.as_role("member", member=reported.member).get(path).status_code == 200
    other = country.of("民勤-2").register("民勤-2", name="测试旁人")
    assert country.running.as_role("member", member=other).get(path).status_code == 404
    assert country.running.as_role("liaison", organisation="民勤-1").get(path).status_code == 403


def test_it_is_owed_in_december_by_who_has_the_member_then(country: Country, reported: Reported):
    known = reported.before
    for as_of, owing in (("2025-11-30", set()), ("2025-12-01", {ISSUE}), ("2025-12-31", {ISSUE})):
        listed = country.worklist("城关-1", as_of=as_of, known_at=known)
        assert {one for one in owed(listed) if one[0] == "issue_feedback"} == owing
        assert "issue_feedback" not in {
            duty["kind"] for duty in country.worklist("锦江-1", as_of=as_of, known_at=known)
        }
    late = country.worklist("城关-1", as_of="2026-01-01", known_at=known)
    assert "issue_feedback" in overdue(late)
    (duty,) = [one for one in late if one["kind"] == "issue_feedback"]
    asked = country.state(reported.member, as_of="2026-01-01", known_at=known)["duties"]
    assert duty in asked
    two_years_on = country.worklist("城关-1", as_of="2026-12-05", known_at=known)
    due = [one["due_on"] for one in two_years_on if one["kind"] == "issue_feedback"]
    assert due == ["2025-12-31", "2026-12-31"]


def test_the_origin_owes_an_acknowledgement_until_it_is_given(country: Country, reported: Reported):
    known = reported.issued_at
    for as_of in ("2025-12-31", "2026-01-31", "2026-02-01"):
        assert "issue_feedback" not in {one["kind"] for one in country.worklist("城关-1", as_of=as_of, known_at=known)}
        listed = country.worklist("民勤-1", as_of=as_of, known_at=known)
        (duty,) = [one for one in listed if one["kind"] == "acknowledge_feedback"]
        assert (duty["since"], duty["due_on"], duty["overdue"]) == ("2025-12-31", "2026-01-31", as_of > "2026-01-31")
    for as_of, waiting in (("2026-01-07", True), ("2026-01-08", False)):
        kinds = {one["kind"] for one in country.state(reported.member, as_of=as_of)["duties"]}
        assert ("acknowledge_feedback" in kinds) is waiting
    assert one_event(reported.acknowledged)["data"] == {"year": 2025}
    assert reported.read("城关-1")["acknowledged_at"] == "2026-01-08"


def test_what_is_refused_and_why(country: Country, reported: Reported):
    assert (reported.last_year.status_code, reported.last_year.json()["code"]) == (409, "not_there_that_year")
    assert reported.no_year.status_code == 422
    assert (reported.twice.status_code, reported.twice.json()["code"]) == (409, "feedback_issued")
    assert (reported.not_theirs.status_code, reported.not_theirs.json()["code"]) == (409, "not_your_member")
    foreign = country.of("湖里-1").post(reported.path, {"occurred_at": "2025-12-31", "year": 2025})
    assert foreign.status_code == 404
    again = reported.origin.post(
        f"/v1/members/{reported.member}/acknowledge-feedback", {"occurred_at": "2026-01-09", "year": 2025}
    )
    assert (again.status_code, again.json()["code"]) == (409, "nothing_to_acknowledge")


def test_who_had_the_member_before_tells_of_their_own_days(country: Country, reported: Reported):
    issued = country.of("锦江-1").command(reported.member, "issue-annual-feedback", "2025-12-31", year=2025)
    assert one_event(issued)["data"]["periods"] == [{"from": "2025-01-12", "until": "2025-02-28"}]
    path = f"/v1/members/{reported.member}/feedback/{one_event(issued)['event_id']}"
    told = country.of("民勤-1").ask(path)
    assert (told["organisation"], told["days"], told["contacts"]) == ("锦江-1", 48, 1)
    assert country.of("城关-1").get(path).status_code == 404


def test_the_list_is_paged_and_says_what_was_acknowledged_by_a_day_and_known_by_a_position(
    country: Country, reported: Reported
):
    path, host = f"/v1/members/{reported.member}/feedback", country.of("城关")
    first = country.everywhere.ask(path, limit=1)
    ids = [one["feedback_id"] for one in first["items"]]
    while first["next"] is not None:
        first = country.everywhere.ask(path, limit=1, cursor=first["next"])
        ids += [one["feedback_id"] for one in first["items"]]
    assert reported.feedback_id in ids
    assert ids == [one["feedback_id"] for one in country.everywhere.ask(path)["items"]]
    (then,) = host.ask(path, as_of="2026-01-07")["items"]
    (now,) = host.ask(path)["items"]
    assert (then["acknowledged_at"], now["acknowledged_at"]) == (None, "2026-01-08")
    assert host.ask(path, known_at=reported.before)["items"] == []
    assert host.ask(path, known_at=reported.issued_at)["items"][0]["acknowledged_at"] is None


def test_after_the_return_the_days_there_can_still_be_told(country: Country):
    origin, host = country.of("凉州-1"), country.of("湖里-1")
    member = origin.register("凉州-1", name="测试返乡")
    origin.command(member, "depart", "2025-02-01", destination={"region": "350206"})
    country.of("湖里").command(member, "check-in", "2025-02-03", region="350206", channel="WORKER")
    country.of("湖里").command(member, "accept", "2025-02-04", branch="湖里-1")
    origin.command(member, "return", "2025-10-01")
    origin.command(member, "hold-return-education", "2025-10-08")
    assert host.get(f"/v1/members/{member}").status_code == 404
    issued = host.command(member, "issue-annual-feedback", "2025-12-31", year=2025)
    assert one_event(issued)["data"]["periods"] == [{"from": "2025-02-03", "until": "2025-09-30"}]
    assert host.get(f"/v1/members/{member}").status_code == 404, "telling of the days there does not open the rest"
    path = f"/v1/members/{member}/feedback/{one_event(issued)['event_id']}"
    assert host.ask(path)["days"] == 240
    assert {duty["kind"] for duty in country.state(member, as_of="2026-01-02")["duties"]} == {"acknowledge_feedback"}


def test_of_a_member_recorded_twice_the_feedback_goes_with_the_record_that_is_kept(country: Country):
    origin, host = country.of("凉州-1"), country.of("湖里-1")
    kept, absorbed = (origin.register("凉州-1", name="测试两条") for _ in range(2))
    origin.command(absorbed, "depart", "2025-02-01", destination={"region": "350206"})
    country.of("湖里").command(absorbed, "check-in", "2025-02-03", region="350206", channel="WORKER")
    country.of("湖里").command(absorbed, "accept", "2025-02-04", branch="湖里-1")
    host.command(absorbed, "record-contact", "2025-05-10", channel="VISIT")
    feedback = one_event(host.command(absorbed, "issue-annual-feedback", "2025-12-31", year=2025))["event_id"]
    before = host.ask(f"/v1/members/{absorbed}/feedback/{feedback}")
    proposer, *others = (country.running.as_role("organisation_department", region="000000") for _ in range(3))
    merge = proposer.record("/v1/merges", kept=kept, absorbed=absorbed)["stream"]
    for other in others:
        other.record(f"/v1/merges/{merge}/confirm")
    after = origin.ask(f"/v1/members/{kept}/feedback/{feedback}")
    changed = {"member_id": kept, "position": after["position"]}
    assert after == {**before, **changed}
    assert host.get(f"/v1/members/{absorbed}/feedback/{feedback}").status_code == 308
    assert country.of("锦江-1").get(f"/v1/members/{kept}/feedback/{feedback}").status_code == 404
    acknowledged = origin.command(kept, "acknowledge-feedback", "2026-01-10", year=2025)
    assert one_event(acknowledged)["data"] == {"year": 2025}
