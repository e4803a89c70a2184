"""`GET /v1/members`: people one may see, all of them or those who answer to a name, a telephone or a number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, LiteralString
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool

from api.access import must_be_allowed_at, principal_of, standing
from api.actions import Action
from api.answers import JsonAnswer
from api.asking import CursorParameter, LimitParameter, MinPosition, Paging
from api.members import Fields, Purpose
from api.openapi import READING, problems
from api.personal_reads import read_many
from api.read_models import asked, must_tell_personal_data, within_reach
from api.search_allowance import must_not_search_too_often
from api.shapes.members import MembersPage
from projections.in_reach import holders, holders_after, rows_after
from projections.member import MemberRow, members_of
from projections.position import reflected

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from api.service import Service

router = APIRouter(tags=["asking 查询"])
# The topic as it stands in the partial index log_of_merged (migration 0070), so that the planner can use it.
MERGED: Final = """
SELECT DISTINCT t.member_id
FROM unnest(%(kinds)s::text[], %(tokens)s::bytea[]) AS asked (kind, token)
JOIN vault_token AS t ON t.kind = asked.kind AND t.token = asked.token
JOIN log AS l ON l.originator_id = t.member_id AND l.topic = 'records_merged'
ORDER BY t.member_id
LIMIT %(most)s
"""
# The same for tokens that many hold: of the merged records, few, each is asked whether it is one of theirs.
MERGED_OF_MANY: Final = """
SELECT DISTINCT l.originator_id
FROM log AS l
WHERE l.topic = 'records_merged' AND EXISTS (
    SELECT FROM unnest(%(kinds)s::text[], %(tokens)s::bytea[]) AS asked (kind, token)
    JOIN vault_token AS t ON t.kind = asked.kind AND t.token = asked.token
    WHERE t.member_id = l.originator_id
    OFFSET 0
)
ORDER BY l.originator_id
LIMIT %(most)s
"""
MANY: Final = 100
"""Holders of what is looked for: of more, the merged records are asked instead."""
_MOST_MERGED: Final = 200
_BEFORE_ALL: Final = UUID(int=0)


@router.get(
    "/v1/members",
    operation_id="search_members",
    summary="查找党员 People one may see, by name, pinyin, initials, telephone or identity number",
    response_model=None,
    responses={200: {"model": MembersPage}, **problems({*READING, 404, 410, 429})},
)
async def search_members(
    request: Request,
    search: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=100,
            description="the beginning of a name, pinyin or initials; a telephone; a number",
        ),
    ] = None,
    min_position: MinPosition = None,
    limit: LimitParameter = 50,
    cursor: CursorParameter = None,
    fields: Fields = None,
    purpose: Purpose = None,
) -> JsonAnswer:
    """List members by id; a search is on what is known now."""
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    must_be_allowed_at(service, principal, Action.SEARCH_MEMBERS)
    must_tell_personal_data(principal, fields, purpose)
    wanted = search.replace("\0", "").strip() if search is not None else None
    if wanted is not None:
        await run_in_threadpool(must_not_search_too_often, service, principal)
    # The cursor names the question by a keyed hash: what was typed may be a person's name.
    named = ("members", None if wanted is None else service.vault.keyed_hash("search", wanted.encode()).hex())

    def answered(connection: Connection[TupleRow]) -> JsonAnswer:
        position = reflected(connection).position
        paging = Paging.begin(service, named, cursor, limit, position)
        after = _BEFORE_ALL if paging.after is None else UUID(paging.after)
        rows = (
            rows_after(connection, after, limit + 1)
            if wanted is None
            else found(service, connection, wanted, after, limit + 1)
        )
        items = [_item(row) for row in rows[:limit]]
        if fields is not None and purpose is not None:
            reached = within_reach(service, principal, connection, items)
            told = read_many(service, principal, reached, sorted(set(fields.split(","))), purpose)
            for item in items:
                item["personal"] = told.get(UUID(item["member_id"]), {})
        return paging.answer(items, position=position, after=items[-1]["member_id"] if len(rows) > limit else None)

    return await asked(service, principal, min_position, answered)


def found(service: Service, connection: Connection[TupleRow], text: str, after: UUID, count: int) -> list[MemberRow]:
    """Return at most `count` people whom a text typed finds, of those the connection may see, by id beyond `after`."""
    tokens = service.vault.query_tokens(text)
    if tokens:
        asked_for = {"kinds": [kind for kind, _ in tokens], "tokens": [token for _, token in tokens]}
        # Tokens tell nothing to who has no key, so they carry no rights of their own: the member's row decides.
        held = holders(connection, tokens)
        ids = holders_after(connection, tokens, held, after, count)
        merged = MERGED if held <= MANY else MERGED_OF_MANY
        kept = {one for one in _known_by_another_record(service, merged, asked_for) if one > after}
        ids = sorted({*ids, *kept})[:count]
    else:
        known = service.vault.find_by_identity(connection, text)
        one = None if known is None else standing(service, known).member_id
        ids = [one] if one is not None and one > after else []
    rows = members_of(connection, ids)
    return [rows[one] for one in ids if one in rows]


def _known_by_another_record(service: Service, merged: LiteralString, asked_for: dict[str, Any]) -> set[UUID]:
    """Return who has the facts today of records that hold what is looked for, and were merged into others."""
    with service.kiteline.log.reading() as connection:
        records = connection.execute(merged, {**asked_for, "most": _MOST_MERGED}).fetchall()
    return {standing(service, one).member_id for (one,) in records}


def _item(row: MemberRow) -> dict[str, Any]:
    return {
        "member_id": str(row.member_id),
        "version": row.version,
        "category": row.category,
        "membership": row.membership,
        "affiliation": row.affiliation,
        "responsible": row.responsible,
        "stage": row.stage,
        "view": row.view,
        "region": row.region,
        "lost_contact": row.lost,
    }
