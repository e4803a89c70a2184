"""`kiteline demo` from an empty home to the printed questions, through an interruption, a kill and a second run."""

import http.client
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from queue import Queue
from urllib.parse import urlsplit

import pytest

from infra.demo.marker import read_marker

ROOT = Path(__file__).parents[3]
READY = "Ctrl-C 停止全部"
PATIENCE = 180.0


class Demo:
    """One run of the command: its lines as they come."""

    def __init__(self, home: Path, port: int) -> None:
        # Whoever runs tests in the background of a shell has them ignore Ctrl-C; a terminal does not.
        hear = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
        program = f"{hear}; from infra.cli.main import app; app()"
        command = [sys.executable, "-c", program, "demo", "--members", "200", "--today", "2026-11-22"]
        environ = {**os.environ, "KITELINE_HOME": str(home), "KITELINE_PORT": str(port), "COLUMNS": "160"}
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []
        self._queue: Queue[str | None] = Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._queue.put(line.rstrip("\n"))
        self._queue.put(None)

    def until(self, words: str) -> list[str]:
        """Return the lines up to one that holds these words."""
        while True:
            line = self._queue.get(timeout=PATIENCE)
            assert line is not None, "\n".join(self.lines)
            self.lines.append(line)
            if words in line:
                return self.lines

    def rest(self) -> list[str]:
        """Return all lines once it has ended."""
        while (line := self._queue.get(timeout=PATIENCE)) is not None:
            self.lines.append(line)
        return self.lines

    def stop(self) -> int:
        """Press Ctrl-C and return the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE)


@contextmanager
def demo(home: Path, port: int) -> Iterator[Demo]:
    run = Demo(home, port)
    try:
        yield run
    finally:
        if run.process.poll() is None:
            run.process.kill()
            run.process.wait(PATIENCE)


@pytest.fixture
def port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ask(line: str, token: str) -> dict[str, object]:
    """Do what a printed curl line does."""
    words = shlex.split(line.replace("$TOKEN", token))
    assert words[:2] == ["curl", "-s"]
    name, value = words[words.index("-H") + 1].split(": ", 1)
    address = urlsplit(words[-1])
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)
    with closing(connection):
        connection.request("GET", f"{address.path}?{address.query}", headers={name: value})
        answer = connection.getresponse()
        body = answer.read()
    assert answer.status == 200, body
    return dict(json.loads(body))


def story(lines: list[str]) -> str:
    return next(found[1] for line in lines if (found := re.search(r"replay ([0-9a-f-]{36})", line)))


def test_the_demo_survives_an_interruption_answers_its_own_questions_and_finds_its_data_again(home: Path, port: int):
    with demo(home, port) as first:
        first.until("锦江区流入党员登记表.csv：")
        assert first.stop() == 0
    begun = read_marker(home)
    assert begun is not None
    assert not begun.done

    with demo(home, port) as second:
        lines = second.until(READY)
        assert not any("登记表.xlsx：共" in line for line in lines)  # imported by then
        token = next(line for line in lines if line.startswith("export TOKEN=")).removeprefix("export TOKEN=")
        curls = [line for line in lines if line.startswith("curl ")]
        assert len(curls) == 5
        answers = [ask(line, token) for line in curls]
        for answer in answers:
            assert answer["items"]
        views = {item["view"]: item["count"] for item in answers[2]["items"] if item["count"]}  # type: ignore[attr-defined]
        assert views.keys() == {"pre_departure", "in_transit", "return"}
        assert any(item["overdue"] for item in answers[2]["items"])  # type: ignore[attr-defined]
        told = story(lines)
        made = read_marker(home)
        assert made is not None
        second.process.kill()  # hard: nothing is stopped in order

    with demo(home, port) as third:
        again = third.until(READY)
        assert story(again) == told
        assert [line for line in again if line.startswith("curl ")] == curls
        with demo(home, port) as copy:
            said = copy.rest()
            assert copy.process.wait(PATIENCE) == 1
        assert any(f"端口 {port} 已被占用" in line for line in said)
        assert third.stop() == 0
    kept = read_marker(home)
    assert kept == made


def test_synthetic_people_do_not_go_into_a_database_that_holds_others(home: Path, port: int):
    with demo(home, port) as first:
        first.until("锦江区流入党员登记表.csv：")
        assert first.stop() == 0
    (home / "demo" / "made.json").unlink()

    with demo(home, port) as second:
        said = second.rest()
        assert second.process.wait(PATIENCE) != 0

    assert any("not the demo's" in line for line in said)
