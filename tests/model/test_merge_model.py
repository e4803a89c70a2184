"""Two random lives that turn out to be one person's: merged, gone on with, undone; told by the domain and the model."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.fact import body_data
from domain.member.fold import effective, fold
from domain.member.merging.belonging import belonging
from domain.member.merging.events import RecordsMerged
from tests.model import member_model as model
from tests.model import merge_model
from tests.model.comparing import told_by_the_domain, told_by_the_model
from tests.model.lives import STEPS
from tests.model.merged_lives import KEPT, OTHER, told_twice
from tests.model.test_member_model import LIVES as ALL_LIVES
from tests.model.test_member_model import deterministic, end_of
from tests.model.world import world

fewer = settings(deterministic, max_examples=max(1, ALL_LIVES // 3))
"""Each of these lives is three."""
LIVES = st.tuples(STEPS, STEPS, STEPS)
SEED = st.integers(0, 1 << 30)
FAR = end_of(2_000)


@fewer
@given(LIVES, SEED, st.booleans(), st.lists(st.tuples(st.floats(0, 1), st.integers(-40, 800)), min_size=1, max_size=4))
def test_both_are_who_the_model_says_on_any_day_as_known_at_any_position(lives, seed, away, moments):
    log, _ = told_twice(lives, seed, away=away)
    rows = log.rows()
    for share, days_on in (*moments, (1.0, 1_500)):
        known = round(share * len(log.facts))
        told = merge_model.Told(rows, str(KEPT), known)
        for member in (KEPT, OTHER):
            state = fold(belonging(member, log.facts, known), world(), as_of_us=end_of(days_on))
            expected = model.state_at(told.rows_of(str(member)), end_of(days_on))
            assert told_by_the_domain(state) == told_by_the_model(expected)


@fewer
@given(LIVES, SEED, st.booleans())
def test_what_is_set_aside_is_what_the_model_finds_by_looking(lives, seed, away):
    log, merged_at = told_twice(lives, seed, away=away)
    before = log.rows()[: merged_at - 1]
    kept, other = ([row for row in before if row["stream"] == str(one)] for one in (KEPT, OTHER))
    body = log.facts[merged_at - 1].body
    assert isinstance(body, RecordsMerged)
    expected = merge_model.set_aside(
        kept, other, FAR, movement=body.keep_movement, affiliation=str(body.keep_affiliation)
    )
    assert set(body.set_aside or ()) == expected


@fewer
@given(LIVES, SEED, st.booleans())
def test_every_fact_is_one_members_and_while_merged_the_kept_ones(lives, seed, away):
    log, merged_at = told_twice(lives, seed, away=away)
    for known in (merged_at - 1, merged_at + 1, len(log.facts)):
        of_kept = {fact.event_id for fact in log.of(KEPT, known)}
        of_other = {fact.event_id for fact in log.of(OTHER, known)}
        assert not of_kept & of_other
        told = {fact.event_id for fact in log.facts if fact.position <= known}
        if known == merged_at + 1:
            assert of_other == set()
            assert told - of_kept == {log.facts[merged_at].event_id}, "all but the fact that tells of it"
        else:
            assert of_kept | of_other == told or known == len(log.facts)


@fewer
@given(LIVES, SEED, st.booleans())
def test_a_merge_that_is_undone_with_nothing_in_between_leaves_both_as_they_were(lives, seed, away):
    log, merged_at = told_twice((lives[0], lives[1], []), seed, away=away)
    if len(log.facts) == merged_at + 1:
        return
    for member in (KEPT, OTHER):
        before = fold(belonging(member, log.facts, merged_at - 1), world())
        assert told_by_the_domain(log.state(member)) == told_by_the_domain(before)
        own = [body_data(fact.body) for fact in effective(log.of(member)) if fact.position < merged_at]
        assert own == [body_data(fact.body) for fact in effective(belonging(member, log.facts, merged_at - 1))]
