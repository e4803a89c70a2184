"""The number beside a code that changes every few seconds: TOTP (RFC 6238, HMAC-SHA-1, six digits)."""

from __future__ import annotations

import hmac
from typing import Final

DIGITS: Final = 6
_SECOND_US: Final = 1_000_000
_LATE_AND_EARLY: Final = (0, -1, 1)
"""Steps taken beside the current one: typing takes a while, and clocks differ (RFC 6238, section 5.2)."""


def number_at(secret: bytes, every_seconds: int, at_us: int) -> str:
    """Return the number at an instant, in microseconds since 1970 UTC."""
    return _number(secret, at_us // (every_seconds * _SECOND_US))


def is_right(number: str, secret: bytes, every_seconds: int, at_us: int) -> bool:
    """Whether a number is that of an instant, or of the step before or after it."""
    step = at_us // (every_seconds * _SECOND_US)
    given = number.encode()
    found = [hmac.compare_digest(given, _number(secret, step + beside).encode()) for beside in _LATE_AND_EARLY]
    return any(found)


def _number(secret: bytes, step: int) -> str:
    """Return the HOTP value of a counter (RFC 4226, section 5.3)."""
    digest = hmac.digest(secret, max(step, 0).to_bytes(8, "big"), "sha1")
    at = digest[-1] & 0x0F
    return f"{(int.from_bytes(digest[at : at + 4], 'big') & 0x7FFFFFFF) % 10**DIGITS:0{DIGITS}d}"
