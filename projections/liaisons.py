"""The liaisons and their members, as they stand: whoever is away, or about to be, and has one by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

_MEMBERS: Final = """
SELECT p.position, array(
    SELECT m.member_id FROM member AS m
    WHERE m.liaison = %s AND m.membership <> 'ended' AND m.stage IS DISTINCT FROM 'closed'
    ORDER BY m.member_id
)
FROM projection_position AS p WHERE p.name = 'read_models'
"""
_LIAISONS: Final = """
SELECT p.position, g.liaison, g.members, g.overdue
FROM projection_position AS p
LEFT JOIN LATERAL (
    SELECT m.liaison, count(*) AS members, count(*) FILTER (WHERE m.first_due_on < %(today)s) AS overdue
    FROM member AS m
    WHERE m.liaison > %(after)s AND m.membership <> 'ended' AND m.stage IS DISTINCT FROM 'closed'
      AND (m.affiliation = ANY (%(organisations)s::text[]) OR m.responsible = ANY (%(organisations)s::text[]))
    GROUP BY m.liaison ORDER BY m.liaison LIMIT %(limit)s
) AS g ON true
WHERE p.name = 'read_models'
ORDER BY g.liaison
"""


def members_of_liaison(connection: Connection[TupleRow], liaison: str) -> tuple[int, list[UUID]]:
    """Return the position that is reflected, and the members of a liaison that the connection's role may see."""
    row = connection.execute(_MEMBERS, (liaison,)).fetchone()
    if row is None:
        return 0, []
    return int(row[0]), list(row[1])


def liaisons_of(
    connection: Connection[TupleRow], organisations: list[str], today: object, after: str, limit: int
) -> tuple[int, list[dict[str, Any]]]:
    """Return the liaisons of organisations' own members and guests, by name, with how many members each has."""
    parameters = {"organisations": organisations, "today": today, "after": after, "limit": limit}
    rows = connection.execute(_LIAISONS, parameters).fetchall()
    items = [{"liaison": row[1], "members": row[2], "overdue": row[3]} for row in rows if row[1] is not None]
    return int(rows[0][0]) if rows else 0, items
