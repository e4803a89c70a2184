"""What folding an event costs, by stage and by read model: `python -m bench.event_cost`, printed as tables.

A year of lives is folded member by member in this process, without a database, as a rebuild does; figures are this
process's own time, the least of several rounds of each. Not measured: reading the log, sending the lines, PostgreSQL.
"""

import argparse
import gc
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

from bench.year_of_lives import lives, reference_facts
from domain.fact import Fact
from domain.member.fold import fold
from domain.organisation import OrganisationRegistered
from infra.event_store.save import LogRow
from infra.recording.mapper import FactMapper, fact_from_row
from projections.copying import COPIED, copy_blocks
from projections.reference_history import ReferenceHistory
from projections.replaying import replay
from projections.rows import SUMS, Rows

_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
_MEMBERS_A_BATCH = 500

Streams = dict[UUID, list[Fact]]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    rows = _rows(options.members)
    history, head = ReferenceHistory(), rows[-1].position
    history.add([fact_from_row(row) for row in rows if row.topic == OrganisationRegistered.fact])
    told = [row for row in rows if row.topic != OrganisationRegistered.fact]
    streams = _streams(told)
    gc.freeze()
    gc.disable()

    batches = _emitted(streams, history, head)
    works: list[Callable[[], object]] = [
        lambda: [fact_from_row(row) is None for row in told],
        lambda: [fold(facts, history.current) is None for facts in streams.values()],
        lambda: [replay(member, facts, history, head) is None for member, facts in streams.items()],
        lambda: _emitted(streams, history, head),
        *(partial(_lines, batches, frozenset(tables)) for tables in ((), COPIED, *((table,) for table in COPIED))),
    ]
    rounds = [[_microseconds(work) / len(told) for work in works] for _ in range(options.rounds)]
    decoded, folded, traced, emitted, adding_up, lined, *by_table = map(min, zip(*rounds, strict=True))
    stages = [
        ("decode", decoded),
        ("fold: the state after each fact", folded),
        ("compare with what stands, late facts and corrections folded anew", traced - folded),
        ("rows, and counts by month and by day", emitted - traced),
        ("lines of COPY", lined),
    ]
    print(f"{len(told):,} events of {options.members:,} members\n\n| stage | µs an event |\n|---|---|")
    for name, cost in (*stages, ("together", sum(cost for _, cost in stages))):
        print(f"| {name} | {cost:.1f} |")
    print("\n| table | rows an event | µs an event for its lines |\n|---|---|---|")
    for table, cost in zip(COPIED, by_table, strict=True):
        lines = sum(len(found) for batch in batches for name, _, found in batch.tables() if name == table)
        print(f"| {table} | {lines / len(told):.2f} | {cost - adding_up:.2f} |")
    print(f"| {' and '.join(SUMS)}, added up before | | {adding_up:.2f} |")


def _rows(members: int) -> list[LogRow]:
    mapper, found = FactMapper(), []
    for position, fact in enumerate([*reference_facts(), *lives(members)[0]], 1):
        stored = mapper.to_stored_event(fact)
        at = _BEGAN + timedelta(milliseconds=position)
        row = LogRow(position, fact.stream, fact.version, stored.topic, stored.state, list(fact.concerns), 1, at)
        found.append(row)
    return found


def _streams(rows: Sequence[LogRow]) -> Streams:
    streams: Streams = {}
    for row in rows:
        streams.setdefault(row.originator_id, []).append(fact_from_row(row))
    return streams


def _emitted(streams: Streams, history: ReferenceHistory, head: int) -> list[Rows]:
    batches = []
    for number, (member, facts) in enumerate(streams.items()):
        if number % _MEMBERS_A_BATCH == 0:
            batches.append(Rows())
        replay(member, facts, history, head).emit(batches[-1])
    return batches


def _lines(batches: Sequence[Rows], tables: frozenset[str]) -> None:
    for batch in batches:
        copy_blocks(batch, tables)


def _microseconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1e6


if __name__ == "__main__":
    main()
