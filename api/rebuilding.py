"""Rebuilds read models when an operator asks for it: in a process of its own, which tells how far it is."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Final

from api.rebuild_process import Progress, RebuildProcess
from infra.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from api.operator_acts import OperatorActs
    from api.rebuild_process import Ended

_log = get_logger(__name__)
_TELL_EVERY_SECONDS: Final = 1.0
_END_SECONDS: Final = 10.0


class Rebuilding:
    """What a process has under way of it; one at a time, and one at a time of all processes."""

    def __init__(self, acts: OperatorActs, database_url: str) -> None:
        """Begin with nothing."""
        self._acts = acts
        self._url = database_url
        self._lock = threading.Lock()
        self._process: RebuildProcess | None = None
        self._thread: threading.Thread | None = None

    def start(self, act_id: UUID, views: Sequence[str], begun: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
        """Begin to rebuild, and return what `begun` wrote of the act; None while this process is at it already.

        What comes of it is written to the act, also that another process is at it.
        """
        with self._lock:
            if self._thread is not None and self._thread.is_alive():
                return None
            written = begun()
            self._process = process = RebuildProcess(self._url, views, helped=False)
            self._thread = threading.Thread(target=self._follow, args=(act_id, process), name="rebuild", daemon=True)
            self._thread.start()
            return written

    def close(self) -> None:
        """End what is under way; the read models stay as they are."""
        with self._lock:
            process, thread = self._process, self._thread
        if process is not None:
            process.end()
        if thread is not None:
            thread.join(_END_SECONDS)

    def _follow(self, act_id: UUID, process: RebuildProcess) -> None:
        told_at = 0.0
        try:
            for said in process.follow():
                if not isinstance(said, Progress):
                    self._acts.end(act_id, *_told(said))
                elif time.monotonic() - told_at >= _TELL_EVERY_SECONDS:
                    told_at = time.monotonic()
                    self._acts.tell(act_id, said.done, said.total)
        except Exception as error:  # noqa: BLE001 - the database away: what is not told of any more counts as failed
            _log.warning("a rebuild cannot be followed", kind=type(error).__name__)


def _told(ended: Ended) -> tuple[str, str | None]:
    if ended.refused is not None:
        return "refused", ended.refused
    if (done := ended.rebuilt) is None:
        return "failed", None
    return "done", f"position {done.position}, {done.streams} streams, {done.facts} facts, {done.parked} parked"
