"""The same facts, told in another order."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from domain.fact import Fact
from domain.member import events as e
from domain.member.fold import effective

if TYPE_CHECKING:
    import random


def recorded_in_another_order(facts: list[Fact], chance: random.Random) -> list[Fact]:
    """Give the same facts other positions.

    What a fact is about comes before it, corrections of one event keep their order (the last counts), and so do facts
    of one type at one instant (DOMAIN: ties by type, then position).
    """
    about = {fact.event_id: getattr(fact.body, "event_id", None) for fact in facts if fact.fact.startswith("event_")}

    def root(event_id: str) -> str:
        target = about.get(event_id)
        return root(target) if target else event_id

    counting = {fact.event_id: fact for fact in effective(facts)}

    def must_wait_for(fact: Fact, other: Fact) -> bool:
        if isinstance(other.body, e.MemberRegistered) or about.get(fact.event_id) == other.event_id:
            return True
        if fact.position < other.position:
            return False
        one, two = counting.get(fact.event_id, fact), counting.get(other.event_id, other)
        same_instant = (one.when, one.body.order) == (two.when, two.body.order)
        return same_instant or (fact.event_id in about and root(fact.event_id) == root(other.event_id))

    waiting, taken = sorted(facts, key=lambda one: one.position), list[Fact]()
    while waiting:
        free = [
            one for one in waiting if not any(must_wait_for(one, other) for other in waiting if other is not one)
        ] or waiting[:1]
        fact = chance.choice(free)
        waiting.remove(fact)
        taken.append(replace(fact, position=len(taken) + 1))
    return taken
