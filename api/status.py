"""`GET /v1/status`: how far every copy of the log is, and what waits for a person: what `kiteline status` shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from api.access import must_be_allowed_at, principal_of
from api.actions import Action
from api.answers import JsonAnswer
from api.openapi import READING, problems
from api.shapes.upkeep import StatusAnswer
from infra.webhooks.subscriptions import counted
from projections.log_tiles import tree_size
from projections.position import parked_members, reflected
from projections.rebuild import VIEWS
from projections.region_feeds import progress

if TYPE_CHECKING:
    from datetime import datetime

    from psycopg import Connection
    from psycopg.rows import TupleRow

    from api.service import Service

router = APIRouter(tags=["operating 运行"])
_HEAD: Final = "SELECT position, recorded_at FROM log_head"
_SIGNED: Final = """
SELECT size, signed_at FROM log_checkpoint
WHERE origin = (SELECT source FROM log_epoch ORDER BY epoch DESC LIMIT 1) ORDER BY size DESC LIMIT 1
"""
_TOPICS: Final = """
SELECT coalesce(sum(p.feedposition), 0)::bigint, coalesce(sum(h.feedposition - p.feedposition), 0)::bigint,
       max(p.updated_at), (SELECT state FROM publisher_standing)
FROM publisher_progress AS p
JOIN feed_head AS h ON h.region = p.region
WHERE p.cluster_id = (SELECT cluster_id FROM publisher_standing)
"""
_REFUSED: Final = """
SELECT p.region, p.refused, greatest(h.feedposition - p.feedposition, 0)
FROM publisher_progress AS p
JOIN feed_head AS h ON h.region = p.region
WHERE p.cluster_id = (SELECT cluster_id FROM publisher_standing) AND p.refused IS NOT NULL
ORDER BY p.region
LIMIT 50
"""


@router.get(
    "/v1/status",
    operation_id="read_status",
    summary="运行状况 Positions, lag, and what waits for a person",
    response_model=None,
    responses={200: {"model": StatusAnswer}, **problems(READING)},
)
async def read_status(request: Request) -> JsonAnswer:
    """Tell how the deployment stands; about members ids and kinds of errors only."""
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    must_be_allowed_at(service, principal, Action.READ_STATUS)
    return JsonAnswer(await run_in_threadpool(_status, service))


def _status(service: Service) -> dict[str, Any]:
    states = service.parts()
    with service.kiteline.log.reading() as connection:
        head, recorded_at = connection.execute(_HEAD).fetchone() or (0, None)
        parked = parked_members(connection)
        webhooks = counted(connection)
        return {
            "position": head,
            "recorded_at": _time(recorded_at),
            "states": {"database": "ok", **states},
            "parts": [*_copies(connection, head, states), *_sent(connection, webhooks, states)],
            "views": list(VIEWS),
            "parked": [
                {"member_id": str(member), "position": position, "code": code, "since": _time(since)}
                for member, position, code, since in parked
            ],
            "refused_topics": [
                {"region": region, "reason": reason, "entries": entries}
                for region, reason, entries in connection.execute(_REFUSED)
            ],
            "quarantine": service.inbox.quarantine.counts(),
            "imports": service.importing.runs.counted(),
            "subscriptions": {status: count for status, (count, _) in sorted(webhooks.items())},
        }


def _copies(connection: Connection[TupleRow], head: int, states: dict[str, str]) -> list[dict[str, Any]]:
    """Tell how far what copies the log position by position is."""
    models = reflected(connection)
    signed, signed_at = connection.execute(_SIGNED).fetchone() or (0, None)
    return [
        _part("read_models", states["projections"], models.position, head - models.position, models.updated_at),
        _part("feeds", states["feeds"], (fed := progress(connection)), head - fed),
        _part("tree", states["log"], (leaves := tree_size(connection)), head - leaves),
        _part("checkpoint", states["log"], signed, head - signed, signed_at),
    ]


def _sent(
    connection: Connection[TupleRow], webhooks: dict[str, tuple[int, int]], states: dict[str, str]
) -> list[dict[str, Any]]:
    """Tell how far what is sent to others is: entries of all feeds together."""
    acknowledged, behind, written_at, state = connection.execute(_TOPICS).fetchone() or (0, 0, None, None)
    waiting = sum(entries for _, entries in webhooks.values())
    return [
        _part("topics", state or states.get("publisher", "off"), acknowledged or None, behind, written_at),
        _part("webhooks", states.get("webhooks", "off"), None, waiting),
    ]


def _part(name: str, state: str, position: int | None, lag: int, written_at: datetime | None = None) -> dict[str, Any]:
    return {
        "part": name,
        "state": state,
        "position": position,
        "lag": max(0, lag),
        "written_at": _time(written_at),
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
