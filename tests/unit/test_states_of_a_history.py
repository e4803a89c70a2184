"""The states that a history tells are those of the fold, whatever of the one before was told again."""

from collections.abc import Iterator
from itertools import count

import pytest

from domain.fact import Fact
from domain.member.fold import steps
from domain.member.kept_views import SIGNS_OF_LIFE
from domain.member.views import member_state
from domain.reference import Reference, empty_reference
from domain.times import parse_occurred
from projections.history import replay
from tests.integration.projections.lives import Lives
from tests.integration.projections.steady_lives import stay_in_touch, transfer

_EARLIEST_US = -62_000_000_000_000_000
_RECORDED_US = parse_occurred("2025-10-01").start_us


def ledgers(seed: int) -> Iterator[tuple[list[Fact], Reference]]:
    lives = Lives(seed)
    lives.reference()
    lives.play(members=25, steps=600)
    stay_in_touch(lives, members=12)
    transfer(lives, members=6)
    for fact, position in zip(lives.facts, count(1), strict=False):
        fact.position, fact.recorded_us = position, _RECORDED_US + position
    reference = empty_reference().with_facts([fact for fact in lives.facts if fact.body.fact.startswith("organis")])
    for member in lives.members():
        yield lives.ledger(member), reference


@pytest.mark.parametrize("seed", [3, 17, 40])
def test_each_state_is_what_the_fold_says_told_from_nothing(seed: int) -> None:
    again = 0
    for facts, reference in ledgers(seed):
        member = facts[0].stream
        items = {item["event_id"]: item for item in replay(facts, reference, member=member)}
        for fact, state, _flags in steps(facts, reference):
            told = items[fact.event_id]["state"]
            version, as_of_us = told["version"], max(fact.when, _EARLIEST_US)
            assert told == member_state(state, reference, member_id=str(member), version=version, as_of_us=as_of_us), (
                seed,
                fact,
            )
            again += type(fact.body) in SIGNS_OF_LIFE
    assert again > 150


def test_a_page_begins_with_a_state_told_from_nothing() -> None:
    facts, reference = next(ledgers(3))
    whole = replay(facts, reference)
    assert [one for at in range(0, len(whole), 3) for one in replay(facts, reference, first=at, most=3)] == whole
