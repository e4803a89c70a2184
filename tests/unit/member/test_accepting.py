"""Who takes responsibility at the destination: answers, claims, declines, placements."""

from __future__ import annotations

import pytest

from domain.member import events as e
from tests.model.dissolutions import dissolution
from tests.unit.member.given import (
    CHENGDU,
    KUNSHAN,
    LANZHOU,
    WUZHONG,
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


def contested():
    """Declared for 吴中, scanned in 昆山; 昆山 accepts first, 吴中 second."""
    stream = away("2025-06-10", to=WUZHONG)
    stream.command("check-in", "2025-06-12", "KS", region=KUNSHAN, channel="CODE")
    stream.command("accept", "2025-06-16T09:00:00+08:00", "KS", branch="KS-1")
    claim = stream.command("accept", "2025-06-16T15:00:00+08:00", "WZ")
    return stream, claim


def test_the_holder_answers_a_check_in_within_ten_workdays():
    stream = checked_in("2025-09-20", "2025-09-26")
    # National Day 2025 is free from 1 to 8 October; 28 September and 11 October are worked.
    assert owed(stream, "answer_check_in", "2025-09-26") == [Owed("CG", "2025-09-26", "2025-10-16", False)]
    assert not owed(stream, "answer_check_in", "2025-10-16")[0].overdue
    assert owed(stream, "answer_check_in", "2025-10-17")[0].overdue


def test_an_acceptance_makes_the_branch_responsible_and_answers_the_check_in():
    stream = settled()
    assert stage(stream) == "settled"
    assert state(stream)["responsible"] == "CG-1"
    assert state(stream)["affiliation"] == "MQ-1"
    assert state(stream)["holder"] is None
    assert owed(stream, "answer_check_in", "2024-10-14") == []
    assert legs(stream)[0]["accepted_by"] == "CG"


def test_the_origin_is_responsible_until_the_acceptance():
    stream = settled()
    assert state(stream, "2024-10-13")["responsible"] == "MQ-1"


def test_an_acceptance_by_other_than_a_branch_owes_a_placement_in_ten_workdays():
    stream = checked_in()
    stream.command("accept", "2024-10-14", "CG")
    assert owed(stream, "place_in_branch", "2024-10-14") == [Owed("CG", "2024-10-14", "2024-10-28", False)]
    stream.command("place-in-branch", "2024-10-20", "CG", branch="CG-1", kind="RESIDENCE", preferred_kind="INDUSTRY")
    assert owed(stream, "place_in_branch", "2024-10-20") == []
    assert state(stream)["responsible"] == "CG-1"
    assert (legs(stream)[0]["placement"], legs(stream)[0]["preferred_kind"]) == ("RESIDENCE", "INDUSTRY")


def test_an_acceptance_by_a_branch_owes_no_placement():
    assert owed(settled(), "place_in_branch", "2024-10-20") == []


def test_placing_in_another_branch_moves_responsibility():
    stream = settled()
    stream.command("place-in-branch", "2024-11-01", "CG", branch="CG-G", kind="WORKPLACE")
    assert state(stream)["responsible"] == "CG-G"
    assert state(stream, "2024-10-31")["responsible"] == "CG-1"


def test_there_is_nothing_to_answer_without_a_check_in():
    for stream in (member(), away(), settled()):
        refused(stream, "nothing_to_answer", "accept", "2024-10-20", "CG")
        refused(stream, "nothing_to_answer", "decline", "2024-10-20", "CG", reason="NOT_HERE")


def test_only_who_has_to_do_with_the_place_answers():
    stream = checked_in()
    refused(stream, "not_your_case", "accept", "2024-10-14", "JJ")
    refused(stream, "not_your_case", "decline", "2024-10-14", "JJ", reason="NOT_HERE")
    stream.command("accept", "2024-10-14", "LZ")
    refused(stream, "not_your_case", "place-in-branch", "2024-10-15", "JJ", branch="JJ-1", kind="RESIDENCE")


def test_an_organisation_stationed_in_the_place_may_accept():
    stream = away(to=CHENGDU)
    stream.command("check-in", "2024-10-12", "JJ", region=CHENGDU, channel="CODE")
    stream.command("accept", "2024-10-14", "MQ-AWAY")
    assert state(stream)["responsible"] == "MQ-AWAY"


def test_its_fallback_placement_of_a_member_whom_nobody_accepted_is_an_acceptance():
    stream = away(to=CHENGDU)
    stream.command("check-in", "2024-10-12", "JJ", region=CHENGDU, channel="CODE")
    refused(stream, "not_settled", "place-in-branch", "2024-10-14", "MQ-AWAY", branch="MQ-AWAY", kind="HOMETOWN")
    stream.command("place-in-branch", "2024-10-14", "MQ-AWAY", branch="MQ-AWAY", kind="FALLBACK")
    assert stage(stream) == "settled"
    assert legs(stream)[0]["accepted_by"] == "MQ-AWAY"
    assert owed(stream, "answer_check_in", "2024-10-14") == []
    assert owed(stream, "place_in_branch", "2024-10-14") == []


def test_a_fallback_placement_is_possible_after_a_decline_but_not_before_a_check_in():
    stream = checked_in(at=CHENGDU)
    stream.command("decline", "2024-10-14", "JJ", reason="STAY_TOO_SHORT")
    stream.command("place-in-branch", "2024-10-15", "MQ-AWAY", branch="MQ-AWAY", kind="FALLBACK")
    assert stage(stream) == "settled"
    refused(away(), "not_settled", "place-in-branch", "2024-10-15", "CG", branch="CG-1", kind="FALLBACK")


def test_a_decline_returns_the_case_and_the_origin_is_responsible():
    stream = checked_in()
    stream.command("decline", "2024-10-14", "CG", reason="NOT_HERE")
    assert stage(stream) == "awaiting_check_in"
    assert state(stream)["responsible"] == "MQ-1"
    assert state(stream)["holder"] is None
    assert legs(stream)[0]["region"] == LANZHOU
    assert owed(stream, "answer_check_in", "2024-10-14") == []
    refused(stream, "nothing_to_answer", "accept", "2024-10-15", "CG")


def test_a_case_is_routed_down_to_a_branch():
    stream = checked_in()
    stream.command("route", "2024-10-13", "CG", to_organisation="CG-1")
    assert state(stream)["holder"] == "CG-1"
    assert owed(stream, "answer_check_in", "2024-10-13")[0].organisation == "CG-1"
    refused(away(), "nothing_to_route", "route", "2024-10-13", "CG", to_organisation="CG-1")


def test_a_case_routed_after_a_decline_is_checked_in_again():
    stream = checked_in()
    stream.command("decline", "2024-10-14", "CG", reason="WRONG_PLACE")
    stream.command("route", "2024-10-15", "LZ", to_organisation="CG-1")
    assert stage(stream) == "checked_in"
    assert state(stream)["holder"] == "CG-1"
    stream.command("accept", "2024-10-16", "CG-1")
    assert state(stream)["responsible"] == "CG-1"


def test_the_second_acceptance_is_contested_and_the_first_acceptor_stays_responsible():
    stream, claim = contested()
    assert isinstance(claim.body, e.AcceptanceContested)
    assert claim.body.claim_id == claim.event_id
    movement = state(stream)["movement"]
    assert movement["stage"] == "settled"
    assert [one["organisation"] for one in movement["claims"]] == ["WZ"]
    assert state(stream)["responsible"] == "KS-1"
    assert owed(stream, "decide_claim", "2025-06-16") == [Owed("SZ", "2025-06-16", "2025-06-30", False)]


def test_a_contested_acceptance_known_by_its_day_stands_where_the_log_will_put_it():
    stream = away("2025-06-10", to=WUZHONG)
    stream.command("check-in", "2025-06-12", "KS", region=KUNSHAN, channel="CODE")
    stream.command("accept", "2025-06-16", "KS")
    claim = stream.command("accept", "2025-06-16", "WZ")
    assert claim.when == stream.facts[-2].when + (claim.body.order - e.Accepted.order) * 60_000_000


def test_one_side_claims_once_and_its_branches_are_the_same_side():
    stream, _ = contested()
    refused(stream, "already_accepted", "accept", "2025-06-17", "WZ")
    refused(stream, "nothing_to_answer", "accept", "2025-06-17", "KS-1")
    refused(stream, "not_your_case", "accept", "2025-06-17", "CG")


def test_a_claim_decided_for_the_first_side_leaves_the_leg_where_it_is():
    stream, claim = contested()
    stream.command("decide-claim", "2025-06-20", "SZ", claim_id=claim.event_id, in_favour_of="KS", document="苏组裁1号")
    assert state(stream)["movement"]["claims"] == []
    assert state(stream)["responsible"] == "KS-1"
    assert owed(stream, "decide_claim", "2025-06-20") == []


def test_a_claim_decided_for_the_second_side_moves_the_leg_there():
    stream, claim = contested()
    stream.command("decide-claim", "2025-06-20", "SZ", claim_id=claim.event_id, in_favour_of="WZ", document="苏组裁1号")
    leg = legs(stream)[0]
    assert (leg["region"], leg["accepted_by"], leg["branch"]) == (WUZHONG, "WZ", None)
    assert state(stream)["responsible"] == "WZ"
    assert owed(stream, "place_in_branch", "2025-06-20") == [Owed("WZ", "2025-06-20", "2025-07-04", False)]
    assert {one.organisation for one in owed(stream, "monthly_contact", "2025-06-20")} == {"MQ-1", "WZ"}
    assert {one.organisation for one in owed(stream, "monthly_contact", "2025-06-19")} == {"MQ-1", "KS-1"}


def test_only_a_claim_that_stands_is_decided_and_only_for_a_party():
    stream, claim = contested()
    refused(stream, "no_such_claim", "decide-claim", "2025-06-20", claim_id="other", in_favour_of="WZ", document="1号")
    refused(
        stream, "not_a_party", "decide-claim", "2025-06-20",
        claim_id=claim.event_id, in_favour_of="CG", document="1号",
    )  # fmt: skip


def test_a_claim_ends_when_its_side_withdraws():
    stream, _ = contested()
    stream.command("decline", "2025-06-18", "WZ", reason="NOT_HERE")
    assert state(stream)["movement"]["claims"] == []
    assert state(stream)["responsible"] == "KS-1"
    assert owed(stream, "decide_claim", "2025-06-18") == []


def test_when_the_first_side_withdraws_the_second_has_the_member():
    stream, _ = contested()
    stream.command("decline", "2025-06-18", "KS", reason="NOT_HERE")
    assert stage(stream) == "settled"
    assert state(stream)["responsible"] == "WZ"
    assert legs(stream)[0]["region"] == WUZHONG


def test_claims_of_two_provinces_go_to_the_origins_topmost():
    stream = away("2025-06-10", to=CHENGDU)
    stream.command("check-in", "2025-06-12", "KS", region=KUNSHAN, channel="CODE")
    stream.command("accept", "2025-06-16", "KS")
    stream.command("accept", "2025-06-17", "JJ")
    assert owed(stream, "decide_claim", "2025-06-17")[0].organisation == "GS"


def test_one_side_has_one_claim_in_whatever_order_its_acceptances_are_recorded():
    stream, claim = contested()
    earlier = stream.command("accept", "2025-06-16T12:00:00+08:00", "WZ")
    assert [one["claim_id"] for one in state(stream)["movement"]["claims"]] == [earlier.event_id]
    assert stream.state().flagged == {claim.event_id: ["already_accepted"]}


def decline_three_times(stream, days):
    for day in days:
        stream.command("check-in", day, "CG", region=LANZHOU, channel="CODE")
        stream.command("decline", day, "CG", reason="NOT_HERE")


def test_the_third_decline_in_thirty_days_asks_the_common_superior_for_a_home():
    stream = away("2025-03-01")
    decline_three_times(stream, ["2025-03-03", "2025-03-10"])
    assert owed(stream, "find_a_home", "2025-03-10") == []
    decline_three_times(stream, ["2025-04-02"])
    assert owed(stream, "find_a_home", "2025-04-02") == [Owed("GS", "2025-04-02", "2025-04-17", False)]
    assert state(stream)["responsible"] == "MQ-1"
    stream.command("check-in", "2025-04-05", "CG", region=LANZHOU, channel="CODE")
    assert len(owed(stream, "find_a_home", "2025-04-05")) == 1
    stream.command("accept", "2025-04-06", "CG")
    assert owed(stream, "find_a_home", "2025-04-06") == []


@pytest.mark.parametrize(("third", "found"), [("2025-04-02", 1), ("2025-04-03", 0)])
def test_three_declines_count_when_they_lie_within_thirty_days(third, found):
    stream = away("2025-03-01")
    decline_three_times(stream, ["2025-03-03", "2025-03-10", third])
    assert len(owed(stream, "find_a_home", third)) == found


def test_an_acceptance_that_comes_to_be_known_earlier_turns_the_later_one_into_a_claim():
    stream = away("2025-06-10", to=WUZHONG)
    stream.command("check-in", "2025-06-12", "KS", region=KUNSHAN, channel="CODE")
    later = stream.command("accept", "2025-06-18", "KS")
    stream.command("accept", "2025-06-16", "WZ")
    movement = state(stream)["movement"]
    assert movement["legs"][0]["accepted_by"] == "WZ"
    assert [claim["claim_id"] for claim in movement["claims"]] == [later.event_id]
    assert flags(stream) == {}


def test_a_case_routed_to_an_office_of_a_whole_province_stays_where_it_is():
    stream = away(to=CHENGDU)
    stream.command("check-in", "2024-10-12", "JJ", region=CHENGDU, channel="CODE")
    stream.command("decline", "2024-10-14", "JJ", reason="WRONG_PLACE")
    stream.command("route", "2024-10-15", "GS", to_organisation="GS")
    assert legs(stream)[0]["region"] == CHENGDU
    stream.command("check-in", "2024-10-16", "CG", region=LANZHOU, channel="CODE")
    assert (legs(stream)[0]["region"], state(stream)["holder"]) == (LANZHOU, "CG")


def test_a_case_routed_after_a_decline_to_another_county_moves_there():
    stream = away(to=CHENGDU)
    stream.command("check-in", "2024-10-12", "JJ", region=CHENGDU, channel="CODE")
    stream.command("decline", "2024-10-14", "JJ", reason="WRONG_PLACE")
    stream.command("route", "2024-10-15", "GS", to_organisation="CG")
    assert (legs(stream)[0]["region"], state(stream)["holder"]) == (LANZHOU, "CG")


def test_a_scan_in_the_evening_may_be_accepted_on_that_day():
    stream = away("2024-10-08")
    stream.command("check-in", "2024-10-12T18:20:00+08:00", "CG", region=LANZHOU, channel="CODE")
    stream.command("accept", "2024-10-12", "CG")
    assert state(stream)["movement"]["stage"] == "settled"


def test_a_scan_after_midnight_may_follow_a_departure_on_that_day():
    stream = member()
    stream.command("depart", "2024-10-12", destination={"region": LANZHOU})
    stream.command("check-in", "2024-10-12T00:50:00+08:00", "CG", region=LANZHOU, channel="CODE")
    assert state(stream)["movement"]["departed_at"] == "2024-10-12"
    assert state(stream)["flags"] == []


@pytest.mark.parametrize(("gone", "heir"), [("KS", "WZ"), ("WZ", "KS")])
def test_where_both_sides_become_one_organisation_nothing_is_left_to_decide(gone, heir):
    stream, _ = contested()
    stream.reference = stream.reference.with_facts([dissolution(gone, heir, "2025-06-20")])
    assert owed(stream, "decide_claim", "2025-06-19")
    assert [one["organisation"] for one in state(stream, "2025-06-19")["movement"]["claims"]] == ["WZ"]
    assert owed(stream, "decide_claim", "2025-06-20") == []
    assert state(stream, "2025-06-20")["movement"]["claims"] == []
    assert stage(stream, "2025-06-20") == "settled"


def test_a_claim_whose_side_gives_way_to_a_third_goes_on_with_the_third():
    stream, _ = contested()
    stream.reference = stream.reference.with_facts([dissolution("WZ", "CG", "2025-06-20")])
    assert [one["organisation"] for one in state(stream, "2025-06-20")["movement"]["claims"]] == ["CG"]
    assert owed(stream, "decide_claim", "2025-06-20")


def test_a_claim_decided_for_what_is_home_by_then_closes_the_movement_as_transferred():
    stream, claim = contested()
    stream.command("request-transfer", "2025-06-17", "MQ-1", to_organisation="WZ")
    stream.command("approve-transfer", "2025-06-17", "MQ-1")
    stream.command("issue-transfer-letter", "2025-06-18", "MQ-1", letter_number="1")
    stream.command("accept-transfer", "2025-06-20", "WZ", document="迟报说明")
    assert stage(stream) == "settled"
    stream.command("decide-claim", "2025-06-25", "SZ", claim_id=claim.event_id, in_favour_of="WZ", document="裁定")
    movement = state(stream)["movement"]
    assert (movement["stage"], movement["closed_reason"]) == ("closed", "TRANSFERRED")
    assert {one["kind"] for one in state(stream)["duties"]} == {"return_receipt"}
