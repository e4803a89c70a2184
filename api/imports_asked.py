"""Imports as they go on: the caller's own, how far each is, what was found row by row, and recording what was tried."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import orjson
from anyio import to_thread
from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool

from api import problem_list as kinds
from api.access import must_be_allowed_at, principal_of
from api.actions import Action
from api.answers import JsonAnswer
from api.asking import CursorParameter, LimitParameter, Paging
from api.bodies import json_object, key_for, key_text
from api.command_schemas import closed
from api.imports import accepted, import_id_of
from api.language import Language, language_of
from api.openapi import READING, RECORDING, problems, takes
from api.problems import Problem, invalid, not_found
from api.recording import caller_of
from api.shapes.registers import FindingsPage, ImportsPage, ImportStandingsPage, RunState
from api.shapes.registers import ImportRun as ImportRunShape
from api.subscription_bodies import must_be_fields
from domain.errors import Refused, Sentence
from infra.event_store.save import Save

if TYPE_CHECKING:
    from uuid import UUID

    from api.service import Service
    from infra.recording.drafts import Caller
    from infra.recording.import_run import ImportRun
    from infra.recording.keys import Key
    from infra.tokens.principal import Principal

router = APIRouter(tags=["asking 查询"])
Severity = Annotated[Literal["error", "warning"] | None, Query(description="errors or warnings only 只看错误或提示")]
_TAKES_MODE: Final = takes(
    closed(
        {
            "all_or_nothing": {
                "type": "boolean",
                "description": "record nothing if any row has an error; default: as uploaded 全部正确才导入",
            }
        },
        [],
        examples=[{"all_or_nothing": False}],
    )
)
_TAKES_MODE["requestBody"]["required"] = False
_NOT_FOR_OPERATORS: Final = frozenset({"filename", "kept_until"})
_NOT_TRIED: Final = Sentence(
    "只有试运行完毕的台账才能导入；正在处理或已导入的不能再次导入",
    "What can be recorded is a register whose dry run is done; this one is being worked on, or was recorded already.",
)
_GONE: Final = Sentence(
    "上传的台账只保留七天，请重新上传", "An uploaded register is kept for seven days: upload it again."
)


@router.get(
    "/v1/imports",
    operation_id="list_imports",
    summary="我的导入 The caller's own imports, the latest first",
    response_model=None,
    responses={200: {"model": ImportsPage}, **problems({*READING, 410})},
)
async def list_imports(request: Request, *, limit: LimitParameter = 50, cursor: CursorParameter = None) -> JsonAnswer:
    """List what the caller imported."""
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    must_be_allowed_at(service, principal, Action.READ_IMPORT, owner=principal.caller)
    language = language_of(request.headers.get("accept-language"))

    def answered() -> JsonAnswer:
        head = service.kiteline.log.max_notification_id() or 0
        paging = Paging.begin(service, ("imports", principal.caller), cursor, limit, head)
        found = service.importing.runs.of(principal.caller, paging.after, limit + 1)
        items = [one.view(language) for one in found[:limit]]
        return paging.answer(items, position=head, after=items[-1]["import_id"] if len(found) > limit else None)

    return await run_in_threadpool(answered)


@router.get(
    "/v1/import-runs",
    operation_id="list_import_runs",
    summary="全部导入 Everybody's imports and how far they are, the latest first; not what their files are called",
    response_model=None,
    responses={200: {"model": ImportStandingsPage}, **problems({*READING, 410})},
)
async def list_import_runs(
    request: Request,
    *,
    state: Annotated[list[RunState] | None, Query(description="in one of these states 状态")] = None,
    limit: LimitParameter = 50,
    cursor: CursorParameter = None,
) -> JsonAnswer:
    """List what waits, is under way, was recorded or failed in the whole deployment."""
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    must_be_allowed_at(service, principal, Action.READ_STATUS)
    language = language_of(request.headers.get("accept-language"))
    states: list[str] | None = None if not state else sorted(set(state))

    def answered() -> JsonAnswer:
        head = service.kiteline.log.max_notification_id() or 0
        paging = Paging.begin(service, ("import-runs", principal.caller, states), cursor, limit, head)
        found = service.importing.runs.of_all(states, paging.after, limit + 1)
        views = [one.view(language) for one in found[:limit]]
        items = [{name: told for name, told in view.items() if name not in _NOT_FOR_OPERATORS} for view in views]
        return paging.answer(items, position=head, after=items[-1]["import_id"] if len(found) > limit else None)

    return await run_in_threadpool(answered)


@router.get(
    "/v1/imports/{import_id}",
    operation_id="read_import",
    summary="导入进度 How far an import is, and what became of it",
    response_model=None,
    responses={200: {"model": ImportRunShape}, **problems({*READING, 404})},
)
async def read_import(request: Request, import_id: str) -> JsonAnswer:
    """Tell how far an import is."""
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    run = await _for_reading(service, principal, import_id)
    return JsonAnswer(run.view(language_of(request.headers.get("accept-language"))))


@router.get(
    "/v1/imports/{import_id}/findings",
    operation_id="list_import_findings",
    summary="逐行问题 What was found, by sheet and row, with what would be right",
    response_model=None,
    responses={200: {"model": FindingsPage}, **problems({*READING, 404, 410})},
)
async def list_import_findings(
    request: Request,
    import_id: str,
    *,
    severity: Severity = None,
    limit: LimitParameter = 50,
    cursor: CursorParameter = None,
) -> JsonAnswer:
    """List errors and warnings; no personal value is in them."""
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    run = await _for_reading(service, principal, import_id)
    language = language_of(request.headers.get("accept-language"))

    def answered() -> JsonAnswer:
        position = 0 if run.counts is None else run.counts["position"]
        ended = None if run.ended_at is None else run.ended_at.isoformat()
        paging = Paging.begin(service, ("findings", import_id, severity, ended), cursor, limit, position)
        start = paging.after or 0
        found = service.importing.runs.findings(run.import_id)
        wanted = [pair for pair in found if severity is None or pair[0] == severity]
        items = [_finding(*pair, language) for pair in wanted[start : start + limit]]
        after = start + limit if len(wanted) > start + limit else None
        return paging.answer(items, position=position, after=after)

    return await run_in_threadpool(answered)


@router.post(
    "/v1/imports/{import_id}/record",
    operation_id="record_import",
    summary="导入试运行过的台账 Record the good rows of a register that was tried",
    description=(
        "As if it had been uploaded again without `dry_run`, and all or nothing as it was unless that is said here; "
        "also after an import that was refused as a whole. The answer tells where its progress is found."
    ),
    status_code=202,
    response_model=None,
    responses={202: {"model": ImportRunShape, "description": "accepted 已受理"}, **problems({*RECORDING, 404, 410})},
    openapi_extra=_TAKES_MODE,
    tags=["recording 记录"],
)
async def record_import(request: Request, import_id: str) -> JsonAnswer:
    """Let a dry run be recorded."""
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    key = key_text(request)
    payload = await json_object(request) if await request.body() else {}
    run = await _for_reading(service, principal, import_id)
    must_be_allowed_at(service, principal, Action.IMPORT_REGISTER, organisation=run.organisation)
    language = language_of(request.headers.get("accept-language"))
    asked = key_for(principal, key, f"imports/{run.import_id}/record", payload)
    whole = _mode(payload, run.all_or_nothing)
    return await to_thread.run_sync(_recorded, service, caller_of(principal, "IMPORT"), run, asked, language, whole)


def _mode(payload: dict[str, Any], before: bool) -> bool:
    """Read whether it is all or nothing. Raises Problem (422)."""
    must_be_fields(payload, ("all_or_nothing",))
    whole = payload.get("all_or_nothing", before)
    if not isinstance(whole, bool):
        sentence = Sentence("应为 true 或 false", "This is true or false.")
        raise invalid("/all_or_nothing", "unreadable", sentence, ["true", "false"])
    return whole


def _recorded(
    service: Service, caller: Caller, run: ImportRun, asked: Key, language: Language, whole: bool
) -> JsonAnswer:
    keys = service.desk.keys
    row = keys.hashed(asked)
    with keys.held(row):
        replayed = keys.replay(row) is not None
        if not replayed:
            if run.kept_until is None:
                raise Problem(kinds.GONE, _GONE)
            if not service.importing.runs.record(run.import_id, caller, all_or_nothing=whole):
                raise Refused("import_not_tried", _NOT_TRIED)
            answer = orjson.dumps({"import_id": str(run.import_id)})
            service.kiteline.log.record(Save([], keys.hashed(asked, status=202, answer=answer)))
    service.importing.wake()
    return accepted(service, run.import_id, language, replayed=replayed)


async def _for_reading(service: Service, principal: Principal, text: str) -> ImportRun:
    """Return an import of the caller's, or of the department's organisations. Raises Problem (404)."""
    wanted: UUID = import_id_of(text)
    run = await run_in_threadpool(service.importing.runs.find, wanted)
    if run is None:
        raise not_found()
    must_be_allowed_at(service, principal, Action.READ_IMPORT, organisation=run.organisation, owner=run.actor)
    return run


def _finding(severity: str, kept: dict[str, Any], language: Language) -> dict[str, Any]:
    message = kept["message_en" if language == "en" else "message_zh"]
    return {
        "severity": severity,
        **{name: kept[name] for name in ("sheet", "row", "column", "field", "code", "expected")},
        "message": message,
    }
