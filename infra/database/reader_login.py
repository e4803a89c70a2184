"""The login that questions are asked by: one of its own, which holds kiteline_reader and nothing else.

A session of the owner's login that acts as kiteline_reader may take that role off again; this one has nothing else.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import psycopg
from psycopg import sql

from infra.database.cluster import DATABASE, Cluster, EmbeddedPostgresFailure, locate, reader_password

if TYPE_CHECKING:
    from infra.database.embedded import EmbeddedPostgres

READER: Final = "kiteline_questions"
_ROLE: Final = sql.Identifier("kiteline_reader")

_HOLDS_MORE: Final = """
SELECT r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication
    OR EXISTS (
        SELECT FROM pg_roles AS other
        WHERE other.rolname NOT IN (session_user, 'kiteline_reader') AND pg_has_role(r.oid, other.oid, 'MEMBER')
    )
FROM pg_roles AS r WHERE r.rolname = session_user
"""
_HOLDS_IT: Final = "SELECT pg_has_role(session_user, 'kiteline_reader', 'SET')"
_ALONE: Final = "SELECT pg_advisory_xact_lock(1802073189, 1919246692)"
_THERE: Final = "SELECT FROM pg_roles WHERE rolname = %s"
_MAKE: Final = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}")
_ADMIT: Final = sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}")
_GRANT: Final = sql.SQL("GRANT {} TO {}")


def admit_reader(server: EmbeddedPostgres) -> str:
    """See that the reader's login of a started, migrated server can come in, and return its URL.

    Raises EmbeddedPostgresFailure for one that holds more than it should: nothing is served by it.
    """
    url = _url(server.cluster)
    if not _comes_in(url):
        login, password = sql.Identifier(READER), sql.Literal(reader_password(server.cluster))
        with psycopg.connect(server.superuser_url) as connection:
            connection.execute(_ALONE)
            there = connection.execute(_THERE, (READER,)).fetchone() is not None
            connection.execute((_ADMIT if there else _MAKE).format(login, password))
            connection.execute(_GRANT.format(_ROLE, login))
    if holds_more(url):
        raise EmbeddedPostgresFailure(
            f"查询所用的数据库登录 {READER} 不止 kiteline_reader 一项权限；请收回其余权限后再启动。",
            f"The login {READER}, which asks questions, holds more than kiteline_reader: revoke the rest first.",
        )
    return url


def embedded_reader_url(home: Path) -> str:
    """Return where questions are asked of the embedded server of this home, which runs; holds a password."""
    return _url(locate(home))


def holds_more(url: str) -> bool:
    """Whether a login holds more than kiteline_reader. Raises psycopg.Error where it cannot come in."""
    with psycopg.connect(url, connect_timeout=3) as connection:
        row = connection.execute(_HOLDS_MORE).fetchone()
    return row is None or bool(row[0])


def _comes_in(url: str) -> bool:
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            return connection.execute(_HOLDS_IT).fetchone() == (True,)
    except psycopg.OperationalError:
        return False


def _url(cluster: Cluster) -> str:
    sockets = quote(str(cluster.sockets), safe="")
    return f"postgresql://{READER}:{reader_password(cluster)}@/{DATABASE}?host={sockets}"
