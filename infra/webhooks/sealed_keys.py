"""Signing keys as the database keeps them: sealed with the deployment's master key, each bound to its subscription."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from uuid import UUID

from infra.vault.cipher import NONCE_BYTES, cipher, decrypt, encrypt
from infra.webhooks.signatures import SECRET_BYTES, SigningKeys

if TYPE_CHECKING:
    from infra.vault.master_key import MasterKey


class KeySeal:
    """Seals with the current master key, opens with every one that is held."""

    def __init__(self, master_key: MasterKey) -> None:
        """Derive the key of this purpose."""
        self._current = master_key.current
        self._ciphers = {version: cipher(master_key.derive(version, "webhook")) for version in master_key.versions}

    def seal(self, subscription_id: UUID, generation: int, keys: SigningKeys) -> bytes:
        """Encrypt keys so that they open only at their own place."""
        place = _place(subscription_id, generation)
        sealed = encrypt(self._ciphers[self._current], os.urandom(NONCE_BYTES), keys.secret + keys.seed, place)
        return self._current.to_bytes(4, "big") + sealed

    def open(self, subscription_id: UUID, generation: int, sealed: bytes) -> SigningKeys:
        """Open what `seal` made. Raises Unreadable, or KeyError for a master key that is no longer held."""
        version = int.from_bytes(sealed[:4], "big")
        plain = decrypt(self._ciphers[version], sealed[4:], _place(subscription_id, generation))
        return SigningKeys(plain[:SECRET_BYTES], plain[SECRET_BYTES:])


def _place(subscription_id: UUID, generation: int) -> bytes:
    return b"webhook\0" + subscription_id.bytes + generation.to_bytes(4, "big")
