"""Dues as a sign of life, the card's yearly inspection, and the feedback of each year: what is owed, and refused."""

from __future__ import annotations

import pytest

from domain.errors import Invalid
from tests.unit.member.given import Owed, away, checked_in, flags, member, months, owed, refused, settled, stage, state


def test_dues_are_heard_of_and_clear_nobodys_month():
    stream = settled()
    stream.command("pay-dues", "2025-01-10", "CG-1", months=["2025-01", "2024-12", "2025-01"])
    assert state(stream)["dues_paid_until"] == "2025-01"
    assert state(stream)["clocks"] == {"last_contact_at": "2025-01-10", "lost_review_due": "2025-07-10"}
    assert months(stream, "2024-10-31") == {"MQ-1": ["2024-10"], "CG-1": ["2024-10"]}
    assert "2025-01" in months(stream, "2025-01-31")["MQ-1"]


def test_dues_end_a_lost_contact():
    stream = away("2024-10-08")
    stream.command("declare-lost-contact", "2025-05-01", document="失联1号")
    stream.command("pay-dues", "2025-06-01", months=["2025-05"])
    assert state(stream)["lost_contact"] is False


def test_dues_before_the_affiliation_are_taken_and_flagged():
    stream = member(since="2025-03-01")
    stream.command("pay-dues", "2025-02-01", months=["2025-02"])
    assert flags(stream) == {"dues_paid": ["not_yet_affiliated"]}


@pytest.mark.parametrize("months_paid", [[], "2025-01", ["2025-13"], ["2025-01-02"], [202501], None])
def test_dues_name_the_months_that_they_are_for(months_paid: object):
    with pytest.raises(Invalid):
        member().command("pay-dues", "2025-01-10", months=months_paid)


def test_a_card_is_inspected_each_calendar_year_by_the_members_own_branch():
    stream = settled()
    stream.command("issue-activity-card", "2024-10-20", "MQ-1", card_number="LD-7")
    assert owed(stream, "inspect_card", "2024-10-19") == []
    assert owed(stream, "inspect_card", "2024-12-31") == [Owed("MQ-1", "2024-10-20", "2024-12-31", overdue=False)]
    assert owed(stream, "inspect_card", "2025-01-01") == [
        Owed("MQ-1", "2024-10-20", "2024-12-31", overdue=True),
        Owed("MQ-1", "2025-01-01", "2025-12-31", overdue=False),
    ]
    stream.command("inspect-activity-card", "2025-02-01", "MQ-1")
    assert owed(stream, "inspect_card", "2025-12-31") == []
    assert owed(stream, "inspect_card", "2026-01-01") == [Owed("MQ-1", "2026-01-01", "2026-12-31", overdue=False)]
    assert state(stream)["card"] == {"card_number": "LD-7", "issued_at": "2024-10-20", "inspected_at": "2025-02-01"}


def test_a_card_without_a_number_bears_its_events_id_and_nobody_holds_two():
    stream = member()
    refused(stream, "no_card", "inspect-activity-card", "2024-10-20")
    card = stream.command("issue-activity-card", "2024-10-20")
    assert state(stream)["card"]["card_number"] == card.event_id
    refused(stream, "card_held", "issue-activity-card", "2024-11-20")


def test_a_card_is_over_with_the_movement_and_another_one_is_given_for_the_next():
    stream = settled()
    stream.command("issue-activity-card", "2024-10-20")
    stream.command("return", "2025-02-01")
    assert state(stream)["card"] is not None
    stream.command("hold-return-education", "2025-02-10")
    assert state(stream)["card"] is None
    assert owed(stream, "inspect_card", "2025-12-31") == []
    stream.command("depart", "2025-05-01", destination={"unknown": True})
    stream.command("issue-activity-card", "2025-05-02")
    assert owed(stream, "inspect_card", "2025-06-01") == [Owed("MQ-1", "2025-05-02", "2025-12-31", overdue=False)]


def test_no_feedback_is_owed_of_a_year_that_ends_soon_after_the_arrival():
    stream = settled(on="2024-10-02", accepted="2024-10-03", left="2024-09-30")
    assert owed(stream, "issue_feedback", "2024-12-31") == []
    assert owed(stream, "issue_feedback", "2025-11-30") == []
    assert owed(stream, "issue_feedback", "2025-12-01") == [Owed("CG-1", "2025-12-01", "2025-12-31", overdue=False)]
    earlier = settled(on="2024-09-30", accepted="2024-10-03", left="2024-09-28")
    assert owed(earlier, "issue_feedback", "2024-12-31") == [Owed("CG-1", "2024-12-01", "2024-12-31", overdue=False)]


def test_each_year_has_its_own_feedback_and_one_in_between_leaves_the_others_owed():
    stream = settled("2023-03-01", "2023-03-03", "2023-03-05")
    stream.command("issue-annual-feedback", "2025-01-10", "CG-1", year=2024)
    assert owed(stream, "issue_feedback", "2025-12-31") == [
        Owed("CG-1", "2023-12-01", "2023-12-31", overdue=True),
        Owed("CG-1", "2025-12-01", "2025-12-31", overdue=False),
    ]
    stream.command("issue-annual-feedback", "2025-12-20", "CG", year=2023)
    assert [one.due_on for one in owed(stream, "issue_feedback", "2025-12-31")] == ["2025-12-31"]
    refused(stream, "feedback_issued", "issue-annual-feedback", "2025-12-21", "CG-1", year=2023)


def test_leaving_ends_the_owing_and_not_the_telling():
    stream = settled("2024-03-01", "2024-03-03", "2024-03-05")
    stream.command("move-onward", "2024-12-15", destination={"unknown": True})
    assert owed(stream, "issue_feedback", "2025-01-31") == []
    feedback = stream.command("issue-annual-feedback", "2025-01-31", "CG-1", year=2024)
    assert feedback.body.periods == [{"from": "2024-03-03", "until": "2024-12-14"}]  # type: ignore[attr-defined]


def test_who_left_on_the_day_of_arrival_was_there_on_no_day():
    stream = checked_in(on="2024-10-12")
    stream.command("accept", "2024-10-12", "CG", branch="CG-1")
    stream.command("move-onward", "2024-10-12T23:30:00+08:00", destination={"unknown": True})
    refused(stream, "not_there_that_year", "issue-annual-feedback", "2024-12-31", "CG-1", year=2024)


def test_a_day_is_told_by_one_side_only():
    stream = settled("2024-03-01", "2024-03-03", "2024-03-05")
    stream.command("check-in", "2024-07-10", "JJ", region="510104", channel="CODE")
    stream.command("accept", "2024-07-11", "JJ", branch="JJ-1")
    first = stream.command("issue-annual-feedback", "2024-12-31", "CG-1", year=2024)
    second = stream.command("issue-annual-feedback", "2024-12-31", "JJ-1", year=2024)
    assert first.body.periods == [{"from": "2024-03-03", "until": "2024-07-09"}]  # type: ignore[attr-defined]
    assert second.body.periods == [{"from": "2024-07-10", "until": "2024-12-31"}]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("on", "due"), [("2024-12-31", "2025-01-31"), ("2025-01-31", "2025-01-31"), ("2025-02-01", "2026-01-31")]
)
def test_a_feedback_is_to_be_acknowledged_by_the_next_31_january_after_its_year(on: str, due: str):
    stream = settled("2024-03-01", "2024-03-03", "2024-03-05")
    stream.command("issue-annual-feedback", on, "CG-1", year=2024)
    assert owed(stream, "acknowledge_feedback", on) == [Owed("MQ-1", on, due, overdue=False)]


def test_the_acknowledgement_is_the_origins_and_outlives_the_return():
    stream = settled("2024-03-01", "2024-03-03", "2024-03-05")
    refused(stream, "nothing_to_acknowledge", "acknowledge-feedback", "2025-01-05", "MQ-1", year=2024)
    stream.command("issue-annual-feedback", "2024-12-31", "CG-1", year=2024)
    stream.command("return", "2025-01-02")
    stream.command("hold-return-education", "2025-01-03")
    assert stage(stream) == "closed"
    refused(stream, "not_your_member", "acknowledge-feedback", "2025-01-05", "CG-1", year=2024)
    stream.command("acknowledge-feedback", "2025-01-05", "MQ", year=2024)
    assert state(stream)["duties"] == []


def test_a_stay_that_turns_out_never_to_have_been_flags_its_feedback():
    stream = away()
    scan = stream.command("check-in", "2024-10-12", "CG", region="620102", channel="CODE")
    stream.command("accept", "2024-10-14", "CG", branch="CG-1")
    stream.command("issue-annual-feedback", "2024-12-31", "CG-1", year=2024)
    stream.command("void-event", "2025-01-05", event_id=scan.event_id, reason="扫错码")
    assert flags(stream) == {"accepted": ["nothing_to_answer"], "annual_feedback_issued": ["not_there_that_year"]}
    assert owed(stream, "acknowledge_feedback", "2025-01-10") == []


def test_the_day_of_a_decision_is_corrected_without_saying_again_why():
    stream = member()
    decided = stream.command("suspend-membership", "2024-03-11", document="1号", meeting="支部大会", reason="测试")
    stream.command("correct-event", "2024-04-01", event_id=decided.event_id, changes={"occurred_at": "2024-03-01"})
    assert state(stream)["second_review_due"] == "2026-03-01"
