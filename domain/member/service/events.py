"""The facts of a member's service, each saved together with what the post or the activity says of itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from domain.fact import Body, recorded_as


@recorded_as
@dataclass(frozen=True, slots=True)
class PostReleased(Body):
    """The member gives a post back: before claims of the same day, so that another can have the place at once."""

    fact: ClassVar[str] = "post_released"
    order: ClassVar[int] = 86
    post: str


@recorded_as
@dataclass(frozen=True, slots=True)
class PostClaimed(Body):
    """岗位认领. `post` is the post's id."""

    fact: ClassVar[str] = "post_claimed"
    order: ClassVar[int] = 87
    post: str


@recorded_as
@dataclass(frozen=True, slots=True)
class ServiceRecorded(Body):
    """志愿服务: hours served at a post, or of a kind without one. Hours are whole or in quarters."""

    fact: ClassVar[str] = "service_recorded"
    order: ClassVar[int] = 88
    hours: float
    post: str | None = None
    kind: str | None = None


@recorded_as
@dataclass(frozen=True, slots=True)
class AttendanceRecorded(Body):
    """The member was at an activity 组织生活; what it was, and how long it took, as the activity says."""

    fact: ClassVar[str] = "attendance_recorded"
    order: ClassVar[int] = 89
    activity: str
    kind: str
    hours: float
