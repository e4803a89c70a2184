"""Scenario 5: a departure of 2025-05-20 is recorded on 2025-09-01: June changes as true, not as known then."""

import pytest

from tests.running_service import Answer
from tests.scenarios.country import Country, one_event, overdue, owed

DEPARTED_IN_MAY = {"departed": 1, "under_way": 1}


class Late:
    """Two members of one branch: one left in April, which was known; the other in May, which was found out later."""

    def __init__(self, country: Country) -> None:
        origin = country.of("民勤-1")
        self.known = origin.register("民勤-1")
        self.late = origin.register("民勤-1", name="测试乙")
        self.last_before: Answer = origin.command(
            self.known, "depart", "2025-04-01", destination={"region": "620102"}, reason="WORK"
        )
        country.look("not known to have left", self.late, "民勤", "城关", "西宁")
        # The log takes the fact now, whatever "now" is; what was known then is what it held just before.
        self.recorded: Answer = origin.command(
            self.late, "depart", "2025-05-20", destination={"region": "620102"}, reason="WORK"
        )
        country.look("found out", self.late, "民勤", "城关", "西宁")
        self.then = self.last_before["position"]


@pytest.fixture(scope="module")
def late(country: Country) -> Late:
    return Late(country)


def test_the_fact_keeps_both_times(country: Country, late: Late):
    event = one_event(late.recorded)
    assert (event["type"], event["occurred_at"], event["occurred_precision"]) == ("departed", "2025-05-20", "day")
    assert event["recorded_at"] > "2025-09-01"
    assert (event["after"]["stage"], event["after"]["view"]) == ("awaiting_check_in", "in_transit")
    item = country.history(late.late)[-1]
    assert (item["occurred_at"], item["recorded_at"]) == (event["occurred_at"], event["recorded_at"])
    assert item["correction"] is None
    assert item["flags"] == []


def test_the_june_roster_as_true_has_both(country: Country, late: Late):
    both = {late.known: "awaiting_check_in", late.late: "awaiting_check_in"}
    for asked in ({"region": "620621"}, {"region": "620000"}, {"organisation": "民勤-1"}):
        assert country.on_roster("outflow", as_of="2025-06-30", **asked) == both
    assert country.on_roster("inflow", region="620102", as_of="2025-06-30") == both


def test_the_june_roster_as_known_then_does_not_change(country: Country, late: Late):
    one = {late.known: "awaiting_check_in"}
    for asked in ({"region": "620621"}, {"region": "620000"}, {"organisation": "民勤-1"}):
        assert country.on_roster("outflow", as_of="2025-06-30", known_at=late.then, **asked) == one
    assert country.on_roster("inflow", region="620102", as_of="2025-06-30", known_at=late.then) == one


def test_what_was_known_may_be_named_by_time_or_by_position(country: Country, late: Late):
    before, after = one_event(late.last_before), one_event(late.recorded)
    asked = {"side": "outflow", "region": "620621", "as_of": "2025-06-30"}
    by_time = country.everywhere.ask("/v1/rosters", known_at=before["recorded_at"], **asked)
    by_position = country.everywhere.ask("/v1/rosters", known_at=late.then, **asked)
    assert by_time["items"] == by_position["items"]
    assert by_time["known_position"] == by_position["known_position"] == late.then
    afterwards = country.everywhere.ask("/v1/rosters", known_at=after["recorded_at"], **asked)
    now = country.everywhere.ask("/v1/rosters", **asked)
    assert afterwards["known_position"] == late.recorded["position"]
    assert afterwards["items"] == now["items"]
    head = country.everywhere.ask("/v1/rosters", known_at="2099-01-01", **asked)
    assert head["known_position"] == now["known_position"] == now["position"] >= late.recorded["position"]
    assert len(now["items"]) == 2


def test_before_anything_was_recorded_nothing_was_known(country: Country, late: Late):
    asked = {"side": "outflow", "region": "620621", "as_of": "2025-06-30", "known_at": "2025-06-30"}
    answer = country.everywhere.ask("/v1/rosters", **asked)
    assert (answer["items"], answer["known_position"]) == ([], 0)
    assert country.lifecycle("outflow", region="620621", as_of="2025-06-30", known_at="2025-06-30") == {}
    assert country.flows("2025-06", known_at="2025-06-30") == {}
    unknown = country.everywhere.get(f"/v1/members/{late.late}", as_of="2025-06-30", known_at="2025-06-30")
    assert unknown.status_code == 404


def test_before_the_day_of_leaving_nothing_changes_on_either_clock(country: Country, late: Late):
    for known_at in (None, late.then):
        assert country.on_roster("outflow", region="620621", as_of="2025-05-19", known_at=known_at) == {
            late.known: "awaiting_check_in"
        }
        assert country.state(late.late, as_of="2025-05-19", known_at=known_at)["movement"] is None


def test_the_member_state_as_true_and_as_known_then(country: Country, late: Late):
    true = country.state(late.late, as_of="2025-06-30")
    assert (true["movement"]["stage"], true["movement"]["departed_at"]) == ("awaiting_check_in", "2025-05-20")
    assert true["version"] == 2
    then = country.state(late.late, as_of="2025-06-30", known_at=late.then)
    assert (then["movement"], then["duties"], then["version"]) == (None, [], 1)
    assert then["known_position"] == late.then


def test_the_june_counts_as_true_and_as_known_then(country: Country, late: Late):
    stage = ("in_transit", "awaiting_check_in")
    for side, place in (("outflow", "620621"), ("outflow", "620000"), ("inflow", "620102")):
        asked = {"side": side, "region": place, "as_of": "2025-06-30"}
        assert country.lifecycle(**asked) == {stage: (2, 2)}
        assert country.lifecycle(**asked, known_at=late.then) == {stage: (1, 1)}


def test_the_months_are_recomputed_and_the_old_figures_stay_to_be_asked_for(country: Country, late: Late):
    cell = ("620621", "620102")
    assert country.flows("2025-05") == {cell: {"departed": 1, "under_way": 2}}
    assert country.flows("2025-06") == {cell: {"under_way": 2}}
    assert country.flows("2025-05", known_at=late.then) == {cell: {"under_way": 1}}
    assert country.flows("2025-06", known_at=late.then) == {cell: {"under_way": 1}}
    assert country.flows("2025-04") == country.flows("2025-04", known_at=late.then) == {cell: DEPARTED_IN_MAY}


def test_the_duties_of_those_months_are_owed_as_true_and_were_not_known(country: Country, late: Late):
    duties = country.state(late.late, as_of="2025-06-30")["duties"]
    assert owed(duties) == {
        ("prompt_check_in", "民勤-1", "2025-05-20", "2025-05-27"),
        ("escalate_check_in", "民勤", "2025-06-19", "2025-07-03"),
        ("monthly_contact", "民勤-1", "2025-05-20", "2025-05-31"),
        ("monthly_contact", "民勤-1", "2025-06-01", "2025-06-30"),
    }
    assert {(one["kind"], one["due_on"]) for one in duties if one["overdue"]} == {
        ("prompt_check_in", "2025-05-27"), ("monthly_contact", "2025-05-31"),
    }  # fmt: skip

    def of_the_late_one(organisation: str, known_at: int | None) -> set[tuple[str, str, str, str]]:
        items = country.worklist(organisation, as_of="2025-06-30", known_at=known_at)
        return owed([item for item in items if item["member_id"] == late.late])

    assert of_the_late_one("民勤-1", None) | of_the_late_one("民勤", None) == owed(duties)
    assert of_the_late_one("民勤-1", late.then) | of_the_late_one("民勤", late.then) == set()
    assert overdue(country.worklist("民勤", as_of="2025-07-04")) == {"escalate_check_in"}


def test_the_review_of_the_silence_counts_from_the_day_of_leaving(country: Country, late: Late):
    assert country.state(late.late, as_of="2025-06-30")["clocks"] == {
        "last_contact_at": None, "lost_review_due": "2025-11-20",
    }  # fmt: skip


def test_the_destination_sees_the_member_once_it_is_known(country: Country, late: Late):
    assert late.late
    assert country.seen["not known to have left"] == {"民勤": 200, "城关": 404, "西宁": 404}
    assert country.seen["found out"] == {"民勤": 200, "城关": 200, "西宁": 404}
