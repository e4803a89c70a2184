"""Imports that go on after their upload was answered: which wait, how far one is, and what became of it.

One is worked on at a time in a deployment, by whichever process holds the lock; a process that dies lets it go, and the
next one begins that import again: what was recorded by then is known already.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import orjson

from domain.errors import Sentence
from infra.recording.drafts import Caller
from infra.recording.import_archive import KEPT_DAYS, ImportArchive, packed_counts, packed_report
from infra.recording.import_run import ImportRun, Upload, Waiting

if TYPE_CHECKING:
    from infra.event_store.recorder import KitelineRecorder
    from infra.recording.import_report import ImportReport

_ALONE: Final = "SELECT pg_try_advisory_lock(1802073189, 1768779888)"
_DONE_ALONE: Final = "SELECT pg_advisory_unlock(1802073189, 1768779888)"
_BEGIN: Final = """
INSERT INTO register_import (
    import_id, actor, caller, organisation, state, records, all_or_nothing, called, upload, upload_until
)
VALUES (%s, %s, %s, %s, 'waiting', %s, %s, %s, %s, clock_timestamp() + make_interval(days => %s))
"""
_AGAIN: Final = """
UPDATE register_import
SET state = 'waiting', records = true, all_or_nothing = %s, checked = false, caller = %s, rows_read = 0, ended_at = NULL
WHERE import_id = %s AND (state = 'refused' OR state = 'done' AND NOT records)
    AND upload_until >= clock_timestamp() AND upload IS NOT NULL
RETURNING import_id
"""
_NEXT: Final = """
SELECT import_id, caller, organisation, records, all_or_nothing AND NOT checked
FROM register_import
WHERE state IN ('waiting', 'running')
ORDER BY imported_at
LIMIT 1
"""
_RUNNING: Final = (
    "UPDATE register_import SET state = 'running', rows_read = 0, rows_expected = NULL WHERE import_id = %s"
)
_CHECKED: Final = "UPDATE register_import SET checked = true, rows_read = 0, rows_expected = NULL WHERE import_id = %s"
_READ: Final = "UPDATE register_import SET rows_read = %s, rows_expected = %s WHERE import_id = %s"
_DONE: Final = """
UPDATE register_import
SET state = %s, report = %s, counts = %s, rows_read = %s, failure = NULL, ended_at = clock_timestamp()
WHERE import_id = %s
"""
_FAILED: Final = """
UPDATE register_import SET state = 'failed', failure = %s, ended_at = clock_timestamp() WHERE import_id = %s
"""
_STATE: Final = """
SELECT
    import_id, actor, organisation, state, records, all_or_nothing, checked, imported_at, ended_at, rows_read,
    rows_expected, counts, failure, called, CASE WHEN upload IS NOT NULL THEN upload_until END
FROM register_import
WHERE import_id = %s
"""
_OF_AN_ACTOR: Final = """
SELECT
    import_id, actor, organisation, state, records, all_or_nothing, checked, imported_at, ended_at, rows_read,
    rows_expected, counts, failure, called, CASE WHEN upload IS NOT NULL THEN upload_until END
FROM register_import
WHERE actor = %(actor)s
    AND (%(after)s::uuid IS NULL OR (imported_at, import_id) < (
        SELECT earlier.imported_at, earlier.import_id
        FROM register_import AS earlier
        WHERE earlier.import_id = %(after)s
    ))
ORDER BY imported_at DESC, import_id DESC
LIMIT %(limit)s
"""
_OF_ALL: Final = """
SELECT
    import_id, actor, organisation, state, records, all_or_nothing, checked, imported_at, ended_at, rows_read,
    rows_expected, counts, failure, NULL, NULL
FROM register_import
WHERE (%(states)s::text[] IS NULL OR state = ANY (%(states)s::text[]))
    AND (%(after)s::uuid IS NULL OR (imported_at, import_id) < (
        SELECT earlier.imported_at, earlier.import_id
        FROM register_import AS earlier
        WHERE earlier.import_id = %(after)s
    ))
ORDER BY imported_at DESC, import_id DESC
LIMIT %(limit)s
"""
_COUNTED: Final = """
SELECT state, count(*)
FROM register_import
WHERE state IN ('waiting', 'running')
    OR state = 'failed' AND imported_at > clock_timestamp() - make_interval(days => %s)
GROUP BY state
"""
_FINDINGS: Final = "SELECT report FROM register_import WHERE import_id = %s"


class ImportRuns:
    """Keeps and finds them; uses the writer's connections."""

    def __init__(self, log: KitelineRecorder, archive: ImportArchive) -> None:
        self._log = log
        self._archive = archive

    def begin(self, import_id: UUID, actor: str, asked: Upload) -> None:
        """Keep what a caller uploaded, to be worked on when its turn comes."""
        called, sealed = self._archive.sealed(import_id, asked.filename, asked.content)
        row = (
            import_id, actor, _packed(asked.caller), asked.organisation, asked.records, asked.all_or_nothing, called,
            sealed, KEPT_DAYS,
        )  # fmt: skip
        with self._log.reading() as connection:
            connection.execute(_BEGIN, row)

    def record(self, import_id: UUID, caller: Caller, *, all_or_nothing: bool) -> bool:
        """Let what was tried be recorded; False when it is not at that, or the file is no longer kept."""
        asked = (all_or_nothing, _packed(caller), import_id)
        with self._log.reading() as connection:
            return connection.execute(_AGAIN, asked).fetchone() is not None

    def find(self, import_id: UUID) -> ImportRun | None:
        """Tell how far an import is."""
        with self._log.reading() as connection:
            row = connection.execute(_STATE, (import_id,)).fetchone()
        return None if row is None else self._read(row)

    def of(self, actor: str, after: str | None, limit: int) -> list[ImportRun]:
        """Return a caller's imports, the latest first, from behind the one with the id `after`."""
        asked = {"actor": actor, "after": after, "limit": limit}
        with self._log.reading() as connection:
            return [self._read(row) for row in connection.execute(_OF_AN_ACTOR, asked).fetchall()]

    def of_all(self, states: list[str] | None, after: str | None, limit: int) -> list[ImportRun]:
        """Return everybody's imports, the latest first, without what their files are called; None: in any state."""
        asked = {"states": states, "after": after, "limit": limit}
        with self._log.reading() as connection:
            return [self._read(row) for row in connection.execute(_OF_ALL, asked).fetchall()]

    def findings(self, import_id: UUID) -> list[tuple[str, dict[str, Any]]]:
        """Return errors and warnings by sheet and row, as kept: each with its severity."""
        with self._log.reading() as connection:
            row = connection.execute(_FINDINGS, (import_id,)).fetchone()
        if row is None or row[0] is None:
            return []
        report = orjson.loads(bytes(row[0]))
        found = [("error", one) for one in report["errors"]] + [("warning", one) for one in report["warnings"]]
        sheets: dict[str, int] = {}
        for _, one in found:
            sheets.setdefault(one["sheet"], len(sheets))
        found.sort(key=lambda pair: (sheets[pair[1]["sheet"]], pair[1]["row"] or 0))
        return found

    def is_one_waiting(self) -> bool:
        """Whether there is anything to do."""
        with self._log.reading() as connection:
            return connection.execute(_NEXT).fetchone() is not None

    @contextmanager
    def turn(self) -> Iterator[Waiting | None]:
        """Take the next import, alone in the deployment while the context lasts; None when another process is at it."""
        with self._log.reading() as connection:
            locked = connection.execute(_ALONE).fetchone()
            if locked is None or not locked[0]:
                yield None
                return
            try:
                row = connection.execute(_NEXT).fetchone()
                if row is not None:
                    connection.execute(_RUNNING, (row[0],))
                yield None if row is None else Waiting(row[0], Caller(*_loaded(row[1])), *row[2:])
            finally:
                if not connection.closed:
                    connection.execute(_DONE_ALONE)

    def read(self, import_id: UUID, rows: int, expected: int | None) -> None:
        """Say how many rows were read, of how many; the second is the sheet's own word."""
        with self._log.reading() as connection:
            connection.execute(_READ, (rows, expected, import_id))

    def checked(self, import_id: UUID) -> None:
        """Say that every row was found right: from here on rows are recorded."""
        with self._log.reading() as connection:
            connection.execute(_CHECKED, (import_id,))

    def done(self, import_id: UUID, report: ImportReport) -> None:
        """Keep what became of it."""
        self._end(import_id, "done", report)

    def refused(self, import_id: UUID, report: ImportReport) -> None:
        """Keep what was found wrong: all or nothing, so nothing was recorded."""
        self._end(import_id, "refused", report)

    def _end(self, import_id: UUID, state: str, report: ImportReport) -> None:
        with self._log.reading() as connection:
            connection.execute(_DONE, (state, packed_report(report), packed_counts(report), report.rows, import_id))

    def counted(self) -> dict[str, int]:
        """Count the imports that wait, are under way, or failed within the days for which uploads are kept."""
        with self._log.reading() as connection:
            return dict(connection.execute(_COUNTED, (KEPT_DAYS,)).fetchall())

    def failed(self, import_id: UUID, code: str, sentence: Sentence) -> None:
        """Keep why the file as a whole was refused."""
        told = orjson.dumps({"code": code, "zh": sentence.zh, "en": sentence.en})
        with self._log.reading() as connection:
            connection.execute(_FAILED, (told, import_id))

    def _read(self, row: tuple[Any, ...]) -> ImportRun:
        *plain, counts, failure, called, kept_until = row
        name = None if called is None else self._archive.name_of(row[0], bytes(called))
        told = {"counts": _loaded(counts), "failure": _loaded(failure), "filename": name, "kept_until": kept_until}
        return ImportRun(*plain, **told)


def _packed(caller: Caller) -> bytes:
    return orjson.dumps([caller.actor, caller.organisation, caller.via])


def _loaded(packed: bytes | None) -> Any:  # noqa: ANN401 - as it was packed
    return None if packed is None else orjson.loads(bytes(packed))
