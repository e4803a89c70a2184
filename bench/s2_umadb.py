"""S2: the recorder alone against UmaDB, an event store in Rust with a server of its own; 64 writers, 2 events a save.

Both write to the same disk, in turn, each acknowledging only what is flushed. Ours is one process of 64 threads and
PostgreSQL; each save carries an idempotency key and extends its stream by version. The peer is its Python client with
64 threads in one process, a connection each, and its server with default settings, both from PyPI in an environment of
their own; each append is refused if the stream was appended to since, and its events carry ids, which is how UmaDB
recognises an append sent twice. The events' bytes are the same.
Not measured: reading, subscriptions, TLS (neither has it), the peer's pipelined writer (an option) unless asked for.
"""

import argparse
import json
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.harness import Bar, Measured, in_turn, missing_peer, report
from bench.peer_environments import peer_environment
from bench.s1r_recorder import STATE, must_be_gapless, rate, recording
from infra.database.embedded import EmbeddedPostgres
from infra.database.migrations import migrate
from infra.event_store.recorder import KitelineRecorder

BAR = Bar("S2", "saves/s", "UmaDB, its server and its Python client", floor=1, aim=2)
_WRITERS_OF_PEER = Path(__file__).parent / "peers" / "umadb_writers.py"
_START_SECONDS = 20.0


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--writers", type=int, default=64)
    parser.add_argument("--pipelined", action="store_true", help="the peer with its pipelined writer, off by default")
    options = parser.parse_args()
    programs = peer_environment("umadb")
    with (
        tempfile.TemporaryDirectory(prefix="kiteline-bench-") as folder,
        EmbeddedPostgres(Path(folder)) as server,
        serving(programs, Path(folder), pipelined=options.pipelined) as url,
    ):
        migrate(server.url)
        ours = KitelineRecorder(server.url)
        state = Path(folder) / "state"
        state.write_bytes(STATE)
        appended: list[int] = []

        def our_rate() -> float:
            return rate(recording(ours), options.writers, options.seconds)

        def peer_rate(seconds: float = options.seconds) -> float:
            arguments = [url, "--writers", str(options.writers), "--seconds", str(seconds), "--state-file", str(state)]
            command = [str(programs / "python"), str(_WRITERS_OF_PEER), *arguments]
            told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            appended.append(told["appends"])
            assert told["head"] == 2 * sum(appended)
            return float(told["appends"] / told["seconds"])

        rate(recording(ours), options.writers, 1.0)
        peer_rate(1.0)
        rounds = in_turn(our_rate, peer_rate, options.rounds)
        notes = {
            "writers": options.writers,
            "bytes of an event's state": len(STATE),
            "events in our log, gapless": must_be_gapless(ours),
            "events in the peer's": 2 * sum(appended),
            "peer": f"{version(programs)}, {'pipelined writer' if options.pipelined else 'default settings'}",
        }
        report(Measured(BAR, rounds, notes))
        ours.close()


@contextmanager
def serving(programs: Path, folder: Path, *, pipelined: bool) -> Iterator[str]:
    """Run the peer's server on a free port of this machine, with its data in `folder`; its URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = folder / "umadb"
    data.mkdir()
    command = [str(programs / "umadb"), "--listen", f"127.0.0.1:{port}", "--db-path", str(data / "uma.db")]
    command += ["--pipelined-writer", "true"] if pipelined else []
    with (folder / "umadb.log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
    try:
        _await_listening(server, port, folder / "umadb.log")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(_START_SECONDS)


def version(programs: Path) -> str:
    """Tell the peer's version as it tells it itself."""
    command = [str(programs / "umadb"), "--version"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _await_listening(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    missing_peer("UmaDB's server", f"It did not start: {log.read_text(errors='replace')[-500:]}")


if __name__ == "__main__":
    main()
