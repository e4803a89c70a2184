"""The `kiteline` command: each command loads alone, and what the operator must act on is said in both languages."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from infra.cli.main import COMMANDS, app


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_the_table_can_be_loaded_and_explains_itself(command: str):
    told = CliRunner().invoke(app, [command, "--help"])

    assert told.exit_code == 0
    assert command in told.stdout


def test_a_command_does_not_load_the_others():
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, infra.cli.main; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()

    assert "infra.cli.main" in loaded
    assert not {"fastapi", "psycopg", "kafka", "eventsourcing"} & set(loaded)


def test_a_wrong_setting_is_told_in_both_languages_without_a_traceback():
    told = CliRunner().invoke(app, ["doctor"], env={"KITELINE_PROT": "8081"})

    assert told.exit_code == 2
    assert "不认识的设置 KITELINE_PROT" in told.stderr
    assert "Did you mean: KITELINE_PORT" in told.stderr
    assert "Traceback" not in told.output


def test_doctor_tells_where_every_setting_came_from():
    told = CliRunner().invoke(app, ["doctor"], env={"KITELINE_PORT": "18099", "COLUMNS": "200"})

    assert told.exit_code == 0, told.output
    line = next(line for line in told.stdout.splitlines() if "18099" in line)
    assert line.count("KITELINE_PORT") == 2


def test_doctor_ends_in_failure_and_says_what_to_do_when_something_named_does_not_answer():
    told = CliRunner().invoke(
        app,
        ["doctor"],
        env={
            "KITELINE_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
            "KITELINE_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
            "COLUMNS": "300",
        },
    )

    assert told.exit_code == 1
    assert "check KITELINE_DATABASE_URL" in told.stdout
    assert "check KITELINE_KAFKA_BOOTSTRAP_SERVERS" in told.stdout
