"""A second process that folds half of the members while the log is far ahead: the interpreter uses one core only.

The leader tells it which part of the log to fold, folds the other half of the members itself, and writes what both made
in one transaction with the position. The second process writes nothing and decides nothing; it may die at any time.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from typing import TYPE_CHECKING, Any, Final, Protocol, Self
from uuid import UUID

from projections.collector import uncollected
from projections.folding import Batch, Folding, runs
from projections.log_rows import Log
from projections.position import Parked

if TYPE_CHECKING:
    from projections.log_rows import Row

Opening = Callable[[], AbstractContextManager[Log]]
"""Opens the log in another process: it is pickled, so a function of a module, or a partial of one."""
Changes = list[tuple[str, list[str]]]

LEADER, SECOND = 0, 1
# Not `-m`: what is sent both ways must be of this module by its name.
_MAIN: Final = "from projections.second_process import main; main()"
_LEAVE_SECONDS: Final = 5.0


class Task(Protocol):
    """What a second process is started for: it is pickled, and serves until the pipe is closed."""

    def serve(self, pipe: Pipe[Any, Any]) -> None:
        """Receive and answer until EOFError."""


class SecondLost(Exception):
    """The second process ended, or could not be started: what it was asked for was not folded."""


@dataclass(frozen=True, slots=True)
class _Start:
    opening: Opening
    position: int
    parked: set[UUID]
    kept: int
    ledgers: int

    def serve(self, pipe: Pipe[list[_Answer] | Exception, _Ask]) -> None:
        """Fold what is asked for."""
        with self.opening() as log:
            folding = Folding(log, _unasked, self.parked, position=self.position, kept=self.kept, ledgers=self.ledgers)
            folding.keep_to(SECOND)
            while True:
                pipe.send(_answered(log, folding, pipe.recv()))


@dataclass(frozen=True, slots=True)
class _Ask:
    """Fold the log from `first` to `last`: members' facts, or reference facts that touch `members`."""

    first: int
    last: int
    members: list[UUID] | None


@dataclass(frozen=True, slots=True)
class _Answer:
    latest_us: int
    parked: list[Parked]
    changes: Changes


class OtherProcess:
    """Another process at a task: what it is asked, and what it answers."""

    def __init__(self, task: Task) -> None:
        """Start it. Raises SecondLost."""
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-c", _MAIN, str(theirs.fileno())]
        try:
            self._process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
        except OSError as error:
            ours.close()
            raise SecondLost(str(error)) from error
        finally:
            theirs.close()
        self._pipe: Pipe[object, object] = Pipe(ours.detach())
        try:
            self.send(task)
        except SecondLost:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End it."""
        with suppress(OSError):
            self._pipe.close()
        try:
            self._process.wait(_LEAVE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def ask(self, message: object) -> object:
        """Send a message and wait for what it comes to. Raises SecondLost, and what it failed with."""
        self.send(message)
        return self.receive()

    def send(self, message: object) -> None:
        """Send without waiting. Raises SecondLost."""
        try:
            self._pipe.send(message)
        except OSError as error:
            raise SecondLost(str(error)) from error

    def receive(self) -> object:
        """Wait for the next answer. Raises SecondLost, and what it failed with."""
        try:
            answer = self._pipe.recv()
        except (EOFError, OSError) as error:
            raise SecondLost(str(error)) from error
        if isinstance(answer, Exception):
            raise answer
        return answer


class SecondProcess:
    """The leader's end of it."""

    def __init__(self, opening: Opening, folding: Folding, *, position: int, kept: int, ledgers: int) -> None:
        """Start it, to fold on after `position`; `folding` keeps to the other half of the members from here on."""
        self._folding = folding
        self._other = OtherProcess(_Start(opening, position, set(folding.parked), kept, ledgers))
        folding.keep_to(LEADER)

    def close(self) -> None:
        """End it; from here on the leader folds everybody."""
        self._other.close()
        self._folding.keep_to(None)

    def fold(self, rows: Sequence[Row]) -> Iterator[tuple[Batch, Changes]]:
        """Yield the batches of one page and what they change, in the order in which they are to be written."""
        folding = self._folding
        for is_reference, run in runs(rows):
            first, last = run[0].position, run[-1].position
            if is_reference:
                facts = folding.learn(run)
                members = folding.touched(facts)
                self._other.send(_Ask(first, last, members))
                mine = [(batch, folding.changes(batch)) for batch in folding.fold_touched(facts, members)]
            else:
                self._other.send(_Ask(first, last, None))
                batch = folding.fold_members(run)
                mine = [(batch, folding.changes(batch))]
            theirs = self._answers()
            yield from mine[:-1]
            for answer in theirs[:-1]:
                yield _taken(Batch(first - 1, more=True), [], answer)
            folding.parked.update(parked.member for answer in theirs for parked in answer.parked)
            yield _taken(*mine[-1], theirs[-1])

    def _answers(self) -> list[_Answer]:
        answers = self._other.receive()
        assert isinstance(answers, list)  # noqa: S101 - what is answered to _Ask
        return answers


def _taken(batch: Batch, changes: Changes, answer: _Answer) -> tuple[Batch, Changes]:
    batch.latest_us = max(batch.latest_us, answer.latest_us)
    batch.parked.extend(answer.parked)
    return batch, changes + answer.changes


def main() -> None:
    """Do what is asked for until the one who asks closes the pipe, or is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the leader's to answer
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, range(os.cpu_count() or 1))  # not the one core of the leader, which it is to relieve
    with Pipe(int(sys.argv[1])) as pipe, suppress(EOFError, BrokenPipeError, ConnectionResetError):
        task: Task = pipe.recv()
        task.serve(pipe)


def _answered(log: Log, folding: Folding, ask: _Ask) -> list[_Answer] | Exception:
    try:
        with uncollected():
            rows = log.read(ask.first, ask.last - ask.first + 1)
            if ask.members is None:
                batches: list[Batch] = [folding.fold_members(rows)]
            else:
                batches = list(folding.fold_touched(folding.learn(rows), ask.members))
            answers = []
            for batch in batches:
                changes = folding.changes(batch)
                answers.append(_Answer(batch.latest_us, batch.parked, changes))
            return answers
    except Exception as error:  # noqa: BLE001 - the leader begins again, as after any failure of its own
        return RuntimeError(f"{type(error).__name__} in the second process: {error}")


def _unasked(_: object) -> list[UUID]:
    msg = "whom reference facts touch is the leader's to say"
    raise AssertionError(msg)


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
