"""Contacts of each month, silence, lost contact and its return."""

from __future__ import annotations

from domain.member.events import ContactAttemptFailed
from tests.unit.member.given import (
    CHENGDU,
    LANZHOU,
    Owed,
    away,
    checked_in,
    flags,
    member,
    months,
    owed,
    refused,
    settled,
    state,
)


def silent(since: str = "2025-01-15"):
    """Return a settled member last spoken to on a day."""
    stream = settled()
    stream.command("record-contact", since, "CG", channel="PHONE")
    return stream


def test_the_origin_owes_a_contact_for_each_calendar_month_away():
    stream = away("2024-10-08")
    assert months(stream, "2024-10-08") == {"MQ-1": ["2024-10"]}
    assert months(stream, "2024-12-01") == {"MQ-1": ["2024-10", "2024-11", "2024-12"]}
    assert owed(stream, "monthly_contact", "2024-11-01") == [
        Owed("MQ-1", "2024-10-08", "2024-10-31", True),
        Owed("MQ-1", "2024-11-01", "2024-11-30", False),
    ]


def test_once_settled_the_destination_owes_one_too():
    stream = settled()
    assert months(stream, "2024-11-30") == {"MQ-1": ["2024-10", "2024-11"], "CG-1": ["2024-10", "2024-11"]}


def test_each_side_clears_its_own():
    stream = settled()
    stream.command("record-contact", "2024-10-20", "CG-1", channel="PHONE", points=["BASICS", "WHERE"])
    assert months(stream, "2024-10-31") == {"MQ-1": ["2024-10"]}
    stream.command("record-contact", "2024-10-21", "MQ-1", channel="MESSAGE")
    assert months(stream, "2024-10-31") == {}
    assert months(stream, "2024-11-01") == {"MQ-1": ["2024-11"], "CG-1": ["2024-11"]}


def test_the_committee_speaks_for_its_branch_and_a_stranger_for_nobody():
    stream = settled()
    stream.command("record-contact", "2024-10-20", "MQ", channel="PHONE")
    stream.command("record-contact", "2024-10-20", "JJ", channel="PHONE")
    assert months(stream, "2024-10-31") == {"CG-1": ["2024-10"]}
    assert state(stream)["clocks"]["last_contact_at"] == "2024-10-20"


def test_a_failed_contact_clears_nothing():
    stream = settled()
    stream.command("record-failed-contact", "2024-10-20", "CG-1", channel="PHONE", reason="NO_ANSWER")
    assert months(stream, "2024-10-31") == {"MQ-1": ["2024-10"], "CG-1": ["2024-10"]}
    assert state(stream)["clocks"]["last_contact_at"] == "2024-10-12"


def test_a_contact_clears_the_months_before_it_too():
    stream = away("2024-10-08")
    stream.command("record-contact", "2024-12-20", "MQ-1", channel="PHONE")
    assert months(stream, "2024-12-19") == {"MQ-1": ["2024-10", "2024-11", "2024-12"]}
    assert months(stream, "2024-12-31") == {}


def test_a_month_in_the_middle_is_waived_alone():
    stream = away("2024-10-08")
    stream.command("waive-contact", "2024-12-05", "MQ-1", month="2024-11", reason="ILLNESS")
    assert months(stream, "2024-12-31") == {"MQ-1": ["2024-10", "2024-12"]}
    assert owed(stream, "monthly_contact", "2024-12-31")[-1].since == "2024-12-01"


def test_months_waived_ahead_leave_those_before_them_owed():
    stream = away("2024-10-08")
    stream.command("waive-contact", "2024-10-09", "MQ-1", month="2024-12", reason="ILLNESS")
    stream.command("waive-contact", "2024-10-09", "MQ-1", month="2025-02", reason="ILLNESS")
    stream.command("record-contact", "2024-10-20", "MQ-1", channel="PHONE")
    assert months(stream, "2025-03-31") == {"MQ-1": ["2024-11", "2025-01", "2025-03"]}


def test_waiving_in_the_middle_of_what_a_waiver_left_keeps_both_ends():
    stream = away("2024-10-08")
    stream.command("waive-contact", "2024-10-09", "MQ-1", month="2025-03", reason="ILLNESS")
    stream.command("waive-contact", "2024-10-10", "MQ-1", month="2024-12", reason="ILLNESS")
    assert months(stream, "2025-03-31") == {"MQ-1": ["2024-10", "2024-11", "2025-01", "2025-02"]}


def test_a_waiver_is_of_one_side_and_of_somebody_away():
    stream = settled()
    stream.command("waive-contact", "2024-10-20", "CG-1", month="2024-10", reason="ILLNESS")
    assert months(stream, "2024-10-31") == {"MQ-1": ["2024-10"]}
    refused(member(), "not_away", "waive-contact", "2024-10-20", month="2024-10", reason="ILLNESS")


def test_what_the_destination_owed_ends_when_the_member_moves_on():
    stream = settled()
    stream.command("move-onward", "2025-02-01", destination={"region": CHENGDU})
    assert months(stream, "2025-02-28") == {"MQ-1": ["2024-10", "2024-11", "2024-12", "2025-01", "2025-02"]}


def test_a_return_ends_the_months():
    stream = settled()
    stream.command("return", "2024-12-10")
    assert months(stream, "2024-12-31") == {}


def test_half_a_year_of_silence_opens_a_review_and_changes_nothing_by_itself():
    stream = silent("2025-01-15")
    assert state(stream, "2025-07-01")["clocks"]["lost_review_due"] == "2025-07-15"
    assert owed(stream, "lost_contact_review", "2025-07-14") == []
    assert owed(stream, "lost_contact_review", "2025-07-15") == [Owed("MQ-1", "2025-07-15", "2025-07-29", False)]
    assert owed(stream, "lost_contact_review", "2025-07-30")[0].overdue
    assert not state(stream, "2025-12-31")["lost_contact"]


def test_a_register_that_says_since_when_contact_is_lost_has_it_reviewed_from_that_day():
    stream = silent("2025-01-15")
    stream.fact(ContactAttemptFailed(said_lost=True), "2025-03-05")

    assert owed(stream, "lost_contact_review", "2025-03-04") == []
    assert owed(stream, "lost_contact_review", "2025-03-05") == [Owed("MQ-1", "2025-03-05", "2025-03-19", False)]
    refused(stream, "too_early", "declare-lost-contact", "2025-03-06", document="民组〔2025〕3号")
    stream.command("record-contact", "2025-03-10", channel="PHONE")
    assert owed(stream, "lost_contact_review", "2025-03-10") == []
    assert state(stream, "2025-03-10")["clocks"]["lost_review_due"] == "2025-09-10"


def test_an_attempt_that_failed_opens_no_review():
    stream = silent("2025-01-15")
    stream.command("record-failed-contact", "2025-03-05", reason="NO_ANSWER")
    assert owed(stream, "lost_contact_review", "2025-03-05") == []


def test_lost_contact_is_too_early_the_day_before_and_possible_on_the_day():
    stream = silent("2025-01-15")
    refused(stream, "too_early", "declare-lost-contact", "2025-07-14", document="支委会1号")
    stream.command("declare-lost-contact", "2025-07-15", document="支委会1号")
    assert state(stream)["lost_contact"]
    assert state(stream)["movement"]["stage"] == "settled"
    assert owed(stream, "lost_contact_review", "2025-07-15") == []
    refused(stream, "already_lost", "declare-lost-contact", "2025-07-16", document="支委会2号")


def test_months_are_clamped_to_the_end_of_the_month():
    assert state(silent("2025-08-31"))["clocks"]["lost_review_due"] == "2026-02-28"


def test_without_a_contact_the_silence_begins_with_the_departure():
    stream = member()
    stream.command("record-contact", "2024-01-05", "MQ-1", channel="VISIT")
    stream.command("depart", "2024-10-08")
    assert state(stream)["clocks"]["lost_review_due"] == "2025-04-08"


def test_nobody_at_home_is_lost():
    refused(member(), "not_away", "declare-lost-contact", "2025-07-15", document="支委会1号")


def test_a_contact_a_check_in_or_coming_home_restores_by_itself():
    for verb, organisation, fields in (
        ("record-contact", "CG-1", {"channel": "PHONE"}),
        ("check-in", "CG", {"region": LANZHOU, "channel": "CODE"}),
        ("check-in", "JJ", {"region": CHENGDU, "channel": "CODE"}),
        ("restore-contact", "MQ-1", {"channel": "PHONE"}),
        ("return", "MQ-1", {}),
    ):
        stream = silent("2025-01-15")
        stream.command("declare-lost-contact", "2025-08-01", document="支委会1号")
        stream.command(verb, "2025-10-10", organisation, **fields)
        assert state(stream, "2025-10-09")["lost_contact"]
        assert not state(stream)["lost_contact"]


def test_found_again_the_silence_begins_anew():
    stream = silent("2025-01-15")
    stream.command("declare-lost-contact", "2025-08-01", document="支委会1号")
    stream.command("restore-contact", "2025-10-10", channel="PHONE")
    assert state(stream)["clocks"] == {"last_contact_at": "2025-10-10", "lost_review_due": "2026-04-10"}


def test_restoring_needs_a_loss_but_may_follow_the_contact_of_the_same_day():
    refused(silent(), "not_lost", "restore-contact", "2025-02-01", channel="PHONE")
    stream = silent("2025-01-15")
    stream.command("declare-lost-contact", "2025-08-01", document="支委会1号")
    stream.command("record-contact", "2025-10-10", "CG-1", channel="PHONE")
    stream.command("restore-contact", "2025-10-10", channel="PHONE")
    assert flags(stream) == {}
    refused(stream, "not_lost", "restore-contact", "2025-10-11", channel="PHONE")


def test_keeping_on_the_list_ends_the_review_for_another_half_year():
    stream = silent("2025-01-15")
    refused(stream, "no_review_open", "keep-in-contact-list", "2025-07-14", document="支委会1号")
    stream.command("keep-in-contact-list", "2025-07-20", document="支委会1号")
    assert owed(stream, "lost_contact_review", "2025-07-20") == []
    assert owed(stream, "lost_contact_review", "2026-01-20")[0].since == "2026-01-20"
    refused(stream, "too_early", "declare-lost-contact", "2026-01-19", document="支委会2号")


def test_a_contact_recorded_late_takes_the_review_back():
    stream = silent("2025-01-15")
    assert len(owed(stream, "lost_contact_review", "2025-07-20")) == 1
    stream.command("record-contact", "2025-03-01", "CG-1", channel="VIDEO")
    assert owed(stream, "lost_contact_review", "2025-07-20") == []
    assert owed(stream, "lost_contact_review", "2025-09-01")[0].since == "2025-09-01"


def test_a_liaison_is_named_at_any_time():
    stream = checked_in()
    stream.command("assign-liaison", "2024-10-20", liaison="liaison-7")
    assert state(stream)["liaison"] == "liaison-7"
    assert state(stream, "2024-10-19")["liaison"] is None


def studying_abroad():
    """Return a member who left on 2025-01-06 to study abroad."""
    stream = member()
    stream.command("report-departure", "2025-01-02", destination={"abroad": True}, reason="STUDY")
    stream.command("depart", "2025-01-06")
    return stream


def test_a_contact_is_owed_half_yearly_to_who_studies_abroad():
    stream = studying_abroad()
    assert owed(stream, "monthly_contact", "2025-06-30") == [Owed("MQ-1", "2025-01-06", "2025-06-30", False)]
    assert owed(stream, "monthly_contact", "2025-07-01") == [Owed("MQ-1", "2025-01-06", "2025-06-30", True)]


def test_after_a_contact_with_who_studies_abroad_the_next_half_year_begins_with_the_next_month():
    stream = studying_abroad()
    stream.command("record-contact", "2025-03-10", "MQ-1", channel="VIDEO")
    assert owed(stream, "monthly_contact", "2025-03-31") == []
    assert owed(stream, "monthly_contact", "2025-04-01") == [Owed("MQ-1", "2025-04-01", "2025-09-30", False)]


def test_a_half_year_of_study_abroad_can_be_waived():
    stream = studying_abroad()
    stream.command("waive-contact", "2025-02-10", "MQ-1", month="2025-03", reason="ILLNESS")
    assert owed(stream, "monthly_contact", "2025-06-30") == []
    assert owed(stream, "monthly_contact", "2025-07-01") == [Owed("MQ-1", "2025-07-01", "2025-12-31", False)]


def test_who_works_abroad_is_owed_a_contact_each_month_like_everybody():
    stream = member()
    stream.command("depart", "2025-01-06", destination={"abroad": True}, reason="WORK")
    assert months(stream, "2025-02-01") == {"MQ-1": ["2025-01", "2025-02"]}
