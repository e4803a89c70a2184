"""What became of a register: counts, errors and warnings by row and column, and where the time went."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from infra.registers.issues import RowIssue


@dataclass(slots=True)
class ImportReport:
    """What became of a register; `rows = accepted + already_known + rejected`."""

    import_id: str
    position: int = 0
    rows: int = 0
    accepted: int = 0
    already_known: int = 0
    rejected: int = 0
    errors: list[RowIssue] = field(default_factory=list)
    warnings: list[RowIssue] = field(default_factory=list)
    events: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    """Where the time went: `read`, `look_up`, `decide` (sealing and encoding included), and `write`: handing over
    to the log and waiting for it, less what it writes while the next rows are read and decided."""

    def spent(self, stage: str, since: float) -> float:
        """Add the time since `since` (of the performance counter) to a stage; return now."""
        now = perf_counter()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - since
        return now

    def body(self, language: str = "zh") -> dict[str, Any]:
        """Return the answer of INTERFACE.md, "Imports"."""
        return {
            "import_id": self.import_id,
            "position": self.position,
            "rows": self.rows,
            "accepted": self.accepted,
            "already_known": self.already_known,
            "rejected": self.rejected,
            "errors": [issue_view(issue, language) for issue in self.errors],
            "warnings": [issue_view(issue, language) for issue in self.warnings],
        }


def issue_view(issue: RowIssue, language: str) -> dict[str, Any]:
    """Return one error or warning; no personal value is in it."""
    return {
        "sheet": issue.sheet,
        "row": issue.row,
        "column": issue.column,
        "field": issue.field,
        "code": issue.code,
        "message": issue.message_en if language == "en" else issue.message_zh,
        "expected": issue.expected,
    }
