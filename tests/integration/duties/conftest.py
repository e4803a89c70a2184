"""A service with a country in small, for all duties together."""

from collections.abc import Iterator

import pytest

from infra.database.embedded import EmbeddedPostgres
from tests.running_service import Running, service_on_fresh_database
from tests.scenarios.country import ORGANISATIONS, Country


@pytest.fixture(scope="module")
def running(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with service_on_fresh_database(postgres, tmp_path_factory.mktemp("home")) as service:
        yield service


@pytest.fixture(scope="module")
def country(running: Running) -> Country:
    department = running.department
    for code, region, parent in ORGANISATIONS:
        department.organise(code, region, parent=parent, kind="BRANCH" if "-" in code else "COMMITTEE")
    return Country(running)
