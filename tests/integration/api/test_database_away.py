"""The database goes away and comes back: 503 that says when to come back, nothing acknowledged lost, no hand needed."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from infra.database.embedded import EmbeddedPostgres
from infra.database.migrations import migrate
from tests.running_service import Person, Running, running_service


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """A database of the test's own, which it may stop."""
    with EmbeddedPostgres(tmp_path / "home") as server:
        migrate(server.url)
        yield server


@pytest.fixture
def own(server: EmbeddedPostgres, tmp_path: Path) -> Iterator[Running]:
    """A service on that database."""
    with running_service(tmp_path / "home", server.url) as running:
        yield running


@pytest.fixture
def away(own: Running) -> str:
    """A member who is about to leave."""
    own.department.organise("MQ", "620621", kind="COMMITTEE")
    member = own.department.register("MQ")
    own.department.command(member, "report-departure", "2025-03-01", destination={"region": "620102"})
    return member


def eventually(ask: Callable[[], httpx.Response], status: int, seconds: float = 30.0) -> httpx.Response:
    """Ask until the answer has this status; fails with the last answer."""
    deadline = time.monotonic() + seconds
    while (answer := ask()).status_code != status:
        assert time.monotonic() < deadline, answer.text
    return answer


def depart(person: Person, member: str) -> httpx.Response:
    """Depart with one key, so that asking again has one effect."""
    return person.post(f"/v1/members/{member}/depart", {"occurred_at": "2025-03-02"}, key="depart")


def test_a_database_that_is_away_answers_503_and_recovery_needs_no_hand(
    server: EmbeddedPostgres, own: Running, away: str
):
    department = own.department
    server.stop()

    refused = depart(department, away)
    assert (refused.status_code, refused.json()["code"]) == (503, "store_unavailable")
    assert int(refused.headers["Retry-After"]) > 0
    asked = department.http.get(f"/v1/members/{away}")
    assert (asked.status_code, asked.json()["code"], asked.headers["Retry-After"]) == (503, "store_unavailable", "2")
    assert department.http.get("/livez").status_code == 200
    assert department.http.get("/readyz").status_code == 503

    server.start()
    recorded = eventually(lambda: depart(department, away), 201)
    assert recorded.json()["version"] == 3
    assert eventually(lambda: department.http.get("/readyz"), 200).json()["position"] == 4
    assert department.ask(f"/v1/members/{away}")["movement"]["stage"] == "awaiting_check_in"


def test_a_database_killed_loses_nothing_that_was_acknowledged(server: EmbeddedPostgres, own: Running, away: str):
    postmaster = int((server.cluster.data / "postmaster.pid").read_text().split("\n", 1)[0])
    os.kill(postmaster, signal.SIGKILL)
    server.stop()
    server.start()

    recorded = eventually(lambda: depart(own.department, away), 201)
    assert (recorded.json()["version"], recorded.json()["position"]) == (3, 4)
