"""Lists as files: exactly what the question answers, with a watermark row, and a record of who took it."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal
from uuid import UUID, uuid4

import orjson
from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api import problem_list as kinds
from api.access import must_be_allowed_at, principal_of
from api.actions import Action
from api.answers import JsonAnswer
from api.asking import CursorParameter, LimitParameter, Paging
from api.authorisation import reach
from api.exported_words import InWords
from api.openapi import READING, problems
from api.personal_reads import read_many
from api.problems import Problem
from api.read_models import as_known, asked, within_reach
from api.shapes.exports import ExportsPage
from domain.errors import Sentence
from domain.times import rfc3339_utc
from infra.registers.exported import write_list

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection
    from psycopg.rows import TupleRow

    from api.language import Language
    from api.places_asked import PlaceAsked
    from domain.organisation import OrganisationTree
    from projections.asking import Page

router = APIRouter(tags=["asking 查询"])
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Format = Annotated[
    Literal["json", "xlsx"],
    Query(alias="format", description="xlsx: the whole list as a file with a watermark row, which is recorded 导出"),
]
Columns = Annotated[
    str | None,
    Query(
        max_length=400,
        pattern=r"^[a-z_]+(,[a-z_]+)*$",
        description="of a file: the columns to write, in this order; all without",
        examples=["stage,region,since"],
    ),
]
InWhose = Annotated[
    Literal["zh", "en"] | None,
    Query(description="of a file: names and words instead of codes, and masked names in front; codes without"),
]
FILE: Final[dict[str, Any]] = {"content": {XLSX: {"schema": {"type": "string", "format": "binary"}}}}
MOST_ROWS: Final = 100_000
_PAGE: Final = 1_000
_HEADS: Final = {
    "member_id": "编号", "affiliation": "组织关系", "responsible": "负责组织", "side": "流向", "stage": "环节",
    "view": "阶段", "origin_region": "流出地", "declared_region": "申报去向", "region": "所在地", "abroad": "境外",
    "branch": "所在支部", "holder": "承接组织", "accepted_by": "接收组织", "movement_id": "流动编号", "leg": "段",
    "category": "类别", "affiliation_region": "组织关系所在地", "scope": "范围", "lost_contact": "失联",
    "since": "起始日期", "last_contact_at": "最近联系", "overdue": "逾期", "duty_id": "待办编号", "kind": "事项",
    "organisation": "责任组织", "due_on": "期限", "provisional": "暂定", "liaison": "联络员",
}  # fmt: skip
_ASKED: Final = frozenset({
    "region", "organisation", "side", "stage", "view", "scope", "overdue", "as_of", "month", "known_at", "kind",
    "member_id", "liaison", "order", "min_days", "max_days",
})  # fmt: skip
"""The parameters that are kept of a question: what else a caller writes may be anything."""
_KEEP: Final = """
INSERT INTO export (export_id, reader, role, organisation, region, question, fields, rows, digest)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_LIST: Final = """
SELECT export_id, exported_at, reader, role, organisation, region, question, fields, rows, encode(digest, 'hex')
FROM export
WHERE (exported_at, export_id) < (coalesce(%(at)s::timestamptz, 'infinity'), coalesce(%(id)s::uuid, %(zero)s::uuid))
  AND (%(everywhere)s OR region LIKE %(beginning)s OR organisation = ANY (%(organisations)s::text[]))
ORDER BY exported_at DESC, export_id DESC
LIMIT %(limit)s
"""
_ZERO: Final = UUID(int=0)
_TOO_LONG: Final = Sentence(
    "名单超过 {most} 行，请缩小范围后再导出", "The list has more than {most} rows: narrow the question."
)


@dataclass(frozen=True, slots=True)
class Asked:
    """One question, as its list is paged, and what of people's personal data goes beside."""

    place: PlaceAsked
    question: Any
    page_of: Any
    fields: str | None
    purpose: str | None
    columns: tuple[str, ...] | None = None
    """Those to write, in this order; all without."""
    language: Language | None = None
    """Names and words instead of codes, and masked names in front; codes without."""


async def exported(request: Request, what: Asked, min_position: int | None) -> Response:
    """Answer the whole list as a file. Raises Problem (413 for a list that is too long)."""
    service, principal = what.place.service, what.place.principal
    export_id, names = uuid4(), sorted(set(what.fields.split(","))) if what.fields else []
    out = io.BytesIO()

    def written(connection: Connection[TupleRow]) -> int:
        pages = _pages(connection, what, names)
        first = next(pages)
        in_words = None if what.language is None else InWords(service, principal, connection, what.language)
        shown = [name for name in what.columns or _HEADS if any(name in item for item in first.items)]
        heads = [f"{_HEADS[name]} {name}" if in_words is None else in_words.head(name, _HEADS[name]) for name in shown]
        heads = [*([] if in_words is None else [in_words.name_head]), *heads, *names]
        watermark = (
            f"{export_id} · {principal.subject} · {principal.role.value} · {rfc3339_utc(service.now_us)} · "
            f"{request.url.path} · position {first.position} · known_position {first.known_position}"
            + (f" · {what.purpose}" if what.purpose else "")
        )

        def rows() -> Iterator[list[object]]:
            page: Page | None = first
            while page is not None:
                masked = {} if in_words is None else in_words.masked_names(page.items)
                for item in page.items:
                    personal = [item.get("personal", {}).get(name) for name in names]
                    if in_words is None:
                        yield [item.get(name) for name in shown] + personal
                    else:
                        told = [in_words.value(name, item) for name in shown]
                        yield [masked.get(item["member_id"]), *told, *personal]
                page = next(pages, None)

        return write_list(out, "Kiteline", watermark, heads, rows())

    rows = await asked(service, principal, min_position, written)
    content = out.getvalue()
    question = {name: value for name, value in request.query_params.items() if name in _ASKED}
    record = (
        *(export_id, principal.subject, principal.role.value, principal.organisation, principal.region),
        *(orjson.dumps({"path": request.url.path, **question}).decode(), names, rows),
        hashlib.sha256(content).digest(),
    )

    def keep() -> None:
        with service.kiteline.log.reading() as connection:
            connection.execute(_KEEP, record)

    await run_in_threadpool(keep)
    headers = {"Content-Disposition": f'attachment; filename="{export_id}.xlsx"', "Cache-Control": "no-store"}
    return Response(content, media_type=XLSX, headers=headers)


def _pages(connection: Connection[TupleRow], what: Asked, names: list[str]) -> Iterator[Page]:
    """Page through the whole list in one snapshot; personal data is told page by page, each read written down."""
    place, seen, cursor = what.place, 0, None
    reference = as_known(place.service, what.question.moment.known_position)
    while True:
        question = replace(what.question, limit=_PAGE, cursor=cursor)
        page: Page = what.page_of(connection, question, reference, place.service.now_us)
        seen += len(page.items)
        if seen > MOST_ROWS:
            raise Problem(kinds.TOO_LARGE, _TOO_LONG.filled(most=MOST_ROWS))
        if names and what.purpose is not None:
            reached = within_reach(place.service, place.principal, connection, page.items)
            told = read_many(place.service, place.principal, reached, names, what.purpose)
            for item in page.items:
                item["personal"] = told.get(UUID(item["member_id"]), {})
        yield page
        cursor = page.next
        if cursor is None:
            return


@router.get(
    "/v1/exports",
    operation_id="list_exports",
    summary="导出记录 Who took which list as a file, newest first",
    response_model=None,
    responses={200: {"model": ExportsPage}, **problems({*READING, 404, 410})},
)
async def list_exports(request: Request, limit: LimitParameter = 50, cursor: CursorParameter = None) -> JsonAnswer:
    """List the files that were handed out within the caller's reach."""
    service = request.app.state.service
    principal = await principal_of(request, service)
    must_be_allowed_at(service, principal, Action.READ_EXPORTS)
    tree = service.kiteline.reference().organisations
    far = reach(principal, tree)
    near = tree.below(far.organisation) if far.organisation else standing_in(tree, far.region)
    paging = Paging.begin(service, ("exports", principal.caller), cursor, limit, 0)
    at, last = paging.after or (None, None)
    wanted = {
        "at": at,
        "id": last,
        "zero": _ZERO,
        "everywhere": far.region == "",
        "beginning": f"{far.region}%" if far.region else None,
        "organisations": near,
        "limit": limit + 1,
    }

    def read() -> list[tuple[Any, ...]]:
        with service.kiteline.log.reading() as connection:
            found: list[tuple[Any, ...]] = connection.execute(_LIST, wanted).fetchall()
        return found

    rows = await run_in_threadpool(read)
    names = ("export_id", "exported_at", "reader", "role", "organisation", "region", "question", "fields", "rows")
    items = [{**dict(zip(names, row, strict=False)), "sha256": row[-1]} for row in rows[:limit]]
    after = [items[-1]["exported_at"].isoformat(), str(items[-1]["export_id"])] if len(rows) > limit else None
    return paging.answer(items, position=service.kiteline.log.max_notification_id() or 0, after=after)


def standing_in(tree: OrganisationTree, beginning: str | None) -> list[str]:
    """Return the organisations whose region begins so; none for no beginning."""
    return [
        code
        for region, codes in tree.by_region.items()
        if beginning is not None and region.startswith(beginning)
        for code in codes
    ]
