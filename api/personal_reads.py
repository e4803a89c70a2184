"""Reads of personal data: written down before anything is told, and shown to whom it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from infra.vault.upkeep import store_fields

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from psycopg import Connection
    from psycopg.rows import TupleRow

    from api.service import Service
    from infra.tokens.principal import Principal

PURPOSE_LENGTH: Final = 200
TEXTS: Final = "texts"
"""By what name a read of the free texts of events is written down."""
_WRITE: Final = """
INSERT INTO personal_read (member_id, reader, role, organisation, region, fields)
SELECT m.id, %s, %s, %s, %s, %s FROM unnest(%s::uuid[]) AS m (id)
RETURNING member_id, read_id
"""
_LIST: Final = """
SELECT read_id, read_at, reader, role, organisation, fields, purpose, member_id
FROM personal_read
WHERE member_id = ANY (%s::uuid[]) AND read_id < %s
ORDER BY read_id DESC
LIMIT %s
"""
_LIST_ALL: Final = """
SELECT read_id, read_at, reader, role, organisation, fields, purpose, member_id
FROM personal_read
WHERE read_id < %(before)s
  AND (%(reader)s::text IS NULL OR reader = %(reader)s)
  AND (%(role)s::text IS NULL OR role = %(role)s)
  AND (%(member)s::uuid IS NULL OR member_id = %(member)s)
  AND (%(first)s::timestamptz IS NULL OR read_at >= %(first)s)
  AND (%(last)s::timestamptz IS NULL OR read_at <= %(last)s)
  AND (%(everywhere)s OR region LIKE %(beginning)s OR organisation = ANY (%(organisations)s::text[]))
ORDER BY read_id DESC
LIMIT %(limit)s
"""
_FORGET: Final = """
WITH gone AS (
    DELETE FROM personal_read WHERE read_at < clock_timestamp() - make_interval(days => %s) RETURNING member_id, read_id
), words AS (
    DELETE FROM vault_field AS f USING gone AS g WHERE f.member_id = g.member_id AND f.field = 'read:' || g.read_id
)
SELECT count(*) FROM gone
"""
_NAMES: Final = ("read_id", "read_at", "reader", "role", "organisation", "fields", "purpose")
_NEWEST: Final = (1 << 63) - 1


def read_personal(
    service: Service, principal: Principal, member_id: UUID, names: Sequence[str], purpose: str
) -> dict[str, str]:
    """Write the read down, commit, then open the fields; what is not kept, or erased, is not in the answer."""
    return read_many(service, principal, [member_id], names, purpose).get(member_id, {})


def read_with_texts(
    service: Service,
    principal: Principal,
    member_id: UUID,
    names: Sequence[str],
    purpose: str,
    texts: Sequence[str],
) -> tuple[dict[str, str], dict[str, str]]:
    """Read personal fields and the free texts of events; it is written down that texts were read, not which."""
    said = [*names, TEXTS]
    opened = read_many(service, principal, [member_id], said, purpose, [*names, *texts]).get(member_id, {})
    wanted = frozenset(texts)
    personal = {name: value for name, value in opened.items() if name not in wanted}
    return personal, {name: value for name, value in opened.items() if name in wanted}


def read_many(
    service: Service,
    principal: Principal,
    members: Collection[UUID],
    names: Sequence[str],
    purpose: str,
    opened: Sequence[str] | None = None,
) -> dict[UUID, dict[str, str]]:
    """Write one read a member down, of fields by `names`, commit, then open them, or what `opened` names instead."""
    if not members:
        return {}
    who = (principal.subject, principal.role.value, principal.organisation, principal.region)
    vault = service.vault
    with service.kiteline.log.reading() as connection, connection.transaction():
        keys = vault.keys_of(connection, members)
        written = connection.execute(_WRITE, (*who, list(names), sorted(keys))).fetchall()
        words = [vault.seal_fields(member, keys[member], {_words_of(read): purpose}) for member, read in written]
        store_fields(connection, words)
    with service.kiteline.log.reading() as connection:
        return vault.open_many(connection, keys, names if opened is None else opened)


def reads_of(
    service: Service, records: list[UUID], before: int | None, limit: int
) -> tuple[list[dict[str, Any]], int | None]:
    """Return a page of reads of one person's records, newest first, and the place of the last when more follow.

    What a read was for lies with the personal data; of somebody erased it is null.
    """
    with service.kiteline.log.reading() as connection:
        rows = connection.execute(_LIST, (records, _NEWEST if before is None else before, limit + 1)).fetchall()
        items, after = _with_words(service, connection, rows, limit)
    return [{name: item[name] for name in _NAMES} for item in items], after


def all_reads(
    service: Service, asked: Mapping[str, Any], before: int | None, limit: int
) -> tuple[list[dict[str, Any]], int | None]:
    """Return a page of reads of anybody's data, newest first, with whose each was; and the place of the last."""
    wanted = {**asked, "before": _NEWEST if before is None else before, "limit": limit + 1}
    with service.kiteline.log.reading() as connection:
        return _with_words(service, connection, connection.execute(_LIST_ALL, wanted).fetchall(), limit)


def _with_words(
    service: Service, connection: Connection[TupleRow], rows: list[TupleRow], limit: int
) -> tuple[list[dict[str, Any]], int | None]:
    """Put beside each read what it was for, opened from the vault where it lies there."""
    wanted = [_words_of(row[0]) for row in rows]
    words = service.vault.open_many(connection, {row[-1] for row in rows}, wanted)
    items = [{**dict(zip(_NAMES, row, strict=False)), "member_id": row[-1]} for row in rows[:limit]]
    for item in items:
        item["purpose"] = item["purpose"] or words.get(item["member_id"], {}).get(_words_of(item["read_id"]))
    return items, items[-1]["read_id"] if len(rows) > limit else None


def forget_old_reads(service: Service) -> int:
    """Delete the reads that are older than the setting says; returns how many."""
    with service.kiteline.log.reading() as connection:
        row = connection.execute(_FORGET, (service.settings.reads_kept_days,)).fetchone()
    return 0 if row is None else int(row[0])


def _words_of(read_id: int) -> str:
    return f"read:{read_id}"
