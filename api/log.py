"""The log for those who check it: checkpoint, keys, tiles, proofs; its entries for auditors and witnesses."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api import log_asking
from api.access import must_be_allowed_at, principal_of
from api.actions import Action
from api.answers import JsonAnswer
from api.asking import CursorParameter, LimitParameter, Paging
from api.openapi import problems
from api.problems import Problem, invalid, not_found
from api.shapes.log import CheckpointsPage, EntriesAnswer, ProofAnswer
from domain.errors import Sentence
from infra.notes.log_keys import load_log_keys
from infra.notes.witness_keys import witnesses
from projections.log_tiles import tile

if TYPE_CHECKING:
    from api.service import Service
    from infra.tokens.principal import Principal

router = APIRouter(tags=["log 日志"])

_OPEN: Final = (500, 503, 504)
_MOST: Final = 2**62
_TEXT: Final = {"text/plain": {"schema": {"type": "string"}}}
_BYTES: Final = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
Place = Annotated[int | None, Query(ge=0, le=_MOST)]


@router.get(
    "/v1/log/checkpoint",
    operation_id="read_checkpoint",
    summary="检查点 The signed tree of all that is recorded (C2SP tlog-checkpoint)",
    response_model=None,
    responses={200: {"description": "a signed note", "content": _TEXT}, **problems(_OPEN)},
)
async def read_checkpoint(request: Request) -> Response:
    """Sign at once what was not signed yet; the last checkpoint where that takes longer than 2 s."""
    service: Service = request.app.state.service
    _, note = await run_in_threadpool(log_asking.checkpoint_now, service)
    return Response(note, media_type="text/plain; charset=utf-8")


@router.get(
    "/v1/log/checkpoints",
    operation_id="list_checkpoints",
    summary="历次检查点 Checkpoints as they were signed, the latest first, each with its witnesses' cosignatures",
    response_model=None,
    responses={200: {"model": CheckpointsPage}, **problems({401, 403, 410, 422, *_OPEN})},
)
async def list_checkpoints(request: Request, limit: LimitParameter = 50, cursor: CursorParameter = None) -> JsonAnswer:
    """List the checkpoints of the log's present name: what consistency proofs go between."""
    service: Service = request.app.state.service
    principal = await _auditor(request, service)
    paging = Paging.begin(service, ("checkpoints", principal.caller), cursor, limit, 0)
    found = await run_in_threadpool(log_asking.checkpoints, service, paging.after, limit + 1)
    after = found[limit - 1]["size"] if len(found) > limit else None
    return paging.answer(found[:limit], position=found[0]["size"] if found else 0, after=after)


@router.get(
    "/v1/log/key",
    operation_id="read_log_key",
    summary="验证公钥 The key that checks the checkpoint: one line, two while keys are rotated",
    response_model=None,
    responses={200: {"description": "verifier keys (C2SP signed-note)", "content": _TEXT}, **problems(_OPEN)},
)
async def read_log_key(request: Request) -> Response:
    """Write the verifier keys, the newest first."""
    service: Service = request.app.state.service

    def lines() -> str:
        signers = load_log_keys(service.settings).signers(log_asking.origin_of(service))
        return "".join(f"{one.verifier.line}\n" for one in signers)

    return Response(await run_in_threadpool(lines), media_type="text/plain; charset=utf-8")


@router.get(
    "/v1/log/witness-keys",
    operation_id="read_witness_keys",
    summary="见证方公钥 The keys that check the cosignatures under our checkpoints, as this deployment has them",
    response_model=None,
    responses={200: {"description": "verifier keys of type 4, a line a witness", "content": _TEXT}, **problems(_OPEN)},
)
async def read_witness_keys(request: Request) -> Response:
    """Write the verifier keys of the witnesses that are asked to cosign, by name; nothing where there are none."""
    service: Service = request.app.state.service
    lines = sorted(f"{one.line}\n" for one in witnesses(service.settings).values())
    return Response("".join(lines), media_type="text/plain; charset=utf-8")


@router.get(
    "/v1/log/proof",
    operation_id="read_log_proof",
    summary="证明 That a position is in a tree (position, size), or that a tree begins another (from, to)",
    response_model=None,
    responses={200: {"model": ProofAnswer}, **problems({404, 422, *_OPEN})},
)
async def read_log_proof(
    request: Request,
    position: Annotated[int | None, Query(ge=1, le=_MOST)] = None,
    size: Place = None,
    old: Annotated[int | None, Query(ge=0, le=_MOST, alias="from")] = None,
    new: Annotated[int | None, Query(ge=0, le=_MOST, alias="to")] = None,
) -> JsonAnswer:
    """Prove one or the other; sizes are those of trees, positions count from 1."""
    service: Service = request.app.state.service
    if position is not None and size is not None and old is None and new is None:
        if position > size:
            raise _impossible("/query/position", f"1 … {size}")
        hashes = await run_in_threadpool(log_asking.inclusion, service, position, size)
    elif old is not None and new is not None and position is None and size is None:
        if old > new:
            raise _impossible("/query/from", f"0 … {new}")
        hashes = await run_in_threadpool(log_asking.consistency, service, old, new)
    else:
        sentence = Sentence("请给出 position 与 size，或 from 与 to", "Give position and size, or from and to.")
        raise invalid("/query", "missing", sentence, "position=&size=, from=&to=")
    return JsonAnswer({"hashes": hashes})


@router.get(
    "/v1/log/entries",
    operation_id="read_log_entries",
    summary="日志条目 The exact leaves between two positions, both included; at most 1,000 at once",
    response_model=None,
    responses={200: {"model": EntriesAnswer}, **problems({401, 403, 422, *_OPEN})},
)
async def read_log_entries(
    request: Request,
    first: Annotated[int, Query(ge=1, le=_MOST, alias="from")],
    last: Annotated[int, Query(ge=1, le=_MOST, alias="to")],
) -> JsonAnswer:
    """Answer with fewer than asked for where they are many; never with none within the log."""
    service: Service = request.app.state.service
    await _auditor(request, service)
    if first > last:
        raise _impossible("/query/from", f"1 … {last}")
    found = await run_in_threadpool(log_asking.leaves, service, first, last)
    items = [{"position": position, "leaf": b64encode(leaf).decode()} for position, leaf in found]
    return JsonAnswer({"items": items})


@router.get(
    "/v1/log/tile/{tile_path:path}",
    operation_id="read_log_tile",
    summary="切片 Hashes of the tree: <L>/<N>[.p/<W>]; entries/<N>[.p/<W>] for auditors (C2SP tlog-tiles)",
    response_model=None,
    responses={
        200: {"description": "a tile or an entry bundle", "content": _BYTES},
        **problems({401, 403, 404, *_OPEN}),
    },
)
async def read_log_tile(request: Request, tile_path: str) -> Response:
    """Hand out a tile as far as it is asked for; partial tiles go on being there when the full one exists."""
    service: Service = request.app.state.service
    asked = log_asking.read_tile_path(tile_path)
    if asked is None:
        raise not_found()
    level, index, width = asked
    if level is None:
        await _auditor(request, service)
        content = await run_in_threadpool(log_asking.bundle, service, index, width)
    else:
        content = await run_in_threadpool(_tile, service, level, index, width)
    if content is None:
        raise not_found()
    return Response(content, media_type="application/octet-stream")


def _tile(service: Service, level: int, index: int, width: int) -> bytes | None:
    with service.kiteline.log.reading() as connection:
        return tile(connection, level, index, width)


async def _auditor(request: Request, service: Service) -> Principal:
    principal = await principal_of(request, service)
    must_be_allowed_at(service, principal, Action.READ_LOG_ENTRIES)
    return principal


def _impossible(pointer: str, expected: Any) -> Problem:
    sentence = Sentence("超出所问的树", "This lies outside the tree that is asked about.")
    return invalid(pointer, "not_in_list", sentence, expected)
