"""Opens pools of connections to the database, each with the rights of one role and times bounded."""

from typing import Any, Literal

from psycopg import Connection
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool

Role = Literal["owner", "writer", "reader"]
_OPTIONS: dict[Role, str] = {
    "owner": "",
    "writer": " -c role=kiteline_writer",
    "reader": " -c role=kiteline_reader",
}


def connect_pool(
    url: str,
    *,
    role: Role = "owner",
    min_size: int = 1,
    max_size: int = 8,
    timeout: float = 5.0,
    name: str = "kiteline",
) -> "ConnectionPool[Connection[TupleRow]]":
    """Open a pool of autocommit connections that act as `role`; `timeout` seconds to wait for one, then PoolTimeout.

    The pool connects in the background and again after the database was away; close it when done.
    """
    kwargs: dict[str, Any] = {
        "autocommit": True,
        "options": connection_options(role),
        "connect_timeout": 5,
        "application_name": name,
    }
    return ConnectionPool(
        url, kwargs=kwargs, min_size=min_size, max_size=max_size, timeout=timeout, open=True, name=name
    )


def connection_options(role: Role) -> str:
    """Build libpq's `options` for a session of `role`: UTC, read committed, no wait for ever."""
    return (
        "-c timezone=UTC -c default_transaction_isolation=read\\ committed"
        " -c lock_timeout=10s -c idle_in_transaction_session_timeout=5min" + _OPTIONS[role]
    )
