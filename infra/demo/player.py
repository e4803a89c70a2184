"""Playing lives at the desk: many members at once in one thread, each member's steps one after the other.

What the desk does is a procedure that says what to wait for. While one member's append is on its way others are
decided, so that appends share their transactions as those of many callers do.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import orjson

from domain.errors import Invalid, Refused
from domain.times import day_end_us
from infra.recording.drafts import Caller
from infra.recording.keys import Key
from infra.recording.procedures import Append

if TYPE_CHECKING:
    from concurrent.futures import Future

    from infra.demo.steps import Life, Step
    from infra.recording.application import Kiteline
    from infra.recording.desk import Desk
    from infra.recording.members import Ledger
    from infra.recording.procedures import Procedure
    from infra.recording.receipts import Receipt
    from infra.recording.registration import Registration

_AT_ONCE: Final = 512
_BURST: Final = 128
_CREATED: Final = 201
_DURABLE_DAYS: Final = 7
"""How many days are played before everything on its way is waited for: the appends of few share no transaction."""
_CALLER: Final = "demo"


class PlayedClock:
    """The desk's clock while a past year is played: the end of the day on which a step is recorded."""

    def __init__(self, now_us: int = 0) -> None:
        self.now_us = now_us

    def __call__(self) -> int:
        """Tell the time."""
        return self.now_us

    def go_to(self, day: date) -> None:
        """Move on to a day; never back."""
        self.now_us = max(self.now_us, day_end_us(day))


@dataclass(slots=True)
class Played:
    """What became of the steps."""

    recorded: int = 0
    replayed: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    @property
    def steps(self) -> int:
        """All that were asked."""
        return self.recorded + self.replayed + sum(self.refused.values())


@dataclass(slots=True)
class _Person:
    """A member at play: whose life, the id once known, what waits while a step is on its way."""

    life: Life
    member_id: UUID | None
    events: dict[str, str] = field(default_factory=dict)
    waiting: deque[tuple[int, int]] = field(default_factory=deque)
    busy: bool = False
    told: bool = False


class Player:
    """Plays lives through one desk; `keyed` gives each step an idempotency key: playing again doubles nothing."""

    def __init__(self, desk: Desk, registration: Registration, clock: PlayedClock, *, keyed: bool) -> None:
        """`clock` is the desk's own."""
        self._desk, self._registration, self._clock, self._keyed = desk, registration, clock, keyed
        self._under_way: deque[tuple[Future[Any], _Person, int, int, Procedure[Receipt]]] = deque()
        self._to_append: list[tuple[Append, _Person, int, int, Procedure[Receipt]]] = []
        self._people: list[_Person] = []
        self._draining = False
        self.played = Played()

    def play(
        self,
        lives: Iterable[tuple[Life, UUID | None]],
        *,
        after: date | None = None,
        batch: Callable[[Step], object] | None = None,
    ) -> Iterator[date]:
        """Play lives in the order in which their steps were recorded; yields, about every week and at the end of
        each month, the day up to which all is durable.

        A life without a member id begins with its registration. `after` is the last day that an earlier run yielded:
        what was recorded by then is not asked again. Steps of one member that `batch` puts together (by
        the value that it gives them) are recorded in one save.
        """
        people = [_Person(life, member_id) for life, member_id in lives]
        order: list[tuple[date, int, int, int]] = []
        for number, person in enumerate(people):
            steps = person.life.steps
            if person.member_id is None and person.life.newcomer is not None:
                order.append((_registered_on(person.life), number, -1, 0))
            first = 0
            while first < len(steps):
                last = first + 1
                while batch is not None and last < len(steps) and _together(steps[first:last], steps[last], batch):
                    last += 1
                order.append((steps[last - 1].recorded_on, number, first, last))
                first = last
        order = sorted(one for one in order if after is None or one[0] > after)
        self._people = people
        if not order:
            return
        begun = day = order[0][0]
        self._clock.go_to(day)
        for on, number, first, last in order:
            if on != day:
                if (on - begun).days >= _DURABLE_DAYS or on.month != day.month:
                    self._finish_all()
                    yield day
                    begun = on
                day = on
                self._clock.go_to(on)
            self._ask(people[number], first, last)
        self._finish_all()
        yield day

    def ledgers(self, kiteline: Kiteline) -> Iterator[Ledger]:
        """Yield the members played last, as they stand; who is not kept in memory is read."""
        reference = kiteline.reference()
        for person in self._people:
            if person.member_id is not None:
                kept = kiteline.members.take(person.member_id)
                if kept is not None:
                    kiteline.members.put(kept)
                yield kept or kiteline.members.load(person.member_id, reference)

    def at_hand(self, kiteline: Kiteline) -> Iterator[Ledger]:
        """Yield the members played last who are kept in memory, as they stand."""
        for person in self._people:
            kept = kiteline.members.take(person.member_id) if person.member_id is not None else None
            if kept is not None:
                kiteline.members.put(kept)
                yield kept

    def _ask(self, person: _Person, first: int, last: int) -> None:
        if person.told:
            return
        if person.busy:
            person.waiting.append((first, last))
            return
        procedure = self._procedure(person, first, last)
        if procedure is None:
            self.played.refused["nothing_to_refer_to"] += 1
            return
        person.busy = True
        self._go_on(person, first, last, procedure, None, None)
        # Not from within itself: what was waiting for one that is finished is asked on the way.
        while len(self._under_way) > _AT_ONCE and not self._draining:
            self._draining = True
            try:
                self._finish_one()
            finally:
                self._draining = False

    def _append(self) -> None:
        """Hand over all at once what is to be appended: one by one they would be stored in transactions of a few."""
        waiting, self._to_append = self._to_append, []
        for wait, person, first, last, procedure in waiting:
            self._under_way.append((wait.log.submit(wait.save), person, first, last, procedure))

    def _finish_all(self) -> None:
        while self._to_append or self._under_way:
            if not self._under_way:
                self._append()
            self._finish_one()

    def _finish_one(self) -> None:
        pending, person, first, last, procedure = self._under_way.popleft()
        error = pending.exception()
        self._go_on(person, first, last, procedure, None if error else pending.result(), error)

    def _go_on(
        self,
        person: _Person,
        first: int,
        last: int,
        procedure: Procedure[Receipt],
        value: object,
        error: BaseException | None,
    ) -> None:
        try:
            while True:
                wait = procedure.throw(error) if error is not None else procedure.send(value)
                if isinstance(wait, Append):
                    self._to_append.append((wait, person, first, last, procedure))
                    if len(self._to_append) >= _BURST:
                        self._append()
                    return
                value, error = _looked_up(wait)
        except StopIteration as end:
            self._done(person, first, last, end.value)
        except (Refused, Invalid) as refused:
            self._refused(person, first, last, refused.code)

    def _done(self, person: _Person, first: int, last: int, receipt: Receipt) -> None:
        if receipt.replayed:
            self.played.replayed += max(1, last - first)
        else:
            self.played.recorded += max(1, last - first)
        if first < 0:
            person.member_id = receipt.member_id
            # Registered by an earlier run that left no keys: that life is told already.
            person.told = not self._keyed and receipt.status != _CREATED
        else:
            # What a post notes of its holder, whose end frees it say, stands before the member's own.
            own = receipt.events[len(receipt.events) - (last - first) :]
            for step, fact in zip(person.life.steps[first:last], own, strict=True):
                if step.name is not None:
                    person.events[step.name] = fact.event_id
        self._next(person)

    def _refused(self, person: _Person, first: int, last: int, code: str) -> None:
        if last - first > 1:  # one of a save was refused: the others one by one
            person.waiting.extendleft((number, number + 1) for number in reversed(range(first, last)))
        else:
            self.played.refused[code if first < 0 else f"{person.life.steps[first].verb}: {code}"] += 1
        self._next(person)

    def _next(self, person: _Person) -> None:
        person.busy = False
        if person.waiting:
            self._ask(person, *person.waiting.popleft())

    def _procedure(self, person: _Person, first: int, last: int) -> Procedure[Receipt] | None:
        life = person.life
        if first < 0:
            return self._registering(life)
        if person.member_id is None:
            person.member_id = self._registered_before(life)
        commands: list[tuple[str, dict[str, Any]]] = []
        for number in range(first, last):
            step = life.steps[number]
            payload = step.payload
            if step.about is not None:
                event_id = person.events.get(step.about) or self._recorded_before(person, step.about)
                if event_id is None:
                    return None
                payload = {**payload, step.about_as: event_id}
            commands.append((step.verb, payload))
        if person.member_id is None:
            return None
        step = life.steps[first]
        caller = Caller(step.actor, step.organisation, "SIMULATION")
        key = self._key(life, first) if self._keyed else None
        return self._desk.recording(person.member_id, commands, caller, key=key)

    def _registering(self, life: Life) -> Procedure[Receipt]:
        payload = life.newcomer or {}
        caller = Caller(f"secretary:{payload['organisation']}", payload["organisation"], "SIMULATION")
        key = self._key(life, -1) if self._keyed else None
        return self._registration.registering(payload, caller, may_see=lambda _: True, key=key)

    def _key(self, life: Life, number: int) -> Key:
        if number < 0:
            return Key(_CALLER, f"{life.number}:registration", orjson.dumps(life.newcomer, option=orjson.OPT_SORT_KEYS))
        step = life.steps[number]
        return Key(
            _CALLER, f"{life.number}:{number}", orjson.dumps([step.verb, step.payload], option=orjson.OPT_SORT_KEYS)
        )

    def _registered_before(self, life: Life) -> UUID | None:
        """Find who was registered in a run that was interrupted."""
        receipt = self._replayed(life, -1)
        return receipt.member_id if receipt is not None else None

    def _recorded_before(self, person: _Person, name: str) -> str | None:
        number = next((at for at, step in enumerate(person.life.steps) if step.name == name), None)
        receipt = self._replayed(person.life, number) if number is not None else None
        return receipt.events[0].event_id if receipt is not None and receipt.events else None

    def _replayed(self, life: Life, number: int) -> Receipt | None:
        if not self._keyed:
            return None
        return self._desk.keys.replay(self._desk.keys.hashed(self._key(life, number)))


def _registered_on(life: Life) -> date:
    return date.fromisoformat((life.newcomer or {})["occurred_at"])


def _together(batch_so_far: tuple[Step, ...], step: Step, put: Callable[[Step], object]) -> bool:
    """Whether a step may be saved with those before it: of the same lot, and about none of them."""
    names = {one.name for one in batch_so_far if one.name is not None}
    return put(batch_so_far[0]) == put(step) and step.about not in names


def _looked_up(wait: Callable[[], Any]) -> tuple[object, BaseException | None]:
    try:
        return wait(), None
    except Exception as error:  # noqa: BLE001 - handed back to where it is understood
        return None, error
