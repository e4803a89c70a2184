"""What is done to the vault outside the append: the master key confirmed, a member re-indexed, a member erased."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg.rows import tuple_row

from infra.event_store.save import VaultWrite
from infra.vault.fields import IDENTITY_NUMBER, NAME, PHONE
from infra.vault.master_key import MasterKey, MasterKeyFailure
from infra.vault.vault import Vault

Connection = psycopg.Connection[Any]

CONFIRM: Final = """
INSERT INTO vault_master (version, proof)
SELECT held.version, held.proof
FROM unnest(%s::integer[], %s::bytea[]) AS held (version, proof)
ON CONFLICT (version) DO NOTHING
"""

PROOFS: Final = "SELECT version, proof FROM vault_master ORDER BY version"

# Four deletes in one statement: one round trip, and no moment at which a part is left.
ERASE: Final = """
WITH
    data_key AS (DELETE FROM vault_key WHERE member_id = %(member)s RETURNING 1),
    values_kept AS (DELETE FROM vault_field WHERE member_id = %(member)s),
    indexed AS (DELETE FROM vault_index WHERE member_id = %(member)s),
    searched AS (DELETE FROM vault_token WHERE member_id = %(member)s)
SELECT count(*) > 0 FROM data_key
"""

# New entries first: a number that belongs to somebody else raises before anything is deleted.
REINDEX: Final = """
WITH
    right_entries AS (
        SELECT key_version, digest FROM unnest(%(versions)s::integer[], %(digests)s::bytea[]) AS e (key_version, digest)
    ),
    gone AS (
        DELETE FROM vault_index AS i
        WHERE i.member_id = %(member)s AND (i.key_version, i.digest) NOT IN (TABLE right_entries)
    )
INSERT INTO vault_index (key_version, digest, member_id)
SELECT r.key_version, r.digest, %(member)s
FROM right_entries AS r
WHERE NOT EXISTS (
    SELECT FROM vault_index AS i
    WHERE (i.key_version, i.digest, i.member_id) = (r.key_version, r.digest, %(member)s)
)
"""

RETOKEN: Final = """
WITH
    right_tokens AS (
        SELECT kind, token FROM unnest(%(kinds)s::text[], %(tokens)s::bytea[]) AS r (kind, token)
    ),
    gone AS (
        DELETE FROM vault_token AS t
        WHERE t.member_id = %(member)s AND (t.kind, t.token) NOT IN (TABLE right_tokens)
    )
INSERT INTO vault_token (kind, token, member_id)
SELECT r.kind, r.token, %(member)s
FROM right_tokens AS r
ON CONFLICT (kind, token, member_id) DO NOTHING
"""


STORE: Final = """
INSERT INTO vault_field (member_id, field, ciphertext)
SELECT f.member_id, f.field, f.ciphertext
FROM unnest(%s::uuid[], %s::text[], %s::bytea[]) AS f (member_id, field, ciphertext)
JOIN vault_key AS k ON k.member_id = f.member_id
"""


def store_fields(conn: Connection, writes: Iterable[VaultWrite]) -> None:
    """Store new fields of members outside the append, in the caller's transaction; of one erased meanwhile, nothing."""
    rows = [(write.member_id, name, sealed) for write in writes for name, sealed in write.fields]
    with conn.cursor() as cursor:
        cursor.execute(STORE, [[row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows]])


def confirm_master_key(conn: Connection, master_key: MasterKey) -> None:
    """Check at every start that this is the key that the vault was written with; the first start notes it down.

    What is noted is derived one way and opens nothing. Raises MasterKeyFailure, before anything is sealed that nobody
    could open again.
    """
    proofs = {version: master_key.derive(version, "proof") for version in master_key.versions}
    with conn.cursor(row_factory=tuple_row) as cursor:
        cursor.execute(CONFIRM, [list(proofs), list(proofs.values())])
        for version, proof in cursor.execute(PROOFS).fetchall():
            if version not in proofs or not hmac.compare_digest(proof, proofs[version]):
                raise MasterKeyFailure(
                    f"数据库中的个人信息是用另一把主密钥（版本{version}）加密的。"
                    "请恢复原来的 KITELINE_MASTER_KEY 或 keys/master 文件。",
                    f"The personal data in this database was sealed with another master key (version {version}). "
                    "Restore the KITELINE_MASTER_KEY or the file keys/master that belongs to it.",
                )


def refresh(conn: Connection, vault: Vault, member_id: UUID) -> None:
    """Bring a member's blind index entries and search tokens in line with what is kept now.

    In the caller's transaction. After a corrected number, a changed name or telephone, or a rotation: what was
    replaced is found no more. Raises psycopg.errors.UniqueViolation if the number is another member's.
    """
    personal = vault.open_fields(conn, member_id, [NAME, PHONE, IDENTITY_NUMBER])
    entries, tokens = vault.entries_of(personal)
    with conn.cursor() as cursor:
        cursor.execute(
            REINDEX,
            {
                "member": member_id,
                "versions": [version for version, _ in entries],
                "digests": [digest for _, digest in entries],
            },
        )
        cursor.execute(
            RETOKEN,
            {"member": member_id, "kinds": [kind for kind, _ in tokens], "tokens": [token for _, token in tokens]},
        )


def erase(conn: Connection, member_id: UUID) -> bool:
    """Destroy a member's data key, values, blind index entries and search tokens, in the caller's transaction.

    True if there was a key to destroy. The ids and facts in the log stay; the same person later is a new member.
    """
    with conn.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(ERASE, {"member": member_id}).fetchone()
        return row is not None and bool(row[0])
