"""The database of a deployment, opened for a command: the one that the settings name, else the embedded one."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg

from infra.database.embedded import EmbeddedPostgres
from infra.database.migrations import migrate
from infra.database.reader_login import admit_reader
from infra.event_store.epochs import keep_source
from infra.failures import OperatorFailure
from infra.settings import Settings


class DatabaseUnreachable(OperatorFailure):
    """The database that the settings name does not answer, or refuses the login."""


@contextmanager
def opened_database(settings: Settings) -> Iterator[str]:
    """Give the URL of a database in its newest shape; the embedded one stops when its last user leaves.

    Raises OperatorFailure that says what is wrong and what to do.
    """
    if settings.database_url is not None:
        try:
            migrate(settings.database_url)
        except psycopg.OperationalError as error:
            raise DatabaseUnreachable(*_unreachable(settings.database_url)) from error
        keep_source(settings.database_url, settings.deployment)
        yield settings.database_url
        return
    with EmbeddedPostgres(settings.home) as embedded:
        migrate(embedded.url)
        keep_source(embedded.url, settings.deployment)
        admit_reader(embedded)
        yield embedded.url


def _unreachable(url: str) -> tuple[str, str]:
    # Without the driver's own words: they may hold the login and what it was refused with.
    parts = urlsplit(url)
    place = f"{parts.hostname or 'socket'}:{parts.port or 5432}{parts.path}"
    return (
        f"无法连接 KITELINE_DATABASE_URL 所指的数据库 {place}；请检查其是否运行、登录名与密码是否正确。",
        f"The database of KITELINE_DATABASE_URL ({place}) cannot be reached: is it up, are login and password right?",
    )
