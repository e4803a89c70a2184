"""What goes on beside an absence: dues, the activity card, service, the yearly feedback, now and then a decision."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from infra.demo import habits
from infra.demo.absence import months_between

if TYPE_CHECKING:
    from infra.demo.absence import Absence, Who
    from infra.demo.stay import Stay

_ONE: Final = timedelta(days=1)
_QUARTER: Final = 3
_LONG_THERE: Final = timedelta(days=95)
"""By then a feedback is owed of whoever stays."""


def belong(absence: Absence) -> None:
    """Write into the diary of an absence, once its way and its contacts are told."""
    last = absence.last_day - _ONE
    if absence.silent_from is not None:
        last = min(last, absence.silent_from - _ONE)
    first = max(absence.noticed, absence.left) + _ONE
    if first >= last:
        return
    _hold_a_card(absence, first, last)
    _pay_dues(absence, first, last)
    for stay in absence.stays:
        _serve(absence, stay, last)
        _be_told_of(absence, stay, last)
    if absence.chance.happens(habits.ASKS_ABOUT_DATA):
        _ask_about_data(absence, first, last)
    if absence.ended_on is None and absence.silent_from is None:
        _be_decided_about(absence, first, last)


def _hold_a_card(absence: Absence, first: date, last: date) -> None:
    chance, diary = absence.chance, absence.diary
    issued = first + chance.days(0, 30)
    if issued > last or not chance.happens(habits.CARD):
        return
    number = f"LD-{issued.year}-{chance.random.randint(1, 99_999):05d}"
    diary.aside("issue-activity-card", issued, absence.secretary, card_number=number)
    inspected = date(issued.year, 12, 1) + chance.days(0, 25)
    if issued < inspected <= last and chance.happens(habits.CARD_INSPECTED):
        diary.aside("inspect-activity-card", inspected, absence.secretary)


def _pay_dues(absence: Absence, first: date, last: date) -> None:
    chance, diary = absence.chance, absence.diary
    if not chance.happens(habits.DUES):
        return
    day = first + chance.days(5, 60)
    while day <= last:
        quarter = (day.month - 1) // _QUARTER * _QUARTER
        months = [f"{day.year}-{quarter + number:02d}" for number in range(1, _QUARTER + 1)]
        diary.aside("pay-dues", day, absence.secretary, months=months)
        day += timedelta(days=91)


def _serve(absence: Absence, stay: Stay, last: date) -> None:
    """Hours served where the member has settled, noted there, some a few days later."""
    chance = absence.chance
    if stay.settled_on is None or stay.host is None or not chance.happens(habits.SERVES):
        return
    by: Who = (f"worker:{stay.host}", stay.host)
    for begins, ends in months_between(stay.settled_on + _ONE, min(stay.left_on or last, last) - _ONE):
        if chance.happens(habits.SERVES_IN_A_MONTH):
            on = chance.day_between(begins, ends)
            kind, hours = chance.one_of(habits.SERVICE_KIND), chance.random.choice((1, 1.5, 2, 2, 3, 4))
            absence.diary.aside("record-service", on, by, late=chance.random.randint(0, 6), kind=kind, hours=hours)


def _ask_about_data(absence: Absence, first: date, last: date) -> None:
    chance, diary = absence.chance, absence.diary
    on = chance.day_between(first, last)
    name, kind = diary.new_name(), "ACCESS" if chance.happens(0.6) else "CORRECTION"
    department = (f"department:{absence.home.committee}", absence.home.committee)
    asked = diary.aside("request-personal-data", on, ("member", None), request=kind, name=name)
    if asked and chance.happens(habits.DATA_REQUEST_ANSWERED):
        diary.aside("complete-personal-data-request", on + chance.days(2, 16), department, about=name)


def _be_told_of(absence: Absence, stay: Stay, last: date) -> None:
    """Whoever has the member at the end of a year says how it was; the origin acknowledges it in January."""
    chance, diary = absence.chance, absence.diary
    if stay.settled_on is None or stay.host is None:
        return
    until = min(stay.left_on or last, last)
    year = stay.settled_on.year
    issued = date(year, 12, 31) - chance.days(0, 14)
    was_there_before = stay.settled_on == diary.begins
    if (
        (stay.settled_on + _LONG_THERE > issued and not was_there_before)
        or issued >= until
        or not chance.happens(habits.FEEDBACK)
    ):
        return
    by: Who = (f"worker:{stay.host}", stay.host)
    if diary.aside("issue-annual-feedback", issued, by, year=year) and chance.happens(habits.FEEDBACK_ACKNOWLEDGED):
        diary.aside("acknowledge-feedback", date(year + 1, 1, 4) + chance.days(0, 24), absence.secretary, year=year)


def _be_decided_about(absence: Absence, first: date, last: date) -> None:
    chance, diary = absence.chance, absence.diary
    on = chance.day_between(first + timedelta(days=30), last)
    if on > last:
        return
    meeting = f"样例支部大会{on.isoformat()}"
    if chance.happens(habits.DIES):
        _stop(absence, on)
        late = chance.random.randint(0, 20)
        document = f"样例讣〔{on.year}〕{chance.random.randint(1, 99)}号"
        diary.aside("record-death", on, absence.secretary, late=late, document=document, meeting=meeting)
    elif chance.happens(habits.SUSPENDED):
        document = f"样例停〔{on.year}〕{chance.random.randint(1, 99)}号"
        why = "样例：长期不参加组织生活"
        diary.aside("suspend-membership", on, absence.secretary, document=document, meeting=meeting, reason=why)
        lifted = on + chance.days(40, 150)
        if lifted <= last and chance.happens(habits.RESTORED):
            meeting, document = f"样例支部大会{lifted.isoformat()}", document.replace("停", "恢")
            diary.aside("restore-membership", lifted, absence.secretary, document=document, meeting=meeting)


def _stop(absence: Absence, on: date) -> None:
    """Nothing happens on that day or after it, and nobody records anything later."""
    day = on.isoformat()
    diary = absence.diary
    diary.steps[:] = [step for step in diary.steps if step.recorded_on < on and step.payload["occurred_at"][:10] < day]
