"""A stretch of the log against the tree: every event's hash beside the one that was kept when it was recorded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from infra.recording.mapper import cloud_event
from projections.log_tiles import WIDTH, apart
from projections.merkle import fold_complete, leaf_hash

if TYPE_CHECKING:
    from psycopg import Connection

    from infra.cli.verifying.tools import Tools
    from infra.event_store.save import LogRow

LEVEL: Final = 13
STRETCH: Final = 1 << LEVEL
"""How many events are looked at in one piece: a complete subtree, which begins where the one before ended."""
_SHOWN: Final = 10
_TILES: Final = "SELECT index, hashes FROM log_tile WHERE level = %s AND index BETWEEN %s AND %s"


@dataclass(frozen=True, slots=True)
class Stretch:
    """The events of positions `first` to `last`, as a piece of a verification; `sources` by epoch.

    `tiles` is the size of the tree whose upper tiles there must be.
    """

    first: int
    last: int
    tiles: int
    sources: dict[int, str]

    def __call__(self, tools: Tools) -> Looked:
        """Look at them."""
        asked = self.last - self.first + 1
        rows = {row.position: row for row in tools.recorder.read_log(self.first, asked) if row.position <= self.last}
        kept = kept_hashes(tools.connection, self.first, self.last)
        hashes: list[bytes | None] = []
        unreadable, differ, missing = [], [], []
        for position in range(self.first, self.last + 1):
            row = rows.get(position)
            if row is None:
                missing.append(position)
                hashes.append(None)
                continue
            hashed = self._hash(row)
            if hashed is None:
                unreadable.append(position)
            hashes.append(hashed or b"")
            then = kept.get(position)
            if then is not None and then != hashed:
                differ.append(position)
        ordered = list(rows.values())
        agrees = not (missing or differ or unreadable)
        return Looked(
            first=self.first,
            last=self.last,
            hashes=hashes,
            kept=None if agrees else [kept.get(position) for position in range(self.first, self.last + 1)],
            root=fold_complete([one or b"" for one in hashes]) if agrees and asked == STRETCH else None,
            unreadable=unreadable,
            differ=differ[:_SHOWN],
            differing=len(differ),
            back=[
                after.position
                for before, after in pairwise(ordered)
                if after.recorded_at < before.recorded_at or after.epoch < before.epoch
            ],
            begins=None if not ordered else (ordered[0].position, ordered[0].recorded_at, ordered[0].epoch),
            ends=None if not ordered else (ordered[-1].position, ordered[-1].recorded_at, ordered[-1].epoch),
            tiles_differ=self._tiles_above(tools.connection, kept),
        )

    def _hash(self, row: LogRow) -> bytes | None:
        try:
            return leaf_hash(cloud_event(row, self.sources[row.epoch]))
        except (KeyError, ValueError):
            return None

    def _tiles_above(self, connection: Connection[Any], kept: dict[int, bytes]) -> list[int]:
        """Return the full tiles of this stretch, by index, whose hash in the tile above is not theirs."""
        first, end = (self.first - 1) // WIDTH, min(self.last, self.tiles) // WIDTH
        above = _hashes(connection, 1, first, end - 1) if first < end else {}
        wrong = []
        for index in range(first, end):
            below = [kept.get(index * WIDTH + at) for at in range(1, WIDTH + 1)]
            whole = [one for one in below if one is not None]
            if len(whole) < WIDTH or above.get(index) != fold_complete(whole):
                wrong.append(index)
        return wrong


@dataclass(frozen=True, slots=True)
class Looked:
    """What a stretch came to: its hashes, None for an event that is gone, and those kept where they are not the same.

    `root` is that of a whole stretch in which all agree. `begins`, `ends`: position, time and epoch of what is there.
    """

    first: int
    last: int
    hashes: list[bytes | None]
    kept: list[bytes | None] | None
    root: bytes | None
    unreadable: list[int]
    differ: list[int]
    differing: int
    back: list[int]
    begins: tuple[int, datetime, int] | None
    ends: tuple[int, datetime, int] | None
    tiles_differ: list[int]

    @property
    def missing(self) -> list[int]:
        """The positions at which there is no event."""
        return [position for position, hashed in enumerate(self.hashes, self.first) if hashed is None]


def kept_hashes(connection: Connection[Any], first: int, last: int) -> dict[int, bytes]:
    """Return the hashes of events that the tiles hold, by position; whole tiles."""
    return {leaf + 1: hashed for leaf, hashed in _hashes(connection, 0, first - 1, last - 1).items()}


def _hashes(connection: Connection[Any], level: int, first: int, last: int) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    rows = connection.execute(_TILES, (level, first // WIDTH, last // WIDTH), binary=True)
    for index, hashes in rows.fetchall():
        found.update(enumerate(apart(hashes), index * WIDTH))
    return found
