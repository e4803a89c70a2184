"""What is read of the log's tree to answer: checkpoints, at once where one is asked for, proofs, leaves and tiles."""

from __future__ import annotations

import re
import time
from base64 import b64encode
from typing import TYPE_CHECKING, Any, Final

from api import problem_list as kinds
from api.asking import WAIT_SECONDS
from api.log_keeping import sources
from api.problems import not_found, unavailable
from domain.errors import Sentence
from infra.event_store.reading import rows_at
from infra.recording.mapper import cloud_event
from projections.log_tiles import WIDTH, Tiles, tile_index, tree_size
from projections.merkle import consistency_proof, inclusion_proof

if TYPE_CHECKING:
    from api.service import Service

MOST_ENTRIES: Final = 1_000
MOST_BYTES: Final = 8_388_608
_LAST: Final = """
SELECT c.note, c.size, coalesce((SELECT max(position) FROM log), 0), ARRAY(
    SELECT line FROM log_cosignature AS s WHERE s.origin = c.origin AND s.size = c.size ORDER BY s.witness
)
FROM (VALUES (1)) AS one (row)
LEFT JOIN LATERAL (
    SELECT origin, note, size FROM log_checkpoint
    WHERE origin = (SELECT source FROM log_epoch ORDER BY epoch DESC LIMIT 1) ORDER BY size DESC LIMIT 1
) AS c ON true
"""
_CHECKPOINTS: Final = """
SELECT c.size, encode(c.root, 'base64'), c.note, c.signed_at, coalesce(
    (
        SELECT jsonb_agg(jsonb_build_object('witness', s.witness, 'line', s.line, 'cosigned_at', s.cosigned_at)
                         ORDER BY s.witness)
        FROM log_cosignature AS s WHERE s.origin = c.origin AND s.size = c.size
    ), '[]'
)
FROM log_checkpoint AS c
WHERE c.origin = (SELECT source FROM log_epoch ORDER BY epoch DESC LIMIT 1) AND c.size < %s
ORDER BY c.size DESC
LIMIT %s
"""
_ORIGIN: Final = "SELECT source FROM log_epoch ORDER BY epoch DESC LIMIT 1"
_WANT: Final = "UPDATE log_checkpoint_wanted SET size = %s WHERE size < %s"
_MOST: Final = (1 << 63) - 1
_LOOK_SECONDS: Final = 0.02
_COSIGNED_SECONDS: Final = 1.0
_TILE_PATH: Final = re.compile(
    r"(?P<level>entries|[0-9]|[1-5][0-9]|6[0-3])/(?P<index>(?:x[0-9]{3}/){0,6}[0-9]{3})"
    r"(?:\.p/(?P<width>[1-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5]))?"
)


def origin_of(service: Service) -> str:
    """Tell the log's name: the source of its present epoch."""
    with service.kiteline.log.reading() as connection:
        row = connection.execute(_ORIGIN).fetchone()
    return "" if row is None else str(row[0])


def checkpoint_now(service: Service) -> tuple[int, str]:
    """Return the size and the note of a checkpoint of all that the log holds; what there is after 2 seconds.

    Blocks. Raises Problem (503) where there is none at all.
    """
    begun = time.monotonic()
    wanted: int | None = None
    while True:
        with service.kiteline.log.reading() as connection:
            row = connection.execute(_LAST).fetchone()
            note, size, head, cosigned = row if row is not None else (None, None, 0, [])
            wanted = head if wanted is None else wanted
            signed = note is not None and size >= wanted
            if not signed:
                connection.execute(_WANT, (wanted, wanted))
        waited = time.monotonic() - begun
        # Witnesses answer within moments or are away; nobody waits long for them.
        whole = signed and (len(cosigned) >= len(service.settings.witnesses) or waited >= _COSIGNED_SECONDS)
        if whole or (note is not None and waited >= WAIT_SECONDS):
            return size, note + "".join(f"{line}\n" for line in cosigned)
        if waited >= WAIT_SECONDS:
            sentence = Sentence("尚无检查点，请稍后重试", "There is no checkpoint yet; try again soon.")
            raise unavailable(kinds.CHECKPOINT_NOT_REACHED, sentence)
        time.sleep(_LOOK_SECONDS)


def checkpoints(service: Service, before: int | None, limit: int) -> list[dict[str, Any]]:
    """Return the checkpoints of the log's present name, the latest first, smaller than `before`."""
    names = ("size", "root", "note", "signed_at", "cosignatures")
    with service.kiteline.log.reading() as connection:
        rows = connection.execute(_CHECKPOINTS, (_MOST if before is None else before, limit)).fetchall()
    found = [dict(zip(names, row, strict=True)) for row in rows]
    return [{**one, "signed_at": one["signed_at"].isoformat()} for one in found]


def inclusion(service: Service, position: int, size: int) -> list[str]:
    """Return the proof that a position is in the tree of a size, base64. Raises Problem (404) for a larger tree."""
    with service.kiteline.log.reading() as connection:
        _must_be_built(tree_size(connection), size)
        return _encoded(inclusion_proof(position - 1, size, Tiles(connection).node))


def consistency(service: Service, old: int, new: int) -> list[str]:
    """Return the proof that one tree is the beginning of another, base64. Raises Problem (404)."""
    with service.kiteline.log.reading() as connection:
        _must_be_built(tree_size(connection), new)
        return _encoded(consistency_proof(old, new, Tiles(connection).node))


def leaves(service: Service, first: int, last: int) -> list[tuple[int, bytes]]:
    """Return positions and leaves from first to last; fewer where they are many or long, at least one that exists."""
    count = max(0, min(last - first + 1, MOST_ENTRIES))
    rows = service.kiteline.log.read_log(first, count) if count else []
    named = sources(service.kiteline)
    found: list[tuple[int, bytes]] = []
    taken = 0
    for row in rows:
        leaf = cloud_event(row, named[row.epoch])
        taken += len(leaf)
        if row.position > last or (found and taken > MOST_BYTES):
            break
        found.append((row.position, leaf))
    return found


def proofs_of(service: Service, positions: list[int]) -> tuple[str, dict[int, dict[str, Any]]]:
    """Return a checkpoint and, by position, leaf and inclusion proof in its tree. Blocks. Raises Problem (503)."""
    size, note = checkpoint_now(service)
    if positions and size < max(positions):
        sentence = Sentence("检查点尚未包含所问的事件", "The checkpoint does not hold what was asked for yet.")
        raise unavailable(kinds.CHECKPOINT_NOT_REACHED, sentence)
    found: dict[int, dict[str, Any]] = {}
    named = sources(service.kiteline)
    with service.kiteline.log.reading() as connection:
        tiles = Tiles(connection)
        for row in rows_at(connection, positions):
            hashes = _encoded(inclusion_proof(row.position - 1, size, tiles.node))
            leaf = b64encode(cloud_event(row, named[row.epoch])).decode()
            found[row.position] = {"size": size, "leaf": leaf, "hashes": hashes}
    return note, found


def bundle(service: Service, index: int, width: int) -> bytes | None:
    """Return a C2SP entry bundle, each leaf after its length in two bytes; None where the tree is not that long."""
    first = index * WIDTH + 1
    with service.kiteline.log.reading() as connection:
        if tree_size(connection) < first - 1 + width:
            return None
    rows = service.kiteline.log.read_log(first, width)
    named = sources(service.kiteline)
    entries = [cloud_event(row, named[row.epoch]) for row in rows]
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def read_tile_path(path: str) -> tuple[int | None, int, int] | None:
    """Read a C2SP tile path: level (None for entries), index, width; None for what is no such path."""
    match = _TILE_PATH.fullmatch(path)
    if match is None:
        return None
    index = int(match["index"].replace("x", "").replace("/", ""))
    if tile_index(index) != match["index"]:
        return None
    level = None if match["level"] == "entries" else int(match["level"])
    return level, index, int(match["width"] or WIDTH)


def _must_be_built(built: int, size: int) -> None:
    if size > built:
        raise not_found(Sentence(f"树现有 {built} 个叶", f"The tree has {built} leaves so far."))


def _encoded(hashes: list[bytes]) -> list[str]:
    return [b64encode(one).decode() for one in hashes]
