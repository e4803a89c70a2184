"""Changes the vault's keys beside a running service: data keys wrapped anew, or made anew; no event is touched.

Members are taken in the order of their ids, some hundred in a transaction: a run that was broken off is begun again
and finds what is left to do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, LiteralString
from uuid import UUID

import psycopg

from infra.vault.upkeep import refresh
from infra.vault.vault import Vault, WrappedKey

Connection = psycopg.Connection[Any]
Progress = Callable[[int, int], None]

_PAGE: Final = 200
_NOBODY: Final = UUID(int=0)

_COUNT: Final = "SELECT count(*) FROM vault_key"
_VERSIONS: Final = "SELECT master_version, count(*) FROM vault_key GROUP BY master_version ORDER BY master_version"
_ENTRIES: Final = "SELECT key_version, count(*) FROM vault_index GROUP BY key_version ORDER BY key_version"
_UPLOADS: Final = """
SELECT count(*) FROM register_import WHERE upload IS NOT NULL AND substring(upload FROM 1 FOR 4) = int4send(%s)
"""
_WEBHOOKS: Final = "SELECT count(*) FROM webhook_key WHERE substring(sealed FROM 1 FOR 4) = int4send(%s)"
_CODES: Final = """
SELECT count(*) FROM log
WHERE topic = 'check_in_code_issued'
  AND (convert_from(state, 'UTF8')::jsonb #>> '{data,key_version}')::integer = %s
  AND (convert_from(state, 'UTF8')::jsonb #>> '{data,expires_at}')::timestamptz > clock_timestamp()
"""
_UNCHANGED_YET: Final = """
SELECT member_id, master_version, wrapped, former FROM vault_key
WHERE member_id > %s ORDER BY member_id LIMIT %s FOR UPDATE
"""
_FIELDS: Final = """
SELECT member_id, field, ciphertext FROM vault_field WHERE member_id = ANY (%s) ORDER BY member_id, field FOR UPDATE
"""
_WRAP: Final = "UPDATE vault_key SET master_version = %s, wrapped = %s, former = %s WHERE member_id = %s"
_SEAL: Final = "UPDATE vault_field SET ciphertext = %s WHERE member_id = %s AND field = %s"
_FORGET_VERSION: Final = "DELETE FROM vault_master WHERE version = %s"
_FORGET_ENTRIES: Final = "DELETE FROM vault_index WHERE key_version = %s"


def members_by_version(connection: Connection) -> dict[int, int]:
    """Count the members whose data key each version of the master key wraps."""
    return dict(connection.execute(_VERSIONS).fetchall())


def still_needed(connection: Connection, version: int) -> dict[str, int]:
    """Count what only a version of the master key opens or knows: `members`, `uploads`, `webhooks`, `codes`."""
    return {
        "members": members_by_version(connection).get(version, 0),
        "uploads": _count(connection, _UPLOADS, version),
        "webhooks": _count(connection, _WEBHOOKS, version),
        "codes": _count(connection, _CODES, version),
    }


def forget_version(connection: Connection, version: int) -> None:
    """Take a version of the master key out of the database: its proof, and the blind index entries under it."""
    with connection.transaction():
        connection.execute(_FORGET_ENTRIES, (version,))
        connection.execute(_FORGET_VERSION, (version,))


def rewrap(connection: Connection, vault: Vault, progress: Progress) -> int:
    """Wrap every data key under the master key that seals now, and bring index and tokens in line; returns how many.

    On a connection in autocommit. Raises Unreadable for a row that was tampered with.
    """

    def one(member: UUID, key: WrappedKey, former: bytes | None) -> bool:
        if key.master_version == vault.current:
            return False
        before = None if former is None else vault.rewrapped(member, WrappedKey(key.master_version, former)).wrapped
        now = vault.rewrapped(member, key)
        connection.execute(_WRAP, (now.master_version, now.wrapped, before, member))
        refresh(connection, vault, member)
        return True

    return _for_all(connection, progress, one)


def change_data_keys(connection: Connection, vault: Vault, progress: Progress) -> int:
    """Give every member a new data key and seal their fields under it; the key before stays beside it for a while.

    On a connection in autocommit; `settle_data_keys` ends it, later than anything sealed under a key read before now
    is stored. Raises Unreadable.
    """

    def one(member: UUID, key: WrappedKey, former: bytes | None) -> bool:
        keys = [vault.new_key(member), *_held(key, former)]
        _reseal(connection, vault, member, keys)
        before = vault.rewrapped(member, key).wrapped
        connection.execute(_WRAP, (keys[0].master_version, keys[0].wrapped, before, member))
        return True

    return _for_all(connection, progress, one)


def settle_data_keys(connection: Connection, vault: Vault, progress: Progress) -> int:
    """Destroy the keys before the last change, once what was sealed under them meanwhile is sealed anew."""

    def one(member: UUID, key: WrappedKey, former: bytes | None) -> bool:
        if former is None:
            return False
        _reseal(connection, vault, member, _held(key, former))
        connection.execute(_WRAP, (key.master_version, key.wrapped, None, member))
        vault.forget(member)
        return True

    return _for_all(connection, progress, one)


def _for_all(connection: Connection, progress: Progress, one: Callable[[UUID, WrappedKey, bytes | None], bool]) -> int:
    total, seen, changed, last = _count(connection, _COUNT), 0, 0, _NOBODY
    while True:
        with connection.transaction():
            rows = connection.execute(_UNCHANGED_YET, (last, _PAGE), binary=True).fetchall()
            for member, version, wrapped, former in rows:
                changed += one(member, WrappedKey(version, wrapped), former)
        if not rows:
            return changed
        last, seen = rows[-1][0], seen + len(rows)
        progress(seen, max(total, seen))


def _reseal(connection: Connection, vault: Vault, member: UUID, keys: list[WrappedKey]) -> None:
    for _, field, sealed in connection.execute(_FIELDS, ([member],), binary=True).fetchall():
        connection.execute(_SEAL, (vault.resealed(member, keys, field, sealed), member, field))


def _held(key: WrappedKey, former: bytes | None) -> list[WrappedKey]:
    return [key] if former is None else [key, WrappedKey(key.master_version, former)]


def _count(connection: Connection, query: LiteralString, *asked: object) -> int:
    row = connection.execute(query, asked or None).fetchone()
    return 0 if row is None else int(row[0])
