"""Scenario 21: 民勤-1 is dissolved 2025-05-01 with four away: 民勤-2 inherits duties, letters and clocks."""

from dataclasses import dataclass
from typing import Any

import pytest

from tests.running_service import Answer
from tests.scenarios.country import Country

DISSOLVED = "2025-05-01"
BEFORE = "2025-04-30"
LATER = "2025-06-20"


@dataclass
class Four:
    """Four members of one branch, each at another point of the way, and one at home with a letter to go elsewhere."""

    reported: str
    expected: str
    settled: str
    lost: str
    stayed: str
    ended: Answer
    known_before: int

    @property
    def away(self) -> set[str]:
        """Who has left."""
        return {self.expected, self.settled, self.lost}

    @property
    def all(self) -> set[str]:
        """Everybody."""
        return {*self.away, self.reported, self.stayed}


@pytest.fixture(scope="module")
def four(country: Country) -> Four:
    home, host = country.of("民勤-1"), country.of("城关")
    reported, expected, settled, lost, stayed = (home.register("民勤-1", name=f"测试{one}") for one in "甲乙丙丁戊")
    to = {"destination": {"region": "620102"}}
    home.command(reported, "report-departure", "2025-04-28", departs_on="2025-05-20", **to)
    home.command(expected, "depart", "2025-04-20", **to)
    home.command(settled, "depart", "2025-02-01", **to)
    home.command(settled, "assign-liaison", "2025-02-01", liaison="liaison-7")
    host.command(settled, "check-in", "2025-02-03", region="620102", channel="WORKER")
    host.command(settled, "accept", "2025-02-04", branch="城关-1")
    home.command(lost, "depart", "2024-09-10", **to)
    home.command(lost, "record-contact", "2024-10-15", channel="PHONE")
    home.command(stayed, "request-transfer", "2025-04-10", to_organisation="城关-1")
    country.of("民勤").command(stayed, "approve-transfer", "2025-04-11")
    home.command(stayed, "issue-transfer-letter", "2025-04-15", letter_number="民勤〔2025〕1号", valid_days=60)
    before = country.head()
    ended = country.everywhere.record("/v1/organisations/民勤-1/dissolve", successor="民勤-2", occurred_at=DISSOLVED)
    return Four(reported, expected, settled, lost, stayed, ended, before)


def owed_for(duties: list[Answer]) -> set[tuple[str, str, str, str]]:
    """Return whom duties are about, what they are, since when, due when."""
    found = {(one["member_id"], one["kind"], one["since"], one["due_on"]) for one in duties}
    assert len(found) == len(duties), "no duty stands twice"
    return found


def test_the_event_names_the_successor_and_the_tree_shows_it(country: Country, four: Four):
    (event,) = four.ended["events"]
    assert event["type"] == "organisation_dissolved"
    assert event["data"].items() >= {"code": "民勤-1", "successor": "民勤-2"}.items()
    (shown,) = (one for one in country.everywhere.ask("/v1/organisations", search="民勤-1")["items"])
    assert shown.items() >= {"dissolved_on": DISSOLVED, "successor": "民勤-2", "successors": ["民勤-2"]}.items()


@pytest.mark.parametrize(("as_of", "owner"), [(BEFORE, "民勤-1"), (DISSOLVED, "民勤-2"), (LATER, "民勤-2")])
def test_affiliation_and_responsibility_move_that_day_and_not_before(
    country: Country, four: Four, as_of: str, owner: str
):
    for member in four.all:
        state = country.state(member, as_of=as_of)
        assert state["affiliation"] == owner
        assert state["responsible"] == ("城关-1" if member == four.settled else owner)
    assert set(country.on_roster("affiliated", organisation=owner, as_of=as_of)) == four.all
    assert set(country.on_roster("outflow", organisation=owner, as_of=as_of)) == four.away


def test_at_every_moment_exactly_one_of_the_two_has_them(country: Country, four: Four):
    for as_of, old, new in (
        ("2025-04-30T23:59:59.999999+08:00", four.all, set()),
        ("2025-05-01T00:00:00+08:00", set(), four.all),
    ):
        assert set(country.on_roster("affiliated", organisation="民勤-1", as_of=as_of)) == old
        assert set(country.on_roster("affiliated", organisation="民勤-2", as_of=as_of)) == new
        assert set(country.on_roster("outflow", region="620621", as_of=as_of)) == four.away


def test_as_known_before_it_was_recorded_nothing_had_moved(country: Country, four: Four):
    then, known = LATER, four.known_before
    assert country.state(four.settled, as_of=then, known_at=known)["affiliation"] == "民勤-1"
    assert set(country.on_roster("affiliated", organisation="民勤-1", as_of=then, known_at=known)) == four.all
    assert country.on_roster("affiliated", organisation="民勤-2", as_of=then, known_at=known) == {}
    history = country.history(four.settled, as_of=then, known_at=known)
    assert all(item["type"] != "organisation_dissolved" for item in history)


def test_the_successor_owes_what_the_dissolved_branch_owed_with_the_days_as_they_were(country: Country, four: Four):
    before = owed_for(country.worklist("民勤-1", as_of=BEFORE))
    assert country.worklist("民勤-2", as_of=BEFORE) == []
    assert country.worklist("民勤-1", as_of=DISSOLVED) == []
    after = owed_for(country.worklist("民勤-2", as_of=DISSOLVED))
    assert before <= after
    assert after - before == {(one, "monthly_contact", "2025-05-01", "2025-05-31") for one in four.away}
    assert {kind for _, kind, _, _ in before} == {
        "pre_departure_talk", "prompt_check_in", "monthly_contact", "lost_contact_review",
    }  # fmt: skip


def test_every_clock_runs_on(country: Country, four: Four):
    for member in four.all:
        earlier, later = (country.state(member, as_of=day)["clocks"] for day in (BEFORE, DISSOLVED))
        assert earlier == later
    assert country.state(four.lost, as_of=DISSOLVED)["clocks"]["lost_review_due"] == "2025-04-15"
    assert country.state(four.settled, as_of=DISSOLVED)["liaison"] == "liaison-7"


def test_a_letter_that_is_out_is_the_successors_with_its_days_as_they_were(country: Country, four: Four):
    before, after = (country.state(four.stayed, as_of=day)["transfer"] for day in (BEFORE, DISSOLVED))
    assert (before["from"], after["from"]) == ("民勤-1", "民勤-2")
    unchanged = ("status", "to", "letter_number", "valid_until")
    assert [before[name] for name in unchanged] == [after[name] for name in unchanged]
    assert after["valid_until"] == "2025-06-14"
    again = {"letter_number": "民勤〔2025〕2号", "valid_days": 60}
    country.of("民勤-2").command(four.stayed, "reissue-transfer-letter", "2025-05-20", **again)
    assert country.state(four.stayed, as_of=LATER)["transfer"]["letter_number"] == "民勤〔2025〕2号"


def test_what_opens_later_opens_with_the_successor(country: Country, four: Four):
    opened = owed_for(country.worklist("民勤-2", as_of=LATER))
    assert (four.reported, "confirm_departure", "2025-05-21", "2025-05-28") in opened
    assert (four.expected, "monthly_contact", "2025-06-01", "2025-06-30") in opened
    assert country.worklist("民勤-1", as_of=LATER) == []
    above = {one[:3] for one in owed_for(country.worklist("民勤", as_of=LATER))}
    assert (four.expected, "escalate_check_in", "2025-05-20") in above


def test_the_members_history_says_so(country: Country, four: Four):
    history = country.history(four.settled)
    (item,) = [one for one in history if one["type"] == "organisation_dissolved"]
    assert item["event_id"] == four.ended["events"][0]["event_id"]
    assert item["position"] == four.ended["position"]
    assert (item["occurred_at"], item["data"]) == (DISSOLVED, {"code": "民勤-1", "successor": "民勤-2"})
    earlier = history[history.index(item) - 1]
    assert (earlier["state"]["affiliation"], item["state"]["affiliation"]) == ("民勤-1", "民勤-2")
    assert item["state"]["movement"]["stage"] == "settled"
    assert item["state"]["movement"]["origin"]["organisation"] == "民勤-1", "where they left from stays true"


def test_the_successors_people_go_on_and_the_dissolved_ones_see_nobody(country: Country, four: Four):
    path = f"/v1/members/{four.expected}"
    assert country.of("民勤-1").get(path).status_code == 404
    assert country.of("民勤-2").get(path).status_code == 200
    answer = country.of("民勤-2").command(four.expected, "prompt-check-in", "2025-05-02", channel="PHONE")
    assert answer["events"][0]["after"]["affiliation"] == "民勤-2"
    kinds = {one["kind"] for one in country.worklist("民勤-2", as_of="2025-05-02", member_id=four.expected)}
    assert "prompt_check_in" not in kinds


def test_a_contact_told_afterwards_of_the_time_before_is_the_dissolved_branchs(country: Country, four: Four):
    state = country.state(four.lost, as_of=BEFORE)
    assert state["clocks"]["last_contact_at"] == "2024-10-15"
    country.of("民勤-2").command(four.lost, "record-contact", "2025-04-29", channel="PHONE", organisation="民勤-1")
    state = country.state(four.lost, as_of=DISSOLVED)
    assert state["clocks"] == {"last_contact_at": "2025-04-29", "lost_review_due": "2025-10-29"}
    assert {one["kind"] for one in state["duties"]} == {"monthly_contact", "prompt_check_in", "escalate_check_in"}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"successor": "民勤-2"}, 409, "already_dissolved"),
        ({"successor": "nobody"}, 422, "unknown_organisation"),
        ({}, 422, "missing"),
    ],
)
def test_what_cannot_be_is_refused(country: Country, four: Four, body: dict[str, Any], status: int, code: str):
    assert four.ended
    answer = country.everywhere.post("/v1/organisations/民勤-1/dissolve", body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_command_that_names_the_dissolved_branch_is_told_who_succeeded(country: Country, four: Four):
    body = {"occurred_at": "2025-06-01", "channel": "PHONE", "organisation": "民勤-1"}
    answer = country.everywhere.post(f"/v1/members/{four.lost}/record-contact", body)
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"], error["expected"]) == ("/organisation", "organisation_dissolved", "民勤-2")
