"""What tests share: no setting of the machine, one embedded PostgreSQL a session, one fresh database a test."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from infra.database.embedded import EmbeddedPostgres
from infra.database.migrations import migrate
from infra.database.reader_login import admit_reader
from infra.event_store.recorder import KitelineRecorder
from tests.running_service import logins_of_readers

for _variable in [name for name in os.environ if name.startswith("KITELINE_")]:
    del os.environ[_variable]

_TEMPLATE = "kiteline_template"
# Tests kill processes, never the machine, so nothing is lost by not waiting for the disk; faults that need a server
# of their own, with a disk that counts, start one.
_QUICK = {"fsync": "off", "max_wal_size": "1GB", "autovacuum_naptime": "10s"}


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """Start the session's server, with a template database that has every migration."""
    with EmbeddedPostgres(tmp_path_factory.mktemp("kiteline"), _QUICK) as server:
        template = _create(server, _TEMPLATE, "template0")
        migrate(template)
        logins_of_readers[str(server.cluster.sockets)] = admit_reader(server)
        yield server


@pytest.fixture
def make_database(postgres: EmbeddedPostgres) -> Iterator[Callable[..., str]]:
    """Make databases and return their URLs: migrated, or empty with `migrated=False`; all dropped after the test."""
    made: list[str] = []

    def make(*, migrated: bool = True) -> str:
        made.append(f"test_{uuid4().hex}")
        return _create(postgres, made[-1], _TEMPLATE if migrated else "template0")

    yield make
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        for name in made:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def database_url(make_database: Callable[..., str]) -> str:
    """Make one migrated database, this test's own; the login is its owner."""
    return make_database()


@pytest.fixture
def recorder(database_url: str) -> Iterator[KitelineRecorder]:
    """Open a recorder on this test's database."""
    recorder = KitelineRecorder(database_url)
    yield recorder
    recorder.close()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Name a KITELINE_HOME of this test's own."""
    return tmp_path / "home"


def _create(server: EmbeddedPostgres, name: str, template: str) -> str:
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
    return server.url.replace("@/kiteline?", f"@/{name}?")
