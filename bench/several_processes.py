"""Several processes on one log: S1's commands by 1, 2, 4 and 8 of them, 64 writers together, and a reader beside.

Each process has its own application, as each `kiteline serve --only api` has, and members of its own; the appends of
all take turns in the database. The reader follows the log meanwhile and fails if a position is missing or appears below
one that it has read. At the end the log is read again: positions 1 to n, every stream in order.
Not measured: HTTP, commands of one member in several processes (tests/faults), more cores than this machine has.
"""

import argparse
import multiprocessing
import tempfile
import threading
import time
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Self
from uuid import UUID

import psycopg
import uvloop

from bench.harness import Bar, Measured, await_quiet, report
from bench.s1_recording import CALLER, COMMANDS_A_MEMBER, EXPECTED_RATE, prepare, rate_in_loop
from domain.organisation import OrganisationRegistered
from infra.database.embedded import EmbeddedPostgres
from infra.database.migrations import migrate
from infra.event_store.recorder import KitelineRecorder
from infra.interpreter import settle_interpreter
from infra.one_core import on_one_core
from infra.recording.application import Kiteline
from infra.recording.desk import Desk
from infra.recording.organisations import ReferenceDesk
from infra.vault.master_key import MasterKey
from infra.vault.vault import Vault

BAR = Bar("several-processes", "commands/s", "one process", floor=1, aim=1.3)
COUNTS = (1, 2, 4, 8)
_PAGE = 5_000
_ORDERED = """
SELECT bool_and(version = place) FROM (
    SELECT originator_version AS version, row_number() OVER (PARTITION BY originator_id ORDER BY position) AS place
    FROM log
) AS streams
"""


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--writers", type=int, default=64)
    options = parser.parse_args()
    rates: dict[int, list[float]] = {count: [] for count in COUNTS}
    with tempfile.TemporaryDirectory(prefix="kiteline-bench-") as folder, EmbeddedPostgres(Path(folder)) as server:
        migrate(server.url)
        with closing(Kiteline(server.url)) as kiteline:
            branch = OrganisationRegistered("branch", "样例支部", "BRANCH", "620621")
            ReferenceDesk(desk_of(kiteline)).register_many([branch], CALLER)
            for number in range(options.rounds):
                for count in COUNTS[:: -1 if number % 2 else 1]:
                    rates[count].append(_rate(kiteline, server.url, count, options.writers, options.seconds))
                print(f"  round {number + 1}: " + ", ".join(f"{n}: {rates[n][-1]:,.0f}" for n in COUNTS), flush=True)
        events = _must_be_in_order(server.url)
    rounds = [{"ours": two, "peer": one} for one, two in zip(rates[1], rates[2], strict=True)]
    notes = {f"{count} processes": f"{sorted(rates[count])[options.rounds // 2]:,.0f} commands/s" for count in COUNTS}
    report(Measured(BAR, rounds, {"ours": "two processes", **notes, "events, gapless and in order": events}))


def desk_of(kiteline: Kiteline) -> Desk:
    """Make the desk of one process; all have the same key."""
    return Desk(kiteline, Vault(MasterKey({1: b"k" * 32})), lambda: time.time_ns() // 1000)


def _rate(kiteline: Kiteline, url: str, count: int, writers: int, seconds: float) -> float:
    members = prepare(desk_of(kiteline), int(seconds * EXPECTED_RATE / COMMANDS_A_MEMBER))
    await_quiet()
    context = multiprocessing.get_context("spawn")
    pipes, processes = [], []
    for number in range(count):
        here, there = context.Pipe()
        share = members[number::count]
        process = context.Process(target=record, args=(there, url, share, writers // count, seconds), daemon=True)
        process.start()
        pipes.append(here)
        processes.append(process)
    for pipe in pipes:
        assert pipe.recv() == "ready"
    with Tail(kiteline.log) as tail:
        for pipe in pipes:
            pipe.send("go")
        total: float = sum(pipe.recv() for pipe in pipes)
    assert tail.failure is None, tail.failure
    for process in processes:
        process.join(30)
    return total


def record(pipe: Connection, url: str, members: list[UUID], writers: int, seconds: float) -> None:
    """Be one process: record, once all are ready, and tell the commands a second."""
    with closing(Kiteline(url)) as kiteline:
        kiteline.refresh_reference()
        kiteline.read_stream(members[0])
        settle_interpreter()
        with on_one_core():
            pipe.send("ready")
            pipe.recv()
            pipe.send(uvloop.run(rate_in_loop(desk_of(kiteline), iter(members), writers, seconds)))


class Tail:
    """A reader that follows the log while it grows; `failure` tells what it should not have seen."""

    def __init__(self, recorder: KitelineRecorder) -> None:
        """Begin at the head."""
        self._recorder = recorder
        self._seen = recorder.max_notification_id() or 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow)
        self.failure: str | None = None

    def __enter__(self) -> Self:
        """Follow."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self._ended.set()
        self._thread.join()

    def _follow(self) -> None:
        while not self._ended.wait(0.02) and self.failure is None:
            positions = [row.position for row in self._recorder.read_log(self._seen + 1, _PAGE)]
            if positions != list(range(self._seen + 1, self._seen + 1 + len(positions))):
                self.failure = f"after {self._seen} came {positions[:3]}, {len(positions)} in all"
            self._seen += len(positions)


def _must_be_in_order(url: str) -> int:
    with psycopg.connect(url) as connection:
        assert connection.execute(_ORDERED).fetchone() == (True,)
        row = connection.execute("SELECT count(*), min(position), max(position) FROM log").fetchone()
    assert row is not None
    assert row[1:] == (1, row[0])
    return int(row[0])


if __name__ == "__main__":
    main()
