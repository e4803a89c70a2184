"""A receiver of webhooks as a subscriber has one: a real HTTP server on loopback that answers as it is told."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson

_PATIENCE = 60.0


@dataclass(frozen=True)
class Received:
    """One request, headers in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        return dict(orjson.loads(self.body))


@dataclass
class Reply:
    """What to answer, after `wait` seconds."""

    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    wait: float = 0.0
    body: bytes = b""


Answering = Callable[[int, Received], Reply]
"""Says what to answer to the n-th request, from 1."""


class Receiver:
    """Keeps every request in the order of its arrival."""

    def __init__(self, server: ThreadingHTTPServer, scheme: str) -> None:
        self.server = server
        self.scheme = scheme
        self.received: list[Received] = []
        self.faults: list[BaseException] = []
        self.answering: Answering = lambda _number, _request: Reply()
        self._news = threading.Condition()

    @property
    def host(self) -> str:
        return str(self.server.server_address[0])

    @property
    def port(self) -> int:
        return int(self.server.server_address[1])

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}/hook?token=t"

    @property
    def ids(self) -> list[str]:
        return [one.headers["webhook-id"] for one in list(self.received)]

    def take(self, request: Received) -> Reply:
        with self._news:
            self.received.append(request)
            number = len(self.received)
            self._news.notify_all()
        try:
            return self.answering(number, request)
        except BaseException as error:
            self.faults.append(error)  # told where the receiver is left, not in a thread that nobody watches
            raise

    def wait_for(self, count: int) -> list[Received]:
        """Return the requests once there are so many; fails when they do not come."""
        with self._news:
            assert self._news.wait_for(lambda: len(self.received) >= count, _PATIENCE), (count, self.ids)
            return list(self.received)


@contextmanager
def receiver(host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """Receive on a loopback address until left."""
    with ThreadingHTTPServer((host, port), _Handler) as server:
        server.daemon_threads = True
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        receiving = server.receiving = Receiver(server, "http" if tls is None else "https")  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="receiver")
        thread.start()
        try:
            yield receiving
        finally:
            server.shutdown()
            thread.join()
            assert receiving.faults == []


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self.server.receiving.take(Received(self.path, headers, body))  # type: ignore[attr-defined]
        if reply.wait:
            time.sleep(reply.wait)  # the receiver is slow: that is what it is there for
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.status != 204:
            self.send_header("content-length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    def handle(self) -> None:
        try:
            super().handle()
        except (OSError, ValueError):
            self.close_connection = True  # the sender went away: it was slow answering

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Say nothing."""
