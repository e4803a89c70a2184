"""A member's record of service as the fold keeps it: every input in the order in which it happened, never a sum."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple

FOREVER_US: Final = 1 << 62


@dataclass(slots=True)
class Hold:
    """A place of a post, held from `from_us` until `until_us`, exclusive; `ended_how` is the name of a fact."""

    post: str
    event_id: str
    claimed_at: str
    from_us: int
    until_us: int = FOREVER_US
    ended_at: str | None = None
    ended_how: str | None = None


class Served(NamedTuple):
    """Hours served, at a post or of a kind."""

    event_id: str
    served_at: str
    when: int
    post: str | None
    kind: str | None
    hours: float
    organisation: str | None


class Attended(NamedTuple):
    """An activity at which the member was."""

    event_id: str
    attended_at: str
    when: int
    activity: str
    kind: str
    hours: float
    organisation: str | None


@dataclass(slots=True)
class ServiceRecord:
    """Everything that a record of service is made of."""

    holds: list[Hold] = field(default_factory=list)
    served: list[Served] = field(default_factory=list)
    attended: dict[str, Attended] = field(default_factory=dict)

    def held(self, post: str) -> Hold | None:
        """Return the member's place of a post, if they hold one."""
        return next((one for one in self.holds if one.post == post and one.until_us == FOREVER_US), None)

    def held_now(self) -> list[str]:
        """Return the posts that the member holds, by id."""
        return sorted({one.post for one in self.holds if one.until_us == FOREVER_US})

    def spans(self) -> dict[str, list[tuple[int, int]]]:
        """Return by post when the member held it: microseconds since 1970 UTC, the end exclusive."""
        found: dict[str, list[tuple[int, int]]] = {}
        for one in self.holds:
            if one.from_us < one.until_us:
                found.setdefault(one.post, []).append((one.from_us, one.until_us))
        return found
