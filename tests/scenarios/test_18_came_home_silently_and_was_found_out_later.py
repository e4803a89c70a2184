"""Scenario 18: home since 2025-08-01, found out on 09-15: recorded as such, contacts dated in between are flagged."""

from datetime import date, datetime, timedelta, timezone

import pytest

from tests.running_service import Answer
from tests.scenarios.country import Country, one_event, overdue, owed

CELL = ("620621", "620102")


class Silent:
    """The member who came home silently, and the two contacts that cannot have been as they were written down."""

    def __init__(self, country: Country) -> None:
        self.origin, self.host = country.of("民勤-1"), country.of("城关-1")
        self.member = member = self.origin.register("民勤-1")
        self.origin.command(member, "depart", "2025-06-02", destination={"region": "620102"}, reason="WORK")
        country.of("城关").command(member, "check-in", "2025-06-04", region="620102", channel="WORKER")
        country.of("城关").command(member, "accept", "2025-06-05", branch="城关-1")
        for month in ("06", "07"):
            self.origin.command(member, "record-contact", f"2025-{month}-10", channel="PHONE")
            self.host.command(
                member, "record-contact", f"2025-{month}-31" if month == "07" else "2025-06-30", channel="VISIT"
            )
        self.by_host: Answer = self.host.command(member, "record-contact", "2025-08-20", channel="VISIT")
        self.by_origin: Answer = self.origin.command(member, "record-contact", "2025-09-05", channel="PHONE")
        self.not_known_yet = self.by_origin["position"]
        self.returned: Answer = self.origin.command(member, "return", "2025-08-01", note="9月15日走访时发现")
        self.found_out = self.returned["position"]
        self.after_finding_out = country.state(member)
        self.history_then = country.history(member)
        self.confirmed: Answer = self.host.command(
            member, "confirm-flag", "2025-09-16", event_id=one_event(self.by_host)["event_id"]
        )
        self.after_confirming = country.state(member)
        self.voided: Answer = self.origin.command(
            member, "void-event", "2025-09-17", event_id=one_event(self.by_origin)["event_id"], reason="电话打给了别人"
        )
        self.origin.command(member, "hold-return-education", "2025-09-20")


@pytest.fixture(scope="module")
def silent(country: Country) -> Silent:
    # Weekdays only, this year and next, so that ten workdays from today can be told without a calendar.
    year = date.today().year  # noqa: DTZ011 - either side of New Year both years are set
    for each in range(year - 1, year + 2):
        country.everywhere.record("/v1/workdays", year=each, holidays=[], workdays=[])
    return Silent(country)


def test_the_return_is_recorded_with_the_day_it_happened(country: Country, silent: Silent):
    event = one_event(silent.returned)
    assert (event["type"], event["occurred_at"], event["occurred_precision"]) == ("returned", "2025-08-01", "day")
    assert event["recorded_at"] > "2025-09-15"
    assert (event["after"]["stage"], event["after"]["view"], event["after"]["responsible"]) == (
        "returned",
        "return",
        "民勤-1",
    )
    assert country.state(silent.member)["movement"]["returned_at"] == "2025-08-01"
    assert "9月15日" not in str(event)


def test_the_contacts_dated_in_between_are_flagged_and_those_before_are_not(silent: Silent):
    flags = {item["occurred_at"]: item["flags"] for item in silent.history_then if item["type"] == "contact_made"}
    assert flags == {
        "2025-06-10": [], "2025-06-30": [], "2025-07-10": [], "2025-07-31": [],
        "2025-08-20": ["after_return"], "2025-09-05": ["after_return"],
    }  # fmt: skip
    assert silent.after_finding_out["flags"] == ["after_return"]
    order = [item["type"] for item in silent.history_then]
    assert order[-3:] == ["returned", "contact_made", "contact_made"]
    assert [item["state"]["movement"]["stage"] for item in silent.history_then[-3:]] == ["returned"] * 3


def test_nothing_was_flagged_before_it_was_found_out(country: Country, silent: Silent):
    items = country.history(silent.member, known_at=silent.not_known_yet)
    assert all(item["flags"] == [] for item in items)
    assert country.state(silent.member, known_at=silent.not_known_yet)["flags"] == []


def test_whoever_recorded_a_flagged_contact_owes_a_look_at_it(silent: Silent):
    today = _local_day(one_event(silent.returned)["recorded_at"])
    due = _workdays_after(today, 10)
    duties = silent.after_finding_out["duties"]
    assert owed(duties) == {
        ("return_education", "民勤-1", "2025-08-01", "2025-08-31"),
        ("look_at_flag", "城关-1", today.isoformat(), due.isoformat()),
        ("look_at_flag", "民勤-1", today.isoformat(), due.isoformat()),
    }
    assert overdue(duties) == {"return_education"}
    assert not any(duty["provisional"] for duty in duties)


def test_the_worklists_show_each_flag_to_its_own(country: Country, silent: Silent):
    for organisation, event in (("城关-1", silent.by_host), ("民勤-1", silent.by_origin)):
        duties = country.worklist(organisation, known_at=silent.found_out)
        (look,) = [duty for duty in duties if duty["kind"] == "look_at_flag"]
        assert look["member_id"] == silent.member
        assert one_event(event)["event_id"] in look["duty_id"]
        still = {duty["kind"] for duty in country.worklist(organisation, known_at=silent.not_known_yet)}
        assert "look_at_flag" not in still


def test_confirming_and_voiding_clear_the_flags(country: Country, silent: Silent):
    assert silent.after_confirming["flags"] == ["after_return"]
    assert [duty["organisation"] for duty in silent.after_confirming["duties"] if duty["kind"] == "look_at_flag"] == [
        "民勤-1"
    ]
    state = country.state(silent.member)
    assert (state["flags"], state["duties"]) == ([], [])
    by_id = {item["event_id"]: item for item in country.history(silent.member)}
    kept, voided = by_id[one_event(silent.by_host)["event_id"]], by_id[one_event(silent.by_origin)["event_id"]]
    assert (kept["flags"], kept["correction"]) == (["after_return"], None), "it was odd, and it stays as it was"
    assert voided["correction"] == {"by": one_event(silent.voided)["event_id"], "kind": "voided"}
    assert country.worklist("民勤-1") == country.worklist("城关-1") == []


@pytest.mark.parametrize(
    ("as_of", "true", "known_then"),
    [("2025-07-31", "settled", "settled"), ("2025-08-01", "returned", "settled"), ("2025-09-15", "returned", "settled"),
     ("2025-09-20", "closed", "settled")],
)  # fmt: skip
def test_the_states_since_august_as_true_and_as_known_then(
    country: Country, silent: Silent, as_of: str, true: str, known_then: str
):
    now = country.state(silent.member, as_of=as_of)
    then = country.state(silent.member, as_of=as_of, known_at=silent.not_known_yet)
    assert (now["movement"]["stage"], then["movement"]["stage"]) == (true, known_then)
    assert now["responsible"] == ("城关-1" if true == "settled" else "民勤-1")
    assert then["responsible"] == "城关-1"
    assert now["movement"]["view"] == {"settled": "in_transit", "returned": "return", "closed": None}[true]


@pytest.mark.parametrize(("as_of", "away"), [("2025-07-31", True), ("2025-08-01", False), ("2025-09-15", False)])
def test_the_rosters_lose_the_member_on_the_first_of_august(country: Country, silent: Silent, as_of: str, away: bool):
    settled = {silent.member: "settled"}
    for side, asked in (
        ("outflow", {"region": "620621"}),
        ("inflow", {"region": "620102"}),
        ("inflow", {"organisation": "城关-1"}),
    ):
        assert country.on_roster(side, as_of=as_of, **asked) == (settled if away else {})
        assert country.on_roster(side, as_of=as_of, known_at=silent.not_known_yet, **asked) == settled


def test_the_lifecycle_waits_for_the_education_and_is_overdue_from_september(country: Country, silent: Silent):
    assert silent.member
    for as_of, counts in (
        ("2025-07-31", {("in_transit", "settled"): (1, 0)}),
        ("2025-08-31", {("return", "returned"): (1, 0)}),
        ("2025-09-15", {("return", "returned"): (1, 1)}),
        ("2025-09-20", {}),
    ):
        assert country.lifecycle("outflow", region="620621", as_of=as_of) == counts
    assert country.lifecycle("inflow", region="620102", as_of="2025-08-31") == {}


def test_the_return_is_counted_in_august(country: Country, silent: Silent):
    known = silent.not_known_yet
    assert country.flows("2025-07") == {CELL: {"under_way": 1, "in_place": 1}}
    assert country.flows("2025-08") == {CELL: {"returned": 1}}
    assert country.flows("2025-09") == {}
    assert country.flows("2025-08", known_at=known) == {CELL: {"under_way": 1, "in_place": 1}}
    assert country.flows("2025-09", known_at=known) == {CELL: {"under_way": 1, "in_place": 1}}


def test_no_contact_is_owed_for_a_month_at_home(country: Country, silent: Silent):
    for as_of in ("2025-08-31", "2025-09-15"):
        assert owed(country.state(silent.member, as_of=as_of)["duties"]) == {
            ("return_education", "民勤-1", "2025-08-01", "2025-08-31")
        }
        then = country.state(silent.member, as_of=as_of, known_at=silent.not_known_yet)
        assert {duty["kind"] for duty in then["duties"]} <= {"monthly_contact"}
    assert country.state(silent.member, as_of="2025-09-15")["clocks"]["lost_review_due"] is None


def test_what_the_world_did_counts_until_it_is_voided(country: Country, silent: Silent):
    assert silent.after_finding_out["clocks"]["last_contact_at"] == "2025-09-05"
    assert country.state(silent.member)["clocks"]["last_contact_at"] == "2025-08-20"


def _local_day(recorded_at: str) -> date:
    return datetime.fromisoformat(recorded_at).astimezone(timezone(timedelta(hours=8))).date()


def _workdays_after(day: date, count: int) -> date:
    while count:
        day += timedelta(days=1)
        count -= day.weekday() < 5
    return day
