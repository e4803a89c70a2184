"""What an idle subscriber of a region's feed costs in memory, and how soon thousands of them have an event.

`kiteline serve` runs in a process of its own; its resident memory is read before and while the subscribers listen. The
peer keeps the same connections in the same server with the least that can be written with Starlette: a streaming
answer that sends a comment and waits. Then an event is recorded, and each subscriber tells when it has it.
Not measured: TLS, slow readers, subscribers of many different regions.
"""

import argparse
import asyncio
import multiprocessing
import socket
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.responses import StreamingResponse
from starlette.routing import Route

from api.server import open_many_files
from bench.collective_day import served
from bench.harness import Bar, Measured, await_quiet, report
from infra.database.embedded import EmbeddedPostgres
from infra.database.migrations import migrate
from infra.settings import Settings
from infra.tokens.configured import local_issuer
from infra.tokens.principal import Role

BAR = Bar("sse-subscribers", "KiB", "Starlette, waiting", floor=2.0, aim=1.3, higher_is_better=False)
REGION = "620621"
_SETTLE_SECONDS = 3.0
_AT_ONCE = 200
_PATIENCE = 60.0


class Listening:
    """Subscribers of one address, each on a connection of its own."""

    def __init__(self, port: int, path: str, token: str, count: int) -> None:
        """Have `count` of them."""
        self._port = port
        self._count = count
        self._lines: list[asyncio.StreamReader] = []
        self._writers: list[asyncio.StreamWriter] = []
        head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n"
        self._request = head.encode()

    async def connect(self) -> None:
        """Connect all; each has read the first lines of its stream."""
        for start in range(0, self._count, _AT_ONCE):
            await asyncio.gather(*(self._one() for _ in range(start, min(self._count, start + _AT_ONCE))))

    async def _one(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(self._request)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        await reader.readuntil(b"\n\n")
        self._lines.append(reader)
        self._writers.append(writer)

    async def heard(self, mark: Callable[[], bytes]) -> list[float]:
        """Tell when each of them has read a frame that holds `mark()`; clock of this machine."""
        return await asyncio.gather(*(_heard(reader, mark) for reader in self._lines))

    def close(self) -> None:
        """Leave."""
        for writer in self._writers:
            writer.close()


async def _heard(reader: asyncio.StreamReader, mark: Callable[[], bytes]) -> float:
    async with asyncio.timeout(_PATIENCE):
        while b"data: " not in (frame := await reader.readuntil(b"\n\n")) or mark() not in frame:
            pass
    return time.monotonic()


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--subscribers", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    open_many_files()
    with tempfile.TemporaryDirectory(prefix="kiteline-bench-") as folder, EmbeddedPostgres(Path(folder)) as server:
        migrate(server.url)
        settings = Settings(home=Path(folder) / "home", database_url=server.url)
        rounds, delays = [], []
        for number in range(options.rounds):
            await_quiet()
            with served(settings, server.url) as port:
                ours, spread = uvloop.run(measured(settings, port, options.subscribers))
            with peer() as (port, pid):
                theirs = uvloop.run(memory_each(Listening(port, "/", "-", options.subscribers), pid))
            rounds.append({"ours": ours, "peer": theirs})
            delays.append(spread)
            print(f"  round {number + 1}: ours {ours:.1f} KiB  peer {theirs:.1f} KiB")
    firsts, middles, lasts = zip(*delays, strict=True)
    notes = {
        "subscribers": options.subscribers,
        "an event recorded until the first subscriber has it": f"{statistics.median(firsts) * 1000:.0f} ms",
        "until half of them have it": f"{statistics.median(middles) * 1000:.0f} ms",
        "until all of them have it": f"{statistics.median(lasts) * 1000:.0f} ms",
    }
    report(Measured(BAR, rounds, notes))


async def measured(settings: Settings, port: int, subscribers: int) -> tuple[float, tuple[float, float, float]]:
    """Return KiB a subscriber, and after how many seconds the first, half and all of them had an event."""
    issuer = local_issuer(settings)
    token = issuer.mint(Role.SISTER_SYSTEM, region=REGION, lifetime=7_200)
    department = issuer.mint(Role.ORGANISATION_DEPARTMENT, region="000000", lifetime=7_200)
    url = f"http://127.0.0.1:{port}"
    headers = {"Authorization": f"Bearer {department}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, trust_env=False, timeout=30) as client:
        await happen(client)  # what is loaded when first used is not a subscriber's
        last = (await client.get(f"/v1/feeds/{REGION}", params={"timeout": 5_000, "limit": 1_000})).json()[-1]["id"]
        listening = Listening(port, f"/v1/feeds/{REGION}/stream?lastEventId={last}", token, subscribers)
        each = await memory_each(listening, process_at(port), close=False)
        marks: list[bytes] = []
        hearing = asyncio.create_task(listening.heard(lambda: marks[0] if marks else b"-" * 36))
        await asyncio.sleep(0)
        marks.append(await happen(client))
        recorded = time.monotonic()
        heard = sorted(await hearing)
        listening.close()
    return each, (heard[0] - recorded, heard[len(heard) // 2] - recorded, heard[-1] - recorded)


async def happen(client: httpx.AsyncClient) -> bytes:
    """Let something happen that concerns the region; returns the code that stands in its event."""
    code = uuid4().hex
    body = {"code": code, "name": "样例支部", "kind": "BRANCH", "region": REGION}
    answer = await client.post("/v1/organisations", json=body, headers={"Idempotency-Key": code})
    assert answer.status_code == 201, answer.text
    return code.encode()


async def memory_each(listening: Listening, pid: int, *, close: bool = True) -> float:
    """Return by how many KiB a subscriber the server grows."""
    before = resident_kib(pid)
    await listening.connect()
    await asyncio.sleep(_SETTLE_SECONDS)
    grown = resident_kib(pid) - before
    if close:
        listening.close()
    return grown / listening._count  # noqa: SLF001


def resident_kib(pid: int) -> int:
    """Read a process's resident memory."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise RuntimeError("no such process")


def process_at(port: int) -> int:
    """Tell which process listens on a port of this machine."""
    listening = f"{socket.htonl(0x7F000001):08X}:{port:04X}"
    lines = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    inode = next(fields[9] for fields in lines if fields[1] == listening and fields[3] == "0A")
    for one in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if str(one.readlink()) == f"socket:[{inode}]":
                return int(one.parts[2])
        except OSError:
            continue
    raise RuntimeError("nobody listens")


@contextmanager
def peer() -> Iterator[tuple[int, int]]:
    """Serve an event stream with the least that can be written; yields port and process."""
    with socket.create_server(("127.0.0.1", 0), backlog=2_048) as listening:
        process = multiprocessing.get_context("spawn").Process(target=_serve_peer, args=(listening,))
        process.start()
        port = listening.getsockname()[1]
        try:
            while True:
                try:
                    httpx.get(f"http://127.0.0.1:{port}/none", trust_env=False)
                    break
                except httpx.TransportError:
                    time.sleep(0.1)
            assert process.pid is not None
            yield port, process.pid
        finally:
            process.terminate()
            process.join()


def _serve_peer(listening: socket.socket) -> None:
    async def waiting() -> AsyncIterator[bytes]:
        yield b":\n\n"
        while True:
            await asyncio.sleep(15)
            yield b":\n\n"

    async def stream(_: object) -> StreamingResponse:
        return StreamingResponse(waiting(), media_type="text/event-stream")

    open_many_files()
    config = uvicorn.Config(Starlette(routes=[Route("/", stream)]), log_config=None, access_log=False)
    uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
