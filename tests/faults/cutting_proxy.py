"""A proxy before PostgreSQL's socket that can cut a connection right before, or right after, the server has worked."""

import select
import shutil
import socket
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Literal, Self
from urllib.parse import quote, unquote, urlsplit

_SOCKET = ".s.PGSQL.5432"
# The message that starts the call of append_saves: Bind of that prepared statement.
_APPEND_BEGINS = b"\0append_saves\0"
_READY = b"Z\0\0\0\5I"


class CuttingProxy:
    """Forwards every connection; `cut_next` makes it cut the one on which the next append is sent."""

    def __init__(self, url: str) -> None:
        """Stand before the server of `url`, which names a socket folder."""
        parts = urlsplit(url)
        self._server = f"{unquote(parts.query.removeprefix('host='))}/{_SOCKET}"
        self._folder = Path(tempfile.mkdtemp(prefix="cut-"))
        self.url = url.replace(parts.query, f"host={quote(str(self._folder), safe='')}")
        self.cuts = 0
        self._cut_next: Literal["before", "after"] | None = None
        self._refusing = False
        self._refusing_after = False
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self._folder / _SOCKET))
        self._listener.listen()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def cut_next(self, when: Literal["before", "after"], *, then_refuse: bool = False) -> None:
        """Cut at the next append: before it reaches the server, or after the server has committed and answered.

        `then_refuse` lets no connection through afterwards, as if the network were gone.
        """
        self._cut_next = when
        self._refusing_after = then_refuse

    def _start(self, work: object, *arguments: object) -> None:
        assert callable(work)
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self._refusing:
                    client.close()
                else:
                    self._start(self._forward, client)

    def _forward(self, client: socket.socket) -> None:
        server = socket.socket(socket.AF_UNIX)
        with suppress(OSError), client, server:
            server.connect(self._server)
            while True:
                for ready in select.select([client, server], [], [])[0]:
                    chunk = ready.recv(1 << 16)
                    if not chunk:
                        return
                    if ready is client and self._cut_next is not None and _APPEND_BEGINS in chunk:
                        self._cut(server, chunk)
                        return
                    (server if ready is client else client).sendall(chunk)

    def _cut(self, server: socket.socket, chunk: bytes) -> None:
        when, self._cut_next = self._cut_next, None
        self._refusing = self._refusing_after
        if when == "after":
            server.sendall(chunk)
            answer = b""
            while not answer.endswith(_READY):
                answer += server.recv(1 << 16)
        self.cuts += 1
