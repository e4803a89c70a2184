"""The contact owed for each calendar month away, by the origin and, once settled, by the destination.

One duty stands for all months from `month_from` on; a contact moves its beginning, a waiver of a month in the middle
cuts off the months before, which then stand as a duty of their own. Who studies abroad is owed one contact each half
year: a duty of its own for each, without `month_from`.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

from domain.calendar import add_months, month_before, month_end, next_month
from domain.member.duties import DESTINATION_ROLE, ORIGIN_ROLE, end_duty, open_duty
from domain.member.state import Duty
from domain.times import DAY_US, day_start_us, local_day, local_day_number

if TYPE_CHECKING:
    from domain.member.state import Movement, State
    from domain.reference import Reference


def begin_monthly_contact(state: State, reference: Reference, side: str, at_us: int) -> None:
    """Owe a contact for each month from that of `at_us` on, due on its last day; half-yearly to study abroad."""
    first = local_day(at_us).replace(day=1)
    state.contacts_made.pop(side, None)
    movement = state.movement
    if movement is not None and studies_abroad(movement):
        _owe_half_year(state, reference, side, first, at_us)
        return
    duty = open_duty(
        state,
        reference,
        "monthly_contact",
        since_us=at_us,
        due=month_end(first),
        role=ORIGIN_ROLE if side == "origin" else DESTINATION_ROLE,
        subject=movement.movement_id if movement is not None else "",
        key=f"monthly_contact.{side}",
    )
    duty.month_from = first


def studies_abroad(movement: Movement) -> bool:
    """Whether the member left to study, and the present leg is abroad."""
    declared = movement.leg.declared
    return movement.reason == "STUDY" and declared is not None and bool(declared.get("abroad"))


def _owe_half_year(state: State, reference: Reference, side: str, first: date, at_us: int) -> None:
    """Owe one contact until the end of the policy's months, of which `first` is the first."""
    since_us = max(at_us, day_start_us(first))
    count = reference.policy(state.affiliation_region, local_day(since_us)).contact_months_study_abroad
    movement = state.movement
    open_duty(
        state,
        reference,
        "monthly_contact",
        since_us=since_us,
        due=month_end(add_months(first, count - 1)),
        role=ORIGIN_ROLE if side == "origin" else DESTINATION_ROLE,
        subject=movement.movement_id if movement is not None else "",
        key=f"monthly_contact.{side}.{first:%Y-%m}",
    )


def contact_by(state: State, reference: Reference, side: str | None, at_us: int) -> None:
    """End what one side owed up to the month of a contact; from the next month on it owes again.

    The month in which a side did what it owed is kept: figures tell contacts made from months waived.
    """
    if side is None:
        return
    for duty in _months_of(state, side):
        if duty.since_us > at_us:
            continue
        state.contacts_made[side], following = _month_of(local_day_number(at_us))
        end_duty(state, duty.key, at_us)
        if duty.month_from is None:
            _owe_half_year(state, reference, duty.key.split(".")[1], following, at_us)
        else:
            _owe_months(state, duty, max(duty.month_from, following), duty.month_until, at_us)


def waive_month(state: State, reference: Reference, side: str | None, month: date, at_us: int) -> None:
    """Owe nothing for one month; the months before and after it stay owed. Of a half year, nothing for all of it."""
    for duty in _months_of(state, side):
        if duty.month_from is None and local_day(duty.since_us).replace(day=1) <= month <= duty.due_on:
            end_duty(state, duty.key, at_us)
            _owe_half_year(state, reference, duty.key.split(".")[1], next_month(duty.due_on), at_us)
            continue
        last = duty.month_until
        if duty.month_from is None or month < duty.month_from or (last is not None and month > last):
            continue
        end_duty(state, duty.key, at_us)
        _owe_months(state, duty, duty.month_from, month_before(month), at_us)
        _owe_months(state, duty, next_month(month), last, at_us)


def _months_of(state: State, side: str | None) -> list[Duty]:
    """Return what one side owes: the months from some month on, and any before it that waivers cut off."""
    key = f"monthly_contact.{side}"
    return [duty for name, duty in state.duties.items() if name.startswith(key)]


def _owe_months(state: State, duty: Duty, first: date, last: date | None, at_us: int) -> None:
    """Owe what is left of a duty: the months from `first` to `last`, or for good."""
    if last is not None and first > last:
        return
    begins_us, due_on = _span(first)
    since_us = max(duty.since_us, begins_us)
    left = Duty(
        duty.key if last is None else f"monthly_contact.{duty.key.split('.')[1]}.{first:%Y-%m}",
        duty.kind,
        duty.role,
        duty.organisation,
        duty.region,
        duty.subject,
        since_us,
        due_on,
        duty.provisional,
        first,
        last,
        max(at_us, since_us),
    )
    state.duties[left.key] = left


def end_monthly_contact(state: State, side: str, at_us: int) -> None:
    """A side owes no contact any more."""
    state.contacts_made.pop(side, None)
    for duty in _months_of(state, side):
        end_duty(state, duty.key, at_us)


# Asked for nearly every sign of life there is; days and months come again and again.
@lru_cache(maxsize=20_000)
def _month_of(day: int) -> tuple[date, date]:
    """Return the first day of a day's month, and of the one after; the day by number."""
    first = local_day(day * DAY_US).replace(day=1)
    return first, next_month(first)


@lru_cache(maxsize=4_096)
def _span(first: date) -> tuple[int, date]:
    """Return the instant at which a month begins, and its last day."""
    return day_start_us(first), month_end(first)
