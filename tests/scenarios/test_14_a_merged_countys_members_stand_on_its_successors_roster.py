"""Scenario 14: 下城区 330103 was merged into 拱墅区 330105 on 2021-04-09: its members are on that roster from then."""

from dataclasses import dataclass

import pytest

from tests.running_service import Answer
from tests.scenarios.country import Country

MERGED = "2021-04-09"
BEFORE = "2021-04-08"
LATER = "2021-06-30"
HANGZHOU = (
    ("杭州", "330100", None),
    ("下城", "330103", "杭州"),
    ("下城-1", "330103", "下城"),
    ("拱墅旧", "330105", "杭州"),
    ("拱墅-1", "330105", "拱墅旧"),
)


@dataclass
class Merged:
    """Members of and in the county that ended, told when everything had happened."""

    own: str
    guest: str
    neighbour: str
    left_later: str
    ended: Answer


@pytest.fixture(scope="module")
def merged(country: Country) -> Merged:
    department = country.everywhere
    for code, region, parent in HANGZHOU:
        kind = "BRANCH" if "-" in code else "COMMITTEE"
        department.organise(code, region, parent=parent, kind=kind, occurred_at="2021-01-01")
    own, neighbour = department.register("下城-1"), department.register("拱墅-1", name="测试乙")
    guest, left_later = department.register("民勤-1", name="测试丙"), department.register("下城-1", name="测试丁")
    department.command(guest, "depart", "2021-02-20", organisation="民勤-1", destination={"region": "330103"})
    department.command(guest, "check-in", "2021-03-01", organisation="下城", region="330103", channel="WORKER")
    department.command(guest, "accept", "2021-03-02", organisation="下城", branch="下城-1")
    ended = department.record("/v1/organisations/下城/dissolve", successor="拱墅旧", occurred_at=MERGED)
    department.command(left_later, "depart", "2021-05-10", organisation="下城-1", destination={"region": "620102"})
    return Merged(own, guest, neighbour, left_later, ended)


def test_before_the_day_each_county_has_its_own(country: Country, merged: Merged):
    here, there = ({"region": code, "as_of": BEFORE} for code in ("330103", "330105"))
    assert set(country.on_roster("affiliated", **here)) == {merged.own, merged.left_later}
    assert set(country.on_roster("affiliated", **there)) == {merged.neighbour}
    assert set(country.on_roster("inflow", **here)) == {merged.guest}
    assert country.on_roster("inflow", **there) == {}


@pytest.mark.parametrize("as_of", [MERGED, LATER])
def test_from_the_day_on_all_stand_on_the_successors_roster(country: Country, merged: Merged, as_of: str):
    there = {"region": "330105", "as_of": as_of}
    assert set(country.on_roster("affiliated", **there)) == {merged.own, merged.neighbour, merged.left_later}
    assert country.on_roster("inflow", **there) == {merged.guest: "settled"}
    assert sum(count for count, _ in country.lifecycle("inflow", **there).values()) == 1


@pytest.mark.parametrize("as_of", [BEFORE, MERGED, LATER])
def test_the_city_counts_everybody_once_all_the_way(country: Country, merged: Merged, as_of: str):
    whole = {"region": "330100", "as_of": as_of}
    assert set(country.on_roster("affiliated", **whole)) == {merged.own, merged.neighbour, merged.left_later}
    assert set(country.on_roster("inflow", **whole)) == {merged.guest}


def test_nobody_needs_assignment_since_there_is_one_successor(country: Country, merged: Merged):
    for member in (merged.own, merged.guest, merged.neighbour):
        state = country.state(member, as_of=LATER)
        assert state["needs_assignment"] is False
        assert all(duty["kind"] != "assign_region" for duty in state["duties"])


def test_history_shows_the_old_name_and_its_successor(country: Country, merged: Merged):
    checked_in = next(item for item in country.history(merged.guest) if item["type"] == "checked_in")
    assert checked_in["data"]["region"] == "330103", "a code is kept as it was at the time"
    assert checked_in["places"] == [
        {"code": "330103", "name": "下城区", "until": MERGED, "successors": [{"code": "330105", "name": "拱墅区"}]}
    ]
    region = country.everywhere.ask("/v1/regions/330103", on=BEFORE)
    assert region.items() >= {"name": "下城区", "valid_to": MERGED, "successors": ["330105"]}.items()
    assert country.everywhere.ask("/v1/regions/330103", on=LATER)["resolves_to"] == "330105"


def test_history_shows_that_the_committee_gave_way_to_its_successor(country: Country, merged: Merged):
    (item,) = [one for one in country.history(merged.guest) if one["type"] == "organisation_dissolved"]
    assert (item["occurred_at"], item["data"]) == (MERGED, {"code": "下城", "successor": "拱墅旧"})
    assert item["position"] == merged.ended["position"]
    earlier, later = (
        country.state(merged.guest, as_of=day)["movement"]["legs"][-1]["accepted_by"] for day in (BEFORE, MERGED)
    )
    assert (earlier, later) == ("下城", "拱墅旧")


def test_the_branch_below_the_old_committee_is_below_the_new_one(country: Country, merged: Merged):
    below = {"organisation": "拱墅旧"}
    assert set(country.on_roster("affiliated", **below, as_of=BEFORE)) == {merged.neighbour}
    expected = {merged.own, merged.neighbour, merged.left_later}
    assert set(country.on_roster("affiliated", **below, as_of=MERGED)) == expected
    escalated = country.worklist("拱墅旧", as_of="2021-06-10", kind="escalate_check_in")
    assert [one["member_id"] for one in escalated] == [merged.left_later]


def test_a_check_in_with_the_old_code_after_the_day_is_told_the_new_one(country: Country, merged: Merged):
    body = {"occurred_at": "2021-05-01", "region": "330103", "channel": "WORKER"}
    answer = country.everywhere.post(f"/v1/members/{merged.own}/check-in", body)
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["code"], error["expected"]) == ("region_not_valid_then", "330105")


def test_a_check_in_next_door_after_the_merger_is_in_the_same_place(country: Country, merged: Merged):
    answer = country.everywhere.command(
        merged.guest, "check-in", "2021-07-01", organisation="拱墅旧", region="330105", channel="WORKER"
    )
    after = answer["events"][0]["after"]
    assert (after["stage"], after["leg"]) == ("settled", 1)
