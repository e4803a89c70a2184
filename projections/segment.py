"""A row of a read model in memory: what stood, from when to when, and as known from which position to which."""

from __future__ import annotations

from typing import Any, Final

FOREVER: Final = (1 << 63) - 1
"""No end, in moments as in positions; PostgreSQL's largest bigint."""

UNSTORED: Final = 0
CURRENT: Final = 1
PAST: Final = 2


ROSTER: Final = 0
CLOCK: Final = 1
DUTY: Final = 2
LEG: Final = 3
TALLY: Final = 4

Ident = Any
"""What tells rows of one table and member apart: None, a duty's key, a leg's (movement id, number), a tally's (event
id, number)."""


class Segment:
    """What stood, and when it is visible.

    At a moment t, as known at position k, iff valid_from <= t, known_from <= k < known_to, and t < valid_to or
    k < ended_from.

    A row is born open. Its end becomes known at `ended_from`: before that position it was taken for open, and so it is
    written once more instead of twice. `known_to` is where a correction took it back. `stored` says in which table
    it is, `is_listed` that it waits to be written.
    """

    __slots__ = ("ended_from", "is_listed", "known_from", "known_to", "stored", "valid_from", "valid_to", "values")

    def __init__(self, values: tuple[Any, ...], valid_from: int, known_from: int) -> None:
        self.values = values
        self.valid_from = valid_from
        self.valid_to = FOREVER
        self.known_from = known_from
        self.ended_from = FOREVER
        self.known_to = FOREVER
        self.stored = UNSTORED
        self.is_listed = False

    @property
    def is_empty(self) -> bool:
        """Whether, as known now, it never stood: it ended at or before the moment at which it would have begun."""
        return self.valid_to <= self.valid_from

    @property
    def was_never_seen(self) -> bool:
        """Whether no question at all would find it."""
        return self.known_to <= self.known_from or (self.is_empty and self.ended_from <= self.known_from)
