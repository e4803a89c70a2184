"""Kiteline as an application of the eventsourcing library: our mapper, our recorder, the reference of all decisions."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Final, cast
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.persistence import Mapper

from domain.reference import Reference, empty_reference
from infra.event_store.recorder import KitelineRecorder
from infra.recording.attempts import AttemptLog
from infra.recording.mapper import FactMapper, fact_from_row, facts_of
from infra.recording.members import MemberStore
from infra.recording.stream_loads import StreamLoads

if TYPE_CHECKING:
    from domain.fact import Fact

_PAGE: Final = 5_000
_EARLIER_KEPT: Final = 8


class Kiteline(Application[UUID]):
    """One log, its members and its reference. `env` names the event store's factory and the database."""

    name = "Kiteline"

    def __init__(self, database_url: str, *, readers: int = 8) -> None:
        """Connect in the background to a migrated database."""
        super().__init__(
            {
                "PERSISTENCE_MODULE": "infra.event_store.factory",
                "KITELINE_DATABASE_URL": database_url,
                "KITELINE_READERS": str(readers),
            }
        )
        self.loads = StreamLoads(self.log.read_streams)
        self.members = MemberStore(self.read_stream)
        self.attempts = AttemptLog(self.log)
        self._reference = empty_reference()
        self._earlier: dict[int, Reference] = {}
        self._refreshing = Lock()

    def close(self) -> None:
        """Write down what was noted, store what is queued, and end."""
        self.attempts.close()
        super().close()

    @property
    def log(self) -> KitelineRecorder:  # type: ignore[override]
        """The recorder, by what it holds."""
        return cast("KitelineRecorder", self.recorder)

    def construct_mapper(self) -> Mapper[UUID]:
        """Use canonical JSON, for which the library's transcoder has no room."""
        return FactMapper()

    def read_stream(self, stream: UUID) -> list[Fact]:
        """Read a stream's facts in recorded order."""
        return facts_of(self.loads.load(stream))

    def read_facts(self, first_position: int, count: int) -> list[Fact]:
        """Read facts by their positions, with `after`: what a first answer is made of again."""
        rows = self.log.read_log(first_position, count)
        return [fact_from_row(row, keep_after=True) for row in rows]

    def reference(self) -> Reference:
        """Return what this process knows of organisations, policy, workdays and regions."""
        return self._reference

    def reference_at(self, position: int) -> Reference:
        """Return the reference as it was known at a position of the log."""
        current = self._reference
        if position >= current.position:
            return current
        with self._refreshing:
            if position not in self._earlier:
                if len(self._earlier) >= _EARLIER_KEPT:
                    self._earlier.clear()
                self._earlier[position] = self._read_reference_at(position)
            return self._earlier[position]

    def _read_reference_at(self, position: int) -> Reference:
        reference, start = empty_reference(), 1
        while True:
            rows = [row for row in self.log.read_reference(start, _PAGE) if row.position <= position]
            reference = reference.with_facts([fact_from_row(row) for row in rows])
            if len(rows) < _PAGE:
                return reference
            start = rows[-1].position + 1

    def refresh_reference(self) -> Reference:
        """Read what others have recorded since; returns the reference, the same object when nothing is new."""
        with self._refreshing:
            while True:
                rows = self.log.read_reference(self._reference.position + 1, _PAGE)
                if rows:
                    self._reference = self._reference.with_facts([fact_from_row(row) for row in rows])
                if len(rows) < _PAGE:
                    return self._reference
