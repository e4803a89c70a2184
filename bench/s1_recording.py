"""S1: recording through the application layer, 64 writers: load at least 5 events, decide, 2 events, one key.

Each writer takes members prepared with five events, loads each from the log, and gives each four commands of two facts.
Our writers are coroutines of one event loop, as the service's requests are, in an interpreter settled as the service's
is; the peer's are threads, because its application blocks, in an interpreter as it comes. The peer is the library's own
Application with its stock PostgreSQL recorder doing the same with an aggregate of its own: load (at least 5 events),
decide, trigger two events, save with an idempotency row in the same transaction.
Not measured: HTTP, parsing JSON, tokens.
"""

import argparse
import asyncio
import gc
import hashlib
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import uvloop
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import ApplicationRecorder

from bench.harness import Bar, Measured, await_quiet, in_turn, report
from bench.s1r_recorder import StockRecorder, stock_recorder
from domain.fact import Body
from domain.member import events as e
from domain.organisation import OrganisationRegistered
from domain.times import SHANGHAI, parse_occurred
from infra.database.embedded import EmbeddedPostgres
from infra.database.migrations import migrate
from infra.event_store.save import Idempotency, Save
from infra.interpreter import settle_interpreter
from infra.recording.application import Kiteline
from infra.recording.desk import Desk, decide_fact
from infra.recording.drafts import Caller, drafted
from infra.recording.keys import Key
from infra.recording.mapper import FactMapper
from infra.recording.members import new_ledger
from infra.recording.organisations import ReferenceDesk
from infra.recording.procedures import arun
from infra.vault.master_key import MasterKey
from infra.vault.vault import Vault

BAR = Bar("S1", "commands/s", "stock Application and recorder with an idempotency row", floor=4, aim=8)
COMMANDS_A_MEMBER = 4
EXPECTED_RATE = 9_000
CALLER = Caller("bench", "branch", "SIMULATION")
LIFE: tuple[tuple[Body, str], ...] = (
    (e.MemberRegistered("FULL", "branch"), "2025-01-01"),
    (e.DepartureReported({"region": "620102"}), "2025-01-02"),
    (e.Departed(), "2025-01-03"),
    (e.CheckInPrompted(), "2025-01-04"),
    (e.CheckedIn("620102", "WORKER"), "2025-01-05"),
)
FIRST_CONTACT = datetime(2025, 2, 1, tzinfo=SHANGHAI)


def contacts_at(hour: int) -> list[tuple[str, dict[str, Any]]]:
    """Two contacts, each later than any before: the common case of a year's work."""
    first, second = (FIRST_CONTACT + timedelta(hours=hour, minutes=minute) for minute in (0, 30))
    return [
        ("record-contact", {"occurred_at": first.isoformat(), "channel": "PHONE"}),
        ("record-contact", {"occurred_at": second.isoformat(), "channel": "VISIT"}),
    ]


class StockMember(Aggregate):
    """A member as the library's users write one: declared events, a rule, a state kept by event handlers."""

    @event("Registered")
    def __init__(self, affiliation: str) -> None:
        """Begin at home."""
        self.affiliation = affiliation
        self.stage = "home"
        self.region: str | None = None
        self.contacts: list[str] = []

    @event("Moved")
    def move(self, stage: str, region: str) -> None:
        """Change stage and place."""
        self.stage = stage
        self.region = region

    def contact(self, on: str, channel: str) -> None:
        """Decide a contact."""
        if self.stage == "returned":
            raise ValueError(self.stage)
        self.contacted(on, channel)

    @event("Contacted")
    def contacted(self, on: str, channel: str) -> None:
        """Take a contact."""
        self.contacts.append(f"{on} {channel}")


class StockApplication(Application[UUID]):
    """The library's application over its own recorder."""

    recorder_of_bench: StockRecorder

    def construct_recorder(self) -> ApplicationRecorder:
        """Use the stock recorder with its key row."""
        return self.recorder_of_bench


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--writers", type=int, default=64)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kiteline-bench-") as folder, EmbeddedPostgres(Path(folder)) as server:
        migrate(server.url)
        kiteline = Kiteline(server.url)
        desk = Desk(kiteline, Vault(MasterKey({1: b"k" * 32})), lambda: time.time_ns() // 1000)
        ReferenceDesk(desk).register_many([OrganisationRegistered("branch", "样例支部", "BRANCH", "620621")], CALLER)
        StockApplication.recorder_of_bench = stock_recorder(server)
        stock = StockApplication()

        def our_rate() -> float:
            members = iter(prepare(desk, int(options.seconds * EXPECTED_RATE / COMMANDS_A_MEMBER)))
            with settled():
                return uvloop.run(rate_in_loop(desk, members, options.writers, options.seconds))

        def peer_rate() -> float:
            members = iter(prepare_stock(stock, int(options.seconds * 2_000 / COMMANDS_A_MEMBER)))
            return rate(lambda: peer_commands(stock, next(members)), options.writers, options.seconds)

        await_quiet()
        rounds = in_turn(our_rate, peer_rate, options.rounds)
        report(Measured(BAR, rounds, {"writers": options.writers, "commands a member": COMMANDS_A_MEMBER}))
        kiteline.close()


@contextmanager
def settled() -> Iterator[None]:
    """Measure ours in the interpreter of the service, and give the peer its own back."""
    interval, thresholds = sys.getswitchinterval(), gc.get_threshold()
    settle_interpreter()
    try:
        yield
    finally:
        gc.unfreeze()
        gc.set_threshold(*thresholds)
        sys.setswitchinterval(interval)


async def rate_in_loop(desk: Desk, members: Iterator[UUID], writers: int, seconds: float) -> float:
    """Let `writers` coroutines take member after member for `seconds` and tell the commands a second."""
    recorded = 0
    started = time.perf_counter()
    deadline = started + seconds

    async def write() -> None:
        nonlocal recorded
        for member in members:
            for hour in range(COMMANDS_A_MEMBER):
                if time.perf_counter() >= deadline:
                    return
                key = Key("bench", f"{member} {hour}", b"body")
                await arun(desk.recording(member, contacts_at(hour), CALLER, key=key))
                recorded += 1
        message = "more members must be prepared for a machine as fast as this"
        raise RuntimeError(message)

    await asyncio.gather(*(write() for _ in range(writers)))
    return recorded / (time.perf_counter() - started)


def rate(commands_of_next: Callable[[], Iterator[Callable[[], object]]], writers: int, seconds: float) -> float:
    """Let `writers` threads take member after member for `seconds` and tell the commands a second."""
    counts = [0] * writers
    taking = threading.Lock()
    started = time.perf_counter()
    deadline = started + seconds

    def write(number: int) -> None:
        while True:
            with taking:
                commands = commands_of_next()
            for command in commands:
                if time.perf_counter() >= deadline:
                    return
                command()
                counts[number] += 1

    threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - started)


def prepare(desk: Desk, members: int) -> list[UUID]:
    """Record `members` lives of five events; none is kept in memory."""
    mapper, reference, now_us = FactMapper(), desk.kiteline.reference(), desk.now_us()
    ids, saves = [], []
    for _ in range(members):
        ledger = new_ledger(uuid4(), reference)
        facts = []
        for body, on in LIFE:
            fact = drafted(ledger.member_id, ledger.version + 1, body, parse_occurred(on), "branch", CALLER)
            facts.append(decide_fact(ledger, fact, reference, now_us))
        saves.append(Save([mapper.to_stored_event(fact) for fact in facts]))
        ids.append(ledger.member_id)
    for future in desk.kiteline.log.submit_many(saves):
        future.result()
    return ids


def peer_commands(stock: StockApplication, member: UUID) -> Iterator[Callable[[], object]]:
    """The same for the peer: load, decide, two events, save with a key."""
    for _ in range(COMMANDS_A_MEMBER):
        yield lambda: peer_command(stock, member)


def peer_command(stock: StockApplication, member: UUID) -> None:
    """One command of the peer."""
    aggregate: StockMember = stock.repository.get(member)
    aggregate.contact("2025-02-01", "PHONE")
    aggregate.contact("2025-02-02", "VISIT")
    digest = hashlib.sha256(uuid4().bytes).digest()
    stock.save(aggregate, idempotency=Idempotency("bench", digest, digest, 201))


def prepare_stock(stock: StockApplication, members: int) -> list[UUID]:
    """Record aggregates of five events for the peer, a hundred a transaction."""
    ids = []
    for start in range(0, members, 100):
        batch = []
        for _ in range(min(100, members - start)):
            aggregate = StockMember("branch")
            for stage in ("reported", "awaiting_check_in", "prompted", "checked_in"):
                aggregate.move(stage, "620102")
            batch.append(aggregate)
        digest = hashlib.sha256(uuid4().bytes).digest()
        stock.save(*batch, idempotency=Idempotency("bench", digest, digest, 201))
        ids += [aggregate.id for aggregate in batch]
    return ids


if __name__ == "__main__":
    main()
