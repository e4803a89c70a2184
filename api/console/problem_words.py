"""What a page says of a problem whose own words are for programs: by its code, a title and what to do."""

from __future__ import annotations

from typing import Final

from api.console.words import Words

_CURSOR: Final = "/query/cursor"
STALE_PAGE: Final = "cursor_expired"
WORDS: Final = Words(
    cursor_expired_title=("这一页放得太久了", "This page was left open for too long"),
    cursor_expired_detail=(
        "名单可能已经变化。请从第一页看起，未作任何更改。",
        "The list may have changed meanwhile. Begin again from the first page; nothing was changed.",
    ),
    method_not_allowed_title=("这个地址不能直接打开", "This address cannot be opened by itself"),
    method_not_allowed_detail=(
        "它只接收本系统页面上的按钮。请从页面重新进入。",
        "It only takes what a button of a page sends. Please go there by the pages.",
    ),
    store_unavailable_title=("服务暂时连不上", "The service is away for a moment"),
    timed_out_title=("等得太久，没有答复", "No answer within the time allowed"),
    timed_out_detail=(
        "服务现在很忙。若刚才是在记录，请回到原页再点一次：不会重复记录。",
        "The service is busy. If you were recording, go back and press again: nothing is recorded twice.",
    ),
    too_large_title=("文件太大", "The file is too large"),
    too_large_detail=("请拆成几份，分次上传。", "Split it, and upload the parts one after another."),
)


def code_of(problem: dict[str, object]) -> str:
    """Return by which code a problem is told: a page's place in a list that is none is one that was left too long."""
    errors = problem.get("errors")
    if isinstance(errors, list) and any(one.get("pointer") == _CURSOR for one in errors):
        return STALE_PAGE
    return str(problem.get("code") or "")
