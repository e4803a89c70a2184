"""Looks at the streams: versions follow each other from 1, in the order of the log, up to the stream's head."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from domain.errors import Sentence
from infra.cli.verifying.findings import Findings

if TYPE_CHECKING:
    from psycopg import Connection

_BROKEN: Final = """
SELECT s.originator_id, s.originator_version, s.position
FROM (
    SELECT originator_id, originator_version, position,
           lag(originator_version, 1, 0::bigint) OVER stream AS version_before,
           lag(position, 1, 0::bigint) OVER stream AS position_before
    FROM log
    WINDOW stream AS (PARTITION BY originator_id ORDER BY originator_version)
) AS s
WHERE s.originator_version <> s.version_before + 1 OR s.position <= s.position_before
LIMIT 1000
"""
_HEADS: Final = """
SELECT coalesce(h.originator_id, l.originator_id), h.version, l.version
FROM stream_head AS h
FULL JOIN (SELECT originator_id, max(originator_version) AS version FROM log GROUP BY originator_id) AS l
    ON l.originator_id = h.originator_id
WHERE h.version IS DISTINCT FROM l.version
LIMIT 1000
"""
_COUNT: Final = "SELECT count(*) FROM stream_head"
_GAP: Final = Sentence(
    "流 {stream} 的版本 {version}（位置 {position}）不接续前一版本",
    "Version {version} of stream {stream}, at position {position}, does not follow the one before.",
)
_HEAD: Final = Sentence(
    "流 {stream} 的头记为版本 {head}，日志中为 {last}",
    "The head of stream {stream} says version {head}, the log {last}.",
)


def check_streams(connection: Connection[Any], findings: Findings) -> None:
    """Check every stream in two statements; the database sorts, on its disk where it must."""
    before = findings.total
    for stream, version, position in connection.execute(_BROKEN):
        told = _GAP.filled(stream=stream, version=version, position=position)
        findings.add("version_gap", f"{position} ({stream})", told)
    for stream, head, last in connection.execute(_HEADS):
        findings.add("stream_head", stream, _HEAD.filled(stream=stream, head=head, last=last))
    (count,) = connection.execute(_COUNT).fetchone() or (0,)
    findings.looked_at(Sentence("流的版本", "versions of streams"), str(count), before)
