"""Looks at topics now and then in a thread of its own: sending does not wait for what the brokers tell of them."""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from consumers.publishing.kafka import Kafka, Seen
    from consumers.publishing.progress import Progress

_EVERY_SECONDS: Final = 1.0


class Look(NamedTuple):
    """What the brokers showed, and how the topics stood when they were asked: later ones may hold more."""

    cluster_id: str
    before: Mapping[str, Progress]
    seen: Mapping[str, Seen | None]


class Looks:
    """One look at a time, a second apart."""

    def __init__(self, kafka: Kafka) -> None:
        """Nothing is asked yet."""
        self._kafka = kafka
        self._thread = ThreadPoolExecutor(1, "kiteline-publisher-looks")
        self._under_way: Future[Look] | None = None
        self._due_at = time.monotonic() + _EVERY_SECONDS

    def close(self) -> None:
        """Ask no more; what is under way ends by itself."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def due(self) -> bool:
        """Tell whether it is time for the next one."""
        return self._under_way is None and time.monotonic() >= self._due_at

    def begin(self, topics: Mapping[str, Progress]) -> None:
        """Look at the topics of these regions."""
        self._due_at = time.monotonic() + _EVERY_SECONDS
        self._under_way = self._thread.submit(self._look, topics)

    def taken(self) -> Look | None:
        """Return what the last one saw, once; None while there is none. Raises KafkaAway."""
        if self._under_way is None or not self._under_way.done():
            return None
        done, self._under_way = self._under_way, None
        return done.result()

    def _look(self, topics: Mapping[str, Progress]) -> Look:
        return Look(self._kafka.cluster_id(), topics, self._kafka.look(list(topics)))
