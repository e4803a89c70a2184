"""What an operator does to a running deployment: settle what waits in quarantine, rebuild, try again, publish again."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Final
from uuid import UUID, uuid4

from anyio import to_thread
from fastapi import APIRouter, Path, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api import problem_list as kinds
from api.access import must_be_allowed_at, principal_of
from api.actions import Action
from api.answers import JsonAnswer
from api.asking import CursorParameter, LimitParameter, Paging
from api.bodies import json_object, key_for, key_text
from api.command_schemas import closed
from api.openapi import KEY, READING, RECORDING, REPLAYED, problems, takes
from api.problems import Problem, invalid, not_found
from api.projecting import log_of
from api.rebuild_process import RUNNING
from api.shapes.upkeep import OperatorAct, OperatorActsPage, QuarantinePage
from api.subscription_answers import once
from domain.errors import Sentence
from projections.folding import reference_upto
from projections.position import parked_members
from projections.rebuild import VIEWS
from projections.region_feeds import bounds
from projections.rows import Rows
from projections.whole_lives import WholeLives

if TYPE_CHECKING:
    from api.service import Service
    from infra.sisters.quarantine import Waiting
    from infra.tokens.principal import Principal

router = APIRouter(tags=["operating 运行"])
_DOING: Final[dict[int | str, dict[str, Any]]] = {
    201: {"model": OperatorAct, "description": "done, or under way", "headers": {"Idempotency-Replayed": REPLAYED}},
    **problems({*RECORDING, 404}),
}
_TAKES_NOTHING: Final[dict[str, Any]] = {"parameters": [KEY]}
_TAKES_VIEWS: Final = takes(
    closed(
        {
            "views": {
                "type": "array",
                "items": {"type": "string", "enum": list(VIEWS)},
                "minItems": 1,
                "uniqueItems": True,
                "description": "which; all where none are named 读模型",
            }
        },
        [],
        examples=[{"views": ["flows"]}],
    )
)
Number = Annotated[int, Path(ge=1, le=2**62)]
_NOT_WAITING: Final = Sentence("没有等待处理的这一条", "Nothing waits under this number.")
_STILL_WAITS: Final = Sentence("仍不能记录：{detail}", "It still cannot be recorded: {detail}")
_STILL_PARKED: Final = Sentence(
    "仍不能折叠（{code}），请先修复程序", "It still cannot be folded ({code}): mend the program first."
)
_REBUILDING: Final = Sentence("正在重建", "A rebuild is running.")
_NOT_PARKED: Final = Sentence("这个党员没有被搁置", "This member is not parked.")
_NO_FEED: Final = Sentence("这个地区没有事件流", "This region has no feed.")
_ASK_AGAIN: Final = "INSERT INTO publisher_asked (region) VALUES (%s) ON CONFLICT DO NOTHING"


@router.get(
    "/v1/quarantine",
    operation_id="list_quarantine",
    summary="隔离的来件 Events of sisters that could not be recorded, oldest first",
    response_model=None,
    responses={200: {"model": QuarantinePage}, **problems({*READING, 410})},
)
async def list_quarantine(request: Request, limit: LimitParameter = 50, cursor: CursorParameter = None) -> JsonAnswer:
    """List what waits and why; what an event says is not told."""
    service, principal = await _operator(request, Action.READ_QUARANTINE)
    paging = Paging.begin(service, ("quarantine", principal.caller), cursor, limit, 0)
    found = await run_in_threadpool(service.inbox.quarantine.listed, after=paging.after or 0, limit=limit + 1)
    items = [_waiting(one) for one in found[:limit]]
    after = found[limit - 1].quarantine_id if len(found) > limit else None
    return paging.answer(items, position=_head(service), after=after)


@router.post(
    "/v1/quarantine/{quarantine_id}/retry",
    operation_id="retry_quarantined",
    summary="放行 Try to record an event again, and what waits behind it",
    status_code=201,
    response_model=None,
    responses=_DOING,
    openapi_extra=_TAKES_NOTHING,
)
async def retry_quarantined(request: Request, quarantine_id: Number) -> Response:
    """Try again; 409 `still_waiting` where a rule still refuses it."""

    def tried(service: Service) -> None:
        one = _found(service, quarantine_id)
        if not service.inbox.retry(one):
            why = _waits(service, quarantine_id)
            raise Problem(kinds.REFUSED, _STILL_WAITS.filled(detail=why.detail if why else "?"), code="still_waiting")

    return await _done(request, Action.SETTLE_QUARANTINE, "retry_quarantined", str(quarantine_id), tried)


@router.post(
    "/v1/quarantine/{quarantine_id}/drop",
    operation_id="drop_quarantined",
    summary="放弃 Give an event up: what it says is deleted and never recorded, what waits behind it is",
    status_code=201,
    response_model=None,
    responses=_DOING,
    openapi_extra=_TAKES_NOTHING,
)
async def drop_quarantined(request: Request, quarantine_id: Number) -> Response:
    """Give up; reading its topic again does not bring it back."""

    def dropped(service: Service) -> None:
        service.inbox.drop(_found(service, quarantine_id))

    return await _done(request, Action.SETTLE_QUARANTINE, "drop_quarantined", str(quarantine_id), dropped)


@router.post(
    "/v1/read-models/rebuild",
    operation_id="rebuild_read_models",
    summary="重建读模型 Make read models anew from the log beside the live ones; `GET /v1/operator-acts` tells how far",
    status_code=201,
    response_model=None,
    responses=_DOING,
    openapi_extra=_TAKES_VIEWS,
)
async def rebuild_read_models(request: Request) -> Response:
    """Begin to rebuild, in a process of its own; 409 `rebuild_running` while one is."""
    await _operator(request, Action.REBUILD_READ_MODELS)
    payload = await json_object(request) if await request.body() else {}
    views = payload.get("views", list(VIEWS))
    if (
        set(payload) - {"views"}
        or not isinstance(views, list)
        or not views
        or any(one not in VIEWS for one in map(str, views))
    ):
        sentence = Sentence("不能识别的读模型", "These are no read models.")
        raise invalid("/views", "not_in_list", sentence, list(VIEWS))
    return await _rebuilt(request, Action.REBUILD_READ_MODELS, "rebuild_read_models", ",".join(views), views)


@router.post(
    "/v1/parked/{member_id}/retry",
    operation_id="retry_parked",
    summary="重试搁置的党员 See whether a parked member can be folded now, and if so rebuild the read models with them",
    status_code=201,
    response_model=None,
    responses=_DOING,
    openapi_extra=_TAKES_NOTHING,
)
async def retry_parked(request: Request, member_id: UUID) -> Response:
    """Fold the member apart; 409 `still_parked` where that still fails, and nothing is begun."""

    def foldable(service: Service) -> None:
        with service.kiteline.log.reading() as connection:
            if all(one[0] != member_id for one in parked_members(connection)):
                raise not_found(_NOT_PARKED)
        code = _fault(service, member_id)
        if code is not None:
            raise Problem(kinds.REFUSED, _STILL_PARKED.filled(code=code), code="still_parked")

    return await _rebuilt(request, Action.RETRY_PARKED, "retry_parked", str(member_id), list(VIEWS), foldable)


@router.post(
    "/v1/topics/{region}/publish-again",
    operation_id="publish_again",
    summary="重新发布 Send a region's whole feed to its topic again, with the same ids",
    status_code=201,
    response_model=None,
    responses=_DOING,
    openapi_extra=_TAKES_NOTHING,
)
async def publish_again(request: Request, region: str) -> Response:
    """Ask whoever publishes to fill the topic from the feed's first entry; subscribers know them by (source, id)."""

    def asked(service: Service) -> None:
        with service.kiteline.log.reading() as connection:
            if bounds(connection, region) is None:
                raise not_found(_NO_FEED)
            connection.execute(_ASK_AGAIN, (region,))

    return await _done(request, Action.PUBLISH_AGAIN, "publish_again", region, asked)


@router.get(
    "/v1/operator-acts",
    operation_id="list_operator_acts",
    summary="运维操作记录 What operators did, who, when, and how far it is; the latest first",
    response_model=None,
    responses={200: {"model": OperatorActsPage}, **problems({*READING, 410})},
)
async def list_operator_acts(
    request: Request, limit: LimitParameter = 50, cursor: CursorParameter = None
) -> JsonAnswer:
    """List acts; rebuilds under way say how many streams of how many they have folded."""
    service, principal = await _operator(request, Action.READ_OPERATOR_ACTS)
    paging = Paging.begin(service, ("operator-acts", principal.caller), cursor, limit, 0)
    after = None if paging.after is None else (str(paging.after[0]), str(paging.after[1]))
    found = await run_in_threadpool(service.operator_acts.listed, after, limit + 1)
    items = found[:limit]
    following = [items[-1]["began_at"], items[-1]["act_id"]] if len(found) > limit else None
    return paging.answer(items, position=_head(service), after=following)


async def _operator(request: Request, action: Action) -> tuple[Service, Principal]:
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    must_be_allowed_at(service, principal, action)
    return service, principal


async def _done(request: Request, action: Action, act: str, about: str, doing: Callable[[Service], None]) -> Response:
    """Do something once for each key, and write down who did."""
    service, principal = await _operator(request, action)
    keyed = key_for(principal, key_text(request), f"{act}/{about}", {})

    def did() -> dict[str, Any]:
        doing(service)
        return service.operator_acts.note(principal, uuid4(), act, about)

    return await to_thread.run_sync(once, service, keyed, 201, did)


async def _rebuilt(
    request: Request,
    action: Action,
    act: str,
    about: str,
    views: list[str],
    first: Callable[[Service], None] | None = None,
) -> Response:
    """Begin a rebuild once for each key, and write down who did; it goes on after the answer."""
    service, principal = await _operator(request, action)
    keyed = key_for(principal, key_text(request), f"{act}/{about}", {"views": views})

    def began() -> dict[str, Any]:
        if first is not None:
            first(service)
        act_id = uuid4()
        begun = partial(service.operator_acts.note, principal, act_id, act, about, state="running")
        if (answer := service.rebuilding.start(act_id, views, begun)) is None:
            raise Problem(kinds.REFUSED, _REBUILDING, code=RUNNING)
        return answer

    return await to_thread.run_sync(once, service, keyed, 201, began)


def _found(service: Service, quarantine_id: int) -> Waiting:
    found = _waits(service, quarantine_id)
    if found is None:
        raise not_found(_NOT_WAITING)
    return found


def _waits(service: Service, quarantine_id: int) -> Waiting | None:
    """Return what waits under a number, None for nothing."""
    found = service.inbox.quarantine.listed(after=quarantine_id - 1, limit=1)
    return found[0] if found and found[0].quarantine_id == quarantine_id else None


def _fault(service: Service, member: UUID) -> str | None:
    """Fold somebody's whole life apart from the read models; the kind of error, None where it goes through."""
    log, head = log_of(service.kiteline.log), _head(service)
    lives, rows = WholeLives(log, reference_upto(log, head), head), Rows()
    for trace in lives.folded([member]):
        trace.emit(rows)
    lives.park_unwritable(rows)
    broken = lives.parked.get(member)
    return None if broken is None else broken.code


def _waiting(one: Waiting) -> dict[str, Any]:
    shown = ("quarantine_id", "deployment", "subject", "fact", "topic", "code", "detail", "tries")
    told = one._asdict()
    times = {name: told[name].isoformat() for name in ("arrived_at", "tried_at")}
    return {name: told[name] for name in shown} | times


def _head(service: Service) -> int:
    return service.kiteline.log.max_notification_id() or 0
