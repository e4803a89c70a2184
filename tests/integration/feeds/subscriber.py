"""A subscriber from outside: httpx, and what the specifications of HTTP feeds and server-sent events say."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson

from tests.running_service import Person

BATCH = "application/cloudevents-batch+json"
_PATIENCE = 60


class Broken(AssertionError):
    """A feed has a gap, a repetition, or another order."""


def must_be_unbroken(events: list[dict[str, Any]], before: int = 0) -> None:
    """Each event names the one before it, and numbers have no gap."""
    for event in events:
        if (event["prevposition"], event["feedposition"]) != (before, before + 1):
            raise Broken(f"{event['feedposition']} after {before}")
        before = event["feedposition"]


def whole_feed(person: Person, region: str, limit: int = 1_000) -> list[dict[str, Any]]:
    """Read a feed page by page, to its end."""
    events: list[dict[str, Any]] = []
    while True:
        parameters = {"limit": limit, "min_position": person.running.latest}
        if events:
            parameters["lastEventId"] = events[-1]["id"]
        answer = person.http.get(f"/v1/feeds/{region}", params=parameters)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == BATCH
        page = answer.json()
        if not page:
            return events
        events += page


@dataclass
class Frames:
    """An open stream, read as the WHATWG's rules for event streams say."""

    answer: httpx.Response
    comments: int = 0
    last_event_id: str | None = None
    ended: bool = False
    retry: int | None = None
    _lines: Iterator[str] = field(init=False)

    def __post_init__(self) -> None:
        """Read line by line."""
        self._lines = self.answer.iter_lines()

    def next(self) -> dict[str, Any] | None:
        """Wait for the next event; None when the stream has ended."""
        data: list[str] = []
        deadline = time.monotonic() + _PATIENCE
        for line in self._lines:
            assert time.monotonic() < deadline, "hearts beat, and no event came"
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if line == "" and data:
                return dict(orjson.loads("\n".join(data)))
            if name == "data":
                data.append(value)
            elif name == "id":
                self.last_event_id = value
            elif name == "retry":
                self.retry = int(value)
            elif line:
                self.comments += name == ""
        self.ended = True
        return None

    def take(self, count: int) -> list[dict[str, Any]]:
        """Wait for so many events; fewer where the stream ends."""
        found = [event for _ in range(count) if (event := self.next()) is not None]
        for event in found[-1:]:
            assert event["id"] == self.last_event_id
        return found


@contextmanager
def streaming(person: Person, region: str, last_event_id: str | None = None, **query: str) -> Iterator[Frames]:
    """Open a stream, from an event on where one is named."""
    headers = {} if last_event_id is None else {"Last-Event-ID": last_event_id}
    path = f"/v1/feeds/{region}/stream"
    with person.http.stream("GET", path, headers=headers, params=query) as answer:
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"].partition(";")[0] == "text/event-stream"
        yield Frames(answer)


@contextmanager
def raw_request(person: Person, path: str, *, receive_buffer: int | None = None) -> Iterator[socket.socket]:
    """Ask on a connection of one's own, to be left or not read; with a small buffer it takes little at once."""
    host, port = person.running.url.removeprefix("http://").split(":")
    with socket.socket() as connection:
        if receive_buffer is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.settimeout(_PATIENCE)
        connection.connect((host, int(port)))
        connection.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {person.token}\r\n\r\n".encode()
        )
        yield connection


def await_listeners(person: Person, count: int) -> None:
    """Wait until exactly so many wait at feeds of this service."""
    deadline = time.monotonic() + _PATIENCE
    while person.running.service.feed_watch.count != count:
        assert time.monotonic() < deadline, person.running.service.feed_watch.count
        time.sleep(0.01)
