"""Deliveries are signed as Standard Webhooks 1.0 says: its own library and Ed25519 verify them."""

import time
from base64 import b64decode
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks import Webhook, WebhookVerificationError

from infra.vault.cipher import Unreadable
from infra.vault.master_key import MasterKey
from infra.webhooks.sealed_keys import KeySeal
from infra.webhooks.signatures import SigningKeys, signed_content, signed_headers

BODY = '{"type":"org.kiteline.checked_in.v1","subject":"民勤"}'.encode()
ID = "0b6f2c51-7f0e-4c55-9d52-5d7c8a3e1f10"


def now() -> int:
    return int(time.time())


def verified_by_public_key(keys: SigningKeys, headers: dict[str, str], body: bytes) -> bool:
    prefix, _, key = keys.public_key.partition("_")
    assert prefix == "whpk"
    public = Ed25519PublicKey.from_public_bytes(b64decode(key))
    content = signed_content(headers["webhook-id"], int(headers["webhook-timestamp"]), body)
    for signature in headers["webhook-signature"].split(" "):
        version, _, text = signature.partition(",")
        if version == "v1a":
            try:
                public.verify(b64decode(text), content)
            except InvalidSignature:
                continue
            return True
    return False


def test_the_library_of_the_specification_verifies_v1_and_ed25519_verifies_v1a():
    keys = SigningKeys.made()
    headers = signed_headers([keys], ID, now(), BODY)
    assert headers["webhook-id"] == ID
    assert Webhook(keys.shared_secret).verify(BODY, headers)["subject"] == "民勤"
    assert verified_by_public_key(keys, headers, BODY)


def test_the_known_signature_of_the_specifications_implementations():
    secret = b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    keys = SigningKeys(secret, bytes(32))
    shared, _ = keys.sign(signed_content("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'))
    assert shared == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    at = datetime.fromtimestamp(1614265330, UTC)
    assert Webhook(keys.shared_secret).sign("msg_p5jXN8AQM9LWM0D4loKWxJek", at, '{"test": 2432232314}') == shared


@pytest.mark.parametrize("part", ["body", "id", "time"])
def test_what_was_altered_verifies_no_more(part: str):
    keys, at = SigningKeys.made(), now()
    headers = signed_headers([keys], ID, at, BODY)
    body = BODY.replace(b"v1", b"v2") if part == "body" else BODY
    altered = {"id": {"webhook-id": str(uuid4())}, "time": {"webhook-timestamp": str(at - 1)}}.get(part, {})
    with pytest.raises(WebhookVerificationError):
        Webhook(keys.shared_secret).verify(body, headers | altered)
    assert not verified_by_public_key(keys, headers | altered, body)


def test_while_keys_are_rotated_either_verifies_and_no_other():
    old, new, other = SigningKeys.made(), SigningKeys.made(), SigningKeys.made()
    headers = signed_headers([new, old], ID, now(), BODY)
    for keys in (old, new):
        Webhook(keys.shared_secret).verify(BODY, headers)
        assert verified_by_public_key(keys, headers, BODY)
    with pytest.raises(WebhookVerificationError):
        Webhook(other.shared_secret).verify(BODY, headers)
    assert not verified_by_public_key(other, headers, BODY)


def test_sealed_keys_open_at_their_own_place_only_and_through_a_rotation_of_the_master_key():
    keys, subscription = SigningKeys.made(), uuid4()
    before = KeySeal(MasterKey({1: bytes(32)}))
    sealed = before.seal(subscription, 1, keys)
    assert keys.secret not in sealed
    assert keys.seed not in sealed
    assert "whsec" not in repr(keys)
    during = KeySeal(MasterKey({1: bytes(32), 2: bytes([1]) * 32}))
    for seal in (before, during):
        assert seal.open(subscription, 1, sealed) == keys
        for place in ((uuid4(), 1), (subscription, 2)):
            with pytest.raises(Unreadable):
                seal.open(UUID(str(place[0])), place[1], sealed)
    with pytest.raises(KeyError):
        before.open(subscription, 1, during.seal(subscription, 1, keys))
