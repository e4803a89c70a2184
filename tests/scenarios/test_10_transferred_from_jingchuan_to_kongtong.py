"""Scenario 10: 泾川 to 崆峒, letter 2025-03-01, accepted 03-20: the affiliation moves, the movement is closed."""

import pytest

from tests.running_service import Answer
from tests.scenarios.country import Country, one_event, overdue, owed

LETTER = "泾组介〔2025〕31号"
PLACES = ("620821", "620802", "620800")
CELL = ("620821", "620802")


class Transferred:
    """A member who lives in 崆峒 already, and one who is at home, both transferred by letter."""

    def __init__(self, country: Country) -> None:
        self.away = self._away(country)
        self.home = country.of("泾川-1").register("泾川-1", name="测试乙")
        country.look("before", self.home, "泾川-1", "崆峒-1", "崆峒", "锦江")
        own = country.running.as_role("member", member=self.away)
        own.command(self.away, "request-transfer", "2025-02-24", to_organisation="崆峒-1", kind="FORMAL")
        self._letter(country, self.away, LETTER)
        country.of("泾川-1").command(self.home, "request-transfer", "2025-02-24", to_organisation="崆峒-1")
        country.look("requested", self.home, "泾川-1", "崆峒-1", "崆峒", "锦江")
        self._letter(country, self.home, "泾组介〔2025〕32号")
        purpose = {"fields": "name", "purpose": "核对介绍信", "member_id": self.home}
        self.awaited = country.of("崆峒-1").ask("/v1/worklist", **purpose)["items"]
        self.found = country.of("崆峒").ask("/v1/members", search="测试乙")["items"]
        self.hidden = country.of("锦江").ask("/v1/members", search="测试乙")["items"]
        self.before = country.head()
        late = {"document": "崆组补〔2025〕1号", "letter_number": LETTER}
        self.accepted: Answer = country.of("崆峒-1").command(self.away, "accept-transfer", "2025-03-20", **late)
        country.of("崆峒-1").command(self.home, "accept-transfer", "2025-03-20", document="崆组补〔2025〕2号")
        country.look("accepted", self.home, "泾川-1", "崆峒-1", "崆峒", "锦江")
        country.of("崆峒-1").command(self.home, "return-receipt", "2025-04-02")
        country.look("receipt returned", self.home, "泾川-1", "崆峒-1", "崆峒", "锦江")

    @staticmethod
    def _away(country: Country) -> str:
        origin, host = country.of("泾川-1"), country.of("崆峒")
        member = origin.register("泾川-1")
        origin.command(member, "depart", "2024-09-02", destination={"region": "620802"}, reason="WORK")
        host.command(member, "check-in", "2024-09-04", region="620802", channel="WORKER")
        host.command(member, "accept", "2024-09-05", branch="崆峒-1")
        for day in ("2024-10-08", "2024-11-08", "2024-12-08", "2025-01-08", "2025-02-08", "2025-03-08"):
            origin.command(member, "record-contact", day, channel="PHONE")
            host.command(member, "record-contact", day, channel="VISIT", organisation="崆峒-1")
        return member

    @staticmethod
    def _letter(country: Country, member: str, number: str) -> None:
        country.of("泾川").command(member, "approve-transfer", "2025-02-27")
        country.of("泾川").command(member, "issue-transfer-letter", "2025-03-01", letter_number=number)


@pytest.fixture(scope="module")
def moved(country: Country) -> Transferred:
    return Transferred(country)


def test_the_affiliation_moves_on_the_day_of_acceptance(country: Country, moved: Transferred):
    before, after = (country.state(moved.away, as_of=day) for day in ("2025-03-19", "2025-03-20"))
    assert (before["affiliation"], after["affiliation"]) == ("泾川-1", "崆峒-1")
    assert (before["responsible"], after["responsible"]) == ("崆峒-1", "崆峒-1")
    shown = after["transfer"]
    assert (shown["status"], shown["from"], shown["to"]) == ("accepted", "泾川-1", "崆峒-1")
    assert (shown["letter_number"], shown["valid_until"], shown["receipt_due"]) == (LETTER, "2025-03-31", "2025-04-20")
    statuses = [
        (country.state(moved.home, as_of=day)["transfer"] or {}).get("status")
        for day in ("2025-02-23", "2025-02-24", "2025-02-27", "2025-03-01", "2025-03-20", "2025-04-02")
    ]
    assert statuses == [None, "requested", "approved", "letter_issued", "accepted", "receipt_returned"]


def test_the_movement_is_closed_as_transferred_and_nothing_is_owed_for_it(country: Country, moved: Transferred):
    movement = country.state(moved.away, as_of="2025-03-20")["movement"]
    assert (movement["stage"], movement["view"], movement["closed_reason"]) == ("closed", None, "TRANSFERRED")
    assert country.state(moved.away, as_of="2025-03-19")["movement"]["stage"] == "settled"
    assert owed(country.state(moved.away, as_of="2025-03-20")["duties"]) == {
        ("return_receipt", "崆峒-1", "2025-03-20", "2025-04-20")
    }


def test_the_acceptance_says_where_the_member_belongs_now(moved: Transferred):
    event = one_event(moved.accepted)
    assert event["type"] == "transfer_accepted"
    assert (event["after"]["affiliation"], event["after"]["stage"]) == ("崆峒-1", "closed")
    assert event["after"]["transfer"].items() >= {"status": "accepted", "from": "泾川-1", "to": "崆峒-1"}.items()


@pytest.mark.parametrize(("as_of", "jingchuan", "kongtong"), [("2025-03-19", True, False), ("2025-03-20", False, True)])
def test_official_counts_go_with_the_affiliation_and_each_member_is_counted_once(
    country: Country, moved: Transferred, as_of: str, jingchuan: bool, kongtong: bool
):
    both = {moved.away, moved.home}
    found = [set(country.on_roster("affiliated", region=place, as_of=as_of)) for place in PLACES]
    assert found == [both if jingchuan else set(), both if kongtong else set(), both]
    assert set(country.on_roster("affiliated", organisation="崆峒-1", as_of=as_of)) == (both if kongtong else set())


def test_who_lives_there_is_no_longer_away_and_no_longer_from_elsewhere(country: Country, moved: Transferred):
    settled = {moved.away: "settled"}
    for as_of, expected in (("2025-03-19", settled), ("2025-03-20", {})):
        assert country.on_roster("outflow", region="620821", as_of=as_of) == expected
        assert country.on_roster("inflow", region="620802", as_of=as_of) == expected
        assert country.on_roster("outflow", region="620802", as_of=as_of) == {}


def test_as_known_before_the_acceptance_was_recorded_nobody_had_moved(country: Country, moved: Transferred):
    then = country.state(moved.away, as_of="2025-03-20", known_at=moved.before)
    assert (then["affiliation"], then["transfer"]["status"]) == ("泾川-1", "letter_issued")
    known = {"as_of": "2025-03-20", "known_at": moved.before}
    assert set(country.on_roster("affiliated", region="620821", **known)) == {moved.away, moved.home}
    assert country.on_roster("affiliated", region="620802", **known) == {}


def test_the_flow_tells_the_transfer_in_its_month(country: Country, moved: Transferred):
    assert moved.away
    assert country.flows("2025-02") == {CELL: {"under_way": 1, "in_place": 1}}
    assert country.flows("2025-03") == {CELL: {"transferred": 1}}
    assert country.flows("2025-03", "city") == {("620800", "620800"): {"transferred": 1}}
    assert country.flows("2025-03", known_at=moved.before) == {CELL: {"under_way": 1, "in_place": 1}}


def test_the_statistics_count_it_out_where_it_left_and_in_where_it_arrived(country: Country, moved: Transferred):
    assert moved.home
    found = {}
    for region in PLACES:
        told = country.everywhere.ask("/v1/statistics", region=region, month="2025-03")["transfers"]
        found[region] = (told["out"]["count"], told["in"]["count"])
        assert told["out"]["by_scope"].keys() | told["in"]["by_scope"].keys() == {"IN_CITY"}
    assert found == {"620821": (2, 0), "620802": (0, 2), "620800": (2, 2)}
    then = country.everywhere.ask("/v1/statistics", region="620821", month="2025-03", known_at=moved.before)
    assert then["transfers"]["out"]["count"] == 0


def test_the_receipt_is_due_a_calendar_month_later_and_then_overdue(country: Country, moved: Transferred):
    assert owed(country.worklist("崆峒-1", as_of="2025-03-01", member_id=moved.away)) >= {
        ("accept_transfer", "崆峒-1", "2025-03-01", "2025-03-31")
    }
    for as_of, late in (("2025-04-20", set()), ("2025-04-21", {"return_receipt"})):
        items = country.worklist("崆峒-1", as_of=as_of, member_id=moved.away)
        assert owed(items) == {("return_receipt", "崆峒-1", "2025-03-20", "2025-04-20")}
        assert overdue(items) == late
    assert country.worklist("崆峒-1", as_of="2025-04-02", member_id=moved.home) == []


def test_both_sides_see_the_member_while_the_transfer_is_under_way_and_nobody_else(
    country: Country, moved: Transferred
):
    assert moved.home
    assert {moment: tuple(seen.values()) for moment, seen in country.seen.items()} == {
        "before": (200, 404, 404, 404),
        "requested": (200, 200, 200, 404),
        "accepted": (200, 200, 200, 404),
        "receipt returned": (404, 200, 200, 404),
    }


def test_who_is_asked_to_take_a_member_finds_whom_by_name(moved: Transferred):
    assert [(item["kind"], item["member_id"]) for item in moved.awaited] == [("accept_transfer", moved.home)]
    assert moved.awaited[0]["personal"] == {"name": "测试乙"}
    assert [item["member_id"] for item in moved.found] == [moved.home]
    assert moved.hidden == []


def test_an_acceptance_recorded_late_needs_its_document(country: Country, moved: Transferred):
    member = country.of("泾川-1").register("泾川-1", name="测试丙")
    country.of("泾川-1").command(member, "request-transfer", "2025-02-24", to_organisation="崆峒-1")
    moved._letter(country, member, "泾组介〔2025〕33号")
    refused = country.of("崆峒-1").post(f"/v1/members/{member}/accept-transfer", {"occurred_at": "2025-03-20"})
    assert refused.status_code == 422
    assert [(one["pointer"], one["code"]) for one in refused.json()["errors"]] == [("/document", "missing")]
    assert country.state(member)["transfer"]["status"] == "expired"
    country.of("泾川").command(member, "withdraw-transfer", "2025-04-01")
    assert country.state(member)["affiliation"] == "泾川-1"
