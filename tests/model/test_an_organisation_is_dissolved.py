"""Random lives in which an organisation gives way to its twin: told by its one name, they are what the model tells.

The twin has the same home, kind and superior, and does nothing before its day. Whoever reads both names as one must
find the life that the model, which knows of no dissolutions, tells of the organisation that never ended.
"""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from domain.fact import Fact, body_data, body_from
from domain.member.fold import effective, fold, steps
from domain.organisation import OrganisationRegistered
from domain.reference import Reference
from tests.model import member_model as model
from tests.model.comparing import owed_by_the_domain, owed_by_the_rows, told_by_the_domain, told_by_the_model
from tests.model.dissolutions import dissolution
from tests.model.lives import FIRST_DAY, STEPS, live
from tests.model.moments import start_of
from tests.model.recording import telling
from tests.model.test_member_model import DAYS, WORKDAYS, deterministic, end_of
from tests.model.world import ORGANISATIONS, world

TWIN = " 新"
ENDING = st.sampled_from(["MQ-1", "MQ", "JJ", "JJ-1", "CG", "CG-1", "WW", "GS"])
DAY = st.integers(-30, 400)


def ended(code: str, on: dt.date) -> Reference:
    """Return the world with a twin, to which an organisation gives way on a day."""
    kind, region, parent, stationed = ORGANISATIONS[code]
    twin = OrganisationRegistered(code + TWIN, code, kind, region, parent, stationed)
    base = world()
    known = replace(base, organisations=base.organisations.with_organisations([(twin, 500)]), position=500)
    return known.with_facts([dissolution(code, code + TWIN, on.isoformat())])


def told_with_both_names(facts: list[Fact], code: str, on: dt.date, chance: random.Random) -> list[Fact]:
    """Let about half of the facts from that day on name the twin; who has not heard of it still names the old one."""
    counting = {fact.event_id: fact.when for fact in effective(facts)}
    begins = start_of(on)
    told = []
    for fact in facts:
        if counting.get(fact.event_id, 0) >= begins and chance.random() < 0.5:
            data = {name: value + TWIN if value == code else value for name, value in body_data(fact.body).items()}
            acting = fact.organisation + TWIN if fact.organisation == code else fact.organisation
            told.append(replace(fact, organisation=acting, body=body_from(fact.fact, data)))
        else:
            told.append(fact)
    return told


def by_one_name(told: Any) -> Any:
    """Read both names as one, wherever they stand."""
    if isinstance(told, str):
        return told.removesuffix(TWIN)
    if isinstance(told, dict):
        return {key: by_one_name(value) for key, value in told.items()}
    if isinstance(told, list | tuple | set):
        return type(told)(map(by_one_name, told))
    return told


@deterministic
@given(STEPS, ENDING, DAY, DAYS, st.integers(0, 1 << 30))
def test_state_and_duties_are_those_of_one_organisation_that_never_ended(life, code, day, days, seed):
    stream = live(life)
    on = FIRST_DAY + dt.timedelta(days=day)
    reference, rows = ended(code, on), telling(stream.facts)
    facts = told_with_both_names(stream.facts, code, on, random.Random(seed))
    for at_us in map(end_of, days):
        state = fold(facts, reference, as_of_us=at_us)
        assert by_one_name(told_by_the_domain(state)) == told_by_the_model(model.state_at(rows, at_us))
        owed = {one for one in by_one_name(owed_by_the_domain(state, at_us)) if one[0] != "look_at_flag"}
        assert owed == {one for one in model.duties_at(rows, at_us, WORKDAYS) if one[0] != "look_at_flag"}


@deterministic
@given(STEPS, ENDING, DAY, DAYS)
def test_nobody_has_anything_of_a_member_before_its_day_or_after_its_end(life, code, day, days):
    stream = live(life)
    on = FIRST_DAY + dt.timedelta(days=day)
    reference = ended(code, on)
    for at_us in map(end_of, days):
        state = fold(stream.facts, reference, as_of_us=at_us)
        gone = code if at_us >= start_of(on) else code + TWIN
        having = {
            state.affiliation,
            state.responsible,
            state.holder,
            *(duty.organisation for duty in state.duties.values()),
        }
        assert gone not in having
        assert state.responsible is not None


@deterministic
@given(STEPS, ENDING, DAY, DAYS)
def test_the_intervals_that_are_kept_tell_who_owed_what_on_every_earlier_day(life, code, day, days):
    stream = live(life)
    reference = ended(code, FIRST_DAY + dt.timedelta(days=day))
    today = fold(stream.facts, reference)
    for at_us in map(end_of, days):
        then = fold(stream.facts, reference, as_of_us=at_us)
        assert owed_by_the_rows(today, at_us) == owed_by_the_domain(then, at_us)


@deterministic
@given(STEPS, ENDING, DAY)
def test_it_happens_once_at_the_beginning_of_its_day_and_only_to_whom_it_touches(life, code, day):
    stream = live(life)
    on = FIRST_DAY + dt.timedelta(days=day)
    seen = [fact for fact, _, _ in steps(stream.facts, ended(code, on))]
    own = [fact.event_id for fact in seen if fact.fact != "organisation_dissolved"]
    ends = [fact for fact in seen if fact.fact == "organisation_dissolved"]
    assert own == [fact.event_id for fact in effective(stream.facts)]
    assert len(ends) <= 1
    assert all(fact.when == start_of(on) for fact in ends)
    before, after = (
        [fact.when for fact in part]
        for part in ((seen, []) if not ends else (seen[: seen.index(ends[0])], seen[seen.index(ends[0]) + 1 :]))
    )
    assert not ends or all(when < start_of(on) for when in before)
    assert all(when >= start_of(on) for when in after)
