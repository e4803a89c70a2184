"""Starts, shares and stops the PostgreSQL that comes with the packages; the default where no database is named."""

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import psycopg
from psycopg import sql

from infra.database.cluster import (
    DATABASE,
    OWNER,
    SUPERUSER,
    Cluster,
    EmbeddedPostgresFailure,
    bare_environment,
    initialise,
    locate,
    owner_password,
    superuser_password,
)

_START_SECONDS = 60.0
_STOP_SECONDS = 90.0
_LOOK_SECONDS = 0.05
_LARGEST_LOG = 16 * 1024 * 1024


def shared_buffers_mib(memory_mib: int) -> int:
    """Return how much of a machine's memory PostgreSQL keeps pages in: an eighth, 128 to 1,024 MiB."""
    return min(1_024, max(128, memory_mib // 8))


# For two cores and memory to spare; durability is never traded.
SERVER_SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "cluster_name": "kiteline",
    "max_connections": "100",
    # A hundredfold log appends at four fifths of the speed instead of two thirds (docs/decisions/0041).
    "shared_buffers": f"{shared_buffers_mib(os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') >> 20)}MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "effective_cache_size": "2GB",
    "random_page_cost": "1.1",
    "max_parallel_workers_per_gather": "1",
    "jit": "off",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "wal_compression": "off",
    "wal_buffers": "16MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "password_encryption": "scram-sha-256",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "5min",
    # A client that vanished is noticed while its statement still runs or waits.
    "client_connection_check_interval": "2s",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    # A failed statement may carry a person's data.
    "log_min_error_statement": "panic",
}

_OWNER_ROLE = sql.SQL(
    "CREATE ROLE {} LOGIN CREATEDB CREATEROLE BYPASSRLS PASSWORD {}"
    " IN ROLE pg_monitor, pg_checkpoint, pg_signal_backend"
)
_OWNER_DATABASE = sql.SQL("CREATE DATABASE {} OWNER {}")


class EmbeddedPostgres:
    """One server a home: whoever comes second uses the one that runs, and the last to leave stops it.

    Raises EmbeddedPostgresFailure, which says what is wrong and what to do.
    """

    def __init__(self, home: Path, settings: Mapping[str, str] | None = None) -> None:
        """Name the home; `settings` override PostgreSQL's for this start (tests)."""
        self._home = home
        self._settings = dict(SERVER_SETTINGS) | dict(settings or {})
        self._cluster: Cluster | None = None
        self._users: int | None = None
        self._supervisor: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where the database of the started server is; holds its password."""
        return self._url(OWNER, owner_password(self.cluster), DATABASE)

    @property
    def superuser_url(self) -> str:
        """Where the server's own superuser connects; for making databases and for tests."""
        return self._url(SUPERUSER, superuser_password(self.cluster), "postgres")

    @property
    def cluster(self) -> Cluster:
        """The files of the started server."""
        if self._cluster is None:
            raise EmbeddedPostgresFailure("内置数据库尚未启动。", "The embedded PostgreSQL has not been started.")
        return self._cluster

    def start(self) -> str:
        """Start the server, or join the one that runs on this home, and return the database's URL; under 1 s usually.

        What a hard end left is put right: a stale pid file, a half-made data folder, a server without its keeper.
        """
        if self._users is not None:
            return self.url
        self._cluster = cluster = locate(self._home)
        self._users = self._join(cluster.root / "users.lock")
        try:
            with _exclusive(cluster.root / "start.lock", _START_SECONDS):
                if not self._is_supervised():
                    _end_orphan(cluster)
                    initialise(cluster)
                    self._supervise()
                self._await_ready()
                self._ensure_owner()
        except BaseException:
            self.stop()
            raise
        return self.url

    def stop(self) -> None:
        """Leave the server; when nobody else uses it, wait until it has stopped in order."""
        users, self._users = self._users, None
        if users is None:
            return
        alone = _try_lock(users, fcntl.LOCK_EX)
        os.close(users)
        if alone:
            self._await_stopped()
        if self._supervisor is not None and alone:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._supervisor.wait(5)

    def postmaster(self) -> int | None:
        """Tell the process id of the running server."""
        return _postmaster(self.cluster)

    def _url(self, user: str, password: str, database: str) -> str:
        return f"postgresql://{user}:{password}@/{database}?host={quote(str(self.cluster.sockets), safe='')}"

    def _join(self, path: Path) -> int:
        users = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + _STOP_SECONDS
        while not _try_lock(users, fcntl.LOCK_SH):  # held only while the former server stops
            if time.monotonic() > deadline:
                os.close(users)
                holder = (path.parent / "server.lock").read_text()
                raise EmbeddedPostgresFailure(
                    f"{self._home} 的数据库仍在停止（进程 {holder}）；请稍后再试。",
                    f"The database of {self._home} is still stopping (process {holder}); try again later.",
                )
            time.sleep(_LOOK_SECONDS)
        return users

    def _is_supervised(self) -> bool:
        descriptor = os.open(self.cluster.root / "server.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            return not _try_lock(descriptor, fcntl.LOCK_EX)
        finally:
            os.close(descriptor)

    def _supervise(self) -> None:
        cluster = self.cluster
        if cluster.log.exists() and cluster.log.stat().st_size > _LARGEST_LOG:
            cluster.log.replace(cluster.log.with_suffix(".log.1"))
        settings = self._settings | {"unix_socket_directories": str(cluster.sockets)}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        spec = {
            "command": [cluster.program("postgres"), "-D", str(cluster.data), *options],
            "data": str(cluster.data),
            "log": str(cluster.log),
            "uid": cluster.uid,
            "gid": cluster.gid,
            "users_lock": str(cluster.root / "users.lock"),
            "server_lock": str(cluster.root / "server.lock"),
        }
        self._supervisor = subprocess.Popen(
            [sys.executable, "-S", "-m", "infra.database.supervisor", json.dumps(spec)],
            cwd="/",
            env=bare_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _await_ready(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                psycopg.connect(self.superuser_url, connect_timeout=5, autocommit=True).close()
            except psycopg.OperationalError as error:
                ended = self._supervisor is not None and self._supervisor.poll() is not None
                if ended or time.monotonic() > deadline:
                    raise _not_started(self.cluster, error) from error
                time.sleep(_LOOK_SECONDS)
            else:
                return

    def _ensure_owner(self) -> None:
        with psycopg.connect(self.superuser_url, autocommit=True) as connection:
            if connection.execute("SELECT FROM pg_roles WHERE rolname = %s", (OWNER,)).fetchone() is None:
                connection.execute(_OWNER_ROLE.format(sql.Identifier(OWNER), sql.Literal(owner_password(self.cluster))))
            if connection.execute("SELECT FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone() is None:
                connection.execute(_OWNER_DATABASE.format(sql.Identifier(DATABASE), sql.Identifier(OWNER)))

    def _await_stopped(self) -> None:
        deadline = time.monotonic() + _STOP_SECONDS
        with contextlib.suppress(OSError, ValueError):
            os.kill(int((self.cluster.root / "server.lock").read_text()), signal.SIGUSR1)
        while self._is_supervised() and time.monotonic() < deadline:
            if self._supervisor is not None:
                self._supervisor.poll()
            time.sleep(_LOOK_SECONDS)


class _exclusive:  # noqa: N801
    """Hold a file's lock, waiting for it a bounded time."""

    def __init__(self, path: Path, seconds: float) -> None:
        self._path = path
        self._seconds = seconds
        self._descriptor = -1

    def __enter__(self) -> None:
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + self._seconds
        while not _try_lock(self._descriptor, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                os.close(self._descriptor)
                raise EmbeddedPostgresFailure(
                    f"另一个进程正在启动同一数据库，{self._seconds:.0f} 秒内未完成（{self._path}）。",
                    f"Another process has been starting the same database for {self._seconds:.0f} s ({self._path}).",
                )
            time.sleep(_LOOK_SECONDS)

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)


def _try_lock(descriptor: int, how: int) -> bool:
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _postmaster(cluster: Cluster) -> int | None:
    try:
        return abs(int((cluster.data / "postmaster.pid").read_text().split("\n", 1)[0]))
    except (OSError, ValueError):
        return None


def _end_orphan(cluster: Cluster) -> None:
    """Stop what is left of a server that lost its keeper, then forget its pid files, whose numbers mean others by now.

    PostgreSQL itself refuses to start while the number in a pid file is anybody's, even a dead process that nobody
    waited for. Forgetting the file is right only when no process works in the data folder any more.
    """
    if not Path("/proc/self/cwd").exists():
        return
    deadline = time.monotonic() + _STOP_SECONDS
    gentle = deadline - _STOP_SECONDS / 2
    while left := _at_work_in(cluster.data):
        if time.monotonic() > deadline:
            raise EmbeddedPostgresFailure(
                f"进程 {left} 仍占用 {cluster.data}，无法停止。", f"Processes {left} still use {cluster.data}."
            )
        postmaster = _postmaster(cluster)
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                if time.monotonic() > gentle:
                    os.kill(pid, signal.SIGQUIT)
                elif pid == postmaster:
                    os.kill(pid, signal.SIGINT)
        time.sleep(_LOOK_SECONDS)
    (cluster.data / "postmaster.pid").unlink(missing_ok=True)
    for leftover in cluster.sockets.glob(".s.PGSQL.*"):
        leftover.unlink(missing_ok=True)


def _at_work_in(data: Path) -> list[int]:
    folder = os.path.realpath(data)
    working = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if str((process / "cwd").readlink()) == folder:  # a server's processes stand in its data folder
                working.append(int(process.name))
    return working


def _not_started(cluster: Cluster, error: Exception) -> EmbeddedPostgresFailure:
    tail = ""
    with contextlib.suppress(OSError):
        tail = "\n".join(cluster.log.read_text(errors="replace").splitlines()[-8:])
    return EmbeddedPostgresFailure(
        f"内置 PostgreSQL 未能启动（{cluster.log}）：{error}\n{tail}",
        f"The embedded PostgreSQL did not start ({cluster.log}): {error}\n{tail}",
    )
