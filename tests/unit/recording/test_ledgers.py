"""A kept ledger stands by the present reference, and folds anew only where that can make a difference."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import pytest

from domain.policy import PolicyAdopted
from domain.reference import Reference
from infra.recording.members import Ledger, MemberStore, NotWhole, ledger_of
from tests.unit.member.given import country, settled


@pytest.fixture
def ledger() -> Ledger:
    stream = settled()
    return ledger_of(stream.facts[0].stream, stream.facts, country())


def changed(reference: Reference, part: str) -> Reference:
    """The reference with one part made anew: the same to read, another to hold."""
    return replace(reference, position=reference.position + 1, **{part: replace(getattr(reference, part))})


@pytest.mark.parametrize("part", ["organisations", "policies"])
def test_another_organisation_or_policy_folds_anew(ledger: Ledger, part: str):
    state, reference = ledger.state, changed(ledger.reference, part)
    ledger.turn_to(reference)
    assert ledger.reference is reference
    assert ledger.state is not state


@pytest.mark.parametrize("part", ["agreements", "code_lists"])
def test_what_no_fold_asks_leaves_the_state_alone(ledger: Ledger, part: str):
    state, reference = ledger.state, changed(ledger.reference, part)
    ledger.turn_to(reference)
    assert ledger.reference is reference
    assert ledger.state is state


def test_a_figure_that_changes_moves_what_is_due(ledger: Ledger):
    policy = PolicyAdopted("000000", "2020-01-01", {"lost_contact_months": 2})
    before = ledger.state.duties["lost_contact_review"].since_us
    ledger.turn_to(replace(ledger.reference, policies=ledger.reference.policies.with_adopted(policy)))
    assert ledger.state.duties["lost_contact_review"].since_us < before


def test_a_long_life_is_kept_without_its_earlier_facts(ledger: Ledger):
    store = MemberStore(lambda _: [], whole=len(ledger.facts) - 1)
    store.put(ledger)
    kept = store.take(ledger.member_id)
    assert kept is not None
    assert not kept.is_whole
    assert not kept.is_empty
    assert (kept.version, kept.state) == (ledger.version, ledger.state)
    with pytest.raises(NotWhole):
        _ = kept.facts


def test_a_short_life_is_kept_whole(ledger: Ledger):
    store = MemberStore(lambda _: [], whole=len(ledger.facts))
    store.put(ledger)
    kept = store.take(ledger.member_id)
    assert kept is not None
    assert kept.facts == ledger.facts


def test_what_is_kept_is_bounded_by_its_weight_and_the_longest_unused_goes_first():
    lives = [settled_elsewhere() for _ in range(3)]
    store = MemberStore(lambda _: [], most_facts=2 * len(lives[0].facts))
    for one in lives:
        store.put(one)
    assert [store.take(one.member_id) is None for one in lives] == [True, False, False]


def test_a_shortened_ledger_that_would_have_to_fold_anew_says_so(ledger: Ledger):
    with pytest.raises(NotWhole):
        ledger.shortened().turn_to(changed(ledger.reference, "policies"))


def settled_elsewhere() -> Ledger:
    stream = settled()
    member = uuid4()
    return ledger_of(member, [replace(fact, stream=member) for fact in stream.facts], country())
