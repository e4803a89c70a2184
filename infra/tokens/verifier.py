"""Checks bearer tokens: algorithm, type, signature, issuer, audience and time; remembers those that were right."""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

import orjson
from joserfc import jws
from joserfc.errors import (
    ClaimError,
    ExpiredTokenError,
    JoseError,
    MissingClaimError,
)
from joserfc.jws import CompactSignature, JWSRegistry
from joserfc.jwt import JWTClaimsRegistry

from domain.member.reading import is_opaque
from infra.tokens.key_sources import KeySource
from infra.tokens.principal import Principal, Role
from infra.tokens.refusal import TokenRefused

ALGORITHMS: Final = ("ES256", "Ed25519", "PS256", "RS256")
"""No shared secrets, no `none`: whoever can check a token must not be able to make one."""

_REGISTRY: Final = JWSRegistry(algorithms=list(ALGORITHMS))
_TYPES: Final = frozenset({"at+jwt", "application/at+jwt"})
_ID_TYPES: Final = frozenset({"", "jwt"})
_LONGEST: Final = 8_192
_LEEWAY_SECONDS: Final = 30
_REMEMBERED_SECONDS: Final = 300  # an issuer that withdraws a key is believed after this at the latest
_TEXT: Final = re.compile(r"[^\x00-\x1f\x7f]{1,200}\Z")
_REGION: Final = re.compile(r"[0-9]{6}\Z")


class TokenVerifier:
    """Turns tokens into principals; safe for threads. About 120 µs the first time, 2 µs after that."""

    def __init__(
        self,
        keys: KeySource,
        issuer: str,
        audience: str,
        *,
        pseudonym: Callable[[str], str] | None = None,
        remembered: int = 10_000,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take the one issuer whose tokens are accepted, and our name in their audience.

        Subjects stand in events for ever: one that could be a person's name, address or number is called by its
        `pseudonym`, always the same.
        """
        self._pseudonym = pseudonym
        self._keys = keys
        self._issuer = issuer
        self._clock = clock
        self._claims = JWTClaimsRegistry(
            now=lambda: int(clock()),
            leeway=_LEEWAY_SECONDS,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience},
            exp={"essential": True},
            sub={"essential": True},
        )
        self._remembered: OrderedDict[bytes, tuple[Principal, float]] = OrderedDict()
        self._most = remembered
        self._lock = threading.Lock()

    def verify(self, token: str) -> Principal:
        """Say who is asking. May wait up to 3 s for an outside issuer's new key. Raises TokenRefused."""
        digest = hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
        now = self._clock()
        with self._lock:
            known = self._remembered.get(digest)
            if known is not None and now < known[1]:
                self._remembered.move_to_end(digest)
                return known[0]
        principal, ends = self._check(token)
        with self._lock:
            self._remembered[digest] = (principal, min(ends, now + _REMEMBERED_SECONDS))
            self._remembered.move_to_end(digest)
            if len(self._remembered) > self._most:
                self._remembered.popitem(last=False)
        return principal

    def identify(self, id_token: str, client_id: str, nonce: str) -> tuple[Principal, str | None]:
        """Say who signed in, and what they are called, by an ID token (OpenID Connect Core 1.0, 3.1.3.7).

        Meant for `client_id` and the sign-in that sent `nonce`; a role and where it holds are its claims as they are
        an access token's. Raises TokenRefused.
        """
        meant = JWTClaimsRegistry(
            now=lambda: int(self._clock()),
            leeway=_LEEWAY_SECONDS,
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": client_id},
            nonce={"essential": True, "value": nonce},
            exp={"essential": True},
            sub={"essential": True},
        )
        claims = self._proven(id_token, _ID_TYPES, meant)
        audience = claims["aud"]
        if isinstance(audience, list) and len(audience) > 1 and claims.get("azp") != client_id:
            raise TokenRefused("token_not_for_us")
        called = claims.get("name")
        return self._principal(claims), called if isinstance(called, str) and _TEXT.match(called) else None

    def _check(self, token: str) -> tuple[Principal, float]:
        claims = self._proven(token, _TYPES, self._claims)
        return self._principal(claims), claims["exp"] + _LEEWAY_SECONDS

    def _proven(self, token: str, types: frozenset[str], meant: JWTClaimsRegistry) -> dict[str, Any]:
        signed = _signed(token)
        header = signed.headers()
        if header.get("alg") not in ALGORITHMS or str(header.get("typ", "")).lower() not in types:
            raise TokenRefused("token_not_allowed")
        key = self._keys.find(str(header.get("kid", "")))
        if key is None:
            raise TokenRefused("token_key_unknown")
        try:
            if not jws.validate_compact(signed, key, registry=_REGISTRY):
                raise TokenRefused("token_forged")
            claims = orjson.loads(signed.payload)
            if not isinstance(claims, dict):
                raise TokenRefused("token_unreadable")
            meant.validate(claims)
        except ExpiredTokenError as error:
            raise TokenRefused("token_expired") from error
        except ClaimError as error:
            raise TokenRefused(_code_of(error)) from error
        except (JoseError, ValueError, TypeError) as error:
            raise TokenRefused("token_unreadable") from error
        return claims

    def _called(self, subject: str) -> str:
        return subject if self._pseudonym is None or is_opaque(subject) else f"subject:{self._pseudonym(subject)}"

    def _principal(self, claims: dict[str, Any]) -> Principal:
        try:
            member = claims.get("member")
            return Principal(
                subject=self._called(_text(claims["sub"], _TEXT)),
                role=Role(claims["role"]),
                organisation=_text_or_none(claims.get("organisation"), _TEXT),
                region=_text_or_none(claims.get("region"), _REGION),
                member_id=None if member is None else UUID(_text(member, _TEXT)),
                issuer=self._issuer,
            )
        except (KeyError, ValueError) as error:
            raise TokenRefused("token_claims_invalid") from error


def _signed(token: str) -> CompactSignature:
    if len(token) > _LONGEST or token.count(".") != 2:
        raise TokenRefused("token_unreadable")
    try:
        return jws.extract_compact(token.encode("ascii"))
    except (JoseError, ValueError, TypeError) as error:
        raise TokenRefused("token_unreadable") from error


def _code_of(error: ClaimError) -> str:
    if error.claim in {"iss", "aud"}:
        return "token_not_for_us"
    if error.claim in {"nbf", "iat"} and not isinstance(error, MissingClaimError):
        return "token_not_yet_valid"
    return "token_claims_invalid"


def _text_or_none(value: object, form: re.Pattern[str]) -> str | None:
    return None if value is None else _text(value, form)


def _text(value: object, form: re.Pattern[str]) -> str:
    if not isinstance(value, str) or not form.match(value):
        message = "not the text that this claim should be"
        raise ValueError(message)
    return value
