"""Who read whose personal data, when and what for: for the auditor and the organisation department."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from starlette.responses import Response

from api.actions import Action
from api.console.member_words import FIELDS
from api.console.page import Page
from api.console.people import names_of
from api.console.person import SignedInPerson
from api.console.rendering import page
from api.console.routing import console_router
from api.console.words import Words
from infra.tokens.principal import Role

router = console_router()
PAGE: Final = Page("/reads", "查阅记录", "Reads", Action.READ_ALL_READS)
_ROWS: Final = 50
_READERS: Final = tuple(role for role in Role if role not in (Role.SISTER_SYSTEM, Role.OPERATOR))

WORDS: Final = Words(
    title=("谁查阅过个人信息", "Who read personal data"),
    explained=(
        "每次查阅都有记录，不能更改；党员本人也看得到自己的。",
        "Every read is on record and cannot be changed; members see those of their own data.",
    ),
    reader=("查阅人", "Reader"),
    role=("角色", "Role"),
    every_role=("全部角色", "Every role"),
    first=("自", "From"),
    last=("至", "Until"),
    member=("党员", "Member"),
    when=("时间", "When"),
    what=("内容", "What"),
    why=("用途", "What for"),
    organisation=("组织", "Organisation"),
    filter=("筛选", "Filter"),
    only_theirs=("只看此人的", "This reader only"),
    only_member=("只看查阅此党员的", "This member only"),
    of_one=("只列查阅这一名党员的记录", "Reads of one member only"),
    everybody=("看全部", "Show everybody"),
    nothing=("还没有人查阅过个人信息", "Nobody has read personal data yet"),
    nothing_help=("谁在什么时候、为什么查阅，都会列在这里。", "Who reads whose, when and what for will stand here."),
    empty=("没有符合条件的查阅", "No read fits"),
    empty_help=("放宽日期或角色再看。", "Widen the dates, or choose another role."),
    gone=("已随个人信息清除", "erased with the personal data"),
    next_page=("下一页", "Next page"),
    first_page=("回到第一页", "Back to the first page"),
)


@router.get("/reads", operation_id="console_all_reads")
async def all_reads(
    person: SignedInPerson,
    *,
    reader: str = "",
    role: str = "",
    member: str = "",
    first: str = "",
    last: str = "",
    cursor: str | None = None,
) -> Response:
    """List reads, the last first."""
    person.must_be_able_to(Action.READ_ALL_READS)
    chosen = {"reader": reader.strip(), "role": role, "member": member, "first": first, "last": last}
    answer = await person.ask(
        "/v1/reads",
        limit=_ROWS,
        cursor=cursor,
        reader=chosen["reader"] or None,
        role=role or None,
        member_id=member or None,
        **{"from": first or None, "until": last or None},
    )
    fields = FIELDS.in_language(person.language)

    def address(**other: Any) -> str:
        return "/reads?" + urlencode({name: value for name, value in {**chosen, **other}.items() if value})

    return page(
        person,
        "all_reads.html",
        WORDS,
        reads=answer["items"],
        people=await names_of(person, answer["items"]),
        chosen=chosen,
        roles=_READERS,
        address=address,
        field_name=lambda name: fields[name] if name in FIELDS.pairs else name,
        cursor=cursor,
        following=answer["next"],
        position=answer["position"],
    )
