"""Whom a caller may see, page by page in the order of ids: all of them, or those who hold a search token.

Row-level security decides, row by row. Of a wide reach every few rows are let through, and a page is soon full. Of a
narrow one, as a branch has, nearly none are: there the rows are found first by the indexes of each way in which the
policies `read_in_scope` and `read_by_agreement` let one through (migration 0095), and then put in order.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, LiteralString

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
       string_to_array(coalesce(current_setting('kiteline.partners', true), ''), ','),
       (SELECT c.reltuples FROM pg_class AS c WHERE c.oid = 'member'::regclass)
"""
_FEWEST: Final = 500
"""A reach of so few people is always looked through: their number in all is only known about."""

_FREQUENT: Final = 1_000
"""Search tokens that no more people hold are looked up, whatever the reach."""

_MOST_COUNTED: Final = 5_000

# Members under way alone are counted there: a reach that holds more of them is wide for sure, one of fewer may be.
_HOLDS_MORE: Final = """
SELECT coalesce(sum(c.amount), 0) > %(bound)s
FROM unnest(%(lows)s::text[], %(highs)s::text[]) AS s (lo, hi)
JOIN standing_count AS c ON c.side = 'outflow' AND c.region >= s.lo AND c.region < s.hi
"""
# NULL of a reach that holds more than the bound, each of whom may be let through in several ways.
_LISTED_WITHIN: Final = """
WITH reach AS MATERIALIZED (
    SELECT r.member_id
    FROM members_in_reach(%(lows)s, %(highs)s, %(organisations)s, %(partners)s) AS r
    LIMIT %(bound)s + 1
)
SELECT CASE WHEN (SELECT count(*) FROM reach) <= %(bound)s THEN ARRAY(
    SELECT DISTINCT r.member_id FROM reach AS r
    WHERE r.member_id > %(after)s
    ORDER BY r.member_id
    LIMIT %(limit)s
) END
"""
_FOUND_WITHIN: Final = """
WITH reach AS MATERIALIZED (
    SELECT r.member_id
    FROM members_in_reach(%(lows)s, %(highs)s, %(organisations)s, %(partners)s) AS r
    LIMIT %(bound)s + 1
)
SELECT CASE WHEN (SELECT count(*) FROM reach) <= %(bound)s THEN ARRAY(
    SELECT DISTINCT r.member_id FROM reach AS r
    WHERE r.member_id > %(after)s AND EXISTS (
        SELECT FROM unnest(%(kinds)s::text[], %(tokens)s::bytea[]) AS asked (kind, token)
        JOIN vault_token AS t ON t.kind = asked.kind AND t.token = asked.token
        WHERE t.member_id = r.member_id
    )
    ORDER BY r.member_id
    LIMIT %(limit)s
) END
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
_HOLDERS: Final = """
SELECT count(*)
FROM (
    SELECT FROM unnest(%(kinds)s::text[], %(tokens)s::bytea[]) AS asked (kind, token)
    JOIN vault_token AS t ON t.kind = asked.kind AND t.token = asked.token
    LIMIT %(most)s
) AS held
"""


def rows_after(connection: Connection[TupleRow], after: UUID, limit: int) -> list[MemberRow]:
    """Return members in the order of their ids, those that the connection's role may see."""
    ids = _within(connection, _LISTED_WITHIN, {"after": after, "limit": limit})
    if ids is None:
        return members_after(connection, after, limit)
    rows = members_of(connection, ids)
    return [rows[one] for one in ids]


def holders(connection: Connection[TupleRow], tokens: Sequence[Token]) -> int:
    """Return how many hold these search tokens, whoever may see them; of very many, that they are so many at least."""
    row = connection.execute(_HOLDERS, {**_asked(tokens), "most": _MOST_COUNTED}).fetchone()
    return row[0] if row is not None else 0


def holders_after(
    connection: Connection[TupleRow], tokens: Sequence[Token], held: int, after: UUID, limit: int
) -> list[UUID]:
    """Return who holds any of these search tokens, in the order of ids, of those that the connection may see.

    `held` is what `holders` told of them: whichever is fewer, holders or people in reach, is looked through.
    """
    asked = {**_asked(tokens), "after": after, "limit": limit}
    if held > _FREQUENT:
        ids = _within(connection, _FOUND_WITHIN, asked, most=held)
        if ids is not None:
            return ids
    if len(tokens) == 1:
        kind, token = tokens[0]
        return [row[0] for row in connection.execute(_FOUND_BY_ONE, {**asked, "kind": kind, "token": token})]
    return [row[0] for row in connection.execute(_FOUND, asked)]


def _asked(tokens: Sequence[Token]) -> dict[str, Any]:
    return {"kinds": [kind for kind, _ in tokens], "tokens": [token for _, token in tokens]}


def _within(
    connection: Connection[TupleRow], statement: LiteralString, asked: dict[str, Any], most: int | None = None
) -> list[UUID] | None:
    """Return what a statement finds among those whom this connection may see; None of a wide reach."""
    settings = connection.execute(_SETTINGS).fetchone()
    assert settings is not None  # noqa: S101 - a statement without FROM
    regions, organisations, partners = ([code for code in codes if code] for codes in settings[:3])
    if "*" in regions or "*" in organisations:
        return None
    bound = _bound(settings[3], asked["limit"])
    within: dict[str, Any] = {
        "lows": regions,
        "highs": [after_all(code) for code in regions],
        "organisations": organisations,
        "partners": partners,
        "bound": bound if most is None else min(bound, most),
    }
    if regions and connection.execute(_HOLDS_MORE, within).fetchone() == (True,):
        return None
    row = connection.execute(statement, {**asked, **within}).fetchone()
    return None if row is None else row[0]


def _bound(people: float, limit: int) -> int:
    """Return how many people a reach holds at most that is looked through for a page.

    In the order of ids every `people / reach`th is let through: a page costs `limit * people / reach` looks then, and
    `reach` this way.
    """
    return max(_FEWEST, round(math.sqrt(max(people, 0.0) * limit)))
