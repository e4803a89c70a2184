"""What a verification found: what is wrong, where, since when; the first ten of each kind, and how many there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from domain.errors import Sentence
from infra.recording.mapper import recorded_at_text

_SHOWN: Final = 10

Progress = Callable[[int, int], None]
"""Told how much is done, and how much there is to do."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. `where` is a position, a table or a stream; `since` what it was still right at."""

    code: str
    where: str
    since: str
    sentence: Sentence


@dataclass(slots=True)
class Findings:
    """Collects what is wrong, and what was looked at."""

    shown: list[Finding] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    checks: list[tuple[Sentence, str, bool]] = field(default_factory=list)
    took: dict[str, float] = field(default_factory=dict)
    """Seconds that were waited for each part."""

    def add(self, code: str, where: object, sentence: Sentence, since: datetime | str | None = None) -> None:
        """Note something wrong."""
        self.counts[code] += 1
        if self.counts[code] <= _SHOWN:
            told = recorded_at_text(since) if isinstance(since, datetime) else since or ""
            self.shown.append(Finding(code, str(where), told, sentence))

    def extend(self, others: Findings) -> None:
        """Take over what was found elsewhere, as if it had been found now."""
        for one in others.shown:
            self.counts[one.code] += 1
            if self.counts[one.code] <= _SHOWN:
                self.shown.append(one)
        for code, count in others.counts.items():
            self.counts[code] += count - sum(one.code == code for one in others.shown)
        self.checks.extend(others.checks)

    def looked_at(self, what: Sentence, how_much: str, before: int) -> None:
        """Note that a check came to its end; `before` is how many findings there were when it began."""
        self.checks.append((what, how_much, self.total == before))

    @property
    def total(self) -> int:
        """How many things are wrong, shown or not."""
        return self.counts.total()
