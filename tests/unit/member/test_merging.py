"""Whose a fact is when records were merged in a chain, and what a merge's own stream allows."""

from __future__ import annotations

from uuid import UUID

import pytest

from domain.errors import Refused
from domain.fact import Body, Fact, place_in_time
from domain.member import events as e
from domain.member.decide import decide_about_event
from domain.member.fold import fold, registered_when
from domain.member.merging.belonging import belonging, linked_facts, merged_into, recorded_meanwhile
from domain.member.merging.events import RecordsMerged, RecordsUnmerged
from domain.member.merging.state import merge_of, must_be_confirmable, must_be_undoable, named
from domain.merge import MergeConfirmed, MergeProposed, MergeUndone
from domain.times import parse_occurred
from tests.model.world import world

A, B, C, MERGE = (UUID(int=number) for number in range(1, 5))


class Log:
    """Facts of any stream, in the order of recording."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []

    def tell(self, stream: UUID, body: Body, at: str = "2025-05-01", actor: str = "somebody") -> str:
        number = len(self.facts) + 1
        occurred = parse_occurred(at)
        when = registered_when(body) if isinstance(body, e.MemberRegistered) else place_in_time(occurred, type(body))
        version = len(self.stream(stream)) + 1
        self.facts.append(
            Fact(
                stream, version, f"e{number}", "", body, at, occurred.precision, when, "MQ-1", actor, "API", "",
                position=number, recorded_us=number,
            )
        )  # fmt: skip
        return f"e{number}"

    def stream(self, stream: UUID) -> list[Fact]:
        return [fact for fact in self.facts if fact.stream == stream]

    def merge(self, kept: UUID, absorbed: UUID, name: str) -> RecordsMerged:
        body = RecordsMerged(name, str(kept), str(absorbed))
        self.tell(kept, body)
        self.tell(absorbed, body)
        return body

    def undo(self, kept: UUID, absorbed: UUID, name: str, whose: dict[str, str]) -> None:
        for stream in (absorbed, kept):
            self.tell(stream, RecordsUnmerged(name, str(kept), str(absorbed), whose))

    def of(self, member: UUID, known: int = 1 << 63) -> list[str]:
        own = self.stream(member)
        facts = belonging(member, [*own, *linked_facts(member, own, self.stream)], known)
        return [fact.event_id for fact in facts if not isinstance(fact.body, RecordsMerged | RecordsUnmerged)]


@pytest.fixture
def log() -> Log:
    log = Log()
    for member in (A, B, C):
        log.tell(member, e.MemberRegistered("FULL", "MQ-1"))
    return log


def test_a_chain_of_three_records_is_one_person(log: Log) -> None:
    log.merge(B, A, "first")
    log.tell(B, e.ContactMade("PHONE"))
    log.merge(C, B, "second")
    log.tell(C, e.ContactMade("VISIT"))
    assert log.of(C) == ["e1", "e2", "e3", "e6", "e9"]
    assert log.of(A) == log.of(B) == []
    assert merged_into(A, log.stream(A)) == B
    assert merged_into(B, log.stream(B)) == C
    assert merged_into(C, log.stream(C)) is None
    assert log.of(B, known=6) == ["e1", "e2", "e6"]
    assert log.of(C, known=6) == ["e3"]


def test_undoing_the_later_of_two_merges_leaves_the_earlier(log: Log) -> None:
    log.merge(B, A, "first")
    log.merge(C, B, "second")
    later = log.tell(C, e.ContactMade("VISIT"))
    log.undo(C, B, "second", {later: "ABSORBED"})
    assert log.of(C) == ["e3"]
    assert log.of(B) == ["e1", "e2", later]
    assert log.of(A) == []


def test_an_undo_asks_only_of_what_was_recorded_of_the_kept_member_meanwhile(log: Log) -> None:
    log.tell(C, e.ContactMade("PHONE"))
    merge = log.merge(B, A, "first")
    contact = log.tell(B, e.ContactMade("PHONE"))
    log.tell(B, e.EventCorrected(contact, {"occurred_at": "2025-05-02"}))
    late = log.tell(C, e.ContactMade("VISIT"))
    log.merge(B, C, "second")
    last = log.tell(B, e.ContactMade("VIDEO"))
    facts = belonging(B, log.facts)
    assert late in {fact.event_id for fact in facts}
    assert [fact.event_id for fact in recorded_meanwhile(merge, facts)] == [contact, last]


def test_a_correction_goes_with_what_it_corrects(log: Log) -> None:
    theirs = log.tell(A, e.ContactMade("PHONE"))
    log.merge(B, A, "first")
    changed = log.tell(B, e.EventCorrected(theirs, {"channel": "VISIT"}))
    taken_back = log.tell(B, e.EventVoided(changed))
    ours = log.tell(B, e.ContactMade("VIDEO"))
    log.undo(B, A, "first", {ours: "KEPT"})
    assert log.of(A) == ["e1", theirs, changed, taken_back]
    assert log.of(B) == ["e2", ours]


def test_a_merge_made_again_after_its_undoing_stands(log: Log) -> None:
    log.merge(B, A, "first")
    log.undo(B, A, "first", {})
    assert (log.of(A), log.of(B)) == (["e1"], ["e2"])
    log.merge(A, B, "the other way round")
    assert (log.of(A), log.of(B)) == (["e1", "e2"], [])


def test_of_two_registrations_the_one_set_aside_does_not_count(log: Log) -> None:
    body = RecordsMerged("first", str(B), str(A), ["e2"])
    log.tell(B, body)
    log.tell(A, body)
    log.facts[0].body = e.MemberRegistered("PROBATIONARY", "CG-1")
    state = fold(belonging(B, log.facts), world())
    assert (state.affiliation, state.category) == ("CG-1", "PROBATIONARY")


@pytest.mark.parametrize("about", [e.EventVoided, lambda event_id: e.EventCorrected(event_id, {})])
def test_a_merge_is_neither_voided_nor_corrected_but_undone(log: Log, about) -> None:
    log.merge(B, A, "first")
    facts = belonging(B, log.facts)
    log.tell(B, about("e4"))
    with pytest.raises(Refused, match="merge_stands"):
        decide_about_event(facts, log.facts[-1], world(), now_us=0)


def proposal(log: Log) -> None:
    log.tell(MERGE, MergeProposed(str(B), str(A)), actor="one")


def test_two_people_confirm_neither_of_them_the_proposer(log: Log) -> None:
    proposal(log)
    for actor, code in (("one", "own_proposal"), ("two", None), ("two", "confirmed_already"), ("three", None)):
        merge = merge_of(log.stream(MERGE))
        assert merge is not None
        assert merge.status == "PROPOSED"
        if code is None:
            must_be_confirmable(merge, actor)
            log.tell(MERGE, MergeConfirmed(), actor=actor)
        else:
            with pytest.raises(Refused, match=code):
                must_be_confirmable(merge, actor)
    merge = merge_of(log.stream(MERGE))
    assert merge is not None
    assert (merge.status, merge.confirmers, merge.version) == ("MERGED", ("two", "three"), 3)
    with pytest.raises(Refused, match="already_merged"):
        must_be_confirmable(merge, "four")
    must_be_undoable(merge)
    log.tell(MERGE, MergeUndone(), actor="four")
    merge = merge_of(log.stream(MERGE))
    assert merge is not None
    with pytest.raises(Refused, match="merge_undone"):
        must_be_undoable(merge)


def test_a_confirmation_may_name_what_was_not_named_and_nothing_else(log: Log) -> None:
    log.tell(MERGE, MergeProposed(str(B), str(A), keep_affiliation="MQ-1"))
    merge = merge_of(log.stream(MERGE))
    assert merge is not None
    assert named(merge, "m", None).keep_movement == "m"
    with pytest.raises(Refused, match="named_otherwise"):
        named(merge, None, "CG-1")
