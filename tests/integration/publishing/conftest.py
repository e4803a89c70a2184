"""One broker for all tests of publishing, and publishers as processes of the service run them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient

from consumers.publishing.publisher import Publishing
from infra.broker import lifecycle
from infra.event_store.recorder import KitelineRecorder
from infra.settings import Settings
from tests.integration.publishing.feeding import Log

_regions = count(620_000)


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start a broker that no test of this folder stops."""
    home = tmp_path_factory.mktemp("publishing")
    yield lifecycle.start(home).bootstrap_servers
    lifecycle.stop(home)


@pytest.fixture(scope="session")
def admin(servers: str) -> AdminClient:
    """Open what an operator of the Kafka has."""
    return AdminClient({"bootstrap.servers": servers})


@pytest.fixture
def region() -> str:
    """Name a region whose topic no other test has written to."""
    return str(next(_regions))


@pytest.fixture
def log(recorder: KitelineRecorder, database_url: str) -> Log:
    """Give a log of this test's own."""
    return Log(recorder, database_url)


@pytest.fixture
def publish(home: Path, database_url: str) -> Iterator[Callable[..., Publishing]]:
    """Start publishers; those that a test leaves running are closed after it."""
    made: list[Publishing] = []

    def start(servers: str, url: str = database_url, **options: object) -> Publishing:
        settings = Settings(home=home, kafka_bootstrap_servers=servers, kafka_options=options)
        made.append(Publishing(settings, url))
        return made[-1]

    yield start
    for publishing in made:
        publishing.close()
