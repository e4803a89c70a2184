"""Seals a member's personal data for the append, opens it for those who may read it, and finds people by it.

Sealing touches no database: the rows travel with the save (`VaultWrite`) and are inserted in its transaction.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from psycopg.rows import tuple_row

from domain.identity import normalise_identity_number
from infra.event_store.save import VaultWrite
from infra.vault import fields as names_of
from infra.vault.cipher import KEY_BYTES, NONCE_BYTES, Algorithm, SealingKey, Unreadable, cipher, decrypt, encrypt
from infra.vault.master_key import MasterKey
from infra.vault.queries import BY_IDENTITY, FIELDS, KEYS, SEARCH, SEARCH_AMONG
from infra.vault.search_tokens import Token, TokenMaker

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A member's data key as the table keeps it: encrypted under one version of the master key."""

    master_version: int
    wrapped: bytes


def key_in(write: VaultWrite) -> WrappedKey | None:
    """Return the key of the new member whom a write enters, None where it enters nobody new."""
    if write.master_version is None or write.wrapped_key is None:
        return None
    return WrappedKey(write.master_version, write.wrapped_key)


class Vault:
    """The vault under one master key; safe for threads, keeps the unwrapped keys of the last members seen."""

    def __init__(self, master_key: MasterKey, *, algorithm: Algorithm = "AES-256-GCM", kept_keys: int = 4_096) -> None:
        """`algorithm` says how to seal; what the other sealed opens as well."""
        versions = sorted(master_key.versions)
        self._algorithm: Algorithm = algorithm
        self.current = master_key.current
        self._wrapping = {version: cipher(master_key.derive(version, "wrap"), algorithm) for version in versions}
        self._uploads = {version: cipher(master_key.derive(version, "upload"), algorithm) for version in versions}
        self._indexing = {version: master_key.derive(version, "index") for version in versions}
        self._makers = {version: TokenMaker(master_key.derive(version, "search")) for version in versions}
        self._hashing = master_key.hashing
        self._unwrapped: OrderedDict[bytes, SealingKey] = OrderedDict()
        self._kept_keys = kept_keys
        self._lock = Lock()

    # Sealing: no database, about 40 µs a person.

    def seal_person(self, member_id: UUID, fields: Mapping[str, str], identity_number: str | None = None) -> VaultWrite:
        """Seal a new member's personal data under a new key of their own; empty values are left out.

        The identity number is kept as a field and goes into the blind index, under every master version held, so that
        one person cannot be registered twice while keys are rotated.
        """
        personal = {name: text for name, text in fields.items() if text}
        if identity_number:
            personal[names_of.IDENTITY_NUMBER] = normalise_identity_number(identity_number)
        index, tokens = self.entries_of(personal)
        random = os.urandom(KEY_BYTES + NONCE_BYTES)
        data_key, nonce = random[:KEY_BYTES], random[KEY_BYTES:]
        wrapped = encrypt(self._wrapping[self.current], nonce, data_key, _place_of_key(member_id))
        return VaultWrite(
            member_id=member_id,
            master_version=self.current,
            wrapped_key=wrapped,
            fields=_seal(cipher(data_key, self._algorithm), member_id, personal),
            index=index,
            tokens=tokens,
        )

    def seal_fields(self, member_id: UUID, key: WrappedKey, fields: Mapping[str, str]) -> VaultWrite:
        """Seal values that a later event brings, under the key that the member has; an empty value overwrites.

        New tokens and index entries come along; those of the values replaced go with `upkeep.refresh`.
        Raises Unreadable if the key is not this member's.
        """
        personal = dict(fields)
        if number := personal.get(names_of.IDENTITY_NUMBER):
            personal[names_of.IDENTITY_NUMBER] = normalise_identity_number(number)
        index, tokens = self.entries_of(personal)
        return VaultWrite(
            member_id=member_id,
            master_version=None,
            wrapped_key=None,
            fields=_seal(self._unwrap(member_id, key), member_id, personal),
            index=index,
            tokens=tokens,
        )

    # Opening.

    def keys_of(self, conn: Connection, member_ids: Collection[UUID]) -> dict[UUID, WrappedKey]:
        """Read the wrapped keys of members; one who is unknown or erased is not in the answer."""
        rows = _rows(conn, KEYS, [list(member_ids)])
        return {member_id: WrappedKey(version, wrapped) for member_id, version, wrapped in rows}

    def open_fields(self, conn: Connection, member_id: UUID, names: Collection[str] | None = None) -> dict[str, str]:
        """Open the named fields of one member, all without names; what is not kept, or erased, is not in the answer."""
        return self.open_many(conn, [member_id], names).get(member_id, {})

    def open_many(
        self, conn: Connection, member_ids: Collection[UUID], names: Collection[str] | None = None
    ) -> dict[UUID, dict[str, str]]:
        """Open the named fields of many members in one query. Raises Unreadable if a row was tampered with."""
        asked = None if names is None else list(names)
        opened: dict[UUID, dict[str, str]] = {}
        for member_id, version, wrapped, former, field, sealed in _rows(conn, FIELDS, [list(member_ids), asked, asked]):
            place, keys = _place_of_field(member_id, field), [wrapped] if former is None else [wrapped, former]
            plain = self._opened(member_id, [WrappedKey(version, one) for one in keys], sealed, place).decode()
            opened.setdefault(member_id, {})[field] = plain
        return opened

    def _opened(self, member_id: UUID, keys: Sequence[WrappedKey], sealed: bytes, place: bytes) -> bytes:
        """Open by the member's key or, right after it was changed, by the one before. Raises Unreadable."""
        for key in keys[:-1]:
            try:
                return decrypt(self._unwrap(member_id, key), sealed, place)
            except Unreadable:
                continue
        return decrypt(self._unwrap(member_id, keys[-1]), sealed, place)

    # Changing keys: the events and ids stay as they are.

    def rewrapped(self, member_id: UUID, key: WrappedKey) -> WrappedKey:
        """Wrap a member's data key anew, under the master key that seals now. Raises Unreadable."""
        data_key = decrypt(self._wrapping[key.master_version], key.wrapped, _place_of_key(member_id))
        return self._wrapped(member_id, data_key)

    def new_key(self, member_id: UUID) -> WrappedKey:
        """Make a data key for a member, wrapped under the master key that seals now."""
        return self._wrapped(member_id, os.urandom(KEY_BYTES))

    def resealed(self, member_id: UUID, keys: Sequence[WrappedKey], field: str, sealed: bytes) -> bytes:
        """Seal a field anew under the first of the keys; opened by whichever of them. Raises Unreadable."""
        place = _place_of_field(member_id, field)
        plain = self._opened(member_id, keys, sealed, place)
        return encrypt(self._unwrap(member_id, keys[0]), os.urandom(NONCE_BYTES), plain, place)

    def _wrapped(self, member_id: UUID, data_key: bytes) -> WrappedKey:
        nonce = os.urandom(NONCE_BYTES)
        wrapped = encrypt(self._wrapping[self.current], nonce, data_key, _place_of_key(member_id))
        return WrappedKey(self.current, wrapped)

    # Finding.

    def find_by_identity(self, conn: Connection, number: str) -> UUID | None:
        """Find the member with this identity number, however it is written."""
        return self.find_by_identities(conn, [number]).get(number)

    def find_by_identities(self, conn: Connection, numbers: Iterable[str]) -> dict[str, UUID]:
        """Find the members with these numbers in one query, for imports; keyed by the numbers as given."""
        normalised = {number: normalise_identity_number(number) for number in numbers}
        asked = {entry: number for number in set(normalised.values()) for entry in self.identity_digests(number)}
        rows = _rows(conn, BY_IDENTITY, [[version for version, _ in asked], [digest for _, digest in asked]])
        found = {asked[version, digest]: member_id for version, digest, member_id in rows}
        return {number: found[kept] for number, kept in normalised.items() if kept in found}

    def identity_digests(self, normalised: str) -> tuple[tuple[int, bytes], ...]:
        """Make the blind index entries of a normalised number, one a master version held."""
        message = normalised.encode()
        return tuple((version, hmac.digest(key, message, "sha256")) for version, key in self._indexing.items())

    def search(
        self,
        conn: Connection,
        text: str,
        limit: int,
        *,
        among: Collection[UUID] | None = None,
        after: UUID | None = None,
    ) -> list[UUID]:
        """Find members by the beginning of name, pinyin or initials, by telephone, its last four digits, or number.

        In the order of their ids, from the one that follows `after`; only those `among` the members given, if given.
        """
        tokens = self.query_tokens(text)
        if not tokens:
            found = self.find_by_identity(conn, text)
            fits = found is not None and (among is None or found in among) and (after is None or found > after)
            return [found] if found is not None and fits else []
        asked: dict[str, object] = {"after": after, "limit": limit}
        asked["kinds"], asked["tokens"] = [kind for kind, _ in tokens], [token for _, token in tokens]
        if among is None:
            return [row[0] for row in _rows(conn, SEARCH, asked)]
        return [row[0] for row in _rows(conn, SEARCH_AMONG, {**asked, "among": list(among)})]

    def query_tokens(self, text: str) -> tuple[Token, ...]:
        """Make the (kind, token) pairs that a typed text may mean, to join with `vault_token`; none for a number."""
        if _looks_like_identity_number(text):
            return ()
        return tuple(token for maker in self._makers.values() for token in maker.of_query(text))

    def forget(self, member_id: UUID) -> None:
        """Let go of a member's unwrapped key, as erasure asks."""
        with self._lock:
            for place in [place for place in self._unwrapped if place.startswith(member_id.bytes)]:
                del self._unwrapped[place]

    # Uploads: whole files of many people, kept some days, under a key of the deployment.

    def seal_upload(self, upload_id: UUID, content: bytes) -> bytes:
        """Encrypt an uploaded file so that it opens only under its own id."""
        nonce = os.urandom(NONCE_BYTES)
        return self.current.to_bytes(4, "big") + encrypt(self._uploads[self.current], nonce, content, upload_id.bytes)

    def open_upload(self, upload_id: UUID, sealed: bytes) -> bytes:
        """Open what `seal_upload` made. Raises Unreadable, or KeyError for a master key that is no longer held."""
        return decrypt(self._uploads[int.from_bytes(sealed[:4], "big")], sealed[4:], upload_id.bytes)

    # Hashing.

    def keyed_hash(self, purpose: str, data: bytes) -> bytes:
        """Hash what must be compared but not kept (idempotency keys and bodies): 32 bytes, keyed BLAKE2b.

        Not HMAC: OpenSSL's gives up the interpreter's lock for each, and an event loop then waits for it again.

        The key comes from the oldest master version held, so that a rotation breaks no idempotency key: the old version
        is held for the 400 days that keys live.
        """
        return hashlib.blake2b(purpose.encode() + b"\0" + data, digest_size=32, key=self._hashing).digest()

    def entries_of(self, personal: Mapping[str, str]) -> tuple[tuple[tuple[int, bytes], ...], tuple[Token, ...]]:
        """Make the blind index entries and the search tokens that these values should have."""
        return self._index_of(personal), self._makers[self.current].of_person(personal)

    def _index_of(self, personal: Mapping[str, str]) -> tuple[tuple[int, bytes], ...]:
        number = personal.get(names_of.IDENTITY_NUMBER)
        return self.identity_digests(number) if number else ()

    def _unwrap(self, member_id: UUID, key: WrappedKey) -> SealingKey:
        # Kept by member and ciphertext: a key that erasure destroyed is never asked for again, as its row is gone.
        place = member_id.bytes + key.wrapped
        with self._lock:
            if (kept := self._unwrapped.get(place)) is not None:
                self._unwrapped.move_to_end(place)
                return kept
        wrapping = self._wrapping[key.master_version]
        unwrapped = cipher(decrypt(wrapping, key.wrapped, _place_of_key(member_id)), self._algorithm)
        with self._lock:
            self._unwrapped[place] = unwrapped
            if len(self._unwrapped) > self._kept_keys:
                self._unwrapped.popitem(last=False)
        return unwrapped


def _seal(key: SealingKey, member_id: UUID, personal: Mapping[str, str]) -> tuple[tuple[str, bytes], ...]:
    random = os.urandom(NONCE_BYTES * len(personal))
    return tuple(
        (name, encrypt(key, random[at : at + NONCE_BYTES], text.encode(), _place_of_field(member_id, name)))
        for at, (name, text) in zip(range(0, len(random), NONCE_BYTES), personal.items(), strict=True)
    )


def _place_of_key(member_id: UUID) -> bytes:
    return b"key\0" + member_id.bytes


def _place_of_field(member_id: UUID, field: str) -> bytes:
    return b"field\0" + member_id.bytes + field.encode()


def _looks_like_identity_number(text: str) -> bool:
    number = normalise_identity_number(text)
    return len(number) == 18 and number[:17].isdecimal()


def _rows(
    conn: Connection, query: LiteralString, asked: Sequence[object] | Mapping[str, object]
) -> list[tuple[Any, ...]]:
    with conn.cursor(row_factory=tuple_row, binary=True) as cursor:
        return cursor.execute(query, asked).fetchall()
