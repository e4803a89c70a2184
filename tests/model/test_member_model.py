"""Random lives, told by the domain and by the model, in any order of recording, as known at any position."""

from __future__ import annotations

import datetime as dt
import os
import random
from copy import deepcopy
from dataclasses import replace

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from domain.calendar import load_workdays
from domain.errors import Refused
from domain.fact import Fact
from domain.member import events as e
from domain.member.commands import COMMANDS
from domain.member.evolve import apply
from domain.member.fold import comes_last, effective, fold, steps
from domain.member.rules import RULES
from domain.member.service.events import AttendanceRecorded
from domain.member.state import State
from tests.model import member_model as model
from tests.model.comparing import (
    owed_by_the_domain,
    owed_by_the_rows,
    told_by_the_domain,
    told_by_the_model,
)
from tests.model.lives import FIRST_DAY, STEPS, live
from tests.model.moments import instant_of, start_of
from tests.model.recording import ATTENDING, telling
from tests.model.reordering import recorded_in_another_order

LIVES = int(os.environ.get("KITELINE_TEST_LIVES", "250"))
"""How many lives each test lives; the same ones every time. Thousands find what hundreds do not."""
PHASES = [phase for phase in Phase if phase is not Phase.explain]
deterministic = settings(derandomize=True, database=None, deadline=None, max_examples=LIVES, phases=PHASES)
DAYS = st.lists(st.integers(-40, 800), min_size=1, max_size=3)
SERVICE = {"service_without_claim", "already_attended"}
WORKDAYS = load_workdays()


def end_of(days_on: int) -> int:
    return start_of(FIRST_DAY + dt.timedelta(days=days_on)) + 86_400_000_000 - 1


def last_day(facts: list[Fact]) -> int:
    whens = [fact.when for fact in facts if fact.when > 0]
    return max(whens, default=0) + 40 * 86_400_000_000


@deterministic
@given(STEPS, DAYS)
def test_the_fold_tells_the_same_as_the_model_on_any_day(life, days):
    stream = live(life)
    rows = telling(stream.facts)
    for at_us in (*map(end_of, days), last_day(stream.facts)):
        state = fold(stream.facts, stream.reference, as_of_us=at_us)
        assert told_by_the_domain(state) == told_by_the_model(model.state_at(rows, at_us))


@deterministic
@given(STEPS, DAYS)
def test_what_is_owed_on_any_day_is_what_the_model_finds_by_looking(life, days):
    stream = live(life)
    rows = telling(stream.facts)
    for at_us in (*map(end_of, days), last_day(stream.facts)):
        state = fold(stream.facts, stream.reference, as_of_us=at_us)
        owed = {one for one in owed_by_the_domain(state, at_us) if one[0] != "look_at_flag"}
        found = {one for one in model.duties_at(rows, at_us, WORKDAYS) if one[0] != "look_at_flag"}
        assert owed == found


@deterministic
@given(STEPS, DAYS)
def test_the_intervals_that_are_kept_tell_what_was_owed_on_every_earlier_day(life, days):
    stream = live(life)
    today = fold(stream.facts, stream.reference)
    for at_us in map(end_of, days):
        then = fold(stream.facts, stream.reference, as_of_us=at_us)
        assert owed_by_the_rows(today, at_us) == owed_by_the_domain(then, at_us)


@deterministic
@given(STEPS)
def test_every_fact_that_does_not_fit_is_looked_at_until_it_is_confirmed(life):
    stream = live(life)
    far = start_of(dt.date(2029, 1, 1))
    state = fold(stream.facts, stream.reference)
    looked_at = {one[1] for one in owed_by_the_domain(state, far) if one[0] == "look_at_flag"}
    assert looked_at == {
        one[1] for one in model.duties_at(telling(stream.facts), far, WORKDAYS) if one[0] == "look_at_flag"
    }


@deterministic
@given(STEPS, st.integers(0, 1 << 30))
def test_the_order_of_recording_does_not_matter(life, seed):
    stream = live(life)
    shuffled = recorded_in_another_order(stream.facts, random.Random(seed))
    one, other = fold(stream.facts, stream.reference), fold(shuffled, stream.reference)
    assert told_by_the_domain(one) == told_by_the_domain(other)
    for days_on in (100, 300, 700):
        at_us = end_of(days_on)
        owed = owed_by_the_domain(fold(stream.facts, stream.reference, as_of_us=at_us), at_us)
        assert {x for x in owed if x[0] != "look_at_flag"} == {
            x
            for x in owed_by_the_domain(fold(shuffled, stream.reference, as_of_us=at_us), at_us)
            if x[0] != "look_at_flag"
        }


@deterministic
@given(STEPS, st.integers(1, 24))
def test_as_known_at_a_position_is_the_fold_of_what_was_recorded_by_then(life, position):
    stream = live(life)
    known = fold(stream.facts, stream.reference, known_position=position)
    prefix = [fact for fact in stream.facts if fact.position <= position]
    assert known == fold(prefix, stream.reference)


@deterministic
@given(STEPS)
def test_going_on_from_a_kept_state_is_folding_all_anew(life):
    kept: dict[int, State] = {}

    def watch(stream, _verb, _payload, outcome):
        if not isinstance(outcome, Fact):
            return
        before, fact = stream.facts[:-1], stream.facts[-1]
        if comes_last(effective(before), replace(fact, position=1 << 62)) and not fact.fact.startswith("event_"):
            state = kept.get(len(before)) or fold(before, stream.reference)
            apply(state, fact, stream.reference)
            assert state == fold(stream.facts, stream.reference)
            kept[len(stream.facts)] = state

    live(life, watch)


@deterministic
@given(STEPS, st.sampled_from([None, "2024-02-20"]))
def test_a_member_always_has_one_organisation_responsible_and_at_most_one_open_movement(life, since):
    stream = live(life, since=since)
    seen = []
    registered = False
    for fact, state, _ in steps(stream.facts, stream.reference):
        registered = registered or isinstance(fact.body, e.MemberRegistered)
        seen.append(fact.event_id)
        assert not registered or state.responsible is not None
        assert all(not movement.is_open for movement in state.past_movements)
        assert state.movement is None or state.movement.origin_organisation is not None or not registered
    assert len(seen) == len(set(seen))


@deterministic
@given(STEPS)
def test_what_is_accepted_carries_no_flag_and_what_is_refused_leaves_nothing(life):
    recorded = []

    def watch(stream, _verb, _payload, outcome):
        if isinstance(outcome, Fact):
            recorded.append(outcome.event_id)
            flags = fold(stream.facts, stream.reference).flagged.get(outcome.event_id, [])
            decided = {rule.code for rule in RULES.get(type(outcome.body), ())}
            world = {"not_yet_affiliated", "after_return", *SERVICE} if type(outcome.body) not in RULES else set()
            assert not set(flags) & (decided - world)
            assert set(flags) <= world
        assert [fact.event_id for fact in stream.facts[1:]] == recorded
        assert [fact.position for fact in stream.facts] == list(range(1, len(stream.facts) + 1))

    live(life, watch)


@deterministic
@given(STEPS)
def test_the_model_refuses_what_the_domain_refuses_for_the_same_reason(life):
    before = []

    def watch(stream, verb, payload, outcome):
        rows = telling(stream.facts if not isinstance(outcome, Fact) else stream.facts[:-1])
        if verb in ("correct-event", "void-event", "confirm-flag"):
            return
        if isinstance(outcome, Fact):
            row = telling([outcome])[0]
        elif isinstance(outcome, Refused):
            row = as_asked(verb, payload)
        else:
            return
        row["position"] = 1 << 62
        row["when"] = instant_of(row["occurred_at"], row["slot"])
        earlier = [one for one in model.counting(rows) if (one["when"], one["slot"]) <= (row["when"], row["slot"])]
        s = deepcopy(model.blank())
        for one in earlier:
            if model.refusal(s, one) is None:
                model.happen(s, one)
        why = model.refusal(s, row)
        assert why == (outcome.code if isinstance(outcome, Refused) else None)
        before.append(why)

    live(life, watch)


def as_asked(verb, payload):
    """Return a refused command as the fact that it would have been."""
    fields = {name: value for name, value in payload.items() if name not in ("at", "organisation")}
    body = AttendanceRecorded if verb == ATTENDING else COMMANDS[verb].body
    return {
        "id": "asked",
        "type": body.fact,
        "slot": body.order,
        "occurred_at": payload["at"],
        "organisation": payload["organisation"],
        "data": fields,
    }
