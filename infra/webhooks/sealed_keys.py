"""Signing keys as the database keeps them: sealed with the deployment's master key, each bound to its subscription."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from infra.vault.cipher import NONCE_BYTES, Algorithm, cipher, decrypt, encrypt
from infra.vault.master_key import load_master_key
from infra.webhooks.signatures import SECRET_BYTES, SigningKeys

if TYPE_CHECKING:
    from psycopg import Connection

    from infra.settings import Settings
    from infra.vault.master_key import MasterKey

_SEALED: Final = "SELECT subscription_id, generation, sealed FROM webhook_key FOR UPDATE"
_SEAL: Final = "UPDATE webhook_key SET sealed = %s WHERE subscription_id = %s AND generation = %s"


class KeySeal:
    """Seals with the current master key, opens with every one that is held."""

    def __init__(self, master_key: MasterKey, algorithm: Algorithm = "AES-256-GCM") -> None:
        """Derive the key of this purpose; `algorithm` is how to seal."""
        self._current = master_key.current
        self._ciphers = {
            version: cipher(master_key.derive(version, "webhook"), algorithm) for version in master_key.versions
        }

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


def configured_seal(settings: Settings, master_key: MasterKey | None = None) -> KeySeal:
    """Return the seal under the deployment's master key. Raises MasterKeyFailure."""
    return KeySeal(master_key or load_master_key(settings), settings.vault_cipher)


def seal_anew(connection: Connection[Any], seal: KeySeal) -> int:
    """Seal every subscription's keys under the master key that seals now, all or none; returns how many.

    Raises Unreadable for a row that was tampered with.
    """
    with connection.transaction():
        rows = connection.execute(_SEALED).fetchall()
        for subscription_id, generation, sealed in rows:
            keys = seal.open(subscription_id, generation, sealed)
            connection.execute(_SEAL, (seal.seal(subscription_id, generation, keys), subscription_id, generation))
    return len(rows)


def _place(subscription_id: UUID, generation: int) -> bytes:
    return b"webhook\0" + subscription_id.bytes + generation.to_bytes(4, "big")
