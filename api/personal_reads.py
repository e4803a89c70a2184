"""Reads of personal data: written down before anything is told, and shown to whom it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from api.service import Service
    from infra.tokens.principal import Principal

PURPOSE_LENGTH: Final = 200
_WRITE = """
INSERT INTO personal_read (member_id, reader, role, organisation, region, fields, purpose)
SELECT m.id, %s, %s, %s, %s, %s, %s FROM unnest(%s::uuid[]) AS m (id)
"""
_LIST = """
SELECT read_id, read_at, reader, role, organisation, fields, purpose
FROM personal_read
WHERE member_id = ANY (%s::uuid[]) AND read_id < %s
ORDER BY read_id DESC
LIMIT %s
"""
_NEWEST: Final = (1 << 63) - 1


def read_personal(
    service: Service, principal: Principal, member_id: UUID, names: Sequence[str], purpose: str
) -> dict[str, str]:
    """Write the read down, commit, then open the fields; what is not kept, or erased, is not in the answer."""
    return read_many(service, principal, [member_id], names, purpose).get(member_id, {})


def read_many(
    service: Service, principal: Principal, members: Collection[UUID], names: Sequence[str], purpose: str
) -> dict[UUID, dict[str, str]]:
    """Write one read a member down, commit, then open their fields."""
    if not members:
        return {}
    who = (principal.subject, principal.role.value, principal.organisation, principal.region)
    with service.kiteline.log.reading() as connection:
        connection.execute(_WRITE, (*who, list(names), purpose, sorted(members)))
        return service.vault.open_many(connection, members, names)


def reads_of(
    service: Service, records: list[UUID], before: int | None, limit: int
) -> tuple[list[dict[str, Any]], int | None]:
    """Return a page of reads of one person's records, newest first, and the place of the last when more follow."""
    with service.kiteline.log.reading() as connection:
        rows = connection.execute(_LIST, (records, _NEWEST if before is None else before, limit + 1)).fetchall()
    names = ("read_id", "read_at", "reader", "role", "organisation", "fields", "purpose")
    items = [dict(zip(names, row, strict=True)) for row in rows[:limit]]
    return items, items[-1]["read_id"] if len(rows) > limit else None
