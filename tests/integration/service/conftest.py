"""A service with two counties, their branches, and whoever offers posts and holds activities there."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from infra.database.embedded import EmbeddedPostgres
from tests.running_service import Answer, Person, Running, service_on_fresh_database


@pytest.fixture(scope="package")
def running(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Run the whole service on a database of its own."""
    with service_on_fresh_database(postgres, tmp_path_factory.mktemp("home")) as service:
        department = service.department
        for county, region in (("MQ", "620621"), ("CG", "620102")):
            department.organise(county, region, kind="COMMITTEE")
            department.organise(f"{county}-1", region, parent=county)
        yield service


@pytest.fixture
def department(running: Running) -> Person:
    """Somebody who may do everything, everywhere."""
    return running.department


@pytest.fixture(scope="package")
def secretary(running: Running) -> Person:
    """The secretary of the branch in 民勤, whose members these are."""
    return running.as_role("branch_secretary", organisation="MQ-1", subject="secretary-mq-1")


@pytest.fixture
def member(secretary: Person) -> str:
    """Register somebody new at the branch of 民勤."""
    return secretary.register("MQ-1")


@pytest.fixture
def members(secretary: Person) -> Callable[[int], list[str]]:
    """Return who registers as many as are asked for."""
    return lambda count: [secretary.register("MQ-1", name=f"测试{number}") for number in range(count)]


@pytest.fixture(scope="package")
def offer(running: Running) -> Callable[..., str]:
    """Return who opens a post of 民勤's committee, since the beginning of 2025, and tells its id."""

    def opened(places: int = 1, **body: Any) -> str:
        said = {"title": "样例岗位", "organisation": "MQ", "occurred_at": "2025-01-01", **body}
        return str(running.department.record("/v1/posts", places=places, **said)["stream"])

    return opened


def free(person: Person, post: str, **when: object) -> int:
    """Ask how many places of a post are free."""
    return int(person.ask(f"/v1/posts/{post}", **when)["free"])


def refusal(person: Person, member_id: str, verb: str, at: str, **body: object) -> tuple[int, str]:
    """Send a command that is refused, and return status and code."""
    answer = person.post(f"/v1/members/{member_id}/{verb}", {"occurred_at": at, **body})
    problem: Answer = answer.json()
    assert problem["detail"], "every refusal says why"
    return answer.status_code, problem["code"]
