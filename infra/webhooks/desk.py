"""Where subscriptions are made and changed by people and systems: keys made and sealed, targets looked at first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from domain.errors import Refused, Sentence
from domain.times import instant
from infra.recording.errors import RecordingError
from infra.webhooks import subscriptions as kept
from infra.webhooks.signatures import SigningKeys
from infra.webhooks.targets import AllowedTargets, Resolve, look_up, read_target

if TYPE_CHECKING:
    from datetime import datetime

    from psycopg import Connection

    from domain.reference import Reference
    from infra.event_store.recorder import KitelineRecorder
    from infra.webhooks.sealed_keys import KeySeal
    from infra.webhooks.subscriptions import Delivery, Status, Subscription, Wanted

MOST_OF_A_REGION: Final = 100
"""More than anybody needs, and little enough that nobody makes us call for ever."""
_TOO_MANY: Final = Sentence(
    "该区划的订阅已达上限（{most} 个）；请先删除不用的",
    "This region has {most} subscriptions; delete one that is not used.",
).filled(most=MOST_OF_A_REGION)


class NoSuchSubscription(RecordingError):
    """There is no subscription with this id, or it is not the caller's to know of (HTTP 404)."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A subscription and the keys that were made for it; the secret is told now and never again."""

    subscription: Subscription
    generation: int
    keys: SigningKeys


class SubscriptionDesk:
    """Changes subscriptions; each method is a transaction of its own, and blocks."""

    def __init__(
        self,
        log: KitelineRecorder,
        seal: KeySeal,
        allowed: AllowedTargets,
        now_us: Callable[[], int],
        resolve: Resolve = look_up,
    ) -> None:
        """Use the writer's connections, and look names up as `resolve` does."""
        self._log = log
        self._seal = seal
        self._allowed = allowed
        self._now_us = now_us
        self._resolve = resolve

    def check_target(self, url: str) -> None:
        """Let a URL pass that webhooks may go to today; it is looked at again with every attempt.

        Raises TargetRefused.
        """
        self._allowed.permitted(read_target(url), self._resolve)

    def reading(self) -> Any:  # noqa: ANN401 - a context manager of the log's
        """Lend a connection, to ask about feeds."""
        return self._log.reading()

    def make(self, wanted: Wanted) -> Issued:
        """Keep a subscription; made before under this id, it is as it was. Raises Refused."""
        keys = SigningKeys.made()
        with self._log.reading() as connection:
            if kept.find(connection, wanted.subscription_id) is None:
                if len(kept.below(connection, [wanted.region], None, None, MOST_OF_A_REGION)) >= MOST_OF_A_REGION:
                    raise Refused("too_many_subscriptions", _TOO_MANY)
                kept.insert(connection, wanted, self._seal.seal(wanted.subscription_id, 1, keys), self._now())
        return self._issued(wanted.subscription_id, 1)

    def find(self, subscription_id: UUID) -> Subscription:
        """Find a subscription. Raises NoSuchSubscription."""
        with self._log.reading() as connection:
            return _found(connection, subscription_id)

    def below(self, beginnings: list[str], after: UUID | None, status: Status | None, limit: int) -> list[Subscription]:
        """List the subscriptions to regions whose codes begin in one of these ways."""
        with self._log.reading() as connection:
            return kept.below(connection, beginnings, after, status, limit)

    def pause(self, subscription_id: UUID) -> Subscription:
        """Stop delivering. Raises NoSuchSubscription."""
        with self._changing(subscription_id) as connection:
            kept.pause(connection, subscription_id, self._now())
        return self.find(subscription_id)

    def resume(self, subscription_id: UUID) -> Subscription:
        """Go on from where it stopped. Raises NoSuchSubscription."""
        with self._changing(subscription_id) as connection:
            kept.resume(connection, subscription_id, self._now())
        return self.find(subscription_id)

    def reset(self, subscription_id: UUID, feedposition: int, previous: int) -> Subscription:
        """Go on from another entry of the feed, as active or not as it was. Raises NoSuchSubscription."""
        with self._changing(subscription_id) as connection:
            kept.reset(connection, subscription_id, feedposition, previous)
        return self.find(subscription_id)

    def delete(self, subscription_id: UUID) -> None:
        """Delete a subscription and what was kept of it. Raises NoSuchSubscription."""
        with self._log.reading() as connection:
            if not kept.delete(connection, subscription_id, self._now()):
                raise NoSuchSubscription

    def rotate(self, subscription_id: UUID, overlap: timedelta) -> Issued:
        """Make new keys; those before sign beside them for `overlap`. Raises NoSuchSubscription."""
        keys, now = SigningKeys.made(), self._now()
        with self._changing(subscription_id) as connection:
            generation = kept.next_generation(connection, subscription_id)
            sealed = self._seal.seal(subscription_id, generation, keys)
            kept.replace_key(connection, subscription_id, generation, sealed, now + overlap, now)
        return self._issued(subscription_id, generation)

    def public_keys(self, subscription_id: UUID) -> list[str]:
        """Return the public keys of all that sign now, the newest first."""
        with self._log.reading() as connection:
            sealed = kept.keys_of(connection, subscription_id, self._now())
        return [self._seal.open(subscription_id, generation, one).public_key for generation, one in sealed]

    def secret_of(self, subscription_id: UUID, generation: int) -> str | None:
        """Return the secret of one generation, for an answer that was lost; None where it is kept no more."""
        with self._log.reading() as connection:
            sealed = kept.key_of(connection, subscription_id, generation)
        return None if sealed is None else self._seal.open(subscription_id, generation, sealed).shared_secret

    def deliveries(
        self, subscription_id: UUID, before: int | None, delivered: bool | None, limit: int
    ) -> list[Delivery]:
        """List attempts, the last first."""
        with self._log.reading() as connection:
            return kept.deliveries(connection, subscription_id, before, delivered, limit)

    def _issued(self, subscription_id: UUID, generation: int) -> Issued:
        with self._log.reading() as connection:
            sealed = kept.key_of(connection, subscription_id, generation)
            subscription = _found(connection, subscription_id)
        if sealed is None:
            raise NoSuchSubscription
        return Issued(subscription, generation, self._seal.open(subscription_id, generation, sealed))

    @contextmanager
    def _changing(self, subscription_id: UUID) -> Iterator[Connection[Any]]:
        with self._log.reading() as connection, connection.transaction():
            if not kept.changing(connection, subscription_id):
                raise NoSuchSubscription
            yield connection

    def _now(self) -> datetime:
        return instant(self._now_us())


def owner_of(reference: Reference, region: str) -> str | None:
    """Return who looks after a subscription that names nobody: who answers for its region, or above it, or above all.

    Never an organisation of a sister's: nobody of theirs looks at our worklists. None where there is nobody yet.
    """
    tree = reference.organisations
    for place in (region, region[:4] + "00", region[:2] + "0000"):
        seat = tree.get(reference.seat_of(place))
        if seat is not None and not seat.external:
            return seat.code
    ours = [one for one in tree.by_code.values() if not one.external and one.parent is None and not one.dissolved_on]
    return min(ours, key=lambda one: (one.known_from, one.code)).code if ours else None


def _found(connection: Connection[Any], subscription_id: UUID) -> Subscription:
    subscription = kept.find(connection, subscription_id)
    if subscription is None:
        raise NoSuchSubscription
    return subscription
