"""Scenario 6: a check-in of 04-03 is recorded before its departure of 04-01: joined, and the end is as if in order."""

from typing import Any

import pytest

from tests.running_service import Answer
from tests.scenarios.country import Country, one_event, owed

DEPARTURE = {"destination": {"region": "620102"}, "reason": "WORK"}
CHECK_IN = {"region": "620102", "channel": "WORKER"}
MOMENTS = ("2025-03-31", "2025-04-01", "2025-04-02", "2025-04-03", "2025-04-04", "2025-05-31", "2026-02-01")


class Pair:
    """Two members with the same life: one recorded as it happened, one backwards."""

    def __init__(self, country: Country) -> None:
        origin, host = country.of("民勤-1"), country.of("城关")
        self.in_order = origin.register("民勤-1")
        origin.command(self.in_order, "depart", "2025-04-01", **DEPARTURE)
        host.command(self.in_order, "check-in", "2025-04-03", **CHECK_IN)
        host.command(self.in_order, "accept", "2025-04-04", branch="城关-1")

        self.backwards = origin.register("民勤-1", name="测试乙")
        own = country.running.as_role("member", member=self.backwards)
        country.look("registered", self.backwards, "民勤", "城关", "西宁")
        self.checked_in: Answer = own.command(self.backwards, "check-in", "2025-04-03", **CHECK_IN)
        country.look("checked in", self.backwards, "民勤", "城关", "西宁")
        self.before_joining = country.state(self.backwards, as_of="2025-04-03")
        self.accepted: Answer = host.command(self.backwards, "accept", "2025-04-04", branch="城关-1")
        self.departed: Answer = origin.command(self.backwards, "depart", "2025-04-01", **DEPARTURE)


@pytest.fixture(scope="module")
def pair(country: Country) -> Pair:
    return Pair(country)


def test_the_check_in_is_recorded_at_once_and_opens_the_movement(pair: Pair):
    event = one_event(pair.checked_in)
    assert (event["after"]["stage"], event["after"]["view"], event["after"]["leg"]) == ("checked_in", "in_transit", 1)
    assert event["after"]["movement"]["departed_at"] is None
    movement = pair.before_joining["movement"]
    assert (movement["stage"], movement["departed_at"]) == ("checked_in", None)
    assert movement["origin"] == {"organisation": "民勤-1", "region": "620621"}
    assert pair.before_joining["holder"] == "城关"
    assert owed(pair.before_joining["duties"]) == {
        ("confirm_departure", "民勤-1", "2025-04-03", "2025-04-10"),
        ("answer_check_in", "城关", "2025-04-03", "2025-04-18"),
        ("monthly_contact", "民勤-1", "2025-04-03", "2025-04-30"),
    }


def test_the_departure_joins_the_movement_that_stands(country: Country, pair: Pair):
    opened, joined = one_event(pair.checked_in), one_event(pair.departed)
    movement_id = opened["after"]["movement"]["movement_id"]
    assert joined["after"]["movement"]["movement_id"] == movement_id
    assert one_event(pair.accepted)["after"]["movement"]["movement_id"] == movement_id
    assert (joined["after"]["stage"], joined["after"]["responsible"]) == ("settled", "城关-1")
    assert joined["after"]["movement"]["departed_at"] == "2025-04-01"
    movement = country.state(pair.backwards)["movement"]
    assert (movement["movement_id"], movement["departed_at"]) == (movement_id, "2025-04-01")
    assert len(movement["legs"]) == 1


@pytest.mark.parametrize("moment", MOMENTS)
def test_the_two_states_are_the_same_on_every_day(country: Country, pair: Pair, moment: str):
    in_order, backwards = (country.state(member, as_of=moment) for member in (pair.in_order, pair.backwards))
    assert _anonymous(in_order) == _anonymous(backwards)
    if moment >= "2025-04-01":
        assert in_order["movement"]["stage"] == {
            "2025-04-01": "awaiting_check_in", "2025-04-02": "awaiting_check_in", "2025-04-03": "checked_in",
        }.get(moment, "settled")  # fmt: skip


@pytest.mark.parametrize("moment", MOMENTS)
def test_the_lists_make_no_difference_between_the_two(country: Country, pair: Pair, moment: str):
    for side, place in (("outflow", "620621"), ("inflow", "620102"), ("affiliated", "620621")):
        rows = {item["member_id"]: _anonymous(item) for item in country.roster(side, region=place, as_of=moment)}
        expected = set() if moment < "2025-04-01" and side != "affiliated" else {pair.in_order, pair.backwards}
        assert rows.keys() == expected
        assert rows.get(pair.in_order) == rows.get(pair.backwards)
        if side != "affiliated":
            assert all(
                count % 2 == late % 2 == 0
                for count, late in country.lifecycle(side, region=place, as_of=moment).values()
            )
    for owner in ("民勤-1", "民勤", "城关", "城关-1"):
        duties = country.worklist(owner, as_of=moment)
        first, second = (
            [one for one in duties if one["member_id"] == member] for member in (pair.in_order, pair.backwards)
        )
        assert owed(first) == owed(second)


def test_the_departure_is_confirmed_on_no_day_as_known_now(country: Country, pair: Pair):
    for moment in MOMENTS:
        duties = country.state(pair.backwards, as_of=moment)["duties"]
        assert "confirm_departure" not in {duty["kind"] for duty in duties}
    then = pair.accepted["position"]
    known_then = country.state(pair.backwards, as_of="2025-05-31", known_at=then)
    assert ("confirm_departure", "民勤-1", "2025-04-03", "2025-04-10") in owed(known_then["duties"])
    assert next(duty["overdue"] for duty in known_then["duties"] if duty["kind"] == "confirm_departure")
    assert country.state(pair.backwards, as_of="2025-04-02", known_at=then)["movement"] is None


def test_the_months_count_both_the_same(country: Country, pair: Pair):
    both = {"departed": 2, "arrived": 2, "under_way": 2, "in_place": 2}
    assert country.flows("2025-04")["620621", "620102"] == both
    assert country.flows("2025-04", known_at=pair.accepted["position"]) == {("620621", "620102"): both}
    assert country.flows("2025-03") == {}


def test_the_history_is_in_the_order_in_which_things_happened(country: Country, pair: Pair):
    in_order, backwards = (country.history(member) for member in (pair.in_order, pair.backwards))
    types = ["member_registered", "departed", "checked_in", "accepted"]
    assert [item["type"] for item in in_order] == [item["type"] for item in backwards] == types
    assert [item["position"] for item in in_order] == sorted(item["position"] for item in in_order)
    assert backwards[1]["position"] > backwards[3]["position"] > backwards[2]["position"]
    assert [item["flags"] for item in backwards] == [[]] * 4
    assert [_anonymous(item["state"]) for item in in_order] == [_anonymous(item["state"]) for item in backwards]


def test_the_place_of_the_check_in_sees_the_member_from_then_on(country: Country, pair: Pair):
    assert pair.backwards
    assert country.seen["registered"] == {"民勤": 200, "城关": 404, "西宁": 404}
    assert country.seen["checked in"] == {"民勤": 200, "城关": 200, "西宁": 404}


LIFE: dict[str, tuple[str, dict[str, Any]]] = {
    "report-departure": ("2025-03-28", {"destination": {"region": "510104"}, "departs_on": "2025-04-01"}),
    "hold-pre-departure-talk": ("2025-03-30", {}),
    "depart": ("2025-04-01", {}),
    "check-in": ("2025-04-03", {"region": "510104", "channel": "WORKER"}),
    "accept": ("2025-04-04", {"branch": "锦江-1"}),
    "record-contact": ("2025-04-20", {"channel": "VISIT", "organisation": "锦江-1"}),
}
ORDERS = (
    ("report-departure", "hold-pre-departure-talk", "depart", "check-in", "accept", "record-contact"),
    ("check-in", "accept", "record-contact", "depart", "report-departure", "hold-pre-departure-talk"),
    ("check-in", "report-departure", "record-contact", "hold-pre-departure-talk", "accept", "depart"),
    ("record-contact", "check-in", "depart", "accept", "report-departure", "hold-pre-departure-talk"),
)


def test_a_whole_life_ends_the_same_in_whatever_order_it_is_recorded(country: Country):
    members = []
    for order in ORDERS:
        member = country.of("凉州-1").register("凉州-1", name="测试丙")
        for verb in order:
            occurred_at, body = LIFE[verb]
            acting = {"accept": "锦江"}.get(verb, "凉州-1")
            country.everywhere.command(member, verb, occurred_at, **{"organisation": acting, **body})
        members.append(member)
    for moment in ("2025-03-27", "2025-03-28", "2025-03-31", *MOMENTS):
        first, *others = (_anonymous(country.state(member, as_of=moment)) for member in members)
        assert all(other == first for other in others), moment
    first_history, *others = ([item["type"] for item in country.history(member)] for member in members)
    assert all(other == first_history for other in others)
    rows = [_anonymous(item) for item in country.roster("inflow", region="510104", as_of="2025-05-31")]
    assert rows == [rows[0]] * len(ORDERS)
    assert country.flows("2025-04")["620602", "510104"] == {
        "departed": 4, "arrived": 4, "under_way": 4, "in_place": 4,
    }  # fmt: skip


_OWN = ("member_id", "movement_id", "duty_id", "position", "known_position", "event_id", "version", "recorded_at")


def _anonymous(value: Any) -> Any:
    """Return an answer without what names one member, movement or event."""
    if isinstance(value, dict):
        return {name: _anonymous(one) for name, one in value.items() if name not in _OWN}
    if isinstance(value, list):
        return [_anonymous(one) for one in value]
    return value
