"""Keeping in touch through one absence: a contact a month from each side, some missed, some lost and found again."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from domain.calendar import add_months
from domain.codes import FIVE_POINTS
from infra.demo import habits
from infra.demo.absence import months_between
from infra.demo.steps import Over

if TYPE_CHECKING:
    from infra.demo.absence import Absence, Who
    from infra.demo.habits import Weights
    from infra.demo.stay import Stay

_ONE: Final = timedelta(days=1)
_LOST_MONTHS: Final = 6
_SURELY_AWAY: Final = timedelta(days=25)
"""After the departure: by then it is recorded, and a decision about the absence is possible."""


class Contacts:
    """Writes the contacts of an absence, once its way is told."""

    def __init__(self, absence: Absence) -> None:
        """Work on the absence's own diary and chances."""
        self.absence, self.chance, self.diary = absence, absence.chance, absence.diary
        self.heard = max([absence.left, *(stay.arrived_on for stay in absence.stays)])

    def keep_in_touch(self) -> None:
        """Contacts until the absence, or the year, or hearing of the member ends."""
        absence = self.absence
        last = min(absence.silent_from - _ONE, absence.last_day) if absence.silent_from else absence.last_day
        # Of somebody who came home unnoticed one hears as before; later these contacts are looked at again.
        known = self.diary.known if absence.ended_on is not None else self.diary.until
        self._of_origin(max(absence.noticed, absence.left + _ONE), min(last, known) - _ONE)
        self._of_hosts(last)
        if absence.ended_on is not None and known - absence.ended_on > timedelta(days=18):
            self._after_a_silent_return(absence.ended_on, known)
        if absence.silent_from is not None:
            self._lose_and_find()

    def of_the_host(self) -> None:
        """Contacts of the place of the stay alone: the origin keeps its own books elsewhere."""
        self._of_hosts(self.diary.until)

    def _of_hosts(self, last: date) -> None:
        for stay in self.absence.stays:
            if stay.settled_on is not None and stay.host is not None:
                until = min(stay.left_on or last, last)
                self._of_destination(stay, stay.settled_on + _ONE, until - _ONE)

    def _of_origin(self, first: date, last: date) -> None:
        for month_first, month_last in months_between(first, last):
            if (month_last - month_first).days < 8 and month_last != last:
                continue  # noticed at the end of a month: the next is soon enough
            self._of_month(month_first, month_last, self.absence.secretary, habits.CONTACT)
        if self.chance.happens(habits.NAMESAKE) and (last - first).days > 20:
            self._book_to_a_namesake(self.chance.day_between(first, last))

    def _of_destination(self, stay: Stay, first: date, last: date) -> None:
        by: Who = (f"worker:{stay.host}", stay.host)
        for month_first, month_last in months_between(first, last):
            if (month_last - month_first).days >= 12:
                self._of_month(month_first, month_last, by, habits.CONTACT_BY_DESTINATION)

    def _of_month(self, first: date, last: date, by: Who, shares: Weights) -> None:
        chance, diary = self.chance, self.diary
        how = chance.one_of(shares)
        on = chance.day_between(first, last)
        ended = self.absence.ended_on
        if how == "waived" and (ended is None or on < ended) and on - self.absence.left > _SURELY_AWAY:
            reason = chance.one_of(habits.WAIVER)
            diary.aside("waive-contact", on, by, month=f"{first:%Y-%m}", reason=reason)
        elif how == "tried_first":
            self._fail(first, by)
            if on > first:
                self._hear(on, by)
        elif how == "made":
            self._hear(on, by)

    def _hear(self, on: date, by: Who) -> None:
        chance = self.chance
        late = chance.random.randint(1, 25) if chance.happens(habits.CONTACT_RECORDED_LATE) else 0
        points = [point for point in FIVE_POINTS if chance.happens(0.5)] if chance.happens(0.7) else list(FIVE_POINTS)
        channel = chance.one_of(habits.CONTACT_CHANNEL)
        note = "样例：近况平稳" if chance.happens(habits.NOTE) else None
        at = chance.time_of(on)
        if self.diary.aside(
            "record-contact", on, by, late=late, at=at, channel=channel, points=points or None, note=note
        ):
            self.heard = max(self.heard, on)

    def _fail(self, on: date, by: Who) -> None:
        chance = self.chance
        channel = "PHONE" if chance.happens(0.7) else "MESSAGE"
        self.diary.aside("record-failed-contact", on, by, channel=channel, reason=chance.one_of(habits.FAILED_REASON))

    def _book_to_a_namesake(self, on: date) -> None:
        diary, by = self.diary, self.absence.secretary
        name = diary.new_name()
        if diary.aside("record-contact", on, by, channel="PHONE", name=name):
            found = on + self.chance.days(1, 14)
            diary.aside("void-event", found, by, about=name, reason="同名误记：联系的是另一位党员")
            if self.absence.silent_from is None:
                self.heard = max(self.heard, on)

    def _after_a_silent_return(self, returned: date, found: date) -> None:
        """What was booked while nobody knew of the return stands against it: confirmed, taken back, or left."""
        chance, diary = self.chance, self.diary
        stays = [stay for stay in self.absence.stays if stay.host is not None]
        by: Who = (f"worker:{stays[-1].host}", stays[-1].host) if stays else self.absence.secretary
        name = diary.new_name()
        on = chance.day_between(returned + _ONE, found - _ONE)
        if not diary.aside("record-contact", on, by, channel="MESSAGE", name=name):
            return
        looked = found + chance.days(2, 20)
        if chance.happens(habits.AFTER_RETURN_CONFIRMED):
            diary.aside("confirm-flag", looked, by, about=name)
        elif chance.happens(0.5):
            diary.aside("void-event", looked, by, about=name, reason="核对后确认未联系到本人")

    def _lose_and_find(self) -> None:
        """Nobody answers any more: tries, the review after six months, a decision, and often the member after all."""
        absence, chance, diary, by = self.absence, self.chance, self.diary, self.absence.secretary
        silent = absence.silent_from or diary.until
        for first, last in months_between(max(silent, absence.noticed), diary.until)[:9]:
            if chance.happens(0.7):
                self._fail(chance.day_between(first, last), by)
        with suppress(Over):
            self._review(by)

    def _review(self, by: Who) -> None:
        chance, diary = self.chance, self.diary
        opens = max(add_months(self.heard, _LOST_MONTHS), diary.known)
        decision = chance.one_of(habits.REVIEW)
        if decision == "open":
            return
        on = opens + chance.days(1, 24)
        verb = "declare-lost-contact" if decision == "declared" else "keep-in-contact-list"
        diary.chain(verb, on, by, document=f"样例支委会〔{on.year}〕{chance.random.randint(1, 40)}号")
        if not chance.happens(habits.FOUND_AGAIN):
            return
        found = on + chance.days(6, 80)
        if decision == "declared":
            diary.chain("restore-contact", found, by, channel=chance.one_of(habits.CONTACT_CHANNEL))
        else:
            diary.chain("record-contact", found, by, channel="PHONE", points=list(FIVE_POINTS))
        self.heard = found
        for first, last in months_between(found + timedelta(days=10), diary.until):
            self._of_month(first, last, by, habits.CONTACT)
