"""A migration cut off half-way: nothing of it remains, and the next start says so and goes on."""

import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
import structlog

from infra.database.migrations import MigrationFailure, migrate

_HALF = "CREATE TABLE half_made (id integer);\nSELECT pg_advisory_lock(4243);\nCREATE TABLE other_half (id integer);\n"
_RUN = """
import sys, pathlib
from infra.database.migrations import migrate
migrate(sys.argv[1], pathlib.Path(sys.argv[2]))
"""
_WAITING = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'advisory' AND datname = current_database()"
_TABLES = "SELECT table_name FROM information_schema.tables WHERE table_name IN ('half_made', 'other_half') ORDER BY 1"


def test_the_next_start_tells_of_the_interrupted_migration_and_finishes_it(make_database, tmp_path):
    url = make_database(migrated=False)
    folder = folder_with(tmp_path, _HALF)
    with psycopg.connect(url, autocommit=True) as control:
        kill_in_the_middle(control, url, folder)
        assert control.execute(_TABLES).fetchall() == []

        with structlog.testing.capture_logs() as told:
            report = migrate(url, folder)

        assert report.resumed == ("0002_halves",)
        assert [one["migration"] for one in told if one["event"] == "migration_resumed"] == ["0002_halves"]
        assert control.execute(_TABLES).fetchall() == [("half_made",), ("other_half",)]
        assert migrate(url, folder).applied == ()


def test_the_check_finds_a_migration_that_is_not_one_transaction(make_database, tmp_path):
    url = make_database(migrated=False)
    folder = folder_with(tmp_path, _HALF.replace("SELECT pg", "COMMIT;\nSELECT pg"))
    with psycopg.connect(url, autocommit=True) as control:
        kill_in_the_middle(control, url, folder)

        assert control.execute(_TABLES).fetchall() == [("half_made",)]
        with pytest.raises(MigrationFailure, match="half_made"):
            migrate(url, folder)


def folder_with(tmp_path: Path, statements: str) -> Path:
    """Make a folder of two migrations, the second with these statements."""
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "0001_start.sql").write_text("CREATE TABLE start (id integer);\n")
    (folder / "0002_halves.sql").write_text(statements)
    return folder


def kill_in_the_middle(control: psycopg.Connection, url: str, folder: Path) -> None:
    """Run the migrations in a process, kill it while the second waits half-way, and wait until its session is gone."""
    control.execute("SELECT pg_advisory_lock(4243)")
    process = subprocess.Popen([sys.executable, "-c", _RUN, url, str(folder)])
    try:
        session = await_session(control)
    finally:
        process.kill()
        process.wait(5)
    control.execute("SELECT pg_terminate_backend(%s, 5000)", (session,))
    control.execute("SELECT pg_advisory_unlock(4243)")


def await_session(control: psycopg.Connection) -> int:
    """Return the server process that waits half-way."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        row = control.execute(_WAITING).fetchone()
        if row is not None:
            return int(row[0])
    pytest.fail("the migration did not get half-way")
