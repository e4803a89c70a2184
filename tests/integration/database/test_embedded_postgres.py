"""The embedded PostgreSQL: shared by who uses it, gone after the last, and back after any end."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from infra.database.cluster import EmbeddedPostgresFailure
from infra.database.embedded import EmbeddedPostgres, shared_buffers_mib

_ROOT = Path(__file__).parents[3]
# Starts the server of a home, says so, and waits for its standard input to end.
_HOLD = """
import sys, pathlib
from infra.database.embedded import EmbeddedPostgres
server = EmbeddedPostgres(pathlib.Path(sys.argv[1]))
print(server.start(), server.postmaster(), flush=True)
sys.stdin.read()
server.stop()
"""


def test_a_database_keeps_what_it_holds_from_one_start_to_the_next(home):
    with EmbeddedPostgres(home) as server, psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (id integer)")
    with EmbeddedPostgres(home) as server, psycopg.connect(server.url) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)


def test_it_is_made_as_the_architecture_says(home):
    with EmbeddedPostgres(home) as server, psycopg.connect(server.url) as connection:
        shown = {
            name: connection.execute("SELECT current_setting(%s)", (name,)).fetchone()
            for name in ("listen_addresses", "data_checksums", "fsync", "full_page_writes", "synchronous_commit")
        }
        locale = "SELECT datlocprovider, datlocale FROM pg_database WHERE datname = current_database()"
        assert connection.execute(locale).fetchone() == ("b", "C.UTF-8")
        assert connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone() == (False,)
    assert shown == {
        "listen_addresses": ("",),
        "data_checksums": ("on",),
        "fsync": ("on",),
        "full_page_writes": ("on",),
        "synchronous_commit": ("on",),
    }


def test_a_wrong_password_does_not_get_in(home):
    with EmbeddedPostgres(home) as server:
        wrong = server.url.replace("kiteline:", "kiteline:wrong")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(wrong)


def test_only_its_user_gets_to_the_data_the_socket_and_the_passwords(home):
    with EmbeddedPostgres(home) as server:
        cluster = server.cluster
        for path in (cluster.root, cluster.data, cluster.sockets):
            assert path.stat().st_mode & 0o077 == 0, path
        for path in cluster.root.glob("*password"):
            assert path.stat().st_mode & 0o177 == 0, path


def test_the_second_on_a_home_uses_the_same_server_and_keeps_it_when_the_first_leaves(home):
    with holder(home) as (first, pid):
        second = EmbeddedPostgres(home)
        url = second.start()
        assert second.postmaster() == pid
        end(first)
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        second.stop()
    await_that(lambda: not alive(pid))


def test_two_homes_do_not_fight(tmp_path):
    with EmbeddedPostgres(tmp_path / "one") as one, EmbeddedPostgres(tmp_path / "two") as two:
        assert one.postmaster() != two.postmaster()
        for server in (one, two):
            with psycopg.connect(server.url) as connection:
                assert connection.execute("SELECT 1").fetchone() == (1,)


def test_it_ends_when_its_only_user_is_killed(home):
    with holder(home) as (process, pid):
        process.kill()
        await_that(lambda: not alive(pid))


def test_it_starts_again_after_everything_was_killed_hard(home):
    with holder(home) as (process, pid):
        keeper = int((home / "postgres" / "server.lock").read_text())
        for victim in (process.pid, keeper, pid):
            os.kill(victim, signal.SIGKILL)
        process.wait(5)
        with EmbeddedPostgres(home) as server, psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_server_without_its_keeper_does_not_stay_in_the_way(home):
    with holder(home) as (process, pid):
        os.kill(int((home / "postgres" / "server.lock").read_text()), signal.SIGKILL)
        process.kill()
        process.wait(5)
        with EmbeddedPostgres(home) as server:
            assert server.postmaster() != pid


def test_it_is_started_again_when_it_dies_in_use(home):
    with EmbeddedPostgres(home) as server:
        pid = server.postmaster()
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await_that(lambda: reachable(server.url) and server.postmaster() != pid)


def test_a_pid_file_that_now_names_another_process_does_not_stop_it(home):
    with EmbeddedPostgres(home) as server:
        data = server.cluster.data
    (data / "postmaster.pid").write_text(f"{os.getpid()}\n{data}\n0\n5432\n\n\n0\nready\n")
    with EmbeddedPostgres(home) as server:
        assert reachable(server.url)


def test_a_data_folder_half_made_counts_for_none(home):
    half = home / "postgres" / "data.making"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with EmbeddedPostgres(home) as server:
        assert reachable(server.url)


def test_a_home_with_a_long_path_gets_a_short_socket(tmp_path):
    home = tmp_path / ("long" * 30)
    with EmbeddedPostgres(home) as server:
        assert reachable(server.url)
        assert home not in server.cluster.sockets.parents


def test_data_of_another_version_is_told_plainly(home):
    with EmbeddedPostgres(home) as server:
        data = server.cluster.data
    (data / "PG_VERSION").write_text("15\n")
    with pytest.raises(EmbeddedPostgresFailure, match="made by PostgreSQL 15"):
        EmbeddedPostgres(home).start()


def test_a_server_that_cannot_start_says_why(home):
    with pytest.raises(EmbeddedPostgresFailure, match="shared_buffers"):
        EmbeddedPostgres(home, {"shared_buffers": "none"}).start()
    assert reachable_after_start(home), "and the next start with a good setting works"


@contextlib.contextmanager
def holder(home: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run a process that holds the server; give it and the server's process id."""
    command = [sys.executable, "-c", _HOLD, str(home)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=_ROOT) as process:
        assert process.stdout is not None
        try:
            yield process, int(process.stdout.readline().split()[1])
        finally:
            process.kill()


def end(process: subprocess.Popen[str]) -> None:
    """Let a holder leave in order."""
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(20) == 0


def alive(pid: int) -> bool:
    """Tell whether a process runs (a dead one that nobody waited for does not)."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    return False


def reachable(url: str) -> bool:
    """Tell whether the database answers."""
    with contextlib.suppress(psycopg.OperationalError), psycopg.connect(url):
        return True
    return False


def reachable_after_start(home: Path) -> bool:
    """Tell whether a plain start works."""
    with EmbeddedPostgres(home) as server:
        return reachable(server.url)


def await_that(holds: Callable[[], bool]) -> None:
    """Return once it holds."""
    deadline = time.monotonic() + 15
    while not holds():
        assert time.monotonic() < deadline, "did not come about"
        time.sleep(0.02)


@pytest.mark.parametrize(("memory", "wanted"), [(512, 128), (4_096, 512), (24_000, 1_024)])
def test_an_eighth_of_the_memory_keeps_pages_within_bounds(memory: int, wanted: int):
    assert shared_buffers_mib(memory) == wanted
