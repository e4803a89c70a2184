"""Whom the events of random lives concern: told by what stores it, and by a model that shares nothing with it.

What is sent cannot be taken back, so that besides the model's own telling the promises are looked at one by one.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from tests.model import feed_model
from tests.model import member_model as model
from tests.model.desked_lives import IN_FORCE, OVER, Desked, desked
from tests.model.feed_model import ABOUT, FAR, Terms, home, places
from tests.model.lives import STEPS
from tests.model.recording import telling
from tests.model.test_member_model import deterministic
from tests.model.test_merge_model import fewer
from tests.model.world import ORGANISATIONS

if TYPE_CHECKING:
    from domain.fact import Fact

SEED = st.integers(0, 1 << 30)
OF_A_MOVEMENT = (
    "departure_reported", "departed", "departure_cancelled", "destination_changed", "checked_in", "accepted",
    "declined", "moved_onward", "return_reported", "returned", "return_education_held", "movement_closed",
)  # fmt: skip


class InTurn(random.Random):
    """Chooses what it was told to, in turn."""

    def __init__(self, *chosen: Any) -> None:
        super().__init__(0)
        self._chosen = iter(chosen)

    def choice(self, _: Any) -> Any:
        return next(self._chosen)


def snapshots(stream: Desked) -> list[tuple[Fact, dict[str, Any], dict[str, Any]]]:
    """Return each fact with the member as the model knows them today, before it and after it."""
    rows = telling(stream.facts)
    today = [model.state_at(rows[:count], FAR) for count in range(len(rows) + 1)]
    return [(fact, today[index], today[index + 1]) for index, fact in enumerate(stream.facts)]


def had_a_part(stream: Desked, fact: Fact, before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    """Return the home and the places, as known at any time up to this fact, of the movement under way today."""
    rows = telling(stream.facts[: fact.position])
    under_way = {s["movement"]["id"] for s in (before, after) if places(s)}
    return {
        code
        for count in range(1, len(rows) + 1)
        for entry in model.replay(rows[:count], FAR)
        for s in (entry["before"], entry["after"])
        if s["movement"] and s["movement"]["id"] in under_way
        for code in home(s) | places(s)
    }


def about(stream: Desked, fact: Fact) -> str:
    """Return what kind of event a fact is about in the end."""
    by_id = {one.event_id: one for one in stream.facts}
    while fact.fact in ABOUT:
        fact = by_id[fact.body.event_id]  # type: ignore[attr-defined]
    return fact.fact


@deterministic
@given(STEPS, SEED)
def test_every_event_concerns_the_regions_that_the_model_finds_and_no_other(life, seed):
    stream = desked(life, seed)
    expected = feed_model.concerned(telling(stream.facts), stream.in_force)
    told = [(fact.fact, sorted(fact.concerns)) for fact in stream.facts]
    assert told == [(fact.fact, sorted(expected[fact.event_id])) for fact in stream.facts]


@fewer
@given(STEPS, SEED)
def test_who_was_sent_an_event_is_sent_whatever_corrects_voids_or_confirms_it(life, seed):
    stream = desked(life, seed)
    by_id = {fact.event_id: fact for fact in stream.facts}
    for fact in stream.facts:
        if fact.fact in ABOUT:
            about = by_id[fact.body.event_id]  # type: ignore[attr-defined]
            assert set(about.concerns) <= set(fact.concerns)


@fewer
@given(STEPS, SEED)
def test_the_event_by_which_a_region_is_concerned_no_more_is_the_last_that_it_hears(life, seed):
    for fact, before, after in snapshots(desked(life, seed)):
        left = (home(before) | places(before)) - (home(after) | places(after))
        assert left <= set(fact.concerns)


@fewer
@given(STEPS, SEED)
def test_nobody_is_told_where_a_member_is_who_does_not_concern_them(life, seed):
    stream = desked(life, seed)
    partner = ORGANISATIONS[stream.terms.partner][1]
    for fact, before, after in snapshots(stream):
        told: dict[str, Any] = fact.after or {}
        if "present" in told or told["movement"] is None:
            continue
        today = home(before) | home(after) | places(before) | places(after) | {partner}
        if feed_model.stands(before) != feed_model.stands(after):  # who had a part in a movement hears what changes it
            today |= had_a_part(stream, fact, before, after)
        for s in (before, after):
            if s["transfer"] and about(stream, fact).startswith(("transfer_", "receipt_")):
                today |= {ORGANISATIONS[s["transfer"][side]][1] for side in ("from", "to")}
        assert set(fact.concerns) <= today


@fewer
@given(STEPS, SEED)
def test_whoever_has_the_member_learns_what_a_correction_changes_of_the_movement_under_way(life, seed):
    stream = desked(life, seed)
    for fact, before, after in snapshots(stream):
        is_corrected = fact.fact in ABOUT and about(stream, fact) in OF_A_MOVEMENT and bool(places(before))
        ids = [one["movement"] and one["movement"]["id"] for one in (before, after)]
        goes_on = ids[1] is None or (ids[0] == ids[1] and places(after))
        if is_corrected and goes_on and feed_model.stands(before) != feed_model.stands(after):
            assert "present" not in (fact.after or {})


@deterministic
@given(STEPS, SEED)
def test_what_an_event_says_of_its_own_time_is_no_secret_to_whom_it_is_sent(life, seed):
    stream = desked(life, seed)
    rows = telling(stream.facts)
    partner = ORGANISATIONS[stream.terms.partner][1]
    for fact in stream.facts:
        told: dict[str, Any] = fact.after or {}
        if "present" not in told or told["movement"] is None:
            continue
        movement = told["movement"]["movement_id"]
        known = model.replay(rows[: fact.position], FAR) + model.replay(rows[: fact.position - 1], FAR)
        theirs = {partner}
        for entry in known:
            for s in (entry["before"], entry["after"]):
                theirs |= home(s)
                if s["movement"] and s["movement"]["id"] == movement:
                    theirs |= {code for one in s["movement"]["legs"] for code in (one["declared"], one["region"])}
        sides = {one["to"] for entry in known for one in [entry["after"]["transfer"]] if one}
        theirs |= {ORGANISATIONS[code][1] for code in sides}
        for one in stream.facts[: fact.position - 1]:
            theirs |= set(one.concerns) if one.event_id == getattr(fact.body, "event_id", None) else set()
        assert set(fact.concerns) <= theirs


def test_who_was_sent_a_correction_only_is_sent_the_next_one_too_after_the_agreement():
    days = InTurn(OVER, OVER, OVER, IN_FORCE, OVER, OVER)
    stream = Desked(terms=Terms("MQ", "JJ", ("CONTACTS",)), chance=days)
    stream.register()
    stream.command("depart", "2024-02-01", destination={"unknown": True})
    contact = stream.command("record-contact", "2024-02-10", "MQ-1", channel="PHONE")
    for day in ("2024-02-11", "2024-02-12"):
        stream.command("correct-event", "2024-03-01", event_id=contact.event_id, changes={"occurred_at": day})
    stream.command("void-event", "2024-03-02", event_id=contact.event_id)
    assert [fact.concerns for fact in stream.facts[2:]] == [("620621",), *[("510104", "620621")] * 3]
