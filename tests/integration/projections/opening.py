"""The log as a second process opens it: named by module, so that another process finds it."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any

from api.projecting import log_at
from domain.fact import Fact
from infra.recording.mapper import fact_from_row
from projections.log_rows import Log


@contextmanager
def log_with_poison(database_url: str, event_id: str) -> Iterator[Log]:
    """A log of which one event cannot be decoded."""

    def fact(row: Any) -> Fact:
        found = fact_from_row(row)
        if found.event_id == event_id:
            raise ValueError(event_id)
        return found

    with log_at(database_url) as log:
        yield replace(log, fact=fact)


def log_that_cannot_be_opened(database_url: str) -> AbstractContextManager[Log]:
    """What a second process meets when its machine is out of something."""
    raise OSError(database_url)
