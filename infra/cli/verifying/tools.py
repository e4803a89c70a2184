"""What a piece of a verification is looked at with, in whichever process: log, database, vault, opened when needed."""

from __future__ import annotations

from contextlib import ExitStack
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from infra.database.connections import connect_pool
from infra.event_store.recorder import KitelineRecorder
from infra.recording.mapper import fact_from_row
from infra.vault.configured import configured_vault
from projections.folding import reference_upto
from projections.fresh_fold import SpanFolding, in_snapshot
from projections.log_rows import Log

if TYPE_CHECKING:
    from psycopg import Connection

    from infra.settings import Settings
    from infra.vault.vault import Vault

PATIENT: Final = "SET idle_in_transaction_session_timeout = 0"
"""For a session that waits within a transaction while others look at what takes long."""


class Tools:
    """Tools of one process; `close` them when done."""

    def __init__(self, url: str, settings: Settings) -> None:
        """Open nothing yet."""
        self._url = url
        self._settings = settings
        self._opened = ExitStack()
        self._folding: tuple[str, SpanFolding] | None = None

    def close(self) -> None:
        """Close what was opened."""
        self._opened.close()

    @cached_property
    def recorder(self) -> KitelineRecorder:
        """The log."""
        recorder = KitelineRecorder(self._url, readers=1)
        self._opened.callback(recorder.close)
        return recorder

    @cached_property
    def connection(self) -> Connection[Any]:
        """A connection as the owner, in autocommit."""
        return self.another_connection()

    def another_connection(self) -> Connection[Any]:
        """Open one more connection as the owner, for as long as these tools."""
        pool = self._opened.enter_context(connect_pool(self._url, max_size=1, name="kiteline verify"))
        connection = self._opened.enter_context(pool.connection())
        connection.execute(PATIENT)
        return connection

    @cached_property
    def vault(self) -> Vault:
        """The vault under the deployment's master key."""
        return configured_vault(self._settings)

    def folding(self, snapshot: str, position: int) -> SpanFolding:
        """Return what folds spans in a snapshot, as of the position that the read models reflect in it."""
        if self._folding is None or self._folding[0] != snapshot:
            recorder, live = self.recorder, self.another_connection()
            log = Log(recorder.read_log, recorder.read_reference, recorder.read_streams, fact_from_row)
            self._opened.enter_context(in_snapshot(live, snapshot))
            self._folding = (snapshot, SpanFolding(live, log, reference_upto(log, position), position))
        return self._folding[1]
