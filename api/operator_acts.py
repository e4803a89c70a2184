"""What operators did by a button or a call: written down with who did it, and how far it got."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from domain.times import rfc3339_utc

if TYPE_CHECKING:
    from datetime import datetime

    from infra.event_store.recorder import KitelineRecorder
    from infra.tokens.principal import Principal

_BEGIN: Final = """
INSERT INTO operator_act (act_id, actor, role, region, act, about, state) VALUES (%s, %s, %s, %s, %s, %s, %s)
"""
_TELL: Final = """
UPDATE operator_act SET done = %s, total = %s, seen_at = clock_timestamp() WHERE act_id = %s AND state = 'running'
"""
_END: Final = """
UPDATE operator_act SET state = %s, outcome = %s, seen_at = clock_timestamp() WHERE act_id = %s AND state = 'running'
"""
# Whoever was at it may have been killed: what has not told of itself for a while has ended.
_LIST: Final = """
SELECT act_id, began_at, actor, role, region, act, about,
       CASE WHEN state = 'running' AND seen_at < clock_timestamp() - interval '10 min' THEN 'failed' ELSE state END,
       done, total, outcome, seen_at
FROM operator_act
WHERE (began_at, act_id) < (coalesce(%(at)s::timestamptz, 'infinity'), coalesce(%(id)s::uuid, %(zero)s::uuid))
ORDER BY began_at DESC, act_id DESC
LIMIT %(limit)s
"""
_ZERO: Final = UUID(int=0)
_NAMES: Final = (
    "act_id", "began_at", "actor", "role", "region", "act", "about", "state", "done", "total", "outcome", "seen_at",
)  # fmt: skip


class OperatorActs:
    """The table; safe for threads and processes."""

    def __init__(self, log: KitelineRecorder) -> None:
        """Write beside the log, as its role."""
        self._log = log

    def note(
        self, principal: Principal, act_id: UUID, act: str, about: str | None, *, state: str = "done"
    ) -> dict[str, Any]:
        """Write down what somebody does, and return what the answer says of it."""
        row = (act_id, principal.subject, principal.role.value, principal.region, act, about, state)
        with self._log.reading() as connection:
            connection.execute(_BEGIN, row)
        return {"act_id": str(act_id), "act": act, "about": about, "state": state}

    def tell(self, act_id: UUID, done: int, total: int) -> None:
        """Say how far something is that is still under way."""
        with self._log.reading() as connection:
            connection.execute(_TELL, (done, total, act_id))

    def end(self, act_id: UUID, state: str, outcome: str | None = None) -> None:
        """Say what came of something that was under way."""
        with self._log.reading() as connection:
            connection.execute(_END, (state, outcome, act_id))

    def listed(self, after: tuple[str, str] | None, limit: int) -> list[dict[str, Any]]:
        """Return what was done, the latest first; times in UTC."""
        at, last = after or (None, None)
        asked = {"at": at, "id": last, "zero": _ZERO, "limit": limit}
        with self._log.reading() as connection:
            rows = connection.execute(_LIST, asked).fetchall()
        return [_item(dict(zip(_NAMES, row, strict=True))) for row in rows]


def _item(found: dict[str, Any]) -> dict[str, Any]:
    began: datetime = found["began_at"]
    return {**found, "act_id": str(found["act_id"]), "began_at": began.isoformat(), "seen_at": _time(found["seen_at"])}


def _time(moment: datetime) -> str:
    return rfc3339_utc(int(moment.timestamp() * 1_000_000))
