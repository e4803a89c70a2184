"""Questions to the embedded database are asked by a login of their own, from the first start on."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from typer.testing import CliRunner

from api.service import open_service
from infra.cli.database import opened_database
from infra.cli.main import app
from infra.database.cluster import EmbeddedPostgresFailure
from infra.database.reader_login import READER, embedded_reader_url
from infra.settings import Settings

_WHO = "SELECT session_user::text, current_user::text"


def doctor(home: Path) -> str:
    told = CliRunner().invoke(app, ["doctor"], env={"KITELINE_HOME": str(home), "COLUMNS": "300"})
    return next(line for line in told.stdout.splitlines() if "database" in line)


def test_an_embedded_service_asks_by_a_login_that_can_do_nothing_else(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    with opened_database(settings) as url:
        with open_service(settings, url, projecting=False) as service, service.readers.connection() as asking:
            assert asking.execute(_WHO).fetchone() == (READER, "kiteline_reader")
            for taking in ("RESET ROLE", "SET ROLE NONE"):
                asking.execute(taking)
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    asking.execute("SELECT count(*) FROM log")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                asking.execute("SET ROLE kiteline_writer")
        # What is shut out: the owner's session may act as a reader and take it back.
        with psycopg.connect(url, options="-c role=kiteline_reader") as owner:
            owner.execute("SET ROLE NONE")
            assert owner.execute("SELECT count(*) FROM log").fetchone() == (0,)
        assert READER in doctor(tmp_path)

        former = embedded_reader_url(tmp_path)
        (tmp_path / "postgres" / "reader-password").unlink()
        with opened_database(settings), psycopg.connect(embedded_reader_url(tmp_path)) as asking:
            assert asking.execute(_WHO).fetchone() == (READER, READER)
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(former)

        with psycopg.connect(url, autocommit=True) as owner:
            owner.execute(sql.SQL("GRANT kiteline_writer TO {}").format(sql.Identifier(READER)))
        assert "REVOKE" in doctor(tmp_path)
        with pytest.raises(EmbeddedPostgresFailure, match="holds more"), opened_database(settings):
            pass
