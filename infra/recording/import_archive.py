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
INSERT INTO register_import (import_id, actor, organisation, report, upload, upload_until)
VALUES (%s, %s, %s, %s, %s, clock_timestamp() + make_interval(days => %s))
"""
_FORGET = "UPDATE register_import SET upload = NULL WHERE upload IS NOT NULL AND upload_until < clock_timestamp()"
_FIND = """
SELECT actor, organisation, report, CASE WHEN upload_until >= clock_timestamp() THEN upload END
FROM register_import WHERE import_id = %s
"""
_UPLOADS = "SELECT import_id, upload FROM register_import WHERE upload IS NOT NULL"
_FORGET_ONE = "UPDATE register_import SET upload = NULL WHERE import_id = %s"


@dataclass(frozen=True, slots=True)
class KeptImport:
    """An import as kept; `filename` and `content` are None once the upload is no longer kept."""

    actor: str
    organisation: str
    report: ImportReport
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
        named = len(filename.encode()).to_bytes(2, "big") + filename.encode() + content
        sealed = self._vault.seal_upload(import_id, named)
        with self._log.reading() as connection:
            connection.execute(_KEEP, (import_id, actor, organisation, _packed(report), sealed, KEPT_DAYS))

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
        return KeptImport(actor, organisation, _unpacked(report), filename, content)

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


def _packed(report: ImportReport) -> bytes:
    return orjson.dumps(report)


def _unpacked(packed: bytes) -> ImportReport:

    fields = orjson.loads(packed)
    fields["errors"] = [RowIssue(**issue) for issue in fields["errors"]]
    fields["warnings"] = [RowIssue(**issue) for issue in fields["warnings"]]
    return ImportReport(**fields)
