"""Which posts there are, kept in memory by id and whose they are; what is free of them is read from their streams."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Final
from uuid import UUID

import orjson

from domain.post import Post, post_of
from infra.recording.mapper import facts_of

if TYPE_CHECKING:
    from infra.recording.application import Kiteline

# The topic as it stands in the partial index log_post_openings (migration 0046), so that the planner can use it.
_OPENED: Final = """
SELECT position, originator_id, state FROM log WHERE topic = 'post_opened' AND position > %s ORDER BY position
"""
_AT_ONCE: Final = 200


@dataclass(frozen=True, slots=True)
class Opening:
    """A post and whose it is, known from a position on."""

    post_id: UUID
    organisation: str | None
    position: int


class PostList:
    """Every post that was ever opened; one a process, safe for threads. Some 300 bytes a post."""

    def __init__(self, kiteline: Kiteline) -> None:
        """Read from the log when first asked."""
        self._kiteline = kiteline
        self._openings: list[Opening] = []
        self._position = 0
        self._lock = Lock()

    def page(
        self, wanted: Callable[[Opening], bool], free: Callable[[Post], bool], *, after: str, known: int, limit: int
    ) -> tuple[list[Post], bool]:
        """Return the posts that follow an id, as known at a position, and whether there are more; blocks on the log."""
        ids = [one.post_id for one in self._refreshed() if one.position <= known and wanted(one)]
        ids = sorted(one for one in ids if str(one) > after)
        found: list[Post] = []
        for start in range(0, len(ids), _AT_ONCE):
            some = ids[start : start + _AT_ONCE]
            rows = self._kiteline.log.read_streams(some)
            for post_id in some:
                post = post_of(facts_of(row for row in rows[post_id] if row.position <= known))
                if post is None or not free(post):
                    continue
                if len(found) == limit:
                    return found, True
                found.append(post)
        return found, False

    def _refreshed(self) -> list[Opening]:
        with self._lock:
            with self._kiteline.log.reading() as connection:
                rows = connection.execute(_OPENED, (self._position,)).fetchall()
            for position, post_id, state in rows:
                organisation = orjson.loads(bytes(state))["data"].get("organisation")
                self._openings.append(Opening(post_id, organisation, position))
                self._position = position
            return list(self._openings)
