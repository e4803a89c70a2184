"""The lives that a large log is cloned from: whose ids carry a marker, whose counties have likenesses elsewhere.

A clone is the same life of somebody else: its marker is another, and its counties are those of its group, which lie to
each other as the template's do (in one city, in one province, across provinces) and sort alike.
"""

import random
from dataclasses import dataclass, replace
from datetime import date
from typing import Final
from uuid import UUID

from bench.year_of_lives import COUNTIES, START, as_recorded, life, reference_facts, told_fact
from domain.fact import Fact
from domain.member import events as e
from domain.reference import empty_reference

MARKER: Final = "c10ec10e"
"""The first eight hex digits of every id and nonce of the template."""

BRANCHES: Final = 30
COUNTY_GROUPS: Final = (
    COUNTIES,
    ("610303", "610302", "610102", "610103", "610104", "510302", "510303", "350102", "320205", "330203"),
    ("630203", "630202", "630102", "630103", "630104", "520102", "520103", "360102", "340102", "350302"),
    ("640205", "640202", "640104", "640105", "640106", "530102", "530103", "370102", "320302", "340202"),
    ("650203", "650202", "650102", "650103", "650104", "540102", "540103", "410102", "340302", "370202"),
    ("620403", "620402", "620104", "620111", "620121", "440103", "440104", "430102", "410202", "420102"),
    ("450203", "450202", "450102", "450103", "450105", "430202", "430203", "420202", "360202", "410302"),
    ("440204", "440203", "440105", "440106", "440111", "410104", "410105", "370302", "130102", "140105"),
    ("420204", "420203", "420103", "420104", "420105", "370103", "370104", "360302", "210102", "220102"),
    ("370305", "370304", "370105", "370112", "370113", "320102", "320104", "230102", "130202", "150102"),
)
EVENTS_A_MEMBER: Final = 20
_MOST_MEMBERS: Final = 8_000
_EVENTS_OF_A_YEAR: Final = 25.62
_AT_HOME: Final = (_EVENTS_OF_A_YEAR - EVENTS_A_MEMBER) / (_EVENTS_OF_A_YEAR - 1)


@dataclass(frozen=True, slots=True)
class Plan:
    """How a log of about so many events is made: how many lives, in how many groups of counties, cloned how often."""

    members: int
    groups: int
    copies_a_group: int

    @property
    def copies(self) -> int:
        """How many clones each life of the template becomes."""
        return self.groups * self.copies_a_group


@dataclass(frozen=True, slots=True)
class Template:
    """Facts in recorded order, and of each member the two counties that it names."""

    reference: list[Fact]
    facts: list[Fact]
    counties: dict[UUID, tuple[str, str]]


def plan_for(events: int) -> Plan:
    """Choose for a number of events."""
    needed = -(-events // (_MOST_MEMBERS * EVENTS_A_MEMBER))
    most = len(COUNTY_GROUPS)
    copies_a_group = -(-needed // most)
    groups = needed if copies_a_group == 1 else most
    return Plan(max(1, round(events / (EVENTS_A_MEMBER * groups * copies_a_group))), groups, copies_a_group)


def template(plan: Plan, seed: int = 7) -> Template:
    """Return a year of lives, a fifth of them of members who stay at home, and the organisations of all groups."""
    chance = random.Random(seed)
    counties = [county for group in COUNTY_GROUPS[: plan.groups] for county in group]
    registered = reference_facts(counties, BRANCHES)
    told: list[tuple[date, Fact]] = []
    named: dict[UUID, tuple[str, str]] = {}
    for _ in range(plan.members):
        one = _stay(chance) if chance.random() < _AT_HOME else life(chance, BRANCHES)
        for _, fact in one:
            _mark(fact)
        named[one[0][1].stream] = _counties_of([fact for _, fact in one])
        told += one
    return Template(registered, as_recorded(told, empty_reference().with_facts(registered)), named)


def _stay(chance: random.Random) -> list[tuple[date, Fact]]:
    stream = UUID(int=chance.getrandbits(128), version=4)
    branch = f"C{chance.choice(COUNTIES)}-{chance.randrange(BRANCHES)}"
    fact = told_fact(chance, stream, 0, e.MemberRegistered("FULL", branch), START.isoformat(), branch)
    return [(START, fact)]


def _counties_of(facts: list[Fact]) -> tuple[str, str]:
    home, away = "", ""
    for fact in facts:
        if isinstance(fact.body, e.MemberRegistered):
            home = fact.body.affiliation[1:7]
        elif isinstance(fact.body, e.CheckedIn):
            away = str(fact.body.region)
    return home, away or next(county for county in COUNTIES if county != home)


def _mark(fact: Fact) -> None:
    fact.stream = UUID(_marked(str(fact.stream)))
    fact.event_id, fact.correlation_id, fact.nonce = map(_marked, (fact.event_id, fact.correlation_id, fact.nonce))
    if isinstance(fact.body, e.EventCorrected):
        fact.body = replace(fact.body, event_id=_marked(fact.body.event_id))


def _marked(drawn: str) -> str:
    """Return an id with the marker, in which no digits can be taken for a county."""
    for county in COUNTIES:
        drawn = drawn.replace(county, "a" + county[1:])
    return MARKER + drawn[len(MARKER) :]
