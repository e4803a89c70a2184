"""Eight processes on one member: no update is lost, versions are contiguous."""

import subprocess
import sys
from pathlib import Path
from uuid import UUID, uuid4

import psycopg

from tests.faults.event_store_checks import broken_streams, gaps, log_of

_PROCESSES = 8
_TIMES = 10


def test_no_update_is_lost_between_eight_processes(database_url, tmp_path):
    stream = uuid4()

    count_up_in_processes(database_url, stream, tmp_path)

    log = log_of(database_url)
    assert len(log) == _PROCESSES * _TIMES
    assert broken_streams(log) == []
    assert gaps([row.position for row in log]) == []


def test_the_check_finds_the_lost_updates_without_the_version_check(database_url, tmp_path):
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute("ALTER TABLE log DROP CONSTRAINT log_stream_key")
        owner.execute("CREATE INDEX ON log (originator_id, originator_version)")
        row = owner.execute("SELECT pg_get_functiondef('append_saves'::regproc)").fetchone()
        assert row is not None
        without_check = row[0].replace("h.version <> s.first - 1", "false")
        assert without_check != row[0]
        owner.execute(without_check)

    count_up_in_processes(database_url, uuid4(), tmp_path)

    assert broken_streams(log_of(database_url)) != []


def count_up_in_processes(url: str, stream: UUID, folder: Path) -> None:
    """Let every process read the counter, add one and save, so many times."""
    command = [sys.executable, "-m", "tests.faults.event_store_writer", url, str(folder / "answers")]
    command += ["--stream", str(stream), "--times", str(_TIMES)]
    processes = [subprocess.Popen(command) for _ in range(_PROCESSES)]
    try:
        assert [process.wait(30) for process in processes] == [0] * _PROCESSES
    finally:
        for process in processes:
            process.kill()
