"""A collective check-in day: codes for 2,300 venues at once, then 600 scans a second for a minute over HTTP, none lost.

The service runs as it does in production, `kiteline serve` with its read models, beside the load on the same machine.
Every scan is sent when it is due, whether or not earlier ones were answered, over connections that are kept; its time
counts from when it was due. At the end every 201 is looked for in the log, once each, and on the roster.
The figure is the rate of answered scans beside the rate that was asked for; times are told with it.
Not measured: phones and their networks, TLS, several service processes.
"""

import argparse
import asyncio
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast
from uuid import UUID

import httpx
import psycopg
import uvloop

from api.service import Service, open_service
from bench.harness import Bar, Measured, await_quiet, report
from bench.post_claims import prepare
from domain.organisation import OrganisationRegistered
from infra.database.embedded import EmbeddedPostgres
from infra.database.migrations import migrate
from infra.recording.drafts import Caller
from infra.recording.keys import Key
from infra.recording.procedures import arun
from infra.settings import Settings
from infra.tokens.configured import local_issuer
from infra.tokens.principal import Role

BAR = Bar("collective-day", "check-ins/s", "scans asked for", floor=0.99, aim=1)
CALLER = Caller("bench", "branch", "SIMULATION")
CONNECTIONS = 512
_LATE_SECONDS = 60.0
_HEAD = re.compile(rb"HTTP/1\.1 (\d{3}).*?\r\ncontent-length: (\d+).*?\r\n\r\n", re.DOTALL | re.IGNORECASE)

_RECORDED = "SELECT count(*), count(DISTINCT originator_id) FROM log WHERE topic = 'checked_in'"
_ON_ROSTER = "SELECT count(*) FROM member WHERE stage = 'checked_in'"


@dataclass(slots=True)
class Day:
    """What became of the scans."""

    answers: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--venues", type=int, default=2_300)
    parser.add_argument("--rate", type=int, default=600)
    parser.add_argument("--seconds", type=int, default=60)
    options = parser.parse_args()
    scans = options.rate * options.seconds
    with tempfile.TemporaryDirectory(prefix="kiteline-bench-") as folder, EmbeddedPostgres(Path(folder)) as server:
        migrate(server.url)
        settings = Settings(home=Path(folder) / "home", database_url=server.url)
        with open_service(settings, server.url, projecting=False) as service:
            requests, issued_in = prepared(service, options.venues, scans)
        with served(settings, server.url) as port:
            await_quiet()
            began = time.perf_counter()
            day = uvloop.run(scanned(port, requests, options.rate))
            took = time.perf_counter() - began
            lag = shown(server.url, day.answers[201])
        check(server.url, day, scans)
    times = sorted(day.seconds)
    notes = {
        "venues": options.venues,
        "codes for all of them": f"{issued_in:.1f} s",
        "scans": scans,
        "p50": f"{statistics.median(times) * 1000:.0f} ms",
        "p99": f"{times[int(len(times) * 0.99)] * 1000:.0f} ms",
        "longest": f"{times[-1] * 1000:.0f} ms",
        "all on the roster after the last answer": f"{lag:.1f} s",
        "lost": 0,
    }
    rounds = [{"ours": len(times) / max(took, options.seconds), "peer": float(options.rate)}]
    report(Measured(BAR, rounds, notes))


def prepared(service: Service, venues: int, scans: int) -> tuple[list[bytes], float]:
    """Open the venues, issue their codes, register a member a scan; returns the requests, and how long issuing took."""
    service.references.register_many([OrganisationRegistered("branch", "样例支部", "BRANCH", "620102")], CALLER)
    opened = {"region": "620102", "kind": "OTHER", "occurred_at": "2025-01-01"}

    async def open_venues() -> list[str]:
        receipts = []
        for start in range(0, venues, CONNECTIONS):
            some = range(start, min(venues, start + CONNECTIONS))
            opening = (arun(service.venues.opening({**opened, "name": f"样例{number}"}, CALLER)) for number in some)
            receipts += await asyncio.gather(*opening)
        return [str(receipt.stream) for receipt in receipts]

    listed = asyncio.run(open_venues())
    began = time.perf_counter()
    issuing = service.code_issues.issuing(
        {"venues": listed, "occurred_at": "2025-01-01"}, CALLER, may_issue=lambda _: True, key=Key("bench", "day", b"")
    )
    items = [item for receipt in asyncio.run(arun(issuing)) for item in receipt.extra["items"]]
    took = time.perf_counter() - began
    issuer = local_issuer(service.settings)
    members = prepare(service.desk, scans)
    codes = [item["code"] for item in items]
    tokens = (issuer.mint(Role.MEMBER, member=member, lifetime=7_200) for member in members)
    return [
        request(codes[number % venues], token, member)
        for number, (member, token) in enumerate(zip(members, tokens, strict=True))
    ], took


def request(code: str, token: str, member: UUID) -> bytes:
    """Write one scan as it goes over the wire."""
    body = json.dumps({"code": code, "occurred_at": "2025-06-16T09:00:00+08:00"}).encode()
    head = (
        f"POST /v1/check-ins HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        f"Idempotency-Key: scan-{member}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class served:  # noqa: N801 - reads as what it is: with served(…) as port
    """The service in a process of its own, ready for requests."""

    def __init__(self, settings: Settings, url: str) -> None:
        """Serve this database on a port that is free now."""
        self._settings = settings
        self._url = url

    def __enter__(self) -> int:
        """Start, and wait until it is ready."""
        port = _free_port()
        environment = {
            **os.environ,
            "KITELINE_HOME": str(self._settings.home),
            "KITELINE_DATABASE_URL": self._url,
            "KITELINE_PORT": str(port),
            "KITELINE_KAFKA_BOOTSTRAP_SERVERS": self._settings.kafka_bootstrap_servers or "",
            "KITELINE_LOG_LEVEL": "WARNING",
        }
        command = [sys.executable, "-c", "from infra.cli.main import app; app()", "serve"]
        self._process = subprocess.Popen(command, env=environment)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"http://127.0.0.1:{port}/readyz", trust_env=False).status_code == 200:
                    return port
            except httpx.TransportError:
                time.sleep(0.1)
        raise RuntimeError("the service is not ready")

    def __exit__(self, *_: object) -> None:
        """Stop as an operator does."""
        self._process.terminate()
        self._process.wait(60)


def _free_port() -> int:
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
    return port


async def scanned(port: int, requests: list[bytes], rate: int) -> Day:
    """Send each scan when it is due, at `rate` a second."""
    loop = asyncio.get_running_loop()
    day, phones, waiting = Day(), Phones(loop.create_future()), deque[tuple[float, bytes]]()

    def answered(phone: Phone, status: int) -> None:
        day.answers[status] += 1
        day.seconds.append(time.perf_counter() - phone.due)
        if waiting:
            phone.send(*waiting.popleft())
        else:
            phones.free.append(phone)
        if len(day.seconds) == len(requests):
            phones.ended.set_result(None)

    for _ in range(CONNECTIONS):
        await loop.create_connection(lambda: Phone(phones, answered), "127.0.0.1", port)
    began = time.perf_counter()
    for number, one in enumerate(requests):
        at = began + number / rate
        if (wait := at - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        if phones.free:
            phones.free.popleft().send(at, one)  # in turn, so that no connection rests until the service closes it
        else:
            waiting.append((at, one))
    await phones.ended
    return day


@dataclass(slots=True)
class Phones:
    """The end of the day, and who has nothing under way."""

    ended: asyncio.Future[None]
    free: deque["Phone"] = field(default_factory=deque)


class Phone(asyncio.Protocol):
    """One connection that is kept; as little work as will do, since the load shares the machine with what it loads."""

    def __init__(self, phones: Phones, answered: Callable[["Phone", int], None]) -> None:
        """`answered` hears the status of each answer."""
        self._phones = phones
        self._answered = answered
        self._held = b""
        self._transport: asyncio.WriteTransport
        self.due = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be ready."""
        self._transport = cast("asyncio.WriteTransport", transport)  # uvloop's is one by behaviour only
        self._phones.free.append(self)

    def send(self, due: float, request: bytes) -> None:
        """Send one scan; `due` is when it should have been."""
        self.due = due
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Take an answer in, which may come in pieces."""
        data = self._held + data
        found = _HEAD.match(data)
        if found is None or len(data) < found.end() + int(found[2]):
            self._held = data
            return
        self._held = b""
        self._answered(self, int(found[1]))

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell it: nobody waits for an answer that cannot come."""
        if not self._phones.ended.done():
            self._phones.ended.set_exception(exc or ConnectionResetError("the service closed a connection"))


def shown(url: str, wanted: int) -> float:
    """Wait until everybody is on the roster, and tell how long that took."""
    began = time.monotonic()
    with psycopg.connect(url, autocommit=True) as connection:
        while time.monotonic() - began < _LATE_SECONDS:
            row = connection.execute(_ON_ROSTER).fetchone()
            if row is not None and row[0] >= wanted:
                return time.monotonic() - began
            time.sleep(0.05)
    raise RuntimeError("the roster does not show everybody")


def check(url: str, day: Day, scans: int) -> None:
    """Nothing lost, nothing twice: every scan was answered 201 and stands in the log once."""
    assert day.answers == {201: scans}, day.answers
    with psycopg.connect(url) as connection:
        row = connection.execute(_RECORDED).fetchone()
    assert row == (scans, scans), row


if __name__ == "__main__":
    main()
