"""One service for a module's tests, with two counties and their branches; what stops the database starts its own."""

from collections.abc import Iterator

import pytest

from infra.database.embedded import EmbeddedPostgres
from tests.running_service import Person, Running, service_on_fresh_database


@pytest.fixture(scope="module")
def running(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Run a service with organisations in Minqin 民勤 (MQ, 620621) and Chengguan 城关 (LZ, 620102)."""
    with service_on_fresh_database(postgres, tmp_path_factory.mktemp("home")) as service:
        department = service.department
        for county, region in (("MQ", "620621"), ("LZ", "620102")):
            department.organise(county, region, kind="COMMITTEE")
            department.organise(f"{county}-1", region, parent=county)
            department.organise(f"{county}-2", region, parent=county)
        yield service


@pytest.fixture
def department(running: Running) -> Person:
    """Somebody who may do everything, everywhere."""
    return running.department


@pytest.fixture
def secretary(running: Running) -> Person:
    """The secretary of a branch in Minqin."""
    return running.as_role("branch_secretary", organisation="MQ-1")
