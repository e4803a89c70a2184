"""Signatures of Standard Webhooks 1.0: `v1` HMAC-SHA256 with a shared secret, `v1a` Ed25519 with a key pair."""

from __future__ import annotations

import hmac
import secrets
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SECRET_BYTES: Final = 32
SEED_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """What one generation of a subscription's signatures is made with; the subscriber verifies either of the two."""

    secret: bytes = field(repr=False)
    seed: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse what the specification does not allow: secrets have 24 to 64 bytes, Ed25519 seeds 32."""
        if not 24 <= len(self.secret) <= 64 or len(self.seed) != SEED_BYTES:
            message = "a secret has 24 to 64 bytes, a seed 32"
            raise ValueError(message)

    @classmethod
    def made(cls) -> SigningKeys:
        """Make keys nobody has."""
        return cls(secrets.token_bytes(SECRET_BYTES), secrets.token_bytes(SEED_BYTES))

    @property
    def shared_secret(self) -> str:
        """The secret as subscribers are given it, `whsec_…`."""
        return "whsec_" + b64encode(self.secret).decode()

    @property
    def public_key(self) -> str:
        """The public key as subscribers are given it, `whpk_…`; no secret."""
        return "whpk_" + b64encode(self._private.public_key().public_bytes_raw()).decode()

    def sign(self, content: bytes) -> tuple[str, str]:
        """Sign what `signed_content` makes, with either key."""
        shared = hmac.digest(self.secret, content, "sha256")
        return f"v1,{b64encode(shared).decode()}", f"v1a,{b64encode(self._private.sign(content)).decode()}"

    @property
    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)


def signed_headers(keys: Iterable[SigningKeys], message_id: str, at: int, body: bytes) -> dict[str, str]:
    """Return the three headers of a message sent at `at`, in seconds since 1970 UTC; of several keys, all sign.

    The id is ours and holds no full stop: what is signed is unambiguous.
    """
    content = signed_content(message_id, at, body)
    signatures = [signature for one in keys for signature in one.sign(content)]
    return {"webhook-id": message_id, "webhook-timestamp": str(at), "webhook-signature": " ".join(signatures)}


def signed_content(message_id: str, at: int, body: bytes) -> bytes:
    """Return what is signed: id, time of the attempt and body."""
    return b"%s.%d.%s" % (message_id.encode(), at, body)
