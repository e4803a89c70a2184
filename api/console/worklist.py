"""All that is owed: the whole worklist, by kind, by whether it is overdue, page after page."""

from __future__ import annotations

from typing import Any, Final

from fastapi import Request
from starlette.responses import Response

from api.actions import Action
from api.console.command_forms import code_in
from api.console.duties import GROUPS, kinds_of, lines_of
from api.console.page import Page
from api.console.people import names_of
from api.console.person import SignedInPerson, own_organisation
from api.console.rendering import page
from api.console.routing import console_router
from api.console.today import WORDS as TODAY
from api.console.words import Words
from domain.times import local_day

router = console_router()
PAGE: Final = Page("/duties", "待办", "Duties", Action.READ_WORKLIST)
_PAGE: Final = 50
WORDS: Final = Words(
    **{
        name: TODAY.pairs[name]
        for name in (
            *("due_today", "due_in", "overdue_by", "provisional", "months", "months_or_more", "years", "years_or_more"),
            *("since", "name_one", "name_one_help", "nothing_help"),
        )
    },
    **{name: TODAY.pairs[name] for name in ("more_ways", "finish", *GROUPS)},
    title=("待办", "Duties"),
    explained=("按期限排列，最先到期的在前。", "By the day on which they fall due, the first one first."),
    kind=("事项", "What"),
    every_kind=("全部事项", "Everything"),
    every_of=("{group}（全部）", "{group}: all"),
    organisation=("组织", "Organisation"),
    organisation_hint=("输入名称，从列表中选", "Type a name and pick it"),
    only_overdue=("只看逾期", "Overdue only"),
    filter=("筛选", "Filter"),
    nothing=("现在没有待办", "Nothing is owed now"),
    empty=("没有符合条件的待办", "Nothing is owed that fits"),
    empty_help=("换一个事项，或去掉“只看逾期”。", "Choose another kind, or look at more than what is overdue."),
    next_page=("下一页", "Next page"),
    first_page=("回到第一页", "Back to the first page"),
)


@router.get("/duties", operation_id="console_duties")
async def duties(
    request: Request,
    person: SignedInPerson,
    kind: str = "",
    organisation: str = "",
    overdue: str = "",
    cursor: str | None = None,
) -> Response:
    """List duties: of the organisation asked for and all below it, the person's own if none is."""
    person.must_be_able_to(Action.READ_WORKLIST)
    code = code_in(organisation) or None
    asked = {"kind": kinds_of(kind), "overdue": True if overdue else None, "organisation": code}
    answer: dict[str, Any] = {"items": [], "next": None, "position": 0}
    nowhere = code is None and own_organisation(person) is None
    if not nowhere:
        answer = await person.ask("/v1/worklist", limit=_PAGE, cursor=cursor, **asked)
    lines = lines_of(answer["items"], person.principal.role, local_day(person.service.now_us))
    return page(
        person,
        "duties.html",
        WORDS,
        lines=lines,
        people=await names_of(person, answer["items"]),
        kinds=GROUPS,
        kind=kind,
        organisation=code,
        nowhere=nowhere,
        overdue=bool(overdue),
        cursor=cursor,
        following=None if answer["next"] is None else str(request.url.include_query_params(cursor=answer["next"])),
        position=answer["position"],
    )
