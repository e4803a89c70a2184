"""Encrypts one value or wraps one key; every ciphertext says by its first byte how it was made.

Layout: algorithm (1 byte), nonce (12), ciphertext with its tag (16). What one algorithm sealed opens under the setting
of the other: the setting says how to seal.
"""

from __future__ import annotations

from typing import Final, Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

Algorithm = Literal["AES-256-GCM", "SM4-GCM"]

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
_AES_256_GCM: Final = b"\x01"
_SM4_GCM: Final = b"\x02"
_TAG_BYTES: Final = 16
_SM4_KEY_BYTES: Final = 16


class Unreadable(Exception):
    """A ciphertext does not open with this key: altered, moved to another member or field, or of another key."""


class SealingKey:
    """A key of 32 bytes prepared for use: seals by one algorithm, opens what either sealed; safe for threads."""

    __slots__ = ("_aes", "_algorithm", "_key", "_sm4")

    def __init__(self, key: bytes, algorithm: Algorithm) -> None:
        self._key = key
        self._algorithm = algorithm
        self._aes: AESGCM | None = None
        self._sm4: algorithms.SM4 | None = None

    def seal(self, nonce: bytes, plain: bytes, bound_to: bytes) -> bytes:
        """Encrypt and authenticate."""
        if self._algorithm == "AES-256-GCM":
            return _AES_256_GCM + nonce + self._by_aes().encrypt(nonce, plain, bound_to)
        encryptor = Cipher(self._by_sm4(), modes.GCM(nonce)).encryptor()
        encryptor.authenticate_additional_data(bound_to)
        return _SM4_GCM + nonce + encryptor.update(plain) + encryptor.finalize() + encryptor.tag

    def open(self, sealed: bytes, bound_to: bytes) -> bytes:
        """Decrypt what `seal` made. Raises InvalidTag, ValueError, or Unreadable for an algorithm not known."""
        nonce, rest = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
        if sealed[:1] == _AES_256_GCM:
            return self._by_aes().decrypt(nonce, rest, bound_to)
        if sealed[:1] != _SM4_GCM:
            raise Unreadable("made by an algorithm that this version does not know")
        decryptor = Cipher(self._by_sm4(), modes.GCM(nonce, rest[-_TAG_BYTES:])).decryptor()
        decryptor.authenticate_additional_data(bound_to)
        return decryptor.update(rest[:-_TAG_BYTES]) + decryptor.finalize()

    def _by_aes(self) -> AESGCM:
        if self._aes is None:
            self._aes = AESGCM(self._key)
        return self._aes

    def _by_sm4(self) -> algorithms.SM4:
        # SM4 (GB/T 32907) takes 128 bits: derived, so that no two algorithms ever work with the same key.
        if self._sm4 is None:
            derived = HKDF(SHA256(), _SM4_KEY_BYTES, salt=None, info=b"kiteline/SM4-GCM").derive(self._key)
            self._sm4 = algorithms.SM4(derived)
        return self._sm4


def cipher(key: bytes, algorithm: Algorithm = "AES-256-GCM") -> SealingKey:
    """Prepare a key of 32 bytes for use; worth keeping, preparing costs as much as encrypting."""
    return SealingKey(key, algorithm)


def encrypt(key: SealingKey, nonce: bytes, plain: bytes, bound_to: bytes) -> bytes:
    """Encrypt `plain` so that it opens only together with `bound_to`; `nonce` is random and never used twice."""
    return key.seal(nonce, plain, bound_to)


def decrypt(key: SealingKey, sealed: bytes, bound_to: bytes) -> bytes:
    """Open what `encrypt` made. Raises Unreadable."""
    try:
        return key.open(sealed, bound_to)
    except (InvalidTag, ValueError) as error:
        raise Unreadable("does not open with this key at this place") from error
