"""Scenario 20: suspended 2024-03-01: second review 2026-03-01; restored 2025-11-05: the review is cancelled."""

import pytest

from tests.running_service import Answer
from tests.scenarios.country import Country, one_event, owed

REVIEW = ("second_review", "民勤-1", "2026-03-01", "2026-03-01")
DECISION = {"document": "停止党籍〔2024〕3号", "meeting": "支部大会2024-03-01", "reason": "与组织失去联系"}
LIFTED = {"document": "恢复党籍〔2025〕7号", "meeting": "支部大会2025-11-05"}


class Suspended:
    """The member, what was refused on the way, and the two decisions."""

    def __init__(self, country: Country) -> None:
        self.origin = origin = country.of("民勤-1")
        self.member = member = origin.register("民勤-1")
        self.refused = {
            left: origin.post(
                f"/v1/members/{member}/suspend-membership",
                {"occurred_at": "2024-03-01", **{name: text for name, text in DECISION.items() if name != left}},
            )
            for left in DECISION
        }
        self.not_suspended = origin.post(
            f"/v1/members/{member}/restore-membership", {"occurred_at": "2024-02-01", **LIFTED}
        )
        self.suspended: Answer = origin.command(member, "suspend-membership", "2024-03-01", **DECISION)
        self.twice = origin.post(f"/v1/members/{member}/suspend-membership", {"occurred_at": "2024-04-01", **DECISION})
        self.restored: Answer = origin.command(member, "restore-membership", "2025-11-05", **LIFTED)


@pytest.fixture(scope="module")
def suspended(country: Country) -> Suspended:
    return Suspended(country)


def test_a_decision_without_its_document_or_meeting_or_reason_is_refused(country: Country, suspended: Suspended):
    for left, answer in suspended.refused.items():
        assert answer.status_code == 422
        assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [(f"/{left}", "missing")]
    kinds = [item["type"] for item in country.history(suspended.member)]
    assert kinds == ["member_registered", "membership_suspended", "membership_restored"], "nothing of it was stored"


def test_the_event_names_document_and_meeting_and_keeps_why_to_the_vault(suspended: Suspended):
    event = one_event(suspended.suspended)
    assert event["type"] == "membership_suspended"
    assert event["data"] == {"document": DECISION["document"], "meeting": DECISION["meeting"]}
    assert DECISION["reason"] not in str(event)
    assert one_event(suspended.restored)["data"] == LIFTED


def test_what_stands_already_cannot_be_decided_again(suspended: Suspended):
    assert (suspended.not_suspended.status_code, suspended.not_suspended.json()["code"]) == (409, "not_suspended")
    assert (suspended.twice.status_code, suspended.twice.json()["code"]) == (409, "already_suspended")


@pytest.mark.parametrize(
    ("as_of", "membership", "review"),
    [("2024-02-29", "active", None), ("2024-03-01", "suspended", "2026-03-01"),
     ("2025-11-04", "suspended", "2026-03-01"), ("2025-11-05", "active", None), ("2026-03-01", "active", None)],
)  # fmt: skip
def test_the_membership_stands_as_decided_on_every_day(
    country: Country, suspended: Suspended, as_of: str, membership: str, review: str | None
):
    state = country.state(suspended.member, as_of=as_of)
    assert (state["membership"], state["second_review_due"]) == (membership, review)
    assert state["affiliation"] == state["responsible"] == "民勤-1"
    assert suspended.member in country.on_roster("affiliated", region="620621", as_of=as_of)


def test_as_known_before_it_was_lifted_the_second_review_opens_on_its_day(country: Country, suspended: Suspended):
    known = suspended.suspended["position"]
    assert owed(country.state(suspended.member, as_of="2026-02-28", known_at=known)["duties"]) == set()
    assert owed(country.state(suspended.member, as_of="2026-03-01", known_at=known)["duties"]) == {REVIEW}
    assert owed(country.worklist("民勤-1", as_of="2026-02-28", known_at=known)) == set()
    assert owed(country.worklist("民勤-1", as_of="2026-03-01", known_at=known)) == {REVIEW}
    late = country.worklist("民勤-1", as_of="2026-03-02", known_at=known)
    assert [(duty["kind"], duty["overdue"]) for duty in late] == [("second_review", True)]


def test_the_review_is_cancelled_by_the_restoration(country: Country, suspended: Suspended):
    for as_of in ("2025-11-05", "2026-03-01", "2026-06-01"):
        assert country.state(suspended.member, as_of=as_of)["duties"] == []
        assert country.worklist("民勤-1", as_of=as_of) == []


def test_an_ended_membership_closes_the_movement_and_leaves_the_rosters(country: Country):
    origin = country.of("凉州-1")
    member = origin.register("凉州-1", name="测试出党")
    origin.command(member, "depart", "2025-02-03", destination={"region": "620102"})
    country.of("城关").command(member, "check-in", "2025-02-05", region="620102", channel="WORKER")
    origin.command(member, "suspend-membership", "2025-03-10", **DECISION)
    papers = {"document": "出党〔2025〕1号", "meeting": "支部大会2025-06-10"}
    ended = origin.command(member, "end-membership", "2025-06-10", **papers, reason="自行脱党")
    assert one_event(ended)["data"] == papers
    before, after = (country.state(member, as_of=day) for day in ("2025-06-09", "2025-06-10"))
    assert (before["membership"], before["movement"]["stage"]) == ("suspended", "checked_in")
    assert (after["membership"], after["membership_since"]) == ("ended", "2025-06-10")
    assert (after["movement"]["stage"], after["movement"]["closed_reason"]) == ("closed", "MEMBERSHIP_ENDED")
    assert after["duties"] == []
    for day, found in (("2025-06-09", {member: "checked_in"}), ("2025-06-10", {})):
        assert country.on_roster("outflow", region="620602", as_of=day) == found
        assert country.on_roster("inflow", region="620102", as_of=day) == found
        assert country.on_roster("affiliated", region="620602", as_of=day) == found
    again = origin.post(f"/v1/members/{member}/depart", {"occurred_at": "2025-07-01", "destination": {"unknown": True}})
    assert (again.status_code, again.json()["code"]) == (409, "membership_over")
