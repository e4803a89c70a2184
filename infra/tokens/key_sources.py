"""Where the issuer's public keys come from: our own file, or an outside issuer's JWKS that outlives its absence."""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

from infra.failures import OperatorFailure
from infra.key_files import read_or_make

PublicKey = ECKey | OKPKey | RSAKey
Fetch = Callable[[str], bytes]

_REFRESH_SECONDS: Final = 300.0
_RETRY_SECONDS: Final = 30.0
_TIMEOUT_SECONDS: Final = 3.0
_MOST_BYTES: Final = 262_144


class KeySource(Protocol):
    """Finds the public key that a token names."""

    def find(self, kid: str) -> PublicKey | None:
        """Return the key with this id, None if the issuer has none."""


class TokenKeyFailure(OperatorFailure):
    """The issuer's keys cannot be read, or may not be fetched from where the setting says."""


class LocalKeys:
    """Our own issuer's key: P-256, in `home/keys/issuer.json`, made at first use."""

    def __init__(self, home: Path) -> None:
        """Read or make the file. Raises TokenKeyFailure."""
        path = home / "keys" / "issuer.json"
        try:
            keys = _keys(read_or_make(path, _new_key_set))
        except (OSError, ValueError) as error:
            raise TokenKeyFailure(
                f"签发密钥文件无法读取：{path}。", f"The issuer's key file cannot be read: {path}."
            ) from error
        self._keys = keys
        self.signing_kid, self.signing_key = next(iter(keys.items()))

    def find(self, kid: str) -> PublicKey | None:
        """Return the key with this id, None if it is not ours."""
        return self._keys.get(kid)


class RemoteKeys:
    """An outside issuer's keys: fetched from https, a file, or http on this machine, kept in memory and in `cache`.

    Looked for again every 5 minutes, and at once (at most every 30 s) when a token names an unknown key. While the
    issuer is away, the keys last seen serve, after a restart too.
    """

    def __init__(
        self, url: str, cache: Path, *, fetch: Fetch | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Touch nothing yet; raises TokenKeyFailure if keys may not be fetched from there."""
        _must_be_safe(url)
        self._url = url
        self._cache = cache
        self._fetch = fetch or _fetch
        self._clock = clock
        self._keys: dict[str, PublicKey] = {}
        self._fresh_until = self._retry_at = float("-inf")
        self._lock = threading.Lock()

    def find(self, kid: str) -> PublicKey | None:
        """Return the key with this id; waits up to 3 s for the issuer if it is not known yet.

        A token that names none means the only one that the issuer has (OpenID Connect Core 1.0, section 10.1).
        """
        now = self._clock()
        due = now >= self._fresh_until or self._held(kid) is None
        # Who has a key goes on with it while somebody else looks for newer ones.
        if due and now >= self._retry_at and self._lock.acquire(blocking=self._held(kid) is None):
            try:
                if now >= self._retry_at:
                    self._refresh(now)
            finally:
                self._lock.release()
        return self._held(kid)

    def _held(self, kid: str) -> PublicKey | None:
        keys = self._keys
        return next(iter(keys.values())) if not kid and len(keys) == 1 else keys.get(kid)

    def _refresh(self, now: float) -> None:
        self._retry_at = now + _RETRY_SECONDS
        try:
            document = self._fetch(self._url)
            self._keys = _keys(document)
        except (OSError, HTTPException, ValueError):
            if not self._keys:
                self._recall()
            return
        self._fresh_until = now + _REFRESH_SECONDS
        self._remember(document)

    def _recall(self) -> None:
        try:
            self._keys = _keys(self._cache.read_bytes())
        except (OSError, ValueError):
            self._keys = {}

    def _remember(self, document: bytes) -> None:
        draft = self._cache.with_suffix(".new")
        try:
            self._cache.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            draft.write_bytes(document)
            draft.replace(self._cache)
        except OSError:
            return  # a full disk must not stop anybody from signing in


def _keys(document: bytes) -> dict[str, PublicKey]:
    """Read a JWK set; keys of other kinds or uses are passed over. Raises ValueError if none is left."""
    try:
        data: Any = json.loads(document)
        entries = [entry for entry in data["keys"] if entry.get("use", "sig") == "sig" and entry["kty"] in _KINDS]
        found = {str(key.kid or ""): key for key in (_KINDS[entry["kty"]].import_key(entry) for entry in entries)}
    except (JoseError, KeyError, TypeError, AttributeError) as error:
        message = "not a JWK set"
        raise ValueError(message) from error
    if len(found) > 1:
        found.pop("", None)  # nobody could say which token means it
    if not found:
        message = "no key that could verify a signature"
        raise ValueError(message)
    return found


_KINDS: Final[dict[str, type[ECKey | OKPKey | RSAKey]]] = {"EC": ECKey, "OKP": OKPKey, "RSA": RSAKey}


def _new_key_set() -> bytes:
    key = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)
    return json.dumps(KeySet([key]).as_dict(private=True)).encode()


def _must_be_safe(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme in {"https", "file"} or (parts.scheme == "http" and _is_loopback(parts.hostname)):
        return
    raise TokenKeyFailure(
        "KITELINE_TOKEN_JWKS_URL 须为 https:// 或 file:// 地址；http:// 仅限本机。",
        "KITELINE_TOKEN_JWKS_URL must be https:// or file://; http:// is for this machine only.",
    )


def _is_loopback(host: str | None) -> bool:
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Keys come from the address of the setting, or not at all."""

    def redirect_request(self, *_: object) -> None:
        """Follow nowhere: urllib then raises HTTPError."""


def _fetch(url: str) -> bytes:
    opener = urllib.request.build_opener(_NoRedirect())
    with opener.open(url, timeout=_TIMEOUT_SECONDS) as answer:
        document: bytes = answer.read(_MOST_BYTES + 1)
    if len(document) > _MOST_BYTES:
        message = "too large for a JWK set"
        raise ValueError(message)
    return document
