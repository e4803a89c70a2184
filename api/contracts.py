"""The documents that subscribers hold on to: published schemas, as published, and AsyncAPI. No token is needed."""

from __future__ import annotations

from functools import cache
from importlib import metadata
from itertools import groupby
from typing import Any, Final

import orjson
from fastapi import APIRouter
from starlette.responses import Response

from api.answers import JsonAnswer
from api.openapi import problems
from api.problems import not_found
from api.shapes.contracts import PublishedSchemas
from infra.contracts.asyncapi import asyncapi_document
from infra.contracts.releases import ENVELOPE, event_type, released

router = APIRouter(tags=["contracts 约定"])

SCHEMA_JSON: Final = "application/schema+json"
_OPEN: Final = (500, 503, 504)
_FOR_EVER: Final = {"Cache-Control": "public, max-age=31536000, immutable"}
_FOR_NOW: Final = {"Cache-Control": "public, max-age=300"}
_DOCUMENT: Final = {"application/json": {"schema": {"type": "object", "description": "AsyncAPI 3.1"}}}
_SCHEMA: Final = {SCHEMA_JSON: {"schema": {"type": "object", "description": "JSON Schema, draft 07"}}}


@router.get(
    "/schemas/",
    operation_id="list_schemas",
    summary="事件格式目录 Every schema ever published, with all its versions",
    response_model=PublishedSchemas,
    responses=problems(_OPEN),
)
async def list_schemas() -> JsonAnswer:
    """List them by name; the newest version of each stands last."""
    return JsonAnswer({"items": _index()}, headers=_FOR_NOW)


@router.get(
    "/schemas/{name}/{version}.json",
    operation_id="read_schema",
    summary="事件格式 What the data of an event holds: the path that `dataschema` names, never changed",
    response_model=None,
    responses={200: {"description": "as published", "content": _SCHEMA}, **problems({404, *_OPEN})},
)
async def read_schema(name: str, version: str) -> Response:
    """Hand out the bytes that were published; whoever has them need not ask again."""
    content = _by_path().get(f"/schemas/{name}/{version}.json")
    if content is None:
        raise not_found()
    return Response(content, media_type=SCHEMA_JSON, headers=_FOR_EVER)


@router.get(
    "/asyncapi.json",
    operation_id="read_asyncapi",
    summary="数据流文档 Topics, feeds and webhooks, with every message on them (AsyncAPI 3.1)",
    response_model=None,
    responses={200: {"description": "the document", "content": _DOCUMENT}, **problems(_OPEN)},
)
async def read_asyncapi() -> Response:
    """Hand out the document; its references lead to the schemas beside it."""
    return Response(_asyncapi(), media_type="application/json", headers=_FOR_NOW)


@cache
def _asyncapi() -> bytes:
    return orjson.dumps(asyncapi_document(metadata.version("kiteline")))


@cache
def _by_path() -> dict[str, bytes]:
    return {version.path: content for version, content in released().items()}


@cache
def _index() -> list[dict[str, Any]]:
    found = []
    for name, group in groupby(released(), key=lambda version: version.name):
        versions = list(group)
        last = versions[-1]
        found.append(
            {
                "name": name,
                "title": orjson.loads(released()[last])["title"],
                "type": None if name == ENVELOPE else event_type(last),
                "versions": [{"version": one.text, "path": one.path} for one in versions],
            }
        )
    return found
