"""Registers brought over HTTP: imported row by row, sent back with their errors marked for seven days."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import orjson
from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request
from starlette.datastructures import UploadFile
from starlette.responses import Response

from api import problem_list as kinds
from api.access import known_organisation, must_be_allowed_at, principal_of
from api.actions import Action
from api.answers import JsonAnswer
from api.bodies import key_text
from api.command_schemas import ORGANISATION
from api.language import Language, language_of
from api.openapi import KEY, READING, RECORDING, answer_headers, problems
from api.problems import Problem, invalid, not_found
from api.recording import caller_of
from api.shapes.registers import ImportReport as ImportReportShape
from api.shapes.registers import ImportRun as ImportRunShape
from domain.errors import Sentence
from infra.event_store.save import Save
from infra.metrics import IMPORT_ROWS
from infra.recording.drafts import new_id
from infra.recording.import_report import ImportReport
from infra.recording.import_run import Upload
from infra.recording.keys import Key
from infra.registers.annotated import write_annotated
from infra.registers.refusal import RegisterRefused

if TYPE_CHECKING:
    from api.service import Service
    from infra.event_store.save import Idempotency
    from infra.recording.drafts import Caller
    from infra.recording.receipts import Receipt

router = APIRouter()
_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_AT_ONCE: Final = CapacityLimiter(2)
"""A large register is much work: two at a time, others wait their turn."""

_FORM: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "file": {"type": "string", "format": "binary", "description": "a register, xlsx or csv 流出、流入台账"},
        "organisation": {**ORGANISATION, "description": "branches named in the file are looked up below it"},
        "dry_run": {"type": "boolean", "default": False, "description": "tell what would happen, record nothing"},
        "all_or_nothing": {
            "type": "boolean",
            "default": False,
            "description": "record nothing if any row has an error",
        },
    },
    "required": ["file"],
}
_DESCRIPTION: Final = """
Each row wholly or not at all; importing again adds only what is new. With `Prefer: respond-async` (RFC 7240) the answer
is 202 as soon as the upload is kept; `Location` tells how far it is, and a dry run's good rows can be recorded from
there. All or nothing, every row is checked before any is recorded; where one has an error the import ends as `refused`.
"""
_PREFER: Final = {
    "name": "Prefer",
    "in": "header",
    "required": False,
    "description": "respond-async: do not wait for the import 不等待",
    "schema": {"type": "string", "examples": ["respond-async"]},
}


@router.post(
    "/v1/imports",
    operation_id="import_register",
    summary="导入台账 Import a register",
    description=_DESCRIPTION,
    status_code=201,
    response_model=None,
    responses={
        201: {"model": ImportReportShape, "description": "imported 已导入", "headers": answer_headers()},
        200: {"model": ImportReportShape, "description": "a dry run: nothing was recorded 试运行"},
        202: {
            "model": ImportRunShape,
            "description": "kept, and worked on 已受理",
            "headers": {"Location": {"schema": {"type": "string"}}},
        },
        **problems({*RECORDING, 404}),
        422: {
            "description": "the file, or with all_or_nothing one of its rows, has errors; nothing was recorded",
            "content": {
                "application/json": {"schema": {"$ref": "#/components/schemas/ImportReport"}},
                "application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDetails"}},
            },
        },
    },
    openapi_extra={
        "parameters": [KEY, _PREFER],
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": _FORM}}},
    },
    tags=["recording 记录"],
)
async def import_register(request: Request) -> JsonAnswer:
    """Import the uploaded register for the organisation named, the caller's own if none is."""
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    key = key_text(request)
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        sentence = Sentence("内容类型应为 multipart/form-data", "The content type must be multipart/form-data.")
        raise Problem(kinds.MEDIA_TYPE, sentence, headers={"Accept": "multipart/form-data"})
    async with request.form(max_files=1, max_fields=8) as form:
        upload = form.get("file")
        if not isinstance(upload, UploadFile):
            raise invalid("/file", "missing", Sentence("缺少文件", "There is no file."), "xlsx or csv")
        content, filename = await upload.read(), upload.filename or "register.xlsx"
        texts = {name: value for name, value in form.multi_items() if isinstance(value, str)}
    dry_run = _flag(texts, "dry_run")
    all_or_nothing = _flag(texts, "all_or_nothing")
    organisation = known_organisation(service, texts.get("organisation") or principal.organisation, "/organisation")
    must_be_allowed_at(service, principal, Action.IMPORT_REGISTER, organisation=organisation)
    fields = orjson.dumps(sorted(texts.items()))
    asked = Key(principal.caller, key, b"imports\n" + fields + b"\n" + content)
    task = _Import(service, caller_of(principal, "IMPORT"), organisation, filename, content, dry_run, all_or_nothing)
    language = language_of(request.headers.get("accept-language"))
    if "respond-async" in request.headers.get("prefer", "").lower():
        return await to_thread.run_sync(task.begin, asked, principal.caller, language)
    return await to_thread.run_sync(task.answer, asked, principal.caller, language, limiter=_AT_ONCE)


@router.get(
    "/v1/imports/{import_id}/errors.xlsx",
    operation_id="read_import_errors",
    summary="错误标注的台账 The register with its errors marked, for seven days",
    response_model=None,
    responses={
        200: {
            "description": "the register, every cell text",
            "content": {_XLSX: {"schema": {"type": "string", "format": "binary"}}},
        },
        **problems({*READING, 404, 410}),
    },
    tags=["asking 查询"],
)
async def read_import_errors(request: Request, import_id: str) -> Response:
    """Send the register back, to who brought it and to the organisation department."""
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    wanted = import_id_of(import_id)
    kept = await to_thread.run_sync(service.imports.find, wanted)
    if kept is None:
        raise not_found()
    must_be_allowed_at(service, principal, Action.READ_IMPORT, organisation=kept.organisation, owner=kept.actor)
    if kept.content is None or kept.filename is None:
        sentence = Sentence("上传的台账只保留七天", "An uploaded register is kept for seven days.")
        raise Problem(kinds.GONE, sentence)
    report = kept.report
    if report is None:
        raise not_found()
    out = io.BytesIO()
    await to_thread.run_sync(
        write_annotated, kept.content, kept.filename, report.errors, report.warnings, out, limiter=_AT_ONCE
    )
    headers = {"Content-Disposition": 'attachment; filename="errors.xlsx"'}
    return Response(out.getvalue(), media_type=_XLSX, headers=headers)


class _Import:
    """One import, carried out in a thread."""

    def __init__(
        self,
        service: Service,
        caller: Caller,
        organisation: str,
        filename: str,
        content: bytes,
        dry_run: bool,
        all_or_nothing: bool,
    ) -> None:
        self._service = service
        self._caller = caller
        self._organisation = organisation
        self._filename = filename
        self._content = content
        self._dry_run = dry_run
        self._all_or_nothing = all_or_nothing

    def answer(self, key: Key, owner: str, language: Language) -> JsonAnswer:
        """Import unless this was done before; raises what `problem_of` translates."""
        keys = self._service.desk.keys
        row = keys.hashed(key)
        with keys.held(row):
            if (first := keys.replay(row)) is not None:
                return _again(first)
            report = self._imported()
            body = report.body(language)
            if self._dry_run:
                return JsonAnswer(body)
            if self._all_or_nothing and report.errors:
                return JsonAnswer(body, status_code=422)
            self._service.imports.keep(
                report, actor=owner, organisation=self._organisation, filename=self._filename, content=self._content
            )
            self._remember(keys.hashed(key, answer=orjson.dumps(body)))
            return JsonAnswer(body, status_code=201)

    def begin(self, key: Key, owner: str, language: Language) -> JsonAnswer:
        """Keep the upload unless this was done before, and tell where its progress is found."""
        keys, runs = self._service.desk.keys, self._service.importing.runs
        row = keys.hashed(key)
        with keys.held(row):
            first = keys.replay(row)
            import_id = UUID(new_id()) if first is None else UUID(first.extra["import_id"])
            if first is None:
                upload = Upload(
                    self._caller,
                    self._organisation,
                    self._filename,
                    self._content,
                    not self._dry_run,
                    self._all_or_nothing,
                )
                runs.begin(import_id, owner, upload)
                self._remember(keys.hashed(key, status=202, answer=orjson.dumps({"import_id": str(import_id)})))
        self._service.importing.wake()
        return accepted(self._service, import_id, language, replayed=first is not None)

    def _imported(self) -> ImportReport:
        try:
            report = self._service.importer.run(
                self._content,
                self._filename,
                organisation=self._organisation,
                caller=self._caller,
                dry_run=self._dry_run,
                all_or_nothing=self._all_or_nothing,
            )
        except RegisterRefused as refused:
            kind = kinds.TOO_LARGE if refused.code == "too_large" else kinds.INVALID
            raise Problem(kind, refused.sentence, code=refused.code) from refused
        for outcome in ("accepted", "already_known", "rejected"):
            IMPORT_ROWS.labels(outcome).inc(getattr(report, outcome))
        return report

    def _remember(self, row: Idempotency) -> None:
        self._service.kiteline.log.record(Save([], row))


def accepted(service: Service, import_id: UUID, language: Language, *, replayed: bool) -> JsonAnswer:
    """Answer that an import is worked on: how far it is, and where to ask again. Blocks."""
    run = service.importing.runs.find(import_id)
    if run is None:
        raise not_found()
    headers = {"Location": f"/v1/imports/{import_id}", **({"Idempotency-Replayed": "true"} if replayed else {})}
    return JsonAnswer(run.view(language), status_code=202, headers=headers)


def _again(first: Receipt) -> JsonAnswer:
    return JsonAnswer(
        {**first.extra, "position": first.position}, status_code=first.status, headers={"Idempotency-Replayed": "true"}
    )


def _flag(texts: dict[str, str], name: str) -> bool:
    value = texts.get(name, "false").lower()
    if value not in ("true", "false", "1", "0", ""):
        raise invalid(
            f"/{name}", "unreadable", Sentence("应为 true 或 false", "This is true or false."), ["true", "false"]
        )
    return value in ("true", "1")


def import_id_of(text: str) -> UUID:
    """Read the id of a path. Raises Problem (404)."""
    try:
        return UUID(text)
    except ValueError:
        raise not_found() from None
