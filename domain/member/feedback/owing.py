"""The feedback owed at the end of each calendar year to whom an organisation has here then; leaving ends it.

One duty stands for the Decembers of all years from that of the acceptance on; a feedback of a year in between cuts off
the years before it, which then stand as a duty of their own.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Final

from domain.calendar import add_months
from domain.member import duties
from domain.member.rule import is_in_line
from domain.member.state import FOREVER_US
from domain.times import day_start_us, local_day

if TYPE_CHECKING:
    from domain.member.state import Duty, Leg, State
    from domain.reference import Reference

KIND: Final = "issue_feedback"
_MONTH: Final = 12


def begin(state: State, reference: Reference, leg: Leg, at_us: int) -> None:
    """Whoever takes responsibility owes a feedback in December; not yet of a year that ends soon after the arrival."""
    arrived = local_day(leg.arrived_us if leg.arrived_us is not None else at_us)
    least = add_months(arrived, reference.policy(state.affiliation_region, arrived).feedback_least_months)
    first = _december(max(local_day(at_us).year, least.year))
    duty = duties.open_duty(
        state,
        reference,
        KIND,
        since_us=max(at_us, day_start_us(first)),
        due=first.replace(day=31),
        role=duties.DESTINATION_ROLE,
    )
    duty.month_from = first


def leave(state: State, at_us: int) -> None:
    """The member has left: a feedback may still be issued, but nobody owes it."""
    for duty in _standing(state):
        duties.end_duty(state, duty.key, at_us)


def issued(state: State, organisation: str | None, year: int, reference: Reference, at_us: int) -> None:
    """Nothing more is owed for this year by this organisation."""
    this = _december(year)
    for duty in _standing(state):
        if not is_in_line(organisation, duty.organisation, reference) or duty.month_from is None:
            continue
        first, last = duty.month_from, duty.month_until
        if first <= this and (last is None or this <= last):
            duties.end_duty(state, duty.key, at_us)
            _put(state, duty, first, _december(year - 1), at_us)
            _put(state, duty, _december(year + 1), last, at_us)


def _december(year: int) -> date:
    return date(year, _MONTH, 1)


def _standing(state: State) -> list[Duty]:
    return [duty for duty in state.duties.values() if duty.kind == KIND]


def _put(state: State, duty: Duty, first: date, last: date | None, at_us: int) -> None:
    """Owe what is left of a duty: the years from the first to the last, or for good."""
    if last is not None and first > last:
        return
    since_us = max(duty.since_us, day_start_us(first))
    left = replace(
        duty,
        key=KIND if last is None else f"{KIND}.{first:%Y}",
        since_us=since_us,
        due_on=first.replace(day=31),
        month_from=first,
        month_until=last,
        from_us=max(at_us, since_us),
        until_us=FOREVER_US,
    )
    state.duties[left.key] = left
