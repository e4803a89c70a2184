"""Looks at every event beside the database: it is what the tree holds, and the tree is what was signed, or not.

One pass in log order, pages at a time: memory is that of a page, whatever the log's length.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from domain.errors import Sentence
from infra.cli.verifying.findings import Findings
from infra.cli.verifying.trust import Trust, same_log
from infra.notes.checkpoint import Checkpoint
from infra.notes.standing import Stands
from infra.recording.mapper import cloud_event
from projections.log_tiles import WIDTH, TileMissing, Tiles
from projections.merkle import HASH_BYTES, GrowingTree, fold_complete, leaf_hash

if TYPE_CHECKING:
    from psycopg import Connection

    from infra.event_store.recorder import KitelineRecorder
    from infra.event_store.save import LogRow

PAGE: Final = 8_192
_SOURCES: Final = "SELECT epoch, source FROM log_epoch"
_TILES: Final = "SELECT index, hashes FROM log_tile WHERE level = %s AND index BETWEEN %s AND %s"
_SIGNED: Final = "SELECT size, root, signed_at FROM log_checkpoint WHERE origin = %s ORDER BY size"
_FIRST_WITH: Final = """
SELECT size, signed_at FROM log_checkpoint WHERE origin = %s AND size >= %s ORDER BY size LIMIT 1
"""

Progress = Callable[[int, int], None]


@dataclass(slots=True)
class _Fold:
    """The two trees: of the rows as they are, and of the hashes that were kept when they were recorded."""

    rows: GrowingTree
    kept: GrowingTree
    whole: bool = True
    differ: list[int] = field(default_factory=list)
    differing: int = 0
    last_at: datetime | None = None
    last_epoch: int = 0

    def add(self, hashed: bytes | None, kept: bytes | None) -> None:
        """Add an event's hash, None for one that is gone, and the kept one; the trees are one until they differ."""
        if self.kept is self.rows:
            if hashed is not None and kept in (None, hashed):
                self.rows.add(hashed)
                return
            self.kept = self.rows.copy()
        if hashed is not None:
            self.rows.add(hashed)
        self.kept.add(kept or hashed or b"")


def check_log(
    connection: Connection[Any],
    recorder: KitelineRecorder,
    stands: Stands,
    trust: Trust,
    findings: Findings,
    progress: Progress,
    seen: Iterable[Checkpoint] = (),
) -> None:
    """Check signatures, tree and every leaf; the tree against what was `seen` elsewhere too.

    `stands.notes` are checked as they are: the database's last, and the copy outside.
    """
    before = findings.total
    found = [trust.checked(note, findings, place) for note, place in zip(stands.notes, _PLACES, strict=False)]
    signed = [one[0] for one in found if one is not None]
    if not stands.notes and stands.head:
        findings.add("no_checkpoint", stands.origin, Sentence("日志从未签署过检查点", "The log was never signed."))
    findings.looked_at(Sentence("签名", "signatures"), f"{len(signed)}", before)

    before = findings.total
    for one in signed:
        same_log(trust, one, findings)
    measures = [
        *signed,
        *seen,
        *([trust.state] if trust.state is not None and trust.state.origin == stands.origin else []),
    ]
    for one in measures:
        if one.size > stands.head:
            findings.add("log_behind", f"{stands.head + 1}–{one.size}", _BEHIND.filled(head=stands.head, size=one.size))
    fold = _walk(connection, recorder, stands, measures, findings, progress)
    _tell_differences(connection, stands, fold, findings)
    _check_upper_tiles(connection, fold.kept.size, findings)
    findings.looked_at(Sentence("事件与树", "events and tree"), f"{stands.head}", before)


_PLACES: Final = ("log_checkpoint", "home/log")
_BEHIND: Final = Sentence(
    "日志只到位置 {head}，而检查点含 {size} 个事件：末尾的事件不见了",
    "The log ends at {head}, {size} events were signed.",
)
_GONE: Final = Sentence("位置 {first} 至 {last} 的事件不见了", "The events at positions {first} to {last} are gone.")
_ALTERED: Final = Sentence(
    "位置 {position} 的事件已不是签署时的内容（{when}）", "The event at {position} is not what was signed ({when})."
)
_TILE: Final = Sentence(
    "切片中位置 {position} 的散列被改动，事件本身与签名相符",
    "The tile's hash of position {position} was altered; the event itself is as signed.",
)
_ROOT: Final = Sentence(
    "位置 {where} 之间的事件与树一同被改写：根与 {size} 个事件的检查点不符",
    "Events at {where} were rewritten together with the tree: its root is not that of the checkpoint of {size}.",
)
_UNREADABLE: Final = Sentence("位置 {position} 的事件不能识别", "The event at {position} cannot be read.")
_BACK: Final = Sentence(
    "位置 {position} 的记录时间或纪元早于前一事件", "Time or epoch of position {position} is before the one before it."
)


def _walk(
    connection: Connection[Any],
    recorder: KitelineRecorder,
    stands: Stands,
    measures: list[Checkpoint],
    findings: Findings,
    progress: Progress,
) -> _Fold:
    tree = GrowingTree()
    fold = _Fold(tree, tree)
    sources = dict(connection.execute(_SOURCES).fetchall())
    roots = _Roots(connection, stands.origin, measures, findings)
    expected = 1
    while rows := [row for row in recorder.read_log(expected, PAGE) if row.position <= stands.head]:
        kept = _kept_hashes(connection, expected, rows[-1].position)
        for row in rows:
            if row.position != expected:
                findings.add(
                    "event_missing",
                    f"{expected}–{row.position - 1}",
                    _GONE.filled(first=expected, last=row.position - 1),
                    _since(connection, stands.origin, expected)[1],
                )
                fold.whole = False
                for position in range(expected, row.position):
                    fold.add(None, kept.get(position))
            _add(fold, row, sources, kept, findings)
            roots.compare(fold)
            expected = row.position + 1
        progress(rows[-1].position, stands.head)
    roots.close()
    return fold


def _add(fold: _Fold, row: LogRow, sources: dict[int, str], kept: dict[int, bytes], findings: Findings) -> None:
    try:
        hashed = leaf_hash(cloud_event(row, sources[row.epoch]))
    except (KeyError, ValueError):
        findings.add("event_unreadable", row.position, _UNREADABLE.filled(position=row.position))
        hashed = b""
    if (fold.last_at is not None and row.recorded_at < fold.last_at) or row.epoch < fold.last_epoch:
        findings.add("time_runs_back", row.position, _BACK.filled(position=row.position))
    fold.last_at, fold.last_epoch = row.recorded_at, row.epoch
    then = kept.get(row.position)
    if then is not None and then != hashed:
        fold.differing += 1
        if len(fold.differ) < 10:
            fold.differ.append(row.position)
    fold.add(hashed, then)


class _Roots:
    """Compares the trees' roots with every checkpoint on the way, the database's all and those brought."""

    def __init__(
        self, connection: Connection[Any], origin: str, measures: list[Checkpoint], findings: Findings
    ) -> None:
        self._signed = self._stored(connection, origin)
        self._next = next(self._signed, None)
        self._measures = measures
        self._findings = findings
        self._good = 0
        self._failed = False

    def compare(self, fold: _Fold) -> None:
        """Compare at the size that the fold has reached."""
        size = fold.kept.size
        while self._next is not None and self._next[0] < size:
            self._next = next(self._signed, None)
        wanted = [one.root for one in self._measures if one.size == size]
        at: datetime | None = None
        if self._next is not None and self._next[0] == size:
            wanted.append(self._next[1])
            at = self._next[2]
        if not wanted or self._failed:
            return
        rows_root = fold.rows.root if fold.whole else b""
        if all(root in (rows_root, fold.kept.root) for root in wanted):
            self._good = size
            return
        # Every later root differs as well: the first says where to look.
        self._failed = True
        where = f"{self._good + 1}–{size}"
        self._findings.add("root_differs", where, _ROOT.filled(where=where, size=size), at)

    def close(self) -> None:
        """End the reading of what was signed."""
        self._signed.close()

    @staticmethod
    def _stored(connection: Connection[Any], origin: str) -> Generator[tuple[int, bytes, datetime], None, None]:
        with connection.transaction(), connection.cursor("signed") as cursor:
            cursor.itersize = 1_000
            yield from cursor.execute(_SIGNED, (origin,))


def _kept_hashes(connection: Connection[Any], first: int, last: int) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    rows = connection.execute(_TILES, (0, (first - 1) // WIDTH, (last - 1) // WIDTH), binary=True)
    for index, hashes in rows.fetchall():
        for at in range(0, len(hashes), HASH_BYTES):
            found[index * WIDTH + at // HASH_BYTES + 1] = bytes(hashes[at : at + HASH_BYTES])
    return found


def _tell_differences(connection: Connection[Any], stands: Stands, fold: _Fold, findings: Findings) -> None:
    """Say of each event that is not what the tree holds which of the two was altered: the signed roots tell."""
    if not fold.differing:
        return
    tiles_hold = not stands.notes or _kept_hold(connection, stands)
    for position in fold.differ:
        when, since = _since(connection, stands.origin, position)
        if tiles_hold:
            findings.add("event_altered", position, _ALTERED.filled(position=position, when=when), since)
        else:
            findings.add("tile_altered", position, _TILE.filled(position=position), since)
    findings.counts["event_altered" if tiles_hold else "tile_altered"] += fold.differing - len(fold.differ)


def _kept_hold(connection: Connection[Any], stands: Stands) -> bool:
    """Whether the kept hashes, not the rows, make the last root that was signed."""
    last = max(stands.checkpoints(), key=lambda one: one.size)
    hashes = GrowingTree()
    for first in range(1, last.size + 1, PAGE):
        upto = min(first + PAGE - 1, last.size)
        kept = _kept_hashes(connection, first, upto)
        for position in range(first, upto + 1):
            hashes.add(kept.get(position, b""))
    return hashes.root == last.root


def _since(connection: Connection[Any], origin: str, position: int) -> tuple[str, datetime | None]:
    row = connection.execute(_FIRST_WITH, (origin, position)).fetchone()
    if row is None:
        return "尚未签署 not signed yet", None
    return f"检查点 checkpoint {row[0]}", row[1]


def _check_upper_tiles(connection: Connection[Any], size: int, findings: Findings) -> None:
    """Check that the tiles of each level are the roots of those below."""
    level, count = 0, size
    while count >= WIDTH:
        count //= WIDTH
        tiles = Tiles(connection)
        for index in range(count):
            row = connection.execute(_TILES, (level, index, index), binary=True).fetchone()
            below = b"" if row is None else bytes(row[1])
            apart = [below[at : at + HASH_BYTES] for at in range(0, len(below), HASH_BYTES)]
            try:
                right = len(apart) == WIDTH and tiles.node((level + 1) * 8, index) == fold_complete(apart)
            except TileMissing:
                right = False
            if not right:
                sentence = Sentence("切片 {where} 与下层不符", "Tile {where} is not the root of those below.")
                where = f"{level + 1}/{index // WIDTH}"
                findings.add("tile_altered", where, sentence.filled(where=where))
        level += 1
