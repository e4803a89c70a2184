"""The lives that sample data is made of: seed and number in, one member's commands out; pure, and one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from infra.demo import habits
from infra.demo.absence import Absence
from infra.demo.belonging import belong
from infra.demo.contacts import Contacts
from infra.demo.newcomers import newcomer
from infra.demo.steps import Chance, Diary, Life, Over
from infra.demo.transfer import settle_for_good

if TYPE_CHECKING:
    from infra.demo.world import Office, World

_ONE: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Found:
    """A member as registers told of them: of which branch, away since when and where, in which stage of the movement.

    `place` is a region code, `abroad` or `unknown`; `host` whoever has accepted the member there.
    """

    number: str
    branch: str
    left: date | None
    place: str
    stage: str
    host: str | None = None


def life_of_newcomer(world: World, seed: int, number: int, first: date, until: date) -> Life:
    """Return the life of a member who is registered within the span, on the day on which a departure is known."""
    chance = Chance(seed, "newcomer", number)
    county = chance.one_of(world.origins)
    home = world.offices[county]
    branch = chance.random.choice(home.branches)[0]
    diary = Diary(first, until)
    left = chance.day_between(first + timedelta(days=3), until + timedelta(days=20), habits.DEPARTURES_BY_MONTH)
    _live(world, home, branch, chance, diary, left, None)
    steps = diary.in_order()
    registered = steps[0].recorded_on if steps else until
    return Life(f"{seed}-{number}", steps, newcomer(chance.random, seed, number, branch, registered))


def life_of_known(world: World, seed: int, found: Found, first: date, until: date) -> Life:
    """Return how the life goes on of a member whom a register brought; its first day is `first`."""
    chance = Chance(seed, "known", found.number)
    diary = Diary(first, until)
    home = world.offices.get(found.branch[:6])
    if home is None:
        _be_a_guest(world, found, chance, diary)
    elif found.stage == "closed":
        _maybe_leave_again(world, home, found.branch, chance, diary, first)
    elif found.stage == "returned":
        _finish_return(world, home, found, chance, diary)
    elif found.stage == "reported":
        _leave_as_reported(world, home, found, chance, diary)
    else:
        absence = Absence(chance, diary, world, home, found.branch)
        absence.noticed = first
        try:
            diary.known = first + chance.days(1, 60)
            absence.go_on(
                found.left or first, found.place, checked_in=found.stage != "awaiting_check_in", host=found.host
            )
            _after_arrival(absence)
        except Over:
            pass
        Contacts(absence).keep_in_touch()
        belong(absence)
        if absence.finished:
            _maybe_leave_again(world, home, found.branch, chance, diary, diary.known)
    return Life(found.number, diary.in_order())


def _be_a_guest(world: World, found: Found, chance: Chance, diary: Diary) -> None:
    """Of a member of some organisation elsewhere only the place of the stay records anything."""
    office = world.offices.get(found.place)
    if office is None or found.left is None:
        return
    absence = Absence(chance, diary, world, office, found.branch)
    absence.left = found.left
    with suppress(Over):
        absence.stay_on(found.place, diary.begins, found.host)
    Contacts(absence).of_the_host()


def _leave_as_reported(world: World, home: Office, found: Found, chance: Chance, diary: Diary) -> None:
    """A departure that the register planned ahead."""
    absence = Absence(chance, diary, world, home, found.branch)
    try:
        absence.leave_as_reported(found.left or diary.begins, found.place)
        _after_arrival(absence)
    except Over:
        pass
    if absence.left < diary.until:
        Contacts(absence).keep_in_touch()
        belong(absence)


def newcomers(world: World, seed: int, numbers: range, first: date, until: date) -> Iterator[Life]:
    """Yield lives one by one; nothing of one is kept for the next."""
    for number in numbers:
        yield life_of_newcomer(world, seed, number, first, until)


def _live(
    world: World, home: Office, branch: str, chance: Chance, diary: Diary, left: date, home_since: date | None
) -> None:
    absence = Absence(chance, diary, world, home, branch, home_since)
    try:
        absence.begin(left)
        if not absence.finished:
            _after_arrival(absence)
    except Over:
        pass
    if left < diary.until and not (absence.finished and absence.ended_on is not None and absence.ended_on <= left):
        Contacts(absence).keep_in_touch()
        belong(absence)
    if absence.finished:
        _maybe_leave_again(world, home, branch, chance, diary, diary.known)


def _after_arrival(absence: Absence) -> None:
    """Stay, move on, come home, or stay on beyond the year. Raises Over."""
    chance, diary = absence.chance, absence.diary
    if chance.happens(habits.RECORDED_IN_ERROR):
        absence.close_as_error(diary.known + chance.days(3, 40))
        return
    if absence.stays and chance.happens(habits.MOVED_ONWARD):
        absence.move_onward(chance.day_between(diary.known + timedelta(days=30), diary.known + timedelta(days=200)))
    if absence.stays and chance.happens(habits.TRANSFERS):
        settle_for_good(absence)
    if not chance.happens(habits.RETURNS):
        if chance.happens(habits.RETURN_ANNOUNCED):
            absence.announce_return(max(diary.known, diary.until - chance.days(1, 25)))
        raise Over
    first = max(diary.known, absence.left) + timedelta(days=25)
    if first >= diary.until:
        raise Over
    absence.come_home(chance.day_between(first, diary.until, habits.RETURNS_BY_MONTH))


def _maybe_leave_again(world: World, home: Office, branch: str, chance: Chance, diary: Diary, home_since: date) -> None:
    first = home_since + timedelta(days=12)
    if first >= diary.until or not chance.happens(habits.LEAVES_AGAIN):
        return
    diary.known = home_since + _ONE
    left = chance.day_between(first, diary.until, habits.DEPARTURES_BY_MONTH)
    _live(world, home, branch, chance, diary, left, home_since)


def _finish_return(world: World, home: Office, found: Found, chance: Chance, diary: Diary) -> None:
    """Home since before the year began: the education is still owed, and mostly held."""
    if chance.happens(0.12):
        return
    on = diary.begins + chance.days(3, 70)
    by = (f"secretary:{found.branch}", found.branch)
    try:
        diary.chain("hold-return-education", on, by)
    except Over:
        return
    _maybe_leave_again(world, home, found.branch, chance, diary, diary.known)
