"""`kiteline rebuild`: read models made anew from the log beside the live ones, and switched in one transaction."""

import time
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from infra.failures import OperatorFailure
from infra.settings import load_settings

app = typer.Typer()


class UnknownView(OperatorFailure):
    """There is no such read model."""


class CannotRebuild(OperatorFailure):
    """Somebody else is at it, or the reference never held still."""


@app.command()
def rebuild(
    views: Annotated[list[str] | None, typer.Argument(help="members, duties, flows; all when none")] = None,
) -> None:
    """Rebuild read models while the old ones are served; parked members are tried again when all are rebuilt."""
    from api.rebuild_process import RUNNING, Progress, rebuild_process
    from infra.cli.database import opened_database
    from projections.rebuild import VIEWS
    from projections.second_process import cores

    wanted = views or list(VIEWS)
    unknown = [view for view in wanted if view not in VIEWS]
    if unknown:
        known = ", ".join(VIEWS)
        raise UnknownView(
            f"没有读模型 {', '.join(unknown)}；可选：{known}。",
            f"No read model {', '.join(unknown)}; there are: {known}.",
        )
    wanted = list(dict.fromkeys(wanted))
    console = Console()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    started = time.monotonic()
    with (
        opened_database(load_settings()) as url,
        rebuild_process(url, wanted, helped=cores() > 1) as process,
        Bar(*columns, console=console) as bar,
    ):
        task = bar.add_task("folding 折叠", total=None)
        for said in process.follow():
            if isinstance(said, Progress):
                bar.update(task, completed=said.done, total=said.total)
            else:
                ended = said
    if ended.refused == RUNNING:
        raise CannotRebuild("另一个进程正在重建。", "Another process is rebuilding.")
    if ended.refused is not None:
        raise CannotRebuild(
            "重建期间组织、政策、工作日或区划一再变更，请稍后再试。",
            "Organisations, policy, workdays or regions kept changing meanwhile; try again later.",
        )
    if (done := ended.rebuilt) is None:
        raise CannotRebuild(
            "重建失败，原因见上；读模型仍是原来的。",
            "It failed, for the reason above; the read models are as they were.",
        )
    seconds = time.monotonic() - started
    console.print(
        f"{', '.join(wanted)}: position {done.position}, {done.facts} facts of {done.streams} streams "
        f"in {seconds:.1f} s; parked 搁置: {done.parked}"
    )
