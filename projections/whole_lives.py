"""Folds whole streams of members, a batch at a time, into what COPY takes: for tables that hold nothing of them yet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from domain.times import BEGINNING_US
from projections.collector import uncollected
from projections.copying import copy_blocks
from projections.folding import MEMBER_FACTS, linked_to
from projections.position import Parked
from projections.replaying import Broken, replay
from projections.rows import Rows

if TYPE_CHECKING:
    from domain.fact import Fact
    from projections.log_rows import Log, Row
    from projections.reference_history import ReferenceHistory
    from projections.trace import Trace


@dataclass(frozen=True, slots=True)
class Filled:
    """What a batch of streams came to: lines by table, facts folded, the last moment, and who could not be folded."""

    streams: int
    facts: int
    latest_us: int
    parked: list[Parked]
    blocks: list[tuple[str, bytes]]


class WholeLives:
    """Folds members as of a position, with the reference as it became known; counts what it folds."""

    def __init__(self, log: Log, history: ReferenceHistory, upto: int) -> None:
        self._log = log
        self._history = history
        self._upto = upto
        self.facts = 0
        self.latest_us = BEGINNING_US
        self.parked: dict[UUID, Parked] = {}

    def folded(self, ids: Sequence[UUID]) -> Iterator[Trace]:
        """Yield a trace a member, as far as it could be folded; streams of others are passed over."""
        for member, rows in self._log.streams(ids).items():
            known = [row for row in rows if row.position <= self._upto]
            if not known or known[0].topic not in MEMBER_FACTS:
                continue
            self.parked.pop(member, None)
            facts = self._decoded(member, known)
            try:
                trace = replay(member, facts, self._history, self._upto, linked_to(self._log, member, rows))
            except Broken as broken:
                trace = broken.trace
                self.parked[member] = Parked(member, broken.position, type(broken.__cause__).__name__)
            self.facts += len(facts)
            self.latest_us = max(self.latest_us, trace.last_key[0])
            yield trace

    def _decoded(self, member: UUID, rows: Sequence[Row]) -> list[Fact]:
        facts = []
        for row in rows:
            try:
                facts.append(self._log.fact(row))
            except Exception as error:  # noqa: BLE001 - a poison event parks its member only
                self.parked[member] = Parked(member, row.position, type(error).__name__)
                break
        return facts

    def park_unwritable(self, rows: Rows) -> None:
        """Take out, and park, the members whose rows no table can hold."""
        for member, error in rows.unwritable().items():
            self.parked[UUID(member)] = Parked(UUID(member), self._upto, type(error).__name__)


def filled(log: Log, history: ReferenceHistory, upto: int, ids: Sequence[UUID], wanted: frozenset[str]) -> Filled:
    """Fold some streams as of a position into the lines of the tables wanted."""
    lives, rows = WholeLives(log, history, upto), Rows()
    with uncollected():
        for trace in lives.folded(ids):
            trace.emit(rows)
        try:
            blocks = copy_blocks(rows, wanted)
        except Exception:  # noqa: BLE001 - found out member by member
            lives.park_unwritable(rows)
            blocks = copy_blocks(rows, wanted)
    return Filled(len(ids), lives.facts, lives.latest_us, list(lives.parked.values()), blocks)
