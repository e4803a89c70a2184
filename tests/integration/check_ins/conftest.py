"""A service with two counties, a venue in one of them, and a code that hangs there."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from psycopg.rows import TupleRow

from infra.database.embedded import EmbeddedPostgres
from infra.recording.attempts import Attempt
from tests.running_service import Answer, Person, Running, service_on_fresh_database

THEN = "2025-03-05T10:00:00+08:00"


@dataclass
class Station:
    """A venue of 城关's committee, its worker, and its codes."""

    running: Running
    worker: Person
    venue: str

    def issue(self, **body: object) -> Answer:
        """Issue a code; it counts from the beginning of 2025 on."""
        return self.worker.record(f"/v1/venues/{self.venue}/codes", **{"occurred_at": "2025-01-01", **body})

    def revoke(self, code: str, **body: object) -> Answer:
        """Withdraw a code."""
        return self.worker.record(f"/v1/venues/{self.venue}/codes/{code}/revoke", **body)

    def attempts(self, actor: str) -> list[tuple[Any, ...]]:
        """Read what was logged of somebody's attempts, oldest first; what was noted earlier is written by then."""
        self.running.service.kiteline.attempts.written(Attempt("the test", None, "not_found")).result(30)
        with self.running.service.kiteline.log.reading() as connection:
            rows: list[TupleRow] = connection.execute(
                "SELECT venue::text, outcome FROM check_in_attempt WHERE actor = %s ORDER BY attempt_id", [actor]
            ).fetchall()
        return rows

    def head(self) -> int:
        """Tell the last position of the log."""
        return self.running.service.kiteline.log.max_notification_id() or 0


@pytest.fixture(scope="package")
def running(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Run the whole service on a database of its own."""
    with service_on_fresh_database(postgres, tmp_path_factory.mktemp("home")) as service:
        department = service.department
        for county, region in (("MQ", "620621"), ("CG", "620102")):
            department.organise(county, region, kind="COMMITTEE")
            department.organise(f"{county}-1", region, parent=county)
        yield service


@pytest.fixture(scope="package")
def station(running: Running) -> Station:
    """Open a station of the committee of 城关, by its own worker."""
    worker = running.as_role("community_worker", organisation="CG", subject="worker-cg")
    answer = worker.record("/v1/venues", name="样例服务站", region="620102", kind="STATION")
    return Station(running, worker, answer["stream"])


@pytest.fixture(scope="package")
def code(station: Station) -> str:
    """Issue one static code for every test that needs one that counts."""
    return str(station.issue()["code"])


@pytest.fixture
def member(running: Running) -> str:
    """Register a member at the branch of 民勤."""
    return running.as_role("branch_secretary", organisation="MQ-1").register("MQ-1")


@pytest.fixture
def own(running: Running, member: str) -> Person:
    """Speak as this member."""
    return running.as_role("member", member=member, subject=f"own-{member}")
