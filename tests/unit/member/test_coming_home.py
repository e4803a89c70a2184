"""Return, education, and movements that end otherwise."""

from __future__ import annotations

import pytest

from domain.times import day_start_us, parse_occurred
from tests.model.recording import Stream
from tests.unit.member.given import (
    CHENGDU,
    LANZHOU,
    Owed,
    away,
    checked_in,
    flags,
    legs,
    member,
    owed,
    refused,
    settled,
    stage,
    state,
)


def test_a_reported_return_changes_the_view_and_not_the_stage():
    stream = settled()
    stream.command("report-return", "2025-01-05", expected_on="2025-01-20")
    movement = state(stream)["movement"]
    assert (movement["view"], movement["stage"], movement["expected_return_on"]) == ("return", "settled", "2025-01-20")
    assert state(stream, "2025-01-04")["movement"]["view"] == "in_transit"
    refused(member(), "not_away", "report-return", "2025-01-05")


@pytest.mark.parametrize("before", [away, checked_in, settled])
def test_a_member_returns_from_any_stage_away(before):
    stream = before()
    stream.command("return", "2025-01-20")
    movement = state(stream)["movement"]
    assert (movement["stage"], movement["view"], movement["returned_at"]) == ("returned", "return", "2025-01-20")
    assert state(stream)["responsible"] == "MQ-1"


def test_nobody_returns_who_has_not_left():
    stream = member()
    refused(stream, "not_away", "return", "2025-01-20")
    stream.command("report-departure", "2025-01-01", destination={"region": LANZHOU})
    refused(stream, "not_away", "return", "2025-01-20")


def test_education_is_owed_by_the_affiliation_within_thirty_days():
    stream = settled()
    stream.command("return", "2025-01-20")
    assert owed(stream, "return_education", "2025-01-20") == [Owed("MQ-1", "2025-01-20", "2025-02-19", False)]
    assert owed(stream, "return_education", "2025-02-20")[0].overdue


def test_education_held_or_waived_closes_the_movement_as_returned():
    for verb, fields in (
        ("hold-return-education", {"by": "书记"}),
        ("waive-return-education", {"reason": "SHORT_STAY"}),
    ):
        stream = settled()
        refused(stream, "not_returned", verb, "2025-01-19", **fields)
        stream.command("return", "2025-01-20")
        stream.command(verb, "2025-01-25", **fields)
        movement = state(stream)["movement"]
        assert (movement["stage"], movement["closed_reason"], movement["view"]) == ("closed", "RETURNED", None)
        assert state(stream)["duties"] == []


def test_the_normal_loop_leaves_nothing_overdue():
    stream = member()
    stream.command("report-departure", "2024-10-08", destination={"region": LANZHOU})
    stream.command("hold-pre-departure-talk", "2024-10-08")
    stream.command("check-in", "2024-10-12", "CG", region=LANZHOU, channel="CODE")
    stream.command("accept", "2024-10-14", "CG", branch="CG-1")
    for month in ("2024-10-20", "2024-11-20", "2024-12-20", "2025-01-10"):
        stream.command("record-contact", month, "MQ-1", channel="PHONE")
        stream.command("record-contact", month, "CG-1", channel="PHONE")
        assert not any(duty["overdue"] for duty in state(stream, month)["duties"])
    stream.command("return", "2025-01-20")
    stream.command("hold-return-education", "2025-01-25")
    assert state(stream)["duties"] == []
    assert state(stream)["flags"] == []


@pytest.mark.parametrize("reason", ["STAYED_AWAY_TRANSFERRED", "DECEASED", "MEMBERSHIP_ENDED", "RECORDED_IN_ERROR"])
def test_a_movement_is_closed_for_a_reason_from_any_open_stage(reason):
    reported = member()
    reported.command("report-departure", "2024-10-08", destination={"region": LANZHOU})
    returned = settled()
    returned.command("return", "2025-01-05")
    for stream in (reported, away(), checked_in(), settled(), returned):
        stream.command("close-movement", "2025-01-10", reason=reason)
        assert state(stream)["movement"]["closed_reason"] == reason
        assert state(stream)["duties"] == []
        refused(stream, "no_open_movement", "close-movement", "2025-01-11", reason=reason)


def test_after_the_end_a_new_movement_may_begin():
    stream = settled()
    stream.command("return", "2025-01-20")
    stream.command("hold-return-education", "2025-01-25")
    first = state(stream)["movement"]["movement_id"]
    stream.command("depart", "2025-03-01", destination={"region": CHENGDU})
    assert state(stream)["movement"]["movement_id"] != first
    assert len(legs(stream)) == 1


def test_a_silent_return_found_out_later_flags_the_contacts_in_between():
    stream = settled("2025-03-01", "2025-03-03", "2025-03-05")
    before = stream.command("record-contact", "2025-07-20", "CG-1", channel="PHONE")
    between = stream.command("record-contact", "2025-08-20", "CG-1", channel="PHONE")
    stream.command("return", "2025-08-01")
    state_now = stream.state()
    assert before.event_id not in state_now.flagged
    assert state_now.flagged[between.event_id] == ["after_return"]
    assert [one.organisation for one in owed(stream, "look_at_flag", "2027-01-01")] == ["CG-1"]
    assert stage(stream, "2025-07-31") == "settled"
    assert stage(stream, "2025-08-02") == "returned"


def test_a_flag_is_looked_at_within_ten_workdays_of_becoming_known():
    stream = settled("2025-03-01", "2025-03-03", "2025-03-05")
    stream.command("record-contact", "2025-08-20", "CG-1", channel="PHONE")
    recorded_at_once(stream)
    stream.recorded_us = _at("2025-09-15")
    stream.command("return", "2025-08-01")
    assert owed(stream, "look_at_flag", "2025-09-14") == []
    assert owed(stream, "look_at_flag", "2025-09-15") == [Owed("CG-1", "2025-09-15", "2025-09-28", False)]


def test_a_flag_made_by_a_void_is_looked_at_from_the_void_on():
    stream = away("2025-03-01")
    scan = stream.command("check-in", "2025-03-03", "CG", region=LANZHOU, channel="CODE")
    stream.command("accept", "2025-03-05", "CG")
    recorded_at_once(stream)
    stream.recorded_us = _at("2025-09-15")
    stream.command("void-event", "2025-09-15", event_id=scan.event_id)
    assert flags(stream) == {"accepted": ["nothing_to_answer"]}
    assert owed(stream, "look_at_flag", "2025-09-15") == [Owed("CG", "2025-09-15", "2025-09-28", False)]


def test_a_confirmed_flag_is_looked_at_no_more_and_still_told():
    stream = settled("2025-03-01", "2025-03-03", "2025-03-05")
    contact = stream.command("record-contact", "2025-08-20", "CG-1", channel="PHONE")
    stream.command("return", "2025-08-01")
    stream.command("confirm-flag", "2026-10-01", "CG-1", event_id=contact.event_id)
    assert owed(stream, "look_at_flag", "2027-01-01") == []
    assert flags(stream) == {"contact_made": ["after_return"]}
    assert state(stream)["flags"] == []
    refused(stream, "no_flag", "confirm-flag", "2026-10-02", "CG-1", event_id=contact.event_id)


def test_a_check_in_after_the_return_begins_a_new_leg_and_is_flagged():
    stream = settled()
    stream.command("return", "2025-01-20")
    stream.command("check-in", "2025-02-01", "JJ", region=CHENGDU, channel="CODE")
    assert stage(stream) == "checked_in"
    assert len(legs(stream)) == 2
    assert flags(stream) == {"checked_in": ["after_return"]}
    assert owed(stream, "return_education", "2025-02-01") == []
    assert owed(stream, "monthly_contact", "2025-02-01")[0].since == "2025-02-01"


def test_a_flag_made_by_a_corrected_date_is_looked_at_from_the_correction_on():
    stream = checked_in("2025-03-01", "2025-03-03")
    stream.command("accept", "2025-03-05", "CG")
    recorded_at_once(stream)
    stream.recorded_us = _at("2025-09-15")
    stream.command(
        "correct-event", "2025-09-15", event_id=stream.facts[-2].event_id, changes={"occurred_at": "2025-03-20"}
    )
    assert flags(stream) == {"accepted": ["nothing_to_answer"]}
    assert owed(stream, "look_at_flag", "2025-09-15") == [Owed("CG", "2025-09-15", "2025-09-28", False)]


def recorded_at_once(stream: Stream) -> None:
    """Let every fact so far have been recorded when it happened."""
    for fact in stream.facts:
        fact.recorded_us = max(fact.when, 0)


def _at(day: str) -> int:
    return day_start_us(parse_occurred(day).day) + 3_600_000_000
