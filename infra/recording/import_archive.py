"""What is kept of imports: the report for good, the uploaded register encrypted for seven days."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

import orjson

from infra.recording.import_report import ImportReport
from infra.registers.issues import RowIssue
from infra.registers.mentions import mentions
from infra.registers.refusal import RegisterRefused

if TYPE_CHECKING:
    from infra.event_store.recorder import KitelineRecorder
    from infra.vault.vault import Vault

KEPT_DAYS: Final = 7
_KEEP = """
INSERT INTO register_import (
    import_id, actor, organisation, report, counts, called, upload, upload_until, rows_read, ended_at
)
VALUES (%s, %s, %s, %s, %s, %s, %s, clock_timestamp() + make_interval(days => %s), %s, clock_timestamp())
"""
_FORGET = """
UPDATE register_import SET upload = NULL, called = NULL
WHERE upload IS NOT NULL AND upload_until < clock_timestamp()
"""
_FIND = """
SELECT actor, organisation, report, CASE WHEN upload_until >= clock_timestamp() THEN upload END
FROM register_import WHERE import_id = %s
"""
_UPLOADS = "SELECT import_id, upload FROM register_import WHERE upload IS NOT NULL"
_FORGET_ONE = "UPDATE register_import SET upload = NULL, called = NULL WHERE import_id = %s"


@dataclass(frozen=True, slots=True)
class KeptImport:
    """An import as kept; `filename` and `content` are None once the upload is no longer kept.

    There is no `report` while it is worked on, or where the file as a whole was refused.
    """

    actor: str
    organisation: str
    report: ImportReport | None
    filename: str | None
    content: bytes | None


class ImportArchive:
    """Keeps and finds imports."""

    def __init__(self, log: KitelineRecorder, vault: Vault) -> None:
        """Use the writer's connections and the vault's key for uploads."""
        self._log = log
        self._vault = vault

    def keep(self, report: ImportReport, *, actor: str, organisation: str, filename: str, content: bytes) -> None:
        """Keep a report, and its upload with its name for seven days."""
        import_id = UUID(report.import_id)
        called, sealed = self.sealed(import_id, filename, content)
        packed, counts = packed_report(report), packed_counts(report)
        kept = (import_id, actor, organisation, packed, counts, called, sealed, KEPT_DAYS, report.rows)
        with self._log.reading() as connection:
            connection.execute(_KEEP, kept)

    def sealed(self, import_id: UUID, filename: str, content: bytes) -> tuple[bytes, bytes]:
        """Seal a file's name, and the file with its name, so that they open only as this import's."""
        named = len(filename.encode()).to_bytes(2, "big") + filename.encode()
        seal = self._vault.seal_upload
        return seal(import_id, named), seal(import_id, named + content)

    def name_of(self, import_id: UUID, called: bytes) -> str:
        """Open what the file was called."""
        return self._opened(import_id, called)[0]

    def forget_old_uploads(self) -> None:
        """Forget the uploads that have had their seven days."""
        with self._log.reading() as connection:
            connection.execute(_FORGET)

    def find(self, import_id: UUID) -> KeptImport | None:
        """Find an import."""
        with self._log.reading() as connection:
            row = connection.execute(_FIND, (import_id,)).fetchone()
        if row is None:
            return None
        actor, organisation, report, sealed = row
        filename = content = None
        if sealed is not None:
            filename, content = self._opened(import_id, sealed)
        return KeptImport(actor, organisation, None if report is None else _unpacked(report), filename, content)

    def forget_person(self, name: str | None, number: str | None) -> int:
        """Forget every kept upload that mentions a person, or cannot be read any more; return how many."""
        forgotten = 0
        with self._log.reading() as connection:
            for import_id, sealed in connection.execute(_UPLOADS).fetchall():
                filename, content = self._opened(import_id, sealed)
                try:
                    is_named = mentions(content, filename, name=name, number=number)
                except RegisterRefused:
                    is_named = True
                if is_named:
                    connection.execute(_FORGET_ONE, (import_id,))
                    forgotten += 1
        return forgotten

    def _opened(self, import_id: UUID, sealed: bytes) -> tuple[str, bytes]:
        named = self._vault.open_upload(import_id, sealed)
        length = int.from_bytes(named[:2], "big")
        return named[2 : 2 + length].decode(), named[2 + length :]


def packed_report(report: ImportReport) -> bytes:
    """Write a report as it is kept."""
    return orjson.dumps(report)


def packed_counts(report: ImportReport) -> bytes:
    """Write what lists tell of a report: its counts."""
    counts = {name: getattr(report, name) for name in ("position", "rows", "accepted", "already_known", "rejected")}
    return orjson.dumps({**counts, "errors": len(report.errors), "warnings": len(report.warnings)})


def _unpacked(packed: bytes) -> ImportReport:
    fields = orjson.loads(packed)
    fields["errors"] = [RowIssue(**issue) for issue in fields["errors"]]
    fields["warnings"] = [RowIssue(**issue) for issue in fields["warnings"]]
    return ImportReport(**fields)
