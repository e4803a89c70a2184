"""Folds pages of the log member by member, with the traces of those seen lately kept, into batches of rows to write."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Final
from uuid import UUID

import domain.activity
import domain.post
import domain.venue  # noqa: F401 - so that the facts of activities, posts and venues are known to be facts
from domain.fact import BODIES, Fact
from domain.member.merging.belonging import MERGING, MERGING_FACTS, linked_facts
from domain.reference import REFERENCE_FACTS
from domain.times import BEGINNING_US
from projections.position import Parked
from projections.reference_history import ReferenceHistory
from projections.replaying import replay
from projections.rows import Rows
from projections.trace import Trace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from projections.log_rows import Log, Row

MEMBER_FACTS: Final = frozenset(name for name, body in BODIES.items() if body.__module__.startswith("domain.member."))
_OTHER_FACTS: Final = frozenset(BODIES) - MEMBER_FACTS
_REPLAYED_AT_ONCE: Final = 500
_NOTHING: Final[dict[UUID, list[Fact]]] = {}


@dataclass(slots=True)
class Batch:
    """What the log up to `position` changes; with `more`, the next batch belongs in the same transaction."""

    position: int
    more: bool = False
    rows: Rows = field(default_factory=Rows)
    parked: list[Parked] = field(default_factory=list)
    latest_us: int = BEGINNING_US
    facts: int = 0


class Folding:
    """The state of one runner: reference, kept traces, parked members. Reset it by making a new one."""

    def __init__(
        self,
        log: Log,
        affected: Callable[[list[tuple[str, str]] | None], list[UUID]],
        parked: set[UUID],
        *,
        position: int = 0,
        kept: int = 10_000,
        ledgers: int = 30_000,
    ) -> None:
        """`affected(spans)` names the members whose facts name anything within spans (`naming`), all for None, as
        written up to the last batch that was yielded. `kept` traces stay in memory, the ledgers of the latest with
        them as long as they hold no more than `ledgers` facts together.
        """
        self._log = log
        self._affected = affected
        self.parked = parked
        self.share: int | None = None
        self._most = kept
        self._most_facts = ledgers
        self._kept: OrderedDict[UUID, Trace] = OrderedDict()
        self._with_ledger: OrderedDict[UUID, int] = OrderedDict()
        self._facts = 0
        self._history = reference_upto(log, position)
        self._anybody = position > 0

    def keep_to(self, share: int | None) -> None:
        """Fold from here on only members whose last bit is `share`, all when None; let go of the others."""
        self.share = share
        for member in [member for member in self._kept if not self._is_mine(member)]:
            self._take_out(member)

    def _is_mine(self, member: UUID) -> bool:
        return self.share is None or member.int & 1 == self.share

    def fold(self, rows: Sequence[Row]) -> Iterator[Batch]:
        """Yield the batches of one page, in order; to be written in that order."""
        for is_reference, run in runs(rows):
            if is_reference:
                facts = self.learn(run)
                yield from self.fold_touched(facts, self.touched(facts))
            else:
                yield self.fold_members(run)

    def fold_members(self, rows: Sequence[Row]) -> Batch:
        """Fold a run of members' facts, those of this process's share of the members."""
        self._anybody = True
        batch = Batch(rows[-1].position, facts=len(rows))
        decoded = self._decode(rows, batch)
        traces = self._traces(decoded, batch)
        reference = self._history.current
        for member, facts in decoded.items():
            trace = traces.get(member)
            if trace is None:
                continue
            for fact in facts:
                try:
                    trace.take(fact, reference)
                except Exception as error:  # noqa: BLE001 - whatever the fold raises parks this member only
                    self._park(member, fact.position, error, batch)
                    break
            self._emit(member, trace, batch)
        self._drop_oldest()
        return batch

    def _decode(self, rows: Sequence[Row], batch: Batch) -> dict[UUID, list[Fact]]:
        decoded: dict[UUID, list[Fact]] = {}
        decode, parked, share = self._log.fact, self.parked, self.share
        for row in rows:
            member = row.originator_id
            if row.topic in _OTHER_FACTS or member in parked or (share is not None and member.int & 1 != share):
                continue
            try:
                fact = decode(row)
            except Exception as error:  # noqa: BLE001 - a poison event parks its member only
                self._park(member, row.position, error, batch)
                continue
            known = decoded.get(member)
            if known is None:
                decoded[member] = [fact]
            else:
                known.append(fact)
        return decoded

    def _traces(self, decoded: dict[UUID, list[Fact]], batch: Batch) -> dict[UUID, Trace]:
        """Return a trace a member that can take its facts: kept, new, or replayed from its stream."""
        found: dict[UUID, Trace] = {}
        missing: list[UUID] = []
        for member, facts in decoded.items():
            trace = self._take_out(member)
            if any(isinstance(fact.body, MERGING) for fact in facts):
                missing.append(member)  # other streams are needed as well
            elif facts[0].version == 1:
                found[member] = Trace(member)
            elif trace is not None and trace.can_take(facts, self._history.current):
                found[member] = trace
            else:
                missing.append(member)
        for start in range(0, len(missing), _REPLAYED_AT_ONCE):
            some = missing[start : start + _REPLAYED_AT_ONCE]
            found |= self._replayed({member: decoded[member][0].position - 1 for member in some}, batch, decoded)
        return found

    def _replayed(
        self, upto: dict[UUID, int], batch: Batch, coming: Mapping[UUID, Sequence[Fact]] = _NOTHING
    ) -> dict[UUID, Trace]:
        found: dict[UUID, Trace] = {}
        streams = self._log.streams(list(upto))
        for member, last in upto.items():
            try:
                facts = [self._log.fact(row) for row in streams[member] if row.position <= last]
                linked = linked_to(self._log, member, streams[member])
                trace = replay(member, facts, self._history, last, linked, coming.get(member, ()))
            except Exception as error:  # noqa: BLE001 - as above
                self._park(member, last + 1, error.__cause__ or error, batch)
                continue
            trace.mark_written()
            found[member] = trace
        return found

    def learn(self, rows: Sequence[Row]) -> list[Fact]:
        """Take a run of reference facts into the reference."""
        facts = [self._log.fact(row) for row in rows]
        self._history.add(facts)
        return facts

    def fold_touched(self, facts: list[Fact], members: list[UUID]) -> Iterator[Batch]:
        """Fold anew the members whom reference facts, just learnt, may touch, each at the position of the fact."""
        first, last = facts[0].position, facts[-1].position
        members = [member for member in members if self._is_mine(member)]
        for start in range(0, len(members), _REPLAYED_AT_ONCE):
            batch = Batch(first - 1, more=True)
            some = [member for member in members[start : start + _REPLAYED_AT_ONCE] if member not in self.parked]
            for member, trace in self._replayed(dict.fromkeys(some, first - 1), batch).items():
                for turn in self._history.turns(trace.facts or [], last, trace.linked):
                    if turn >= first:
                        trace.fold_anew(self._history.at(turn), turn)
                self._emit(member, trace, batch)
            self._drop_oldest()
            yield batch
        yield Batch(last, facts=len(facts))

    def touched(self, facts: list[Fact]) -> list[UUID]:
        """Return whom reference facts, just learnt, may touch, as written so far."""
        if not self._anybody:
            return []
        spans = self._history.spans_touched(facts)
        return self._affected(spans) if spans is None or spans else []

    def _emit(self, member: UUID, trace: Trace, batch: Batch) -> None:
        try:
            trace.emit(batch.rows)
        except Exception as error:  # noqa: BLE001 - what the fold took and no row can hold parks this member only
            batch.rows.leave_out(str(member))
            if member not in self.parked:
                self._park(member, trace.position, error, batch)
            return
        batch.latest_us = max(batch.latest_us, trace.last_key[0])
        if member not in self.parked:
            self._keep(member, trace)

    def _park(self, member: UUID, position: int, error: BaseException, batch: Batch) -> None:
        self.parked.add(member)
        self._take_out(member)
        batch.parked.append(Parked(member, position, type(error).__name__))

    def changes(self, batch: Batch) -> list[tuple[str, list[str]]]:
        """Return a batch's statements; whoever's rows cannot be written is parked at the page's end instead."""
        try:
            return batch.rows.changes()
        except Exception:  # noqa: BLE001 - found out member by member
            for member, error in batch.rows.unwritable().items():
                self._park(UUID(member), batch.position, error, batch)
            return batch.rows.changes()

    def _take_out(self, member: UUID) -> Trace | None:
        self._facts -= self._with_ledger.pop(member, 0)
        return self._kept.pop(member, None)

    def _keep(self, member: UUID, trace: Trace) -> None:
        self._kept[member] = trace
        if trace.facts is not None:
            self._with_ledger[member] = len(trace.facts)
            self._facts += len(trace.facts)

    def _drop_oldest(self) -> None:
        while self._facts > self._most_facts:
            member, facts = self._with_ledger.popitem(last=False)
            self._facts -= facts
            self._kept[member].let_go()
        while len(self._kept) > self._most:
            self._take_out(next(iter(self._kept)))


def runs(rows: Sequence[Row]) -> Iterator[tuple[bool, list[Row]]]:
    """Split a page where reference facts and others meet; say of each run whether it is of reference facts."""
    for is_reference, run in groupby(rows, key=lambda row: row.topic in REFERENCE_FACTS):
        yield is_reference, list(run)


def linked_to(log: Log, member: UUID, rows: Sequence[Row]) -> list[Fact]:
    """Return the facts of the streams that merges tie to a member's, whose rows are given; nearly always none."""
    merging = [log.fact(row) for row in rows if row.topic in MERGING_FACTS]
    if not merging:
        return []
    return linked_facts(member, merging, lambda stream: [log.fact(row) for row in log.streams([stream])[stream]])


def reference_upto(log: Log, position: int, page: int = 5_000) -> ReferenceHistory:
    """Read the reference facts up to a position."""
    history = ReferenceHistory()
    start = 1
    while True:
        rows = log.reference(start, page)
        facts = [log.fact(row) for row in rows if row.position <= position]
        if facts:
            history.add(facts)
        if len(rows) < page or len(facts) < len(rows):
            return history
        start = rows[-1].position + 1
