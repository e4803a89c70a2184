"""Lends connections for reading, and turns the driver's errors into those of the library's interface."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from eventsourcing.persistence import (
    DatabaseError,
    DataError,
    IntegrityError,
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
    PersistenceError,
    ProgrammingError,
)
from psycopg import Connection
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from infra.event_store.refusals import StoreUnavailable

_SAME_KIND = (
    (psycopg.errors.InterfaceError, InterfaceError),
    (psycopg.errors.DataError, DataError),
    (psycopg.errors.IntegrityError, IntegrityError),
    (psycopg.errors.InternalError, InternalError),
    (psycopg.errors.ProgrammingError, ProgrammingError),
    (psycopg.errors.NotSupportedError, NotSupportedError),
    (psycopg.errors.DatabaseError, DatabaseError),
    (psycopg.errors.Error, PersistenceError),
)


@contextmanager
def lent(pool: ConnectionPool[Connection[TupleRow]]) -> Iterator[Connection[TupleRow]]:
    """Lend a connection; raises StoreUnavailable when there is none or it is lost, else the library's errors."""
    try:
        with pool.connection() as connection:
            yield connection
    except (PoolTimeout, PoolClosed, psycopg.errors.OperationalError) as error:
        raise StoreUnavailable(str(error)) from error
    except psycopg.Error as error:
        raise _library_error(error) from error


def _library_error(error: psycopg.Error) -> PersistenceError:
    for theirs, ours in _SAME_KIND:
        if isinstance(error, theirs):
            return ours(str(error))
    return OperationalError(str(error))
