"""Rotating the master key takes along what signs webhooks: sealed anew, needed by the former version no more."""

from uuid import uuid4

import psycopg
import pytest

from infra.event_store.recorder import KitelineRecorder
from infra.vault.master_key import MasterKey
from infra.vault.rotation import still_needed
from infra.webhooks.desk import SubscriptionDesk
from infra.webhooks.sealed_keys import KeySeal, seal_anew
from infra.webhooks.subscriptions import Wanted
from infra.webhooks.targets import AllowedTargets

OLD, NEW = bytes(range(32)), bytes(range(32, 64))


@pytest.mark.parametrize("algorithm", ["AES-256-GCM", "SM4-GCM"])
def test_keys_of_subscriptions_are_sealed_anew(recorder: KitelineRecorder, database_url: str, algorithm: str):
    first = KeySeal(MasterKey({1: OLD}))
    desk = SubscriptionDesk(recorder, first, AllowedTargets(), lambda: 1_700_000_000_000_000)
    issued = desk.make(Wanted(uuid4(), "620102", "https://sister.example/", None, None, "test", 0, 0))
    one = issued.subscription.subscription_id
    with psycopg.connect(database_url, autocommit=True) as connection:
        assert still_needed(connection, 1)["webhooks"] == 1
        both = KeySeal(MasterKey({1: OLD, 2: NEW}), algorithm)  # type: ignore[arg-type]
        assert seal_anew(connection, both) == 1
        assert still_needed(connection, 1)["webhooks"] == 0
    again = SubscriptionDesk(recorder, KeySeal(MasterKey({2: NEW})), AllowedTargets(), lambda: 1_700_000_000_000_000)
    assert again.secret_of(one, 1) == issued.keys.shared_secret
    assert again.public_keys(one) == [issued.keys.public_key]
