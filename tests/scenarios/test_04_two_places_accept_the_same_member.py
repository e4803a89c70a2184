"""Scenario 4: declared for 苏州工业园区, scanned in 昆山, both accept on 2025-06-16; a person decides."""

import pytest

from tests.running_service import Answer
from tests.scenarios.country import Country, one_event, owed

OFFICES = ("民勤-1", "园区", "昆山", "苏州", "江苏", "锦江")
FIRST, SECOND = "2025-06-16T09:30:00+08:00", "2025-06-16T15:10:00+08:00"
DOCUMENT = "苏组裁〔2025〕4号"
LEVELS = ("320583", "320571", "320500", "320000")


class Contested:
    """One member claimed by both sides."""

    def __init__(self, country: Country, name: str = "测试甲") -> None:
        origin = country.of("民勤-1")
        self.member = member = origin.register("民勤-1", name=name)
        origin.command(member, "depart", "2025-06-10", destination={"region": "320571"}, reason="WORK")
        own = country.running.as_role("member", member=member)
        own.command(member, "check-in", "2025-06-12T18:00:00+08:00", region="320583", channel="CODE")
        self.first: Answer = country.of("昆山").command(member, "accept", FIRST, branch="昆山-1")
        self.second: Answer = country.of("园区").command(member, "accept", SECOND, branch="园区-1")
        self.claim_id: str = one_event(self.second)["data"]["claim_id"]

    def decision(self, in_favour_of: str, **body: object) -> dict[str, object]:
        return {
            "occurred_at": "2025-06-20", "claim_id": self.claim_id, "in_favour_of": in_favour_of,
            "document": DOCUMENT, **body,
        }  # fmt: skip


@pytest.fixture(scope="module")
def contested(country: Country) -> Contested:
    claimed = Contested(country)
    country.look("contested", claimed.member, *OFFICES)
    return claimed


def test_the_later_acceptance_is_contested_and_the_first_stays_responsible(country: Country, contested: Contested):
    event = one_event(contested.second)
    assert (one_event(contested.first)["type"], event["type"]) == ("accepted", "acceptance_contested")
    assert (event["after"]["stage"], event["after"]["responsible"]) == ("settled", "昆山-1")
    state = country.state(contested.member, as_of="2025-06-16")
    movement = state["movement"]
    assert (movement["stage"], state["responsible"]) == ("settled", "昆山-1")
    assert movement["claims"] == [
        {"claim_id": contested.claim_id, "organisation": "园区", "branch": "园区-1", "accepted_at": SECOND}
    ]
    (leg,) = movement["legs"]
    assert (leg["declared_region"], leg["region"], leg["accepted_by"], leg["branch"]) == (
        "320571", "320583", "昆山", "昆山-1",
    )  # fmt: skip


def test_both_sides_and_the_common_superior_see_it_and_a_stranger_does_not(country: Country, contested: Contested):
    assert country.seen["contested"] == {
        "民勤-1": 200, "园区": 200, "昆山": 200, "苏州": 200, "江苏": 200, "锦江": 404,
    }  # fmt: skip
    for office in ("园区", "昆山", "苏州"):
        seen = country.of(office).ask(f"/v1/members/{contested.member}", as_of="2025-06-16")
        assert [claim["claim_id"] for claim in seen["movement"]["claims"]] == [contested.claim_id]


def test_the_common_superior_owes_the_decision_within_ten_workdays(country: Country, contested: Contested):
    assert owed(country.worklist("苏州", as_of="2025-06-16", member_id=contested.member)) == {
        ("decide_claim", "苏州", "2025-06-16", "2025-06-30")
    }
    assert country.worklist("江苏", as_of="2025-06-16", member_id=contested.member) == []


@pytest.mark.parametrize("region", LEVELS)
def test_the_member_is_counted_once_at_every_level(country: Country, contested: Contested, region: str):
    here = {contested.member: "settled"} if region != "320571" else {}
    assert country.on_roster("inflow", region=region, as_of="2025-06-16") == here
    counts = {("in_transit", "settled"): (1, 0)} if here else {}
    assert country.lifecycle("inflow", region=region, as_of="2025-06-16") == counts
    assert country.on_roster("outflow", region="620000", as_of="2025-06-16") == {contested.member: "settled"}
    cells = country.flows("2025-06")
    assert {cell[1] for cell in cells} == {"320583"}
    assert sum(counts["departed"] for counts in cells.values()) == 1


@pytest.mark.parametrize("party", ["昆山", "昆山-1", "园区", "园区-1"])
def test_a_party_may_not_decide_its_own_claim(country: Country, contested: Contested, party: str):
    for favoured in ("昆山", "园区"):
        refused = country.of(party).post(f"/v1/members/{contested.member}/decide-claim", contested.decision(favoured))
        assert (refused.status_code, refused.json()["code"]) == (409, "party_to_the_claim")
    assert len(country.state(contested.member)["movement"]["claims"]) == 1


def test_a_decision_names_its_document_and_a_party(country: Country, contested: Contested):
    path = f"/v1/members/{contested.member}/decide-claim"
    undocumented = contested.decision("昆山") | {"document": None}
    refused = country.of("苏州").post(path, undocumented)
    assert refused.status_code == 422
    assert [(one["pointer"], one["code"]) for one in refused.json()["errors"]] == [("/document", "missing")]
    refused = country.of("苏州").post(path, contested.decision("锦江"))
    assert (refused.status_code, refused.json()["code"]) == (409, "not_a_party")


@pytest.fixture(scope="module")
def decided(country: Country, contested: Contested) -> Contested:
    """Give the member after 苏州 has decided for the second side."""
    country.of("苏州").record(f"/v1/members/{contested.member}/decide-claim", **contested.decision("园区"))
    return contested


def test_a_person_decides_and_the_history_says_who_and_on_what(country: Country, decided: Contested):
    item = next(one for one in country.history(decided.member) if one["type"] == "claim_decided")
    assert item["data"] == {"claim_id": decided.claim_id, "in_favour_of": "园区", "document": DOCUMENT}
    assert item["organisation"] == "苏州"
    assert item["actor"]


def test_decided_for_the_second_side_the_leg_moves_there(country: Country, decided: Contested):
    before, after = (country.state(decided.member, as_of=day) for day in ("2025-06-19", "2025-06-20"))
    assert (before["responsible"], after["responsible"]) == ("昆山-1", "园区-1")
    assert after["movement"]["claims"] == []
    assert [leg["region"] for leg in after["movement"]["legs"]] == ["320571"]
    assert "decide_claim" not in {duty["kind"] for duty in after["duties"]}
    for as_of, kunshan, park in (("2025-06-19", 1, 0), ("2025-06-20", 0, 1)):
        assert len(country.on_roster("inflow", region="320583", as_of=as_of)) == kunshan
        assert len(country.on_roster("inflow", region="320571", as_of=as_of)) == park
        assert len(country.on_roster("inflow", region="320500", as_of=as_of)) == 1


def test_decided_for_the_first_side_all_stays_as_it_was(country: Country):
    other = Contested(country, "测试乙")
    country.of("苏州").record(f"/v1/members/{other.member}/decide-claim", **other.decision("昆山-1"))
    state = country.state(other.member, as_of="2025-06-20")
    assert (state["responsible"], state["movement"]["claims"]) == ("昆山-1", [])
    assert state["movement"]["legs"][0]["region"] == "320583"
