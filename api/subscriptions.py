"""Webhooks: who is called when a region's feed has something new (Standard Webhooks 1.0)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Final
from uuid import UUID, uuid4

from anyio import to_thread
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.access import must_be_allowed_at, principal_of
from api.actions import Action
from api.answers import JsonAnswer
from api.asking import CursorParameter, LimitParameter, MinPosition, Paging, reach_log
from api.authorisation import prefix, reach
from api.bodies import json_object, key_for, key_text
from api.openapi import KEY, READING, RECORDING, REPLAYED, problems
from api.places_asked import RegionParameter
from api.problems import Problem, problem_of
from api.shapes.subscriptions import (
    DeliveriesPage,
    Status,
    SubscriptionAnswer,
    SubscriptionIssued,
    SubscriptionsPage,
)
from api.subscription_answers import again, attempt, issued, item, once, standing
from api.subscription_bodies import (
    TAKES_NOTHING,
    TAKES_RESET,
    TAKES_ROTATION,
    TAKES_WANTED,
    must_be_fields,
    place_wanted,
    read_overlap,
    read_reset,
    read_wanted,
)
from infra.webhooks.desk import NoSuchSubscription

if TYPE_CHECKING:
    from api.service import Service
    from infra.tokens.principal import Principal
    from infra.webhooks.subscriptions import Subscription

router = APIRouter(tags=["streams 事件流"])
_REPLAYED: Final = {"Idempotency-Replayed": REPLAYED}
_CHANGING: Final = problems({*RECORDING, 404})
_NOT_THERE: Final = 404


@router.post(
    "/v1/subscriptions",
    operation_id="subscribe",
    summary="订阅 Have the events of a region delivered by webhook",
    description=(
        "Each delivery is one CloudEvent (`application/cloudevents+json`), signed as Standard Webhooks 1.0 says, with "
        "`v1` and with `v1a`; `webhook-id` is the event's id. The next follows once that one was answered with 2xx."
    ),
    status_code=201,
    response_model=None,
    responses={201: {"model": SubscriptionIssued, "headers": _REPLAYED}, **_CHANGING},
    openapi_extra=TAKES_WANTED,
)
async def subscribe(request: Request) -> Response:
    """Make a subscription; the answer carries its secret, once."""
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    key, payload = key_text(request), await json_object(request)
    region, organisation = place_wanted(service, principal, payload)
    keyed = key_for(principal, key, "subscriptions", payload)

    def made() -> dict[str, Any]:
        wanted = read_wanted(service, principal, keyed, payload, region, organisation)
        return issued(service, service.subscriptions.make(wanted))

    return await to_thread.run_sync(once, service, keyed, 201, made)


@router.get(
    "/v1/subscriptions",
    operation_id="list_subscriptions",
    summary="订阅列表 The subscriptions to regions in the caller's reach",
    response_model=None,
    responses={200: {"model": SubscriptionsPage}, **problems({*READING, 404, 410})},
)
async def list_subscriptions(
    request: Request,
    *,
    region: RegionParameter = None,
    status: Status | None = None,
    min_position: MinPosition = None,
    limit: LimitParameter = 50,
    cursor: CursorParameter = None,
) -> JsonAnswer:
    """List subscriptions by id."""
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    must_be_allowed_at(service, principal, Action.READ_SUBSCRIPTION, region=region)
    beginnings = _reached(service, principal) if region is None else [prefix(region)]
    await reach_log(service, min_position)
    paging, head = await _begun(service, ("subscriptions", region, status, beginnings), cursor, limit)
    after = None if paging.after is None else UUID(paging.after)
    found = await to_thread.run_sync(service.subscriptions.below, beginnings, after, status, limit + 1)
    following = str(found[limit - 1].subscription_id) if len(found) > limit else None
    return paging.answer([item(one) for one in found[:limit]], position=head, after=following)


@router.get(
    "/v1/subscriptions/{subscription_id}",
    operation_id="read_subscription",
    summary="订阅 One subscription, and how far it has got",
    response_model=None,
    responses={200: {"model": SubscriptionAnswer}, **problems({*READING, 404})},
)
async def read_subscription(request: Request, subscription_id: str) -> JsonAnswer:
    """Tell a subscription."""
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    found = await _found(service, principal, Action.READ_SUBSCRIPTION, subscription_id)
    return JsonAnswer(await to_thread.run_sync(standing, service, found))


@router.delete(
    "/v1/subscriptions/{subscription_id}",
    operation_id="unsubscribe",
    summary="取消订阅 Delete a subscription, its keys and its log of deliveries",
    status_code=204,
    response_model=None,
    responses={204: {"description": "deleted 已删除", "headers": _REPLAYED}, **_CHANGING},
    openapi_extra={"parameters": [KEY]},
)
async def unsubscribe(request: Request, subscription_id: str) -> Response:
    """Delete a subscription; a delivery under way may still arrive."""

    def deleted(service: Service, one: UUID) -> dict[str, Any]:
        service.subscriptions.delete(one)
        return {}

    return await _changed(request, subscription_id, "delete", {}, deleted, 204)


@router.post(
    "/v1/subscriptions/{subscription_id}/pause",
    operation_id="pause_subscription",
    summary="暂停 Deliver nothing until resumed; nothing is lost",
    response_model=None,
    responses={200: {"model": SubscriptionAnswer, "headers": _REPLAYED}, **_CHANGING},
    openapi_extra=TAKES_NOTHING,
)
async def pause_subscription(request: Request, subscription_id: str) -> Response:
    """Pause a subscription."""

    def paused(service: Service, one: UUID) -> dict[str, Any]:
        return standing(service, service.subscriptions.pause(one))

    payload = await _payload(request)
    must_be_fields(payload, ())
    return await _changed(request, subscription_id, "pause", payload, paused)


@router.post(
    "/v1/subscriptions/{subscription_id}/resume",
    operation_id="resume_subscription",
    summary="恢复 Go on where it stopped, whyever it did",
    response_model=None,
    responses={200: {"model": SubscriptionAnswer, "headers": _REPLAYED}, **_CHANGING},
    openapi_extra=TAKES_NOTHING,
)
async def resume_subscription(request: Request, subscription_id: str) -> Response:
    """Resume a subscription; the event that was not delivered is the first to be tried."""

    def resumed(service: Service, one: UUID) -> dict[str, Any]:
        return standing(service, service.subscriptions.resume(one))

    payload = await _payload(request)
    must_be_fields(payload, ())
    return await _changed(request, subscription_id, "resume", payload, resumed)


@router.post(
    "/v1/subscriptions/{subscription_id}/reset",
    operation_id="reset_subscription",
    summary="改变起点 Deliver again from the start or from behind an event, or go on from now; the same ids",
    response_model=None,
    responses={200: {"model": SubscriptionAnswer, "headers": _REPLAYED}, **_CHANGING},
    openapi_extra=TAKES_RESET,
)
async def reset_subscription(request: Request, subscription_id: str) -> Response:
    """Move a subscription within its feed; whoever receives knows by the id what came before."""
    payload = await _payload(request)

    def reset(service: Service, one: UUID) -> dict[str, Any]:
        place = read_reset(service, service.subscriptions.find(one), payload)
        return standing(service, service.subscriptions.reset(one, *place))

    return await _changed(request, subscription_id, "reset", payload, reset)


@router.post(
    "/v1/subscriptions/{subscription_id}/rotate-secret",
    operation_id="rotate_secret",
    summary="更换密钥 New keys; the old ones sign beside them for a while",
    response_model=None,
    responses={200: {"model": SubscriptionIssued, "headers": _REPLAYED}, **_CHANGING},
    openapi_extra=TAKES_ROTATION,
)
async def rotate_secret(request: Request, subscription_id: str) -> Response:
    """Make new keys for a subscription; the answer carries the secret, once."""
    payload = await _payload(request)
    overlap = timedelta(hours=read_overlap(payload))

    def rotated(service: Service, one: UUID) -> dict[str, Any]:
        return issued(service, service.subscriptions.rotate(one, overlap))

    return await _changed(request, subscription_id, "rotate-secret", payload, rotated)


@router.get(
    "/v1/subscriptions/{subscription_id}/deliveries",
    operation_id="list_deliveries",
    summary="投递记录 Attempts to deliver, the last first; kept for 30 days",
    response_model=None,
    responses={200: {"model": DeliveriesPage}, **problems({*READING, 404, 410})},
)
async def list_deliveries(
    request: Request,
    subscription_id: str,
    *,
    delivered: Annotated[bool | None, Query(description="only those answered with 2xx, or only the others")] = None,
    limit: LimitParameter = 50,
    cursor: CursorParameter = None,
) -> JsonAnswer:
    """List the attempts of a subscription."""
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    one = (await _found(service, principal, Action.READ_SUBSCRIPTION, subscription_id)).subscription_id
    paging, head = await _begun(service, ("deliveries", subscription_id, delivered), cursor, limit)
    ask = partial(service.subscriptions.deliveries, one, paging.after, delivered, limit + 1)
    attempts = await to_thread.run_sync(ask)
    following = attempts[limit - 1].delivery_id if len(attempts) > limit else None
    return paging.answer([attempt(each) for each in attempts[:limit]], position=head, after=following)


async def _changed(
    request: Request,
    subscription_id: str,
    verb: str,
    payload: dict[str, Any],
    change: Callable[[Service, UUID], dict[str, Any]],
    status: int = 200,
) -> Response:
    """Change a subscription in the caller's reach, once for each key."""
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    keyed = key_for(principal, key_text(request), f"subscriptions/{subscription_id}/{verb}", payload)
    try:
        found = await _found(service, principal, Action.CHANGE_SUBSCRIPTION, subscription_id)
    except Problem as refused:
        # Deleted, and the answer was lost: told again all the same.
        there = refused.kind.status != _NOT_THERE
        earlier = None if there else await to_thread.run_sync(service.desk.answered, keyed)
        if earlier is None:
            raise
        return again(service, earlier)
    act, one = f"{verb.replace('-', '_')}_subscription", found.subscription_id

    def did() -> dict[str, Any]:
        answer = change(service, one)
        service.operator_acts.note(principal, uuid4(), act, str(one))
        return answer

    return await to_thread.run_sync(once, service, keyed, status, did)


async def _payload(request: Request) -> dict[str, Any]:
    return await json_object(request) if await request.body() else {}


async def _begun(service: Service, question: tuple[object, ...], cursor: str | None, limit: int) -> tuple[Paging, int]:
    head = await to_thread.run_sync(service.kiteline.log.max_notification_id) or 0
    return Paging.begin(service, question, cursor, limit, head), head


async def _found(service: Service, principal: Principal, action: Action, subscription_id: str) -> Subscription:
    """Return a subscription to a region in the caller's reach. Raises Problem: 404, or 403 for a role."""
    found = None
    with suppress(ValueError, NoSuchSubscription):
        found = await to_thread.run_sync(service.subscriptions.find, UUID(subscription_id))
    # Nobody's is decided like a foreign one, so that nobody learns which there are.
    must_be_allowed_at(service, principal, action, region="000000" if found is None else found.region)
    if found is None:
        raise problem_of(NoSuchSubscription())
    return found


def _reached(service: Service, principal: Principal) -> list[str]:
    far = reach(principal, service.kiteline.reference().organisations)
    return list(far.here) if far.region is None else [far.region]
