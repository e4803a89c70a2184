"""Scenario 8: a return entered for 2025-01-02 was on 2025-02-01: corrected, both dates visible, January recomputed."""

import pytest

from tests.running_service import Answer
from tests.scenarios.country import Country, one_event, overdue, owed

CELL = ("620621", "620102")


class Mistaken:
    """The member whose return was entered wrongly, and what each recording answered."""

    def __init__(self, country: Country) -> None:
        origin, host = country.of("民勤-1"), country.of("城关-1")
        self.member = member = origin.register("民勤-1")
        origin.command(member, "depart", "2024-12-02", destination={"region": "620102"}, reason="WORK")
        country.of("城关").command(member, "check-in", "2024-12-04", region="620102", channel="WORKER")
        country.of("城关").command(member, "accept", "2024-12-05", branch="城关-1")
        origin.command(member, "record-contact", "2024-12-20", channel="PHONE")
        host.command(member, "record-contact", "2024-12-21", channel="VISIT")
        self.entered: Answer = origin.command(member, "return", "2025-01-02")
        # Nobody at home again could have been visited by the branch there: this is how the mistake is noticed.
        self.visited: Answer = host.command(member, "record-contact", "2025-01-15", channel="VISIT")
        self.known_wrongly = self.visited["position"]
        self.state_before = country.state(member)
        event_id = one_event(self.entered)["event_id"]
        self.corrected: Answer = origin.command(
            member, "correct-event", "2025-02-10",
            event_id=event_id, changes={"occurred_at": "2025-02-01"}, reason="填错了日期",
        )  # fmt: skip
        origin.command(member, "hold-return-education", "2025-02-14")


@pytest.fixture(scope="module")
def mistaken(country: Country) -> Mistaken:
    return Mistaken(country)


def test_the_visit_after_the_wrong_date_was_flagged_and_is_not_any_more(country: Country, mistaken: Mistaken):
    assert mistaken.state_before["flags"] == ["after_return"]
    assert {(one["kind"], one["organisation"]) for one in mistaken.state_before["duties"]} == {
        ("return_education", "民勤-1"), ("look_at_flag", "城关-1"),
    }  # fmt: skip
    state = country.state(mistaken.member)
    assert (state["flags"], state["duties"]) == ([], [])
    visit = next(item for item in country.history(mistaken.member) if item["occurred_at"] == "2025-01-15")
    assert visit["flags"] == []
    visit_then = next(
        item
        for item in country.history(mistaken.member, known_at=mistaken.known_wrongly)
        if item["occurred_at"] == "2025-01-15"
    )
    assert visit_then["flags"] == ["after_return"]


def test_both_dates_are_visible_in_the_history(country: Country, mistaken: Mistaken):
    items = country.history(mistaken.member)
    assert [(item["type"], item["occurred_at"]) for item in items] == [
        ("member_registered", items[0]["occurred_at"]),
        ("departed", "2024-12-02"),
        ("checked_in", "2024-12-04"),
        ("accepted", "2024-12-05"),
        ("contact_made", "2024-12-20"),
        ("contact_made", "2024-12-21"),
        ("contact_made", "2025-01-15"),
        ("returned", "2025-02-01"),
        ("event_corrected", "2025-02-10"),
        ("return_education_held", "2025-02-14"),
    ]
    returned, correction = items[7], items[8]
    entered, corrected = one_event(mistaken.entered), one_event(mistaken.corrected)
    assert (returned["event_id"], returned["position"], returned["recorded_at"]) == (
        entered["event_id"], entered["position"], entered["recorded_at"],
    )  # fmt: skip
    assert returned["correction"] == {"by": corrected["event_id"], "kind": "corrected"}
    assert returned["as_recorded"]["occurred_at"] == "2025-01-02"
    assert (correction["event_id"], correction["correction"]) == (corrected["event_id"], None)
    assert correction["data"] == {"event_id": entered["event_id"], "changes": {"occurred_at": "2025-02-01"}}
    assert "填错了日期" not in str(items), "why, in free words, is personal data"
    stages = [item["state"]["movement"]["stage"] for item in items[3:]]
    assert stages == ["settled"] * 4 + ["returned", "returned", "closed"]


def test_the_history_as_known_before_the_correction_has_the_wrong_date(country: Country, mistaken: Mistaken):
    items = country.history(mistaken.member, known_at=mistaken.known_wrongly)
    assert [(item["type"], item["occurred_at"], item["correction"]) for item in items[-2:]] == [
        ("returned", "2025-01-02", None), ("contact_made", "2025-01-15", None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("as_of", "true", "known_then"),
    [("2025-01-01", "settled", "settled"), ("2025-01-02", "settled", "returned"), ("2025-01-31", "settled", "returned"),
     ("2025-02-01", "returned", "returned")],
)  # fmt: skip
def test_the_states_of_january_are_recomputed(
    country: Country, mistaken: Mistaken, as_of: str, true: str, known_then: str
):
    now = country.state(mistaken.member, as_of=as_of)
    then = country.state(mistaken.member, as_of=as_of, known_at=mistaken.known_wrongly)
    assert now["movement"]["stage"] == true
    assert then["movement"]["stage"] == known_then
    assert now["responsible"] == ("城关-1" if true == "settled" else "民勤-1")
    assert then["responsible"] == ("城关-1" if known_then == "settled" else "民勤-1")


@pytest.mark.parametrize("as_of", ["2025-01-02", "2025-01-31"])
def test_the_rosters_and_counts_of_january_are_recomputed(country: Country, mistaken: Mistaken, as_of: str):
    settled = {mistaken.member: "settled"}
    for side, place in (("outflow", "620621"), ("outflow", "620000"), ("inflow", "620102")):
        asked = {"region": place, "as_of": as_of}
        assert country.on_roster(side, **asked) == settled
        assert country.on_roster(side, **asked, known_at=mistaken.known_wrongly) == {}
        assert country.lifecycle(side, **asked) == {("in_transit", "settled"): (1, 0)}
        known_then = country.lifecycle(side, **asked, known_at=mistaken.known_wrongly)
        assert known_then == ({("return", "returned"): (1, 0)} if side == "outflow" else {})
    assert country.on_roster("inflow", organisation="城关-1", as_of=as_of) == settled
    assert country.on_roster("outflow", region="620621", as_of="2025-02-01") == {}


def test_the_months_are_recomputed(country: Country, mistaken: Mistaken):
    known = mistaken.known_wrongly
    december = {CELL: {"departed": 1, "arrived": 1, "under_way": 1, "in_place": 1}}
    assert _of_the_cell(country.flows("2024-12")) == _of_the_cell(country.flows("2024-12", known_at=known)) == december
    assert _of_the_cell(country.flows("2025-01")) == {CELL: {"under_way": 1, "in_place": 1}}
    assert _of_the_cell(country.flows("2025-01", known_at=known)) == {CELL: {"returned": 1}}
    assert _of_the_cell(country.flows("2025-02")) == {CELL: {"returned": 1}}
    assert _of_the_cell(country.flows("2025-02", known_at=known)) == {}


def test_the_duties_move_with_the_date(country: Country, mistaken: Mistaken):
    known = mistaken.known_wrongly
    assert owed(country.state(mistaken.member, as_of="2025-01-31")["duties"]) == {
        ("monthly_contact", "民勤-1", "2025-01-01", "2025-01-31")
    }
    assert owed(country.state(mistaken.member, as_of="2025-01-31", known_at=known)["duties"]) == {
        ("return_education", "民勤-1", "2025-01-02", "2025-02-01")
    }
    # On 10 February the education is in time as true, and was overdue as known before the correction.
    true = country.worklist("民勤-1", as_of="2025-02-10")
    assert owed(true) == {("return_education", "民勤-1", "2025-02-01", "2025-03-03")}
    assert overdue(true) == set()
    assert overdue(country.worklist("民勤-1", as_of="2025-02-10", known_at=known)) == {"return_education"}
    assert country.worklist("城关-1", as_of="2025-02-10") == []


def test_the_contact_clock_runs_through_january(country: Country, mistaken: Mistaken):
    assert country.state(mistaken.member, as_of="2025-01-31")["clocks"] == {
        "last_contact_at": "2025-01-15", "lost_review_due": "2025-07-15",
    }  # fmt: skip
    assert country.state(mistaken.member, as_of="2025-01-10")["clocks"] == {
        "last_contact_at": "2024-12-21", "lost_review_due": "2025-06-21",
    }  # fmt: skip
    then = country.state(mistaken.member, as_of="2025-01-31", known_at=mistaken.known_wrongly)
    assert then["clocks"]["lost_review_due"] is None


def test_the_correction_says_how_the_member_stands_after_it(mistaken: Mistaken):
    after = one_event(mistaken.corrected)["after"]
    assert (after["stage"], after["view"], after["responsible"]) == ("returned", "return", "民勤-1")
    assert after["movement"]["movement_id"] == one_event(mistaken.entered)["after"]["movement"]["movement_id"]


def test_correcting_again_counts_and_voiding_a_correction_brings_back_the_one_before(country: Country):
    origin = country.of("凉州-1")
    member = origin.register("凉州-1", name="测试乙")
    origin.command(member, "depart", "2024-12-02", destination={"region": "510104"})
    entered = one_event(origin.command(member, "return", "2025-01-02"))

    def returned() -> tuple[str, str | None]:
        movement = country.state(member)["movement"]
        item = next(item for item in country.history(member) if item["event_id"] == entered["event_id"])
        assert item["occurred_at"] == movement["returned_at"]
        return movement["returned_at"], item["correction"] and item["correction"]["by"]

    def correct(to: str) -> str:
        change = {"event_id": entered["event_id"], "changes": {"occurred_at": to}}
        return str(one_event(origin.command(member, "correct-event", "2025-02-10", **change))["event_id"])

    first, second = correct("2025-02-01"), correct("2025-02-03")
    assert returned() == ("2025-02-03", second)
    third = one_event(origin.command(member, "void-event", "2025-02-11", event_id=second))["event_id"]
    assert returned() == ("2025-02-01", first)
    by_id = {item["event_id"]: item for item in country.history(member)}
    assert by_id[second]["correction"] == {"by": third, "kind": "voided"}
    origin.command(member, "void-event", "2025-02-12", event_id=first)
    assert returned() == ("2025-01-02", None)


def _of_the_cell(flows: dict[tuple[str, str], dict[str, int]]) -> dict[tuple[str, str], dict[str, int]]:
    return {cell: counts for cell, counts in flows.items() if cell == CELL}
