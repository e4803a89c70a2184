"""One row a member as it stands now: what lists, search results and authorisation look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import Connection
    from psycopg.rows import TupleRow

_BY_ID: Final = """
SELECT member_id, version, position, category, membership, affiliation, affiliation_region, responsible, holder,
    accepted_by, branch, liaison, stage, view, origin_region, declared_region, region, lost, regions
FROM member WHERE member_id = ANY (%s::uuid[])
"""
_AFTER: Final = """
SELECT member_id, version, position, category, membership, affiliation, affiliation_region, responsible, holder,
    accepted_by, branch, liaison, stage, view, origin_region, declared_region, region, lost, regions
FROM member WHERE member_id > %s::uuid ORDER BY member_id LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A member as it stands. `regions`: of the affiliation and of an open movement's legs, six digits each."""

    member_id: UUID
    version: int
    position: int
    category: str | None
    membership: str
    affiliation: str | None
    affiliation_region: str | None
    responsible: str | None
    holder: str | None
    accepted_by: str | None
    branch: str | None
    liaison: str | None
    stage: str | None
    view: str | None
    origin_region: str | None
    declared_region: str | None
    region: str | None
    lost: bool
    regions: list[str]


def members_of(connection: Connection[TupleRow], ids: Sequence[UUID]) -> dict[UUID, MemberRow]:
    """Return the rows, of those asked for, that the connection's role may see."""
    return {row[0]: MemberRow(*row) for row in connection.execute(_BY_ID, (list(ids),))}


def member_of(connection: Connection[TupleRow], member_id: UUID) -> MemberRow | None:
    """Return one member's row; None when there is none that the connection's role may see."""
    return members_of(connection, [member_id]).get(member_id)


def members_after(connection: Connection[TupleRow], after: UUID, limit: int) -> list[MemberRow]:
    """Return members in the order of their ids, those that the connection's role may see."""
    return [MemberRow(*row) for row in connection.execute(_AFTER, (after, limit))]
