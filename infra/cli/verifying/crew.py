"""The processes that look at a long log together: they take its pieces in turn, and the answers come in their order.

The interpreter uses one core only, and hashing, folding and opening are what a verification spends its time on. What is
soon looked at, this process looks at alone.
"""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from infra.cli.verifying.tools import Tools
from infra.cli.verifying.trust import CannotVerify
from infra.failures import OperatorFailure
from projections.second_process import cores

if TYPE_CHECKING:
    from infra.settings import Settings

# Not `-m`: what is sent both ways must be of this module by its name.
_MAIN: Final = "from infra.cli.verifying.crew import main; main()"
_AHEAD: Final = 2
"""How many pieces each process is given at a time: one under way, and the next."""
_ENOUGH_FOR_ONE: Final = 50_000
_LEAVE_SECONDS: Final = 5.0

Answer_co = TypeVar("Answer_co", covariant=True)


class Piece(Protocol[Answer_co]):
    """Something to look at, small enough to be held in memory; it is pickled, and so is the answer."""

    def __call__(self, tools: Tools) -> Answer_co:
        """Look at it."""


class Crew(Protocol):
    """Whoever looks at pieces."""

    def each(self, pieces: Iterable[Piece[Answer_co]]) -> Iterator[Answer_co]:
        """Yield the answers in the order of the pieces; a few pieces are taken ahead of them.

        Raises whatever a piece raises, OperatorFailure as itself; CannotVerify if a process is lost.
        """


def how_many(events: int) -> int:
    """Tell how many processes a log of so many events is worth."""
    return 1 if events <= _ENOUGH_FOR_ONE else cores()


@contextmanager
def crew_of(processes: int, url: str, settings: Settings) -> Iterator[Crew]:
    """Start processes, this one alone for 1, and end them."""
    with ExitStack() as stack:
        if processes == 1:
            tools = Tools(url, settings)
            stack.callback(tools.close)
            yield _Alone(tools)
        else:
            yield _Together([stack.enter_context(_started(url, settings)) for _ in range(processes)])


@dataclass(frozen=True, slots=True)
class _Alone:
    tools: Tools

    def each(self, pieces: Iterable[Piece[Answer_co]]) -> Iterator[Answer_co]:
        return (piece(self.tools) for piece in pieces)


@dataclass(frozen=True, slots=True)
class _Failed:
    """Why a piece has no answer."""

    text: str
    told: tuple[str, str, int] | None

    def error(self) -> Exception:
        if self.told is None:
            return RuntimeError(self.text)
        zh, en, exit_code = self.told
        failure = OperatorFailure(zh, en)
        failure.exit_code = exit_code
        return failure


@dataclass(frozen=True, slots=True)
class _Together:
    """Piece n is given to process n modulo their number, so the answers need no sorting and little is held."""

    pipes: Sequence[Pipe]

    def each(self, pieces: Iterable[Piece[Answer_co]]) -> Iterator[Answer_co]:
        waiting: deque[Pipe] = deque()
        given = 0
        try:
            for piece in pieces:
                if len(waiting) == _AHEAD * len(self.pipes):
                    yield _received(waiting.popleft())
                pipe = self.pipes[given % len(self.pipes)]
                pipe.send(piece)
                waiting.append(pipe)
                given += 1
            while waiting:
                yield _received(waiting.popleft())
        except (EOFError, OSError) as error:
            raise CannotVerify(
                "核验所用的进程意外结束（内存不足？），没有结论。",
                "A process of the verification ended unexpectedly (out of memory?); there is no verdict.",
            ) from error


def _received(pipe: Pipe) -> Any:  # noqa: ANN401 - whatever the piece answers
    answer = pipe.recv()
    if isinstance(answer, _Failed):
        raise answer.error()
    return answer


@contextmanager
def _started(url: str, settings: Settings) -> Iterator[Pipe]:
    ours, theirs = socket.socketpair()
    with theirs, Pipe(ours.detach()) as pipe:
        command = [sys.executable, "-c", _MAIN, str(theirs.fileno())]
        process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
        theirs.close()
        try:
            pipe.send((url, settings))
            yield pipe
        finally:
            with suppress(OSError):
                pipe.close()
            try:
                process.wait(_LEAVE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def main() -> None:
    """Look at what is given until the other end closes the pipe, or is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the other's to answer
    with Pipe(int(sys.argv[1])) as pipe, suppress(EOFError, BrokenPipeError, ConnectionResetError):
        tools = Tools(*pipe.recv())
        try:
            while True:
                pipe.send(_answered(pipe.recv(), tools))
        finally:
            tools.close()


def _answered(piece: Piece[Any], tools: Tools) -> Any:  # noqa: ANN401 - as above
    try:
        return piece(tools)
    except OperatorFailure as failure:
        return _Failed(str(failure), (failure.zh, failure.en, failure.exit_code))
    except Exception as error:  # noqa: BLE001 - told where it is waited for
        return _Failed(f"{type(error).__name__}: {error}", None)
