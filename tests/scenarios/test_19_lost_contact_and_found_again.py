"""Scenario 19: last contact 2025-01-15: a review opens 2025-07-15 and changes nothing; declared 08-01; found 10-10."""

import pytest

from tests.running_service import Answer
from tests.scenarios.country import Country, one_event, overdue, owed

REVIEW = ("lost_contact_review", "民勤-1", "2025-07-15", "2025-07-29")


class Silent:
    """The member, how the declaration was refused until its day, and what came of it."""

    def __init__(self, country: Country) -> None:
        self.origin = origin = country.of("民勤-1")
        self.member = member = origin.register("民勤-1")
        origin.command(member, "depart", "2024-10-08", destination={"region": "620102"}, reason="WORK")
        country.of("城关").command(member, "check-in", "2024-10-12", region="620102", channel="WORKER")
        country.of("城关").command(member, "accept", "2024-10-14", branch="城关-1")
        origin.command(member, "record-contact", "2025-01-15", channel="PHONE")
        self.failed = origin.command(member, "record-failed-contact", "2025-06-20", channel="PHONE", reason="NO_ANSWER")
        path = f"/v1/members/{member}/declare-lost-contact"
        self.too_early = origin.post(path, {"occurred_at": "2025-07-14", "document": "失联认定〔2025〕1号"})
        self.no_document = origin.post(path, {"occurred_at": "2025-08-01"})
        self.before = country.state(member)
        self.declared: Answer = origin.command(
            member, "declare-lost-contact", "2025-08-01", document="失联认定〔2025〕1号"
        )
        self.twice = origin.post(path, {"occurred_at": "2025-08-02", "document": "失联认定〔2025〕2号"})
        self.found: Answer = origin.command(member, "restore-contact", "2025-10-10", channel="VISIT")


@pytest.fixture(scope="module")
def silent(country: Country) -> Silent:
    return Silent(country)


def test_the_review_opens_six_months_after_the_last_contact_and_not_a_day_before(country: Country, silent: Silent):
    for as_of in ("2025-01-15", "2025-07-14"):
        state = country.state(silent.member, as_of=as_of)
        assert state["clocks"] == {"last_contact_at": "2025-01-15", "lost_review_due": "2025-07-15"}
        assert "lost_contact_review" not in {duty["kind"] for duty in state["duties"]}
    state = country.state(silent.member, as_of="2025-07-15")
    assert REVIEW in owed(state["duties"])
    assert REVIEW in owed(country.worklist("民勤-1", as_of="2025-07-15"))
    assert country.worklist("城关-1", as_of="2025-07-15") != []
    assert "lost_contact_review" not in {duty["kind"] for duty in country.worklist("城关-1", as_of="2025-07-15")}


def test_no_status_changes_by_itself(country: Country, silent: Silent):
    for as_of in ("2025-07-14", "2025-07-15", "2025-07-29", "2025-07-31"):
        state = country.state(silent.member, as_of=as_of)
        assert (state["membership"], state["lost_contact"], state["movement"]["stage"]) == ("active", False, "settled")
        assert (state["affiliation"], state["responsible"]) == ("民勤-1", "城关-1")
        assert country.on_roster("outflow", region="620621", as_of=as_of) == {silent.member: "settled"}
    assert silent.before["lost_contact"] is False
    in_time, late = (country.state(silent.member, as_of=day)["duties"] for day in ("2025-07-29", "2025-07-30"))
    assert "lost_contact_review" not in overdue(in_time)
    assert "lost_contact_review" in overdue(late)


def test_a_failed_attempt_is_kept_and_is_no_contact(country: Country, silent: Silent):
    assert one_event(silent.failed)["data"] == {"channel": "PHONE", "reason": "NO_ANSWER"}
    assert country.state(silent.member, as_of="2025-06-30")["clocks"]["last_contact_at"] == "2025-01-15"


def test_it_cannot_be_declared_before_the_day_nor_without_a_document_nor_twice(silent: Silent):
    assert (silent.too_early.status_code, silent.too_early.json()["code"]) == (409, "too_early")
    assert silent.no_document.status_code == 422
    assert [(one["pointer"], one["code"]) for one in silent.no_document.json()["errors"]] == [("/document", "missing")]
    assert (silent.twice.status_code, silent.twice.json()["code"]) == (409, "already_lost")


def test_the_refusal_speaks_chinese_to_who_reads_chinese(country: Country, silent: Silent):
    reader = country.running.as_role("branch_secretary", organisation="民勤-1", language="zh")
    asked = {"occurred_at": "2025-11-01", "document": "失联认定〔2025〕3号"}
    answer = reader.post(f"/v1/members/{silent.member}/declare-lost-contact", asked)
    assert answer.status_code == 409
    assert "未满" in answer.json()["detail"]


def test_the_declaration_names_its_document_and_ends_the_review(country: Country, silent: Silent):
    event = one_event(silent.declared)
    assert (event["type"], event["data"]) == ("lost_contact_declared", {"document": "失联认定〔2025〕1号"})
    assert event["after"]["lost_contact"] is True
    state = country.state(silent.member, as_of="2025-08-01")
    assert (state["lost_contact"], state["membership"], state["clocks"]["lost_review_due"]) == (True, "active", None)
    assert state["movement"]["stage"] == "settled", "lost contact is an overlay, not a stage"
    assert "lost_contact_review" not in {duty["kind"] for duty in state["duties"]}
    (item,) = country.roster("outflow", region="620621", as_of="2025-08-01")
    assert item["lost_contact"] is True


def test_found_again_the_clock_begins_anew(country: Country, silent: Silent):
    for as_of, lost in (("2025-10-09", True), ("2025-10-10", False)):
        assert country.state(silent.member, as_of=as_of)["lost_contact"] is lost
        (item,) = country.roster("outflow", region="620621", as_of=as_of)
        assert item["lost_contact"] is lost
    assert country.state(silent.member, as_of="2025-10-10")["clocks"] == {
        "last_contact_at": "2025-10-10",
        "lost_review_due": "2026-04-10",
    }
    assert one_event(silent.found)["after"]["lost_contact"] is False


def test_as_known_before_the_finding_the_member_is_lost_still(country: Country, silent: Silent):
    known = silent.declared["position"]
    assert country.state(silent.member, as_of="2025-10-31", known_at=known)["lost_contact"] is True
    assert country.state(silent.member, as_of="2025-10-31")["lost_contact"] is False
    kinds = [item["type"] for item in country.history(silent.member)]
    assert kinds[-3:] == ["contact_attempt_failed", "lost_contact_declared", "contact_restored"]


@pytest.mark.parametrize(
    ("verb", "body"), [("check-in", {"region": "620102", "channel": "CODE"}), ("pay-dues", {"months": ["2025-10"]})]
)
def test_a_check_in_or_dues_restore_by_themselves(country: Country, verb: str, body: dict[str, object]):
    origin = country.of("凉州-1")
    member = origin.register("凉州-1", name="测试找到")
    origin.command(member, "depart", "2025-01-10", destination={"region": "620102"})
    origin.command(member, "declare-lost-contact", "2025-07-10", document="失联认定〔2025〕9号")
    assert country.state(member)["lost_contact"] is True
    country.everywhere.command(member, verb, "2025-10-10", **body)
    state = country.state(member, as_of="2025-10-10")
    assert (state["lost_contact"], state["clocks"]["last_contact_at"]) == (False, "2025-10-10")
