"""The card that a member holds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Card:
    """`number` as on the card; days or times as recorded."""

    number: str
    issued_at: str
    inspected_at: str | None = None
