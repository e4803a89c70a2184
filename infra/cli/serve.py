"""`kiteline serve`: the service, all roles in one process or one of them, until it is told to stop."""

import contextlib
import errno
import signal
import socket
import threading
from collections.abc import Iterator
from enum import StrEnum
from types import FrameType
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from infra.failures import OperatorFailure
from infra.settings import Settings, load_settings

if TYPE_CHECKING:
    from api.service import Service

app = typer.Typer()


class Part(StrEnum):
    """What a process can be for."""

    API = "api"
    PROJECTIONS = "projections"
    PUBLISHER = "publisher"
    CONSUMER = "consumer"


class PortTaken(OperatorFailure):
    """Somebody else listens where we should."""


class AddressUnusable(OperatorFailure):
    """The host is none of this machine's, or the port may not be used."""


@app.command()
def serve(
    only: Annotated[
        Part | None, typer.Option(help="one role instead of all; run another process for the others")
    ] = None,
) -> None:
    """Serve the API, keep the read models, send webhooks, publish where a Kafka is set, until Ctrl-C or TERM."""
    from infra.logs import configure_logs, get_logger

    settings = load_settings()
    configure_logs(settings.log_level)
    # A TERM anywhere, while a database starts as well, unwinds what was opened.
    signal.signal(signal.SIGTERM, _leave)
    with contextlib.suppress(KeyboardInterrupt):
        run(settings, only)
        get_logger(__name__).info("service stopped")


def run(settings: Settings, only: Part | None = None) -> None:
    """Open everything in order, serve, close everything. Raises OperatorFailure before anything has started."""
    from api.service import open_service
    from infra.cli.database import opened_database
    from infra.one_core import on_one_core

    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(claimed_port(settings)) if only in {None, Part.API} else None
        url = stack.enter_context(opened_database(settings))
        service = stack.enter_context(open_service(settings, url, projecting=only in {None, Part.PROJECTIONS}))
        if only in {None, Part.PUBLISHER} and settings.kafka_bootstrap_servers is not None:
            stack.enter_context(publishing_feeds(service, url))
        if only in {None, Part.PUBLISHER}:
            stack.enter_context(sending_webhooks(service, url))
        if only in {None, Part.CONSUMER}:
            stack.enter_context(_receiving(service, url))
        if settings.one_core:
            stack.enter_context(on_one_core())
        if listening is not None:
            serve_http(service, listening)
        else:
            _wait_for_signal()


@contextlib.contextmanager
def _receiving(service: "Service", url: str) -> Iterator[None]:
    """Receive what sisters publish, where any are configured and a Kafka is."""
    from consumers.receiving.receiver import Receiving, servers_of

    if not servers_of(service.settings):
        yield
        return
    sound = service.refusal
    receiving = Receiving(service.settings, url, service.kiteline, service.inbox, sound=lambda: sound() is None)
    service.attached["consumer"] = lambda: receiving.state
    try:
        yield
    finally:
        receiving.close()


@contextlib.contextmanager
def publishing_feeds(service: "Service", url: str) -> Iterator[None]:
    """Publish the feeds to the Kafka of the settings, unless another process does, until left."""
    from consumers.publishing.publisher import Publishing

    publishing = Publishing(service.settings, url, sound=lambda: service.refusal() is None)
    service.attached["publisher"] = lambda: publishing.state
    try:
        yield
    finally:
        publishing.close()


@contextlib.contextmanager
def sending_webhooks(service: "Service", url: str) -> Iterator[None]:
    """Send webhooks, unless another process does, until left."""
    from consumers.webhooks.worker import Webhooks

    webhooks = Webhooks(service.kiteline, url, service.settings, sound=lambda: service.refusal() is None)
    service.attached["webhooks"] = lambda: webhooks.state
    try:
        yield
    finally:
        webhooks.close()


def serve_http(service: "Service", listening: socket.socket) -> None:
    """Answer requests until a signal comes; requests under way are finished within the setting's time."""
    from api.server import Server, open_many_files
    from infra.interpreter import settle_interpreter
    from infra.logs import get_logger

    settle_interpreter()
    open_many_files()
    host, port = listening.getsockname()[:2]
    get_logger(__name__).info("service started", listening=f"http://{host}:{port}")
    Server(service).run(sockets=[listening])


@contextlib.contextmanager
def claimed_port(settings: Settings, *, port: int | None = None) -> Iterator[socket.socket]:
    """Listen on the address of the settings (or another `port`, 0 for a free one) before anything else is started.

    Raises PortTaken or AddressUnusable.
    """
    host, port = settings.host, settings.port if port is None else port
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
    except OSError as error:
        raise AddressUnusable(
            f"无法使用地址 {host}：{error}。", f"The address {host} cannot be used: {error}."
        ) from error
    with contextlib.closing(listening):
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(address)
            listening.listen(2048)
        except OSError as error:
            raise _refused(error, host, port) from error
        listening.setblocking(False)
        yield listening


def _refused(error: OSError, host: str, port: int) -> OperatorFailure:
    if error.errno == errno.EADDRINUSE:
        return PortTaken(
            f"{host} 的端口 {port} 已被占用；请停止占用它的程序，或设置 KITELINE_PORT 使用另一个端口。",
            f"Port {port} on {host} is in use: stop what uses it, or set KITELINE_PORT to another.",
        )
    return AddressUnusable(
        f"无法在 {host} 的端口 {port} 上监听：{error.strerror}。",
        f"Cannot listen on {host}, port {port}: {error.strerror}.",
    )


def _leave(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _wait_for_signal() -> None:
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    stopped.wait()
