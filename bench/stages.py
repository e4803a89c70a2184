"""What a command costs, stage by stage: `python -m bench.stages` prints the table of docs/performance.md.

Processor time is measured one command at a time, on the functions that the service calls, medians of all; waiting is
measured with 64 writers in one event loop, as the service has them: how long an append waits in the queue, how long its
batch is with the database, and how much of that is the flush (PostgreSQL's own clock).
Not measured: HTTP itself (S11 does), what read models, feeds and tree cost beside ("What an event costs").
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import psycopg
import uvloop
from starlette.requests import Request

from api.access import must_be_allowed_on, principal_of
from api.actions import Action
from api.bodies import expected_version, json_object, key_for, key_text, member_id_of
from api.recording import answer, caller_of
from api.service import Service, open_service
from bench.harness import await_quiet
from bench.s1_recording import CALLER, prepare, settled
from domain.organisation import OrganisationRegistered
from infra.database.embedded import EmbeddedPostgres
from infra.database.migrations import migrate
from infra.event_store import group_commit
from infra.event_store.append_link import AppendLink, Refused, Stored
from infra.event_store.save import Save
from infra.event_store.tickets import FutureTicket, Ticket
from infra.recording.mapper import FactMapper, facts_of
from infra.recording.members import ledger_of
from infra.recording.procedures import Append
from infra.recording.receipts import Receipt
from infra.settings import Settings
from infra.tokens.configured import local_issuer
from infra.tokens.principal import Principal, Role

_WRITERS = 64
_FLUSHES = "SELECT sum(fsyncs), sum(fsync_time) FROM pg_stat_io WHERE object = 'wal'"
_BODY = orjson.dumps({"occurred_at": "2025-02-03T10:30:00+08:00", "channel": "PHONE"})

Times = dict[str, list[float]]


class TimedLink(AppendLink):
    """The connection of appends, with a watch: when each batch was sent, and how long until it was durable."""

    def send(self, tickets: Sequence[Ticket], parameters: list[bytes]) -> None:
        """Send, and start the watch."""
        _SENT[id(tickets)] = time.perf_counter()
        super().send(tickets, parameters)

    def receive(self) -> list[tuple[Sequence[Ticket], Stored | Refused]]:
        """Receive, and stop it."""
        finished = super().receive()
        now = time.perf_counter()
        _TAKEN.extend((len(tickets), now - _SENT.pop(id(tickets))) for tickets, _ in finished)
        return finished


_SENT: dict[int, float] = {}
_TAKEN: list[tuple[int, float]] = []


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--commands", type=int, default=2_000)
    parser.add_argument("--seconds", type=float, default=4.0)
    options = parser.parse_args()
    vars(group_commit)["AppendLink"] = TimedLink
    timing = {"track_wal_io_timing": "on", "track_io_timing": "on"}
    with (
        tempfile.TemporaryDirectory(prefix="kiteline-bench-") as folder,
        EmbeddedPostgres(Path(folder), timing) as server,
    ):
        migrate(server.url)
        settings = Settings(home=Path(folder) / "home", database_url=server.url)
        with open_service(settings, server.url, projecting=False) as service:
            branch = OrganisationRegistered("branch", "样例支部", "BRANCH", "620621")
            service.references.register_many([branch], CALLER)
            token = local_issuer(settings).mint(Role.BRANCH_SECRETARY, organisation="branch", lifetime=7_200)
            members = prepare(service.desk, options.commands)
            await_quiet()
            with settled():
                times = uvloop.run(worked(service, token, members))
                many = prepare(service.desk, int(options.seconds * 9_000))
                waits = uvloop.run(waited(service, iter(many), options.seconds))
            flushes, flushing = _flushed(server.superuser_url)
    print(table(times, waits, flushing / flushes))


async def worked(service: Service, token: str, members: Sequence[UUID]) -> Times:
    """Carry commands out one at a time, with the watch on each stage."""
    times: Times = {}
    mapper = FactMapper()
    for number, member in enumerate(members):
        watch = Watch(times)
        request = request_of(member, token, number)
        principal = await principal_of(request, service)
        watch.lap("token")
        payload = await json_object(request)
        named = key_for(principal, key_text(request), f"{member_id_of(request)}/record-contact", payload)
        expected_version(request)
        watch.lap("parse")
        rows = service.kiteline.log.read_streams([member])[member]
        watch.lap("load, alone")
        ledger = ledger_of(member, facts_of(rows), service.kiteline.reference())
        service.kiteline.members.put(ledger)
        watch.lap("fold")
        await must_be_allowed_on(service, principal, Action.RECORD_CONTACT, member, None)
        watch.lap("authorise")
        receipt, waiting = decided(service, member, payload, principal, named)
        watch.lap("decide", less=waiting)
        stored = [mapper.to_stored_event(fact) for fact in receipt.events]
        watch.lap("encode")
        FutureTicket(Save(stored))
        watch.lap("pack")
        await answer(receipt)({"type": "http"}, request.receive, _forget)
        watch.lap("answer")
    for start in range(0, len(members) - _WRITERS, _WRITERS):
        began = time.perf_counter()
        service.kiteline.log.read_streams(members[start : start + _WRITERS])
        times.setdefault("load, 64 together", []).append((time.perf_counter() - began) / _WRITERS)
    times["decide"] = [
        whole - part for whole, part in zip(times["decide"], times["encode"], strict=True)
    ]  # a recording encodes
    return times


def decided(
    service: Service,
    member: UUID,
    payload: dict[str, Any],
    principal: Principal,
    named: Any,  # noqa: ANN401 - a key
) -> tuple[Receipt, float]:
    """Carry a recording out; returns what it did, and how long it only waited for its append."""
    recording = service.desk.recording(member, [("record-contact", payload)], caller_of(principal), key=named)
    wait = next(recording)
    waited_for = 0.0
    while True:
        assert isinstance(wait, Append), wait
        began = time.perf_counter()
        value = wait.log.record(wait.save)
        waited_for += time.perf_counter() - began
        try:
            wait = recording.send(value)
        except StopIteration as end:
            receipt: Receipt = end.value
            return receipt, waited_for


async def waited(service: Service, members: Iterator[UUID], seconds: float) -> dict[str, float]:
    """Append with 64 writers at once and tell the waits, in seconds."""
    numbers = count()
    token = Principal("bench", Role.BRANCH_SECRETARY, "branch")
    _TAKEN.clear()
    appends: list[float] = []
    deadline = time.perf_counter() + seconds

    async def write() -> None:
        for member in members:
            if time.perf_counter() >= deadline:
                return
            named = key_for(token, f"wait-{next(numbers)}", str(member), {})
            rows = await service.kiteline.loads.load_async(member)
            service.kiteline.members.put(ledger_of(member, facts_of(rows), service.kiteline.reference()))
            recording = service.desk.recording(member, [("record-contact", orjson.loads(_BODY))], CALLER, key=named)
            wait = next(recording)
            assert isinstance(wait, Append)
            began = time.perf_counter()
            saved = await wait.log.record_async(wait.save)
            appends.append(time.perf_counter() - began)
            try:
                recording.send(saved)
            except StopIteration:
                continue

    await asyncio.gather(*(write() for _ in range(_WRITERS)))
    saves = sum(size for size, _ in _TAKEN)
    return {
        "append": statistics.fmean(appends),
        "batch": sum(size * took for size, took in _TAKEN) / saves,
        "size": saves / len(_TAKEN),
        "rate": len(appends) / seconds,
    }


class Watch:
    """Tells how long each stage took since the one before."""

    def __init__(self, times: Times) -> None:
        """Start."""
        self._times = times
        self._at = time.perf_counter()

    def lap(self, stage: str, less: float = 0.0) -> None:
        """End a stage."""
        self._times.setdefault(stage, []).append(time.perf_counter() - self._at - less)
        self._at = time.perf_counter()


def request_of(member: UUID, token: str, number: int) -> Request:
    """Make a request as the server hands it on."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": _BODY, "more_body": False}

    headers = {
        "authorization": f"Bearer {token}",
        "idempotency-key": f"stage-{number}",
        "content-type": "application/json",
    }
    scope = {
        "type": "http",
        "method": "POST",
        "path": f"/v1/members/{member}/record-contact",
        "path_params": {"member_id": str(member), "verb": "record-contact"},
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    return Request(scope, receive)


async def _forget(_message: Any) -> None:  # noqa: ANN401 - of ASGI
    return


def _flushed(url: str) -> tuple[int, float]:
    with psycopg.connect(url) as connection:
        row = connection.execute(_FLUSHES).fetchone()
    assert row is not None
    return int(row[0]), float(row[1]) / 1e3


def table(times: Times, waits: dict[str, float], flush: float) -> str:
    """Lay the stages out, as Markdown."""
    middle: Callable[[str], str] = lambda stage: f"{statistics.median(times[stage]) * 1e6:,.0f} µs"  # noqa: E731
    rows = [
        ("parse", f"token (remembered) {middle('token')}, headers, body and key {middle('parse')}", "processor"),
        (
            "load",
            f"alone {middle('load, alone')}; a member of 64 read together {middle('load, 64 together')}",
            "database",
        ),
        ("load", f"five events decoded and folded {middle('fold')}; nothing for a member kept in memory", "processor"),
        ("authorise", middle("authorise"), "processor"),
        ("decide", middle("decide"), "processor"),
        ("encode", f"{middle('encode')}, packing for the batch {middle('pack')}", "processor"),
        (
            "queue",
            f"{(waits['append'] - waits['batch']) * 1e3:.1f} ms with {_WRITERS} writers, the loop's turns included",
            "wait",
        ),
        (
            "transaction",
            f"{(waits['batch'] - flush) * 1e3:.1f} ms for a batch of {waits['size']:.0f} saves",
            "database",
        ),
        ("flush", f"{flush * 1e3:.1f} ms, shared by the batch", "disk"),
        ("answer", middle("answer"), "processor"),
    ]
    lines = ["| stage | cost | of |", "|---|---|---|", *(f"| {stage} | {cost} | {of} |" for stage, cost, of in rows)]
    return "\n".join([*lines, "", f"{waits['rate']:,.0f} commands/s while the waits were measured."])


if __name__ == "__main__":
    main()
