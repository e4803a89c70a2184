"""驻外: a branch of 民勤 that is stationed in 成都锦江 receives members there, as a branch of every kind."""

from datetime import datetime

import pytest

from domain.times import SHANGHAI
from tests.running_service import Person
from tests.scenarios.country import Country

KINDS = ("WORKPLACE", "RESIDENCE", "INDUSTRY", "HOMETOWN", "FALLBACK")


@pytest.fixture(scope="module")
def stationed(country: Country) -> Person:
    """The secretary of the branch away from home."""
    country.everywhere.organise("民勤驻锦江", "620621", parent="民勤", stationed_in="510104")
    return country.running.as_role("branch_secretary", organisation="民勤驻锦江")


def arrived(country: Country, home: str = "凉州-1") -> str:
    """Return a member who has checked in in 锦江 and whom nobody has answered."""
    member = country.of(home).register(home)
    country.of(home).command(member, "depart", "2025-02-01", destination={"region": "510104"})
    country.of("锦江").command(member, "check-in", "2025-02-03", region="510104", channel="WORKER")
    return member


@pytest.mark.parametrize("kind", KINDS)
def test_it_accepts_a_member_of_another_county_and_places_them_with_itself(
    country: Country, stationed: Person, kind: str
):
    member = arrived(country)
    stationed.command(member, "accept", "2025-02-04", branch="民勤驻锦江")
    stationed.command(
        member, "place-in-branch", "2025-02-05", branch="民勤驻锦江", kind=kind, preferred_kind="HOMETOWN"
    )
    state = country.state(member, as_of="2025-02-05")
    leg = state["movement"]["legs"][-1]
    assert (state["movement"]["stage"], state["responsible"]) == ("settled", "民勤驻锦江")
    assert (leg["region"], leg["accepted_by"], leg["placement"], leg["preferred_kind"]) == (
        "510104", "民勤驻锦江", kind, "HOMETOWN",
    )  # fmt: skip
    owed = {(duty["kind"], duty["organisation"]) for duty in state["duties"]}
    assert {("monthly_contact", "凉州-1"), ("monthly_contact", "民勤驻锦江")} <= owed
    assert member in country.on_roster("inflow", organisation="民勤驻锦江", as_of="2025-02-05")
    assert member in country.on_roster("inflow", region="510104", as_of="2025-02-05")
    assert member not in country.on_roster("inflow", region="620621", as_of="2025-02-05")


@pytest.mark.parametrize("kind", KINDS)
def test_the_destination_places_a_member_whom_it_accepted_with_it(country: Country, stationed: Person, kind: str):
    member = arrived(country)
    country.of("锦江").command(member, "accept", "2025-02-04")
    country.of("锦江").command(member, "place-in-branch", "2025-02-05", branch="民勤驻锦江", kind=kind)
    state = country.state(member, as_of="2025-02-05")
    assert state["responsible"] == "民勤驻锦江"
    assert all(duty["kind"] != "place_in_branch" for duty in state["duties"])
    assert stationed.get(f"/v1/members/{member}").status_code == 200
    stationed.command(member, "record-contact", "2025-02-20", channel="VISIT")
    months = {
        (duty["organisation"], duty["due_on"])
        for duty in country.state(member, as_of="2025-02-28")["duties"]
        if duty["kind"] == "monthly_contact"
    }
    assert months == {("凉州-1", "2025-02-28")}, "its contact is the destination's"


def test_its_placing_as_fallback_of_a_member_whom_nobody_accepted_is_an_acceptance(country: Country, stationed: Person):
    member = arrived(country)
    refused = stationed.post(
        f"/v1/members/{member}/place-in-branch",
        {"occurred_at": "2025-02-05", "branch": "民勤驻锦江", "kind": "INDUSTRY"},
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "not_settled")
    stationed.command(member, "place-in-branch", "2025-02-05", branch="民勤驻锦江", kind="FALLBACK")
    state = country.state(member, as_of="2025-02-05")
    assert (state["movement"]["stage"], state["responsible"], state["holder"]) == ("settled", "民勤驻锦江", None)
    assert all(duty["kind"] != "answer_check_in" for duty in state["duties"])


def test_where_it_is_not_stationed_it_is_not_its_case(country: Country, stationed: Person):
    member = country.of("民勤-1").register("民勤-1")
    country.of("民勤-1").command(member, "depart", "2025-02-01", destination={"region": "350206"})
    country.of("湖里").command(member, "check-in", "2025-02-03", region="350206", channel="WORKER")
    body = {"occurred_at": "2025-02-04", "organisation": "民勤驻锦江"}
    answer = country.everywhere.post(f"/v1/members/{member}/accept", body)
    assert (answer.status_code, answer.json()["code"]) == (409, "not_your_case")
    assert stationed.get(f"/v1/members/{member}").status_code == 404


def test_its_members_go_to_its_successor_when_it_is_dissolved(country: Country, stationed: Person):
    member = arrived(country)
    stationed.command(member, "accept", "2025-02-04", branch="民勤驻锦江")
    country.everywhere.organise("民勤驻锦江二", "620621", parent="民勤", stationed_in="510104")
    country.everywhere.record(
        "/v1/organisations/民勤驻锦江/dissolve", successor="民勤驻锦江二", occurred_at="2025-03-01"
    )
    before, after = (country.state(member, as_of=day) for day in ("2025-02-28", "2025-03-01"))
    assert (before["responsible"], after["responsible"]) == ("民勤驻锦江", "民勤驻锦江二")
    assert after["movement"]["legs"][-1]["branch"] == "民勤驻锦江二"
    assert after["affiliation"] == "凉州-1"
    assert member in country.on_roster("inflow", organisation="民勤驻锦江二", as_of="2025-03-01")


@pytest.mark.parametrize("kind", ["WINDOW", "STATION", "LIAISON_STATION"])
def test_each_level_of_service_place_is_a_venue_that_a_check_in_and_an_activity_name(country: Country, kind: str):
    host = country.of("锦江")
    venue = host.record("/v1/venues", name=f"样例{kind}", region="510104", kind=kind, organisation="锦江")
    code = host.record(f"/v1/venues/{venue['stream']}/codes")["code"]
    member = country.of("凉州-1").register("凉州-1")
    country.of("凉州-1").command(member, "depart", "2025-02-01", destination={"region": "510104"})
    own = country.running.as_role("member", member=member)
    scanned = own.record("/v1/check-ins", code=code, occurred_at=datetime.now(SHANGHAI).isoformat())
    (event,) = scanned["events"]
    assert (event["type"], event["data"]["venue"], event["data"]["region"]) == ("checked_in", venue["stream"], "510104")
    again = host.command(
        member, "check-in", event["occurred_at"], region="510104", channel="WORKER", venue=venue["stream"]
    )
    assert again["events"][0]["data"]["venue"] == venue["stream"]
    held = host.record(
        "/v1/activities", organisation="锦江", kind="THEME_DAY", held_at="2025-02-20", hours=2, venue=venue["stream"]
    )
    assert held["events"][0]["data"]["venue"] == venue["stream"]
