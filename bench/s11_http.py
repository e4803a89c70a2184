"""S11: recording over HTTP, 64 connections: the real service with default settings against a plain FastAPI endpoint.

Both sides get the same requests from wrk on the same machine, in turn: 64 members at a time, four contacts each, 64
tokens in turn. Ours is `kiteline serve`, everything in one process: it loads each member from the log (five events),
authorises, decides, records gaplessly with an idempotency key, and keeps its read models, feeds and tree meanwhile. The
peer verifies the token, parses the model and runs one INSERT (bench/s11_endpoint.py), in a process of its own.
Not measured: TLS, new connections, lists of commands, Kafka (none is set).
"""

import argparse
import json
import math
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg

from api.service import open_service
from bench.collective_day import served
from bench.harness import Bar, Measured, in_turn, missing_peer, report
from bench.s1_recording import CALLER, prepare
from bench.s11_endpoint import TABLE
from domain.organisation import OrganisationRegistered
from infra.database.embedded import EmbeddedPostgres
from infra.database.migrations import migrate
from infra.settings import Settings
from infra.tokens.configured import local_issuer
from infra.tokens.principal import Role

BAR = Bar("S11", "commands/s", "FastAPI endpoint: JWT, model, one INSERT", floor=0.6, aim=1.2)
FASTEST = 4_000
"""Commands a second for which members are prepared."""
_SCRIPT = Path(__file__).parent / "s11_contacts.lua"
_PATIENCE = 120.0
_HEAD = "SELECT coalesce(max(position), 0) FROM log"
_GAPLESS = "SELECT count(*) = max(position) AND min(position) = 1 FROM log"
_REFLECTED = "SELECT position FROM projection_position WHERE name = 'read_models'"
_CONTACTS = "SELECT count(*) FROM log WHERE topic = 'contact_made'"
_INSERTED = "SELECT count(*) FROM contact"

Run = dict[str, float]


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--connections", type=int, default=64)
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        missing_peer("wrk, which makes the load", "apt-get install wrk, brew install wrk")
    with tempfile.TemporaryDirectory(prefix="kiteline-bench-") as folder, EmbeddedPostgres(Path(folder)) as server:
        migrate(server.url)
        settings = Settings(home=Path(folder) / "home", database_url=server.url)
        rounds_in_all = options.rounds + 1
        members = math.ceil(rounds_in_all * options.seconds * FASTEST / 256) * 64
        load = Load(Path(folder), settings, server.url, members, options.connections)
        with served(settings, server.url) as port, plain_endpoint(server.url, settings) as (peer_url, peer_port):
            caught_up(server.url)

            def ours(seconds: int = options.seconds) -> float:
                rate = load.run(port, seconds, server.url, _CONTACTS)
                caught_up(server.url)
                return rate

            def peer(seconds: int = options.seconds) -> float:
                return load.run(peer_port, seconds, peer_url, _INSERTED)

            ours(1)
            peer(1)
            del load.runs[:]
            rounds = in_turn(ours, peer, options.rounds)
            assert one(server.url, _GAPLESS) is True
        notes = {"connections": options.connections, "ours": load.told(port), "peer": load.told(peer_port)}
        report(Measured(BAR, rounds, notes))


class Load:
    """Members, tokens and the tool that sends; each run goes on with members that had nothing before."""

    def __init__(self, folder: Path, settings: Settings, url: str, members: int, connections: int) -> None:
        """Record the members' lives, five events each."""
        with open_service(settings, url, projecting=False) as service:
            branch = OrganisationRegistered("branch", "样例支部", "BRANCH", "620621")
            service.references.register_many([branch], CALLER)
            ids = prepare(service.desk, members)
        issuer = local_issuer(settings)
        secretaries = (issuer.mint(Role.BRANCH_SECRETARY, organisation="branch", lifetime=7_200) for _ in range(64))
        self._members, self._tokens = folder / "members", folder / "tokens"
        self._members.write_text("\n".join(map(str, ids)))
        self._tokens.write_text("\n".join(secretaries))
        self._connections = connections
        self._passed: dict[int, int] = {}
        self.runs: list[tuple[int, Run]] = []

    def run(self, port: int, seconds: int, url: str, counted: str) -> float:
        """Send for some seconds; returns answers a second. Every one of them was stored, as `counted` tells."""
        before = one(url, counted)
        passed = self._passed.get(port, 0)
        command = ["wrk", "-t1", f"-c{self._connections}", f"-d{seconds}s", "--timeout", "10s", "-s", str(_SCRIPT)]
        arguments = [
            f"http://127.0.0.1:{port}",
            "--",
            str(self._members),
            str(self._tokens),
            f"at-{passed}",
            str(passed),
        ]
        finished = subprocess.run([*command, *arguments], check=True, capture_output=True, text=True)
        told: Run = json.loads(finished.stdout.rsplit("\n", 2)[-2])
        assert not told["refused"], finished.stdout
        assert not told["broken"], finished.stdout
        stored = one(url, counted) - before
        # Those on their way when wrk stopped may be stored as well.
        assert told["answers"] <= stored <= told["answers"] + self._connections, (told, stored)
        self._passed[port] = passed + math.ceil((told["answers"] + self._connections) / 256) * 64
        self.runs.append((port, told))
        return told["answers"] / told["seconds"]

    def told(self, port: int) -> str:
        """Tell the times of the median round."""
        runs = sorted((run for at, run in self.runs if at == port), key=lambda run: run["p99_ms"])
        middle = runs[len(runs) // 2]
        return f"p50 {middle['p50_ms']:.0f} ms, p99 {middle['p99_ms']:.0f} ms"


@contextmanager
def plain_endpoint(url: str, settings: Settings) -> Iterator[tuple[str, int]]:
    """Serve the peer over a database of its own on the same server; its database's URL and its port."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE peer")
    parts = urlsplit(url)
    own = urlunsplit(parts._replace(path="/" + quote("peer")))
    with psycopg.connect(own, autocommit=True) as connection:
        connection.execute(TABLE)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    command = [sys.executable, "-m", "bench.s11_endpoint", own, str(settings.home), str(port)]
    process = subprocess.Popen(command)
    try:
        _await_listening(process, port)
        yield own, port
    finally:
        process.terminate()
        process.wait(30)


def _await_listening(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    missing_peer("the FastAPI endpoint", "It did not start.")


def caught_up(url: str) -> None:
    """Wait until the read models reflect the whole log, so that neither side is measured beside what the other left."""
    head = one(url, _HEAD)
    deadline = time.monotonic() + _PATIENCE
    while one(url, _REFLECTED) < head:
        assert time.monotonic() < deadline, "not caught up"
        time.sleep(0.1)


def one(url: str, statement: str) -> Any:  # noqa: ANN401 - of any type
    """Ask for one value."""
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(statement).fetchone()
        return row[0] if row is not None else None


if __name__ == "__main__":
    main()
