"""Scenario 9: a check-in was booked to a namesake: voided there, recorded here, and both contact clocks are right."""

import pytest

from tests.running_service import Answer
from tests.scenarios.country import Country, one_event, overdue, owed

SCANNED = "2025-05-10T11:00:00+08:00"
CELL = ("620621", "620102")


class Namesakes:
    """Three of one name: who scanned, one who is settled in the same place, and one who never left home."""

    def __init__(self, country: Country) -> None:
        origin, host = country.of("民勤-1"), country.of("城关")
        self.scanned, self.settled, self.home = (origin.register("民勤-1", name="测试甲") for _ in range(3))
        origin.command(self.settled, "depart", "2025-03-01", destination={"region": "620102"})
        host.command(self.settled, "check-in", "2025-03-03", region="620102", channel="WORKER")
        host.command(self.settled, "accept", "2025-03-04", branch="城关-1")
        for month in ("03", "04"):
            origin.command(self.settled, "record-contact", f"2025-{month}-20", channel="PHONE")
            country.of("城关-1").command(self.settled, "record-contact", f"2025-{month}-22", channel="VISIT")
        origin.command(self.scanned, "depart", "2025-04-01", destination={"region": "620102"})
        origin.command(self.scanned, "record-contact", "2025-04-15", channel="PHONE")

        scan = {"region": "620102", "channel": "CODE"}
        self.wrong: Answer = host.command(self.settled, "check-in", SCANNED, **scan)
        own = country.running.as_role("member", member=self.home)
        self.wrong_at_home: Answer = own.command(self.home, "check-in", SCANNED, region="630104", channel="CODE")
        self.known_wrongly = self.wrong_at_home["position"]
        country.look("booked wrongly", self.home, "民勤", "西宁", "锦江")

        self.voided: Answer = host.command(
            self.settled, "void-event", "2025-05-12", event_id=one_event(self.wrong)["event_id"], reason="同名误记"
        )
        self.voided_at_home: Answer = country.of("西宁").command(
            self.home, "void-event", "2025-05-12", event_id=one_event(self.wrong_at_home)["event_id"], reason="同名误记"
        )
        self.right: Answer = host.command(self.scanned, "check-in", SCANNED, **scan)
        country.look("voided", self.home, "民勤", "西宁", "锦江")


@pytest.fixture(scope="module")
def namesakes(country: Country) -> Namesakes:
    return Namesakes(country)


def test_both_contact_clocks_are_right(country: Country, namesakes: Namesakes):
    assert country.state(namesakes.scanned, as_of="2025-05-31")["clocks"] == {
        "last_contact_at": SCANNED, "lost_review_due": "2025-11-10",
    }  # fmt: skip
    assert country.state(namesakes.settled, as_of="2025-05-31")["clocks"] == {
        "last_contact_at": "2025-04-22", "lost_review_due": "2025-10-22",
    }  # fmt: skip
    assert country.state(namesakes.home, as_of="2025-05-31")["clocks"] == {
        "last_contact_at": None, "lost_review_due": None,
    }  # fmt: skip


def test_as_known_before_the_void_both_clocks_were_wrong(country: Country, namesakes: Namesakes):
    known = namesakes.known_wrongly
    clocks = {
        member: country.state(member, as_of="2025-05-31", known_at=known)["clocks"]
        for member in (namesakes.scanned, namesakes.settled, namesakes.home)
    }
    assert clocks == {
        namesakes.scanned: {"last_contact_at": "2025-04-15", "lost_review_due": "2025-10-15"},
        namesakes.settled: {"last_contact_at": SCANNED, "lost_review_due": "2025-11-10"},
        namesakes.home: {"last_contact_at": SCANNED, "lost_review_due": "2025-11-10"},
    }


def test_the_rosters_show_both_clocks(country: Country, namesakes: Namesakes):
    items = {item["member_id"]: item for item in country.roster("inflow", region="620102", as_of="2025-05-31")}
    assert items.keys() == {namesakes.scanned, namesakes.settled}
    assert items[namesakes.scanned]["last_contact_at"] == SCANNED
    assert items[namesakes.settled]["last_contact_at"] == "2025-04-22"


def test_the_review_of_each_opens_on_the_right_day(country: Country, namesakes: Namesakes):
    def reviewed(as_of: str) -> set[str]:
        items = country.worklist("民勤-1", as_of=as_of)
        return {item["member_id"] for item in items if item["kind"] == "lost_contact_review"}

    assert reviewed("2025-10-21") == set()
    assert reviewed("2025-10-22") == {namesakes.settled}
    assert reviewed("2025-11-09") == {namesakes.settled}
    assert reviewed("2025-11-10") == {namesakes.settled, namesakes.scanned}


def test_who_scanned_has_arrived_and_is_escalated_no_more(country: Country, namesakes: Namesakes):
    movement = country.state(namesakes.scanned, as_of="2025-05-10")["movement"]
    assert (movement["stage"], movement["legs"][0]["checked_in_at"]) == ("checked_in", SCANNED)
    assert owed(country.state(namesakes.scanned, as_of="2025-05-10")["duties"]) == {
        ("monthly_contact", "民勤-1", "2025-05-01", "2025-05-31"),
        ("answer_check_in", "城关", "2025-05-10", "2025-05-23"),
    }
    known_wrongly = country.state(namesakes.scanned, as_of="2025-05-31", known_at=namesakes.known_wrongly)
    assert known_wrongly["movement"]["stage"] == "awaiting_check_in"
    assert overdue(known_wrongly["duties"]) == {"prompt_check_in", "escalate_check_in"}


def test_the_settled_namesake_owes_nothing_to_the_scan(country: Country, namesakes: Namesakes):
    true = country.state(namesakes.settled, as_of="2025-05-31")
    then = country.state(namesakes.settled, as_of="2025-05-31", known_at=namesakes.known_wrongly)
    both_sides = {
        ("monthly_contact", "民勤-1", "2025-05-01", "2025-05-31"),
        ("monthly_contact", "城关-1", "2025-05-01", "2025-05-31"),
    }
    # A check-in at the same place counts as a contact by the destination: while it was believed, May was done.
    assert owed(true["duties"]) == both_sides
    assert owed(then["duties"]) == {("monthly_contact", "民勤-1", "2025-05-01", "2025-05-31")}
    assert true["movement"] == then["movement"]
    assert (true["movement"]["stage"], true["responsible"]) == ("settled", "城关-1")


def test_the_namesake_at_home_never_left(country: Country, namesakes: Namesakes):
    state = country.state(namesakes.home)
    assert (state["movement"], state["duties"], state["holder"], state["flags"]) == (None, [], None, [])
    assert country.on_roster("affiliated", region="620621", as_of="2025-05-31")[namesakes.home] is None
    assert country.on_roster("inflow", region="630100", as_of="2025-05-31") == {}
    known = namesakes.known_wrongly
    then = country.state(namesakes.home, as_of="2025-05-31", known_at=known)
    assert (then["movement"]["stage"], then["holder"]) == ("checked_in", "西宁")
    assert {one["kind"] for one in then["duties"]} == {"confirm_departure", "answer_check_in", "monthly_contact"}
    assert country.on_roster("inflow", region="630100", as_of="2025-05-31", known_at=known) == {
        namesakes.home: "checked_in"
    }
    assert country.worklist("西宁", as_of="2025-05-31") == []


def test_the_counts_of_may_are_recomputed(country: Country, namesakes: Namesakes):
    known = namesakes.known_wrongly
    asked = {"region": "620621", "as_of": "2025-05-10"}
    assert country.lifecycle("outflow", **asked) == {
        ("in_transit", "checked_in"): (1, 0), ("in_transit", "settled"): (1, 0),
    }  # fmt: skip
    then = country.lifecycle("outflow", **asked, known_at=known)
    assert {stage: count for (_, stage), (count, _) in then.items()} == {
        "awaiting_check_in": 1, "settled": 1, "checked_in": 1,
    }  # fmt: skip
    assert country.flows("2025-05") == {CELL: {"arrived": 1, "under_way": 2, "in_place": 2}}
    assert country.flows("2025-05", known_at=known) == {
        CELL: {"under_way": 2, "in_place": 1},
        ("620621", "630104"): {"departed": 1, "arrived": 1, "under_way": 1, "in_place": 1},
    }
    assert namesakes.scanned


def test_the_void_stays_visible(country: Country, namesakes: Namesakes):
    for member, wrong, void in (
        (namesakes.settled, namesakes.wrong, namesakes.voided),
        (namesakes.home, namesakes.wrong_at_home, namesakes.voided_at_home),
    ):
        by_id = {item["event_id"]: item for item in country.history(member)}
        booked, voided = by_id[one_event(wrong)["event_id"]], by_id[one_event(void)["event_id"]]
        assert (booked["type"], booked["occurred_at"]) == ("checked_in", SCANNED)
        assert booked["correction"] == {"by": voided["event_id"], "kind": "voided"}
        assert (voided["type"], voided["occurred_at"], voided["correction"]) == ("event_voided", "2025-05-12", None)
        assert voided["data"] == {"event_id": booked["event_id"]}
        assert "同名误记" not in str(by_id)
    home = country.history(namesakes.home)
    assert [item["state"]["movement"] for item in home] == [None, None, None]


def test_the_void_says_how_the_member_stands_after_it(namesakes: Namesakes):
    after = one_event(namesakes.voided_at_home)["after"]
    assert (after["stage"], after["movement"], after["responsible"]) == (None, None, "民勤-1")
    after = one_event(namesakes.voided)["after"]
    assert (after["stage"], after["responsible"]) == ("settled", "城关-1")


def test_an_event_is_voided_once(country: Country, namesakes: Namesakes):
    body = {"occurred_at": "2025-05-13", "event_id": one_event(namesakes.wrong)["event_id"]}
    answer = country.of("城关").post(f"/v1/members/{namesakes.settled}/void-event", body)
    assert (answer.status_code, answer.json()["code"]) == (409, "already_voided")
    other = country.of("城关").post(f"/v1/members/{namesakes.scanned}/void-event", body)
    assert (other.status_code, other.json()["errors"][0]["code"]) == (422, "unknown_event")


def test_the_region_of_the_wrong_scan_sees_nothing_once_it_is_void(country: Country, namesakes: Namesakes):
    assert namesakes.home
    assert country.seen["booked wrongly"] == {"民勤": 200, "西宁": 200, "锦江": 404}
    assert country.seen["voided"] == {"民勤": 200, "西宁": 404, "锦江": 404}
