"""What projections need of the log: rows, and how to read them. The event store brings the real ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from domain.fact import Fact


class Row(Protocol):
    """One event as the log holds it."""

    @property
    def position(self) -> int:
        """Where in the log."""

    @property
    def originator_id(self) -> UUID:
        """Whose stream."""

    @property
    def version(self) -> int:
        """Which of the stream's events, from 1."""

    @property
    def topic(self) -> str:
        """The fact's name."""


@dataclass(frozen=True, slots=True)
class Log:
    """The log as projections read it.

    `read(start, limit)` gives rows from a position on, `reference(start, limit)` only reference facts; `streams(ids)`
    gives whole streams, oldest first; `fact(row)` decodes, raising whatever it cannot read.
    """

    read: Callable[[int, int], Sequence[Any]]
    reference: Callable[[int, int], Sequence[Any]]
    streams: Callable[[Sequence[UUID]], dict[UUID, list[Any]]]
    fact: Callable[[Any], Fact]
