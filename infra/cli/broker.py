"""`kiteline broker start|stop|status`: a local Apache Kafka for development and tests."""

from typing import Annotated

import typer

from infra.broker import lifecycle, runtime
from infra.settings import load_settings

app = typer.Typer(
    help="A local Apache Kafka, one node, for development and tests.", no_args_is_help=True, add_completion=False
)

_FOREIGN = "KITELINE_KAFKA_BOOTSTRAP_SERVERS 指定了另一个 Kafka / names another Kafka: "


@app.command()
def start(
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port on loopback; by default a free one.")] = None,
) -> None:
    """Start the broker unless it runs, wait until it answers, and print its bootstrap servers."""
    settings = load_settings()
    if settings.kafka_bootstrap_servers is not None:
        typer.echo(_FOREIGN, nl=False, err=True)
        typer.echo(settings.kafka_bootstrap_servers)
        return
    typer.echo(lifecycle.start(settings.home, port).bootstrap_servers)


@app.command()
def stop() -> None:
    """Stop the broker that `start` started, and no other."""
    stopped = lifecycle.stop(load_settings().home)
    typer.echo("已停止 stopped" if stopped else "没有在运行 not running")


@app.command()
def status() -> None:
    """Tell whether the broker runs and answers; exit code 1 if it does not."""
    settings = load_settings()
    servers = settings.kafka_bootstrap_servers
    if servers is None:
        running = lifecycle.status(settings.home)
        if running is None:
            typer.echo("没有在运行 not running")
            raise typer.Exit(1)
        servers = running.bootstrap_servers
        typer.echo(f"pid {running.pid}, {settings.home / 'broker'}")
    good = lifecycle.answers(servers)
    typer.echo(f"{servers}: {'正常 answers' if good else '没有回答 does not answer'}")
    if not good:
        raise typer.Exit(1)


@app.command()
def fetch() -> None:
    """Download what the broker needs, so that a later start works without a network."""
    typer.echo(f"{len(runtime.jars())} jars, {runtime.java()}")
