"""`kiteline demo --two-regions`: two deployments on this machine, one Kafka between them, one member's loop closed."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from infra.broker import lifecycle
from infra.demo.two_regions import GANSU, SICHUAN, Side, play
from infra.failures import OperatorFailure
from infra.settings import PREFIX, Settings
from infra.sisters.known import introduction_signer
from infra.tokens.configured import local_issuer
from infra.tokens.principal import Role

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PATIENCE_SECONDS: Final = 120.0
_LOOK_SECONDS: Final = 0.1
_STOP_SECONDS: Final = 60.0
_REGIONS: Final = {GANSU: "62", SICHUAN: "51"}
_NAMES: Final = {GANSU: "甘肃", SICHUAN: "四川"}
# The child hears of its parent's end; a terminal's Ctrl-C is the parent's to hand on.
_SERVE: Final = (
    "import os; from infra.database.unprivileged import end_with_parent; end_with_parent(os.getppid());"
    "from infra.cli.main import app; app()"
)


class DeploymentEnded(OperatorFailure):
    """One of the two did not start, or ended by itself."""


@dataclass(frozen=True, slots=True)
class _Served:
    name: str
    settings: Settings
    process: subprocess.Popen[bytes]
    log: Path


def run(settings: Settings) -> None:
    """Start a broker and both deployments, close a loop between them, serve until Ctrl-C. Raises OperatorFailure."""
    with contextlib.ExitStack() as stack:
        print("正在启动 Kafka 与两个部署… Starting a Kafka and two deployments…", flush=True)
        kafka = stack.enter_context(_broker(settings))
        own = {name: _settings(settings, name, number) for number, name in enumerate(_REGIONS)}
        served = [stack.enter_context(_serving(one, own, kafka)) for one in own]
        for one in served:
            _await_ready(one)
        sides = {one.name: _side(one.settings) for one in served}
        play(sides[GANSU], sides[SICHUAN], lambda line: print(line, flush=True))
        for name, side in sides.items():
            print(f"\n{_NAMES[name]} {name}   {side.base}/docs\nexport TOKEN_{name.upper()}={side.token}", flush=True)
        print("\nCtrl-C 停止全部 stops everything.", flush=True)
        while all(one.process.poll() is None for one in served):
            time.sleep(_LOOK_SECONDS)
        raise next(_ended(one) for one in served if one.process.poll() is not None)


@contextlib.contextmanager
def _broker(settings: Settings) -> Iterator[str]:
    if settings.kafka_bootstrap_servers is not None:
        yield settings.kafka_bootstrap_servers
        return
    ran_before = lifecycle.status(settings.home) is not None
    running = lifecycle.start(settings.home)
    try:
        yield running.bootstrap_servers
    finally:
        if not ran_before:
            lifecycle.stop(settings.home)


def _settings(settings: Settings, name: str, number: int) -> Settings:
    home = settings.home / "two-regions" / name
    home.mkdir(parents=True, exist_ok=True)
    return Settings(home=home, host=settings.host, port=settings.port + number, deployment=name)


@contextlib.contextmanager
def _serving(name: str, own: dict[str, Settings], kafka: str) -> Iterator[_Served]:
    settings = own[name]
    sisters = {
        other: {"regions": [_REGIONS[other]], "key": introduction_signer(own[other]).verifier.line}
        for other in own
        if other != name
    }
    environment = {key: value for key, value in os.environ.items() if not key.startswith(PREFIX)} | {
        "KITELINE_HOME": str(settings.home),
        "KITELINE_HOST": settings.host,
        "KITELINE_PORT": str(settings.port),
        "KITELINE_DEPLOYMENT": name,
        "KITELINE_KAFKA_BOOTSTRAP_SERVERS": kafka,
        "KITELINE_SISTERS": json.dumps(sisters),
        "KITELINE_LOG_LEVEL": os.environ.get("KITELINE_LOG_LEVEL", "WARNING"),
    }
    log = settings.home / "serve.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", _SERVE, "serve"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield _Served(name, settings, process, log)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()


def _side(settings: Settings) -> Side:
    token = local_issuer(settings).mint(
        Role.ORGANISATION_DEPARTMENT,
        region="000000",
        subject="department:demo",
        lifetime=settings.token_lifetime_seconds,
    )
    return Side(settings.host, settings.port, token)


def _await_ready(served: _Served) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not _is_ready(served.settings):
        if served.process.poll() is not None or time.monotonic() > deadline:
            raise _ended(served)
        time.sleep(_LOOK_SECONDS)


def _is_ready(settings: Settings) -> bool:
    connection = http.client.HTTPConnection(settings.host, settings.port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _ended(served: _Served) -> DeploymentEnded:
    tail = "\n".join(served.log.read_text("utf-8", "replace").splitlines()[-8:])
    return DeploymentEnded(
        f"部署 {served.name} 没有运行（{served.log}）：\n{tail}",
        f"The deployment {served.name} does not run ({served.log}).",
    )
