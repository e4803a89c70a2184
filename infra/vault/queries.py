"""What is asked of the vault's tables, one statement each."""

from typing import Final

KEYS: Final = """
SELECT member_id, master_version, wrapped
FROM vault_key
WHERE member_id = ANY(%s::uuid[])
"""

FIELDS: Final = """
SELECT k.member_id, k.master_version, k.wrapped, k.former, f.field, f.ciphertext
FROM vault_key AS k
JOIN vault_field AS f USING (member_id)
WHERE k.member_id = ANY(%s::uuid[]) AND (%s::text[] IS NULL OR f.field = ANY(%s::text[]))
"""

BY_IDENTITY: Final = """
SELECT i.key_version, i.digest, i.member_id
FROM unnest(%s::integer[], %s::bytea[]) AS asked (key_version, digest)
JOIN vault_index AS i USING (key_version, digest)
"""

# Each token's members come off the primary key in order, so that a common surname costs no more than a rare one.
SEARCH: Final = """
SELECT DISTINCT found.member_id
FROM unnest(%(kinds)s::text[], %(tokens)s::bytea[]) AS asked (kind, token)
CROSS JOIN LATERAL (
    SELECT t.member_id
    FROM vault_token AS t
    WHERE t.kind = asked.kind AND t.token = asked.token
        AND (%(after)s::uuid IS NULL OR t.member_id > %(after)s::uuid)
    ORDER BY t.member_id
    LIMIT %(limit)s
) AS found
ORDER BY found.member_id
LIMIT %(limit)s
"""

SEARCH_AMONG: Final = """
SELECT DISTINCT t.member_id
FROM unnest(%(kinds)s::text[], %(tokens)s::bytea[]) AS asked (kind, token)
CROSS JOIN unnest(%(among)s::uuid[]) AS visible (member_id)
JOIN vault_token AS t USING (kind, token, member_id)
WHERE %(after)s::uuid IS NULL OR t.member_id > %(after)s::uuid
ORDER BY t.member_id
LIMIT %(limit)s
"""
