"""Mints tokens with our own key, for the demo, for tests, and where there is no identity provider."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final
from uuid import UUID, uuid4

from joserfc import jwt

from infra.tokens.key_sources import LocalKeys
from infra.tokens.principal import Role

ALGORITHM: Final = "ES256"
TOKEN_TYPE: Final = "at+jwt"  # noqa: S105 - the media type of RFC 9068, no secret


class LocalIssuer:
    """Our own issuer; who holds its key file may be anybody, so it is for the operator of this deployment only."""

    def __init__(self, keys: LocalKeys, issuer: str, audience: str, clock: Callable[[], float] = time.time) -> None:
        """Take the names that the verifier expects."""
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._clock = clock

    def mint(
        self,
        role: Role,
        *,
        organisation: str | None = None,
        region: str | None = None,
        member: UUID | None = None,
        subject: str | None = None,
        lifetime: int,
    ) -> str:
        """Sign a token that lives for `lifetime` seconds.

        Without a `subject` a member is called by their id, and everybody else is somebody new: two tokens, two people.
        """
        now = int(self._clock())
        claims = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": subject or (f"member:{member}" if member else f"local:{uuid4()}"),
            "client_id": "kiteline",
            "iat": now,
            "nbf": now,
            "exp": now + lifetime,
            "jti": str(uuid4()),
            "role": role.value,
            "organisation": organisation,
            "region": region,
            "member": str(member) if member else None,
        }
        header = {"alg": ALGORITHM, "typ": TOKEN_TYPE, "kid": self._keys.signing_kid}
        told = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(header, told, self._keys.signing_key, algorithms=[ALGORITHM])
