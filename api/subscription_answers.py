"""Answers about subscriptions, each change with one effect for its key."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
from starlette.responses import Response

from api.answers import JsonAnswer
from domain.times import instant_us, rfc3339_utc
from infra.event_store.refusals import KeyAlreadyUsed
from infra.event_store.save import Save

if TYPE_CHECKING:
    from datetime import datetime

    from api.service import Service
    from infra.recording.keys import Key
    from infra.recording.receipts import Receipt
    from infra.webhooks.desk import Issued
    from infra.webhooks.subscriptions import Delivery, Subscription

_NO_CONTENT = 204


def once(service: Service, key: Key, status: int, change: Callable[[], dict[str, Any]]) -> Response:
    """Make a change unless this key made it before; blocks. Raises KeyReused, KeyInFlight.

    What is kept with the key holds no secret: it is opened again for whoever lost the first answer.
    """
    keys = service.desk.keys
    row = keys.hashed(key, status=status)
    with keys.held(row):
        if (first := keys.replay(row)) is not None:
            return again(service, first)
        content = change()
        try:
            service.kiteline.log.record(Save([], keys.hashed(key, status=status, answer=orjson.dumps(content))))
        except KeyAlreadyUsed as used:
            if used.stored is None:
                raise
            return again(service, keys.first_answer(row, used.stored))
        return _written(service, status, content, {})


def again(service: Service, first: Receipt) -> Response:
    """Give the first answer again."""
    return _written(service, first.status, first.extra, {"Idempotency-Replayed": "true"})


def issued(service: Service, one: Issued) -> dict[str, Any]:
    """Write a subscription with keys just made; `generation` stands for the secret until it is sent."""
    return {**standing(service, one.subscription), "generation": one.generation}


def standing(service: Service, one: Subscription) -> dict[str, Any]:
    """Write a subscription with the public keys of all that sign."""
    return {**item(one), "public_keys": service.subscriptions.public_keys(one.subscription_id)}


def item(one: Subscription) -> dict[str, Any]:
    """Write a subscription."""
    return {
        "subscription_id": str(one.subscription_id),
        "region": one.region,
        "url": one.url,
        "types": one.types,
        "organisation": one.organisation,
        "status": one.status,
        "status_since": _time(one.status_since),
        "created_at": _time(one.created_at),
        "feedposition": one.feedposition,
        "head": one.head,
        "last_delivered_at": _time(one.last_delivered_at),
        "failing_since": _time(one.failing_since),
        "failures": one.failures,
        "next_attempt_at": _time(one.next_attempt_at),
    }


def attempt(one: Delivery) -> dict[str, Any]:
    """Write one attempt."""
    return {
        "delivery_id": one.delivery_id,
        "event_id": str(one.event_id),
        "feedposition": one.feedposition,
        "attempt": one.attempt,
        "attempted_at": _time(one.attempted_at),
        "milliseconds": one.milliseconds,
        "status": one.status,
        "error": one.error,
        "next_attempt_at": _time(one.next_attempt_at),
    }


def _written(service: Service, status: int, content: dict[str, Any], headers: dict[str, str]) -> Response:
    if status == _NO_CONTENT:
        return Response(status_code=status, headers=headers)
    told = dict(content)
    if "generation" in told:
        told["secret"] = service.subscriptions.secret_of(UUID(told["subscription_id"]), told.pop("generation"))
    return JsonAnswer(told, status_code=status, headers=headers)


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else rfc3339_utc(instant_us(moment))
