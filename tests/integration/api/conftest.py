"""One service for a module's tests; what needs a service of its own starts one."""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from infra.database.embedded import EmbeddedPostgres
from tests.running_service import Person, Running, running_service


@pytest.fixture(scope="module")
def running(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Run a service on a fresh database, with two counties and their branches."""
    name = f"api_{uuid4().hex}"
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE kiteline_template STRATEGY FILE_COPY")
        connection.execute(statement.format(sql.Identifier(name)))
    url = postgres.url.replace("@/kiteline?", f"@/{name}?")
    with running_service(tmp_path_factory.mktemp("home"), url) as service:
        department = service.department
        for county, region in (("MQ", "620621"), ("LZ", "620102")):
            department.organise(county, region, kind="COMMITTEE")
            department.organise(f"{county}-1", region, parent=county)
            department.organise(f"{county}-2", region, parent=county)
        yield service
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def department(running: Running) -> Person:
    """Somebody who may do everything, everywhere."""
    return running.department


@pytest.fixture
def secretary(running: Running) -> Person:
    """The secretary of a branch in Minqin 民勤."""
    return running.as_role("branch_secretary", organisation="MQ-1")


@pytest.fixture
def start_service(database_url: str, tmp_path: Path) -> Callable[..., object]:
    """Start a service of the test's own, with settings of its own."""

    def start(**settings: object) -> object:
        return running_service(tmp_path / "home", database_url, **settings)

    return start
