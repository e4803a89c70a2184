"""The log's tree as C2SP tiles: 256 hashes a row, by level and index, written in log order and never taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from projections.merkle import HASH_BYTES, fold_complete, root

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import Connection
    from psycopg.rows import TupleRow

WIDTH: Final = 256
_BITS: Final = 8

# 'kite', 'tree': whoever holds it grows the tree.
LEAD: Final = "SELECT pg_try_advisory_lock(1802073189, 1953654117)"
LEAVE: Final = "SELECT pg_advisory_unlock(1802073189, 1953654117)"

_LAST_TILES: Final = """
SELECT DISTINCT ON (level) level, index, hashes FROM log_tile ORDER BY level, index DESC
"""
_SIZE: Final = """
SELECT index * 256 + octet_length(hashes) / 32 FROM log_tile WHERE level = 0 ORDER BY index DESC LIMIT 1
"""
_TILE: Final = "SELECT hashes FROM log_tile WHERE level = %s AND index = %s"
# A tile only widens: what it held before is the beginning of what it holds now.
_WIDEN: Final = """
INSERT INTO log_tile AS t (level, index, hashes)
SELECT w.level, w.index, w.hashes FROM unnest(%s::smallint[], %s::bigint[], %s::bytea[]) AS w (level, index, hashes)
ON CONFLICT (level, index) DO UPDATE SET hashes = excluded.hashes
WHERE substring(excluded.hashes FROM 1 FOR octet_length(t.hashes)) = t.hashes
"""
# Tiles can be made again from the log; a checkpoint, which is waited for, comes after them.
_LAZY: Final = "SET LOCAL synchronous_commit = off"


class TreeOverwritten(Exception):
    """What the database holds of the tree is not what this writer wrote; somebody else changed it."""


class TileMissing(LookupError):
    """The database holds less of the tree than its size says."""


def tree_size(connection: Connection[TupleRow]) -> int:
    """Tell how many leaves the tree has."""
    row = connection.execute(_SIZE).fetchone()
    return 0 if row is None else int(row[0])


def tile(connection: Connection[TupleRow], level: int, index: int, width: int = WIDTH) -> bytes | None:
    """Return the first `width` hashes of a tile; None where there are fewer."""
    row = connection.execute(_TILE, (level, index), binary=True).fetchone()
    if row is None or len(row[0]) < width * HASH_BYTES:
        return None
    return bytes(row[0][: width * HASH_BYTES])


def tile_index(index: int) -> str:
    """Write a tile's index as C2SP does: 1234067 is x001/x234/067."""
    groups = [f"{index % 1000:03}"]
    while index := index // 1000:
        groups.insert(0, f"x{index % 1000:03}")
    return "/".join(groups)


class Tiles:
    """Reads hashes of complete subtrees out of stored tiles; keeps what it has read, for one answer."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        """Read through this connection."""
        self._connection = connection
        self._read: dict[tuple[int, int], bytes] = {}

    def node(self, level: int, index: int) -> bytes:
        """Return the hash of a complete subtree. Raises TileMissing."""
        height, above = level % _BITS, level // _BITS
        first = index << height
        place = (above, first >> _BITS)
        if place not in self._read:
            row = self._connection.execute(_TILE, place, binary=True).fetchone()
            self._read[place] = b"" if row is None else bytes(row[0])
        begin = (first % WIDTH) * HASH_BYTES
        hashes = self._read[place][begin : begin + (HASH_BYTES << height)]
        if len(hashes) < HASH_BYTES << height:
            raise TileMissing(f"level {level}, index {index}")
        return fold_complete(apart(hashes))

    def root(self, size: int) -> bytes:
        """Return the root of the first `size` leaves. Raises TileMissing."""
        return root(size, self.node)


class TreeWriter:
    """Grows the tree through one connection; whoever makes one holds the lock of LEAD."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        """Go on from what stands."""
        self._connection = connection
        self.size = tree_size(connection)
        self._open: dict[int, tuple[int, bytearray]] = {}
        for level, index, hashes in connection.execute(_LAST_TILES, binary=True):
            self._open[level] = (index, bytearray(hashes))

    def add(self, hashes: Sequence[bytes]) -> None:
        """Add the hashes of the next leaves, in one transaction. Raises TreeOverwritten; who failed is done."""
        changed: dict[tuple[int, int], bytes] = {}
        self._grow(0, hashes, changed)
        with self._connection.transaction():
            self._connection.execute(_LAZY)
            places = sorted(changed)
            columns = ([at[0] for at in places], [at[1] for at in places], [changed[at] for at in places])
            written = self._connection.execute(_WIDEN, columns).rowcount
            if written != len(places):
                raise TreeOverwritten(f"{len(places) - written} of {len(places)} tiles")
        self.size += len(hashes)

    def _grow(self, level: int, hashes: Sequence[bytes], changed: dict[tuple[int, int], bytes]) -> None:
        index, held = self._open.get(level, (0, bytearray()))
        above: list[bytes] = []
        for hashed in hashes:
            if len(held) == WIDTH * HASH_BYTES:
                index, held = index + 1, bytearray()
            held += hashed
            if len(held) == WIDTH * HASH_BYTES:
                changed[level, index] = bytes(held)
                above.append(fold_complete(apart(held)))
        changed[level, index] = bytes(held)
        self._open[level] = (index, held)
        if above:
            self._grow(level + 1, above, changed)


def apart(hashes: bytes | bytearray) -> list[bytes]:
    """Return the hashes that a tile holds."""
    return [bytes(hashes[at : at + HASH_BYTES]) for at in range(0, len(hashes), HASH_BYTES)]
