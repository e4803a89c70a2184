"""SQL by the role that questions are asked with, written to get around row-level security: none of it gets there.

The login is the one that the embedded server has for questions, a reader's alone, as KITELINE_READER_DATABASE_URL names
one elsewhere: who shares the owner's may take its role back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import LiteralString

import psycopg
import pytest
from psycopg import Connection, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import TupleRow

from infra.cli.doctor import _reader_trouble
from infra.database.connections import connect_pool
from infra.database.embedded import EmbeddedPostgres
from infra.database.reader_login import admit_reader
from infra.event_store.recorder import KitelineRecorder
from projections.runner import Runner
from tests.integration.projections.lives import Lives

_CIPHERED = {"vault_key", "vault_index", "vault_field", "vault_token"}
_FIRST = {
    "RESET ROLE": "SELECT count(*) FROM log",
    "SET ROLE NONE": "SELECT count(*) FROM log",
    "SET SESSION AUTHORIZATION DEFAULT": "SELECT count(*) FROM log",
    "SET row_security = off": "SELECT count(*) FROM member",
}
"""What is tried first, and what it would open; the first may be allowed, what it is for may not."""
_FUNCTION = """
CREATE FUNCTION public.tell(text) RETURNS boolean COST 0.0001 LANGUAGE plpgsql
AS $$ BEGIN RAISE NOTICE '%', $1; RETURN true; END $$
"""
_TAKING_RIGHTS = (
    "SET ROLE kiteline_writer",
    "ALTER TABLE member DISABLE ROW LEVEL SECURITY",
    "ALTER TABLE member NO FORCE ROW LEVEL SECURITY",
    "CREATE POLICY mine ON member FOR SELECT TO kiteline_reader USING (true)",
    "ALTER ROLE kiteline_reader BYPASSRLS",
    "CREATE VIEW public.everybody AS SELECT * FROM member",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "COPY member TO '/tmp/members'",
    "SELECT pg_read_file('postgresql.conf')",
    "SELECT lo_import('/etc/hostname')",
    "UPDATE member SET affiliation = affiliation",
    "DELETE FROM duty",
    "DROP TABLE member",
    _FUNCTION,
)
_STATISTICS = """
SELECT count(*) FROM pg_stats
WHERE schemaname = 'public' AND tablename IN ('member', 'roster_past', 'duty', 'leg')
"""
# By an error whose text is a row's value, by statistics, by the planner: rows that a policy hides say nothing.
_LEAKS = (
    "SELECT count(*) FROM member WHERE 1 / (CASE WHEN member_id IS NOT NULL THEN 0 ELSE 1 END) = 1",
    "SELECT count(*) FROM member WHERE CAST(affiliation AS integer) > 0",
    _STATISTICS,
    "SELECT count(*) FROM (SELECT * FROM member UNION ALL SELECT * FROM member) AS twice",
    "WITH seen AS MATERIALIZED (SELECT * FROM member) SELECT count(*) FROM seen",
    "SELECT count(*) FROM duty AS d JOIN member AS m USING (member_id)",
)


@pytest.fixture
def login(
    postgres: EmbeddedPostgres, database_url: str, recorder: KitelineRecorder, make_runner: Callable[..., Runner]
) -> str:
    """The login that holds kiteline_reader alone, over read models that are not empty."""
    lives = Lives(7)
    lives.reference()
    lives.play(members=20, steps=200)
    lives.record(recorder)
    make_runner().catch_up()
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute("ANALYZE")
    return make_conninfo(admit_reader(postgres), dbname=conninfo_to_dict(database_url)["dbname"])


@pytest.fixture
def reader(login: str) -> Iterator[Connection[TupleRow]]:
    with connect_pool(login, role="reader", max_size=1) as pool, pool.connection() as connection:
        yield connection


def counted(session: Connection[TupleRow], statement: LiteralString) -> int:
    row = session.execute(statement).fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize("attack", _TAKING_RIGHTS)
def test_no_statement_takes_more_rights(attack: LiteralString, reader: Connection[TupleRow]) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        reader.execute(attack)


@pytest.mark.parametrize("first", _FIRST)
def test_no_setting_of_the_session_opens_what_is_closed(first: LiteralString, reader: Connection[TupleRow]) -> None:
    with suppress(psycopg.errors.InsufficientPrivilege):
        reader.execute(first)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        reader.execute(_FIRST[first])


def test_no_statement_tells_of_rows_that_a_policy_hides(
    reader: Connection[TupleRow], connection: Connection[TupleRow]
) -> None:
    for statement in _LEAKS:
        assert counted(reader, statement) == 0, statement
    # What the check would see: to the owner the same statements tell of everybody.
    with pytest.raises(psycopg.errors.DivisionByZero):
        counted(connection, _LEAKS[0])
    with pytest.raises(psycopg.errors.InvalidTextRepresentation, match="C"):
        counted(connection, _LEAKS[1])
    assert all(counted(connection, statement) > 0 for statement in _LEAKS[2:])


def test_no_table_without_a_policy_is_a_readers_but_what_is_ciphered(
    reader: Connection[TupleRow], connection: Connection[TupleRow]
) -> None:
    names = [
        row[0]
        for row in connection.execute(
            "SELECT c.relname FROM pg_class AS c WHERE c.relnamespace = 'public'::regnamespace"
            " AND c.relkind IN ('r', 'p') AND NOT c.relrowsecurity"
        )
    ]
    assert {"log", "idempotency", "stream_head"} <= set(names)
    allowed = set()
    for name in names:
        try:
            reader.execute(sql.SQL("SELECT FROM {} LIMIT 1").format(sql.Identifier(name)))
        except psycopg.errors.InsufficientPrivilege:
            continue
        allowed.add(name)
    # Of the log a reader knows the epoch; of the vault, ciphertexts, whose master key no database holds.
    assert allowed == {"log_epoch", *_CIPHERED}


def test_a_login_that_shares_the_owners_is_told_by_the_doctor(login: str, database_url: str) -> None:
    assert _reader_trouble(login) is None
    assert "kiteline_reader" in (_reader_trouble(database_url) or "")
