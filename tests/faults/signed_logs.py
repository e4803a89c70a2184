"""A signed log that was recorded through a real service once, and copies of it to tamper with."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, LiteralString
from uuid import uuid4

import orjson
import psycopg
from psycopg import sql
from typer.testing import CliRunner

from infra.cli.main import app
from tests.running_service import Running, running_service


@dataclass
class SignedLog:
    """A database and the home that belongs to it."""

    server: str
    url: str
    home: Path
    made: list[str] = field(default_factory=list)

    def copy(self, folder: Path) -> SignedLog:
        """Copy both, as a backup would."""
        name = f"tampered_{uuid4().hex}"
        database = str(psycopg.conninfo.conninfo_to_dict(self.url)["dbname"])
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(statement.format(sql.Identifier(name), sql.Identifier(database)))
        home = folder / name
        shutil.copytree(self.home, home)
        self.made.append(name)
        return SignedLog(self.server, self.url.replace(f"/{database}?", f"/{name}?"), home, self.made)

    def drop_copies(self) -> None:
        """Drop what was copied."""
        with psycopg.connect(self.server, autocommit=True) as connection:
            for name in self.made:
                connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def tamper(self, *statements: LiteralString, **values: object) -> None:
        """Do as the owner of the tables what triggers and privileges keep everybody else from."""
        with psycopg.connect(self.url) as connection:
            connection.execute("ALTER TABLE log DISABLE TRIGGER USER")
            connection.execute("ALTER TABLE feed_entry DISABLE TRIGGER USER")
            for statement in statements:
                connection.execute(statement, values)
            connection.execute("ALTER TABLE log ENABLE TRIGGER USER")
            connection.execute("ALTER TABLE feed_entry ENABLE TRIGGER USER")

    def await_feeds(self) -> None:
        """Wait until the feeds of regions are written to the log's head."""
        for _ in range(1_500):
            if self.ask("SELECT f.position = h.position FROM feed_progress AS f, log_head AS h"):
                return
            time.sleep(0.02)
        raise TimeoutError

    def ask(self, statement: LiteralString) -> Any:
        """Read one value."""
        with psycopg.connect(self.url) as connection:
            row = connection.execute(statement).fetchone()
        assert row is not None
        return row[0]

    @contextmanager
    def served(self, **settings: object) -> Iterator[Running]:
        """Serve it."""
        with running_service(self.home, self.url, **settings) as running:
            yield running

    def verify(self, *arguments: str) -> Verified:
        """Run `kiteline verify` beside the database."""
        return run_verify(*arguments, KITELINE_DATABASE_URL=self.url, KITELINE_HOME=str(self.home))


@dataclass(frozen=True)
class Verified:
    """What `kiteline verify` said."""

    exit_code: int
    checks: list[dict[str, Any]]
    findings: list[dict[str, Any]]
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def codes(self) -> set[str]:
        """Which kinds of things are wrong."""
        return {one["code"] for one in self.findings}

    def where(self, code: str) -> list[str]:
        """Where things of a kind are wrong."""
        return [one["where"] for one in self.findings if one["code"] == code]


def run_verify(*arguments: str, **environment: str) -> Verified:
    """Run `kiteline verify` in this process, with these variables."""
    done = CliRunner().invoke(app, ["verify", "--json", *arguments], env=environment)
    if done.exit_code not in (0, 1):
        return Verified(done.exit_code, [], [])
    # A service in this process may log beside it.
    told = orjson.loads(next(line for line in done.stdout.splitlines() if line.startswith('{"checks"')))
    return Verified(done.exit_code, told["checks"], told["findings"], told["seconds"])
