"""What a nation would need: sizes and hours from unit costs measured here, `python -m bench.nation`.

Bytes an event and a member come from a log of `bench.large_log` with its read models, feeds and keys; rates from the
results that the other benchmarks have left in `bench/results`. The nation has 100 million members and 2 billion events;
a province has a thirty-first of both. Prints two tables.
Not measured: a machine of that size; every figure of the nation is a measured one multiplied.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import Connection
from psycopg.rows import TupleRow

from bench.harness import RESULTS
from bench.large_log import large_log
from bench.year_of_lives import append, lives, reference_facts
from infra.database.embedded import EmbeddedPostgres
from infra.database.migrations import migrate
from infra.event_store.recorder import KitelineRecorder
from projections.region_feeds import write_page

MEMBERS: Final = 100_000_000
EVENTS: Final = 2_000_000_000
PROVINCES: Final = 31
_PARTITION_EVENTS: Final = 100_000_000
_GIB: Final = 2**30
_SECONDS_AN_HOUR: Final = 3_600
_SIZE: Final = """
SELECT coalesce(sum(pg_total_relation_size(to_regclass(name))), 0)::bigint FROM unnest(%s::text[]) AS t (name)
"""
_BY_EVENT: Final = {
    "log and its indexes": ["log"],
    "idempotency keys": ["idempotency"],
    "read models, what was": ["roster_past", "clock_past", "duty_past", "leg_past", "tally"],
}
_BY_MEMBER: Final = {
    "stream heads": ["stream_head"],
    "read models, what is": ["member", "duty", "leg"],
}
_RATES: Final = (
    ("S1", "commands recorded through the application layer", "commands/s"),
    ("S11", "commands recorded over HTTP", "commands/s"),
    ("S4", "events folded into all read models while catching up", "events/s"),
    ("S5", "events folded into all read models by a rebuild", "events/s"),
    ("S9", "feed entries published to Kafka", "events/s"),
    ("log-tree", "leaves into the tree", "leaves/s"),
)


@dataclass(frozen=True, slots=True)
class Unit:
    """Bytes that one event, or one member, costs."""

    what: str
    bytes_each: float
    of: str

    @property
    def nation_gib(self) -> float:
        """What the nation's cost, in GiB."""
        return self.bytes_each * (EVENTS if self.of == "event" else MEMBERS) / _GIB


def main() -> None:
    """Measure, multiply, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=100_000, help="of the log whose sizes are taken")
    options = parser.parse_args()
    units = [*sizes(options.events), *feeds_and_tree()]
    print("\n".join(_size_lines(units)))
    print()
    print("\n".join(_rate_lines()))


def sizes(events: int) -> Iterator[Unit]:
    """Tell bytes an event and a member from the tables of a log with its read models."""
    with large_log(events, read_models=True) as made, psycopg.connect(made.url, autocommit=True) as connection:
        for what, tables in _BY_EVENT.items():
            yield Unit(what, _bytes(connection, tables) / made.events, "event")
        for what, tables in _BY_MEMBER.items():
            yield Unit(what, _bytes(connection, tables) / made.members, "member")


def feeds_and_tree() -> Iterator[Unit]:
    """Tell bytes an event from feeds written of a year of lives, and a leaf's from the tree's own benchmark."""
    with tempfile.TemporaryDirectory(prefix="kiteline-bench-") as folder, EmbeddedPostgres(Path(folder)) as server:
        migrate(server.url)
        recorder = KitelineRecorder(server.url)
        append(recorder, reference_facts())
        append(recorder, lives(500)[0])
        events = recorder.max_notification_id() or 1
        recorder.close()
        with psycopg.connect(server.url, autocommit=True) as connection:
            while write_page(connection, 4_000)[0]:
                pass
            yield Unit("feeds of regions", _bytes(connection, ["feed_entry"]) / events, "event")
    if (tree := _result("log-tree")) is not None:
        yield Unit("tree of the log", float(tree["notes"]["bytes a leaf"]), "event")


def _bytes(connection: Connection[TupleRow], tables: list[str]) -> int:
    row = connection.execute(_SIZE, (tables,)).fetchone()
    return 0 if row is None else int(row[0])


def _size_lines(units: list[Unit]) -> Iterator[str]:
    yield "| what | bytes | each | nation | a province |"
    yield "|---|---|---|---|---|"
    for unit in units:
        yield f"| {unit.what} | {unit.bytes_each:,.0f} | {unit.of} | {_both(unit.nation_gib)} |"
    whole = sum(unit.nation_gib for unit in units)
    yield f"| together | | | {_both(whole)} |"
    partitions = EVENTS // _PARTITION_EVENTS
    log = units[0].nation_gib / partitions
    yield f"| partitions of the log, 100 million positions each | | | {partitions} of {log:,.0f} GiB | 1 |"


def _both(nation: float) -> str:
    return f"{nation:,.0f} GiB | {nation / PROVINCES:,.0f} GiB"


def _rate_lines() -> Iterator[str]:
    yield "| what | measured here, two cores | the nation's 2 billion | a province's 65 million |"
    yield "|---|---|---|---|"
    for bar, what, unit in _RATES:
        if (result := _result(bar)) is None:
            continue
        rate = result["ours"]
        nation = EVENTS / rate / _SECONDS_AN_HOUR
        yield f"| {what} ({bar}) | {rate:,.0f} {unit} | {nation:,.0f} h | {nation / PROVINCES:,.1f} h |"


def _result(bar: str) -> dict[str, Any] | None:
    path = RESULTS / f"{bar}.json"
    found: dict[str, Any] | None = json.loads(path.read_text()) if path.exists() else None
    return found


if __name__ == "__main__":
    main()
