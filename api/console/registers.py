"""Registers: a file is dropped, tried row by row, sent back with its errors marked, or its good rows recorded."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.responses import RedirectResponse, Response

from api.actions import Action
from api.console.asking import Refused
from api.console.command_forms import code_in
from api.console.page import Page
from api.console.person import Person, SignedInPerson, own_organisation
from api.console.rendering import page
from api.console.routing import console_router
from api.console.words import Words
from api.exports import XLSX

if TYPE_CHECKING:
    from typing import Any

router = console_router()
PAGE: Final = Page("/registers", "台账", "Registers", Action.IMPORT_REGISTER)
_UNDER_WAY: Final = frozenset({"waiting", "running"})
_IMPORTS: Final = 20
_FINDINGS: Final = 100
_WHOLE: Final = "whole"
_SAID_IN_PLACE: Final = frozenset({
    HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.NOT_FOUND,
})  # fmt: skip

WORDS: Final = Words(
    title=("台账导入", "Registers"),
    lead=(
        "先试运行：逐行检查，不作任何记录；看过结果再决定是否导入。",
        "First a dry run: every row is checked and nothing recorded. You decide when you have seen what it found.",
    ),
    drop=("把台账文件拖到这里，或者", "Drop the register here, or"),
    choose=("选择文件", "Choose a file"),
    kinds=("xlsx 或 csv，按各单位现有的样子即可", "xlsx or csv, just as your office keeps it"),
    organisation=("导入单位", "For the organisation"),
    organisation_help=("台账中的支部在此单位之下查找", "Branches in the file are looked up below it"),
    place_hint=("输入名称，从列表中选", "Type a name and pick it"),
    check=("试运行", "Check it"),
    mode=("怎样导入", "What is recorded"),
    mode_good=("导入正确的行，有错的退回", "The good rows; wrong ones come back"),
    mode_whole=("全部正确才导入，一行有错就都不导入", "All rows or none: nothing if one is wrong"),
    whole_kept=("全部正确才导入", "All rows or none"),
    take_all=("全部导入（{count} 行）", "Record {count:row|rows}: all of them"),
    whole_wrong=(
        "有 {count} 行有错：按“全部正确才导入”，一行也不导入。请改正后重新上传。",
        "{count:row is|rows are} wrong: all or none was asked for, so nothing is recorded. Upload it put right.",
    ),
    whole_refused=(
        "没有导入：核对时有 {count} 行有错，一行也没有记录。",
        "Nothing was recorded: when it was checked, {count:row was|rows were} wrong.",
    ),
    take_good=("改为导入正确的 {count} 行", "Record {count:good row|good rows} after all"),
    running_check=("正在核对全部行", "Every row is being checked"),
    refused_state=("未导入：有行出错", "Not recorded: rows are wrong"),
    brief_refused=("未导入，有错 {bad}", "nothing recorded, {bad} wrong"),
    refused=("没有受理", "Not taken"),
    no_file=("请先选择一个文件", "Choose a file first"),
    mine=("我的导入", "My imports"),
    none=("还没有导入过台账", "No register was imported yet"),
    none_help=(
        "上传后可以离开此页，进度和结果会留在这里。",
        "You may leave after the upload: progress and result stay here.",
    ),
    file=("文件", "File"),
    uploaded=("上传时间", "Uploaded"),
    state=("状态", "State"),
    result=("结果", "Result"),
    nameless=("（文件已不再保留）", "(the file is no longer kept)"),
    waiting=("排队中", "Waiting"),
    running_try=("正在试运行", "Being checked"),
    running_record=("正在导入", "Being recorded"),
    tried=("试运行完毕，尚未导入", "Checked, not recorded"),
    recorded=("已导入", "Recorded"),
    failed=("文件未能读取", "The file could not be read"),
    brief=("可导入 {good}，有错 {bad}", "{good} good, {bad} wrong"),
    brief_done=("已导入 {good}，有错 {bad}", "{good} recorded, {bad} wrong"),
    of_rows=("已读 {done} 行，约 {all} 行", "{done} rows read, of about {all}"),
    read_rows=("已读 {done} 行", "{done} rows read"),
    leave=(
        "可以离开此页或换一台电脑，回来时仍在这里。",
        "You may leave, or come back on another computer: it goes on.",
    ),
    rows=("行", "Rows"),
    good=("可导入", "To be recorded"),
    good_done=("已导入", "Recorded"),
    known=("系统中已有", "Known already"),
    bad=("有错，不导入", "Wrong, left out"),
    warnings=("提示", "Notes"),
    take=("导入正确的 {count} 行", "Record {count:good row|good rows}"),
    take_none=("没有可导入的行", "There is nothing to record"),
    marked=("下载标注了错误的台账", "Download the register with its errors marked"),
    marked_help=(
        "在标红的单元格改正后重新上传，已有的行不会重复",
        "Put the red cells right and upload it again: what is recorded already is not recorded twice",
    ),
    kept_until=("文件保留到 {day}，之后只留结果", "The file is kept until {day}; after that only the result"),
    findings=("逐行问题", "Row by row"),
    every=("全部", "All"),
    only_errors=("错误", "Errors"),
    only_warnings=("提示", "Notes"),
    row=("行", "Row"),
    column=("栏目", "Column"),
    what=("问题", "What is wrong"),
    expected=("应为", "What would be right"),
    whole=("整个工作表", "The whole sheet"),
    error=("错误", "Error"),
    warning=("提示", "Note"),
    clean=("没有发现问题", "Nothing was found wrong"),
    next_page=("下一页", "Next page"),
    first_page=("回到第一页", "Back to the first page"),
    another=("上传另一份台账", "Upload another register"),
    progress=("进度", "Progress"),
)


@router.get("/registers", operation_id="console_registers")
async def registers(person: SignedInPerson, part: str | None = None, cursor: str | None = None) -> Response:
    """Show where to drop a file, and what became of earlier ones."""
    person.must_be_able_to(Action.IMPORT_REGISTER)
    return await _shown(person, "registers_list.html" if part == "list" else "registers.html", cursor=cursor)


@router.post("/registers", operation_id="console_register_upload")
async def upload(request: Request, person: SignedInPerson) -> Response:
    """Keep a file for its dry run, and go to where its progress is."""
    person.must_be_able_to(Action.IMPORT_REGISTER)
    form = await request.form()
    file, organisation = form.get("file"), code_in(str(form.get("organisation", "")))
    key = str(form.get("key") or uuid4())
    if not isinstance(file, UploadFile) or not file.filename:
        problem = {"detail": WORDS.in_language(person.language).no_file}
        whole = form.get("mode") == _WHOLE
        return await _shown(person, "registers.html", organisation=organisation, problem=problem, whole=whole)
    whole = form.get("mode") == _WHOLE
    fields = {"dry_run": "true", **({"organisation": organisation} if organisation else {})}
    fields |= {"all_or_nothing": "true"} if whole else {}
    try:
        run = await person.upload("/v1/imports", (file.filename, await file.read()), fields, key)
    except Refused as refused:
        if refused.status not in _SAID_IN_PLACE:
            raise
        problem, status = refused.problem, refused.status
        return await _shown(
            person, "registers.html", organisation=organisation, problem=problem, status=status, whole=whole
        )
    return RedirectResponse(f"/registers/{run['import_id']}", status_code=303)


@router.get("/registers/{import_id}", operation_id="console_register")
async def register(
    person: SignedInPerson,
    import_id: UUID,
    part: str | None = None,
    severity: str | None = None,
    cursor: str | None = None,
) -> Response:
    """Show how far an import is, then what it found row by row and what can be done with it."""
    person.must_be_able_to(Action.IMPORT_REGISTER)
    run = await person.ask(f"/v1/imports/{import_id}")
    if part == "progress":
        response = page(person, "register_progress.html", WORDS, run=run)
        if run["state"] not in _UNDER_WAY:
            response.headers["HX-Refresh"] = "true"
        return response
    chosen = severity if severity in ("error", "warning") else None
    findings: dict[str, Any] = {"items": [], "next": None}
    if run["state"] in ("done", "refused"):
        asked = {"severity": chosen, "cursor": cursor, "limit": _FINDINGS}
        findings = await person.ask(f"/v1/imports/{import_id}/findings", **asked)
    return page(
        person,
        "register.html",
        WORDS,
        run=run,
        under_way=run["state"] in _UNDER_WAY,
        findings=findings["items"],
        following=findings["next"],
        severity=chosen,
        cursor=cursor,
        key=str(uuid4()),
    )


@router.post("/registers/{import_id}/record", operation_id="console_register_record")
async def record(request: Request, person: SignedInPerson, import_id: UUID) -> Response:
    """Let the good rows be recorded, or all of them if every one is right."""
    person.must_be_able_to(Action.IMPORT_REGISTER)
    form = await request.form()
    chosen = {"all_or_nothing": form.get("mode") == _WHOLE}
    await person.record(f"/v1/imports/{import_id}/record", chosen, str(form.get("key") or uuid4()))
    return RedirectResponse(f"/registers/{import_id}", status_code=303)


@router.get("/registers/{import_id}/errors.xlsx", operation_id="console_register_errors")
async def errors(person: SignedInPerson, import_id: UUID) -> Response:
    """Hand the register back with its errors marked."""
    person.must_be_able_to(Action.IMPORT_REGISTER)
    answer = await person.fetch(f"/v1/imports/{import_id}/errors.xlsx")
    headers = {"Content-Disposition": answer.headers["content-disposition"], "Cache-Control": "no-store"}
    return Response(answer.content, media_type=XLSX, headers=headers)


async def _shown(
    person: Person,
    template: str,
    *,
    cursor: str | None = None,
    organisation: str | None = None,
    problem: dict[str, Any] | None = None,
    status: int = HTTPStatus.OK,
    whole: bool = False,
) -> Response:
    answer = await person.ask("/v1/imports", limit=_IMPORTS, cursor=cursor)
    return page(
        person,
        template,
        WORDS,
        status=HTTPStatus.UNPROCESSABLE_ENTITY if problem is not None and status == HTTPStatus.OK else status,
        items=answer["items"],
        following=answer["next"],
        cursor=cursor,
        under_way=any(one["state"] in _UNDER_WAY for one in answer["items"]),
        organisation=organisation or own_organisation(person),
        problem=problem,
        whole=whole,
        key=str(uuid4()),
    )
