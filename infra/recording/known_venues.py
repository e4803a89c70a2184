"""Venues as last read, kept in memory so that a day of collective check-ins reads each of them once.

Once a second one query asks which venues changed; a code withdrawn in another process stops to count
within that second.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Final
from uuid import UUID

from domain.times import SECOND_US
from domain.venue import Venue, venue_of

if TYPE_CHECKING:
    from infra.recording.application import Kiteline
    from infra.recording.procedures import Procedure

# The topics as they stand in the partial index log_venue_facts (migration 0022), so that the planner can use it.
_CHANGED: Final = """
SELECT position, originator_id
FROM log
WHERE topic IN ('venue_opened', 'check_in_code_issued', 'check_in_code_revoked') AND position > %s
ORDER BY position
"""
_MOST_KEPT: Final = 10_000


class KnownVenues:
    """The venues that were asked for; one a process, safe for threads."""

    def __init__(self, kiteline: Kiteline, now_us: Callable[[], int]) -> None:
        """`now_us` is the edge's clock."""
        self._kiteline = kiteline
        self._now_us = now_us
        self._kept: OrderedDict[UUID, Venue] = OrderedDict()
        self._position: int | None = None
        self._looked_us = 0
        self._lock = Lock()
        self._looking = Lock()

    def finding(self, venue_id: UUID) -> Procedure[Venue | None]:
        """Find a venue as a procedure of the desk, which waits for nothing when the venue is kept."""
        if self._is_fresh() and (kept := self._kept_one(venue_id)) is not None:
            return kept
        found: Venue | None = yield partial(self.find, venue_id)
        return found

    def find(self, venue_id: UUID) -> Venue | None:
        """Find a venue, waiting in this thread; None when there is none. Raises StoreUnavailable."""
        if not self._is_fresh():
            self._forget_changed()
        if (kept := self._kept_one(venue_id)) is not None:
            return kept
        position = self._position
        venue = venue_of(self._kiteline.read_stream(venue_id))
        if venue is not None:
            with self._lock:
                # Read before something was recorded that has been looked at since: used once, not kept.
                if self._position == position:
                    self._kept[venue_id] = venue
                    while len(self._kept) > _MOST_KEPT:
                        self._kept.popitem(last=False)
        return venue

    def forget(self, venue_id: UUID) -> None:
        """Read a venue again when it is next asked for."""
        with self._lock:
            self._kept.pop(venue_id, None)

    def _is_fresh(self) -> bool:
        return self._position is not None and abs(self._now_us() - self._looked_us) < SECOND_US

    def _kept_one(self, venue_id: UUID) -> Venue | None:
        with self._lock:
            kept = self._kept.get(venue_id)
            if kept is not None:
                self._kept.move_to_end(venue_id)
            return kept

    def _forget_changed(self) -> None:
        with self._looking:
            if self._is_fresh():
                return
            looked_us = self._now_us()
            if self._position is None:
                self._position = self._kiteline.log.max_notification_id() or 0
            else:
                with self._kiteline.log.reading() as connection:
                    changed = connection.execute(_CHANGED, [self._position]).fetchall()
                with self._lock:
                    for position, venue_id in changed:
                        self._kept.pop(venue_id, None)
                        self._position = position
            self._looked_us = looked_us
