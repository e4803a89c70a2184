"""What a phone keeps of somebody else until there is a network again: sealed so that the phone itself cannot read it.

The phone seals with our public key of the day's page (ECDH on P-256, HKDF-SHA-256, AES-256-GCM, as WebCrypto has them);
only this deployment opens it. Bound to the recording's key, so that what was sealed for one is no other's.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any, Final

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

if TYPE_CHECKING:
    from infra.vault.master_key import MasterKey

_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_INFO: Final = b"kiteline check-in"
_POINT: Final = 65
_NONCE: Final = 12


class NotSealedHere(Exception):
    """This was not sealed for us, or for another recording."""


class OfflineSeal:
    """The deployment's pairs of keys, one a version of the master key."""

    def __init__(self, master_key: MasterKey) -> None:
        self._version = master_key.current
        self._keys = {version: _private(master_key.derive(version, "offline")) for version in master_key.versions}
        point = self._keys[self._version].public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.public = f"{self._version}.{base64.b64encode(point).decode()}"

    def open(self, sealed: str, bound_to: str) -> dict[str, Any]:
        """Open what a phone sealed. Raises NotSealedHere."""
        version, _, text = sealed.partition(".")
        try:
            raw = base64.b64decode(text, validate=True)
            private = self._keys[int(version)]
            theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw[:_POINT])
            shared = private.exchange(ec.ECDH(), theirs)
            key = HKDF(SHA256(), 32, salt=None, info=_INFO).derive(shared)
            nonce, content = raw[_POINT : _POINT + _NONCE], raw[_POINT + _NONCE :]
            opened = orjson.loads(AESGCM(key).decrypt(nonce, content, bound_to.encode()))
        except (binascii.Error, ValueError, KeyError, InvalidTag):
            raise NotSealedHere from None
        if not isinstance(opened, dict):
            raise NotSealedHere
        return opened


def _private(seed: bytes) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(seed, "big") % (_ORDER - 1) + 1, ec.SECP256R1())
