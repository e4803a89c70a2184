"""`kiteline demo`, which `make run` runs: a year of synthetic movements, made once, and the service over it."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from domain.times import SHANGHAI
from infra.cli.serve import claimed_port, sending_webhooks, serve_http
from infra.settings import load_settings

if TYPE_CHECKING:
    import socket
    from types import FrameType

    from api.service import Service
    from infra.demo.marker import Marker
    from infra.settings import Settings

app = typer.Typer()

_MEMBERS = 5_000
_SEED = 20


@app.command()
def demo(
    members: Annotated[
        int, typer.Option(min=50, max=100_000, help="how many people, when the data is made")
    ] = _MEMBERS,
    seed: Annotated[int, typer.Option(min=0, help="the same seed and day, the same lives")] = _SEED,
    today: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="the day up to which the year goes")
    ] = None,
    two_regions: Annotated[
        bool, typer.Option("--two-regions", help="instead: two deployments that close one loop over a Kafka")
    ] = False,
    make_only: Annotated[bool, typer.Option("--make-only", hidden=True)] = False,
) -> None:
    """Make a year of synthetic movements in KITELINE_HOME, unless it is there, and serve it until Ctrl-C."""
    from infra.logs import configure_logs

    settings = load_settings()
    configure_logs(settings.log_level if "KITELINE_LOG_LEVEL" in os.environ else "WARNING")
    day = today.date() if today is not None else datetime.now(SHANGHAI).date()
    signal.signal(signal.SIGTERM, _leave)
    if make_only:
        from infra.cli.demo_making import make_here

        make_here(settings, members, seed, day)
        return
    if two_regions:
        from infra.cli.two_regions import run

        with contextlib.suppress(KeyboardInterrupt):
            run(settings)
        typer.echo("已停止 stopped")
        return
    with contextlib.suppress(KeyboardInterrupt), claimed_port(settings) as listening:
        _run(settings, listening, members, seed, day)
    typer.echo("已停止 stopped")


def _run(settings: Settings, listening: socket.socket, members: int, seed: int, day: date) -> None:
    """Open the database, make what is missing, serve. The read models follow while the data is made."""
    from api.service import open_service
    from infra.cli.database import opened_database
    from infra.cli.demo_making import made_in_a_child
    from infra.demo.marker import read_marker
    from infra.demo.persons import set_out

    with opened_database(settings) as url, open_service(settings, url) as service, sending_webhooks(service, url):
        made_in_a_child(settings, url, members, seed, day)
        service.kiteline.refresh_reference()
        marker = read_marker(settings.home)
        if marker is not None:
            # Whoever opens the demo's console may be anybody in it: its people are made up.
            service.settings = settings.model_copy(update={"ready_persons": set_out(settings.home, marker)})
            threading.Thread(target=_tell_when_ready, args=(service, marker, listening), daemon=True).start()
        serve_http(service, listening)


def _tell_when_ready(service: Service, marker: Marker, listening: socket.socket) -> None:
    from infra.cli.demo_screen import await_answers, print_screen
    from infra.tokens.configured import local_issuer
    from infra.tokens.principal import Role

    settings = service.settings
    token = local_issuer(settings).mint(
        Role.ORGANISATION_DEPARTMENT,
        region="000000",
        subject="department:demo",
        lifetime=settings.token_lifetime_seconds,
    )
    host, port = listening.getsockname()[:2]
    head = service.kiteline.log.max_notification_id() or 0
    if await_answers(host, port, token, head, lambda: service.stopping):
        print_screen(settings, marker, f"http://{host}:{port}", token, lambda line: print(line, flush=True))


def _leave(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
