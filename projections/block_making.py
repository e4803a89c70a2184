"""Makes blocks of counts as known beside the pages, in a thread of whoever leads."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final, Self

from projections.known_counts import make_block

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import Connection
    from psycopg.rows import TupleRow
    from psycopg_pool import ConnectionPool

_LOOK_SECONDS: Final = 0.5
_PATIENCE_SECONDS: Final = 1.0
_RESTS: Final = 9.0
"""Times as long as a block took, while there are pages too: a tenth of a core at most."""
_POSITION: Final = "SELECT position FROM projection_position WHERE name = 'read_models'"


class BlockMaking:
    """While it is open, blocks are made as the read models grow: at leisure, and at once where nothing else happens."""

    def __init__(self, pool: ConnectionPool[Connection[TupleRow]], failed: Callable[[Exception], None]) -> None:
        self._pool = pool
        self._failed = failed
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kiteline-blocks", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        position = -1
        while not self._ended.is_set():
            began = time.monotonic()
            try:
                with self._pool.connection(timeout=_PATIENCE_SECONDS) as connection:
                    made = make_block(connection)
                    before, position = position, _position(connection)
            except Exception as error:  # noqa: BLE001 - the database away: the next look finds it, or fails again
                self._failed(error)
                made, before = False, position
            took = time.monotonic() - began
            self._ended.wait((_RESTS * took if position != before else 0.0) if made else _LOOK_SECONDS)


def _position(connection: Connection[TupleRow]) -> int:
    row = connection.execute(_POSITION).fetchone()
    return -1 if row is None else int(row[0])
