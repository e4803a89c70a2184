"""Keeps the name under which a log speaks: the source of its events, one an epoch."""

import psycopg

from infra.failures import OperatorFailure

_SOURCE = "urn:kiteline:{}:{}"
_LAST_EPOCH = "SELECT epoch, source FROM log_epoch ORDER BY epoch DESC LIMIT 1"
_HAS_EVENTS = "SELECT EXISTS (SELECT FROM log)"
_NAME_EPOCH = "UPDATE log_epoch SET source = %s WHERE epoch = %s"


class SourceChanged(OperatorFailure):
    """The deployment was renamed though its log has events, whose source subscribers know."""


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
