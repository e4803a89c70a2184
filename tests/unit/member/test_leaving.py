"""From the report of a departure to the first check-in."""

from __future__ import annotations

from tests.unit.member.given import (
    CHENGDU,
    HOME,
    KUNSHAN,
    LANZHOU,
    Owed,
    away,
    checked_in,
    legs,
    member,
    owed,
    refused,
    settled,
    stage,
    state,
)


def test_a_report_opens_a_movement_with_its_declared_destination():
    stream = member()
    report = stream.command("report-departure", "2024-10-08", destination={"region": LANZHOU}, reason="WORK")
    movement = state(stream)["movement"]
    assert (movement["stage"], movement["view"]) == ("reported", "pre_departure")
    assert movement["movement_id"] == report.event_id
    assert movement["origin"] == {"organisation": "MQ-1", "region": HOME}
    assert legs(stream)[0]["declared_region"] == LANZHOU


def test_the_destination_may_be_unknown_or_abroad():
    for destination in ({"unknown": True}, {"abroad": True}):
        stream = member()
        stream.command("report-departure", "2024-10-08", destination=destination)
        assert legs(stream)[0]["declared"] == destination
        assert legs(stream)[0]["declared_region"] is None


def test_a_talk_is_owed_by_the_branch_until_the_planned_day_of_departure():
    stream = member()
    stream.command("report-departure", "2024-10-08", destination={"region": LANZHOU}, departs_on="2024-10-12")
    assert owed(stream, "pre_departure_talk", "2024-10-12") == [Owed("MQ-1", "2024-10-08", "2024-10-12", False)]
    assert owed(stream, "pre_departure_talk", "2024-10-13") == [Owed("MQ-1", "2024-10-08", "2024-10-12", True)]


def test_a_talk_that_was_held_or_waived_is_owed_no_more():
    for verb, fields in (("hold-pre-departure-talk", {}), ("waive-pre-departure-talk", {"reason": "ILLNESS"})):
        stream = member()
        stream.command("report-departure", "2024-10-08", destination={"region": LANZHOU}, departs_on="2024-10-12")
        stream.command(verb, "2024-10-09", **fields)
        assert owed(stream, "pre_departure_talk", "2024-10-09") == []
        assert len(owed(stream, "pre_departure_talk", "2024-10-08")) == 1


def test_a_departure_found_out_afterwards_owes_no_talk():
    stream = member()
    stream.command("report-departure", "2024-10-08", destination={"region": LANZHOU}, departs_on="2024-09-20")
    assert owed(stream, "pre_departure_talk", "2024-10-08") == []
    assert owed(stream, "confirm_departure", "2024-10-08") == [Owed("MQ-1", "2024-10-08", "2024-10-15", False)]


def test_a_departure_without_a_report_opens_the_movement_and_owes_no_talk():
    stream = member()
    stream.command("depart", "2024-10-08", destination={"region": LANZHOU})
    assert stage(stream) == "awaiting_check_in"
    assert legs(stream)[0]["declared_region"] == LANZHOU
    assert owed(stream, "pre_departure_talk", "2024-10-09") == []
    stream.command("waive-pre-departure-talk", "2024-10-10", reason="FOUND_OUT_LATER")


def test_a_report_of_a_departure_already_known_joins_it_and_is_taken_once():
    stream = member()
    left = stream.command("depart", "2025-05-20")
    stream.command("report-departure", "2025-09-01", destination={"region": LANZHOU}, departs_on="2025-05-20")
    movement = state(stream)["movement"]
    assert movement["movement_id"] == left.event_id
    assert movement["stage"] == "awaiting_check_in"
    assert movement["legs"][0]["declared_region"] == LANZHOU
    assert state(stream)["flags"] == []
    refused(stream, "movement_open", "report-departure", "2025-09-02", destination={"region": CHENGDU})


def test_a_departure_recorded_after_the_report_that_found_it_out_stands_before_it():
    stream = member()
    stream.command("report-departure", "2025-09-01", destination={"region": LANZHOU}, departs_on="2025-05-20")
    stream.command("depart", "2025-05-20")
    assert stage(stream, "2025-06-30") == "awaiting_check_in"
    assert stage(stream) == "awaiting_check_in"
    assert state(stream)["flags"] == []
    assert owed(stream, "confirm_departure", "2025-09-30") == []


def test_a_second_plan_is_refused_while_a_movement_is_open():
    stream = away()
    refused(stream, "movement_open", "report-departure", "2024-11-01", destination={"region": CHENGDU})
    unreported = member()
    unreported.command("depart", "2024-10-08")
    refused(
        unreported, "movement_open", "report-departure", "2024-11-01",
        destination={"region": CHENGDU}, departs_on="2024-11-05",
    )  # fmt: skip


def test_once_the_planned_day_has_passed_the_departure_is_to_be_confirmed_within_seven_days():
    stream = member()
    stream.command("report-departure", "2024-10-01", destination={"region": LANZHOU}, departs_on="2024-10-12")
    assert owed(stream, "confirm_departure", "2024-10-12") == []
    assert owed(stream, "confirm_departure", "2024-10-13") == [Owed("MQ-1", "2024-10-13", "2024-10-20", False)]
    assert owed(stream, "confirm_departure", "2024-10-21")[0].overdue
    stream.command("depart", "2024-10-22")
    assert owed(stream, "confirm_departure", "2024-10-22") == []


def test_cancelling_ends_the_movement_and_all_that_was_owed_for_it():
    stream = member()
    stream.command("report-departure", "2024-10-01", destination={"region": LANZHOU}, departs_on="2024-10-12")
    stream.command("cancel-departure", "2024-10-14", reason="不走了")
    assert state(stream)["movement"]["closed_reason"] == "CANCELLED"
    assert state(stream)["duties"] == []
    refused(away(), "already_departed", "cancel-departure", "2024-10-20")
    refused(member(), "no_open_movement", "cancel-departure", "2024-10-20")


def test_leaving_twice_is_refused():
    refused(away(), "already_departed", "depart", "2024-10-20")
    stream = settled()
    stream.command("return", "2025-01-20")
    refused(stream, "movement_open", "depart", "2025-01-25")


def test_after_leaving_a_prompt_is_owed_within_seven_days():
    stream = away()
    assert owed(stream, "prompt_check_in", "2024-10-08") == [Owed("MQ-1", "2024-10-08", "2024-10-15", False)]
    assert owed(stream, "prompt_check_in", "2024-10-16")[0].overdue
    stream.command("prompt-check-in", "2024-10-16", channel="MESSAGE")
    assert owed(stream, "prompt_check_in", "2024-10-16") == []


def test_a_check_in_needs_no_prompt_any_more():
    stream = checked_in()
    assert owed(stream, "prompt_check_in", "2024-10-12") == []
    refused(stream, "nothing_to_prompt", "prompt-check-in", "2024-10-13")


def test_thirty_days_without_a_check_in_are_the_matter_of_the_organisation_above_the_origin():
    stream = away()
    assert owed(stream, "escalate_check_in", "2024-11-06") == []
    assert owed(stream, "escalate_check_in", "2024-11-07") == [Owed("MQ", "2024-11-07", "2024-11-21", False)]
    assert owed(stream, "escalate_check_in", "2024-11-22")[0].overdue


def test_an_escalation_ends_with_a_check_in_a_changed_destination_or_a_return():
    for verb, fields in (
        ("check-in", {"region": CHENGDU, "channel": "CODE"}),
        ("change-destination", {"destination": {"region": CHENGDU}}),
        ("return", {}),
    ):
        stream = away()
        stream.command(verb, "2024-11-10", **fields)
        assert len(owed(stream, "escalate_check_in", "2024-11-09")) == 1
        assert owed(stream, "escalate_check_in", "2024-11-30") == []


def test_a_destination_changed_early_does_not_silence_the_escalation_to_come():
    stream = away()
    stream.command("change-destination", "2024-10-10", destination={"region": CHENGDU})
    assert owed(stream, "escalate_check_in", "2024-11-07") == [Owed("MQ", "2024-11-07", "2024-11-21", False)]


def test_the_destination_can_be_changed_until_somebody_sees_the_member():
    stream = away()
    stream.command("change-destination", "2024-10-09", destination={"region": CHENGDU})
    assert legs(stream)[0]["declared_region"] == CHENGDU
    refused(checked_in(), "already_checked_in", "change-destination", "2024-10-20", destination={"region": CHENGDU})
    refused(member(), "no_open_movement", "change-destination", "2024-10-20", destination={"region": CHENGDU})


def test_a_check_in_with_no_movement_opens_one_and_asks_for_the_departure():
    stream = member()
    stream.command("check-in", "2025-04-03", "CG", region=LANZHOU, channel="CODE")
    movement = state(stream)["movement"]
    assert (movement["stage"], movement["departed_at"]) == ("checked_in", None)
    assert state(stream)["holder"] == "CG"
    assert owed(stream, "confirm_departure", "2025-04-03") == [Owed("MQ-1", "2025-04-03", "2025-04-10", False)]


def test_a_departure_found_later_joins_the_movement_that_a_check_in_opened():
    late = member()
    scan = late.command("check-in", "2025-04-03", "CG", region=LANZHOU, channel="CODE")
    late.command("depart", "2025-04-01", destination={"region": LANZHOU})
    in_order = member()
    in_order.command("depart", "2025-04-01", destination={"region": LANZHOU})
    in_order.command("check-in", "2025-04-03", "CG", region=LANZHOU, channel="CODE")
    assert state(late)["movement"]["movement_id"] == scan.event_id
    assert {**state(late)["movement"], "movement_id": ""} == {**state(in_order)["movement"], "movement_id": ""}
    assert owed(late, "confirm_departure", "2025-04-03") == []


def test_a_check_in_from_reported_implies_the_departure():
    stream = member()
    stream.command("report-departure", "2024-10-08", destination={"region": LANZHOU}, departs_on="2024-10-20")
    stream.command("check-in", "2024-10-12", "CG", region=LANZHOU, channel="WORKER")
    assert state(stream)["movement"]["departed_at"] == "2024-10-12"
    assert stage(stream) == "checked_in"
    assert owed(stream, "confirm_departure", "2024-10-30") == []


def test_a_check_in_elsewhere_than_declared_is_a_fact_and_that_place_holds_the_case():
    stream = away()
    stream.command("check-in", "2024-10-12", "JJ", region=CHENGDU, channel="CODE")
    leg = legs(stream)[0]
    assert (leg["declared_region"], leg["region"]) == (LANZHOU, CHENGDU)
    assert len(legs(stream)) == 1
    assert state(stream)["holder"] == "JJ"
    assert state(stream)["flags"] == []


def test_a_second_check_in_elsewhere_before_acceptance_moves_the_case_within_the_leg():
    stream = checked_in()
    stream.command("check-in", "2024-10-20", "JJ", region=CHENGDU, channel="CODE")
    assert [leg["region"] for leg in legs(stream)] == [CHENGDU]
    assert state(stream)["holder"] == "JJ"
    assert owed(stream, "answer_check_in", "2024-10-20") == [Owed("JJ", "2024-10-20", "2024-11-01", False)]


def test_a_place_without_an_organisation_is_held_by_the_one_around_it():
    stream = away()
    stream.command("check-in", "2024-10-12", "WW", region="620602", channel="CODE")
    assert state(stream)["holder"] == "WW"


def test_a_check_in_at_the_same_place_again_counts_as_a_contact():
    stream = settled()
    stream.command("check-in", "2024-11-12", "CG", region=LANZHOU, channel="CODE")
    assert stage(stream) == "settled"
    assert len(legs(stream)) == 1
    assert state(stream)["clocks"]["last_contact_at"] == "2024-11-12"


def test_a_street_of_the_same_county_is_the_same_place():
    stream = settled()
    stream.command("check-in", "2024-11-12", "CG", region=f"{LANZHOU}001", channel="CODE")
    assert stage(stream) == "settled"


def test_a_check_in_elsewhere_after_settling_moves_onward_and_checks_in_at_once():
    stream = settled()
    stream.command("check-in", "2025-02-01", "JJ", region=CHENGDU, channel="CODE")
    assert stage(stream) == "checked_in"
    assert [leg["region"] for leg in legs(stream)] == [LANZHOU, CHENGDU]
    assert state(stream)["responsible"] == "MQ-1"
    assert owed(stream, "prompt_check_in", "2025-02-02") == []


def test_moving_onward_begins_a_leg_and_asks_for_a_prompt_again():
    stream = settled()
    stream.command("move-onward", "2025-02-01", destination={"region": CHENGDU})
    assert stage(stream) == "awaiting_check_in"
    assert [leg["declared_region"] for leg in legs(stream)] == [LANZHOU, CHENGDU]
    assert state(stream)["responsible"] == "MQ-1"
    assert owed(stream, "prompt_check_in", "2025-02-01") == [Owed("MQ-1", "2025-02-01", "2025-02-08", False)]
    assert owed(stream, "escalate_check_in", "2025-03-03")[0].since == "2025-03-03"
    refused(away(), "not_checked_in", "move-onward", "2024-10-20", destination={"region": CHENGDU})


def test_nobody_moves_before_being_affiliated():
    stream = member(since="2025-01-01")
    refused(stream, "not_yet_affiliated", "report-departure", "2024-12-31", destination={"region": KUNSHAN})
    refused(stream, "not_yet_affiliated", "depart", "2024-12-31")
    stream.command("check-in", "2024-12-31", "CG", region=LANZHOU, channel="CODE")
    assert state(stream)["flags"] == ["not_yet_affiliated"]
    assert state(stream)["movement"]["origin"]["organisation"] == "MQ-1"
    assert state(stream, "2024-12-31")["affiliation"] is None
