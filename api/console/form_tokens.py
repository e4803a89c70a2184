"""A form's token as pages carry it: another text each time, so that a compressed page's size tells nothing of it."""

from __future__ import annotations

import hmac
import secrets


def masked(token: str) -> str:
    """Return a token of hexadecimal digits under a pad that is used once, behind that pad."""
    secret = bytes.fromhex(token)
    pad = secrets.token_bytes(len(secret))
    return (pad + _either(secret, pad)).hex()


def holds(sent: str, token: str) -> bool:
    """Whether what a form sent is the token, under whichever pad."""
    try:
        both = bytes.fromhex(sent)
    except ValueError:
        return False
    half = len(both) // 2
    return len(both) % 2 == 0 and hmac.compare_digest(_either(both[:half], both[half:]), bytes.fromhex(token))


def _either(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))
