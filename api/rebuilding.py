"""Rebuilds read models when an operator asks for it: in a process of its own, which tells how far it is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from infra.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from api.operator_acts import OperatorActs

_log = get_logger(__name__)
_MAIN: Final = "from api.rebuilding import main; main()"
_TELL_EVERY_SECONDS: Final = 1.0
_END_SECONDS: Final = 10.0
_COURTESY: Final = 10
"""Whoever reads meanwhile comes first."""
RUNNING: Final = "rebuild_running"
CHANGED: Final = "reference_changed"


class Rebuilding:
    """What a process has under way of it; one at a time, and one at a time of all processes."""

    def __init__(self, acts: OperatorActs, database_url: str) -> None:
        """Begin with nothing."""
        self._acts = acts
        self._url = database_url
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._thread: threading.Thread | None = None

    def start(self, act_id: UUID, views: Sequence[str], begun: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
        """Begin to rebuild, and return what `begun` wrote of the act; None while this process is at it already.

        What comes of it is written to the act, also that another process is at it.
        """
        with self._lock:
            if self._thread is not None and self._thread.is_alive():
                return None
            written = begun()
            command = [sys.executable, "-c", _MAIN]
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            assert process.stdin is not None  # noqa: S101
            with process.stdin as told:
                told.write(json.dumps({"url": self._url, "views": list(views)}))
            self._process = process
            self._thread = threading.Thread(target=self._follow, args=(act_id, process), name="rebuild", daemon=True)
            self._thread.start()
            return written

    def close(self) -> None:
        """End what is under way; the read models stay as they are."""
        with self._lock:
            process, thread = self._process, self._thread
        if process is not None and process.poll() is None:
            process.terminate()
        if thread is not None:
            thread.join(_END_SECONDS)

    def _follow(self, act_id: UUID, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None  # noqa: S101
        state, outcome, told_at = "failed", None, 0.0
        try:
            with process.stdout as lines:
                for line in lines:
                    said = json.loads(line)
                    if "state" in said:
                        state, outcome = said["state"], said["outcome"]
                    elif time.monotonic() - told_at >= _TELL_EVERY_SECONDS:
                        told_at = time.monotonic()
                        self._acts.tell(act_id, said["done"], said["total"])
            process.wait()
            self._acts.end(act_id, state, outcome)
        except Exception as error:  # noqa: BLE001 - the database away: what is not told of any more counts as failed
            _log.warning("a rebuild cannot be followed", kind=type(error).__name__)


def main() -> None:
    """Rebuild what is asked for on standard input; say how far it is, and what came of it, a line each."""
    from api.projecting import log_at
    from infra.database.connections import connect_pool
    from projections.rebuild import RebuildRunning, ReferenceChanged, rebuild

    asked = json.load(sys.stdin)
    os.nice(_COURTESY)
    with (
        log_at(asked["url"]) as log,
        connect_pool(asked["url"], max_size=2, name="kiteline rebuild") as pool,
    ):
        try:
            done = rebuild(pool, log, asked["views"], lambda seen, total: _say(done=seen, total=total))
        except RebuildRunning:
            _say(state="refused", outcome=RUNNING)
        except ReferenceChanged:
            _say(state="refused", outcome=CHANGED)
        else:
            outcome = f"position {done.position}, {done.streams} streams, {done.facts} facts, {done.parked} parked"
            _say(state="done", outcome=outcome)


def _say(**what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()
