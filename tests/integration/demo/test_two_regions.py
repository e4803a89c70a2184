"""`kiteline demo --two-regions`: from an empty home to a loop closed between two deployments, and a clean end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from queue import Queue

import psutil
import pytest

from infra.broker import lifecycle
from tests.serving import free_port

ROOT = Path(__file__).parents[3]
PATIENCE = 240.0
# Whoever runs tests in the background of a shell has them ignore Ctrl-C; a terminal does not.
PROGRAM = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from infra.cli.main import app; app()"
)


@pytest.fixture
def demo(home: Path) -> Iterator[subprocess.Popen[str]]:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "demo", "--two-regions"],
        cwd=ROOT,
        env={**os.environ, "KITELINE_HOME": str(home), "KITELINE_PORT": str(port)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    yield process
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        process.wait(60)
    lifecycle.stop(home)


def test_two_deployments_close_a_loop_and_a_transfer_on_the_screen(demo: subprocess.Popen[str], home: Path) -> None:
    lines: Queue[str] = Queue()
    assert demo.stdout is not None
    out = demo.stdout

    def read() -> None:
        with closing(out):
            for line in out:
                lines.put(line.rstrip())

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    seen = [lines.get(timeout=PATIENCE)]
    while "Ctrl-C" not in seen[-1]:
        seen.append(lines.get(timeout=PATIENCE))
    agreed = [line for line in seen if "both agree" in line]
    assert [line.split("): ")[1].split("，")[0] for line in agreed] == [
        "checked_in",
        "settled",
        "closed",
        "awaiting_check_in",
        "settled",
        "settled",
        "closed",
    ]
    assert "affiliation JJ-1" in agreed[-1]

    children = psutil.Process(demo.pid).children(recursive=True)
    assert children
    demo.send_signal(signal.SIGINT)
    assert demo.wait(90) == 0
    reader.join(30)
    _, left = psutil.wait_procs(children, timeout=30)
    assert left == []
    assert lifecycle.status(home) is None
