"""Subscribers from outside that follow a region's feed through whatever happens to the service: by stream, by page."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from typing import Any

import httpx
import orjson

_PAUSE = 0.05
_AWAY = (httpx.TransportError, httpx.StreamError)


class Unexpected(AssertionError):
    """The service answered what no subscriber can go on from."""


class Follower(threading.Thread, ABC):
    """Takes events until told to stop, keeps them, and comes back with the last one it holds whenever it is cut off."""

    def __init__(self, url: str, token: str, region: str) -> None:
        """Follow a region's feed from its beginning."""
        super().__init__(daemon=True)
        self.region = region
        self.held: list[bytes] = []
        self.comebacks = 0
        self.failure: Exception | None = None
        self._last: dict[str, Any] = {"id": "", "feedposition": 0}
        self._enough = threading.Event()
        self._http = httpx.Client(
            base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=5, trust_env=False
        )

    def run(self) -> None:
        """Follow."""
        while not self._enough.is_set():
            try:
                self._follow(self._last["id"])
            except _AWAY:
                pass
            except Exception as error:  # noqa: BLE001 - told by the test that waits for it
                self.failure = error
                return
            self.comebacks += 1
            time.sleep(_PAUSE)

    def leave(self) -> None:
        """Stop following."""
        self._enough.set()
        self._http.close()

    @abstractmethod
    def _follow(self, last: str) -> None:
        """Take events behind `last` until cut off."""

    def _take(self, content: bytes) -> None:
        event = orjson.loads(content)
        if event["prevposition"] != self._last["feedposition"]:
            raise Unexpected(f"{event['prevposition']} is before {event['feedposition']}, {self._last} is held")
        self._last = event
        self.held.append(content)


class Listener(Follower):
    """Listens to server-sent events."""

    def _follow(self, last: str) -> None:
        headers = {"Last-Event-ID": last} if last else {}
        with self._http.stream("GET", f"/v1/feeds/{self.region}/stream", headers=headers) as answer:
            if answer.status_code == 503:
                return
            if answer.status_code != 200:
                raise Unexpected(answer.read())
            for line in answer.iter_lines():
                if line.startswith("data: "):
                    self._take(line.removeprefix("data: ").encode())
                if self._enough.is_set():
                    return


class Poller(Follower):
    """Asks for pages, waiting for what comes."""

    def _follow(self, last: str) -> None:
        asked = {"lastEventId": last, "limit": "7", "timeout": "1000"}
        answer = self._http.get(f"/v1/feeds/{self.region}", params=asked)
        if answer.status_code in (503, 504):
            return
        if answer.status_code != 200:
            raise Unexpected(answer.text)
        for event in answer.json():
            self._take(orjson.dumps(event))


class Forgetful(Listener):
    """The broken variant: comes back without saying what it holds, as if it had just subscribed to what is new."""

    def _follow(self, last: str) -> None:
        if last:
            page = self._http.get(f"/v1/feeds/{self.region}", params={"limit": "1000", "lastEventId": last})
            if page.status_code != 200 or not page.json():
                return
            last = page.json()[-1]["id"]
        super()._follow(last)
