"""Catching up from nothing: member by member, as a rebuild does, instead of page by page.

Page by page, what stands of a member is written again with every page that has a fact of theirs; member by member it is
written once, with COPY into tables without indexes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from projections.rebuild import VIEWS, RebuildRunning, Rebuilt, ReferenceChanged, rebuild

if TYPE_CHECKING:
    import threading

    from psycopg import Connection
    from psycopg.rows import TupleRow
    from psycopg_pool import ConnectionPool

    from projections.log_rows import Log
    from projections.second_process import Opening


class _Stopped(Exception):
    """The process ends."""


def folded_afresh(
    pool: ConnectionPool[Connection[TupleRow]], log: Log, opening: Opening | None, stop: threading.Event
) -> Rebuilt | None:
    """Fill the empty read models from the whole log; None when stopped, or when another is at it.

    They stay empty until all is folded. Whoever takes None goes on page by page.
    """

    def go_on(_done: int, _total: int) -> None:
        if stop.is_set():
            raise _Stopped

    try:
        return rebuild(pool, log, VIEWS, go_on, opening)
    except (RebuildRunning, ReferenceChanged, _Stopped):
        return None
