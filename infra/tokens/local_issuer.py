"""Mints tokens with our own key, for the demo, for tests, and where there is no identity provider."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final
from uuid import UUID, uuid4

from joserfc import jwt

from infra.tokens.key_sources import LocalKeys
from infra.tokens.principal import Role
from infra.tokens.ready_persons import ReadyPerson

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
        claims = {
            "aud": self._audience,
            "sub": subject or (f"member:{member}" if member else f"local:{uuid4()}"),
            "client_id": "kiteline",
            "role": role.value,
            "organisation": organisation,
            "region": region,
            "member": str(member) if member else None,
        }
        return self._signed(TOKEN_TYPE, claims, lifetime)

    def identify(self, person: ReadyPerson, client_id: str, nonce: str | None, lifetime: int) -> str:
        """Sign an ID token that tells a client who signed in; the role's claims are those of an access token."""
        claims = {
            "aud": client_id,
            "sub": person.subject,
            "nonce": nonce,
            "name": person.name,
            "role": person.role.value,
            "organisation": person.organisation,
            "region": person.region,
            "member": str(person.member) if person.member else None,
        }
        return self._signed("JWT", claims, lifetime)

    def _signed(self, media_type: str, claims: dict[str, str | None], lifetime: int) -> str:
        now = int(self._clock())
        times = {"iat": now, "nbf": now, "exp": now + lifetime, "jti": str(uuid4())}
        told = {name: value for name, value in {"iss": self._issuer, **claims, **times}.items() if value is not None}
        header = {"alg": ALGORITHM, "typ": media_type, "kid": self._keys.signing_kid}
        return jwt.encode(header, told, self._keys.signing_key, algorithms=[ALGORITHM])
