"""`kiteline publish`: a region's topic filled once more from the feed's first entry."""

import time
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from infra.failures import OperatorFailure
from infra.settings import load_settings

app = typer.Typer()
_LOOK_SECONDS: Final = 0.2


class NothingToPublish(OperatorFailure):
    """The region has no feed, or there is no Kafka to publish to."""


class NotPublished(OperatorFailure):
    """The brokers did not acknowledge everything in time; whoever leads goes on."""


@app.command()
def publish(
    region: Annotated[str, typer.Option("--from-start", metavar="REGION", help="six digits of a region")],
    seconds: Annotated[float, typer.Option(min=1, help="longest wait for the brokers' acknowledgement")] = 600.0,
) -> None:
    """Send a region's whole feed to its topic again, with the same ids; subscribers know them by (source, id)."""
    from consumers.publishing import progress
    from consumers.publishing.publisher import Publishing
    from infra.cli.database import opened_database
    from infra.database.connections import connect_pool
    from projections.region_feeds import bounds

    settings = load_settings()
    if settings.kafka_bootstrap_servers is None:
        raise NothingToPublish(
            "没有设置 KITELINE_KAFKA_BOOTSTRAP_SERVERS。", "KITELINE_KAFKA_BOOTSTRAP_SERVERS is not set."
        )
    console = Console()
    with opened_database(settings) as url, connect_pool(url, max_size=1, name="kiteline publish") as pool:
        with pool.connection() as connection:
            feed = bounds(connection, region)
            if feed is None:
                raise NothingToPublish(f"地区 {region} 没有事件流。", f"The region {region} has no feed.")
            progress.ask(connection, region)
        # A candidate like any other: it publishes if nobody else does, and otherwise waits for whoever leads.
        publishing = Publishing(settings, url)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        try:
            with Progress(*columns, console=console) as bar:
                task = bar.add_task(f"kiteline.region.{region}", total=feed.head)
                deadline = time.monotonic() + seconds
                done = 0
                while done < feed.head:
                    if time.monotonic() > deadline:
                        raise NotPublished(*_late(seconds, publishing.state))
                    time.sleep(_LOOK_SECONDS)
                    with pool.connection() as connection:
                        waiting = region in progress.asked(connection)
                        lag = next(one for one in progress.lags(connection) if one.region == region)
                    done = 0 if waiting else min(lag.acknowledged, feed.head)
                    bar.update(task, completed=done)
        finally:
            publishing.close()
    console.print(f"kiteline.region.{region}: {feed.head}")


def _late(seconds: float, state: str) -> tuple[str, str]:
    return (
        f"{seconds:.0f} 秒内未全部得到确认（{state}）；请求仍然有效，由发布进程继续。",
        f"Not all was acknowledged within {seconds:.0f} s ({state}); the request stands, whoever publishes goes on.",
    )
