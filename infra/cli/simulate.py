"""`kiteline simulate`: a nation's realistic traffic into the database of the settings, the same for the same seed."""

from __future__ import annotations

import time
from collections import Counter
from datetime import datetime
from typing import Annotated

import typer

from domain.calendar import add_months
from domain.times import SHANGHAI
from infra.settings import load_settings

app = typer.Typer()


@app.command()
def simulate(
    members: Annotated[int, typer.Option(min=1, max=10_000_000, help="how many people")],
    months: Annotated[int, typer.Option(min=1, max=120, help="over how many months")] = 12,
    seed: Annotated[int, typer.Option(min=0, help="the same seed, months and day: the same lives")] = 1,
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="the last day; today if not given")
    ] = None,
    processes: Annotated[int, typer.Option(min=1, max=64, help="how many decide at the same time")] = 2,
) -> None:
    """Record the lives of many members by the domain's own decisions, fast; tells the rate at the end."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from infra.cli.database import opened_database
    from infra.demo.crowd import Crowd, play_crowd

    settings = load_settings()
    last = until.date() if until is not None else datetime.now(SHANGHAI).date()
    crowd = Crowd(members, seed, add_months(last, -months), last)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console()
    events, refused = 0, Counter[str]()
    began = time.monotonic()
    with opened_database(settings) as url, Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("模拟 simulating", total=members)
        for outcome in play_crowd(crowd, settings, url, processes):
            events += outcome.events
            refused += outcome.refused
            progress.advance(task, outcome.members)
    seconds = max(time.monotonic() - began, 0.001)
    console.print(
        f"{members} 名党员 members，{events} 条事件 events，{sum(refused.values())} 条按规则退回 refused by a rule；"
        f"{seconds:.0f} s，{events / seconds:.0f} 条/秒 events/s"
    )
