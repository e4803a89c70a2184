"""Attempts are written together; who is refused waits for it, what was accepted is not lost for a database away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from typing import TYPE_CHECKING, cast
from uuid import uuid4

import pytest

from infra.event_store.refusals import StoreUnavailable
from infra.recording.attempts import Attempt, AttemptLog

if TYPE_CHECKING:
    from infra.event_store.recorder import KitelineRecorder

VENUE = uuid4()


class Table:
    """Stands for the log's connection: keeps what is inserted; away as often as told."""

    def __init__(self, away: int = 0) -> None:
        """Fail the first `away` times."""
        self.statements: list[list[str]] = []
        self.tried = Event()
        self._away = away

    @contextmanager
    def reading(self) -> Iterator[Table]:
        """Lend itself, or be away."""
        self.tried.set()
        if self._away > 0:
            self._away -= 1
            raise StoreUnavailable("away")
        yield self

    def execute(self, _statement: str, columns: list[list[str]]) -> None:
        """Keep the actors of one statement."""
        self.statements.append(columns[0])

    def log(self) -> AttemptLog:
        """Return a log of attempts that writes here."""
        return AttemptLog(cast("KitelineRecorder", self))


def test_what_was_noted_is_written_with_the_next_that_is_waited_for():
    table = Table()
    log = table.log()
    for number in range(5):
        log.note(Attempt(f"a{number}", VENUE, "accepted"))
    log.written(Attempt("b", VENUE, "code_expired")).result(10)
    log.close()

    assert [actor for statement in table.statements for actor in statement] == ["a0", "a1", "a2", "a3", "a4", "b"]


def test_what_was_noted_is_written_before_the_service_ends():
    table = Table()
    log = table.log()
    log.note(Attempt("a", VENUE, "accepted"))
    log.close()

    assert table.statements == [["a"]]


def test_who_waits_is_told_that_the_database_is_away_and_what_was_noted_is_tried_again():
    table = Table(away=1)
    log = table.log()
    log.note(Attempt("a", VENUE, "accepted"))
    table.tried.wait(10)
    log.written(Attempt("b", VENUE, "code_expired")).result(10)
    assert [actor for statement in table.statements for actor in statement] == ["a", "b"]

    away = Table(away=1)
    other = away.log()
    with pytest.raises(StoreUnavailable):
        other.written(Attempt("b", VENUE, "code_expired")).result(10)
    log.close()
    other.close()
