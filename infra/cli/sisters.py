"""`kiteline sisters`: the key line that sisters are given to know our introductions, and who our sisters are."""

from __future__ import annotations

import typer

from infra.settings import load_settings

app = typer.Typer()


@app.command()
def sisters() -> None:
    """Print this deployment's entry for the KITELINE_SISTERS of others, and the sisters configured here."""
    from infra.sisters.known import introduction_signer

    settings = load_settings()
    line = introduction_signer(settings).verifier.line
    typer.echo(f"引介密钥（提供给兄弟地区） introduction key, for sisters: {line}")
    for name, sister in sorted(settings.sisters.items()):
        kafka = sister.kafka_bootstrap_servers or settings.kafka_bootstrap_servers or "-"
        typer.echo(f"{name}: {' '.join(sister.regions)}  Kafka {kafka}")
