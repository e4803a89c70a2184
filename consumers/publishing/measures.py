"""The lag of publishing, against the feeds' own heads: taken by every process of the role, whoever leads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consumers.publishing import progress
from infra.metrics import (
    PUBLISHER_BEHIND,
    PUBLISHER_LOOKED,
    PUBLISHER_OLDEST,
    PUBLISHER_REFUSED,
    PUBLISHER_REGIONS_BEHIND,
)

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow


def measure(connection: Connection[TupleRow]) -> int:
    """Set the figures, and return how many topics are refused."""
    lags = progress.lags(connection)
    behind = [one.entries for one in lags if one.entries]
    oldest = progress.oldest_unpublished(connection) if behind else None
    refused = sum(one.refused is not None for one in lags)
    PUBLISHER_BEHIND.set(sum(behind))
    PUBLISHER_REGIONS_BEHIND.set(len(behind))
    PUBLISHER_OLDEST.set(oldest.timestamp() if oldest is not None else 0)
    PUBLISHER_REFUSED.set(refused)
    PUBLISHER_LOOKED.set_to_current_time()
    return refused
