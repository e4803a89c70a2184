"""What operators and orchestrators ask: alive, ready, figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from anyio import to_thread
from fastapi import APIRouter, Request
from starlette.responses import Response

from api import problem_list as kinds
from api.answers import JsonAnswer
from api.openapi import problems
from api.problems import unavailable
from api.shapes.base import Shape
from domain.errors import Sentence
from infra.event_store.refusals import StoreUnavailable
from infra.metrics import exposition

if TYPE_CHECKING:
    from api.service import Service

router = APIRouter(tags=["operating 运行"])


class Liveness(Shape):
    """The process answers."""

    status: Literal["alive"]


class Readiness(Shape):
    """The process can record and answer."""

    status: Literal["ready", "degraded"]
    position: int
    parts: dict[str, str]


@router.get(
    "/livez", operation_id="livez", summary="存活 Alive", response_model=Liveness, responses=problems({500, 504})
)
async def livez() -> JsonAnswer:
    """Answer as long as the process does; looks at nothing else."""
    return JsonAnswer({"status": "alive"})


@router.get(
    "/readyz",
    operation_id="readyz",
    summary="就绪 Ready: the store can be reached; Kafka away is degraded, not unready",
    response_model=Readiness,
    responses=problems({500, 503, 504}),
)
async def readyz(request: Request) -> JsonAnswer:
    """Answer 200 when commands and questions can be taken."""
    service: Service = request.app.state.service
    if service.stopping:
        raise unavailable(kinds.STORE_UNAVAILABLE, Sentence("服务正在停止", "The service is stopping."))
    try:
        position = await to_thread.run_sync(lambda: service.kiteline.log.max_notification_id() or 0)
    except StoreUnavailable as error:
        sentence = Sentence("数据库暂不可用", "The database is away.")
        raise unavailable(kinds.STORE_UNAVAILABLE, sentence) from error
    if (closed := service.refusal()) is not None:
        raise closed
    parts: dict[str, Any] = {"database": "ok", **service.parts()}
    degraded = any(state not in ("ok", "off") for state in parts.values())
    return JsonAnswer({"status": "degraded" if degraded else "ready", "position": position, "parts": parts})


@router.get(
    "/metrics",
    operation_id="metrics",
    summary="指标 Figures for Prometheus",
    response_model=None,
    responses={
        200: {"description": "Prometheus text", "content": {"text/plain": {"schema": {"type": "string"}}}},
        **problems({500, 504}),
    },
)
async def metrics() -> Response:
    """Write the figures; no ids are in them."""
    body, media_type = exposition()
    return Response(body, headers={"Content-Type": media_type})
