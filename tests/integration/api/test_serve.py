"""`kiteline serve`: a port in use is said plainly before anything starts, and TERM finishes what is under way."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from infra.settings import Settings
from infra.tokens.configured import local_issuer
from infra.tokens.principal import Role
from infra.vault.master_key import MasterKeyFailure
from tests.running_service import running_service
from tests.serving import free_port

SERVE = [sys.executable, "-c", "from infra.cli.main import app; app()", "serve"]


@pytest.fixture
def port() -> int:
    """A port that nobody listens on, a moment ago."""
    return free_port()


def environment(home: Path, database_url: str, port: int) -> dict[str, str]:
    named = {"KITELINE_HOME": str(home), "KITELINE_DATABASE_URL": database_url, "KITELINE_PORT": str(port)}
    return {**os.environ, **named}


def test_a_port_in_use_is_said_in_both_languages_before_anything_starts(home: Path, database_url: str):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            SERVE,
            env=environment(home, database_url, port),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert done.returncode == 1
    assert f"端口 {port} 已被占用" in done.stderr
    assert f"Port {port} on 127.0.0.1 is in use" in done.stderr
    assert "Traceback" not in done.stderr
    assert not home.exists()


def test_term_finishes_what_is_under_way_and_loses_nothing(home: Path, database_url: str, port: int):
    settings = Settings(home=home, database_url=database_url, port=port)
    token = local_issuer(settings).mint(Role.ORGANISATION_DEPARTMENT, region="000000", lifetime=600)
    headers = {"Authorization": f"Bearer {token}"}
    process = subprocess.Popen(SERVE, env=environment(home, database_url, port), stderr=subprocess.DEVNULL)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, trust_env=False) as client:
            await_ready(client, process)
            acknowledged: list[int] = []
            while True:
                code = f"O{len(acknowledged)}"
                body = {"code": code, "name": f"样例{code}", "kind": "BRANCH", "region": "620102"}
                try:
                    answer = client.post("/v1/organisations", json=body, headers={"Idempotency-Key": code})
                except httpx.TransportError:
                    break
                if answer.status_code == 201:
                    acknowledged.append(answer.json()["position"])
                if len(acknowledged) == 20:
                    process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()

    from infra.recording.application import Kiteline

    again = Kiteline(database_url)
    stored = again.refresh_reference().organisations.by_code
    again.close()
    assert acknowledged == list(range(1, len(acknowledged) + 1))
    assert {f"O{number}" for number in range(len(acknowledged))} <= stored.keys()


def await_ready(client: httpx.Client, process: "subprocess.Popen[bytes]") -> None:
    """Return once the service is ready; fails when it ended, or after a minute."""
    deadline = time.monotonic() + 60
    while True:
        assert process.poll() is None
        assert time.monotonic() < deadline
        try:
            if client.get("/readyz").status_code == 200:
                return
        except httpx.TransportError:
            continue


def test_a_database_that_does_not_answer_is_said_without_its_password(home: Path, port: int):
    with socket.socket() as refusing:
        refusing.bind(("127.0.0.1", 0))
        url = f"postgresql://kiteline:secret-word@127.0.0.1:{refusing.getsockname()[1]}/kiteline"
        done = subprocess.run(
            SERVE, env=environment(home, url, port), capture_output=True, text=True, timeout=60, check=False
        )

    assert done.returncode == 1
    assert "cannot be reached" in done.stderr
    assert "secret-word" not in done.stderr
    assert "Traceback" not in done.stderr


def test_a_vault_written_with_another_key_is_not_served(home: Path, tmp_path: Path, database_url: str):
    with running_service(home, database_url) as running:
        running.department.organise("MQ", "620621")
    with pytest.raises(MasterKeyFailure), running_service(tmp_path / "another", database_url):
        pytest.fail("served with a key that opens nothing")
