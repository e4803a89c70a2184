"""Looks at every event beside the database: it is what the tree holds, and the tree is what was signed, or not.

One pass in log order, a stretch at a time, by all processes of the crew: memory is that of some stretches, whatever the
log's length.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from domain.errors import Sentence
from infra.cli.verifying.findings import Findings, Progress
from infra.cli.verifying.leaves import LEVEL, STRETCH, Looked, Stretch
from infra.cli.verifying.tiles_check import check_upper_tiles, kept_hold, tell_tile
from infra.cli.verifying.trust import Trust, same_log
from infra.notes.checkpoint import Checkpoint
from infra.notes.standing import Stands
from projections.log_tiles import tree_size
from projections.merkle import GrowingTree

if TYPE_CHECKING:
    from psycopg import Connection

    from infra.cli.verifying.crew import Crew

_SOURCES: Final = "SELECT epoch, source FROM log_epoch"
_SIGNED: Final = "SELECT size, root, signed_at FROM log_checkpoint WHERE origin = %s ORDER BY size"
_FIRST_WITH: Final = """
SELECT size, signed_at FROM log_checkpoint WHERE origin = %s AND size >= %s ORDER BY size LIMIT 1
"""
_MOST_POSITIONS: Final = 10


@dataclass(slots=True)
class _Fold:
    """The two trees: of the rows as they are, and of the hashes that were kept when they were recorded."""

    rows: GrowingTree
    kept: GrowingTree
    whole: bool = True
    differ: list[int] = field(default_factory=list)
    differing: int = 0
    ends: tuple[int, datetime, int] | None = None

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

    def add_whole(self, root: bytes) -> bool:
        """Add a whole stretch in which all agree, if both trees are where one may begin."""
        trees = [self.rows] if self.kept is self.rows else [self.rows, self.kept]
        if any(tree.size % STRETCH for tree in trees):
            return False
        for tree in trees:
            tree.add(root, LEVEL)
        return True


def check_log(
    connection: Connection[Any],
    crew: Crew,
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
    # What was signed is in the tree; what came after may be on its way there.
    tiles = min(stands.head, max([tree_size(connection), *(one.size for one in signed)]))
    fold = _walk(connection, crew, _stretches(connection, stands.head, tiles), stands, measures, findings, progress)
    _tell_differences(connection, stands, fold, findings)
    check_upper_tiles(connection, tiles, findings)
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
    crew: Crew,
    stretches: Iterable[Stretch],
    stands: Stands,
    measures: list[Checkpoint],
    findings: Findings,
    progress: Progress,
) -> _Fold:
    tree = GrowingTree()
    fold = _Fold(tree, tree)
    roots = _Roots(connection, stands.origin, measures, findings)
    gap = _Gap(connection, stands.origin, findings)
    for looked in crew.each(stretches):
        gap.over(looked.missing)
        fold.whole = fold.whole and not looked.missing
        _tell(looked, fold, findings)
        if looked.root is None or roots.is_due(looked) or not fold.add_whole(looked.root):
            for at, hashed in enumerate(looked.hashes):
                fold.add(hashed, hashed if looked.kept is None else looked.kept[at])
                if hashed is not None:
                    roots.compare(fold)
        else:
            roots.compare(fold)
        progress(looked.last, stands.head)
    gap.close()
    roots.close()
    return fold


def _stretches(connection: Connection[Any], head: int, tiles: int) -> Iterator[Stretch]:
    sources = dict(connection.execute(_SOURCES).fetchall())
    return (Stretch(first, min(first + STRETCH - 1, head), tiles, sources) for first in range(1, head + 1, STRETCH))


def _tell(looked: Looked, fold: _Fold, findings: Findings) -> None:
    """Note what a stretch itself shows, and keep what is told at the end."""
    for position in looked.unreadable:
        findings.add("event_unreadable", position, _UNREADABLE.filled(position=position))
    back = list(looked.back)
    if looked.begins is not None:
        if fold.ends is not None and (looked.begins[1] < fold.ends[1] or looked.begins[2] < fold.ends[2]):
            back.insert(0, looked.begins[0])
        fold.ends = looked.ends
    for position in back:
        findings.add("time_runs_back", position, _BACK.filled(position=position))
    for index in looked.tiles_differ:
        tell_tile(1, index, findings)
    fold.differing += looked.differing
    fold.differ += looked.differ[: _MOST_POSITIONS - len(fold.differ)]


class _Gap:
    """Tells what is missing as one, however many positions there are side by side."""

    def __init__(self, connection: Connection[Any], origin: str, findings: Findings) -> None:
        self._connection = connection
        self._origin = origin
        self._findings = findings
        self._first = self._last = 0

    def over(self, missing: list[int]) -> None:
        """Go on with what is missing in the next stretch."""
        for position in missing:
            if position != self._last + 1:
                self.close()
            self._first = self._first or position
            self._last = position

    def close(self) -> None:
        """Tell of the gap that is open, if any."""
        if self._first:
            told = _GONE.filled(first=self._first, last=self._last)
            since = _since(self._connection, self._origin, self._first)[1]
            self._findings.add("event_missing", f"{self._first}–{self._last}", told, since)
        self._first = 0


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

    def is_due(self, looked: Looked) -> bool:
        """Whether something was signed of a size within a stretch, not at its end."""
        self._skip(looked.first)
        within = range(looked.first, looked.last)
        return (self._next is not None and self._next[0] in within) or any(one.size in within for one in self._measures)

    def compare(self, fold: _Fold) -> None:
        """Compare at the size that the fold has reached."""
        size = fold.kept.size
        self._skip(size)
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

    def _skip(self, size: int) -> None:
        while self._next is not None and self._next[0] < size:
            self._next = next(self._signed, None)

    def close(self) -> None:
        """End the reading of what was signed."""
        self._signed.close()

    @staticmethod
    def _stored(connection: Connection[Any], origin: str) -> Generator[tuple[int, bytes, datetime], None, None]:
        with connection.transaction(), connection.cursor("signed") as cursor:
            cursor.itersize = 1_000
            yield from cursor.execute(_SIGNED, (origin,))


def _tell_differences(connection: Connection[Any], stands: Stands, fold: _Fold, findings: Findings) -> None:
    """Say of each event that is not what the tree holds which of the two was altered: the signed roots tell."""
    if not fold.differing:
        return
    tiles_hold = not stands.notes or kept_hold(connection, max(stands.checkpoints(), key=lambda one: one.size))
    for position in fold.differ:
        when, since = _since(connection, stands.origin, position)
        if tiles_hold:
            findings.add("event_altered", position, _ALTERED.filled(position=position, when=when), since)
        else:
            findings.add("tile_altered", position, _TILE.filled(position=position), since)
    findings.counts["event_altered" if tiles_hold else "tile_altered"] += fold.differing - len(fold.differ)


def _since(connection: Connection[Any], origin: str, position: int) -> tuple[str, datetime | None]:
    row = connection.execute(_FIRST_WITH, (origin, position)).fetchone()
    if row is None:
        return "尚未签署 not signed yet", None
    return f"检查点 checkpoint {row[0]}", row[1]
