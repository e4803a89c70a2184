"""Recording without a database: commands are read, decided as true at their time, and take the next position."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from domain.fact import Body, Fact, body_data, place_in_time
from domain.member import events as e
from domain.member.decide import decide, decide_about_event, joins
from domain.member.fold import effective, fold, registered_when
from domain.member.reading import read_command
from domain.member.service.events import AttendanceRecorded
from domain.times import Occurred, day_start_us, parse_occurred
from tests.model.world import MEMBER, world

if TYPE_CHECKING:
    from collections.abc import Iterable

    from domain.member.state import State
    from domain.reference import Reference

ATTENDING = "record-attendance"
"""Not a command of a member: it comes with an activity."""
ABOUT_EVENTS = (e.EventCorrected, e.EventVoided, e.FlagConfirmed)
NOW_US = day_start_us(parse_occurred("2027-12-31").day)
RECORDED_US = day_start_us(parse_occurred("2026-09-01").day)


@dataclass
class Stream:
    """A member's ledger, in the order of recording."""

    reference: Reference = field(default_factory=world)
    facts: list[Fact] = field(default_factory=list)
    now_us: int = NOW_US
    recorded_us: int | None = None

    def register(self, affiliation: str = "MQ-1", since: str | None = None, category: str = "FULL") -> Fact:
        """Register the member; affiliated as far back as anybody asks unless `since` says otherwise."""
        body = e.MemberRegistered(category, affiliation, since)
        occurred = parse_occurred(since or "2024-01-01")
        fact = self._draft(body, occurred.text, occurred.precision, registered_when(body), affiliation)
        return self._append(fact)

    def command(self, verb: str, at: str, organisation: str | None = "MQ", **payload: Any) -> Fact:
        """Record a command; raises Refused or Invalid, and then nothing was recorded."""
        if verb == ATTENDING:
            body: Body = AttendanceRecorded(**payload)
            return self._decided(body, parse_occurred(at), organisation)
        asked = read_command(
            verb, {"occurred_at": at, **payload}, self.reference, now_us=self.now_us, organisation=organisation
        )
        return self._decided(asked.body, asked.occurred, asked.organisation)

    def fact(self, body: Body, at: str, organisation: str | None = "MQ") -> Fact:
        """Record a fact that no command makes, as a register brings it."""
        return self._decided(body, parse_occurred(at), organisation)

    def _decided(self, body: Body, occurred: Occurred, organisation: str | None) -> Fact:
        when = place_in_time(occurred, type(body))
        fact = self._draft(body, occurred.text, occurred.precision, when, organisation)
        if isinstance(fact.body, ABOUT_EVENTS):
            return self._append(decide_about_event(self.facts, fact, self.reference, now_us=self.now_us))
        fact = decide(self._before(fact), fact, self.reference)
        opened, reopened = self.state().movement_ids, self._with(fact).movement_ids
        if isinstance(fact.body, e.DepartureReported | e.Departed | e.CheckedIn):
            joined = joins(opened, reopened, fact)
            if joined is not None:
                fact = replace(fact, body=replace(fact.body, movement_id=joined))
        return self._append(fact)

    def state(self, at: str | None = None, *, known: int | None = None) -> State:
        """Return the state at the end of a day, as known at a position."""
        limits = {} if known is None else {"known_position": known}
        if at is not None:
            limits["as_of_us"] = day_start_us(parse_occurred(at).day) + 86_400_000_000 - 1
        return fold(self.facts, self.reference, **limits)

    def _draft(self, body: Any, at: str, precision: Any, when: int, organisation: str | None) -> Fact:
        number = len(self.facts) + 1
        event_id = str(UUID(int=number))
        return Fact(
            MEMBER, number, event_id, f"{number:032x}", body, at, precision, when, organisation, "test", "API", event_id
        )

    def _append(self, fact: Fact) -> Fact:
        fact.position = len(self.facts) + 1
        fact.recorded_us = self.recorded_us or RECORDED_US + fact.position * 60_000_000
        self.facts.append(fact)
        return fact

    def _before(self, fact: Fact) -> State:
        return fold(self.facts, self.reference, as_of_us=fact.when) if self._is_in_order(fact) else self._until(fact)

    def _is_in_order(self, fact: Fact) -> bool:
        return all(one.when != fact.when for one in effective(self.facts))

    def _until(self, fact: Fact) -> State:
        earlier = [
            one
            for one in effective(self.facts)
            if (one.when, one.body.order, one.position) <= (fact.when, fact.body.order, fact.position)
        ]
        return fold(earlier, self.reference)

    def _with(self, fact: Fact) -> State:
        return fold([*self.facts, fact], self.reference)


def telling(facts: Iterable[Fact]) -> list[dict[str, Any]]:
    """Return facts as the plain dictionaries that the model reads."""
    return [
        {
            "id": fact.event_id,
            "type": fact.fact,
            "position": fact.position,
            "slot": fact.body.order,
            "occurred_at": fact.occurred_at,
            "organisation": fact.organisation,
            "data": body_data(fact.body),
        }
        for fact in facts
    ]
