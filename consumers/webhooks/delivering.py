"""Takes one subscription through its region's feed: one event after another, each until it was answered with 2xx."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar

from consumers.webhooks.progress import Failure, Owed, delivered, failed, following, passed_over
from domain.times import local_day
from infra.logs import get_logger
from infra.metrics import WEBHOOK_ATTEMPTS
from infra.recording.feed_events import feed_event
from infra.webhooks.schedule import next_attempt, retry_after
from infra.webhooks.signatures import SigningKeys, signed_headers
from infra.webhooks.subscriptions import keys_of

if TYPE_CHECKING:
    from infra.recording.application import Kiteline
    from infra.webhooks.sealed_keys import KeySeal
    from infra.webhooks.sending import Attempt, Sender
    from infra.webhooks.subscriptions import Subscription
    from projections.region_feeds import FeedRow

T = TypeVar("T")
Ask = Callable[[Callable[..., T]], Awaitable[T]]

_log = get_logger(__name__)
_PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class Means:
    """What every delivery works with. `ask(question, *args)` runs a question on a connection, in a thread.

    `sound` says whether the log may be told to others; `at_once` bounds how many attempts are made at a time.
    """

    kiteline: Kiteline
    seal: KeySeal
    ask: Callable[..., Awaitable[Any]]
    clock: Callable[[], datetime]
    sound: Callable[[], bool]
    stop: asyncio.Event
    at_once: asyncio.Semaphore


async def deliver(means: Means, one: Subscription, sender: Sender) -> None:
    """Deliver what there is, until an attempt fails, somebody changes the subscription, or the worker stops."""
    sealed = await means.ask(keys_of, one.subscription_id, means.clock())
    keys = [means.seal.open(one.subscription_id, generation, each) for generation, each in sealed]
    going = True
    while going and means.sound() and not means.stop.is_set():
        rows = await means.ask(following, one, _PAGE)
        if not rows:
            return
        for row in rows:
            if one.types is not None and row.topic not in one.types:
                continue
            going = await _one_delivered(means, one, sender, keys, row)
            if not going or means.stop.is_set():
                return
            one = replace(one, feedposition=row.feedposition, previous=row.feedposition, failing_since=None, failures=0)
        last = rows[-1].feedposition
        if one.feedposition < last:
            going = await means.ask(passed_over, one, last)
            one = replace(one, feedposition=last)


async def _one_delivered(
    means: Means, one: Subscription, sender: Sender, keys: list[SigningKeys], row: FeedRow
) -> bool:
    """Make one attempt and keep what became of it; whether to go on with the next event."""
    body = feed_event(row, one.previous)
    async with means.at_once:
        at = means.clock()
        headers = signed_headers(keys, str(row.event_id), int(at.timestamp()), body)
        attempt = await sender.post(headers, body)
    if attempt.delivered:
        WEBHOOK_ATTEMPTS.labels("delivered").inc()
        return bool(await means.ask(delivered, one, row, attempt, at))
    WEBHOOK_ATTEMPTS.labels("failed").inc()
    failure = await asyncio.to_thread(_what_follows, means, one, attempt, at)
    await means.ask(failed, one, row, attempt, at, failure)
    if failure.status != "active":
        _log.warning("webhook stopped", subscription=str(one.subscription_id), status=failure.status)
    return False


def _what_follows(means: Means, one: Subscription, attempt: Attempt, at: datetime) -> Failure:
    since = one.failing_since or at
    if attempt.is_unwanted:
        return Failure(since, "gone")
    now = means.clock()
    again = next_attempt(since, one.failures + 1, now, random.random(), retry_after(attempt.retry_after, now))  # noqa: S311 - spreads load, keeps no secret
    if again is not None:
        return Failure(since, "active", again)
    return Failure(since, "exhausted", owed=_owed(means.kiteline, one, at))


def _owed(kiteline: Kiteline, one: Subscription, at: datetime) -> Owed:
    """Tell until when its owner is to see to a subscription that nobody answers."""
    reference, day = kiteline.refresh_reference(), local_day(round(at.timestamp() * 1_000_000))
    home = reference.region_of(one.organisation) if one.organisation is not None else None
    policy = reference.policy(home or one.region, day)
    due_on, provisional = reference.workdays.add_workdays(day, policy.resume_webhook_workdays)
    return Owed(home, due_on, provisional)
