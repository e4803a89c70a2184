"""Importing a register: every row wholly or not at all, what is known already only once, in bounded memory."""

from __future__ import annotations

import os
from collections.abc import Callable
from time import perf_counter
from typing import Final

from domain.times import local_day
from infra.recording.desk import Desk
from infra.recording.drafts import Caller, new_id
from infra.recording.import_pass import ImportPass
from infra.recording.import_report import ImportReport
from infra.recording.organisations import ReferenceDesk
from infra.registers.organisations import OrganisationDirectory
from infra.registers.reading import read_register

CHUNK: Final = 500
Progress = Callable[[int, int | None], None]


class Importer:
    """Imports registers; uses the desk's log, vault and clock."""

    def __init__(self, desk: Desk, reference_desk: ReferenceDesk) -> None:
        """Share one desk a process."""
        self._desk = desk
        self._reference_desk = reference_desk

    def run(  # noqa: PLR0913 - what can be said of an import
        self,
        source: str | os.PathLike[str] | bytes,
        filename: str,
        *,
        organisation: str,
        caller: Caller,
        dry_run: bool = False,
        all_or_nothing: bool = False,
        progress: Progress | None = None,
        import_id: str | None = None,
    ) -> ImportReport:
        """Import a register of the branches at or below `organisation`; under a new id where none is given.

        With `all_or_nothing` a first pass records nothing, and a report with errors is returned as it is. Raises
        RegisterRefused for the file as a whole, KeyError for an organisation that is not known.
        """
        if all_or_nothing and not dry_run:
            tried = self._pass(source, filename, organisation, caller, recording=False, progress=progress)
            if tried.errors:
                return tried
        report = ImportReport(import_id or new_id())
        return self._pass(source, filename, organisation, caller, report, recording=not dry_run, progress=progress)

    def _pass(
        self,
        source: str | os.PathLike[str] | bytes,
        filename: str,
        organisation: str,
        caller: Caller,
        report: ImportReport | None = None,
        *,
        recording: bool,
        progress: Progress | None,
    ) -> ImportReport:
        kiteline = self._desk.kiteline
        reference = kiteline.refresh_reference()
        today = local_day(self._desk.now_us())
        home = reference.organisations.by_code[organisation]
        policy = reference.policy(home.region, today)
        report = report or ImportReport(new_id())
        desks = self._desk, self._reference_desk
        run = ImportPass(*desks, report, organisation, caller, today, recording=recording)
        with read_register(
            source,
            filename,
            today=today,
            regions=reference.regions,
            organisations=OrganisationDirectory.of_tree(reference.organisations, organisation),
            planned_departure_days=policy.planned_departure_days,
            progress=progress,
        ) as reading:
            since = perf_counter()
            for rows in reading.chunks(CHUNK):
                report.spent("read", since)
                run.chunk(rows)
                since = perf_counter()
            run.settle()
            report.warnings = [*reading.warnings, *report.warnings]
        report.position = kiteline.log.max_notification_id() or 0
        return report
