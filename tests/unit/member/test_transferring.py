"""组织关系转接: letters, answers and receipts, and what moves with the affiliation."""

from __future__ import annotations

import pytest

from domain.errors import Invalid
from domain.member import events as e
from domain.member.transfer import events as t
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
    stage,
    state,
)


def requested(stream=None, on="2025-02-20", to="CG-1", **payload):
    stream = stream or member()
    stream.command("request-transfer", on, "MQ-1", to_organisation=to, **payload)
    return stream


def with_letter(stream=None, on="2025-03-01", to="CG-1", number="民组〔2025〕1号", **payload):
    stream = requested(stream, on, to)
    stream.command("approve-transfer", on, "MQ")
    stream.command("issue-transfer-letter", on, "MQ", letter_number=number, **payload)
    return stream


def accepted(stream=None, on="2025-03-20", to="CG-1"):
    stream = with_letter(stream, to=to)
    stream.command("accept-transfer", on, to, document="补记1号")
    return stream


def transfer(stream, on=None):
    return state(stream, on)["transfer"]


def test_the_affiliation_moves_at_acceptance_and_only_then():
    stream = accepted()
    assert [state(stream, on)["affiliation"] for on in ("2025-03-19", "2025-03-20")] == ["MQ-1", "CG-1"]
    assert state(stream)["responsible"] == "CG-1"


def test_a_transfer_shows_its_status_its_sides_and_its_letter():
    stream = requested(on="2025-02-20")
    stream.command("approve-transfer", "2025-02-24", "MQ")
    stream.command("issue-transfer-letter", "2025-03-01", "MQ", letter_number="民组〔2025〕1号")
    stream.command("accept-transfer", "2025-03-20", "CG-1", document="补记1号")
    stream.command("return-receipt", "2025-04-02", "CG-1")
    days = ("2025-02-19", "2025-02-20", "2025-02-24", "2025-03-01", "2025-03-20", "2025-04-02")
    assert [(transfer(stream, on) or {}).get("status") for on in days] == [
        None, "requested", "approved", "letter_issued", "accepted", "receipt_returned",
    ]  # fmt: skip
    shown = transfer(stream, "2025-03-01")
    assert (shown["from"], shown["to"], shown["letter_number"]) == ("MQ-1", "CG-1", "民组〔2025〕1号")
    assert (shown["valid_until"], shown["receipt_due"]) == ("2025-03-31", None)  # 30 days within one province
    assert transfer(stream)["receipt_due"] == "2025-04-20"


@pytest.mark.parametrize(
    ("to", "stated", "until"),
    [
        ("CG-1", None, "2025-02-09"),  # within the province: 30 days
        ("JJ-1", None, "2025-04-10"),  # across provinces: 90 days
        ("CG-1", 60, "2025-03-11"),
        ("JJ-1", 120, "2025-04-10"),  # never longer than three months
        ("JJ-1", 1, "2025-01-11"),
    ],
)
def test_a_letter_is_valid_for_its_days_or_three_months_whichever_ends_first(to, stated, until):
    stream = with_letter(on="2025-01-10", to=to, **({} if stated is None else {"valid_days": stated}))
    assert transfer(stream)["valid_until"] == until
    assert owed(stream, "accept_transfer", "2025-01-10") == [Owed(to, "2025-01-10", until, False)]


def test_three_months_are_clamped_to_the_end_of_a_month():
    stream = with_letter(on="2024-11-30", to="JJ-1", valid_days=100)
    assert transfer(stream)["valid_until"] == "2025-02-28"


def test_the_last_valid_day_counts_and_the_day_after_has_expired():
    stream = with_letter(on="2025-01-10", to="JJ-1", valid_days=90)
    assert [transfer(stream, on)["status"] for on in ("2025-04-10", "2025-04-11")] == ["letter_issued", "expired"]
    refused(stream, "letter_expired", "accept-transfer", "2025-04-11", "JJ-1", document="补记1号")
    assert owed(stream, "accept_transfer", "2025-04-11") == [Owed("JJ-1", "2025-01-10", "2025-04-10", True)]
    stream.command("accept-transfer", "2025-04-10T23:59:59+08:00", "JJ-1", document="补记1号")
    assert state(stream)["affiliation"] == "JJ-1"


def test_a_reissued_letter_voids_the_old_number_and_runs_anew():
    stream = with_letter(on="2025-01-10", to="JJ-1", number="旧1号")
    stream.command("reissue-transfer-letter", "2025-04-15", "MQ", letter_number="新2号", valid_days=30)
    shown = transfer(stream, "2025-04-15")
    assert (shown["status"], shown["letter_number"], shown["void_letters"]) == ("letter_issued", "新2号", ["旧1号"])
    assert shown["valid_until"] == "2025-05-15"
    assert owed(stream, "accept_transfer", "2025-04-15") == [Owed("JJ-1", "2025-04-15", "2025-05-15", False)]
    refused(stream, "letter_void", "accept-transfer", "2025-04-20", "JJ-1", letter_number="旧1号", document="补记1号")
    refused(stream, "letter_number_used", "reissue-transfer-letter", "2025-04-20", "MQ", letter_number="旧1号")
    stream.command("accept-transfer", "2025-04-20", "JJ-1", letter_number="新2号", document="补记1号")
    assert state(stream)["affiliation"] == "JJ-1"


def test_the_receipt_is_due_a_calendar_month_after_acceptance_and_ends_the_transfer():
    stream = accepted(on="2025-03-31")
    assert owed(stream, "accept_transfer", "2025-03-31") == []
    assert owed(stream, "return_receipt", "2025-03-31") == [Owed("CG-1", "2025-03-31", "2025-04-30", False)]
    refused(stream, "not_your_transfer", "return-receipt", "2025-04-01", "MQ-2")
    stream.command("return-receipt", "2025-04-01", "CG")
    assert owed(stream, "return_receipt", "2025-04-01") == []
    refused(stream, "no_receipt_owed", "return-receipt", "2025-04-02", "CG")


def test_each_step_waits_for_the_one_before():
    stream = member()
    refused(stream, "no_open_transfer", "approve-transfer", "2025-02-20", "MQ")
    refused(stream, "no_letter", "accept-transfer", "2025-02-20", "CG-1", document="补记1号")
    refused(stream, "no_receipt_owed", "return-receipt", "2025-02-20", "CG-1")
    requested(stream)
    refused(stream, "not_approved", "issue-transfer-letter", "2025-02-21", "MQ", letter_number="1号")
    refused(stream, "no_letter", "reissue-transfer-letter", "2025-02-21", "MQ", letter_number="1号")
    stream.command("approve-transfer", "2025-02-21", "MQ")
    refused(stream, "already_approved", "approve-transfer", "2025-02-22", "MQ")
    stream.command("issue-transfer-letter", "2025-02-22", "MQ", letter_number="1号")
    refused(stream, "letter_issued_already", "issue-transfer-letter", "2025-02-23", "MQ", letter_number="2号")


def test_a_member_has_one_open_transfer_at_most_and_owes_no_receipt_when_the_next_opens():
    stream = with_letter()
    refused(stream, "transfer_open", "request-transfer", "2025-03-02", "MQ-1", to_organisation="JJ-1")
    stream.command("accept-transfer", "2025-03-20", "CG-1", document="补记1号")
    refused(stream, "receipt_owed", "request-transfer", "2025-03-25", "CG-1", to_organisation="JJ-1")
    refused(stream, "already_affiliated", "request-transfer", "2025-02-01", "MQ-1", to_organisation="MQ-1")
    stream.command("return-receipt", "2025-03-26", "CG-1")
    stream.command("request-transfer", "2025-03-27", "CG-1", to_organisation="JJ-1")
    assert (transfer(stream)["from"], transfer(stream)["to"]) == ("CG-1", "JJ-1")


@pytest.mark.parametrize("end", ["reject-transfer", "withdraw-transfer"])
def test_what_was_rejected_or_withdrawn_leaves_the_origin_responsible_and_lets_another_begin(end):
    stream = with_letter()
    reason = {"reason": "WRONG_ADDRESSEE"} if end == "reject-transfer" else {}
    stream.command(end, "2025-03-05", "CG-1", **reason)
    assert state(stream)["affiliation"] == state(stream)["responsible"] == "MQ-1"
    assert owed(stream, "accept_transfer", "2025-03-05") == []
    refused(stream, "no_letter", "accept-transfer", "2025-03-06", "CG-1", document="补记1号")
    refused(stream, "no_open_transfer", end, "2025-03-06", "CG-1", **reason)
    requested(stream, "2025-03-07", "JJ-1")
    assert transfer(stream)["status"] == "requested"


def test_an_expired_letter_stands_in_nobodys_way():
    stream = with_letter(on="2025-01-10")
    requested(stream, "2025-03-01", "JJ-1")
    assert (transfer(stream)["status"], transfer(stream)["to"]) == ("requested", "JJ-1")
    assert owed(stream, "accept_transfer", "2025-03-01") == []


def test_only_the_addressee_answers_and_only_the_origin_lets_go():
    stream = requested()
    refused(stream, "not_your_transfer", "approve-transfer", "2025-02-21", "CG-1")
    refused(stream, "not_your_transfer", "withdraw-transfer", "2025-02-21", "JJ-1")
    stream.command("approve-transfer", "2025-02-21", "WW")
    refused(stream, "not_your_transfer", "issue-transfer-letter", "2025-02-22", "JJ", letter_number="1号")
    stream.command("issue-transfer-letter", "2025-02-22", "MQ", letter_number="1号")
    refused(stream, "not_addressed_here", "accept-transfer", "2025-02-23", "JJ-1", document="补记1号")
    refused(stream, "not_your_transfer", "reject-transfer", "2025-02-23", "MQ", reason="WRONG_ADDRESSEE")
    refused(stream, "not_your_transfer", "reissue-transfer-letter", "2025-02-23", "CG-1", letter_number="2号")
    stream.command("accept-transfer", "2025-02-23", "CG", document="补记1号")
    assert state(stream)["affiliation"] == "CG-1"


def test_either_side_and_the_member_may_ask_and_nobody_else():
    for organisation in ("MQ-1", "MQ", "CG-1", "CG", None):
        stream = member()
        stream.command("request-transfer", "2025-02-20", organisation, to_organisation="CG-1")
        assert transfer(stream)["from"] == "MQ-1"
    refused(member(), "not_your_transfer", "request-transfer", "2025-02-20", "JJ", to_organisation="CG-1")


def test_a_letter_to_a_committee_is_accepted_into_one_of_its_branches():
    stream = with_letter(to="CG")
    refused(stream, "not_below_the_addressee", "accept-transfer", "2025-03-20", "CG", branch="JJ-1", document="1号")
    stream.command("accept-transfer", "2025-03-20", "CG", branch="CG-1", document="补记1号")
    assert state(stream)["affiliation"] == "CG-1"
    assert owed(stream, "return_receipt", "2025-03-20") == [Owed("CG", "2025-03-20", "2025-04-20", False)]


def test_an_acceptance_recorded_more_than_three_days_late_needs_a_document():
    stream = with_letter(on="2027-12-20")
    with pytest.raises(Invalid) as caught:  # it is the last day of 2027
        stream.command("accept-transfer", "2027-12-27", "CG-1")
    assert [(fault.pointer, fault.code) for fault in caught.value.faults] == [("/document", "missing")]
    stream.command("accept-transfer", "2027-12-28", "CG-1")
    assert state(stream)["affiliation"] == "CG-1"


def test_a_temporary_relationship_moves_nothing():
    stream = settled()
    stream.command(
        "request-transfer", "2025-03-01", "MQ-1", to_organisation="CG-1", kind="TEMPORARY", until="2025-09-01"
    )
    stream.command("approve-transfer", "2025-03-01", "MQ")
    stream.command("issue-transfer-letter", "2025-03-01", "MQ", letter_number="临1号")
    stream.command("accept-transfer", "2025-03-03", "CG-1", document="补记1号")
    assert (state(stream)["affiliation"], stage(stream)) == ("MQ-1", "settled")
    assert (transfer(stream)["status"], transfer(stream)["until"]) == ("accepted", "2025-09-01")
    assert owed(stream, "return_receipt", "2025-03-03") == [Owed("CG-1", "2025-03-03", "2025-04-03", False)]


def test_a_temporary_relationship_lasts_six_months_at_most_and_a_formal_one_has_no_end():
    asked = {"to_organisation": "CG-1", "kind": "TEMPORARY"}
    refused(member(), "temporary_too_long", "request-transfer", "2024-08-31", "MQ-1", **asked, until="2025-03-01")
    member().command("request-transfer", "2024-08-31", "MQ-1", **asked, until="2025-02-28")
    with pytest.raises(Invalid):
        member().command("request-transfer", "2025-03-01", "MQ-1", to_organisation="CG-1", until="2025-09-01")


@pytest.mark.parametrize("to", ["CG-1", "CG-G"])
@pytest.mark.parametrize("arrived", [checked_in, settled])
def test_accepted_where_the_member_lives_the_movement_is_closed_as_transferred(arrived, to):
    stream = accepted(arrived(), to=to)
    movement = state(stream)["movement"]
    assert (movement["stage"], movement["closed_reason"]) == ("closed", "TRANSFERRED")
    assert {one["kind"] for one in state(stream)["duties"]} == {"return_receipt"}
    assert state(stream)["affiliation"] == state(stream)["responsible"] == to
    assert stage(stream, "2025-03-19") != "closed"
    assert stream.state().movement.leg.ended_how == "transferred"


def test_an_organisation_stationed_where_the_member_lives_closes_the_movement_too():
    stream = checked_in(at=CHENGDU)
    accepted(stream, to="MQ-AWAY")
    assert state(stream)["movement"]["closed_reason"] == "TRANSFERRED"


def test_accepted_anywhere_else_the_movement_goes_on_and_the_origins_duties_change_hands():
    stream = accepted(settled(), to="JJ-1")
    assert stage(stream) == "settled"
    assert (state(stream)["affiliation"], state(stream)["responsible"]) == ("JJ-1", "CG-1")
    assert state(stream)["movement"]["origin"]["organisation"] == "MQ-1"
    owed_months = ["2024-10", "2024-11", "2024-12", "2025-01", "2025-02", "2025-03"]
    assert months(stream, "2025-03-19") == {"MQ-1": owed_months, "CG-1": owed_months}
    assert months(stream, "2025-03-20") == {"JJ-1": owed_months, "CG-1": owed_months}
    assert owed(stream, "lost_contact_review", "2025-05-01")[0].organisation == "JJ-1"
    stream.command("record-contact", "2025-03-25", "JJ-1", channel="PHONE")
    assert set(months(stream, "2025-03-31")) == {"CG-1"}


def test_while_only_reported_or_awaited_the_affiliation_moves_all_the_same():
    reported = member()
    reported.command("report-departure", "2025-02-01", destination={"region": LANZHOU}, departs_on="2025-04-01")
    awaited = away("2025-02-10", to=LANZHOU)
    for stream, kind, was in ((reported, "pre_departure_talk", "reported"), (awaited, "prompt_check_in", None)):
        accepted(stream)
        assert stage(stream) == (was or "awaiting_check_in")
        assert owed(stream, kind, "2025-03-19")[0].organisation == "MQ-1"
        assert owed(stream, kind, "2025-03-20")[0].organisation == "CG-1"
    assert owed(awaited, "escalate_check_in", "2025-03-19")[0].organisation == "MQ"
    assert owed(awaited, "escalate_check_in", "2025-03-20")[0].organisation == "CG-G"


def test_a_check_in_where_the_new_home_is_closes_the_movement_that_went_on():
    stream = accepted(away("2025-02-10", to=LANZHOU))
    stream.command("check-in", "2025-03-28", "CG", region=LANZHOU, channel="WORKER")
    movement = state(stream)["movement"]
    assert (movement["stage"], movement["closed_reason"]) == ("closed", "TRANSFERRED")
    assert movement["legs"][0]["checked_in_at"] == "2025-03-28"
    assert {one["kind"] for one in state(stream)["duties"]} == {"return_receipt"}
    assert state(stream)["responsible"] == "CG-1"


def test_whom_the_new_home_has_accepted_is_lost_no_more():
    stream = settled("2024-01-08", "2024-01-12", "2024-01-14")
    stream.command("declare-lost-contact", "2024-08-01", "MQ-1", document="民组〔2024〕8号")
    with_letter(stream, on="2025-03-01", to="CG-1")
    assert state(stream)["lost_contact"] is True
    stream.command("accept-transfer", "2025-03-20", "CG-1", document="补记1号")
    assert state(stream)["lost_contact"] is False
    assert state(stream, "2025-03-19")["lost_contact"] is True


def test_a_check_in_elsewhere_leaves_it_open():
    stream = accepted(away("2025-02-10", to=LANZHOU))
    stream.command("check-in", "2025-03-28", "JJ", region=CHENGDU, channel="WORKER")
    assert (stage(stream), state(stream)["holder"], state(stream)["responsible"]) == ("checked_in", "JJ", "CG-1")


def test_at_home_again_the_education_is_the_new_affiliations():
    stream = settled()
    stream.command("return", "2025-03-10", "MQ-1")
    accepted(stream)
    assert stage(stream) == "returned"
    assert owed(stream, "return_education", "2025-03-20") == [Owed("CG-1", "2025-03-10", "2025-04-09", False)]


def test_duties_of_a_transfer_outlive_the_movement():
    stream = with_letter(settled(), to="JJ-1")
    stream.command("return", "2025-03-05", "MQ-1")
    stream.command("hold-return-education", "2025-03-06", "MQ-1")
    assert owed(stream, "accept_transfer", "2025-03-06") == [Owed("JJ-1", "2025-03-01", "2025-05-30", False)]


def test_a_letter_recorded_late_is_decided_on_its_day_and_an_acceptance_before_it_is_refused():
    stream = requested(on="2025-02-20")
    stream.command("approve-transfer", "2025-02-21", "MQ")
    refused(stream, "no_letter", "accept-transfer", "2025-03-20", "CG-1", document="补记1号")
    stream.command("issue-transfer-letter", "2025-03-01", "MQ", letter_number="1号")
    refused(stream, "no_letter", "accept-transfer", "2025-02-28", "CG-1", document="补记1号")
    stream.command("accept-transfer", "2025-03-20", "CG-1", document="补记1号")
    assert state(stream)["affiliation"] == "CG-1"


def test_voiding_the_letter_takes_the_affiliation_back_and_flags_the_acceptance():
    stream = accepted(settled())
    letter = next(fact for fact in stream.facts if isinstance(fact.body, t.TransferLetterIssued))
    stream.command("void-event", "2025-04-01", "MQ", event_id=letter.event_id)
    assert (state(stream)["affiliation"], stage(stream)) == ("MQ-1", "settled")
    assert flags(stream) == {"transfer_accepted": ["no_letter"]}
    assert owed(stream, "return_receipt", "2025-04-01") == []


def test_an_acceptance_corrected_to_a_day_after_the_last_is_flagged_and_moves_nothing():
    stream = accepted()
    acceptance = next(fact for fact in stream.facts if isinstance(fact.body, t.TransferAccepted))
    stream.command(
        "correct-event", "2025-05-01", "CG-1", event_id=acceptance.event_id, changes={"occurred_at": "2025-04-01"}
    )
    assert state(stream)["affiliation"] == "MQ-1"
    assert flags(stream) == {"transfer_accepted": ["letter_expired"]}


def test_a_departure_after_the_transfer_has_the_new_home_as_its_origin():
    stream = accepted()
    stream.command("depart", "2025-05-01", "CG-1", destination={"region": CHENGDU})
    assert state(stream)["movement"]["origin"] == {"organisation": "CG-1", "region": "620102"}
    assert isinstance(stream.facts[-1].body, e.Departed)
