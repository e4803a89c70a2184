"""Scenario 15: 江干区 330104 was split between 330102 and 330114 on 2021-04-09: a person says who is where."""

from dataclasses import dataclass

import pytest

from tests.scenarios.country import Country, owed

SPLIT = "2021-04-09"
BEFORE = "2021-04-08"
LATER = "2021-04-20"
HANGZHOU = (
    ("杭州", "330100", None),
    ("江干", "330104", "杭州"),
    ("江干-1", "330104", "江干"),
    ("上城", "330102", "杭州"),
    ("上城-1", "330102", "上城"),
    ("钱塘", "330114", "杭州"),
    ("钱塘-1", "330114", "钱塘"),
)
NEW = ("钱塘", "钱塘-1")
"""Founded with their district."""


@dataclass
class Split:
    """Two guests who were settled in the county, one expected there, and two members of its branch."""

    settled: str
    other: str
    expected: str
    own: str
    also_own: str


@pytest.fixture(scope="module")
def split(country: Country) -> Split:
    department = country.everywhere
    for code, region, parent in HANGZHOU:
        kind = "BRANCH" if "-" in code else "COMMITTEE"
        department.organise(
            code, region, parent=parent, kind=kind, occurred_at="2021-01-01" if code not in NEW else SPLIT
        )
    settled, other, expected = (department.register("民勤-1", name=f"测试{one}") for one in "甲乙丙")
    own, also_own = (department.register("江干-1", name=f"测试{one}") for one in "丁戊")
    for member in (settled, other):
        department.command(member, "depart", "2021-02-20", organisation="民勤-1", destination={"region": "330104"})
        department.command(member, "check-in", "2021-03-01", organisation="江干", region="330104", channel="WORKER")
        department.command(member, "accept", "2021-03-02", organisation="江干", branch="江干-1")
    department.command(expected, "depart", "2021-04-01", organisation="民勤-1", destination={"region": "330104"})
    return Split(settled, other, expected, own, also_own)


def test_from_the_day_on_each_needs_assignment_by_the_affiliation(country: Country, split: Split):
    for member in (split.settled, split.other, split.expected):
        before, after = country.state(member, as_of=BEFORE), country.state(member, as_of=SPLIT)
        assert (before["needs_assignment"], after["needs_assignment"]) == (False, True)
        assert ("assign_region", "民勤-1", SPLIT, "2021-05-09") in owed(after["duties"])


def test_nothing_is_guessed(country: Country, split: Split):
    held = {split.settled, split.other, split.expected}
    assert set(country.on_roster("inflow", region="330104", as_of=BEFORE)) == held
    assert set(country.on_roster("inflow", region="330104", as_of=SPLIT)) == held, "held where it was recorded"
    for successor in ("330102", "330114"):
        assert country.on_roster("inflow", region=successor, as_of=SPLIT) == {}
        assert country.on_roster("affiliated", region=successor, as_of=SPLIT) == {}
    assert set(country.on_roster("inflow", region="330100", as_of=SPLIT)) == held, "the city has them all the way"
    state = country.state(split.settled, as_of=SPLIT)
    assert state["movement"]["legs"][-1]["region"] == "330104"
    assert country.everywhere.ask("/v1/regions/330104", on=SPLIT).items() >= {
        "resolves_to": "330104", "needs_assignment": True, "successors": ["330102", "330114"],
    }.items()  # fmt: skip


def test_only_what_the_county_became_can_be_assigned(country: Country, split: Split):
    body = {"occurred_at": LATER, "organisation": "民勤-1"}
    for region, status, code in (("330106", 409, "not_a_successor"), ("330104", 422, "region_needs_assignment")):
        answer = country.everywhere.post(f"/v1/members/{split.other}/assign-region", {**body, "region": region})
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert country.state(split.other, as_of=LATER)["needs_assignment"] is True


def test_a_person_assigns_and_the_duty_ends(country: Country, split: Split):
    assign = {"organisation": "民勤-1", "region": "330102"}
    country.everywhere.command(split.settled, "assign-region", LATER, **assign)
    state = country.state(split.settled, as_of=LATER)
    assert state["needs_assignment"] is False
    assert state["movement"]["legs"][-1]["region"] == "330102"
    assert all(duty["kind"] != "assign_region" for duty in state["duties"])
    assert country.on_roster("inflow", region="330102", as_of=LATER) == {split.settled: "settled"}
    assert split.settled not in country.on_roster("inflow", region="330104", as_of=LATER)
    day_before = country.on_roster("inflow", region="330104", as_of="2021-04-19")
    assert set(day_before) == {split.settled, split.other, split.expected}, "the days before stay as they were"


def test_the_committee_is_split_up_and_each_member_goes_where_a_person_said(country: Country, split: Split):
    country.everywhere.record(
        "/v1/organisations/江干/dissolve",
        successor="上城",
        occurred_at=SPLIT,
        shares=[{"successor": "钱塘", "organisations": ["江干-1"]}],
    )
    country.everywhere.record(
        "/v1/organisations/江干-1/dissolve",
        successor="上城-1",
        occurred_at=SPLIT,
        shares=[{"successor": "钱塘-1", "members": [split.also_own]}],
    )
    homes = {member: country.state(member, as_of=SPLIT)["affiliation"] for member in (split.own, split.also_own)}
    assert homes == {split.own: "上城-1", split.also_own: "钱塘-1"}
    assert set(country.on_roster("affiliated", region="330102", as_of=SPLIT)) == {split.own}
    assert set(country.on_roster("affiliated", region="330114", as_of=SPLIT)) == {split.also_own}
    assert set(country.on_roster("affiliated", region="330104", as_of=BEFORE)) == {split.own, split.also_own}
    (item,) = [one for one in country.history(split.also_own) if one["type"] == "organisation_dissolved"]
    assert item["state"]["affiliation"] == "钱塘-1"


def test_who_is_no_member_of_it_cannot_be_given_away(country: Country, split: Split):
    country.everywhere.organise("江干-2", "330102", parent="上城")
    shares = [{"successor": "钱塘-1", "members": [split.own]}]
    answer = country.everywhere.post("/v1/organisations/江干-2/dissolve", {"successor": "上城-1", "shares": shares})
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/shares/0/members/0"]
