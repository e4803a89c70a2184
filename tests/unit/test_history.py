"""A history is every fact in the order of the fold, with what was corrected by what, and the state after each."""

from uuid import UUID

from domain.fact import Body, Fact, place_in_time
from domain.member import events as e
from domain.member.fold import registered_when
from domain.organisation import OrganisationRegistered, organisation_stream
from domain.reference import Reference, empty_reference
from domain.times import as_of_us, parse_occurred, rfc3339_utc
from projections.history import replay

MEMBER = UUID(int=99)


def fact(position: int, body: Body, occurred: str, organisation: str | None = "C620621", stream: UUID = MEMBER) -> Fact:
    at = parse_occurred(occurred)
    when = registered_when(body) if isinstance(body, e.MemberRegistered) else place_in_time(at, type(body))
    return Fact(
        stream, position, f"event-{position}", "00", body, at.text, at.precision, when, organisation,
        "tester", "API", "c", position=position, recorded_us=at.start_us + position,
    )  # fmt: skip


def reference() -> Reference:
    bodies = [OrganisationRegistered(f"C{code}", code, "COMMITTEE", code) for code in ("620621", "620102")]
    return empty_reference().with_facts(
        [fact(n, body, "2020-01-01", stream=organisation_stream(body.code)) for n, body in enumerate(bodies, -5)]
    )


LEDGER = [
    fact(1, e.MemberRegistered("FULL", "C620621"), "2024-01-01"),
    fact(2, e.Departed({"region": "620102"}), "2024-11-01"),
    fact(3, e.Returned(), "2025-01-02"),
    fact(4, e.CheckedIn("620102", "CODE"), "2024-11-05", "C620102"),
    fact(5, e.EventCorrected("event-3", {"occurred_at": "2025-02-01"}), "2025-03-01"),
    fact(6, e.CheckedIn("620102", "CODE"), "2025-03-02", "C620102"),
    fact(7, e.EventVoided("event-6"), "2025-03-03"),
]


def test_facts_stand_in_the_order_of_the_fold_and_say_what_corrected_them() -> None:
    items = replay(LEDGER, reference())

    assert [item["position"] for item in items] == [1, 2, 4, 3, 5, 6, 7]
    returned = items[3]
    assert returned["occurred_at"] == "2025-02-01"
    assert returned["correction"] == {"by": "event-5", "kind": "corrected"}
    assert returned["as_recorded"]["occurred_at"] == "2025-01-02"
    assert items[5]["correction"] == {"by": "event-7", "kind": "voided"}
    assert all(item["correction"] is None for item in items if item["position"] not in {3, 6})


def test_the_state_after_each_is_that_of_the_fold_and_a_void_fact_moves_nothing() -> None:
    items = replay(LEDGER, reference())

    stages = [item["state"]["movement"] and item["state"]["movement"]["stage"] for item in items]
    assert stages == [None, "awaiting_check_in", "checked_in", "returned", "returned", "returned", "returned"]
    assert [item["state"]["version"] for item in items] == [1, 2, 4, 4, 5, 6, 7]


def test_a_history_as_known_before_a_correction_shows_the_fact_as_recorded() -> None:
    items = replay(LEDGER, reference(), known_position=4)

    assert [item["position"] for item in items] == [1, 2, 4, 3]
    assert items[-1]["occurred_at"] == "2025-01-02"
    assert items[-1]["correction"] is None


def test_a_history_ends_at_the_moment_asked_of() -> None:
    assert [item["position"] for item in replay(LEDGER, reference(), as_of_us=as_of_us("2024-12-31"))] == [1, 2, 4]


def test_an_event_keeps_when_it_was_recorded_whatever_was_corrected_or_voided_beside_it() -> None:
    recorded = {one.event_id: rfc3339_utc(one.recorded_us) for one in LEDGER}
    assert {item["event_id"]: item["recorded_at"] for item in replay(LEDGER, reference())} == recorded


def test_a_part_of_a_history_is_the_same_part_of_the_whole() -> None:
    whole = replay(LEDGER, reference())
    assert [replay(LEDGER, reference(), first=at, most=1) for at in range(len(whole))] == [[item] for item in whole]
    assert replay(LEDGER, reference(), first=len(whole)) == []
