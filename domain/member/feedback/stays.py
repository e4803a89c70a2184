"""Where a member stayed, with whom, and which days of a year those were."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from domain.member.rule import is_in_line
from domain.times import local_day

if TYPE_CHECKING:
    from domain.member.feedback.events import Period
    from domain.member.state import Leg, State
    from domain.reference import Reference

_A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Stay:
    """A leg on which somebody took responsibility; microseconds since 1970 UTC, `until_us` exclusive."""

    host: str
    acceptor: str
    since_us: int
    until_us: int | None

    def days_of(self, year: int, upto: date) -> tuple[date, date] | None:
        """Return the first and last day of a year, and up to a day, at whose end the member was there."""
        last = min(date(year, 12, 31), upto)
        if self.until_us is not None:
            last = min(last, local_day(self.until_us) - _A_DAY)
        first = max(date(year, 1, 1), local_day(self.since_us))
        return (first, last) if first <= last else None

    def is_with(self, organisation: str | None, reference: Reference, member: str) -> bool:
        """Whether an organisation speaks for who took responsibility, or for a successor; if nobody is named, yes."""
        if organisation is None:
            return True
        sides = {self.host, self.acceptor}
        sides |= {reference.organisations.standing(code, member) for code in sides}
        return any(is_in_line(organisation, code, reference) for code in sides)


def stays(state: State) -> Iterator[Stay]:
    """Yield the stays of all movements, in the order in which they began."""
    movements = [*state.past_movements, *([state.movement] if state.movement is not None else [])]
    for movement in movements:
        for leg in movement.legs:
            if leg.accepted_by is not None:
                yield stay_of(leg, leg.accepted_by)


def stay_of(leg: Leg, acceptor: str) -> Stay:
    """Return the stay of an accepted leg: from the check-in on, not only from the acceptance."""
    since_us = leg.arrived_us if leg.arrived_us is not None else leg.departed_us
    return Stay(leg.branch or acceptor, acceptor, since_us, leg.ended_us)


def with_whom(state: State, organisation: str | None, year: int, upto: date, reference: Reference) -> list[Stay]:
    """Return the stays with an organisation that hold days of a year, up to a day."""
    return [
        stay
        for stay in stays(state)
        if stay.is_with(organisation, reference, state.member_id or "") and stay.days_of(year, upto) is not None
    ]


def periods_of(found: list[Stay], year: int, upto: date) -> list[Period]:
    """Return the days of stays as they are recorded."""
    days = [stay.days_of(year, upto) for stay in found]
    return [{"from": one[0].isoformat(), "until": one[1].isoformat()} for one in days if one is not None]
