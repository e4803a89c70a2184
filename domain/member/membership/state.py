"""How a membership stands: since when, and when a suspension is looked at again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import date

ACTIVE: Final = "active"
SUSPENDED: Final = "suspended"
ENDED: Final = "ended"


@dataclass(slots=True)
class Standing:
    """What the last decision said. `since` is its day or time as recorded, None while there was none."""

    since: str | None = None
    review_on: date | None = None
    ended_reason: str | None = None
