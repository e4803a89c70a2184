"""Scenario 2: declared for 兰州, scanned in 西宁 on 2025-03-05: 西宁 holds the case, 兰州 expects nobody any more."""

import pytest

from tests.running_service import Answer
from tests.scenarios.country import Country, overdue, owed

OFFICES = ("民勤", "兰州", "西宁", "锦江")


class Stray:
    """The member, and what the departure and the scan answered."""

    def __init__(self, country: Country) -> None:
        self.member = member = country.of("民勤-1").register("民勤-1")
        origin = country.of("民勤-1")
        origin.command(
            member, "report-departure", "2025-02-28", destination={"region": "620100"}, departs_on="2025-03-01"
        )
        origin.command(member, "hold-pre-departure-talk", "2025-02-28")
        self.departed = origin.command(member, "depart", "2025-03-01")
        country.look("declared", member, *OFFICES)
        # The code hangs in 西宁, which has never heard of the member: the scan is the member's own.
        own = country.running.as_role("member", member=member)
        self.scanned: Answer = own.command(
            member, "check-in", "2025-03-05T18:20:00+08:00", region="630104", channel="CODE", venue="XN-7"
        )
        country.look("scanned", member, *OFFICES, "西宁-1")


@pytest.fixture(scope="module")
def stray(country: Country) -> Stray:
    return Stray(country)


def test_the_place_of_the_scan_holds_the_case(country: Country, stray: Stray):
    state = country.state(stray.member, as_of="2025-03-05")
    assert (state["holder"], state["responsible"]) == ("西宁", "民勤-1")
    assert owed(state["duties"]) == {
        ("answer_check_in", "西宁", "2025-03-05", "2025-03-19"),
        ("monthly_contact", "民勤-1", "2025-03-01", "2025-03-31"),
    }
    (duty,) = country.worklist("西宁", as_of="2025-03-05")
    assert duty.items() >= {"kind": "answer_check_in", "member_id": stray.member, "region": "630100"}.items()
    assert country.worklist("兰州", as_of="2025-03-05") == []


def test_it_is_one_open_movement_with_one_leg(country: Country, stray: Stray):
    movement = country.state(stray.member, as_of="2025-03-05")["movement"]
    assert (movement["stage"], movement["view"]) == ("checked_in", "in_transit")
    (leg,) = movement["legs"]
    assert (leg["leg"], leg["declared_region"], leg["region"]) == (1, "620100", "630104")
    assert leg["checked_in_at"] == "2025-03-05T18:20:00+08:00"
    (event,) = stray.scanned["events"]
    assert event["after"]["movement"]["movement_id"] == movement["movement_id"]
    (departure,) = stray.departed["events"]
    assert departure["after"]["movement"]["movement_id"] == movement["movement_id"]
    assert country.state(stray.member)["flags"] == [], "elsewhere than declared is a fact, not an error"


def test_the_scan_says_all_that_a_region_newly_concerned_needs(stray: Stray):
    (event,) = stray.scanned["events"]
    after = event["after"]
    assert (after["stage"], after["view"], after["affiliation"], after["leg"]) == (
        "checked_in",
        "in_transit",
        "民勤-1",
        1,
    )
    assert (
        after["movement"].items()
        >= {
            "leg": 1,
            "origin": {"organisation": "民勤-1", "region": "620621"},
            "departed_at": "2025-03-01",
        }.items()
    )


def test_the_expectation_ends_in_the_moment_in_which_the_other_place_holds(country: Country, stray: Stray):
    expected = {stray.member: "awaiting_check_in"}
    held = {stray.member: "checked_in"}
    just_before, moment = "2025-03-05T18:19:59.999999+08:00", "2025-03-05T18:20:00+08:00"
    for as_of, lanzhou, xining in ((just_before, expected, {}), (moment, {}, held), ("2025-03-05", {}, held)):
        assert country.on_roster("inflow", region="620100", as_of=as_of) == lanzhou
        assert country.on_roster("inflow", region="630100", as_of=as_of) == xining
        assert country.on_roster("inflow", region="630104", as_of=as_of) == xining
        assert country.on_roster("inflow", organisation="西宁", as_of=as_of) == xining
        assert country.on_roster("inflow", organisation="兰州", as_of=as_of) == {}
        assert country.on_roster("inflow", region="630000", as_of=as_of, scope="leaving") == xining


def test_the_origin_sees_where_the_member_is(country: Country, stray: Stray):
    (item,) = country.of("民勤").ask("/v1/rosters", side="outflow", region="620621", as_of="2025-03-05")["items"]
    assert item.items() >= {
        "member_id": stray.member, "stage": "checked_in", "region": "630104", "origin_region": "620621",
        "since": "2025-03-05", "affiliation": "民勤-1", "responsible": "民勤-1",
    }.items()  # fmt: skip
    seen = country.of("民勤-1").ask(f"/v1/members/{stray.member}", as_of="2025-03-05")
    assert seen["holder"] == "西宁"


def test_the_lifecycle_moves_from_one_destination_to_the_other(country: Country, stray: Stray):
    assert stray.member
    awaited, checked_in = {("in_transit", "awaiting_check_in"): (1, 0)}, {("in_transit", "checked_in"): (1, 0)}
    for as_of, outflow, lanzhou, xining in (
        ("2025-03-04", awaited, awaited, {}),
        ("2025-03-05", checked_in, {}, checked_in),
    ):
        assert country.lifecycle("outflow", region="620621", as_of=as_of) == outflow
        assert country.lifecycle("outflow", region="620000", as_of=as_of) == outflow
        assert country.lifecycle("inflow", region="620100", as_of=as_of) == lanzhou
        assert country.lifecycle("inflow", region="630100", as_of=as_of) == xining
        assert country.lifecycle("inflow", region="630000", as_of=as_of) == xining


def test_the_flow_is_counted_where_the_member_checked_in(country: Country, stray: Stray):
    assert stray.member
    counts = {"departed": 1, "arrived": 1, "under_way": 1, "in_place": 1}
    assert country.flows("2025-03") == {("620621", "630104"): counts}
    assert country.flows("2025-03", "city") == {("620600", "630100"): counts}
    assert country.flows("2025-03", "province") == {("620000", "630000"): counts}
    # As known before the scan, the same leg stood in the cell of its declared destination.
    known = stray.departed["position"]
    as_known = country.flows("2025-03", known_at=known)
    assert as_known == {("620621", "620100"): {"departed": 1, "under_way": 1}}


def test_the_history_tells_both_places(country: Country, stray: Stray):
    items = country.history(stray.member)
    assert [item["type"] for item in items] == [
        "member_registered", "departure_reported", "pre_departure_talk_held", "departed", "checked_in",
    ]  # fmt: skip
    assert items[1]["data"]["destination"] == {"region": "620100"}
    assert items[4]["data"].items() >= {"region": "630104", "channel": "CODE", "venue": "XN-7"}.items()
    assert [item["flags"] for item in items] == [[]] * 5
    assert items[3]["state"]["movement"]["legs"][0]["region"] is None
    assert items[4]["state"]["holder"] == "西宁"


def test_each_side_sees_the_member_from_the_moment_of_concern(country: Country, stray: Stray):
    assert stray.member
    assert country.seen["declared"] == {"民勤": 200, "兰州": 200, "西宁": 404, "锦江": 404}
    # 兰州 still sees: as the declared destination it may accept as well, and would then contest the case.
    assert country.seen["scanned"] == {"民勤": 200, "兰州": 200, "西宁": 200, "锦江": 404, "西宁-1": 404}


def test_nobody_answers_and_the_holder_is_overdue(country: Country, stray: Stray):
    in_time, late = (country.state(stray.member, as_of=day)["duties"] for day in ("2025-03-19", "2025-03-20"))
    assert overdue(in_time) == set()
    assert overdue(late) == {"answer_check_in"}
    assert overdue(country.worklist("西宁", as_of="2025-03-20")) == {"answer_check_in"}
    assert overdue(country.worklist("民勤-1", as_of="2025-03-20")) == set()
    assert country.lifecycle("outflow", region="620621", as_of="2025-03-20") == {("in_transit", "checked_in"): (1, 1)}
    assert country.lifecycle("inflow", region="630100", as_of="2025-03-20") == {("in_transit", "checked_in"): (1, 1)}
    (item,) = country.roster("inflow", region="630100", as_of="2025-03-20")
    assert item["overdue"] is True


def test_a_case_handed_down_to_a_branch_is_on_that_branchs_own_lists(country: Country):
    member = country.of("凉州-1").register("凉州-1", name="测试乙")
    country.of("凉州-1").command(member, "depart", "2025-05-06", destination={"region": "510104"})
    own = country.running.as_role("member", member=member)
    own.command(member, "check-in", "2025-05-08T10:00:00+08:00", region="350206", channel="CODE")
    country.look("held above", member, "湖里", "湖里-1")
    country.of("湖里").command(member, "route", "2025-05-09", to_organisation="湖里-1")
    country.look("handed down", member, "湖里", "湖里-1", "锦江-1")
    # Later news of the member, so that the days before are of the past.
    country.of("凉州-1").command(member, "record-contact", "2025-06-10", channel="PHONE")
    assert country.seen["held above"] == {"湖里": 200, "湖里-1": 404}
    assert country.seen["handed down"] == {"湖里": 200, "湖里-1": 200, "锦江-1": 404}

    branch = country.of("湖里-1")
    for as_of in ("2025-05-09", "2025-05-22"):
        (item,) = branch.ask("/v1/rosters", side="inflow", organisation="湖里-1", as_of=as_of)["items"]
        assert [item] == country.roster("inflow", organisation="湖里-1", as_of=as_of)
        assert (item["member_id"], item["stage"], item["since"]) == (member, "checked_in", "2025-05-08")
        assert (item["last_contact_at"], item["overdue"]) == ("2025-05-08T10:00:00+08:00", False)
        (duty,) = branch.ask("/v1/worklist", as_of=as_of)["items"]
        assert (duty["kind"], duty["organisation"], duty["overdue"]) == ("answer_check_in", "湖里-1", False)
        assert (duty["since"], duty["due_on"]) == ("2025-05-09", "2025-05-23")
    (late,) = branch.ask("/v1/rosters", side="inflow", organisation="湖里-1", as_of="2025-05-24")["items"]
    assert late["overdue"] is True
    assert country.worklist("湖里", as_of="2025-05-09") == []
    assert owed(country.worklist("湖里", as_of="2025-05-08")) == {
        ("answer_check_in", "湖里", "2025-05-08", "2025-05-22")
    }
    assert country.of("锦江").ask("/v1/rosters", side="inflow", as_of="2025-05-07")["items"][0]["member_id"] == member
    assert country.of("锦江").ask("/v1/rosters", side="inflow", as_of="2025-05-08")["items"] == []
