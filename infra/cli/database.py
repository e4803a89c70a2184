"""The database of a deployment, opened for a command: the one that the settings name, else the embedded one."""

from collections.abc import Iterator
from contextlib import contextmanager

from infra.database.embedded import EmbeddedPostgres
from infra.database.migrations import migrate
from infra.settings import Settings


@contextmanager
def opened_database(settings: Settings) -> Iterator[str]:
    """Give the URL of a database in its newest shape; the embedded one stops when its last user leaves.

    Raises OperatorFailure that says what is wrong and what to do.
    """
    if settings.database_url is not None:
        migrate(settings.database_url)
        yield settings.database_url
        return
    with EmbeddedPostgres(settings.home) as embedded:
        migrate(embedded.url)
        yield embedded.url
