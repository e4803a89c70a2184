"""The answer to a recording: what was recorded, where it stands, and the same answer again for the same key."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from domain.fact import body_data
from domain.times import rfc3339_utc

if TYPE_CHECKING:
    from domain.fact import Fact


@dataclass(slots=True)
class Receipt:
    """What one recording did. `position` is that of its last event, or of the log as read when it recorded none."""

    status: int
    stream: UUID | None
    member_id: UUID | None
    version: int
    position: int
    events: list[Fact] = field(default_factory=list)
    replayed: bool = False
    extra: dict[str, Any] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        """Return the answer of INTERFACE.md, "recording"."""
        return {
            "member_id": str(self.member_id) if self.member_id is not None else None,
            "stream": str(self.stream) if self.stream is not None else None,
            "version": self.version,
            "position": self.position,
            "events": [event_view(fact) for fact in self.events],
            **self.extra,
        }


def event_view(fact: Fact) -> dict[str, Any]:
    """Return one recorded event; `data` are the fact's own fields."""
    return {
        "event_id": fact.event_id,
        "type": fact.body.fact,
        "position": fact.position,
        "occurred_at": fact.occurred_at,
        "occurred_precision": fact.precision,
        "recorded_at": rfc3339_utc(fact.recorded_us),
        "data": body_data(fact.body),
        "after": fact.after,
    }
