"""Looks at the feeds of regions: each is what its events say, in the order of the log, from 1 without a gap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from domain.errors import Sentence
from infra.cli.verifying.findings import Findings

if TYPE_CHECKING:
    from psycopg import Connection

# One statement, so that what is written meanwhile is in all of it or in none. OFFSET 0: the ids are taken out before
# anything is sorted, or whole events would be.
_DIFFER: Final = """
SELECT coalesce(f.region, e.region), coalesce(f.feedposition, e.feedposition), e.position, f.position
FROM (
    SELECT c.region, l.position,
           row_number() OVER (PARTITION BY c.region ORDER BY l.position) AS feedposition, l.id
    FROM (
        SELECT position, concerns, substring(state FROM position('","nonce":"'::bytea IN state) - 36 FOR 36) AS id
        FROM log WHERE position <= (SELECT position FROM feed_progress) ORDER BY position OFFSET 0
    ) AS l CROSS JOIN LATERAL unnest(l.concerns) AS c (region)
) AS e
FULL JOIN feed_entry AS f ON f.region = e.region AND f.feedposition = e.feedposition
WHERE e.position IS DISTINCT FROM f.position OR e.id <> convert_to(f.event_id::text, 'UTF8')
ORDER BY 1, 2 LIMIT 1000
"""
_HEADS: Final = """
SELECT coalesce(h.region, f.region), h.feedposition, f.feedposition
FROM feed_head AS h
FULL JOIN (
    SELECT region, max(feedposition) AS feedposition, max(position) AS position FROM feed_entry GROUP BY region
) AS f ON f.region = h.region
WHERE (h.feedposition, h.position) IS DISTINCT FROM (f.feedposition, f.position)
ORDER BY 1 LIMIT 1000
"""
_COUNT: Final = "SELECT count(*), (SELECT position FROM feed_progress) FROM feed_head"
_ENTRY: Final = Sentence(
    "地区 {region} 的事件流第 {number} 条应为日志位置 {right} 的事件，现为 {found}",
    "Entry {number} of the feed of {region} ought to be the event at position {right}, and is {found}.",
)
_HEAD: Final = Sentence(
    "地区 {region} 的事件流记为 {head} 条，实有 {last} 条",
    "The head of the feed of {region} says {head}, its entries {last}.",
)


def check_feeds(connection: Connection[Any], findings: Findings) -> None:
    """Check every feed against what is stored with the events, as far as the feeds are written."""
    before = findings.total
    for region, number, right, found in connection.execute(_DIFFER):
        told = _ENTRY.filled(region=region, number=number, right=right or "-", found=found or "-")
        findings.add("feed_differs", f"{region}/{number}", told)
    for region, head, last in connection.execute(_HEADS):
        findings.add("feed_head", region, _HEAD.filled(region=region, head=head or "-", last=last or "-"))
    count, position = connection.execute(_COUNT).fetchone() or (0, 0)
    findings.looked_at(Sentence("地区事件流", "feeds of regions"), f"{count} @ {position}", before)
