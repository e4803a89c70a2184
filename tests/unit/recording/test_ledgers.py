"""A kept ledger stands by the present reference, and folds anew only where that can make a difference."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.policy import PolicyAdopted
from domain.reference import Reference
from infra.recording.members import Ledger, ledger_of
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
