"""A real service for each scenario's file: embedded PostgreSQL, a port, callers with tokens."""

from collections.abc import Iterator

import pytest

from infra.database.embedded import EmbeddedPostgres
from tests.running_service import Person, Running, service_on_fresh_database
from tests.scenarios.country import ORGANISATIONS, Country


@pytest.fixture(scope="module")
def running(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Run the whole service on a database of this file's own."""
    with service_on_fresh_database(postgres, tmp_path_factory.mktemp("home")) as service:
        yield service


@pytest.fixture
def department(running: Running) -> Person:
    """Somebody of the organisation department for the whole country."""
    return running.department


@pytest.fixture(scope="module")
def country(running: Running) -> Country:
    """The organisations of `country.ORGANISATIONS`, and somebody of each."""
    department = running.department
    for code, region, parent in ORGANISATIONS:
        department.organise(code, region, parent=parent, kind="BRANCH" if "-" in code else "COMMITTEE")
    return Country(running)
