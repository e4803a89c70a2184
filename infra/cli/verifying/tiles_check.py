"""Looks at the tiles by themselves: each level is the roots of the one below, and the lowest makes what was signed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from domain.errors import Sentence
from infra.cli.verifying.leaves import STRETCH, kept_hashes
from projections.log_tiles import WIDTH, TileMissing, Tiles, apart, tile
from projections.merkle import GrowingTree, fold_complete

if TYPE_CHECKING:
    from psycopg import Connection

    from infra.cli.verifying.findings import Findings
    from infra.notes.checkpoint import Checkpoint

_UPPER: Final = Sentence("切片 {where} 与下层不符", "Tile {where} is not the root of those below.")


def check_upper_tiles(connection: Connection[Any], size: int, findings: Findings) -> None:
    """Check that the tiles of each level above the second are the roots of those below; stretches check the second."""
    level, count = 1, size // WIDTH
    while count >= WIDTH:
        count //= WIDTH
        tiles = Tiles(connection)
        for index in range(count):
            below = tile(connection, level, index)
            try:
                right = below is not None and tiles.node((level + 1) * 8, index) == fold_complete(apart(below))
            except TileMissing:
                right = False
            if not right:
                tell_tile(level + 1, index, findings)
        level += 1


def tell_tile(level: int, index: int, findings: Findings) -> None:
    """Note that a tile is not the root of those below; `index` counts the hashes of its level."""
    where = f"{level}/{index // WIDTH}"
    findings.add("tile_altered", where, _UPPER.filled(where=where))


def kept_hold(connection: Connection[Any], last: Checkpoint) -> bool:
    """Whether the kept hashes, not the rows, make the root that was signed last."""
    hashes = GrowingTree()
    for first in range(1, last.size + 1, STRETCH):
        upto = min(first + STRETCH - 1, last.size)
        kept = kept_hashes(connection, first, upto)
        for position in range(first, upto + 1):
            hashes.add(kept.get(position, b""))
    return hashes.root == last.root
