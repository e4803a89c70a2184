"""Scenario 1: from 民勤 to 兰州城关 and back, everything done in time: nothing is overdue on any day."""

from datetime import date, timedelta

import pytest

from tests.running_service import Answer
from tests.scenarios.country import Country, overdue, owed

CONTACTS = {"民勤-1": ("2024-10-20", "2024-11-15", "2024-12-15", "2025-01-10"),
            "城关-1": ("2024-10-21", "2024-11-16", "2024-12-16", "2025-01-11")}  # fmt: skip
OFFICES = ("民勤", "兰州", "城关", "西宁")


class Loop:
    """The member, and what each command answered."""

    def __init__(self, country: Country) -> None:
        self.country = country
        self.member = country.of("民勤-1").register("民勤-1")
        self.events: dict[str, Answer] = {}

    def record(self, who: str, verb: str, occurred_at: str, **body: object) -> None:
        (event,) = self.country.of(who).command(self.member, verb, occurred_at, **body)["events"]
        self.events[f"{verb} {occurred_at[:10]}"] = event


@pytest.fixture(scope="module")
def loop(country: Country) -> Loop:
    loop = Loop(country)
    country.look("registered", loop.member, *OFFICES)
    loop.record("民勤-1", "report-departure", "2024-10-08T09:00:00+08:00",
                destination={"region": "620102"}, departs_on="2024-10-09", reason="WORK")  # fmt: skip
    country.look("reported", loop.member, *OFFICES)
    loop.record("民勤-1", "hold-pre-departure-talk", "2024-10-08T15:00:00+08:00", by="测试乙")
    loop.record("民勤-1", "assign-liaison", "2024-10-08", liaison="staff-7")
    loop.record("民勤-1", "depart", "2024-10-09")
    loop.record("民勤-1", "prompt-check-in", "2024-10-10", channel="MESSAGE")
    loop.record("城关", "check-in", "2024-10-12T09:30:00+08:00", region="620102", channel="CODE")
    loop.record("城关", "accept", "2024-10-14")
    country.look("accepted", loop.member, *OFFICES, "城关-1")
    loop.record("城关", "place-in-branch", "2024-10-15", branch="城关-1", kind="WORKPLACE", preferred_kind="RESIDENCE")
    country.look("placed", loop.member, *OFFICES, "城关-1")
    for organisation, days in CONTACTS.items():
        for day in days:
            loop.record(organisation, "record-contact", day, channel="PHONE", points=["BASICS", "WHERE", "WORK"])
    loop.record("民勤-1", "report-return", "2025-01-12", expected_on="2025-01-20")
    loop.record("民勤-1", "return", "2025-01-20")
    country.look("returned", loop.member, *OFFICES)
    loop.record("民勤-1", "hold-return-education", "2025-01-25", by="测试乙")
    country.look("closed", loop.member, *OFFICES)
    return loop


DUTIES = {
    "2024-10-07": set(),
    "2024-10-08T12:00:00+08:00": {("pre_departure_talk", "民勤-1", "2024-10-08", "2024-10-09")},
    "2024-10-08": set(),
    "2024-10-09": {
        ("prompt_check_in", "民勤-1", "2024-10-09", "2024-10-16"),
        ("monthly_contact", "民勤-1", "2024-10-09", "2024-10-31"),
    },
    "2024-10-10": {("monthly_contact", "民勤-1", "2024-10-09", "2024-10-31")},
    # Saturday 12 October was worked: ten workdays on is Friday 25.
    "2024-10-12": {
        ("answer_check_in", "城关", "2024-10-12", "2024-10-25"),
        ("monthly_contact", "民勤-1", "2024-10-09", "2024-10-31"),
    },
    "2024-10-14": {
        ("place_in_branch", "城关", "2024-10-14", "2024-10-28"),
        ("monthly_contact", "民勤-1", "2024-10-09", "2024-10-31"),
        ("monthly_contact", "城关", "2024-10-14", "2024-10-31"),
    },
    "2024-10-15": {
        ("monthly_contact", "民勤-1", "2024-10-09", "2024-10-31"),
        ("monthly_contact", "城关-1", "2024-10-14", "2024-10-31"),
    },
    "2024-10-20": {("monthly_contact", "城关-1", "2024-10-14", "2024-10-31")},
    "2024-10-21": set(),
    "2024-10-31": set(),
    "2024-11-01": {
        ("monthly_contact", "民勤-1", "2024-11-01", "2024-11-30"),
        ("monthly_contact", "城关-1", "2024-11-01", "2024-11-30"),
    },
    "2024-11-15": {("monthly_contact", "城关-1", "2024-11-01", "2024-11-30")},
    "2024-11-16": set(),
    "2025-01-10": {("monthly_contact", "城关-1", "2025-01-01", "2025-01-31")},
    "2025-01-12": set(),
    "2025-01-20": {("return_education", "民勤-1", "2025-01-20", "2025-02-19")},
    "2025-01-25": set(),
}


@pytest.mark.parametrize("moment", DUTIES)
def test_each_duty_opens_with_its_owner_and_due_day_and_clears(country: Country, loop: Loop, moment: str):
    assert owed(country.state(loop.member, as_of=moment)["duties"]) == DUTIES[moment]


def test_a_moment_may_be_asked_for_in_any_way_of_writing_it(country: Country, loop: Loop):
    expected = owed(country.state(loop.member, as_of="2024-10-31")["duties"])
    for same in ("2024-10", "2024-10-31T23:59:59.999999+08:00", "2024-10-31T15:59:59.999999Z"):
        assert owed(country.state(loop.member, as_of=same)["duties"]) == expected
        assert country.on_roster("inflow", region="620102", as_of=same) == {loop.member: "settled"}
    noon = DUTIES["2024-10-08T12:00:00+08:00"]
    assert owed(country.state(loop.member, as_of="2024-10-08T04:00:00Z")["duties"]) == noon


@pytest.mark.parametrize("moment", DUTIES)
def test_the_worklists_of_those_who_owe_say_the_same(country: Country, loop: Loop, moment: str):
    on_lists = [duty for owner in ("民勤-1", "民勤", "武威", "兰州", "城关", "城关-1")
                for duty in country.worklist(owner, as_of=moment)]  # fmt: skip
    assert {duty["member_id"] for duty in on_lists} <= {loop.member}
    assert owed(on_lists) == DUTIES[moment]
    assert not overdue(on_lists)


def test_a_committee_sees_what_is_owed_by_all_below_it(country: Country, loop: Loop):
    for above, moment, owners in (
        ("甘肃", "2024-10-14", {"民勤-1", "城关"}),
        ("兰州", "2024-10-15", {"城关-1"}),
        ("武威", "2024-10-15", {"民勤-1"}),
        ("青海", "2024-10-15", set()),
    ):
        items = country.everywhere.ask("/v1/worklist", organisation=above, as_of=moment)["items"]
        assert {item["organisation"] for item in items} == owners
        assert {item["member_id"] for item in items} <= {loop.member}
        assert [item["due_on"] for item in items] == sorted(item["due_on"] for item in items)


@pytest.mark.parametrize("moment", ["2024-10-09", "2024-10-12", "2024-10-14", "2024-10-15", "2024-11-30", "2025-01-20"])
def test_each_office_is_told_of_its_own_place_what_the_country_is_told(country: Country, loop: Loop, moment: str):
    assert loop.member
    for office, region in (
        ("民勤", "620621"),
        ("民勤-1", None),
        ("兰州", "620100"),
        ("城关", "620102"),
        ("城关-1", None),
    ):
        place = {"region": region} if region else {"organisation": office}
        for path, asked in (
            *(("/v1/rosters", {**place, "side": side}) for side in ("outflow", "inflow", "affiliated")),
            *(("/v1/lifecycle", {**place, "side": side}) for side in ("outflow", "inflow")),
            ("/v1/worklist", {"organisation": office}),
        ):
            own = country.of(office).ask(path, as_of=moment, **asked)
            assert own["items"] == country.everywhere.ask(path, as_of=moment, **asked)["items"], (office, path, asked)


def test_a_duty_on_the_worklist_is_the_duty_of_the_members_state(country: Country, loop: Loop):
    (listed,) = country.worklist("城关", as_of="2024-10-12")
    stated = next(
        duty for duty in country.state(loop.member, as_of="2024-10-12")["duties"] if duty["organisation"] == "城关"
    )
    assert listed == stated
    assert (listed["region"], listed["provisional"]) == ("620102", False)


def test_nothing_is_overdue_on_any_day(country: Country, loop: Loop):
    day, last = date(2024, 10, 7), date(2025, 2, 28)
    while day <= last:
        assert not overdue(country.state(loop.member, as_of=day.isoformat())["duties"]), day
        day += timedelta(days=1)


def test_nothing_is_owed_and_nothing_is_overdue_at_the_end(country: Country, loop: Loop):
    state = country.state(loop.member)
    assert state["duties"] == []
    assert state["flags"] == []
    assert state["lost_contact"] is False
    assert state["clocks"] == {"last_contact_at": "2025-01-11", "lost_review_due": None}
    assert country.lifecycle(region="620000") == {}
    for month_end in ("2024-10-31", "2024-11-30", "2024-12-31", "2025-01-31", None):
        late = country.everywhere.ask("/v1/worklist", organisation="甘肃", overdue="true", as_of=month_end)
        assert late["items"] == []
    assert not any(country.worklist(owner) for owner in ("甘肃", "武威", "民勤", "民勤-1", "兰州", "城关", "城关-1"))


@pytest.mark.parametrize(
    ("as_of", "stage", "view", "responsible", "holder"),
    [
        ("2024-10-08", "reported", "pre_departure", "民勤-1", None),
        ("2024-10-09", "awaiting_check_in", "in_transit", "民勤-1", None),
        ("2024-10-12", "checked_in", "in_transit", "民勤-1", "城关"),
        ("2024-10-14", "settled", "in_transit", "城关", None),
        ("2024-10-15", "settled", "in_transit", "城关-1", None),
        ("2025-01-11", "settled", "in_transit", "城关-1", None),
        ("2025-01-12", "settled", "return", "城关-1", None),
        ("2025-01-20", "returned", "return", "民勤-1", None),
        ("2025-01-25", "closed", None, "民勤-1", None),
    ],
)
def test_somebody_is_responsible_at_every_stage(
    country: Country, loop: Loop, as_of: str, stage: str, view: str | None, responsible: str, holder: str | None
):
    state = country.state(loop.member, as_of=as_of)
    movement = state["movement"]
    assert (movement["stage"], movement["view"]) == (stage, view)
    assert (state["responsible"], state["holder"], state["affiliation"]) == (responsible, holder, "民勤-1")
    assert country.on_roster("affiliated", organisation="民勤-1", as_of=as_of) == {loop.member: stage}


def test_the_closed_movement_tells_the_whole_way(country: Country, loop: Loop):
    assert country.state(loop.member, as_of="2024-10-07")["movement"] is None
    movement = country.state(loop.member)["movement"]
    assert movement["movement_id"]
    assert movement["origin"] == {"organisation": "民勤-1", "region": "620621"}
    assert movement["departed_at"] == "2024-10-09"
    assert movement["expected_return_on"] == "2025-01-20"
    assert movement["returned_at"] == "2025-01-20"
    assert movement["closed_reason"] == "RETURNED"
    assert movement["claims"] == []
    (leg,) = movement["legs"]
    assert (
        leg.items()
        >= {
            "leg": 1,
            "declared_region": "620102",
            "region": "620102",
            "checked_in_at": "2024-10-12T09:30:00+08:00",
            "accepted_at": "2024-10-14",
            "accepted_by": "城关",
            "branch": "城关-1",
            "placement": "WORKPLACE",
            "preferred_kind": "RESIDENCE",
        }.items()
    )


@pytest.mark.parametrize(
    ("as_of", "stage"),
    [("2024-10-08", None), ("2024-10-09", "awaiting_check_in"), ("2024-10-11", "awaiting_check_in"),
     ("2024-10-12", "checked_in"), ("2024-10-14", "settled"), ("2025-01-19", "settled"), ("2025-01-20", None),
     ("2025-01-25", None)],
)  # fmt: skip
def test_the_member_is_on_both_rosters_while_away(country: Country, loop: Loop, as_of: str, stage: str | None):
    expected = {loop.member: stage} if stage else {}
    for place in ("620621", "620600", "620000"):
        assert country.on_roster("outflow", region=place, as_of=as_of) == expected
    for organisation in ("民勤-1", "民勤", "武威", "甘肃"):
        assert country.on_roster("outflow", organisation=organisation, as_of=as_of) == expected
    for place in ("620102", "620100"):
        assert country.on_roster("inflow", region=place, as_of=as_of) == expected
    for place in ("620621", "620600", "630100"):
        assert country.on_roster("inflow", region=place, as_of=as_of) == {}


@pytest.mark.parametrize(
    ("as_of", "committee", "branch"),
    [("2024-10-11", None, None), ("2024-10-12", "checked_in", None), ("2024-10-14", "settled", None),
     ("2024-10-15", "settled", "settled"), ("2025-01-20", None, None)],
)  # fmt: skip
def test_an_organisation_sees_the_legs_it_holds_or_accepted(
    country: Country, loop: Loop, as_of: str, committee: str | None, branch: str | None
):
    for organisation, stage in (("兰州", committee), ("城关", committee), ("城关-1", branch), ("城关-2", None)):
        expected = {loop.member: stage} if stage else {}
        assert country.on_roster("inflow", organisation=organisation, as_of=as_of) == expected, organisation


def test_a_roster_tells_stages_and_borders_apart(country: Country, loop: Loop):
    inside = {"as_of": "2024-11-30", "scope": "leaving"}
    assert country.on_roster("outflow", region="620621", **inside) == {loop.member: "settled"}
    assert country.on_roster("outflow", region="620600", **inside) == {loop.member: "settled"}
    assert country.on_roster("outflow", region="620000", **inside) == {}
    assert country.on_roster("inflow", region="620100", **inside) == {loop.member: "settled"}
    assert country.on_roster("inflow", region="620000", **inside) == {}
    assert country.on_roster("inflow", region="620102", as_of="2024-10-12", stage="checked_in") == {
        loop.member: "checked_in"
    }
    assert country.on_roster("inflow", region="620102", as_of="2024-10-12", stage="settled") == {}


def test_a_roster_item_says_who_where_and_since_when(country: Country, loop: Loop):
    (item,) = country.roster("inflow", region="620102", as_of="2024-11-30")
    assert (
        item.items()
        >= {
            "member_id": loop.member,
            "affiliation": "民勤-1",
            "responsible": "城关-1",
            "side": "inflow",
            "stage": "settled",
            "view": "in_transit",
            "origin_region": "620621",
            "region": "620102",
            "branch": "城关-1",
            "since": "2024-10-14",
            "last_contact_at": "2024-11-16",
            "overdue": False,
        }.items()
    )
    (item,) = country.roster("outflow", region="620621", as_of="2024-10-12")
    assert (item["since"], item["last_contact_at"]) == ("2024-10-12", "2024-10-12T09:30:00+08:00")


@pytest.mark.parametrize(
    ("as_of", "outflow", "inflow"),
    [
        ("2024-10-07", {}, {}),
        ("2024-10-08", {("pre_departure", "reported"): (1, 0)}, {}),
        ("2024-10-09", {("in_transit", "awaiting_check_in"): (1, 0)}, {("in_transit", "awaiting_check_in"): (1, 0)}),
        ("2024-10-12", {("in_transit", "checked_in"): (1, 0)}, {("in_transit", "checked_in"): (1, 0)}),
        ("2024-10-14", {("in_transit", "settled"): (1, 0)}, {("in_transit", "settled"): (1, 0)}),
        ("2025-01-12", {("return", "settled"): (1, 0)}, {("return", "settled"): (1, 0)}),
        ("2025-01-20", {("return", "returned"): (1, 0)}, {}),
        ("2025-01-25", {}, {}),
    ],
)
def test_the_lifecycle_counts_the_member_once_in_one_view(
    country: Country, loop: Loop, as_of: str, outflow: dict, inflow: dict
):
    assert loop.member
    for place in ("620621", "620600", "620000"):
        assert country.lifecycle("outflow", region=place, as_of=as_of) == outflow
    assert country.lifecycle("outflow", organisation="民勤-1", as_of=as_of) == outflow
    for place in ("620102", "620100"):
        assert country.lifecycle("inflow", region=place, as_of=as_of) == inflow
    if as_of >= "2024-10-15":
        assert country.lifecycle("inflow", organisation="城关-1", as_of=as_of) == inflow
    for (view, stage), counts in outflow.items():
        assert country.lifecycle("outflow", region="620621", as_of=as_of, view=view) == {(view, stage): counts}


@pytest.mark.parametrize(
    ("month", "counts"),
    [
        ("2024-09", None),
        ("2024-10", {"departed": 1, "arrived": 1, "under_way": 1, "in_place": 1}),
        ("2024-11", {"under_way": 1, "in_place": 1}),
        ("2024-12", {"under_way": 1, "in_place": 1}),
        ("2025-01", {"returned": 1}),
        ("2025-02", None),
    ],
)
def test_the_months_add_up(country: Country, loop: Loop, month: str, counts: dict[str, int] | None):
    assert loop.member
    for level, cell in (
        ("county", ("620621", "620102")),
        ("city", ("620600", "620100")),
        ("province", ("620000", "620000")),
    ):
        assert country.flows(month, level) == ({cell: counts} if counts else {})


def test_a_matrix_shows_each_office_the_cells_of_its_reach(country: Country, loop: Loop):
    assert loop.member

    def cells(office: str) -> set[tuple[str, str]]:
        items = country.of(office).ask("/v1/flows", level="county", month="2024-10")["items"]
        return {(item["origin"], item["destination"]) for item in items}

    assert cells("民勤") == cells("城关") == cells("甘肃") == {("620621", "620102")}
    assert cells("西宁") == cells("凉州") == set()


def test_the_history_replays_it_in_order(country: Country, loop: Loop):
    items = country.history(loop.member)
    contacts = ["contact_made"] * 8
    assert [item["type"] for item in items] == [
        "member_registered", "liaison_assigned", "departure_reported", "pre_departure_talk_held", "departed",
        "check_in_prompted", "checked_in", "accepted", "placed_in_branch", *contacts, "return_reported", "returned",
        "return_education_held",
    ]  # fmt: skip
    stages = [item["state"]["movement"] and item["state"]["movement"]["stage"] for item in items]
    assert stages == [
        None, None, "reported", "reported", "awaiting_check_in", "awaiting_check_in", "checked_in", *["settled"] * 11,
        "returned", "closed",
    ]  # fmt: skip
    assert all(item["correction"] is None and item["flags"] == [] for item in items)
    checked_in = items[6]
    recorded = loop.events["check-in 2024-10-12"]
    for name in ("event_id", "position", "occurred_at", "occurred_precision", "recorded_at"):
        assert checked_in[name] == recorded[name]
    assert (checked_in["occurred_at"], checked_in["occurred_precision"]) == ("2024-10-12T09:30:00+08:00", "time")
    assert checked_in["data"].items() >= {"region": "620102", "channel": "CODE"}.items()
    assert checked_in["channel"] == "API"
    assert items[-1]["state"]["movement"] == country.state(loop.member)["movement"]


def test_every_event_says_how_the_member_stood_after_it(loop: Loop):
    def told(name: str) -> tuple[object, ...]:
        after = loop.events[name]["after"]
        return (after["stage"], after["view"], after["affiliation"], after["responsible"], after["leg"])

    assert told("report-departure 2024-10-08") == ("reported", "pre_departure", "民勤-1", "民勤-1", 1)
    assert told("depart 2024-10-09") == ("awaiting_check_in", "in_transit", "民勤-1", "民勤-1", 1)
    assert told("check-in 2024-10-12") == ("checked_in", "in_transit", "民勤-1", "民勤-1", 1)
    assert told("accept 2024-10-14") == ("settled", "in_transit", "民勤-1", "城关", 1)
    assert told("place-in-branch 2024-10-15") == ("settled", "in_transit", "民勤-1", "城关-1", 1)
    assert told("report-return 2025-01-12") == ("settled", "return", "民勤-1", "城关-1", 1)
    assert told("return 2025-01-20") == ("returned", "return", "民勤-1", "民勤-1", 1)
    assert told("hold-return-education 2025-01-25") == ("closed", None, "民勤-1", "民勤-1", 1)
    assert len({event["after"]["movement"]["movement_id"] for event in loop.events.values()}) == 1
    movement = loop.events["check-in 2024-10-12"]["after"]["movement"]
    assert movement.items() >= {
        "leg": 1, "origin": {"organisation": "民勤-1", "region": "620621"}, "departed_at": "2024-10-09",
    }.items()  # fmt: skip


def test_a_side_sees_the_member_while_it_is_concerned(country: Country, loop: Loop):
    assert loop.member
    away = {"民勤": 200, "兰州": 200, "城关": 200, "西宁": 404}
    home = {"民勤": 200, "兰州": 404, "城关": 404, "西宁": 404}
    assert country.seen["registered"] == home
    assert country.seen["reported"] == away
    assert country.seen["accepted"] == {**away, "城关-1": 404}
    assert country.seen["placed"] == {**away, "城关-1": 200}
    assert country.seen["returned"] == away
    assert country.seen["closed"] == home


def test_the_lists_of_a_foreign_region_do_not_tell_of_the_member(country: Country, loop: Loop):
    asked = {"side": "inflow", "region": "620102", "as_of": "2024-11-30"}
    ours = country.of("城关").ask("/v1/rosters", **asked)["items"]
    assert [item["member_id"] for item in ours] == [loop.member]
    assert country.of("西宁").get("/v1/rosters", **asked).status_code == 404
    assert country.of("西宁").get("/v1/worklist", organisation="城关").status_code == 404
