"""Scenario 3: 凉州 to 成都锦江 in 2025-02, on to 厦门湖里 in 2025-07, never home: two legs of one movement."""

import pytest

from tests.running_service import Answer
from tests.scenarios.country import Country, owed

OFFICES = ("凉州", "锦江", "湖里", "西宁")
LEFT = "2025-07-08T09:00:00+08:00"
JUST_BEFORE = "2025-07-08T08:59:59.999999+08:00"


class Journey:
    """One member who says so when moving on, and one who simply checks in at the next place."""

    def __init__(self, country: Country) -> None:
        self.says = country.of("凉州-1").register("凉州-1")
        self.shows = country.of("凉州-1").register("凉州-1", name="测试乙")
        for member in (self.says, self.shows):
            self._settle_in_jinjiang(country, member)
        country.look("in 锦江", self.says, *OFFICES)
        self.moved: Answer = country.of("锦江-1").command(
            self.says, "move-onward", LEFT, destination={"region": "350206"}
        )
        country.look("moved on", self.says, *OFFICES)
        country.of("湖里").command(self.says, "check-in", "2025-07-10", region="350206", channel="WORKER")
        country.of("湖里").command(self.says, "accept", "2025-07-11", branch="湖里-1")
        country.look("in 湖里", self.says, *OFFICES)
        own = country.running.as_role("member", member=self.shows)
        self.appeared: Answer = own.command(self.shows, "check-in", LEFT, region="350206", channel="CODE")

    @staticmethod
    def _settle_in_jinjiang(country: Country, member: str) -> None:
        origin, host = country.of("凉州-1"), country.of("锦江")
        origin.command(member, "depart", "2025-02", destination={"region": "510104"}, reason="WORK")
        host.command(member, "check-in", "2025-02-20", region="510104", channel="WORKER")
        host.command(member, "accept", "2025-02-21", branch="锦江-1")


@pytest.fixture(scope="module")
def journey(country: Country) -> Journey:
    return Journey(country)


def test_one_movement_has_two_legs(country: Country, journey: Journey):
    before, after = (country.state(journey.says, as_of=day)["movement"] for day in ("2025-06-30", "2025-07-31"))
    assert before["movement_id"] == after["movement_id"]
    assert after["origin"] == {"organisation": "凉州-1", "region": "620602"}
    assert (after["departed_at"], after["returned_at"], after["closed_reason"]) == ("2025-02", None, None)
    assert after["stage"] == "settled"
    first, second = after["legs"]
    assert first.items() >= {
        "leg": 1, "declared_region": "510104", "region": "510104", "checked_in_at": "2025-02-20",
        "accepted_at": "2025-02-21", "accepted_by": "锦江", "branch": "锦江-1",
    }.items()  # fmt: skip
    assert second.items() >= {
        "leg": 2, "declared_region": "350206", "region": "350206", "checked_in_at": "2025-07-10",
        "accepted_at": "2025-07-11", "accepted_by": "湖里", "branch": "湖里-1",
    }.items()  # fmt: skip


def test_a_check_in_elsewhere_after_settling_is_a_move_and_a_check_in_in_one(country: Country, journey: Journey):
    before = country.state(journey.shows, as_of="2025-06-30")["movement"]
    state = country.state(journey.shows, as_of="2025-07-08")
    movement = state["movement"]
    assert movement["movement_id"] == before["movement_id"]
    assert (movement["stage"], movement["view"]) == ("checked_in", "in_transit")
    assert [(leg["leg"], leg["region"]) for leg in movement["legs"]] == [(1, "510104"), (2, "350206")]
    assert movement["legs"][1]["checked_in_at"] == LEFT
    assert (state["holder"], state["responsible"]) == ("湖里", "凉州-1")
    (event,) = journey.appeared["events"]
    assert (event["type"], event["after"]["stage"], event["after"]["leg"]) == ("checked_in", "checked_in", 2)
    assert event["after"]["movement"]["movement_id"] == movement["movement_id"]


def test_one_roster_loses_what_the_other_gains_in_one_moment(country: Country, journey: Journey):
    both = {journey.says, journey.shows}
    for place in ("510104", "510000"):
        assert set(country.on_roster("inflow", region=place, as_of=JUST_BEFORE)) == both
        assert country.on_roster("inflow", region=place, as_of=LEFT) == {}
    for place in ("350206", "350000"):
        assert country.on_roster("inflow", region=place, as_of=JUST_BEFORE) == {}
        arrived = country.on_roster("inflow", region=place, as_of=LEFT)
        assert arrived == {journey.says: "awaiting_check_in", journey.shows: "checked_in"}
    assert set(country.on_roster("inflow", organisation="锦江-1", as_of=JUST_BEFORE)) == both
    assert country.on_roster("inflow", organisation="锦江", as_of=LEFT) == {}
    assert country.on_roster("inflow", organisation="湖里", as_of=LEFT) == {journey.shows: "checked_in"}


@pytest.mark.parametrize("as_of", ["2025-02-28", "2025-06-30", JUST_BEFORE, LEFT, "2025-07-31"])
def test_the_origin_counts_the_member_once_all_the_way(country: Country, journey: Journey, as_of: str):
    for place in ("620602", "620600", "620000"):
        assert set(country.on_roster("outflow", region=place, as_of=as_of)) == {journey.says, journey.shows}
    assert sum(count for count, _ in country.lifecycle("outflow", region="620602", as_of=as_of).values()) == 2


def test_the_lifecycle_of_both_destinations_changes_together(country: Country, journey: Journey):
    assert journey.says
    settled = {("in_transit", "settled"): 2}
    on_the_way = {("in_transit", "awaiting_check_in"): 1, ("in_transit", "checked_in"): 1}
    for as_of, jinjiang, huli in ((JUST_BEFORE, settled, {}), (LEFT, {}, on_the_way)):
        for place, expected in (("510104", jinjiang), ("350206", huli)):
            counts = country.lifecycle("inflow", region=place, as_of=as_of)
            assert {stage: count for stage, (count, _) in counts.items()} == expected


@pytest.mark.parametrize(
    ("as_of", "responsible", "holder"),
    [
        ("2025-02-20", "凉州-1", "锦江"),
        ("2025-02-21", "锦江-1", None),
        (JUST_BEFORE, "锦江-1", None),
        (LEFT, "凉州-1", None),
        ("2025-07-10", "凉州-1", "湖里"),
        ("2025-07-11", "湖里-1", None),
    ],
)
def test_somebody_is_responsible_all_the_way(
    country: Country, journey: Journey, as_of: str, responsible: str, holder: str | None
):
    state = country.state(journey.says, as_of=as_of)
    assert (state["responsible"], state["holder"]) == (responsible, holder)


def test_moving_on_opens_the_duties_of_leaving_and_ends_those_of_the_place_left(country: Country, journey: Journey):
    months = {
        (month, {"02": "28", "04": "30", "06": "30"}.get(month, "31")) for month in ("02", "03", "04", "05", "06", "07")
    }
    origin = {("monthly_contact", "凉州-1", f"2025-{month}-01", f"2025-{month}-{last}") for month, last in months}
    host = {
        ("monthly_contact", "锦江-1", f"2025-{month}-{'21' if month == '02' else '01'}", f"2025-{month}-{last}")
        for month, last in months
    }
    duties = country.state(journey.says, as_of=JUST_BEFORE)["duties"]
    # Both sides' months stand from the last contact on: the check-in of 20 February was no contact of either side.
    assert owed(duties) == origin | host
    assert owed(country.state(journey.says, as_of=LEFT)["duties"]) == {
        *origin,
        ("prompt_check_in", "凉州-1", "2025-07-08", "2025-07-15"),
    }
    assert country.worklist("锦江-1", as_of=LEFT) == []
    assert owed(country.state(journey.says, as_of="2025-07-10")["duties"]) == {
        *origin,
        ("answer_check_in", "湖里", "2025-07-10", "2025-07-24"),
    }
    assert owed(country.worklist("湖里-1", as_of="2025-07-11")) == {
        ("monthly_contact", "湖里-1", "2025-07-11", "2025-07-31")
    }


def test_the_months_of_both_cells_add_up(country: Country, journey: Journey):
    assert journey.says
    first, second = ("620602", "510104"), ("620602", "350206")
    assert country.flows("2025-02") == {first: {"departed": 2, "arrived": 2, "under_way": 2, "in_place": 2}}
    assert country.flows("2025-06") == {first: {"under_way": 2, "in_place": 2}}
    assert country.flows("2025-07") == {
        first: {"moved_on": 2},
        second: {"departed": 2, "arrived": 2, "under_way": 2, "in_place": 2},
    }
    assert country.flows("2025-08") == {second: {"under_way": 2, "in_place": 2}}
    assert country.flows("2025-07", "province") == {
        ("620000", "510000"): {"moved_on": 2},
        ("620000", "350000"): {"departed": 2, "arrived": 2, "under_way": 2, "in_place": 2},
    }


def test_as_known_before_the_move_the_member_is_where_they_were(country: Country, journey: Journey):
    known = journey.moved["position"] - 1
    before = country.on_roster("inflow", region="510104", as_of="2025-07-31", known_at=known)
    assert before[journey.says] == "settled"
    assert journey.says not in country.on_roster("inflow", region="350206", as_of="2025-07-31", known_at=known)
    assert country.state(journey.says, as_of="2025-07-31", known_at=known)["responsible"] == "锦江-1"


def test_the_move_tells_the_next_region_all_it_needs(journey: Journey):
    (event,) = journey.moved["events"]
    after = event["after"]
    assert (event["type"], event["data"]["destination"]) == ("moved_onward", {"region": "350206"})
    assert (after["stage"], after["view"], after["responsible"], after["leg"]) == (
        "awaiting_check_in", "in_transit", "凉州-1", 2,
    )  # fmt: skip
    assert after["movement"].items() >= {
        "leg": 2, "origin": {"organisation": "凉州-1", "region": "620602"}, "departed_at": "2025-02",
    }.items()  # fmt: skip


def test_the_history_has_no_return_in_between(country: Country, journey: Journey):
    items = country.history(journey.says)
    assert [item["type"] for item in items] == [
        "member_registered", "departed", "checked_in", "accepted", "moved_onward", "checked_in", "accepted",
    ]  # fmt: skip
    assert (items[1]["occurred_at"], items[1]["occurred_precision"]) == ("2025-02", "month")
    assert [item["flags"] for item in items] == [[]] * 7
    legs = [len(item["state"]["movement"]["legs"]) for item in items[1:]]
    assert legs == [1, 1, 1, 2, 2, 2]


def test_the_third_region_sees_the_member_from_the_move_on(country: Country, journey: Journey):
    assert journey.says
    assert country.seen["in 锦江"] == {"凉州": 200, "锦江": 200, "湖里": 404, "西宁": 404}
    assert country.seen["moved on"] == {"凉州": 200, "锦江": 200, "湖里": 200, "西宁": 404}
    assert country.seen["in 湖里"] == {"凉州": 200, "锦江": 200, "湖里": 200, "西宁": 404}
