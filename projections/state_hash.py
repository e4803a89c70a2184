"""A digest of each table of read models, whatever order its rows lie in: live, rebuilt and folded afresh must agree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

_HASHES: Final = """
SELECT 'member', count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) FROM member AS t
UNION ALL
SELECT 'roster_past', count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) FROM roster_past AS t
UNION ALL
SELECT 'clock_past', count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) FROM clock_past AS t
UNION ALL
SELECT 'duty', count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) FROM duty AS t
UNION ALL
SELECT 'duty_past', count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) FROM duty_past AS t
UNION ALL
SELECT 'leg', count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) FROM leg AS t
UNION ALL
SELECT 'leg_past', count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) FROM leg_past AS t
UNION ALL
SELECT 'tally', count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) FROM tally AS t
UNION ALL
SELECT 'statistic', count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) FROM statistic AS t
UNION ALL
SELECT 'day_count', count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) FROM day_count AS t
UNION ALL
SELECT 'standing_count', count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) FROM standing_count AS t
UNION ALL
SELECT 'standing_age', count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) FROM standing_age AS t
UNION ALL
SELECT 'flow_count', count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) FROM flow_count AS t
UNION ALL
SELECT 'parked', count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)
FROM (SELECT member_id, position, code FROM projection_parked) AS t
"""


def state_hash(connection: Connection[TupleRow]) -> dict[str, str]:
    """Return, by table, how many rows there are and the sum of their hashes."""
    return {row[0]: f"{row[1]}:{row[2]}" for row in connection.execute(_HASHES)}
