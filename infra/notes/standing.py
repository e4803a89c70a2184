"""How a log stands to what was signed of it: sound, behind, or another; read in one place, judged in one place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import psycopg

from domain.errors import Sentence
from infra.notes import signed_note
from infra.notes.checkpoint import Checkpoint, read_text
from infra.notes.log_keys import LogKeys
from infra.notes.outside_copy import OutsideCopy

Connection = psycopg.Connection[Any]

_STANDS: Final = """
SELECT e.epoch, e.source, coalesce((SELECT max(position) FROM log), 0), c.note
FROM (SELECT epoch, source FROM log_epoch ORDER BY epoch DESC LIMIT 1) AS e
LEFT JOIN LATERAL (
    SELECT note FROM log_checkpoint WHERE origin = e.source ORDER BY size DESC LIMIT 1
) AS c ON true
"""


class Trouble(StrEnum):
    """Why a log is not served."""

    BEHIND = "behind its last checkpoint"
    ANOTHER = "not the log that was signed"
    OF_AN_EARLIER_EPOCH = "of an earlier epoch"


_SENTENCES: Final = {
    Trouble.BEHIND: Sentence(
        "日志只到位置 {head}，而已签署的检查点到 {size}：这是恢复的旧备份。请先运行 kiteline log new-epoch",
        "The log ends at position {head}, but a checkpoint of {size} was signed: this is a backup of an earlier time. "
        "Run kiteline log new-epoch first.",
    ),
    Trouble.ANOTHER: Sentence(
        "日志前 {size} 个事件与已签署的检查点不符：日志被改写，或恢复后已继续。请先查明，再运行 kiteline log new-epoch",
        "The first {size} events are not those of the checkpoint that was signed: the log was rewritten, or restored "
        "and continued. Find out why, then run kiteline log new-epoch.",
    ),
    Trouble.OF_AN_EARLIER_EPOCH: Sentence(
        "日志属于第 {epoch} 纪元，而第 {size} 纪元已签署过检查点：这是恢复的旧备份。请先运行 kiteline log new-epoch",
        "The log is of epoch {epoch}, but epoch {size} has signed already: this is a backup of an earlier time. "
        "Run kiteline log new-epoch first.",
    ),
}


@dataclass(frozen=True, slots=True)
class Unsound:
    """A log that must not be served: why, in a word and in a sentence."""

    trouble: Trouble
    sentence: Sentence


@dataclass(frozen=True, slots=True)
class Stands:
    """The log's present epoch and head, and the notes signed last for it: in the database, and outside."""

    epoch: int
    origin: str
    head: int
    notes: tuple[str, ...]
    latest_epoch: int

    def checkpoints(self) -> list[Checkpoint]:
        """Return the checkpoints of the notes. Raises NoteRefused."""
        return [read_text(signed_note.read(note).text) for note in self.notes]


def how_it_stands(connection: Connection, outside: OutsideCopy) -> Stands:
    """Read what is to be compared, in one statement and one file. Raises OSError, psycopg.Error."""
    epoch, origin, head, stored = _present(connection)
    kept = outside.last(origin)
    notes = tuple(note for note in (stored, kept) if note is not None)
    return Stands(epoch, origin, head, notes, outside.latest_epoch(origin))


def present_origin(url: str) -> str:
    """Return the name of the log's present epoch, as its owner."""
    with psycopg.connect(url, autocommit=True) as connection:
        return str(_present(connection)[1])


def signed_by_all(url: str, keys: LogKeys) -> bool:
    """Whether every one of these keys signed the last checkpoint that the database holds."""
    with psycopg.connect(url, autocommit=True) as connection:
        _, origin, _, note = _present(connection)
    verifiers = [signer.verifier for signer in keys.signers(origin)]
    return note is not None and len(signed_note.read(note).vouched_by(verifiers)) == len(verifiers)


def judge(stands: Stands, checkpoints: Sequence[Checkpoint], size: int, root: Callable[[int], bytes]) -> Unsound | None:
    """Say what is wrong with a log, None for one that may be served.

    `size` is that of the tree as far as it was built, `root` gives the root of its first leaves: what was signed beyond
    it is judged when the tree has grown there.
    """
    if stands.latest_epoch > stands.epoch:
        return _unsound(Trouble.OF_AN_EARLIER_EPOCH, stands, stands.latest_epoch)
    for checkpoint in checkpoints:
        if checkpoint.size > stands.head:
            return _unsound(Trouble.BEHIND, stands, checkpoint.size)
        if checkpoint.size <= size and root(checkpoint.size) != checkpoint.root:
            return _unsound(Trouble.ANOTHER, stands, checkpoint.size)
    return None


def _unsound(trouble: Trouble, stands: Stands, size: int) -> Unsound:
    return Unsound(trouble, _SENTENCES[trouble].filled(head=stands.head, epoch=stands.epoch, size=size))


def _present(connection: Connection) -> tuple[int, str, int, str | None]:
    row = connection.execute(_STANDS).fetchone()
    if row is None:
        raise LookupError("a log without an epoch")
    return row[0], row[1], row[2], row[3]
