"""Topics that the brokers would not take an entry of are left alone for a while, so that the others go on."""

from __future__ import annotations

import time
from typing import Final

_FIRST_SECONDS: Final = 1.0
_LONGEST_SECONDS: Final = 60.0


class Rests:
    """Which regions rest, and until when; each failure after a rest doubles it."""

    def __init__(self) -> None:
        """Begin with nobody resting."""
        self._until: dict[str, float] = {}
        self._seconds: dict[str, float] = {}

    def rest(self, region: str) -> float:
        """Let a region rest, and return for how many seconds."""
        now = time.monotonic()
        fresh = now - self._until.get(region, float("-inf")) > _LONGEST_SECONDS
        seconds = _FIRST_SECONDS if fresh else min(self._seconds[region] * 2, _LONGEST_SECONDS)
        self._seconds[region], self._until[region] = seconds, now + seconds
        return seconds

    def resting(self, region: str) -> bool:
        """Tell whether a region rests now."""
        return time.monotonic() < self._until.get(region, float("-inf"))

    def count(self) -> int:
        """Count the regions that rest now."""
        return sum(self.resting(region) for region in self._until)
