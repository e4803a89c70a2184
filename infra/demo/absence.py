"""One absence, from the report of a departure to the closure: who records what, when, and what they forget."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from domain.calendar import month_end
from infra.demo import habits
from infra.demo.departure import destination, leave_as_planned, leave_unnoticed
from infra.demo.stay import Stay
from infra.demo.steps import Chance, Diary, Over

if TYPE_CHECKING:
    from infra.demo.world import Office, World

Who = tuple[str, str | None]
_ONE: Final = timedelta(days=1)


class Absence:
    """Writes one absence of a member of `branch` into a diary; `finished` when it was closed within the year."""

    def __init__(
        self, chance: Chance, diary: Diary, world: World, home: Office, branch: str, home_since: date | None = None
    ) -> None:
        """`home` is the office that the branch belongs to; `home_since` the end of the absence before."""
        self.chance, self.diary, self.world, self.home, self.branch = chance, diary, world, home, branch
        self.home_since = home_since
        self.secretary: Who = (f"secretary:{branch}", branch)
        self.finished = False
        self.left = diary.begins
        self.noticed = diary.begins
        self.place: str = "unknown"
        self.stays: list[Stay] = []
        self.ended_on: date | None = None
        self.silent_from: date | None = None

    def begin(self, left: date) -> None:
        """Leave home on a day, reported before or found out afterwards. Raises Over."""
        chance = self.chance
        self.left = left
        self.place = self.somewhere()
        if chance.happens(habits.PLANNED):
            leave_as_planned(self)
        else:
            leave_unnoticed(self)
        if self.finished:
            return
        self._draw_silence()
        if self.stays:
            self.stays[-1].be_answered(self.silent_from)
        else:
            self._find_a_place()

    def go_on(self, left: date, place: str, *, checked_in: bool, host: str | None) -> None:
        """Take up an absence that a register told of, checked in already or not. Raises Over."""
        self.left, self.place = left, place
        if self.chance.happens(habits.LIAISON):
            self.assign_liaison(self.diary.known + self.chance.days(0, 20))
        self._draw_silence()
        if checked_in and place in self.world.offices:
            self.stay_on(place, self.diary.begins, host)
        else:
            self._find_a_place()

    def stay_on(self, place: str, since: date, host: str | None) -> None:
        """Be where a register found the member; whoever took no decision yet takes it now. Raises Over."""
        self.place = place
        stay = Stay(self.chance, self.diary, self.world, self.home, self.branch, place, declared=place)
        self.stays.append(stay)
        stay.arrived_on = since
        if host is not None:
            stay.host, stay.answered_on, stay.settled_on = host, since, since
        else:
            stay.be_answered(self.silent_from)

    def leave_as_reported(self, left: date, place: str) -> None:
        """Leave on the day that a register planned. Raises Over."""
        self.left, self.place = left, place
        self.noticed = left
        self.diary.chain("depart", left, self.secretary, late=self.chance.random.randint(0, 6))
        self._draw_silence()
        self._find_a_place()

    def somewhere(self, but: str | None = None, *, known: bool = False) -> str:
        """Draw a destination other than home and other than `but`."""
        while True:
            place = self.chance.one_of(self.world.destinations)
            if place not in (self.home.county, but) and (place.isdigit() or not known):
                return place

    def assign_liaison(self, on: date) -> None:
        """Name who keeps in touch."""
        liaison = f"liaison:{self.branch}:{self.chance.random.randint(1, 2)}"
        self.diary.aside("assign-liaison", on, self.secretary, liaison=liaison)

    def _draw_silence(self) -> None:
        """Some are not heard of any more from a day on."""
        if self.chance.happens(habits.SILENT):
            first = max(self.diary.known, self.left + timedelta(days=20))
            self.silent_from = self.chance.day_between(first, first + timedelta(days=120))

    def must_be_heard_of(self, on: date) -> None:
        """Nothing that takes the member happens in a silence. Raises Over."""
        if self.silent_from is not None and on >= self.silent_from:
            raise Over

    def _find_a_place(self) -> None:
        chance, diary = self.chance, self.diary
        if self.place == "abroad":
            return
        if self.place == "unknown":
            if not chance.happens(habits.UNKNOWN_FOUND_OUT):
                raise Over
            on = diary.known + chance.days(6, 70)
            self.must_be_heard_of(on)
            self._change_destination(on)
        arrival = chance.one_of(habits.ARRIVAL)
        arrived = self.left + (chance.days(2, 20) if arrival == "soon" else chance.days(32, 75))
        if arrived < diary.known:
            # Whoever was away long before anybody knew reports when prompted.
            arrived = diary.known + (chance.days(1, 25) if arrival == "soon" else chance.days(30, 70))
        self.prompt(arrived)
        if arrival == "never":
            raise Over
        if chance.happens(habits.DESTINATION_CHANGED) and diary.known < arrived - _ONE:
            self._change_destination(diary.known + _ONE)
        place = self.somewhere(self.place, known=True) if chance.happens(habits.ELSEWHERE) else self.place
        self.must_be_heard_of(arrived)
        self.check_in(place, arrived)
        self.stays[-1].be_answered(self.silent_from)

    def prompt(self, arrived: date) -> None:
        """Remind the member to check in, before the day on which they do."""
        chance, diary = self.chance, self.diary
        if chance.happens(habits.PROMPTED):
            wait = chance.days(0, 6) if chance.happens(habits.PROMPTED_IN_TIME) else chance.days(8, 25)
            on = max(diary.known, self.left + _ONE) + wait
            if on < arrived:
                diary.aside("prompt-check-in", on, self.secretary, channel=chance.one_of(habits.CONTACT_CHANNEL))

    def _change_destination(self, on: date) -> None:
        self.place = self.somewhere(self.place, known=True)
        self.diary.chain("change-destination", on, self.secretary, destination=destination(self.place))

    def check_in(self, place: str, on: date) -> None:
        """Begin a stay with its check-in. Raises Over."""
        stay = Stay(self.chance, self.diary, self.world, self.home, self.branch, place, declared=self.place)
        self.stays.append(stay)
        stay.check_in(on)

    def move_onward(self, on: date) -> None:
        """Go to a third place without coming home. Raises Over."""
        chance, diary, before = self.chance, self.diary, self.stays[-1]
        self.must_be_heard_of(on)
        place = self.somewhere(before.place, known=True)
        by_check_in = chance.happens(0.25)
        arrived = on if by_check_in else on + chance.days(2, 18)
        self.place = place
        if not by_check_in:
            diary.chain("move-onward", on, self.secretary, destination=destination(place))
            before.left_on = on
            self.left = on
            self.prompt(arrived)
        if chance.one_of(habits.ARRIVAL) == "never" and not by_check_in:
            raise Over
        self.must_be_heard_of(arrived)
        self.check_in(place, max(arrived, diary.known))
        before.left_on = before.left_on or arrived
        self.stays[-1].be_answered(self.silent_from)

    def come_home(self, on: date) -> None:
        """Return on a day: told before, noted then, or found out afterwards; then the education. Raises Over."""
        chance, diary = self.chance, self.diary
        self.must_be_heard_of(on)
        how = chance.one_of(habits.RETURN)
        if how == "reported":
            told = max(on - chance.days(3, 25), diary.known)
            expected = on + timedelta(days=chance.random.choice((0, 0, 0, 1, -1, 3)))
            diary.chain("report-return", told, self.secretary, expected_on=expected.isoformat())
        on = max(on, diary.known)
        late = {"reported": 2, "noted": 12, "silent": 0}[how]
        self.ended_on = on
        wait = chance.random.randint(20, 75) if how == "silent" else chance.random.randint(0, late)
        if on + timedelta(days=wait) > diary.until:
            # Nobody has noticed yet: the origin goes on as if the member were away.
            self.ended_on = None
            raise Over
        wrong = how != "silent" and chance.happens(habits.RETURN_DATE_WRONG)
        name = diary.new_name() if wrong else None
        diary.chain("return", on, self.secretary, late=wait, name=name)
        if self.stays:
            self.stays[-1].left_on = on
        if name is not None:
            changes = {"occurred_at": (on - _ONE).isoformat()}
            if on - _ONE > self._last_certain():
                noticed = diary.known + chance.days(1, 9)
                diary.aside(
                    "correct-event", noticed, self.secretary, about=name, changes=changes, reason="登记时写错一天"
                )
        self._be_educated(on)

    def announce_return(self, on: date) -> None:
        """Tell of a return that is still to come. Raises Over."""
        self.must_be_heard_of(on)
        expected = on + self.chance.days(4, 40)
        self.diary.chain("report-return", on, self.secretary, expected_on=expected.isoformat())

    def _last_certain(self) -> date:
        """The last day before which a return makes no sense."""
        return max([self.left, *(stay.answered_on or stay.arrived_on for stay in self.stays)])

    def _be_educated(self, returned: date) -> None:
        chance, diary = self.chance, self.diary
        how = chance.one_of(habits.EDUCATION)
        if how == "missed":
            raise Over
        if how == "waived":
            on = max(diary.known, returned) + chance.days(1, 20)
            diary.chain("waive-return-education", on, self.secretary, reason=chance.one_of(habits.WAIVER))
        else:
            on = max(diary.known, returned) + (chance.days(1, 24) if how == "held" else chance.days(32, 60))
            diary.chain("hold-return-education", on, self.secretary)
        self.finished = True

    def close_as_error(self, on: date) -> None:
        """End what should never have been recorded. Raises Over."""
        self.diary.chain("close-movement", on, self.secretary, reason="RECORDED_IN_ERROR")
        self.finished, self.ended_on = True, on

    @property
    def last_day(self) -> date:
        """The last day on which the member was away, as the member knows it."""
        return self.ended_on or self.diary.until


def months_between(first: date, last: date) -> list[tuple[date, date]]:
    """Return, for each calendar month that a span touches, its first and last day within the span."""
    found = []
    while first <= last:
        end = min(month_end(first), last)
        found.append((first, end))
        first = end + _ONE
    return found
