"""What every fault on the event store is checked for; the same checks must turn red on the broken variants."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from infra.event_store.save import LogRow


def log_of(url: str) -> list[LogRow]:
    """Read the whole log, past our own reading code."""
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(
            "SELECT position, originator_id, originator_version, topic, state, concerns, epoch, recorded_at"
            " FROM log ORDER BY position, originator_version"
        )
        return [LogRow._make(row) for row in cursor]


def gaps(positions: Sequence[int]) -> list[int]:
    """Positions at which a reader from 1 on finds something else than the next number."""
    return [position for expected, position in enumerate(positions, 1) if position != expected]


def acknowledged(path: Path) -> list[dict[str, Any]]:
    """Read what a writer process wrote down after each answer; a line cut by its end counts for none."""
    if not path.exists():
        return []
    lines = path.read_text().split("\n")[:-1]
    return [json.loads(line) for line in lines]


def lost(answers: Iterable[dict[str, Any]], log: Sequence[LogRow]) -> list[dict[str, Any]]:
    """Answers whose events are not in the log, or not where the answer said."""
    stored = {row.position: (str(row.originator_id), row.version) for row in log}
    return [
        answer
        for answer in answers
        if any(
            stored.get(answer["position"] + index) != (answer["stream"], answer["version"] + index)
            for index in range(answer["count"])
        )
    ]


def halves(log: Sequence[LogRow]) -> list[str]:
    """Streams that hold an odd number of events, though every save brought two."""
    counts: dict[UUID, int] = {}
    for row in log:
        counts[row.originator_id] = counts.get(row.originator_id, 0) + 1
    return [str(stream) for stream, count in counts.items() if count % 2]


def broken_streams(log: Sequence[LogRow]) -> list[str]:
    """Streams whose versions are not 1, 2, 3, in the order of positions, or whose counter missed an update."""
    versions: dict[UUID, int] = {}
    broken = []
    for row in log:
        before = versions.get(row.originator_id, 0)
        versions[row.originator_id] = row.version
        if row.version != before + 1 or json.loads(row.state).get("counter", row.version) != row.version:
            broken.append(str(row.originator_id))
    return broken
