"""Scenario 23: an agreement ends 2025-12-31: exchange and reads by the partner stop; members already accepted stay."""

from dataclasses import dataclass, field

import pytest

from domain.times import as_of_us
from tests.running_service import Answer
from tests.scenarios.country import Country, one_event

ORIGIN, PARTNER, ELSEWHERE = "620602", "510104", "350206"
IN_FORCE, LAST_DAY, AFTER = "2025-12-20T10:00:00+08:00", "2025-12-31T23:00:00+08:00", "2026-01-01T00:30:00+08:00"


@dataclass
class Shared:
    """Members of 凉州-1: one away nobody knows where, one accepted in 锦江, one at home; and what was seen when."""

    country: Country
    away: str
    accepted: str
    home: str
    agreement: str = ""
    reads: dict[str, dict[str, int]] = field(default_factory=dict)
    rosters: dict[str, set[str]] = field(default_factory=dict)
    told: dict[str, list[str]] = field(default_factory=dict)

    def at(self, moment: str) -> None:
        """Let it be a moment."""
        self.country.running.service.desk.now_us = lambda: as_of_us(moment)

    def look(self, name: str) -> None:
        """Note what the partner is answered."""
        partner = self.country.of("锦江")
        members = {"away": self.away, "accepted": self.accepted, "home": self.home}
        self.reads[name] = {who: partner.get(f"/v1/members/{one}").status_code for who, one in members.items()}
        path = f"/v1/members/{self.away}"
        self.reads[name]["history"] = partner.get(f"{path}/history").status_code
        self.reads[name]["name"] = partner.get(path, fields="name", purpose="共管联系").status_code
        self.reads[name]["third"] = self.country.of("湖里").get(path).status_code
        roster = partner.get("/v1/rosters", region=ORIGIN, side="outflow", fields="name", purpose="共管联系")
        self.reads[name]["roster"] = roster.status_code
        items: list[Answer] = roster.json().get("items", [])
        self.rosters[name] = {item["member_id"] for item in items if item["personal"]}

    def contact(self, name: str, member: str, day: str, organisation: str = "凉州-1") -> None:
        """Record a contact, and note which regions are told of it."""
        answer = self.country.of(organisation).command(member, "record-contact", day, channel="PHONE")
        self.told[name] = self.concerns(answer)

    def concerns(self, answer: Answer) -> list[str]:
        with self.country.running.service.kiteline.log.reading() as connection:
            position = one_event(answer)["position"]
            row = connection.execute("SELECT concerns FROM log WHERE position = %s", (position,)).fetchone()
        assert row is not None
        return list(row[0])


@pytest.fixture(scope="module")
def shared(country: Country) -> Shared:
    origin = country.of("凉州-1")
    away, accepted, home = (origin.register("凉州-1", name="测试己") for _ in range(3))
    case = Shared(country, away, accepted, home)
    case.at("2025-11-20T10:00:00+08:00")
    origin.command(away, "depart", "2025-11-01", destination={"unknown": True})
    origin.command(accepted, "depart", "2025-11-01", destination={"region": PARTNER})
    country.everywhere.command(accepted, "check-in", "2025-11-05", region=PARTNER, channel="CODE")
    country.of("锦江").command(accepted, "accept", "2025-11-07", branch="锦江-1")
    case.look("without")
    case.contact("without", accepted, "2025-11-20")
    case.contact("without, by the host", accepted, "2025-11-20", "锦江-1")
    case.at(IN_FORCE)
    terms = {
        "parties": ["凉州", "锦江"],
        "duties": [{"organisation": "锦江", "duty": "CONTACT"}, "FEEDBACK"],
        "visible": ["CONTACTS", "ACTIVITIES", "PERSONAL_DATA"],
        "from": "2025-12-01",
        "until": "2026-12-31",
        "document": "协议2025-12",
    }
    case.agreement = country.of("锦江").record("/v1/agreements", **terms)["stream"]
    case.look("signed by the partner alone")
    case.contact("signed by the partner alone", away, "2025-12-20")
    country.of("凉州").record(f"/v1/agreements/{case.agreement}/sign")
    case.look("in force")
    case.contact("in force", away, "2025-12-20")
    case.contact("in force, accepted", accepted, "2025-12-20")
    country.of("锦江").record(f"/v1/agreements/{case.agreement}/end", until="2025-12-31", document="协议2025-13")
    case.at(LAST_DAY)
    case.look("last day")
    case.at(AFTER)
    case.look("after")
    case.contact("after", away, "2026-01-01")
    case.contact("after, accepted", accepted, "2026-01-01")
    case.contact("after, late", away, "2025-12-25")
    case.told["after, returned"] = case.concerns(origin.command(accepted, "report-return", "2026-01-01"))
    return case


def test_reads_by_the_partner_begin_when_the_members_side_has_signed_and_end_after_the_last_day(shared: Shared):
    closed = {"away": 404, "accepted": 200, "home": 404, "history": 404, "name": 404, "third": 404, "roster": 404}
    open_ = {"away": 200, "accepted": 200, "home": 404, "history": 200, "name": 200, "third": 404, "roster": 200}
    assert shared.reads == {
        "without": closed,
        "signed by the partner alone": closed,
        "in force": open_,
        "last day": open_,
        "after": closed,
    }


def test_the_partner_sees_on_the_roster_those_away_and_nobody_at_home(shared: Shared):
    both = {shared.away, shared.accepted}
    assert {name: shared.rosters[name] for name in ("without", "in force", "last day", "after")} == {
        "without": set(), "in force": both, "last day": both, "after": set(),
    }  # fmt: skip


def test_contacts_go_to_the_partner_only_when_recorded_while_in_force(shared: Shared):
    assert shared.told == {
        "without": [ORIGIN],
        "without, by the host": [PARTNER, ORIGIN],
        "signed by the partner alone": [ORIGIN],
        "in force": [PARTNER, ORIGIN],
        "in force, accepted": [PARTNER, ORIGIN],
        "after": [ORIGIN],
        "after, accepted": [ORIGIN],
        "after, late": [ORIGIN],
        "after, returned": [PARTNER, ORIGIN],
    }


def test_members_already_accepted_stay(shared: Shared):
    state = shared.country.state(shared.accepted)
    assert (state["responsible"], state["movement"]["stage"]) == ("锦江-1", "settled")
    assert shared.accepted in shared.country.on_roster("inflow", region=PARTNER)


def test_the_agreement_tells_its_parties_how_it_stands_and_nobody_else(shared: Shared):
    path = f"/v1/agreements/{shared.agreement}"
    for party in ("凉州", "锦江"):
        answer = shared.country.of(party).ask(path)
        assert (answer["status"], answer["from"], answer["until"]) == ("ENDED", "2025-12-01", "2025-12-31")
        assert answer["signed_for"] == sorted(answer["parties"]) == sorted(["凉州", "锦江"])
        assert {"organisation": "凉州", "duty": "FEEDBACK"} in answer["duties"]
        listed = shared.country.of(party).ask("/v1/agreements", organisation="锦江")["items"]
        assert [item["agreement_id"] for item in listed] == [shared.agreement]
    assert shared.country.of("湖里").get(path).status_code == 404
    assert shared.country.of("湖里").ask("/v1/agreements")["items"] == []


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({"parties": ["凉州"]}, {"/parties": "unreadable"}),
        ({"parties": ["凉州", "不在"]}, {"/parties/1": "unknown_organisation"}),
        ({"until": "2025-11-01"}, {"/until": "date_impossible"}),
        ({"visible": ["EVERYTHING"]}, {"/visible/0": "not_in_list"}),
        ({"duties": [{"organisation": "湖里", "duty": "CONTACT"}]}, {"/duties/0/organisation": "not_in_list"}),
    ],
)
def test_terms_that_cannot_be_are_named(country: Country, changes: dict, faults: dict):
    terms = {
        "parties": ["凉州", "锦江"], "duties": [], "visible": [], "from": "2025-12-01", "until": "2025-12-31",
    }  # fmt: skip
    answer = country.everywhere.post("/v1/agreements", {**terms, **changes})
    assert (answer.status_code, {one["pointer"]: one["code"] for one in answer.json()["errors"]}) == (422, faults)


def test_who_acts_for_no_party_signs_nothing_and_an_end_is_not_put_off(shared: Shared):
    terms = {"parties": ["凉州", "锦江"], "duties": [], "visible": [], "from": "2026-01-01", "until": "2026-12-31"}
    assert shared.country.of("湖里").post("/v1/agreements", terms).status_code == 404
    assert shared.country.of("凉州-1").post("/v1/agreements", terms).status_code == 403
    path = f"/v1/agreements/{shared.agreement}"
    assert shared.country.of("湖里").post(f"{path}/end", {}).status_code == 404
    refused = shared.country.of("凉州").post(f"{path}/end", {"until": "2026-06-30"})
    assert (refused.status_code, refused.json()["code"]) == (409, "agreement_ended")
    refused = shared.country.of("凉州").post(f"{path}/sign", {})
    assert (refused.status_code, refused.json()["code"]) == (409, "already_signed")
