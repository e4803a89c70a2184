"""The HTTP server: uvicorn, and what it does for this service beside."""

from __future__ import annotations

import resource
from typing import TYPE_CHECKING, Final

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.app import create_app

if TYPE_CHECKING:
    import asyncio
    import socket
    from types import FrameType

    from api.service import Service

_KEEP_ALIVE_SECONDS: Final = 20


class Connection(HttpToolsProtocol):
    """A connection whose requests know their transport, so that one that takes nothing can be cut off."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Hand the transport to requests as `scope["state"]["transport"]`."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


class Server(uvicorn.Server):
    """Ends what waits (streams, long polls) at once when told to stop; what is being worked on is finished."""

    def __init__(self, service: Service) -> None:
        """Serve one service."""
        self._service = service
        super().__init__(
            uvicorn.Config(
                create_app(service),
                http=Connection,
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,  # nothing here asks who stands before us
                timeout_graceful_shutdown=max(1, round(service.settings.shutdown_timeout_seconds)),
                timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            )
        )

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Be not ready any more, from the signal on."""
        self._service.stopping = True
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop."""
        self._service.stopping = True
        self._service.feed_watch.stop()
        await super().shutdown(sockets)


def open_many_files() -> None:
    """Let this process have as many connections as the machine allows it: each subscriber is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
