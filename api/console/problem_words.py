"""What a page says of a problem whose own words are for programs: by its code, a title and what to do."""

from __future__ import annotations

from typing import Any, Final

from api.console.words import Words

STALE_PAGE: Final = "cursor_expired"
_PATH: Final = "/path/"
_BY_POINTER: Final = {
    "/query/cursor": STALE_PAGE,
    "/query/as_of": "no_day",
    "/query/known_at": "no_day",
}
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
    wrong_address_title=("没有这个地址", "There is no such address"),
    wrong_address_detail=(
        "链接可能不完整。请从页面重新进入。",
        "The link may be incomplete. Please go there by the pages.",
    ),
    no_day_title=("日期不对", "This is no day"),
    no_day_detail=("请写成 2025-03-05 这样的日期。", "Write a day as in 2025-03-05."),
    store_unavailable_title=("服务暂时连不上", "The service is away for a moment"),
    timed_out_title=("等得太久，没有答复", "No answer within the time allowed"),
    timed_out_detail=(
        "服务现在很忙。若刚才是在记录，请回到原页再点一次：不会重复记录。",
        "The service is busy. If you were recording, go back and press again: nothing is recorded twice.",
    ),
    too_large_title=("文件太大", "The file is too large"),
    too_large_detail=("请拆成几份，分次上传。", "Split it, and upload the parts one after another."),
)


def code_of(problem: dict[str, Any]) -> str:
    """Return by which code a problem is told: what is wrong with an address has a name of its own, by its part."""
    for fault in problem.get("errors") or ():
        pointer = str(fault.get("pointer"))
        if pointer in _BY_POINTER and fault.get("code") == "unreadable":
            return _BY_POINTER[pointer]
        if pointer.startswith(_PATH):
            return "wrong_address"
    return str(problem.get("code") or "")
