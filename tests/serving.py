"""`kiteline serve` as its users start it: a process of its own, with its own home and port."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_STARTED_WITHIN = 60.0
_POLL = 0.05


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(home: Path) -> Iterator[int]:
    """Serve from `home` until left; yield the port once the service is ready."""
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "KITELINE_HOME": str(home),
        "KITELINE_PORT": str(port),
    }
    log = home / "serve.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [Path(sys.executable).parent / "kiteline", "serve"], env=environment, stdout=output, stderr=output
        )
    try:
        await_ready(process, port, log)
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def await_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _STARTED_WITHIN
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise AssertionError(f"the service ended: {log.read_text()}")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(_POLL)
    raise AssertionError(f"not ready within {_STARTED_WITHIN} s: {log.read_text()}")
