"""How topics stand before anything is sent to them: made where missing, found again or lost, never filled twice.

A leader that was killed, or lost the brokers, may have sent entries whose acknowledgement it never saw: they are looked
for behind the last one that was noted. A topic that no longer holds what it acknowledged is filled from the start.
"""

from __future__ import annotations

import time
from collections import defaultdict
from typing import TYPE_CHECKING, Final
from uuid import UUID

import orjson

from consumers.publishing.kafka import PASSING, topic_of
from consumers.publishing.progress import Progress, begin
from consumers.publishing.region import from_start
from infra.logs import get_logger
from infra.metrics import PUBLISHER_REPUBLISHED
from projections.region_feeds import page_after

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from psycopg import Connection
    from psycopg.rows import TupleRow

    from consumers.publishing.kafka import Kafka, Record, Seen

_log = get_logger(__name__)
_LEADER_SECONDS: Final = 3.0
_LOOK_SECONDS: Final = 0.05


def topics_as_they_stand(
    connection: Connection[TupleRow],
    kafka: Kafka,
    cluster_id: str,
    regions: Collection[str],
    known: Mapping[str, Progress],
) -> list[Progress]:
    """Tell from where each region's topic is to be filled, and write that down, on disk. Raises KafkaAway.

    Missing topics are created. One that was lost, or no longer holds what it acknowledged, begins at the start; entries
    found behind the last one noted count as acknowledged. A topic of another partition count is refused; one that has
    no leader yet is left out, to be looked at later.
    """
    seen = kafka.look(regions)
    missing = [region for region in regions if seen[region] is None]
    forbidden = kafka.create(missing) if missing else {}
    seen |= _with_a_leader(kafka, {region: seen[region] for region in regions if region not in forbidden})
    found, doubtful = [], {}
    for region in regions:
        one, before = seen[region], known.get(region)
        if one is None or one.why is not None:
            why = forbidden.get(region) if one is None else one.why
            if why is not None and why not in PASSING:
                found.append(_refused(region, before, why))
        elif before is None or before.topic_id == "":
            found.append(from_start(region, one.topic_id, one.end))
        elif one.topic_id != before.topic_id:
            found.append(_lost(region, one, before, "topic_replaced"))
        elif one.end < before.next_offset:
            found.append(_lost(region, one, before, "end_behind"))
        else:
            doubtful[region] = (before, one)
    found += _found_again(connection, kafka, doubtful)
    begin(connection, cluster_id, [one for one in found if one != known.get(one.region)])
    return found


def _with_a_leader(kafka: Kafka, seen: dict[str, Seen | None]) -> dict[str, Seen | None]:
    """Look again, for a moment at most, at topics that are so new that they have no leader, or that lost theirs."""
    deadline = time.monotonic() + _LEADER_SECONDS
    while time.monotonic() < deadline:
        early = [region for region, one in seen.items() if one is None or one.why in PASSING]
        if not early:
            break
        seen |= kafka.look(early)
        time.sleep(_LOOK_SECONDS)
    return seen


def _found_again(
    connection: Connection[TupleRow], kafka: Kafka, doubtful: Mapping[str, tuple[Progress, Seen]]
) -> list[Progress]:
    """Look whether what was acknowledged stands where it stood, and what stands behind it."""
    last = {
        region: (before.record_offset, before.record_offset + 1)
        for region, (before, one) in doubtful.items()
        if before.record_offset is not None and before.record_offset >= one.start
    }
    replaced = {record.region for record in kafka.records(last) if _is_another(record, doubtful[record.region][0])}
    tails: dict[str, list[Record]] = defaultdict(list)
    behind = {
        region: (max(before.next_offset, one.start), one.end)
        for region, (before, one) in doubtful.items()
        if region not in replaced
    }
    for record in kafka.records(behind):
        tails[record.region].append(record)
    return [
        _lost(region, one, before, "other_record")
        if region in replaced
        else _joined(connection, before, tails[region])._replace(next_offset=one.end, refused=None)
        for region, (before, one) in doubtful.items()
    ]


def _joined(connection: Connection[TupleRow], before: Progress, tail: list[Record]) -> Progress:
    """Go on over those records that continue the feed; others are another deployment's, or were sent before."""
    entries = [entry for record in tail if (entry := _entry_in(record)) is not None]
    if not entries:
        return before
    rows = page_after(connection, before.region, before.feedposition, len(entries))
    following = {row.feedposition: row.event_id for row in rows}
    reached = before
    for feedposition, event_id, offset in entries:
        if feedposition == reached.feedposition + 1 and following.get(feedposition) == event_id:
            reached = reached._replace(feedposition=feedposition, event_id=event_id, record_offset=offset)
    return reached


def _is_another(record: Record, before: Progress) -> bool:
    # A record further on stands for one that was deleted on purpose: offsets are never given twice.
    if record.offset != before.record_offset:
        return False
    entry = _entry_in(record)
    return entry is None or entry[1] != before.event_id


def _entry_in(record: Record) -> tuple[int, UUID, int] | None:
    """Read place, event and offset of a record; None for what is none of ours. Anybody may write to a topic."""
    try:
        event = orjson.loads(record.value or b"")
        return int(event["feedposition"]), UUID(event["id"]), record.offset
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _lost(region: str, seen: Seen, before: Progress, reason: str) -> Progress:
    PUBLISHER_REPUBLISHED.labels(reason).inc()
    _log.error(
        "the topic does not hold what was acknowledged: publishing the region from its start",
        region=region,
        topic=topic_of(region),
        reason=reason,
        acknowledged=before.feedposition,
        offset=before.record_offset,
        end=seen.end,
    )
    return from_start(region, seen.topic_id, seen.end)


def _refused(region: str, before: Progress | None, why: str) -> Progress:
    if before is None or before.refused != why:
        _log.error("nothing is published to this topic", region=region, topic=topic_of(region), reason=why)
    known = before or Progress(region, "", 0, None, None, 0, None)
    return known._replace(refused=why)
