"""Who is signed in: a cookie that means nothing by itself, and a row that its hash finds."""

from __future__ import annotations

import hashlib
import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import orjson

from infra.tokens.principal import Principal, Role
from infra.vault.cipher import NONCE_BYTES, Unreadable, cipher, decrypt, encrypt

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.event_store.recorder import KitelineRecorder
    from infra.vault.master_key import MasterKey

COOKIE: Final = "__Host-kiteline"
_KEEP: Final = """
INSERT INTO console_session (session, sealed, ends_at)
VALUES (%s, %s, clock_timestamp() + make_interval(secs => %s))
"""
_FIND: Final = "SELECT sealed FROM console_session WHERE session = %s AND ends_at > clock_timestamp()"
_END: Final = "DELETE FROM console_session WHERE session = %s"
_FORGET: Final = "DELETE FROM console_session WHERE ends_at <= clock_timestamp()"
_PURPOSE: Final = "session"
_PLACE: Final = b"session\0"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody who signed in: who they are to the service, and what their issuer calls them."""

    principal: Principal
    called: str | None


class Sessions:
    """The sessions of a deployment, in its database: any process finds them, and who leaves has left."""

    def __init__(
        self,
        log: KitelineRecorder,
        master_key: MasterKey,
        keyed_hash: Callable[[str, bytes], bytes],
        seconds: int,
    ) -> None:
        """Keep sessions for so many seconds, sealed with a key of this purpose."""
        self._log = log
        self._hash = keyed_hash
        self.seconds = seconds
        self._current = master_key.current
        self._ciphers = {version: cipher(master_key.derive(version, _PURPOSE)) for version in master_key.versions}

    def begin(self, who: SignedIn) -> str:
        """Keep who signed in; returns what their cookie says. Blocks."""
        words = secrets.token_urlsafe(32)
        session = _named(words)
        content = encrypt(self._ciphers[self._current], os.urandom(NONCE_BYTES), _written(who), _PLACE + session)
        with self._log.reading() as connection:
            connection.execute(_KEEP, (session, self._current.to_bytes(4, "big") + content, self.seconds))
        return words

    def find(self, words: str) -> SignedIn | None:
        """Return who a cookie stands for; None when it is nobody's any more. Blocks."""
        session = _named(words)
        with self._log.reading() as connection:
            row = connection.execute(_FIND, (session,)).fetchone()
        if row is None:
            return None
        sealed = bytes(row[0])
        opening = self._ciphers.get(int.from_bytes(sealed[:4], "big"))
        if opening is None:  # the master key that sealed it was retired: sign in again
            return None
        try:
            return _read(decrypt(opening, sealed[4:], _PLACE + session))
        except Unreadable:
            return None

    def end(self, words: str) -> None:
        """Let a session go. Blocks."""
        with self._log.reading() as connection:
            connection.execute(_END, (_named(words),))

    def forget_ended(self) -> None:
        """Delete the sessions that had their time. Blocks."""
        with self._log.reading() as connection:
            connection.execute(_FORGET)

    def form_token(self, words: str) -> str:
        """Return what every form of a session carries: nobody else can know it, and it needs no keeping."""
        return self._hash("form", words.encode()).hex()


def _named(words: str) -> bytes:
    return hashlib.sha256(words.encode("utf-8", "surrogateescape")).digest()


def _written(who: SignedIn) -> bytes:
    one = who.principal
    member = None if one.member_id is None else str(one.member_id)
    return orjson.dumps([one.subject, one.role.value, one.organisation, one.region, member, one.issuer, who.called])


def _read(content: bytes) -> SignedIn:
    kept: list[Any] = orjson.loads(content)
    subject, role, organisation, region, member, issuer, called = kept
    member_id = None if member is None else UUID(member)
    return SignedIn(Principal(subject, Role(role), organisation, region, member_id, issuer), called)
