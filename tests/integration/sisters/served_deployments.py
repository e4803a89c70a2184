"""Two deployments as their operators run them: two databases, two `kiteline serve`, one Kafka; killed and restarted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import httpx

from infra.settings import Settings
from infra.sisters.known import introduction_signer
from tests.integration.sisters.two_deployments import REGIONS
from tests.running_service import Person, Running
from tests.serving import free_port

PATIENCE: Final = 90.0


@dataclass
class Served:
    """A deployment in a process of its own; `kill` ends it at once, `start` goes on with what is stored."""

    name: str
    home: Path
    database_url: str
    kafka: str
    sisters: dict[str, Any]
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def department(self) -> Person:
        return self._running().department

    def as_role(self, role: str, **scope: Any) -> Person:
        return self._running().as_role(role, **scope)

    def start(self) -> None:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "KITELINE_HOME": str(self.home),
            "KITELINE_PORT": str(self.port),
            "KITELINE_DEPLOYMENT": self.name,
            "KITELINE_DATABASE_URL": self.database_url,
            "KITELINE_KAFKA_BOOTSTRAP_SERVERS": self.kafka,
            "KITELINE_SISTERS": json.dumps(self.sisters),
        }
        with (self.home / "serve.log").open("ab") as output:
            self.process = subprocess.Popen(
                [Path(sys.executable).parent / "kiteline", "serve"], env=environment, stdout=output, stderr=output
            )
        until(self._answers, f"{self.name} is ready")

    def kill(self) -> None:
        """End the process as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def state(self, member: str) -> dict[str, Any]:
        return dict(self.department.ask(f"/v1/members/{member}", min_position=None))

    def _answers(self) -> bool:
        if self.process is not None and self.process.poll() is not None:
            raise AssertionError((self.home / "serve.log").read_text()[-4_000:])
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/readyz", timeout=5, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    def _end(self, how: signal.Signals) -> None:
        process, self.process = self.process, None
        if process is not None:
            process.send_signal(how)
            process.wait(30)

    def _running(self) -> Running:
        settings = Settings(home=self.home, deployment=self.name)
        return Running(SimpleNamespace(settings=settings), f"http://127.0.0.1:{self.port}")  # type: ignore[arg-type]


def until(holds: Callable[[], bool], what: str) -> None:
    """Wait for something that another process brings about."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {PATIENCE:.0f} s: {what}")
        time.sleep(0.1)


def served_deployments(folder: Path, urls: tuple[str, str], kafka: str) -> tuple[Served, Served]:
    """Return both, not started yet, each with the other as its sister."""
    homes = {name: folder / name for name in REGIONS}
    for home in homes.values():
        home.mkdir()
    lines = {
        name: introduction_signer(Settings(home=home, deployment=name)).verifier.line for name, home in homes.items()
    }
    origin, destination = (
        Served(
            name,
            homes[name],
            url,
            kafka,
            {other: {"regions": REGIONS[other], "key": lines[other]} for other in REGIONS if other != name},
        )
        for name, url in zip(REGIONS, urls, strict=True)
    )
    return origin, destination
