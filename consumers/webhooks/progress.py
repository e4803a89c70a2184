"""What became of an attempt, kept with the subscription's progress in one statement; the connection acts as the writer.

A statement that finds the subscription elsewhere than its caller left it changes nothing: somebody else delivers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from infra.webhooks.subscriptions import Status, Subscription
from projections.region_feeds import page_after

if TYPE_CHECKING:
    from datetime import date, datetime

    from psycopg import Connection

    from infra.webhooks.sending import Attempt
    from projections.region_feeds import FeedRow

LEAD: Final = "SELECT pg_try_advisory_lock(1802073189, 2003133803)"
"""Held by who sends webhooks ('kite', 'webk')."""

# Does not wait for the disk: what a crash of the database takes back is delivered again, with the same ids.
_DELIVERED: Final = """
WITH unhurried AS MATERIALIZED (
    SELECT set_config('synchronous_commit', 'off', true)
), moved AS (
    UPDATE webhook_subscription
    SET feedposition = %(feedposition)s, previous = %(feedposition)s, last_delivered_at = %(now)s,
        failing_since = NULL, failures = 0, next_attempt_at = NULL
    WHERE subscription_id = %(subscription_id)s AND feedposition = %(before)s
    RETURNING status, revision
), told AS (
    INSERT INTO webhook_delivery (
        subscription_id, event_id, feedposition, attempt, attempted_at, milliseconds, status
    )
    SELECT %(subscription_id)s, %(event_id)s, %(feedposition)s, %(attempt)s, %(now)s, %(milliseconds)s, %(answered)s
    FROM moved
)
SELECT status, revision FROM moved CROSS JOIN unhurried
"""
_FAILED: Final = """
WITH stays AS (
    SELECT subscription_id FROM webhook_subscription
    WHERE subscription_id = %(subscription_id)s AND feedposition = %(before)s
), waits AS (
    UPDATE webhook_subscription
    SET failing_since = %(failing_since)s, failures = %(attempt)s, next_attempt_at = %(next)s, status = %(status)s,
        status_since = CASE WHEN %(status)s = 'active' THEN status_since ELSE %(now)s END
    WHERE subscription_id = %(subscription_id)s AND feedposition = %(before)s
      AND status = 'active' AND revision = %(revision)s
    RETURNING subscription_id, organisation
), owed AS (
    INSERT INTO webhook_duty (
        subscription_id, since_us, known_from, organisation, region, due_on, provisional
    )
    SELECT subscription_id, (extract(epoch FROM %(now)s::timestamptz) * 1000000)::bigint,
           (SELECT position FROM log_head), organisation, %(duty_region)s, %(due_on)s::date, %(provisional)s::boolean
    FROM waits WHERE %(status)s = 'exhausted'
)
INSERT INTO webhook_delivery (
    subscription_id, event_id, feedposition, attempt, attempted_at, milliseconds, status, error, next_attempt_at
)
SELECT subscription_id, %(event_id)s, %(feedposition)s, %(attempt)s, %(now)s, %(milliseconds)s, %(answered)s, %(error)s,
       %(next)s
FROM stays
"""
_STANDS: Final = "SELECT status, revision FROM webhook_subscription WHERE subscription_id = %s"
_PASSED_OVER: Final = """
UPDATE webhook_subscription SET feedposition = %s WHERE subscription_id = %s AND feedposition = %s
RETURNING status, revision
"""


@dataclass(frozen=True, slots=True)
class Owed:
    """The duty that an exhausted subscription is: where its owner sits, and until when it is to be seen to."""

    region: str | None
    due_on: date
    provisional: bool


@dataclass(frozen=True, slots=True)
class Failure:
    """What follows from an attempt that failed: when it began to fail, and what comes next."""

    since: datetime
    status: Status
    next: datetime | None = None
    owed: Owed | None = None


def following(connection: Connection[Any], one: Subscription, limit: int) -> list[FeedRow]:
    """Read what comes next in the feed; nothing once somebody has changed or deleted the subscription.

    That is looked at last, so that what was recorded after it is never sent.
    """
    rows = page_after(connection, one.region, one.feedposition, limit)
    return rows if _goes_on(one, connection.execute(_STANDS, (one.subscription_id,), prepare=True).fetchone()) else []


def delivered(
    connection: Connection[Any],
    one: Subscription,
    row: FeedRow,
    attempt: Attempt,
    now: datetime,
) -> bool:
    """Keep that an event was delivered; whether to go on with the next, as the subscription was read."""
    values = _values(one, row, attempt, now)
    return _goes_on(one, connection.execute(_DELIVERED, values, prepare=True).fetchone())


def failed(
    connection: Connection[Any], one: Subscription, row: FeedRow, attempt: Attempt, now: datetime, failure: Failure
) -> None:
    """Keep that an attempt failed and what follows; changed by a person meanwhile, only that it was made."""
    owed = failure.owed
    values = _values(one, row, attempt, now) | {
        "error": attempt.error,
        "failing_since": failure.since,
        "next": failure.next,
        "status": failure.status,
        "revision": one.revision,
        "duty_region": owed.region if owed is not None else None,
        "due_on": owed.due_on if owed is not None else None,
        "provisional": owed.provisional if owed is not None else None,
    }
    connection.execute(_FAILED, values)


def passed_over(connection: Connection[Any], one: Subscription, upto: int) -> bool:
    """Keep that nothing up to an entry passed the filter; whether to go on."""
    row = connection.execute(_PASSED_OVER, (upto, one.subscription_id, one.feedposition), prepare=True).fetchone()
    return _goes_on(one, row)


def _goes_on(one: Subscription, row: tuple[Any, ...] | None) -> bool:
    return row is not None and (row[0], row[1]) == ("active", one.revision)


def _values(one: Subscription, row: FeedRow, attempt: Attempt, now: datetime) -> dict[str, Any]:
    return {
        "subscription_id": one.subscription_id,
        "before": one.feedposition,
        "event_id": row.event_id,
        "feedposition": row.feedposition,
        "attempt": one.failures + 1,
        "now": now,
        "milliseconds": round(attempt.seconds * 1000),
        "answered": attempt.status,
    }
