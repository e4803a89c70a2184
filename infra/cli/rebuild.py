"""`kiteline rebuild`: read models made anew from the log beside the live ones, and switched in one transaction."""

import os
import time
from functools import partial
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from infra.failures import OperatorFailure
from infra.settings import load_settings

app = typer.Typer()

# Whoever reads meanwhile comes first.
_COURTESY: Final = 10


class UnknownView(OperatorFailure):
    """There is no such read model."""


class CannotRebuild(OperatorFailure):
    """Somebody else is at it, or the reference never held still."""


@app.command()
def rebuild(
    views: Annotated[list[str] | None, typer.Argument(help="members, duties, flows; all when none")] = None,
) -> None:
    """Rebuild read models while the old ones are served; parked members are tried again when all are rebuilt."""
    from api.projecting import log_at, log_of
    from infra.cli.database import opened_database
    from infra.database.connections import connect_pool
    from infra.event_store.recorder import KitelineRecorder
    from projections.rebuild import VIEWS, RebuildRunning, ReferenceChanged
    from projections.rebuild import rebuild as rebuild_views
    from projections.second_process import cores

    os.nice(_COURTESY)
    wanted = views or list(VIEWS)
    unknown = [view for view in wanted if view not in VIEWS]
    if unknown:
        known = ", ".join(VIEWS)
        raise UnknownView(
            f"没有读模型 {', '.join(unknown)}；可选：{known}。",
            f"No read model {', '.join(unknown)}; there are: {known}.",
        )
    console = Console()
    with (
        opened_database(load_settings()) as url,
        connect_pool(url, max_size=2, name="kiteline rebuild") as pool,
        Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console
        ) as bar,
    ):
        recorder = KitelineRecorder(url, readers=2)
        task = bar.add_task("folding 折叠", total=None)
        started = time.monotonic()
        try:
            done = rebuild_views(
                pool,
                log_of(recorder),
                dict.fromkeys(wanted),
                lambda seen, total: bar.update(task, completed=seen, total=total),
                partial(log_at, url) if cores() > 1 else None,
            )
        except RebuildRunning:
            raise CannotRebuild("另一个进程正在重建。", "Another process is rebuilding.") from None
        except ReferenceChanged:
            raise CannotRebuild(
                "重建期间组织、政策、工作日或区划一再变更，请稍后再试。",
                "Organisations, policy, workdays or regions kept changing meanwhile; try again later.",
            ) from None
        finally:
            recorder.close()
    seconds = time.monotonic() - started
    console.print(
        f"{', '.join(dict.fromkeys(wanted))}: position {done.position}, {done.facts} facts of {done.streams} streams "
        f"in {seconds:.1f} s; parked 搁置: {done.parked}"
    )
