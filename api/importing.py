"""The thread that works on the imports that wait: one after another, each to its end, whoever has left meanwhile."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Final

from domain.errors import Sentence
from infra.event_store.refusals import StoreUnavailable
from infra.logs import get_logger
from infra.metrics import IMPORT_ROWS
from infra.registers.refusal import RegisterRefused

if TYPE_CHECKING:
    from infra.recording.import_archive import ImportArchive
    from infra.recording.import_report import ImportReport
    from infra.recording.import_run import Waiting
    from infra.recording.import_runs import ImportRuns
    from infra.recording.imports import Importer

_log = get_logger(__name__)
_LOOK_SECONDS: Final = 2.0
_STOP_SECONDS: Final = 30.0
_NO_FILE: Final = Sentence("上传的台账已不再保留，未作导入", "The upload is no longer kept: nothing was imported.")
_BROKEN: Final = Sentence(
    "处理时出错，已报告；改正前请勿重复上传",
    "Something went wrong inside; it was reported. Do not upload it again yet.",
)


class Importing:
    """Works until closed; any number of processes may, one at a time has an import."""

    def __init__(self, runs: ImportRuns, archive: ImportArchive, importer: Importer) -> None:
        self.runs = runs
        self._archive = archive
        self.importer = importer
        self._stop = threading.Event()
        self._news = threading.Event()
        self._thread = threading.Thread(target=self._run, name="imports", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Look at once whether there is something to do."""
        self._news.set()

    def close(self) -> None:
        """Stop; what is under way is begun again by whoever comes next."""
        self._stop.set()
        self._news.set()
        self._thread.join(_STOP_SECONDS)

    def _run(self) -> None:
        while not self._stop.is_set():
            did = False
            try:
                did = self.runs.is_one_waiting() and self._next()
            except _Stopped:
                return
            except StoreUnavailable as error:
                _log.warning("imports wait for the database", exc_info=error)
            if not did:
                self._news.wait(_LOOK_SECONDS)
                self._news.clear()

    def _next(self) -> bool:
        with self.runs.turn() as waiting:
            if waiting is None:
                return False
            try:
                report = self._worked(waiting)
            except RegisterRefused as refused:
                self.runs.failed(waiting.import_id, refused.code, refused.sentence)
            except (StoreUnavailable, _Stopped):
                raise
            except Exception as error:  # noqa: BLE001 - one register must not keep the others waiting for ever
                _log.error("import failed", import_id=str(waiting.import_id), exc_info=error)
                self.runs.failed(waiting.import_id, "internal_error", _BROKEN)
            else:
                if report is not None:
                    self.runs.done(waiting.import_id, report)
            return True

    def _worked(self, waiting: Waiting) -> ImportReport | None:
        kept = self._archive.find(waiting.import_id)
        if kept is None or kept.content is None or kept.filename is None:
            self.runs.failed(waiting.import_id, "gone", _NO_FILE)
            return None

        def told(rows: int, expected: int | None) -> None:
            if self._stop.is_set():
                raise _Stopped
            self.runs.read(waiting.import_id, rows, expected)

        run = partial(
            self.importer.run,
            kept.content,
            kept.filename,
            organisation=waiting.organisation,
            caller=waiting.caller,
            progress=told,
            import_id=str(waiting.import_id),
        )
        if waiting.records and waiting.checks_first:
            tried = run(dry_run=True)
            if tried.errors:
                self.runs.refused(waiting.import_id, tried)
                return None
            self.runs.checked(waiting.import_id)
        report = run(dry_run=not waiting.records)
        for outcome in ("accepted", "already_known", "rejected"):
            IMPORT_ROWS.labels(outcome).inc(getattr(report, outcome))
        return report


class _Stopped(Exception):
    """The service stops: the import is begun again later."""
