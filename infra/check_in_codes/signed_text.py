"""The text of a check-in code: which venue, which of its codes, until when, signed; 53 letters and digits.

Base32 (RFC 4648): a QR code holds it as alphanumeric, and who types it from paper cannot mistake a letter for a digit.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from infra.check_in_codes import rotating_number
from infra.vault.master_key import MasterKey

_ID: Final = 16
_NUMBER: Final = 3
_EXPIRY: Final = 4
_SIGNED: Final = _ID + _NUMBER + _EXPIRY
_SIGNATURE: Final = 10
LENGTH: Final = 53
LAST_EXPIRY_SECONDS: Final = (1 << (8 * _EXPIRY)) - 1
_MOST_REMEMBERED: Final = 10_000
_AS_MEANT: Final = str.maketrans({"0": "O", "1": "I", "8": "B", " ": None, "-": None, "\n": None, "\t": None})


@dataclass(frozen=True, slots=True)
class CodeText:
    """What a code says: its venue, the stream's version that issued it, its end in seconds since 1970 UTC."""

    venue_id: UUID
    number: int
    expires_seconds: int

    def packed(self) -> bytes:
        """Return the bytes that are signed."""
        return (
            self.venue_id.bytes + self.number.to_bytes(_NUMBER, "big") + self.expires_seconds.to_bytes(_EXPIRY, "big")
        )


class CodeSigner:
    """Signs codes and knows them again, with keys of the deployment's master key; safe for threads."""

    def __init__(self, master_key: MasterKey) -> None:
        self._signing = {version: master_key.derive(version, "check-in-code") for version in master_key.versions}
        self._numbers = {version: master_key.derive(version, "check-in-number") for version in master_key.versions}
        self.key_version = master_key.current
        self._remembered: dict[str, CodeText] = {}

    def write(self, code: CodeText, key_version: int) -> str:
        """Return the text; the same for the same code and key. Raises KeyError for a key version no longer held."""
        packed = code.packed()
        signature = hmac.digest(self._signing[key_version], packed, "sha256")[:_SIGNATURE]
        return base64.b32encode(packed + signature).decode().rstrip("=")

    def read(self, text: str) -> CodeText | None:
        """Return what a text says if we signed it, under any key held; spaces, hyphens and case do not matter.

        What we signed is remembered: on a collective day everybody at a venue sends the same text.
        """
        known = self._remembered.get(text)
        if known is None and (known := self._read(text)) is not None:
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()
            self._remembered[text] = known
        return known

    def _read(self, text: str) -> CodeText | None:
        meant = text.strip().upper().translate(_AS_MEANT)
        if len(meant) != LENGTH:
            return None
        try:
            decoded = base64.b32decode(meant + "=" * (-LENGTH % 8))
        except (binascii.Error, ValueError):
            return None
        if base64.b32encode(decoded).decode().rstrip("=") != meant:
            return None  # the last letter has a bit to spare: one code, one text
        packed, signature = decoded[:_SIGNED], decoded[_SIGNED:]
        fits = [
            hmac.compare_digest(signature, hmac.digest(key, packed, "sha256")[:_SIGNATURE])
            for key in self._signing.values()
        ]
        if not any(fits):
            return None
        return CodeText(
            UUID(bytes=packed[:_ID]),
            int.from_bytes(packed[_ID : _ID + _NUMBER], "big"),
            int.from_bytes(packed[_ID + _NUMBER :], "big"),
        )

    def secret(self, venue_id: UUID, number: int, key_version: int) -> bytes:
        """Return the 20 bytes from which a screen makes the numbers of a code; KeyError for a key no longer held."""
        message = venue_id.bytes + number.to_bytes(_NUMBER, "big")
        return hmac.digest(self._numbers[key_version], message, "sha256")[:20]

    def is_right(self, typed: str, code: CodeText, key_version: int, every_seconds: int, at_us: int) -> bool:
        """Whether a typed number belongs to a code at an instant, in microseconds since 1970 UTC."""
        secret = self.secret(code.venue_id, code.number, key_version)
        return rotating_number.is_right(typed, secret, every_seconds, at_us)
