"""Fills new tables from the log, member by member, with a second process where there is a second core.

Batches of streams go to whoever is free. The second process writes nothing: its lines come back to the first, whose one
copying thread sends everything to PostgreSQL. If it dies, what it had in hand is folded by the first.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from projections.folding import reference_upto
from projections.second_process import OtherProcess, SecondLost
from projections.whole_lives import Filled, filled

if TYPE_CHECKING:
    from multiprocessing.connection import Connection as Pipe

    from projections.log_rows import Log
    from projections.reference_history import ReferenceHistory

Blocks = list[tuple[str, bytes]]
# What was folded and waits to be copied: memory stays bounded however slow the disk.
_WAITING: Final = 3


@dataclass(frozen=True, slots=True)
class FillingTask:
    """What the second process is told to begin with: fold streams as of a position, for some tables."""

    opening: Callable[[], AbstractContextManager[Log]]
    upto: int
    wanted: frozenset[str]

    def serve(self, pipe: Pipe[Filled | Exception, list[UUID]]) -> None:
        """Answer each batch of streams with what it came to, until the pipe is closed."""
        with self.opening() as log:
            history = reference_upto(log, self.upto)
            while True:
                ids = pipe.recv()
                try:
                    answer: Filled | Exception = filled(log, history, self.upto, ids, self.wanted)
                except Exception as error:  # noqa: BLE001 - whoever asked is told, and begins again
                    answer = RuntimeError(type(error).__name__)
                pipe.send(answer)


class Filling:
    """One filling: hands out batches, and takes what they came to."""

    def __init__(
        self,
        log: Log,
        history: ReferenceHistory,
        upto: int,
        wanted: frozenset[str],
        copy: Callable[[Blocks], None],
    ) -> None:
        self._log = log
        self._history = history
        self._upto = upto
        self._wanted = wanted
        self._copy = copy
        self._turn = threading.Lock()
        self._again: list[Sequence[UUID]] = []
        self._room = threading.Semaphore(_WAITING)
        self._copying: list[Future[None]] = []
        self._stopped = False

    def run(
        self,
        batches: Iterator[Sequence[UUID]],
        opening: Callable[[], AbstractContextManager[Log]] | None,
        took: Callable[[Filled], None],
        progress: Callable[[], None],
    ) -> None:
        """Fold all batches; `took` is told of each, by one thread at a time, `progress` by the caller's thread."""
        self._batches, self._took = batches, took
        with ThreadPoolExecutor(1, "kiteline-copy") as self._copier, ThreadPoolExecutor(1, "kiteline-second") as aside:
            helped = aside.submit(self._with_second, opening) if opening is not None else None
            try:
                self._fold_on(progress)
                if helped is not None:
                    helped.result()
                    self._fold_on(progress)  # what a second process that died had in hand
                for copied in self._copying:
                    copied.result()
            finally:
                self._stopped = True

    def _fold_on(self, progress: Callable[[], None]) -> None:
        while (ids := self._next()) is not None:
            self._take(filled(self._log, self._history, self._upto, ids, self._wanted))
            progress()

    def _with_second(self, opening: Callable[[], AbstractContextManager[Log]]) -> None:
        ids: Sequence[UUID] | None = None
        try:
            with OtherProcess(FillingTask(opening, self._upto, self._wanted)) as other:
                while (ids := self._next()) is not None:
                    answer = other.ask(ids)
                    assert isinstance(answer, Filled)  # noqa: S101 - what a FillingTask answers
                    self._take(answer)
        except SecondLost:
            if ids is not None:
                with self._turn:
                    self._again.append(ids)

    def _next(self) -> Sequence[UUID] | None:
        with self._turn:
            if self._stopped:
                return None
            return self._again.pop() if self._again else next(self._batches, None)

    def _take(self, batch: Filled) -> None:
        self._room.acquire()
        with self._turn:
            self._took(batch)
            while self._copying and self._copying[0].done():
                self._copying.pop(0).result()
            self._copying.append(self._copier.submit(self._copied, batch.blocks))

    def _copied(self, blocks: Blocks) -> None:
        try:
            self._copy(blocks)
        finally:
            self._room.release()
