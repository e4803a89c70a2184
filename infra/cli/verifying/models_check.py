"""Looks at the read models: every row of every member, and every count, is what a fresh fold of the log says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from domain.errors import Sentence
from infra.cli.verifying.findings import Findings
from infra.cli.verifying.trust import CannotVerify
from projections.fresh_fold import Comparison, Span, SpanCompared, comparing
from projections.rebuild import RebuildRunning

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow
    from psycopg_pool import ConnectionPool

    from infra.cli.verifying.crew import Crew
    from infra.cli.verifying.findings import Progress
    from infra.cli.verifying.tools import Tools

_DIFFERS: Final = Sentence(
    "读模型 {table} 与日志不符；多出：{surplus}；缺少：{missing}",
    "The read model {table} is not what the log says; surplus: {surplus}; missing: {missing}",
)


@dataclass(frozen=True, slots=True)
class Members:
    """A span of members, as a piece of a verification."""

    snapshot: str
    position: int
    span: Span

    def __call__(self, tools: Tools) -> SpanCompared:
        """Fold and compare them."""
        return tools.folding(self.snapshot, self.position).compare(self.span)


def check_models(
    pool: ConnectionPool[Connection[TupleRow]], crew: Crew, findings: Findings, progress: Progress
) -> None:
    """Compare as of the position that the read models reflect now; `progress` in streams. Raises CannotVerify."""
    before = findings.total
    try:
        with comparing(pool) as comparison:
            seen = 0
            for compared in crew.each(_pieces(comparison)):
                comparison.take(compared)
                seen += compared.streams
                progress(seen, comparison.streams)
            compared_all = comparison.conclude()
    except RebuildRunning:
        raise CannotVerify(
            "读模型正在重建，请稍后再试。", "The read models are being rebuilt; try again later."
        ) from None
    for one in compared_all.differences:
        surplus, missing = "; ".join(one.surplus) or "-", "; ".join(one.missing) or "-"
        told = _DIFFERS.filled(table=one.table, surplus=surplus, missing=missing)
        findings.add("read_model_differs", one.table, told)
    what = Sentence("读模型与重新折叠", "read models against a fresh fold")
    findings.looked_at(what, f"{compared_all.tables} @ {compared_all.position}", before)


def _pieces(comparison: Comparison) -> Iterator[Members]:
    return (Members(comparison.snapshot, comparison.position, span) for span in comparison.spans())
