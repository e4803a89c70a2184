"""The thread that lets go of what is kept for a time only: uploads, reads of personal data, searches, sessions."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from api.personal_reads import forget_old_reads
from api.search_allowance import forget_windows_past
from infra.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from api.service import Service

_log = get_logger(__name__)
_EVERY_SECONDS: Final = 600.0
_STOP_SECONDS: Final = 30.0


class Housekeeping:
    """Runs until closed: at once, then every ten minutes; any number of processes may do it."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="housekeeping", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop, finishing what is under way."""
        self._stop.set()
        self._thread.join(_STOP_SECONDS)

    def _run(self) -> None:
        while not self._stop.is_set():
            for one in forgetting(self._service):
                try:
                    one()
                except Exception as error:  # noqa: BLE001 - the database away: tried again
                    _log.warning("what has had its time was not deleted, trying again", exc_info=error)
            self._stop.wait(_EVERY_SECONDS)


def forgetting(service: Service) -> list[Callable[[], object]]:
    """Return what is done each time."""
    return [
        service.imports.forget_old_uploads,
        lambda: forget_old_reads(service),
        lambda: forget_windows_past(service),
        service.sessions.forget_ended,
    ]
