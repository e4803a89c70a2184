"""Whom a caller may see, page by page in the order of ids: all of them, or those who hold a search token.

Row-level security decides, row by row. Of a wide reach every few rows are let through, and a page is soon full. Of a
narrow one, as a branch has, nearly none are: there the rows are found first by the indexes of each way in which the
policies `read_in_scope` and `read_by_agreement` let one through (migration 0095), and then put in order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from projections.asking import after_all
from projections.member import MemberRow, members_after, members_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from psycopg import Connection
    from psycopg.rows import TupleRow

Token = tuple[str, bytes]
"""A kind and a keyed hash, as the vault makes them."""

_SETTINGS: Final = """
SELECT string_to_array(coalesce(current_setting('kiteline.regions', true), ''), ','),
       string_to_array(coalesce(current_setting('kiteline.organisations', true), ''), ','),
       string_to_array(coalesce(current_setting('kiteline.partners', true), ''), ',')
"""
_NARROW: Final = 3_000
"""A reach is narrow that holds no more people."""

_FREQUENT: Final = 1_000
"""Search tokens that more people hold are frequent: a narrow reach is looked through instead of them."""

_IS_WIDE: Final = """
SELECT count(*) > %(narrow)s
FROM (
    SELECT FROM members_in_reach(%(lows)s, %(highs)s, %(organisations)s, %(partners)s) LIMIT %(narrow)s + 1
) AS held
"""
_LISTED_WITHIN: Final = """
SELECT DISTINCT r.member_id
FROM members_in_reach(%(lows)s, %(highs)s, %(organisations)s, %(partners)s) AS r
WHERE r.member_id > %(after)s
ORDER BY r.member_id
LIMIT %(limit)s
"""
# Of one token, as nearly always: in the order of the index, so that no more is read than a page needs.
_FOUND_BY_ONE: Final = """
SELECT m.member_id
FROM vault_token AS t
JOIN member AS m ON m.member_id = t.member_id
WHERE t.kind = %(kind)s AND t.token = %(token)s AND t.member_id > %(after)s
ORDER BY t.member_id
LIMIT %(limit)s
"""
_FOUND: Final = """
SELECT m.member_id
FROM (
    SELECT DISTINCT t.member_id
    FROM unnest(%(kinds)s::text[], %(tokens)s::bytea[]) AS asked (kind, token)
    JOIN vault_token AS t ON t.kind = asked.kind AND t.token = asked.token
) AS found
JOIN member AS m ON m.member_id = found.member_id
WHERE m.member_id > %(after)s
ORDER BY m.member_id
LIMIT %(limit)s
"""
_FOUND_WITHIN: Final = """
SELECT DISTINCT r.member_id
FROM members_in_reach(%(lows)s, %(highs)s, %(organisations)s, %(partners)s) AS r
WHERE r.member_id > %(after)s AND EXISTS (
    SELECT FROM unnest(%(kinds)s::text[], %(tokens)s::bytea[]) AS asked (kind, token)
    JOIN vault_token AS t ON t.kind = asked.kind AND t.token = asked.token
    WHERE t.member_id = r.member_id
)
ORDER BY r.member_id
LIMIT %(limit)s
"""
_IS_FREQUENT: Final = """
SELECT count(*) > %(frequent)s
FROM (
    SELECT FROM unnest(%(kinds)s::text[], %(tokens)s::bytea[]) AS asked (kind, token)
    JOIN vault_token AS t ON t.kind = asked.kind AND t.token = asked.token
    LIMIT %(frequent)s + 1
) AS held
"""


def rows_after(connection: Connection[TupleRow], after: UUID, limit: int) -> list[MemberRow]:
    """Return members in the order of their ids, those that the connection's role may see."""
    within = _narrow(connection)
    if within is None:
        return members_after(connection, after, limit)
    ids = [row[0] for row in connection.execute(_LISTED_WITHIN, {**within, "after": after, "limit": limit})]
    rows = members_of(connection, ids)
    return [rows[one] for one in ids]


def holders_after(connection: Connection[TupleRow], tokens: Sequence[Token], after: UUID, limit: int) -> list[UUID]:
    """Return who holds any of these search tokens, in the order of ids, of those that the connection may see."""
    asked: dict[str, Any] = {"kinds": [kind for kind, _ in tokens], "tokens": [token for _, token in tokens]}
    asked |= {"after": after, "limit": limit}
    if connection.execute(_IS_FREQUENT, {**asked, "frequent": _FREQUENT}).fetchone() == (True,):
        within = _narrow(connection)
        if within is not None:
            return [row[0] for row in connection.execute(_FOUND_WITHIN, {**asked, **within})]
    if len(tokens) == 1:
        kind, token = tokens[0]
        return [row[0] for row in connection.execute(_FOUND_BY_ONE, {**asked, "kind": kind, "token": token})]
    return [row[0] for row in connection.execute(_FOUND, asked)]


def _narrow(connection: Connection[TupleRow]) -> dict[str, list[str]] | None:
    """Return what row-level security lets this connection see, for finding it by index; None of a wide reach."""
    regions, organisations, partners = (
        [code for code in codes if code] for codes in connection.execute(_SETTINGS).fetchone() or ([], [], [])
    )
    if "*" in regions or "*" in organisations:
        return None
    within: dict[str, list[str]] = {
        "lows": regions,
        "highs": [after_all(code) for code in regions],
        "organisations": organisations,
        "partners": partners,
    }
    is_wide = connection.execute(_IS_WIDE, {**within, "narrow": _NARROW}).fetchone() == (True,)
    return None if is_wide else within
