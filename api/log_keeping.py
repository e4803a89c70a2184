"""The thread that keeps the log's tree: grows it, signs it, and sees that the log is still the one that was signed.

Every process of the service looks at how the log stands; the one whose role it is, and that holds the lock, writes.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

from infra.database.connections import connect_pool
from infra.failures import OperatorFailure
from infra.logs import get_logger
from infra.metrics import CHECKPOINT_SIZE, CHECKPOINT_TIMESTAMP, TREE_SIZE
from infra.notes import signed_note
from infra.notes.checkpoint import Checkpoint
from infra.notes.log_keys import LogKeyFailure, load_log_keys
from infra.notes.outside_copy import OutsideCopy
from infra.notes.signed_note import NoteRefused
from infra.notes.standing import Stands, Unsound, how_it_stands, judge
from infra.recording.mapper import cloud_event
from projections.log_tiles import LEAD, LEAVE, Tiles, TreeWriter, tree_size
from projections.merkle import ProofRefused, check_consistency, consistency_proof, leaf_hash

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from psycopg import Connection

    from infra.event_store.save import LogRow
    from infra.recording.application import Kiteline
    from infra.settings import Settings

_log = get_logger(__name__)
_PAGE: Final = 4_000
# Nobody waits for the tree: the hashes of a moment are written together.
_GATHER_SECONDS: Final = 0.1
_SHORTEST_IDLE: Final = 0.02
_LONGEST_IDLE: Final = 0.2
_LOOK_SECONDS: Final = 1.0
_STOP_SECONDS: Final = 30.0
_STALE_SECONDS: Final = 30.0
_SOURCES: Final = "SELECT epoch, source FROM log_epoch"
_WANTED: Final = "SELECT size FROM log_checkpoint_wanted"
_KEEP: Final = """
INSERT INTO log_checkpoint AS c (origin, size, root, note) VALUES (%s, %s, %s, %s)
ON CONFLICT (origin, size) DO UPDATE SET note = excluded.note WHERE c.root = excluded.root
"""


class LogUnsound(OperatorFailure):
    """The log is not the one that was signed; nothing is recorded on it before a new epoch is declared."""


class GapInLog(Exception):
    """The log was read with a position missing; no tree is built over it."""


class LogKeeping:
    """Runs until closed. `unsound` says why nothing may be served; `state` is the part of readiness."""

    def __init__(
        self,
        kiteline: Kiteline,
        database_url: str,
        settings: Settings,
        *,
        writing: bool,
        signed: Callable[[str], None] | None = None,
    ) -> None:
        """Look at the log before anything is served, then start; `signed(note)` is told of every new checkpoint."""
        self._kiteline = kiteline
        self._settings = settings
        self._writing = writing
        self._signed = signed
        self._outside = OutsideCopy(settings.home)
        self._sources: dict[int, str] = {}
        self._looked_at = float("-inf")
        self._signed_at = float("-inf")
        self._failed_at = float("-inf")
        self._why = "failing"
        self.unsound: Unsound | None = None
        self._stands: Stands | None = None
        self._first: Callable[[], object] | None = None
        self._stop = threading.Event()
        self._pool = connect_pool(database_url, max_size=2, name="kiteline log tree")
        try:
            with self._pool.connection() as connection:
                self._look(connection)
                if writing and self.unsound is None:
                    self._reach_what_was_signed(connection)
        except BaseException:
            self._pool.close()
            raise
        self._thread = threading.Thread(target=self._run, name="log tree", daemon=True)
        self._thread.start()

    @property
    def state(self) -> str:
        """`ok`; what is wrong with the log; or `failing` while what was last tried failed a moment ago."""
        if self.unsound is not None:
            return self.unsound.trouble
        return self._why if time.monotonic() - self._failed_at < _STALE_SECONDS else "ok"

    def before_serving(self, first: Callable[[], object]) -> None:
        """Call `first` now or, where the log is unsound, when a new epoch has made it sound, before it is served."""
        if self.unsound is None:
            first()
        else:
            self._first = first

    def must_be_sound(self) -> None:
        """Raise LogUnsound for a log on which nothing may be recorded."""
        if self.unsound is not None:
            raise LogUnsound(self.unsound.sentence.zh, self.unsound.sentence.en)

    def close(self) -> None:
        """Stop, finishing what is under way."""
        self._stop.set()
        self._thread.join(_STOP_SECONDS)
        self._pool.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                with self._pool.connection() as connection:
                    self._look(connection)
                    if self._writing and self.unsound is None:
                        self._lead(connection)
            except Exception as error:  # noqa: BLE001 - the database away, a key unreadable: tried again
                self._has_failed(error)
            self._stop.wait(_LOOK_SECONDS / 2)

    def _has_failed(self, error: Exception) -> None:
        refused = isinstance(error, (NoteRefused, LogKeyFailure))
        self._failed_at, self._why = time.monotonic(), "key refused" if refused else "failing"
        _log.warning("the log was not signed, trying again", kind=type(error).__name__, exc_info=error)

    def _look(self, connection: Connection[Any]) -> None:
        """Compare the log with what was signed of it; sound again after a new epoch was declared."""
        stands = how_it_stands(connection, self._outside)
        unsound = judge(stands, stands.checkpoints(), tree_size(connection), Tiles(connection).root)
        if unsound is not None and self.unsound is None:
            _log.error("the log is not what was signed of it", trouble=unsound.trouble, head=stands.head)
        if unsound is None and self._first is not None:
            self._first()
            self._first = None
        self._stands, self.unsound, self._looked_at = stands, unsound, time.monotonic()

    def _reach_what_was_signed(self, connection: Connection[Any]) -> None:
        """Grow the tree to the last checkpoint where a crash took its end back, so that the log can be judged."""
        stands = self._stood()
        signed = max((one.size for one in stands.checkpoints()), default=0)
        if tree_size(connection) >= signed or not _led(connection):
            return
        try:
            writer = TreeWriter(connection)
            while writer.size < signed and self._grow(writer):
                pass
        finally:
            connection.execute(LEAVE)
        self._look(connection)

    def _lead(self, connection: Connection[Any]) -> None:
        if not _led(connection):
            return
        try:
            writer, idle = TreeWriter(connection), _SHORTEST_IDLE
            while not self._stop.is_set():
                if time.monotonic() - self._looked_at >= _LOOK_SECONDS:
                    before = self._stood().epoch
                    self._look(connection)
                    if self.unsound is not None or self._stood().epoch != before:
                        return
                count = self._grow(writer)
                if count < _PAGE:
                    self._sign_if_due(connection, writer.size)
                idle = _SHORTEST_IDLE if count else min(idle * 1.5, _LONGEST_IDLE)
                if 0 < count < _PAGE:
                    self._stop.wait(_GATHER_SECONDS)
                elif not count:
                    self._kiteline.log.wait_for_news(idle)
        finally:
            if not connection.broken:
                connection.execute(LEAVE)

    def _grow(self, writer: TreeWriter) -> int:
        rows = self._kiteline.log.read_log(writer.size + 1, _PAGE)
        if not rows:
            return 0
        if rows[0].position != writer.size + 1 or rows[-1].position != writer.size + len(rows):
            raise GapInLog(f"{len(rows)} rows from {rows[0].position}, after {writer.size}")
        writer.add([leaf_hash(self._leaf(row)) for row in rows])
        TREE_SIZE.set(writer.size)
        return len(rows)

    def _leaf(self, row: LogRow) -> bytes:
        if row.epoch not in self._sources:
            self._sources = sources(self._kiteline)
        return cloud_event(row, self._sources[row.epoch])

    def _sign_if_due(self, connection: Connection[Any], size: int) -> None:
        stands = self._stood()
        signers = load_log_keys(self._settings).signers(stands.origin)
        lines = {(one.verifier.name, one.verifier.key_id) for one in signers}
        last = -1
        if stands.notes:
            note = signed_note.read(stands.notes[0])
            last = stands.checkpoints()[0].size
            rotated = lines != {(one.name, one.key_id) for one in note.signatures}
            waited = time.monotonic() - self._signed_at >= self._settings.checkpoint_seconds
            if not rotated and (size <= last or not (waited or _wanted(connection) > last)):
                return
        tiles = Tiles(connection)
        checkpoint = Checkpoint(stands.origin, size, tiles.root(size))
        for note_before, before in zip(stands.notes, stands.checkpoints(), strict=True):
            if not signed_note.read(note_before).vouched_by(one.verifier for one in signers):
                raise NoteRefused(f"the key is not the one that signed {before.origin} at {before.size}")
            proof = consistency_proof(before.size, size, tiles.node) if before.size <= size else []
            try:
                check_consistency(before.size, size, before.root, checkpoint.root, proof)
            except ProofRefused:
                self._look(connection)
                raise
        note_text = signed_note.write(checkpoint.text, [one.sign(checkpoint.text) for one in signers])
        # Outside first: nothing is published of which there is no copy that a restored backup would not take back.
        self._outside.keep(stands.origin, note_text)
        connection.execute(_KEEP, (stands.origin, size, checkpoint.root, note_text))
        self._signed_at, self._failed_at = time.monotonic(), float("-inf")
        self._look(connection)
        CHECKPOINT_SIZE.set(size)
        CHECKPOINT_TIMESTAMP.set_to_current_time()
        if self._signed is not None:
            self._signed(note_text)

    def _stood(self) -> Stands:
        assert self._stands is not None  # noqa: S101 - looked at before anything else
        return self._stands


def sources(kiteline: Kiteline) -> dict[int, str]:
    """Read under which source each epoch of the log speaks."""
    with kiteline.log.reading() as connection:
        return dict(connection.execute(_SOURCES).fetchall())


def _led(connection: Connection[Any]) -> bool:
    row = connection.execute(LEAD).fetchone()
    return row is not None and bool(row[0])


def _wanted(connection: Connection[Any]) -> int:
    row = connection.execute(_WANTED).fetchone()
    return 0 if row is None else int(row[0])
