"""Issuer and verifier as the settings want them."""

from __future__ import annotations

from collections.abc import Callable

from infra.settings import Settings
from infra.tokens.key_sources import KeySource, LocalKeys, RemoteKeys, TokenKeyFailure
from infra.tokens.local_issuer import LocalIssuer
from infra.tokens.verifier import TokenVerifier


def token_verifier(settings: Settings, pseudonym: Callable[[str], str] | None = None) -> TokenVerifier:
    """Verify tokens of the outside issuer whose JWKS is named, else those of our own. Raises TokenKeyFailure.

    `pseudonym` names whoever the issuer calls by what could be a name or a number.
    """
    keys: KeySource
    if settings.token_jwks_url is None:
        keys = LocalKeys(settings.home)
    else:
        keys = RemoteKeys(settings.token_jwks_url, settings.home / "keys" / "jwks-cache.json")
    return TokenVerifier(keys, settings.token_issuer, settings.token_audience, pseudonym=pseudonym)


def local_issuer(settings: Settings) -> LocalIssuer:
    """Mint tokens that `token_verifier` takes. Raises TokenKeyFailure where an outside issuer makes them."""
    if settings.token_jwks_url is not None:
        raise TokenKeyFailure(
            "已设置 KITELINE_TOKEN_JWKS_URL，令牌由该签发方签发，本机签发的令牌不被接受。",
            "KITELINE_TOKEN_JWKS_URL is set: tokens come from that issuer, and ours would not be taken.",
        )
    return LocalIssuer(LocalKeys(settings.home), settings.token_issuer, settings.token_audience)
