"""Takes a page of events in: those of one subject in their order, those of many side by side, the offset with the last.

A transaction that waits for the disk is shared by all who record at that moment, so that a topic that is read from its
beginning takes a fraction of the time. Where reading goes on is stored in the transaction of the last effect of a page,
or by itself where that had none: never ahead of what was recorded. What is read again after a crash is known.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from infra.sisters.taking import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from consumers.receiving.topics import Read
    from infra.event_store.recorder import KitelineRecorder
    from infra.sisters.taking import Inbox

_LANES: Final = 8
_WORTH_IT: Final = 8
"""Events of a page below which they are taken one after the other."""


class Lanes:
    """Threads that take events in; `close` ends them."""

    def __init__(self, inbox: Inbox, log: KitelineRecorder) -> None:
        """Start threads when they are first needed."""
        self._inbox = inbox
        self._log = log
        self._threads = ThreadPoolExecutor(_LANES, thread_name_prefix="receiver-lane")

    def take(self, page: Sequence[Read], stopped: Callable[[], bool] = lambda: False) -> None:
        """Take a page in, topic by topic as it came; raises what `Inbox.receive` raises.

        Stopped before the end, nothing is stored of how far it was read.
        """
        last = {read.topic: read for read in page}
        before = [read for read in page if read is not last[read.topic]]
        if len(before) < _WORTH_IT:
            self._lane(before, stopped)
        else:
            self._side_by_side(before, stopped)
        for read in last.values():
            if stopped():
                return
            if self._inbox.receive(read.value, read.topic, read.tracking) is not Outcome.RECORDED:
                self._log.insert_tracking(read.tracking)

    def close(self) -> None:
        """Wait for what is being recorded."""
        self._threads.shutdown()

    def _side_by_side(self, reads: list[Read], stopped: Callable[[], bool]) -> None:
        lanes: list[list[Read]] = [[] for _ in range(_LANES)]
        for read in reads:
            lanes[hash(read.key) % _LANES].append(read)
        errors = [lane.exception() for lane in [self._threads.submit(self._lane, one, stopped) for one in lanes]]
        for error in errors:
            if error is not None:
                raise error

    def _lane(self, reads: list[Read], stopped: Callable[[], bool]) -> None:
        for read in reads:
            if stopped():
                return
            self._inbox.receive(read.value, read.topic)
