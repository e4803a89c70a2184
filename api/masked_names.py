"""Names with their middle hidden 张*国, by which people tell members apart in a list; seeing them is no read of data.

Whose name is told is whose personal data the caller may read at all, today; everybody else is not in the answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request

from api.access import must_be_allowed_at, principal_of
from api.actions import Action
from api.answers import JsonAnswer
from api.openapi import READING, problems
from api.read_models import asked, within_reach
from api.shapes.members import MaskedNames
from infra.vault.fields import NAME
from projections.position import reflected

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import Connection
    from psycopg.rows import TupleRow

    from api.service import Service
    from infra.tokens.principal import Principal

router = APIRouter(tags=["asking 查询"])
MOST: Final = 1_000
_STAR: Final = "*"


@router.get(
    "/v1/masked-names",
    operation_id="read_masked_names",
    summary="隐名 Members' names with the middle hidden, to tell them apart in a list",
    response_model=None,
    responses={200: {"model": MaskedNames}, **problems({*READING})},
)
async def read_masked_names(
    request: Request,
    member_id: Annotated[list[UUID], Query(min_length=1, max_length=MOST, description="whose; given again for each")],
) -> JsonAnswer:
    """Tell the masked names of members in the caller's reach."""
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    must_be_allowed_at(service, principal, Action.READ_MASKED_NAMES)

    def answered(connection: Connection[TupleRow]) -> dict[str, Any]:
        position = reflected(connection).position
        asked_for = [{"member_id": str(one)} for one in sorted(set(member_id))]
        told = masked_names(service, principal, connection, asked_for)
        items = [{"member_id": one, "masked_name": name} for one, name in told.items()]
        return {"items": items, "position": position}

    return JsonAnswer(await asked(service, principal, None, answered))


def masked_names(
    service: Service, principal: Principal, connection: Connection[TupleRow], items: Sequence[dict[str, Any]]
) -> dict[str, str]:
    """Return masked names by member id, of the items whose members the principal may know by name."""
    near = within_reach(service, principal, connection, items)
    if not near:
        return {}
    with service.kiteline.log.reading() as vault:
        opened = service.vault.open_many(vault, near, [NAME])
    return {str(one): masked(fields[NAME]) for one, fields in opened.items() if fields.get(NAME)}


def masked(name: str) -> str:
    """Hide all of a name but its first character and, of three or more, its last: 张*, 张*国, 欧**一."""
    if len(name) <= 2:
        return name[:1] + _STAR
    return name[0] + _STAR * min(len(name) - 2, 3) + name[-1]
