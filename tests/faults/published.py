"""What a subscriber who keeps (source, id) finds in a topic, beside what the feed holds."""

from __future__ import annotations

from collections.abc import Iterable

from tests.integration.publishing.feeding import Log, Record, in_topic, once_each


def missing(log: Log, servers: str, region: str) -> list[bytes]:
    """Tell which entries of a feed its topic lacks."""
    there = {record.value for record in in_topic(servers, region)}
    return [value for value in log.feed_of(region) if value not in there]


def broken_chain(records: Iterable[Record]) -> list[int]:
    """Tell at which offsets an entry follows that is neither known already nor the next one."""
    last, broken = 0, []
    for record in records:
        place, before = record.event["feedposition"], record.event["prevposition"]
        if place > last:
            if before != last:
                broken.append(record.offset)
            last = place
    return broken


def must_hold_the_feed(log: Log, servers: str, region: str) -> int:
    """Compare a topic with its feed: same bytes, same order, chain unbroken; returns how many came more than once."""
    records = in_topic(servers, region)
    feed = log.feed_of(region)
    assert broken_chain(records) == []
    assert once_each(records) == feed
    return len(records) - len(feed)
