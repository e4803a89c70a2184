"""`kiteline broker start|stop|status`: a local Apache Kafka for development and tests."""

import typer

app = typer.Typer(help="A local Apache Kafka, one node, for development and tests.", no_args_is_help=True)


@app.callback()
def _root() -> None:
    """A local Apache Kafka, one node, for development and tests."""
