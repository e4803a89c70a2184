"""Scenario 22: a member dies 2025-06-02, recorded 06-20: prompts stop, figures fall from 06-02, not from the 20th."""

import pytest

from tests.running_service import Answer
from tests.scenarios.country import Country, one_event, owed

CELL = ("620621", "620102")
DEATH = {"document": "死亡证明〔2025〕6号", "meeting": "支部委员会2025-06-20"}


class Mourned:
    """A member on the way, who is to be prompted still, and one who was settled; both died on one day."""

    def __init__(self, country: Country) -> None:
        self.origin = origin = country.of("民勤-1")
        self.awaited = origin.register("民勤-1", name="测试途中")
        origin.command(self.awaited, "depart", "2025-05-28", destination={"region": "620102"})
        self.settled = origin.register("民勤-1", name="测试纳管")
        origin.command(self.settled, "depart", "2025-03-03", destination={"region": "620102"})
        country.of("城关").command(self.settled, "check-in", "2025-03-05", region="620102", channel="WORKER")
        country.of("城关").command(self.settled, "accept", "2025-03-06", branch="城关-1")
        for month in ("03", "04", "05"):
            origin.command(self.settled, "record-contact", f"2025-{month}-20", channel="PHONE")
        self.odd = country.of("城关-1").command(self.settled, "record-contact", "2025-06-10", channel="MESSAGE")
        self.not_known_yet = self.odd["position"]
        self.refused = origin.post(
            f"/v1/members/{self.settled}/record-death", {"occurred_at": "2025-06-02", "document": "死亡证明〔2025〕6号"}
        )
        self.recorded: list[Answer] = [
            origin.command(member, "record-death", "2025-06-02", **DEATH) for member in (self.awaited, self.settled)
        ]


@pytest.fixture(scope="module")
def mourned(country: Country) -> Mourned:
    return Mourned(country)


def test_it_is_recorded_with_the_day_it_happened_and_its_papers(mourned: Mourned):
    for answer in mourned.recorded:
        event = one_event(answer)
        assert (event["type"], event["occurred_at"], event["data"]) == ("member_deceased", "2025-06-02", DEATH)
        assert event["recorded_at"] > "2025-06-20"
        assert event["after"]["stage"] == "closed"
    assert mourned.refused.status_code == 422
    assert [one["pointer"] for one in mourned.refused.json()["errors"]] == ["/meeting"]


def test_prompts_and_all_that_was_owed_stop_on_that_day(country: Country, mourned: Mourned):
    kinds = {duty["kind"] for duty in country.state(mourned.awaited, as_of="2025-06-01")["duties"]}
    assert kinds == {"prompt_check_in", "monthly_contact"}
    for as_of in ("2025-06-02", "2025-07-31", "2026-01-31"):
        for member in (mourned.awaited, mourned.settled):
            duties = country.state(member, as_of=as_of)["duties"]
            assert {duty["kind"] for duty in duties} <= {"look_at_flag"}
        for organisation in ("民勤-1", "民勤", "城关-1", "城关"):
            assert {duty["kind"] for duty in country.worklist(organisation, as_of=as_of)} <= {"look_at_flag"}
    listed = country.worklist("民勤-1", as_of="2025-06-30", known_at=mourned.not_known_yet)
    as_known = [duty for duty in listed if duty["member_id"] == mourned.awaited]
    assert ("prompt_check_in", "民勤-1", "2025-05-28", "2025-06-04") in owed(as_known)


def test_the_state_says_so_and_keeps_who_the_member_belonged_to(country: Country, mourned: Mourned):
    for member in (mourned.awaited, mourned.settled):
        state = country.state(member, as_of="2025-06-02")
        assert (state["membership"], state["membership_since"]) == ("ended", "2025-06-02")
        assert (state["affiliation"], state["responsible"]) == ("民勤-1", "民勤-1")
        movement = state["movement"]
        assert (movement["stage"], movement["view"], movement["closed_reason"]) == ("closed", None, "DECEASED")
        then = country.state(member, as_of="2025-06-19", known_at=mourned.not_known_yet)
        assert (then["membership"], then["movement"]["closed_reason"]) == ("active", None)


def test_the_figures_fall_from_the_second_of_june_as_true_and_not_as_known_then(country: Country, mourned: Mourned):
    away = {mourned.awaited: "awaiting_check_in", mourned.settled: "settled"}
    for as_of, there in (("2025-06-01", True), ("2025-06-02", False), ("2025-06-20", False)):
        now = away if there else {}
        for side, asked in (
            ("outflow", {"region": "620621"}),
            ("outflow", {"organisation": "民勤-1"}),
            ("inflow", {"region": "620102"}),
            ("affiliated", {"region": "620621"}),
            ("affiliated", {"organisation": "民勤"}),
        ):
            assert country.on_roster(side, as_of=as_of, **asked) == now
            assert country.on_roster(side, as_of=as_of, known_at=mourned.not_known_yet, **asked) == away
        counts = {("in_transit", "awaiting_check_in"): 1, ("in_transit", "settled"): 1} if there else {}
        found = country.lifecycle("outflow", region="620621", as_of=as_of)
        assert {cell: count for cell, (count, _) in found.items()} == counts


def test_the_flows_of_june_end_both_legs(country: Country, mourned: Mourned):
    assert country.flows("2025-05") == {CELL: {"departed": 1, "under_way": 2, "in_place": 1}}
    assert country.flows("2025-06") == {CELL: {"ended": 2}}
    assert country.flows("2025-07") == {}
    as_known = country.flows("2025-06", known_at=mourned.not_known_yet)
    assert as_known == {CELL: {"under_way": 2, "in_place": 1}}


def test_what_is_said_to_have_happened_afterwards_is_flagged_or_refused(country: Country, mourned: Mourned):
    items = {item["event_id"]: item for item in country.history(mourned.settled)}
    assert items[one_event(mourned.odd)["event_id"]]["flags"] == ["membership_over"]
    assert country.state(mourned.settled)["clocks"]["last_contact_at"] == "2025-05-20"
    (look,) = country.state(mourned.settled)["duties"]
    assert (look["kind"], look["organisation"]) == ("look_at_flag", "城关-1")
    for verb, body in (
        ("check-in", {"region": "620102", "channel": "CODE"}),
        ("depart", {"destination": {"region": "620102"}}),
        ("record-contact", {"channel": "PHONE"}),
        ("restore-membership", DEATH),
        ("record-death", DEATH),
    ):
        answer = country.everywhere.post(f"/v1/members/{mourned.settled}/{verb}", {"occurred_at": "2025-06-21", **body})
        assert (answer.status_code, answer.json()["code"]) == (409, "membership_over")


def test_a_death_booked_to_a_namesake_is_voided_and_everything_is_as_before(country: Country, mourned: Mourned):
    wrong = one_event(mourned.recorded[0])["event_id"]
    mourned.origin.command(mourned.awaited, "void-event", "2025-06-25", event_id=wrong, reason="同名误记")
    state = country.state(mourned.awaited, as_of="2025-06-25")
    assert (state["membership"], state["movement"]["stage"]) == ("active", "awaiting_check_in")
    assert country.on_roster("outflow", region="620621", as_of="2025-06-25") == {mourned.awaited: "awaiting_check_in"}
    assert ("prompt_check_in", "民勤-1", "2025-05-28", "2025-06-04") in owed(state["duties"])


def test_the_post_of_the_dead_is_free_for_another(country: Country):
    host = country.of("湖里-1")
    opened = host.record(
        "/v1/posts", organisation="湖里-1", title="样例岗位", skills=[], places=1, occurred_at="2025-01-02"
    )
    post = opened["stream"]
    dead, next_one = (host.register("湖里-1", name=name) for name in ("测试认领甲", "测试认领乙"))
    host.command(dead, "claim-post", "2025-03-10", post=post)
    path = f"/v1/members/{next_one}/claim-post"
    full = host.post(path, {"occurred_at": "2025-06-10", "post": post})
    assert full.status_code == 409
    host.command(dead, "record-death", "2025-06-02", **DEATH)
    assert host.post(path, {"occurred_at": "2025-06-10", "post": post}).status_code == 201
