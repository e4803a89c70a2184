"""Keeps the name under which a log speaks: the source of its events, one an epoch; declares a new epoch."""

import psycopg

from infra.failures import OperatorFailure

_SOURCE = "urn:kiteline:{}:{}"
_LAST_EPOCH = "SELECT epoch, source FROM log_epoch ORDER BY epoch DESC LIMIT 1"
_HAS_EVENTS = "SELECT EXISTS (SELECT FROM log)"
_HEAD = "SELECT coalesce(max(position), 0) FROM log"
# The lock of append_saves: nothing is recorded between two epochs.
_ALONE = "SELECT pg_advisory_xact_lock(1802073189, 7106407)"
# The lock of who grows the tree ('kite', 'tree').
_NO_TREE_WRITER = "SELECT pg_try_advisory_xact_lock(1802073189, 1953654117)"
_DECLARE = "INSERT INTO log_epoch (epoch, source, from_position) VALUES (%s, %s, %s)"
_TREE_ANEW = "DELETE FROM log_tile"
_NAME_EPOCH = "UPDATE log_epoch SET source = %s WHERE epoch = %s"


class SourceChanged(OperatorFailure):
    """The deployment was renamed though its log has events, whose source subscribers know."""


class TreeBeingWritten(OperatorFailure):
    """A service keeps the tree of this log, which it finds sound."""


def declare_epoch(url: str, deployment: str, after: int) -> tuple[str, int]:
    """Begin a new epoch of the log as it is, and return its source and its first position.

    Later than `after`, the latest epoch known outside the database. The tree is made anew from the log; checkpoints of
    former epochs stay. Raises TreeBeingWritten.
    """
    with psycopg.connect(url) as connection:
        connection.execute(_ALONE)
        if connection.execute(_NO_TREE_WRITER).fetchone() != (True,):
            raise TreeBeingWritten(
                "服务正在为这一日志签署检查点；若确要宣布新纪元，请先停止服务。",
                "A service is signing this log; if a new epoch is meant, stop the service first.",
            )
        epoch, _ = connection.execute(_LAST_EPOCH).fetchone() or (1, "")
        (head,) = connection.execute(_HEAD).fetchone() or (0,)
        following = max(int(epoch), after) + 1
        source = _SOURCE.format(deployment, following)
        connection.execute(_DECLARE, (following, source, head + 1))
        connection.execute(_TREE_ANEW)
        return source, int(head) + 1


def present_source(url: str) -> str:
    """Return the source of the present epoch: under which name what is recorded now goes out."""
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(_LAST_EPOCH).fetchone()
    return _SOURCE.format("local", 1) if row is None else str(row[1])


def keep_source(url: str, deployment: str) -> str:
    """Name the log of `url` after the deployment, as its owner, and return the source of its present epoch.

    An empty log takes any name; later the name stays. Raises SourceChanged.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        epoch, known = connection.execute(_LAST_EPOCH).fetchone() or (1, "")
        wanted = _SOURCE.format(deployment, epoch)
        if wanted == known:
            return wanted
        has_events = connection.execute(_HAS_EVENTS).fetchone()
        if has_events == (True,):
            raise SourceChanged(
                f"日志以 {known} 之名已有事件，KITELINE_DEPLOYMENT 却要求 {wanted}；请改回原名。",
                f"The log has events under {known}, but KITELINE_DEPLOYMENT asks for {wanted}; set the former name.",
            )
        connection.execute(_NAME_EPOCH, (wanted, epoch))
        return wanted
