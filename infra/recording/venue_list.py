"""Which venues there are, kept in memory by id and whose they are; their codes are folded from their streams."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Final
from uuid import UUID

import orjson

if TYPE_CHECKING:
    from domain.venue import Venue
    from infra.recording.application import Kiteline
    from infra.recording.known_venues import KnownVenues

# Implies the predicate of the partial index log_venue_facts (migration 0022), so that the planner can use it.
_OPENED: Final = """
SELECT position, originator_id, state FROM log WHERE topic = 'venue_opened' AND position > %s ORDER BY position
"""


@dataclass(frozen=True, slots=True)
class OpenedVenue:
    """A venue and whose it is, known from a position on."""

    venue_id: UUID
    organisation: str | None
    region: str
    position: int


class VenueList:
    """Every venue that was ever opened; one a process, safe for threads. Some 300 bytes a venue."""

    def __init__(self, kiteline: Kiteline, known: KnownVenues) -> None:
        """Read from the log when first asked."""
        self._kiteline = kiteline
        self._known = known
        self._opened: list[OpenedVenue] = []
        self._position = 0
        self._lock = Lock()

    def page(
        self, wanted: Callable[[OpenedVenue], bool], *, after: int, known: int, limit: int
    ) -> tuple[list[tuple[int, Venue]], bool]:
        """Return the venues opened after a position, each with its own, and whether more follow; blocks on the log."""
        some = [one for one in self._refreshed() if after < one.position <= known and wanted(one)]
        found = [(one.position, self._known.find(one.venue_id)) for one in some[:limit]]
        return [(position, venue) for position, venue in found if venue is not None], len(some) > limit

    def _refreshed(self) -> list[OpenedVenue]:
        with self._lock:
            with self._kiteline.log.reading() as connection:
                rows = connection.execute(_OPENED, (self._position,)).fetchall()
            for position, venue_id, state in rows:
                data = orjson.loads(bytes(state))["data"]
                self._opened.append(OpenedVenue(venue_id, data.get("organisation"), data["region"], position))
                self._position = position
            return list(self._opened)
