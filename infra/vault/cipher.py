"""Encrypts one value or wraps one key; every ciphertext says by its first byte how it was made.

Layout: algorithm (1 byte), nonce (12), ciphertext with its tag (16). The first byte leaves room for SM4-GCM by setting.
"""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
_AES_256_GCM: Final = b"\x01"


class Unreadable(Exception):
    """A ciphertext does not open with this key: altered, moved to another member or field, or of another key."""


def cipher(key: bytes) -> AESGCM:
    """Prepare a key of 32 bytes for use; worth keeping, preparing costs as much as encrypting."""
    return AESGCM(key)


def encrypt(key: AESGCM, nonce: bytes, plain: bytes, bound_to: bytes) -> bytes:
    """Encrypt `plain` so that it opens only together with `bound_to`; `nonce` is random and never used twice."""
    return _AES_256_GCM + nonce + key.encrypt(nonce, plain, bound_to)


def decrypt(key: AESGCM, sealed: bytes, bound_to: bytes) -> bytes:
    """Open what `encrypt` made. Raises Unreadable."""
    if sealed[:1] != _AES_256_GCM:
        raise Unreadable("made by an algorithm that this version does not know")
    try:
        return key.decrypt(sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :], bound_to)
    except (InvalidTag, ValueError) as error:
        raise Unreadable("does not open with this key at this place") from error
