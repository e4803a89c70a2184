"""One import that goes on after its upload was answered: as uploaded, as its turn comes, and how far it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from domain.times import rfc3339_utc
from infra.recording.drafts import Caller

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class ImportRun:
    """How far an import is. `counts` when it is done, `failure` when the file as a whole was refused.

    `checked`: all or nothing, every row was found right, and recording has begun.
    """

    import_id: UUID
    actor: str
    organisation: str
    state: str
    records: bool
    all_or_nothing: bool
    checked: bool
    uploaded_at: datetime
    ended_at: datetime | None
    rows_read: int
    rows_expected: int | None
    counts: dict[str, int] | None
    failure: dict[str, str] | None
    filename: str | None
    kept_until: datetime | None

    def view(self, language: str) -> dict[str, Any]:
        """Return it as answers show it; times in UTC."""
        problem = None
        if self.failure is not None:
            problem = {"code": self.failure["code"], "detail": self.failure["en" if language == "en" else "zh"]}
        return {
            "import_id": str(self.import_id),
            "organisation": self.organisation,
            "filename": self.filename,
            "state": self.state,
            "dry_run": not self.records,
            "all_or_nothing": self.all_or_nothing,
            "checked": self.checked,
            "uploaded_at": _written(self.uploaded_at),
            "ended_at": _written(self.ended_at),
            "kept_until": _written(self.kept_until),
            "rows_read": self.rows_read,
            "rows_expected": self.rows_expected,
            "counts": self.counts,
            "problem": problem,
        }


@dataclass(frozen=True, slots=True)
class Waiting:
    """An import whose turn it is."""

    import_id: UUID
    caller: Caller
    organisation: str
    records: bool
    checks_first: bool
    """Whether every row must be found right before any is recorded; false once they were."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A register as uploaded: by whom, for which organisation, whether to record, and only if every row is right."""

    caller: Caller
    organisation: str
    filename: str
    content: bytes
    records: bool
    all_or_nothing: bool


def _written(moment: datetime | None) -> str | None:
    return None if moment is None else rfc3339_utc(int(moment.timestamp() * 1_000_000))
