"""Witnessing sisters' logs (C2SP tlog-witness): what goes on from the last checkpoint is cosigned, nothing else."""

from __future__ import annotations

import re
import time
from base64 import b64decode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api import problem_list as kinds
from api.openapi import problems
from api.problems import Problem, not_found
from domain.errors import Sentence
from infra.logs import get_logger
from infra.metrics import WITNESSED
from infra.notes import signed_note
from infra.notes.checkpoint import Checkpoint, read_signed, read_text
from infra.notes.cosignature import cosign
from infra.notes.signed_note import NoteRefused
from infra.notes.witness_keys import own_witness, witnessed_logs
from projections.merkle import EMPTY_ROOT, ProofRefused, check_consistency

if TYPE_CHECKING:
    from psycopg import Connection

    from api.service import Service

router = APIRouter(tags=["log 日志"])
_log = get_logger(__name__)

_OLD: Final = re.compile(r"old (0|[1-9][0-9]{0,18})")
_MOST_HASHES: Final = 63
_TEXT: Final = {"text/plain": {"schema": {"type": "string"}}}
_SIZE_TYPE: Final = "text/x.tlog.size"
_BEGIN: Final = """
INSERT INTO witnessed_checkpoint (origin, size, root) VALUES (%s, 0, %s) ON CONFLICT (origin) DO NOTHING
"""
_LAST: Final = "SELECT size, root FROM witnessed_checkpoint WHERE origin = %s FOR UPDATE"
_KEEP: Final = """
UPDATE witnessed_checkpoint SET size = %s, root = %s, note = %s, cosigned_at = clock_timestamp() WHERE origin = %s
"""
_NOTE: Final = "SELECT note FROM witnessed_checkpoint WHERE origin = %s AND note IS NOT NULL"
_MALFORMED: Final = Sentence(
    "请求不是 tlog-witness 的 add-checkpoint：{why}", "This is no add-checkpoint request: {why}."
)
_BODY: Final = {"requestBody": {"required": True, "content": _TEXT}}


class _Conflict(Exception):
    """The request goes on from another size than the last one cosigned, or tells of another tree of that size."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.size = size


@dataclass(frozen=True, slots=True)
class _Submitted:
    """An add-checkpoint request, taken apart; nobody has checked it."""

    old: int
    proof: tuple[bytes, ...]
    note: str


@router.post(
    "/v1/log/add-checkpoint",
    operation_id="add_checkpoint",
    summary="见证 Cosign a sister's checkpoint (C2SP tlog-witness); for logs configured here",
    response_model=None,
    openapi_extra=_BODY,
    responses={
        200: {"description": "cosignature lines", "content": _TEXT},
        409: {"description": "the size last cosigned", "content": {_SIZE_TYPE: {"schema": {"type": "string"}}}},
        **problems({400, 403, 404, 413, 422, 500, 503, 504}),
    },
)
async def add_checkpoint(request: Request) -> Response:
    """Check signature and consistency, remember, cosign."""
    service: Service = request.app.state.service
    body = await request.body()
    try:
        line = await run_in_threadpool(_cosigned, service, body)
    except _Conflict as conflict:
        return Response(f"{conflict.size}\n", status_code=409, headers={"Content-Type": _SIZE_TYPE})
    return Response(f"{line}\n", media_type="text/plain; charset=utf-8")


@router.get(
    "/v1/log/witness-key",
    operation_id="read_witness_key",
    summary="见证公钥 The key that checks our cosignatures; never a key of our log",
    response_model=None,
    responses={200: {"description": "a verifier key of type 4", "content": _TEXT}, **problems({500, 503, 504})},
)
async def read_witness_key(request: Request) -> Response:
    """Write the verifier key, one line."""
    service: Service = request.app.state.service
    signer = await run_in_threadpool(own_witness, service.settings)
    return Response(f"{signer.verifier.line}\n", media_type="text/plain; charset=utf-8")


@router.get(
    "/v1/log/witnessed",
    operation_id="read_witnessed_checkpoint",
    summary="所见检查点 A sister's checkpoint as last cosigned here, to compare with what others saw",
    response_model=None,
    responses={200: {"description": "a signed note", "content": _TEXT}, **problems({404, 422, 500, 503, 504})},
)
async def read_witnessed_checkpoint(
    request: Request, origin: Annotated[str, Query(min_length=1, max_length=255)]
) -> Response:
    """Answer with the note as her log signed it."""
    service: Service = request.app.state.service

    def found() -> str:
        with service.kiteline.log.reading() as connection:
            row = connection.execute(_NOTE, (origin.replace("\0", ""),)).fetchone()
        if row is None:
            raise not_found()
        return str(row[0])

    return Response(await run_in_threadpool(found), media_type="text/plain; charset=utf-8")


def _cosigned(service: Service, body: bytes) -> str:
    submitted = _read(body)
    checkpoint = _of_a_known_log(service, submitted)
    if submitted.old > checkpoint.size:
        raise _malformed("the old size is larger than the checkpoint's")
    signer = own_witness(service.settings)
    with service.kiteline.log.reading() as connection, connection.transaction():
        _must_go_on(connection, submitted, checkpoint)
        connection.execute(_KEEP, (checkpoint.size, checkpoint.root, submitted.note, checkpoint.origin))
    WITNESSED.labels("cosigned").inc()
    return cosign(signer, checkpoint.text, int(time.time()))


def _must_go_on(connection: Connection[Any], submitted: _Submitted, checkpoint: Checkpoint) -> None:
    """Let pass what goes on from the last checkpoint cosigned; the row stays locked until the new one is kept."""
    connection.execute(_BEGIN, (checkpoint.origin, EMPTY_ROOT))
    size, root = connection.execute(_LAST, (checkpoint.origin,)).fetchone() or (0, EMPTY_ROOT)
    if submitted.old != size:
        raise _Conflict(size)
    if size == checkpoint.size and bytes(root) != checkpoint.root:
        _tell_fork(checkpoint, "another root of one size")
        raise _Conflict(size)
    try:
        check_consistency(size, checkpoint.size, bytes(root), checkpoint.root, submitted.proof)
    except ProofRefused as refused:
        _tell_fork(checkpoint, str(refused))
        sentence = Sentence("一致性证明不成立：{why}", "The consistency proof does not hold: {why}.").filled(
            why=refused
        )
        raise Problem(kinds.INVALID, sentence, code="consistency_refused") from refused


def _tell_fork(checkpoint: Checkpoint, why: str) -> None:
    WITNESSED.labels("refused").inc()
    _log.error(
        "a signed checkpoint does not go on from the last", origin=checkpoint.origin, size=checkpoint.size, why=why
    )


def _of_a_known_log(service: Service, submitted: _Submitted) -> Checkpoint:
    try:
        origin = read_text(signed_note.read(submitted.note).text).origin
    except NoteRefused as refused:
        raise _malformed(str(refused)) from refused
    keys = witnessed_logs(service.settings).get(origin)
    if keys is None:
        raise not_found(Sentence("此处不见证这一日志", "This log is not witnessed here."))
    try:
        checkpoint, note = read_signed(submitted.note, keys)
    except NoteRefused as refused:
        sentence = Sentence("没有该日志可信密钥的签名", "No trusted key of this log signed it.")
        raise Problem(kinds.FORBIDDEN, sentence, code="signature_refused") from refused
    if note.text != checkpoint.text:
        raise _malformed("extension lines are not cosigned here")
    return checkpoint


def _read(body: bytes) -> _Submitted:
    try:
        head, _, note = body.decode().partition("\n\n")
    except UnicodeDecodeError:
        raise _malformed("not UTF-8") from None
    first, *hashes = head.split("\n")
    old = _OLD.fullmatch(first)
    if old is None:
        raise _malformed("the first line says the old size")
    if len(hashes) > _MOST_HASHES:
        raise _malformed("more than 63 hashes")
    try:
        proof = tuple(b64decode(line.encode(), validate=True) for line in hashes)
    except ValueError:
        proof = (b"",)
    if any(len(one) != 32 for one in proof):
        raise _malformed("a line of the proof is 32 bytes in base64")
    return _Submitted(int(old[1]), proof, note)


def _malformed(why: str) -> Problem:
    return Problem(kinds.UNREADABLE_REQUEST, _MALFORMED.filled(why=why))
