"""`kiteline status` and `kiteline rebuild` on a real database."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
from typer.testing import CliRunner

from infra.cli.main import app
from infra.event_store.recorder import KitelineRecorder
from tests.integration.projections.lives import Lives


def run(database_url: str, *arguments: str) -> tuple[int, str, str]:
    told = CliRunner().invoke(app, arguments, env={"KITELINE_DATABASE_URL": database_url, "COLUMNS": "160"})
    return told.exit_code, told.stdout, told.stderr


def test_a_rebuild_from_nothing_reaches_the_head_and_status_says_so(
    database_url: str, recorder: KitelineRecorder
) -> None:
    lives = Lives(71)
    lives.reference()
    lives.play(members=5, steps=60)
    lives.record(recorder)
    head = lives.head

    code, told, _ = run(database_url, "status")
    assert code == 0
    assert f"{head}" in told

    code, told, _ = run(database_url, "rebuild")
    assert code == 0
    assert f"position {head}" in told

    with psycopg.connect(database_url, autocommit=True) as connection:
        row = connection.execute("SELECT count(*) FROM member").fetchone()
        assert row == (5,)
        connection.execute("INSERT INTO projection_parked VALUES (gen_random_uuid(), 7, 'KeyError')")
    code, told, _ = run(database_url, "status")
    assert "KeyError" in told
    assert "kiteline rebuild" in told
    assert "v2" in told


def test_a_rebuild_beside_another_is_refused_and_one_that_fails_says_so(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(1802073189, 1919248996)")
        code, _, told = run(database_url, "rebuild")
        assert code != 0
        assert "Another process is rebuilding." in told
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("ALTER FUNCTION rebuild_begin RENAME TO rebuild_begin_elsewhere")
    code, _, told = run(database_url, "rebuild")
    assert code != 0
    assert "the read models are as they were" in told


def test_a_view_that_does_not_exist_is_told_with_those_that_do(database_url: str) -> None:
    code, _, told = run(database_url, "rebuild", "rosters")
    assert code != 0
    assert "members, duties, flows" in told


def test_what_a_command_answers_stands_alone_on_stdout_and_what_it_did_on_the_way_on_stderr(
    make_database: Callable[..., str], home: Path
) -> None:
    empty = {"KITELINE_DATABASE_URL": make_database(migrated=False), "KITELINE_HOME": str(home)}
    environment = {**os.environ, **empty, "KITELINE_LOG_LEVEL": "INFO"}
    command = [str(Path(sys.executable).with_name("kiteline")), "verify", "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert json.loads(done.stdout)["checks"]
    told = [json.loads(line)["event"] for line in done.stderr.splitlines() if line.startswith("{")]
    assert "schema_created" in told
