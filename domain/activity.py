"""Activities of organisational life 组织生活 (三会一课、主题党日): held, and attended by members in one go.

An activity is a stream of its own, with a random id. Who was there stands in each member's own stream, saved together
with the activity's own note of how many they were.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import ClassVar
from uuid import UUID

from domain.fact import Body, Fact, recorded_as
from domain.times import Precision


@recorded_as
@dataclass(frozen=True, slots=True)
class ActivityHeld(Body):
    """What was held, by the fact's organisation, for how many hours, and at which venue if it was at one."""

    fact: ClassVar[str] = "activity_held"
    kind: str
    hours: float
    venue: str | None = None


@recorded_as
@dataclass(frozen=True, slots=True)
class AttendanceTaken(Body):
    """Attendance of `count` members was recorded: their facts stand in the log right before this one."""

    fact: ClassVar[str] = "attendance_taken"
    count: int


@dataclass(frozen=True, slots=True)
class Activity:
    """An activity as known; `count` of all whose attendance was recorded."""

    activity_id: UUID
    version: int
    kind: str
    hours: float
    venue: str | None
    organisation: str | None
    held_at: str
    precision: Precision
    count: int = 0


def activity_of(facts: Iterable[Fact]) -> Activity | None:
    """Fold an activity's stream; None when it is not an activity's."""
    activity: Activity | None = None
    for fact in facts:
        body = fact.body
        if isinstance(body, ActivityHeld):
            activity = Activity(
                fact.stream,
                fact.version,
                body.kind,
                body.hours,
                body.venue,
                fact.organisation,
                fact.occurred_at,
                fact.precision,
            )
        elif isinstance(body, AttendanceTaken) and activity is not None:
            activity = replace(activity, version=fact.version, count=activity.count + body.count)
    return activity
