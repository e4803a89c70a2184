"""What is asked of the desk in one member's life: commands on the days on which somebody recorded them."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from infra.demo.habits import Weights


@dataclass(frozen=True, slots=True)
class Step:
    """One command. `name` is how later steps of the life refer to its event: they have it in `about`, and get the id
    in the payload under `about_as`.
    """

    recorded_on: date
    verb: str
    payload: dict[str, Any]
    actor: str
    organisation: str | None
    name: str | None = None
    about: str | None = None
    about_as: str = "event_id"


@dataclass(frozen=True, slots=True)
class Life:
    """A member's steps in the order of recording; `newcomer` is what is asked at a registration, on the first day."""

    number: str
    steps: tuple[Step, ...]
    newcomer: dict[str, Any] | None = None


class Over(Exception):
    """The year ends here: what would have followed has not happened, or nobody has recorded it yet."""


class Chance:
    """Draws that read like sentences, the same for the same seed on every machine."""

    def __init__(self, *seed: object) -> None:
        self.random = random.Random(":".join(map(str, seed)))  # noqa: S311 - samples, not secrets

    def happens(self, share: float) -> bool:
        """Draw whether something happens that does so in this share of cases."""
        return self.random.random() < share

    def one_of(self, weights: Weights) -> str:
        """Draw a name by weight."""
        draw = self.random.random() * sum(weight for _, weight in weights)
        for name, weight in weights:
            draw -= weight
            if draw < 0:
                return name
        return weights[-1][0]

    def days(self, least: int, most: int) -> timedelta:
        """Draw a number of days, both ends included."""
        return timedelta(days=self.random.randint(least, most))

    def day_between(self, first: date, last: date, by_month: tuple[int, ...] | None = None) -> date:
        """Draw a day, both ends included; the likelier the heavier its month."""
        span = (last - first).days
        if span <= 0:
            return first
        best = first + timedelta(days=self.random.randint(0, span))
        if by_month is None:
            return best
        heaviest = max(by_month)
        for _ in range(24):
            day = first + timedelta(days=self.random.randint(0, span))
            if self.random.random() * heaviest < by_month[day.month - 1]:
                return day
        return best

    def time_of(self, day: date, first_hour: int = 8, last_hour: int = 19) -> str:
        """Draw a time of the day, as a phone would write it."""
        hour, minute = self.random.randint(first_hour, last_hour), self.random.randrange(60)
        return f"{day.isoformat()}T{hour:02d}:{minute:02d}:00+08:00"


class Diary:
    """Gathers the steps of one life. `known` is the day of the last recording on which the next one rests."""

    def __init__(self, begins: date, until: date) -> None:
        self.begins, self.until = begins, until
        self.known = begins
        self.steps: list[Step] = []
        self._names = 0

    def new_name(self) -> str:
        """Name a step that others will refer to."""
        self._names += 1
        return f"e{self._names}"

    def chain(self, verb: str, on: date, by: tuple[str, str | None], /, *, late: int = 0, **fields: Any) -> str | None:  # noqa: ANN401 - a command's own fields
        """Record what later steps rest on: not before what came before it. Raises Over when that is after the end.

        `fields` are the command's own; `at` is the time or month if more or less than the day is known; `name`,
        `about` and `about_as` are those of Step.
        """
        recorded = max(on + timedelta(days=late), self.known)
        if recorded > self.until or on > self.until:
            raise Over
        self.known = recorded
        return self._add(recorded, verb, on, by, fields)

    def aside(self, verb: str, on: date, by: tuple[str, str | None], /, *, late: int = 0, **fields: Any) -> bool:  # noqa: ANN401 - a command's own fields
        """Record what nothing rests on; tell whether the year still had room for it."""
        recorded = max(on + timedelta(days=late), self.begins)
        if recorded > self.until:
            return False
        self._add(recorded, verb, on, by, fields)
        return True

    def _add(
        self, recorded: date, verb: str, on: date, by: tuple[str, str | None], fields: dict[str, Any]
    ) -> str | None:
        name: str | None = fields.pop("name", None)
        about, about_as = fields.pop("about", None), fields.pop("about_as", "event_id")
        at = fields.pop("at", None)
        if at is not None and len(at) > 10 and on >= self.until:
            at = None  # of the last day only the day is told: the clock may not have come so far
        payload = {
            "occurred_at": at or on.isoformat(),
            **{key: value for key, value in fields.items() if value is not None},
        }
        actor, organisation = by
        if organisation is not None:
            payload["organisation"] = organisation
        self.steps.append(Step(recorded, verb, payload, actor, organisation, name, about, about_as))
        return name

    def in_order(self) -> tuple[Step, ...]:
        """Return the steps by the day of recording; those of one day as they were added."""
        return tuple(sorted(self.steps, key=lambda step: step.recorded_on))
