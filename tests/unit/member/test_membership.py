"""Suspended, restored, ended, and death: what each does, what it refuses, in whichever order it becomes known."""

from __future__ import annotations

from typing import Final

import pytest

from domain.errors import Invalid
from tests.unit.member.given import Owed, away, flags, member, owed, refused, settled, stage, state

PAPERS: Final = {"document": "〔2024〕3号", "meeting": "支部大会"}
WHY: Final = {**PAPERS, "reason": "测试"}


def test_a_suspension_is_looked_at_again_after_two_years_and_its_day_is_known_at_once():
    stream = member()
    stream.command("suspend-membership", "2024-02-29", **WHY)
    assert state(stream)["second_review_due"] == "2026-02-28"
    assert owed(stream, "second_review", "2026-02-27") == []
    assert owed(stream, "second_review", "2026-02-28") == [Owed("MQ-1", "2026-02-28", "2026-02-28", overdue=False)]
    assert owed(stream, "second_review", "2026-03-01") == [Owed("MQ-1", "2026-02-28", "2026-02-28", overdue=True)]


@pytest.mark.parametrize("verb", ["suspend-membership", "restore-membership", "end-membership", "record-death"])
@pytest.mark.parametrize("left", ["document", "meeting"])
def test_every_decision_names_its_document_and_its_meeting(verb: str, left: str):
    stream = member()
    with pytest.raises(Invalid) as caught:
        stream.command(verb, "2024-03-01", **{name: text for name, text in WHY.items() if name != left})
    assert [(fault.pointer, fault.code) for fault in caught.value.faults] == [(f"/{left}", "missing")]


def test_a_suspended_member_goes_on_being_away_and_is_owed_the_same():
    stream = settled()
    before = state(stream, "2025-03-31")["duties"]
    stream.command("suspend-membership", "2025-03-01", **WHY)
    assert state(stream, "2025-03-31")["duties"] == before
    assert stage(stream) == "settled"


def test_coming_home_does_not_end_the_second_review():
    stream = settled()
    stream.command("suspend-membership", "2025-01-10", **WHY)
    stream.command("return", "2025-02-01")
    stream.command("hold-return-education", "2025-02-10")
    assert owed(stream, "second_review", "2027-01-10") == [Owed("MQ-1", "2027-01-10", "2027-01-10", overdue=False)]


def test_a_death_on_the_way_closes_the_movement_and_ends_what_was_owed():
    stream = away("2025-05-28")
    stream.command("record-death", "2025-06-02", **PAPERS)
    assert (state(stream)["membership"], state(stream)["membership_since"]) == ("ended", "2025-06-02")
    assert state(stream)["movement"]["closed_reason"] == "DECEASED"
    assert state(stream)["duties"] == []
    assert state(stream, "2025-06-01")["membership"] == "active"


def test_after_the_end_nothing_more_is_possible_and_what_was_recorded_before_is_flagged():
    stream = settled()
    stream.command("record-contact", "2025-06-10", "CG-1", channel="VISIT")
    stream.command("record-death", "2025-06-02", **PAPERS)
    assert flags(stream) == {"contact_made": ["membership_over"]}
    assert state(stream)["clocks"]["last_contact_at"] == "2024-10-12"
    refused(stream, "membership_over", "check-in", "2025-06-03", region="620102", channel="CODE")
    refused(stream, "membership_over", "record-death", "2025-06-05", **PAPERS)
    refused(stream, "membership_over", "restore-membership", "2025-06-05", **PAPERS)


def test_what_was_owed_a_look_is_still_owed_it_after_the_end_and_can_be_confirmed():
    stream = settled()
    stream.command("record-contact", "2025-06-10", "CG-1", channel="VISIT")
    stream.command("end-membership", "2025-06-02", **WHY)
    flagged = next(iter(stream.state().flagged))
    assert [duty["kind"] for duty in state(stream)["duties"]] == ["look_at_flag"]
    stream.command("confirm-flag", "2025-06-20", event_id=flagged)
    assert state(stream)["duties"] == []


def test_a_void_brings_the_membership_back():
    stream = settled()
    death = stream.command("record-death", "2025-06-02", **PAPERS)
    stream.command("void-event", "2025-06-20", event_id=death.event_id, reason="同名误记")
    assert (state(stream)["membership"], stage(stream)) == ("active", "settled")


def test_a_lost_member_found_dead_is_lost_no_more():
    stream = away("2024-10-08")
    stream.command("declare-lost-contact", "2025-05-01", document="失联1号")
    stream.command("record-death", "2025-06-02", **PAPERS)
    assert state(stream)["lost_contact"] is False


def test_a_restoration_needs_a_suspension_on_its_day():
    stream = member()
    refused(stream, "not_suspended", "restore-membership", "2024-03-01", **PAPERS)
    stream.command("suspend-membership", "2024-03-01", **WHY)
    refused(stream, "not_suspended", "restore-membership", "2024-02-01", **PAPERS)
    refused(stream, "already_suspended", "suspend-membership", "2024-04-01", **WHY)
    stream.command("restore-membership", "2024-05-01", **PAPERS)
    assert (state(stream)["membership"], state(stream)["second_review_due"]) == ("active", None)
