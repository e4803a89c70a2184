"""Leaving home: reported before, with the talk and what becomes of the plan, or found out afterwards."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

from infra.demo import habits
from infra.demo.steps import Over

if TYPE_CHECKING:
    from infra.demo.absence import Absence

_ONE: Final = timedelta(days=1)


def leave_as_planned(absence: Absence) -> None:
    """Report, talk, and leave on the day; or cancel, or nobody confirms. Raises Over."""
    chance, diary, left = absence.chance, absence.diary, absence.left
    reported = max(left - chance.days(2, 24), diary.known)
    diary.chain(
        "report-departure",
        reported,
        absence.secretary,
        destination=destination(absence.place),
        departs_on=left.isoformat(),
        reason=chance.one_of(habits.REASON),
    )
    absence.noticed = reported
    cancelled = max(chance.day_between(reported, left), reported) if chance.happens(habits.CANCELLED) else None
    talk = _talk(absence, reported, cancelled or left)
    if cancelled is not None:
        diary.chain("cancel-departure", cancelled, absence.secretary)
        absence.finished, absence.ended_on = True, cancelled
        return
    if chance.happens(habits.LIAISON):
        absence.assign_liaison(left - _ONE if left > reported else left)
    fate = chance.one_of(habits.DEPARTURE)
    if fate == "never" and left < diary.until:
        raise Over
    if fate != "by_check_in":
        late = 0 if fate == "same_day" else chance.random.randint(1, 9)
        diary.chain("depart", left, absence.secretary, late=late)
    else:
        diary.known = max(diary.known, left)
    if talk == "late":
        # Held by telephone from the road: late, and held all the same.
        diary.aside("hold-pre-departure-talk", left + chance.days(2, 12), absence.secretary)


def _talk(absence: Absence, reported: date, before: date) -> str:
    """Hold the talk before a day, or waive it, or put it off."""
    chance, diary = absence.chance, absence.diary
    talk = chance.one_of(habits.TALK)
    if talk == "held":
        by = "样例支部书记" if chance.happens(habits.NOTE) else None
        diary.aside("hold-pre-departure-talk", chance.day_between(reported, before - _ONE), absence.secretary, by=by)
    elif talk == "waived":
        on, reason = chance.day_between(reported, before - _ONE), chance.one_of(habits.WAIVER)
        diary.aside("waive-pre-departure-talk", on, absence.secretary, reason=reason)
    return talk


def leave_unnoticed(absence: Absence) -> None:
    """Leave, and be found to have left, by the day or by the month. Raises Over."""
    chance, diary, left = absence.chance, absence.diary, absence.left
    found = max(left + chance.days(4, 70), diary.known)
    seen_first = absence.place.isdigit() and chance.happens(habits.CHECKED_IN_BEFORE_KNOWN)
    if seen_first:
        absence.noticed = found
        absence.check_in(absence.place, min(left + chance.days(3, 20), found))
    by_month = chance.happens(habits.DEPARTURE_BY_MONTH) and _was_home_at_the_first(absence)
    name = diary.new_name() if by_month and chance.happens(habits.MONTH_MADE_PRECISE) else None
    diary.chain(
        "depart",
        left,
        absence.secretary,
        late=(found - left).days,
        at=f"{left:%Y-%m}" if by_month else None,
        destination=destination(absence.place),
        reason=chance.one_of(habits.REASON),
        name=name,
    )
    absence.noticed = diary.known
    if name is not None and not seen_first:
        changes = {"occurred_at": left.isoformat()}
        on = diary.known + chance.days(3, 30)
        diary.aside("correct-event", on, absence.secretary, about=name, changes=changes, reason="按车票核对的日期")
    if chance.happens(habits.LIAISON):
        absence.assign_liaison(diary.known + chance.days(0, 10))


def _was_home_at_the_first(absence: Absence) -> bool:
    """A month stands at its first day: the absence before must have ended by then."""
    return absence.home_since is None or absence.home_since < absence.left.replace(day=1)


def destination(place: str) -> dict[str, Any]:
    """Return a place as a command's destination."""
    return {"region": place} if place.isdigit() else {place: True}
