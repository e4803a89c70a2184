"""Brings a database to the newest shape: numbered SQL files, each one transaction, each applied once."""

import hashlib
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
import structlog
from psycopg.rows import TupleRow

from infra.failures import OperatorFailure

_log = structlog.get_logger(__name__)

FOLDER = Path(__file__).parent / "migrations"

_FILE_NAME = re.compile(r"^(\d{4})_([a-z0-9_]+)\.sql$")
_ADVISORY_LOCK = 0x6B69_7465_6D69_6772  # "kitemigr"
_LOCK_WAIT = "120s"
_ATTEMPTS = 5

_CREATE_BOOKKEEPING = """
CREATE TABLE IF NOT EXISTS schema_migration (
    version    integer PRIMARY KEY,
    name       text NOT NULL,
    checksum   text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE IF NOT EXISTS schema_migration_attempt (
    version    integer PRIMARY KEY,
    name       text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
"""
_BEGIN_ATTEMPT = """
INSERT INTO schema_migration_attempt (version, name) VALUES (%s, %s)
ON CONFLICT (version) DO UPDATE SET name = excluded.name, started_at = excluded.started_at
"""
_RECORD = "INSERT INTO schema_migration (version, name, checksum) VALUES (%s, %s, %s)"


class MigrationFailure(OperatorFailure):
    """The database cannot be brought to this program's shape; nothing of the failed step remains."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its number, its name, what it says, and the SHA-256 of that."""

    version: int
    name: str
    statements: str
    checksum: str


@dataclass(frozen=True, slots=True)
class MigrationReport:
    """What a run did: names applied now, and of those the ones that an earlier run began and never finished."""

    applied: tuple[str, ...]
    resumed: tuple[str, ...]


def read_migrations(folder: Path = FOLDER) -> tuple[Migration, ...]:
    """Read the files in the order of their numbers; raises MigrationFailure for a misnamed or doubled number."""
    found: dict[int, Migration] = {}
    for path in sorted(folder.glob("*.sql")):
        match = _FILE_NAME.match(path.name)
        if match is None or int(match[1]) in found:
            raise MigrationFailure(
                f"迁移文件 {path.name} 的编号重复或名称不合规则（0001_名称.sql）。",
                f"Migration {path.name}: its number is taken, or its name is not like 0001_name.sql.",
            )
        text = path.read_text(encoding="utf-8")
        version = int(match[1])
        found[version] = Migration(version, path.stem, text, hashlib.sha256(text.encode()).hexdigest())
    return tuple(found[version] for version in sorted(found))


def migrate(url: str, folder: Path = FOLDER) -> MigrationReport:
    """Apply what is missing, as the login of `url`, who will own the tables.

    Raises MigrationFailure when a step fails, when a step applied before reads differently now, or when the database
    is newer than this program. Safe to run from many processes at once: one works, the others wait and find it done.
    """
    migrations = read_migrations(folder)
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("SELECT set_config('lock_timeout', %s, false)", (_LOCK_WAIT,))
            connection.execute("SELECT pg_advisory_lock(%s)", (_ADVISORY_LOCK,))
            connection.execute("SET client_min_messages = warning")
            connection.execute(_CREATE_BOOKKEEPING)
            return _apply_missing(connection, migrations)
    except psycopg.errors.LockNotAvailable as error:
        raise MigrationFailure(
            f"另一个进程正在迁移数据库，{_LOCK_WAIT} 内未完成。",
            f"Another process has been migrating the database for {_LOCK_WAIT}.",
        ) from error
    except psycopg.OperationalError as error:
        reason = str(error).strip()
        raise MigrationFailure(f"无法连接数据库：{reason}", f"The database cannot be reached: {reason}") from error


def pending(url: str, folder: Path = FOLDER) -> tuple[str, ...]:
    """Tell the names of the steps that `migrate` would apply; changes nothing."""
    with psycopg.connect(url, autocommit=True) as connection:
        known = connection.execute("SELECT to_regclass('schema_migration')").fetchone()
        done: set[int] = set()
        if known is not None and known[0] is not None:
            done = {row[0] for row in connection.execute("SELECT version FROM schema_migration")}
    return tuple(migration.name for migration in read_migrations(folder) if migration.version not in done)


def _apply_missing(connection: psycopg.Connection[TupleRow], migrations: Sequence[Migration]) -> MigrationReport:
    done = {
        row[0]: (row[1], row[2]) for row in connection.execute("SELECT version, name, checksum FROM schema_migration")
    }
    begun = {row[0] for row in connection.execute("SELECT version FROM schema_migration_attempt")}
    _must_be_known(done, migrations)
    missing = [migration for migration in migrations if migration.version not in done]
    for migration in missing:
        if migration.version in begun:
            _log.warning("migration_resumed", migration=migration.name, reason="cut off before; nothing of it remained")
        _apply(connection, migration)
        if done:
            _log.info("migration_applied", migration=migration.name)
    if missing and not done:
        _log.info("schema_created", migrations=len(missing), latest=missing[-1].name)
    return MigrationReport(
        tuple(migration.name for migration in missing),
        tuple(migration.name for migration in missing if migration.version in begun),
    )


def _must_be_known(done: dict[int, tuple[str, str]], migrations: Sequence[Migration]) -> None:
    ours = {migration.version: migration for migration in migrations}
    for version, (name, checksum) in sorted(done.items()):
        if version not in ours:
            raise MigrationFailure(
                f"数据库已有本程序不认识的迁移 {name}，它来自更新的版本；请用那个版本运行。",
                f"The database has {name}, which this program does not know: it is from a newer version; run that one.",
            )
        if ours[version].checksum != checksum:
            raise MigrationFailure(
                f"迁移 {name} 应用后其文件被改动；已应用的迁移不可更改，请恢复原文件并新增一个。",
                f"The file of {name} was changed after it was applied; restore it and add a new one instead.",
            )


def _apply(connection: psycopg.Connection[TupleRow], migration: Migration) -> None:
    # Told apart from the step itself, so that a step cut off half-way leaves a trace though nothing else.
    connection.execute(_BEGIN_ATTEMPT, (migration.version, migration.name))
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            with connection.transaction():
                connection.execute(migration.statements.encode())
                connection.execute(_RECORD, (migration.version, migration.name, migration.checksum))
                connection.execute("DELETE FROM schema_migration_attempt WHERE version = %s", (migration.version,))
        except psycopg.errors.InternalError as error:
            # Roles belong to the whole cluster: another database's migration may be granting the same ones right now.
            if "concurrently updated" not in str(error) or attempt == _ATTEMPTS:
                raise _failed(migration, error) from error
            time.sleep(0.05 * attempt)
        except psycopg.Error as error:
            raise _failed(migration, error) from error
        else:
            return


def _failed(migration: Migration, error: psycopg.Error) -> MigrationFailure:
    reason = str(error).strip()
    return MigrationFailure(
        f"迁移 {migration.name} 未完成，其改动已全部撤销：{reason}",
        f"Migration {migration.name} did not finish; nothing of it remains: {reason}",
    )
