"""What was recorded cannot be changed: by its rights the writer may not, by a trigger nobody may, and it says why."""

from itertools import product
from uuid import uuid4

import psycopg
import pytest
from eventsourcing.persistence import StoredEvent
from psycopg import sql

CHANGES = [
    "UPDATE log SET state = '{}'",
    "DELETE FROM log",
    "TRUNCATE log",
    "DELETE FROM log WHERE position = -1",
]
TABLES = ["log", "log_epoch", "stream_head", "idempotency", "tracking"]
CHANGES_BY_ROLES = ["SELECT FROM {} FOR UPDATE", "DELETE FROM {}", "TRUNCATE {}", "INSERT INTO {} DEFAULT VALUES"]


@pytest.fixture
def with_an_event(recorder, database_url):
    """A database that holds one event."""
    recorder.insert_events([StoredEvent(uuid4(), 1, "recorded", b"{}")])
    return database_url


@pytest.mark.parametrize("change", CHANGES)
def test_the_owner_is_refused_by_the_trigger_which_says_why(with_an_event, change):
    with (
        psycopg.connect(with_an_event, autocommit=True) as owner,
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="record a correction instead") as refused,
    ):
        owner.execute(change)
    assert "更正" in (refused.value.diag.message_detail or "")


@pytest.mark.parametrize("role", ["kiteline_writer", "kiteline_reader"])
def test_no_role_may_change_the_tables_of_the_log(with_an_event, role):
    with psycopg.connect(with_an_event, autocommit=True) as session:
        session.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
        for table, change in product(TABLES, CHANGES_BY_ROLES):
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied"):
                session.execute(sql.SQL(change).format(sql.Identifier(table)))


def test_a_reader_may_not_append(with_an_event):
    with psycopg.connect(with_an_event, autocommit=True) as session:
        session.execute("SET ROLE kiteline_reader")
        row = session.execute("SELECT has_function_privilege('append_saves'::regproc, 'execute')").fetchone()
    assert row == (False,)


def test_the_check_sees_the_change_once_the_trigger_is_gone(with_an_event, recorder):
    with psycopg.connect(with_an_event, autocommit=True) as owner:
        owner.execute("DROP TRIGGER log_is_never_changed ON log")
        for change in CHANGES:
            owner.execute(change)
    assert recorder.read_log(1, 10) == []
