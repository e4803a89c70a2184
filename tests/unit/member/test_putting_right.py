"""Corrections, voids, late and vague facts: the ledger is never rewritten, the state always told anew."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from domain.errors import Invalid
from domain.policy import PolicyAdopted
from tests.unit.member.given import (
    CHENGDU,
    LANZHOU,
    Owed,
    checked_in,
    country,
    flags,
    legs,
    member,
    owed,
    refused,
    settled,
    stage,
    state,
)


def test_a_corrected_date_moves_the_fact():
    stream = settled()
    back = stream.command("return", "2025-01-02")
    stream.command("correct-event", "2025-02-03", event_id=back.event_id, changes={"occurred_at": "2025-02-01"})
    assert stage(stream, "2025-01-15") == "settled"
    assert stage(stream, "2025-02-01") == "returned"
    assert stage_as_known(stream, "2025-01-15", back.position) == "returned"
    assert stream.facts[-2].occurred_at == "2025-01-02"


def test_a_corrected_region_moves_the_case():
    stream = checked_in()
    scan = stream.facts[-1]
    stream.command("correct-event", "2024-10-20", event_id=scan.event_id, changes={"region": CHENGDU})
    assert legs(stream)[0]["region"] == CHENGDU
    assert state(stream)["holder"] == "JJ"


def test_correcting_again_corrects_the_same_event_and_the_last_counts():
    stream = checked_in()
    scan = stream.facts[-1]
    first = stream.command("correct-event", "2024-10-20", event_id=scan.event_id, changes={"region": CHENGDU})
    stream.command("correct-event", "2024-10-21", event_id=first.event_id, changes={"region": "620602"})
    assert legs(stream)[0]["region"] == "620602"
    stream.command("correct-event", "2024-10-22", event_id=scan.event_id, changes={"occurred_at": "2024-10-13"})
    assert (legs(stream)[0]["region"], legs(stream)[0]["checked_in_at"]) == ("620602", "2024-10-13")


def test_voiding_a_correction_brings_back_what_it_corrected():
    stream = checked_in()
    scan = stream.facts[-1]
    correction = stream.command("correct-event", "2024-10-20", event_id=scan.event_id, changes={"region": CHENGDU})
    void = stream.command("void-event", "2024-10-21", event_id=correction.event_id)
    assert legs(stream)[0]["region"] == LANZHOU
    stream.command("void-event", "2024-10-22", event_id=void.event_id)
    assert legs(stream)[0]["region"] == CHENGDU


def test_a_check_in_booked_to_a_namesake_is_voided_and_the_clock_goes_back():
    stream = settled()
    wrong = stream.command("check-in", "2025-03-01", "CG", region=LANZHOU, channel="WORKER")
    assert state(stream)["clocks"]["last_contact_at"] == "2025-03-01"
    stream.command("void-event", "2025-03-02", event_id=wrong.event_id, reason="同名")
    assert state(stream)["clocks"]["last_contact_at"] == "2024-10-12"
    refused(stream, "already_voided", "void-event", "2025-03-03", event_id=wrong.event_id)


def test_voiding_what_others_rest_on_is_allowed_and_flags_them():
    stream = settled()
    scan = next(fact for fact in stream.facts if fact.fact == "checked_in")
    stream.command("void-event", "2024-11-01", event_id=scan.event_id)
    assert stage(stream) == "awaiting_check_in"
    assert flags(stream) == {"accepted": ["nothing_to_answer"]}
    assert [one.organisation for one in owed(stream, "look_at_flag", "2027-01-01")] == ["CG"]


def test_a_registration_is_corrected_and_never_voided():
    stream = member()
    registration = stream.facts[0]
    refused(stream, "registration_stands", "void-event", "2025-01-01", event_id=registration.event_id)
    stream.command("correct-event", "2025-01-01", event_id=registration.event_id, changes={"affiliation": "MQ-2"})
    assert state(stream, "2020-01-01")["affiliation"] == "MQ-2"


def test_an_event_that_the_member_does_not_have_is_not_found():
    changes: dict[str, Any] = {"changes": {"region": CHENGDU}}
    for verb, fields in (("void-event", {}), ("confirm-flag", {}), ("correct-event", changes)):
        with pytest.raises(Invalid) as caught:
            checked_in().command(verb, "2025-01-01", event_id="nobody-knows", **fields)
        assert [(fault.pointer, fault.code) for fault in caught.value.faults] == [("/event_id", "unknown_event")]


def test_a_correction_is_read_like_the_command_that_it_corrects():
    stream = checked_in()
    scan = stream.facts[-1]
    changes = {"region": "999999", "channel": "PIGEON", "branch": "CG-1", "occurred_at": "2031-01-01"}
    with pytest.raises(Invalid) as caught:
        stream.command("correct-event", "2024-10-20", event_id=scan.event_id, changes=changes)
    assert {(fault.pointer, fault.code) for fault in caught.value.faults} == {
        ("/changes/region", "unknown_region"),
        ("/changes/channel", "not_in_list"),
        ("/changes/branch", "unknown_field"),
        ("/changes/occurred_at", "in_the_future"),
    }


def test_a_void_or_a_confirmation_is_voided_rather_than_corrected():
    stream = checked_in()
    void = stream.command("void-event", "2024-10-20", event_id=stream.facts[-1].event_id)
    changes = {"occurred_at": "2024-10-19"}
    refused(stream, "not_correctable", "correct-event", "2024-10-21", event_id=void.event_id, changes=changes)


def test_a_departure_recorded_late_changes_the_past_as_true_and_not_as_known_then():
    stream = member()
    stream.command("record-contact", "2025-08-01", "MQ-1", channel="PHONE")
    known = stream.facts[-1].position
    stream.command("depart", "2025-05-20", destination={"region": LANZHOU})
    assert stage(stream, "2025-06-30") == "awaiting_check_in"
    assert stream.state("2025-06-30", known=known).movement is None


def test_a_fact_known_by_its_month_stands_at_its_first_day():
    stream = member()
    stream.command("depart", "2024-03", destination={"region": LANZHOU})
    assert stage(stream, "2024-03-01") == "awaiting_check_in"
    assert stage(stream, "2024-02-29") is None
    assert state(stream)["movement"]["departed_at"] == "2024-03"


def test_facts_of_one_day_stand_in_the_order_of_a_life():
    stream = member()
    stream.command("check-in", "2025-04-03", "CG", region=LANZHOU, channel="CODE")
    stream.command("depart", "2025-04-03", destination={"region": LANZHOU})
    stream.command("accept", "2025-04-03", "CG", branch="CG-1")
    stream.command("report-departure", "2025-04-03", destination={"region": LANZHOU})
    assert stage(stream) == "settled"
    assert flags(stream) == {}
    assert state(stream)["movement"]["departed_at"] == "2025-04-03"


def test_a_place_merged_into_another_is_answered_for_by_the_successor():
    stream = member()
    stream.command("check-in", "2019-05-01", "HZ", region="330103", channel="CODE")
    assert legs(stream)[0]["region"] == "330103"
    assert state(stream)["holder"] == "HZ-5"
    stream.command("accept", "2019-05-06", "HZ-5")
    stream.command("check-in", "2022-05-01", "HZ-5", region="330105", channel="CODE")
    assert stage(stream) == "settled"
    assert len(legs(stream)) == 1
    assert not state(stream)["needs_assignment"]


def test_a_place_split_needs_a_person_to_say_where_the_member_is():
    stream = member()
    stream.command("check-in", "2019-05-01", "HZ", region="330104", channel="CODE")
    assert owed(stream, "assign_region", "2021-04-08") == []
    assert not state(stream, "2021-04-08")["needs_assignment"]
    assert owed(stream, "assign_region", "2021-04-09") == [Owed("MQ-1", "2021-04-09", "2021-05-09", False)]
    assert state(stream, "2021-04-09")["needs_assignment"]
    refused(stream, "nothing_to_assign", "assign-region", "2021-04-08", region="330104")
    stream.command("assign-region", "2021-04-20", region="330114")
    assert legs(stream)[0]["region"] == "330114"
    assert owed(stream, "assign_region", "2021-04-20") == []


def test_a_place_split_is_assigned_to_one_of_what_it_became():
    stream = member()
    stream.command("check-in", "2019-05-01", "HZ", region="330104", channel="CODE")
    refused(stream, "not_a_successor", "assign-region", "2021-04-20", region=LANZHOU)


def test_a_probationary_member_is_confirmed_once():
    stream = member(category="PROBATIONARY")
    stream.command("confirm-as-full", "2025-01-10", document="支部大会1号")
    assert state(stream, "2025-01-09")["category"] == "PROBATIONARY"
    assert state(stream)["category"] == "FULL"
    refused(stream, "already_full", "confirm-as-full", "2025-02-10", document="支部大会2号")


@pytest.mark.parametrize(("on", "due_on"), [("2024-12-31", "2025-01-30"), ("2025-01-01", "2025-01-11")])
def test_a_figure_of_the_policy_applies_from_its_day(on, due_on):
    stream = member(reference=with_policy("620621", "2025-01-01", return_education_days=10))
    stream.command("depart", "2024-12-02")
    stream.command("return", on)
    assert owed(stream, "return_education", on)[0].due_on == due_on


@pytest.mark.parametrize(
    ("region", "due_on"), [("620102", "2025-03-06"), ("620000", "2025-03-06"), ("510104", "2025-03-17")]
)
def test_a_figure_of_the_policy_is_that_of_whoever_owes(region, due_on):
    stream = member(reference=with_policy(region, "2025-01-01", answer_check_in_workdays=3))
    stream.command("check-in", "2025-03-03", "CG", region=LANZHOU, channel="CODE")
    assert owed(stream, "answer_check_in", "2025-03-03")[0].due_on == due_on


def with_policy(region, effective_on, **figures):
    base = country()
    adopted = PolicyAdopted(region, effective_on, figures)
    return replace(base, policies=base.policies.with_adopted(adopted))


def stage_as_known(stream, on, position):
    movement = stream.state(on, known=position).movement
    return movement.stage if movement is not None else None
