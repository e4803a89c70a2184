"""Making the demo's data in a process of its own, told on the screen: what it takes in memory goes with it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from infra.cli.register_report import print_report
from infra.demo.making import Workshop, make, opened_workshop
from infra.demo.marker import FOLDER, Marker, read_marker
from infra.failures import OperatorFailure
from infra.vault.configured import configured_vault

if TYPE_CHECKING:
    from infra.demo.untidy_registers import WrittenRegister
    from infra.recording.import_report import ImportReport
    from infra.settings import Settings

_ERRORS_SHOWN: Final = 4
_INTERRUPTED: Final = 130


class NotAnEmptyDatabase(OperatorFailure):
    """Synthetic people do not go where real ones may be."""

    exit_code = 2


class MakingFailed(OperatorFailure):
    """The process that makes the data ended before it was done."""


def made_in_a_child(settings: Settings, url: str, members: int, seed: int, today: date) -> None:
    """Make the data in a child process, or wait for a copy that does. Raises MakingFailed or KeyboardInterrupt.

    The child has the terminal's output, not its signals: it is asked to stop once, and ends with its parent.
    """
    command = [sys.executable, "-c", "from infra.cli.main import app; app()", "demo", "--make-only"]
    command += ["--members", str(members), "--seed", str(seed), "--today", today.isoformat()]
    environment = os.environ | {"KITELINE_HOME": str(settings.home), "KITELINE_DATABASE_URL": url}
    environment.pop("KITELINE_DATABASE_URL_FILE", None)
    child = subprocess.Popen(command, env=environment, start_new_session=True)
    try:
        code = child.wait()
    except BaseException:
        child.send_signal(signal.SIGINT)
        child.wait()
        raise
    if code == _INTERRUPTED:
        raise KeyboardInterrupt
    if code:
        raise MakingFailed(
            "样例数据没有做完；再次运行会接着做。", "The data was not finished; the next run goes on with it."
        )


def make_here(settings: Settings, members: int, seed: int, today: date) -> None:
    """Make what is missing of the data, in this process. Raises NotAnEmptyDatabase."""
    from infra.database.unprivileged import end_with_parent

    end_with_parent(os.getppid())
    console = Console()
    vault = configured_vault(settings)
    url = settings.database_url
    if url is None:
        raise MakingFailed("没有数据库。", "There is no database.")
    try:
        with _alone(settings.home, console), opened_workshop(url, vault) as shop:
            marker = _agreed(shop, settings.home, Marker(seed, today.isoformat(), members))
            if marker.done:
                return
            with Screen(console) as screen:
                make(shop, settings.home, marker, screen)
            _tell(console, marker)
    except KeyboardInterrupt:
        console.print("已停下；再次运行会接着做。 Stopped; the next run goes on from here.")
        sys.exit(_INTERRUPTED)


def is_made(home: Path) -> bool:
    """Whether the marker says that all is there; whether the database still has it is `make_here`'s to see."""
    marker = read_marker(home)
    return marker is not None and marker.done


def _agreed(shop: Workshop, home: Path, wanted: Marker) -> Marker:
    """Go on with what was begun; begin anew where the database is empty. Raises NotAnEmptyDatabase."""
    begun = read_marker(home)
    if not shop.kiteline.log.max_notification_id():
        return wanted
    if begun is None:
        raise NotAnEmptyDatabase(
            "数据库中已有数据，而且不是演示数据；请用 KITELINE_HOME 或 KITELINE_DATABASE_URL 指定一个空的。",
            "The database holds data, and not the demo's: name an empty one by KITELINE_HOME or KITELINE_DATABASE_URL.",
        )
    return begun


@contextlib.contextmanager
def _alone(home: Path, console: Console) -> Iterator[None]:
    """Let one process at a time make data in a home; another waits, and then finds it made."""
    (home / FOLDER).mkdir(parents=True, exist_ok=True)
    descriptor = os.open(home / FOLDER / "making.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            console.print("另一个进程正在准备数据，等它做完… Another process makes the data; waiting for it…")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


class Screen:
    """Shows how the making goes on: a bar for each part, and each register's report as its secretary would see it."""

    def __init__(self, console: Console) -> None:
        self._console = console
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%"),
            TimeElapsedColumn(),
        )
        self._progress = Progress(*columns, console=console, transient=True)
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def begins(self, what: str, total: int) -> None:
        """Begin a bar."""
        if self._task is not None:
            self._progress.remove_task(self._task)
        named = "一年的流动 a year of movements" if what == "year" else f"导入 importing {what}"
        self._task = self._progress.add_task(named, total=total)

    def advances(self, done: int) -> None:
        """Move the bar on."""
        if self._task is not None:
            self._progress.update(self._task, completed=done)

    def imported(self, register: WrittenRegister, report: ImportReport) -> None:
        """Print a register's report."""
        print_report(self._console, register.path.name, report, most=_ERRORS_SHOWN)


def _tell(console: Console, marker: Marker) -> None:
    refused = sum(marker.refused.values())
    console.print(
        f"一年已记录：{marker.members} 名党员，{marker.events} 条事件，{refused} 条按规则退回。 "
        f"A year is recorded: {marker.members} members, {marker.events} events, {refused} commands refused by a rule.",
        soft_wrap=True,
    )
