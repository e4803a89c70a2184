"""The feedback that was issued for a member."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Feedback:
    """One feedback; `feedback_id` is its event's id, days or times as recorded; `hosts` had the member those days."""

    feedback_id: str
    year: int
    organisation: str | None
    addressee: str | None
    issued_at: str
    hosts: tuple[str, ...] = ()
    acknowledged_at: str | None = None
