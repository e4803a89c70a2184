"""A service with one branch, and people who record there, look at the log, and tamper with it."""

from collections.abc import Iterator

import pytest

from infra.database.embedded import EmbeddedPostgres
from tests.running_service import Running, service_on_fresh_database


@pytest.fixture(scope="package")
def running(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Run the whole service on a database of its own."""
    with service_on_fresh_database(postgres, tmp_path_factory.mktemp("home")) as service:
        service.department.organise("MQ-1", "620621")
        yield service
