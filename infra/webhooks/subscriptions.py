"""The subscriptions as the database keeps them, each change one statement; the connection acts as the writer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal
from uuid import UUID

from psycopg.rows import class_row

if TYPE_CHECKING:
    from psycopg import Connection

Status = Literal["active", "paused", "exhausted", "gone"]
"""Delivering; paused by a person; paused because nobody answered for 24 hours; ended by the receiver (410)."""

KEPT_DAYS: Final = 30
"""How long the log of deliveries is kept."""

_INSERT: Final = """
INSERT INTO webhook_subscription (
    subscription_id, region, url, types, organisation, created_by, created_at, status_since, feedposition, previous
)
VALUES (
    %(subscription_id)s, %(region)s, %(url)s, %(types)s, %(organisation)s, %(created_by)s, %(now)s, %(now)s,
    %(feedposition)s, %(previous)s
)
ON CONFLICT (subscription_id) DO NOTHING
RETURNING subscription_id
"""
_INSERT_KEY: Final = "INSERT INTO webhook_key (subscription_id, generation, sealed) VALUES (%s, %s, %s)"
_FIND: Final = "SELECT * FROM webhook_standing WHERE subscription_id = %s"
_LIST: Final = """
SELECT * FROM webhook_standing
WHERE region ^@ ANY (%(beginnings)s::text[]) AND (%(after)s::uuid IS NULL OR subscription_id > %(after)s::uuid)
  AND (%(status)s::text IS NULL OR status = %(status)s::text)
ORDER BY subscription_id LIMIT %(limit)s
"""
_DUE: Final = """
SELECT * FROM webhook_standing
WHERE status = 'active' AND head > feedposition AND (next_attempt_at IS NULL OR next_attempt_at <= %s)
"""
_COUNT: Final = """
SELECT status, count(*), sum(greatest(head - feedposition, 0))::bigint FROM webhook_standing GROUP BY status
"""
_KEYS: Final = """
SELECT generation, sealed FROM webhook_key
WHERE subscription_id = %s AND (signs_until IS NULL OR signs_until > %s)
ORDER BY generation DESC
"""
_KEY: Final = "SELECT sealed FROM webhook_key WHERE subscription_id = %s AND generation = %s"
_RETIRE: Final = """
UPDATE webhook_key SET signs_until = least(signs_until, %s) WHERE subscription_id = %s
"""
_FORGET_KEYS: Final = "DELETE FROM webhook_key WHERE subscription_id = %s AND signs_until <= %s"
_NEXT_GENERATION: Final = "SELECT coalesce(max(generation), 0) + 1 FROM webhook_key WHERE subscription_id = %s"
_LOCK: Final = """
UPDATE webhook_subscription SET revision = revision + 1 WHERE subscription_id = %s RETURNING status
"""
_PAUSE: Final = """
UPDATE webhook_subscription SET status = 'paused', status_since = %(now)s
WHERE subscription_id = %(subscription_id)s AND status <> 'paused'
"""
_RESUME: Final = """
UPDATE webhook_subscription
SET status = 'active', status_since = %(now)s, failing_since = NULL, failures = 0, next_attempt_at = NULL
WHERE subscription_id = %(subscription_id)s AND status <> 'active'
"""
_RESET: Final = """
UPDATE webhook_subscription
SET feedposition = %(feedposition)s, previous = %(previous)s, failing_since = NULL, failures = 0, next_attempt_at = NULL
WHERE subscription_id = %(subscription_id)s
"""
_CLEAR_DUTY: Final = """
UPDATE webhook_duty
SET until_us = greatest(since_us, (extract(epoch FROM %(now)s::timestamptz) * 1000000)::bigint),
    known_to = (SELECT position FROM log_head)
WHERE subscription_id = %(subscription_id)s AND until_us IS NULL
"""
_DELETE: Final = "DELETE FROM webhook_subscription WHERE subscription_id = %s RETURNING subscription_id"
_DELIVERIES: Final = """
SELECT delivery_id, event_id, feedposition, attempt, attempted_at, milliseconds, status, error, next_attempt_at
FROM webhook_delivery
WHERE subscription_id = %(subscription_id)s AND (%(before)s::bigint IS NULL OR delivery_id < %(before)s::bigint)
  AND (%(delivered)s::boolean IS NULL OR coalesce(status BETWEEN 200 AND 299, false) = %(delivered)s::boolean)
ORDER BY delivery_id DESC LIMIT %(limit)s
"""
_FORGET_DELIVERIES: Final = "DELETE FROM webhook_delivery WHERE attempted_at < %s"


@dataclass(frozen=True, slots=True)
class Subscription:
    """One subscription; `types` None passes all, `head` is the last number of its region's feed."""

    subscription_id: UUID
    region: str
    url: str
    types: list[str] | None
    organisation: str | None
    status: Status
    status_since: datetime
    created_at: datetime
    revision: int
    feedposition: int
    previous: int
    last_delivered_at: datetime | None
    failing_since: datetime | None
    failures: int
    next_attempt_at: datetime | None
    head: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt, as its subscriber may read it."""

    delivery_id: int
    event_id: UUID
    feedposition: int
    attempt: int
    attempted_at: datetime
    milliseconds: int
    status: int | None
    error: str | None
    next_attempt_at: datetime | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A subscription asked for; `feedposition` is the last entry that it does not want."""

    subscription_id: UUID
    region: str
    url: str
    types: list[str] | None
    organisation: str | None
    created_by: str
    feedposition: int
    previous: int


def insert(connection: Connection[Any], wanted: Wanted, sealed: bytes, now: datetime) -> bool:
    """Keep a new subscription with its first key; False where it was kept before."""
    values = {
        "subscription_id": wanted.subscription_id,
        "region": wanted.region,
        "url": wanted.url,
        "types": wanted.types,
        "organisation": wanted.organisation,
        "created_by": wanted.created_by,
        "feedposition": wanted.feedposition,
        "previous": wanted.previous,
        "now": now,
    }
    with connection.transaction():
        if connection.execute(_INSERT, values).fetchone() is None:
            return False
        connection.execute(_INSERT_KEY, (wanted.subscription_id, 1, sealed))
    return True


def find(connection: Connection[Any], subscription_id: UUID) -> Subscription | None:
    """Find a subscription."""
    with connection.cursor(row_factory=class_row(Subscription)) as cursor:
        return cursor.execute(_FIND, (subscription_id,)).fetchone()


def below(
    connection: Connection[Any], beginnings: list[str], after: UUID | None, status: Status | None, limit: int
) -> list[Subscription]:
    """List the subscriptions to regions whose codes begin in one of these ways, by id."""
    asked = {"beginnings": beginnings, "after": after, "status": status, "limit": limit}
    with connection.cursor(row_factory=class_row(Subscription)) as cursor:
        return cursor.execute(_LIST, asked).fetchall()


def due(connection: Connection[Any], now: datetime) -> list[Subscription]:
    """List those with something to deliver now."""
    with connection.cursor(row_factory=class_row(Subscription)) as cursor:
        return cursor.execute(_DUE, (now,)).fetchall()


def counted(connection: Connection[Any]) -> dict[str, tuple[int, int]]:
    """Count the subscriptions by status, and the entries of feeds that they have not dealt with."""
    return {row[0]: (row[1], row[2]) for row in connection.execute(_COUNT).fetchall()}


def keys_of(connection: Connection[Any], subscription_id: UUID, now: datetime) -> list[tuple[int, bytes]]:
    """Return generation and sealed keys of all that sign, the newest first."""
    return connection.execute(_KEYS, (subscription_id, now)).fetchall()


def key_of(connection: Connection[Any], subscription_id: UUID, generation: int) -> bytes | None:
    """Return the sealed keys of one generation, None where they are kept no more."""
    row = connection.execute(_KEY, (subscription_id, generation)).fetchone()
    return None if row is None else bytes(row[0])


def next_generation(connection: Connection[Any], subscription_id: UUID) -> int:
    """Return the number that a subscription's next keys will have; call it under `changing`."""
    row = connection.execute(_NEXT_GENERATION, (subscription_id,)).fetchone()
    return 1 if row is None else int(row[0])


def changing(connection: Connection[Any], subscription_id: UUID) -> bool:
    """Hold a subscription until the end of the transaction, so that who delivers reads it again; False: not there."""
    return connection.execute(_LOCK, (subscription_id,)).fetchone() is not None


def replace_key(
    connection: Connection[Any], subscription_id: UUID, generation: int, sealed: bytes, until: datetime, now: datetime
) -> None:
    """Let a new key sign; those before it sign beside it until `until`, and what is past its day is forgotten."""
    connection.execute(_RETIRE, (until, subscription_id))
    connection.execute(_INSERT_KEY, (subscription_id, generation, sealed))
    connection.execute(_FORGET_KEYS, (subscription_id, now))


def pause(connection: Connection[Any], subscription_id: UUID, now: datetime) -> None:
    """Stop delivering, whatever it was at; nobody owes it any more."""
    connection.execute(_PAUSE, {"subscription_id": subscription_id, "now": now})
    connection.execute(_CLEAR_DUTY, {"subscription_id": subscription_id, "now": now})


def resume(connection: Connection[Any], subscription_id: UUID, now: datetime) -> None:
    """Go on from where it stopped, with 24 new hours; nobody owes it any more."""
    connection.execute(_RESUME, {"subscription_id": subscription_id, "now": now})
    connection.execute(_CLEAR_DUTY, {"subscription_id": subscription_id, "now": now})


def reset(connection: Connection[Any], subscription_id: UUID, feedposition: int, previous: int) -> None:
    """Let it go on from another entry of its feed; `previous` is the last one before that passes its filter."""
    asked = {"subscription_id": subscription_id, "feedposition": feedposition, "previous": previous}
    connection.execute(_RESET, asked)


def delete(connection: Connection[Any], subscription_id: UUID, now: datetime) -> bool:
    """Delete a subscription with its keys and its log of deliveries; False where there is none."""
    with connection.transaction():
        connection.execute(_CLEAR_DUTY, {"subscription_id": subscription_id, "now": now})
        return connection.execute(_DELETE, (subscription_id,)).fetchone() is not None


def deliveries(
    connection: Connection[Any], subscription_id: UUID, before: int | None, delivered: bool | None, limit: int
) -> list[Delivery]:
    """List attempts, the last first; those that were (or were not) answered with 2xx only, if asked."""
    asked = {"subscription_id": subscription_id, "before": before, "delivered": delivered, "limit": limit}
    with connection.cursor(row_factory=class_row(Delivery)) as cursor:
        return cursor.execute(_DELIVERIES, asked).fetchall()


def forget_deliveries(connection: Connection[Any], before: datetime) -> int:
    """Forget attempts older than this; returns how many."""
    return connection.execute(_FORGET_DELIVERIES, (before,)).rowcount
