"""The OpenAPI document: FastAPI's for the questions, ours for the commands, and every problem of every operation."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from api import problem_list as kinds
from api.answers import PROBLEM_JSON
from api.command_schemas import body_schema
from api.shapes.feeds import FeedEvent, NotInFeed
from api.shapes.problems import ProblemDetails
from api.shapes.recording import Recorded
from domain.member.commands import COMMANDS

if TYPE_CHECKING:
    from fastapi import FastAPI

    from domain.code_lists import CodeBook

READING: Final = (401, 403, 422, 500, 503, 504)
"""Problems that any question may be answered with."""
RECORDING: Final = (400, 401, 403, 409, 413, 415, 422, 500, 503, 504)
"""Problems that any recording may be answered with."""

_REF: Final = "#/components/schemas/{model}"
KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "one for each recording; sent again with the same body it brings the first answer 幂等键",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
IF_MATCH: Final = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "the version that the stream must be at, as in ETag; else 412",
    "schema": {"type": "string", "pattern": '^("[0-9]{1,18}"|[0-9]{1,18})$', "examples": ['"7"']},
}
_MEMBER: Final = {
    "name": "member_id",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "format": "uuid"},
}
_ETAG: Final = {"description": "the stream's version", "schema": {"type": "string"}}
REPLAYED: Final = {
    "description": "true when this is the first answer again",
    "schema": {"type": "string", "enum": ["true"]},
}


def problems(statuses: Iterable[int]) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of an operation for these statuses, for FastAPI's decorators."""
    return {status: _problem_response(status) for status in sorted(statuses)}


def answer_headers() -> dict[str, Any]:
    """Return the headers of a recording's answer."""
    return {"ETag": _ETAG, "Idempotency-Replayed": REPLAYED}


def takes(schema: dict[str, Any], *parameters: dict[str, Any]) -> dict[str, Any]:
    """Describe what a recording takes: its key, further parameters, and a body in JSON."""
    return {
        "parameters": [KEY, *parameters],
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
    }


def install(app: FastAPI) -> None:
    """Make the document when it is first asked for, and again when a code list has changed."""
    shown: list[CodeBook] = []

    def document() -> dict[str, Any]:
        book = app.state.service.kiteline.reference().code_lists
        if app.openapi_schema is None or shown != [book]:
            app.openapi_schema, shown[:] = build(app, book), [book]
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def build(app: FastAPI, book: CodeBook) -> dict[str, Any]:
    """Return the whole document; its enums hold every value that a code list has, had, or is to have."""
    document = get_openapi(
        title="风筝线 Kiteline",
        version=app.version,
        summary="Keeps organisations in touch with members who live and work away from home 流动党员双向管理",
        description=_DESCRIPTION,
        routes=app.routes,
    )
    document["paths"] |= _command_paths()
    _, definitions = models_json_schema(
        [(shape, "serialization") for shape in (ProblemDetails, Recorded, FeedEvent, NotInFeed)], ref_template=_REF
    )
    components = document.setdefault("components", {})
    components.setdefault("schemas", {}).update(definitions["$defs"])
    components["schemas"] |= {_body_name(verb): body_schema(command, book) for verb, command in COMMANDS.items()}
    components["schemas"].pop("HTTPValidationError", None)
    components["schemas"].pop("ValidationError", None)
    components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    for path, operations in document["paths"].items():
        for operation in operations.values():
            if path.startswith("/v1/"):
                operation["security"] = [{"bearer": []}]
    return document


def _command_paths() -> dict[str, Any]:
    return {f"/v1/members/{{member_id}}/{verb}": {"post": _command_operation(verb)} for verb in COMMANDS}


def _command_operation(verb: str) -> dict[str, Any]:
    command = COMMANDS[verb]
    recorded = {
        "description": "recorded 已记录",
        "headers": answer_headers(),
        "content": {"application/json": {"schema": {"$ref": _REF.format(model="Recorded")}}},
    }
    responses = {"201": recorded} | {str(status): one for status, one in problems({*RECORDING, 404, 412}).items()}
    return {
        "tags": ["recording 记录"],
        "operationId": verb.replace("-", "_"),
        "summary": f"{command.zh} {verb.replace('-', ' ').capitalize()}",
        "description": f"Records the fact `{command.body.fact}`.",
        "parameters": [_MEMBER, KEY, IF_MATCH],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": _REF.format(model=_body_name(verb))}}},
        },
        "responses": responses,
    }


def _body_name(verb: str) -> str:
    return "".join(part.capitalize() for part in verb.split("-"))


def _problem_response(status: int) -> dict[str, Any]:
    title = kinds.BY_STATUS[status].title
    response: dict[str, Any] = {
        "description": f"{title.zh} {title.en}",
        "content": {PROBLEM_JSON: {"schema": {"$ref": _REF.format(model="ProblemDetails")}}},
    }
    if status == 401:
        response["headers"] = {"WWW-Authenticate": {"required": True, "schema": {"type": "string"}}}
    if status in (429, 503):
        response["headers"] = {"Retry-After": {"required": True, "schema": {"type": "string"}}}
    return response


_DESCRIPTION: Final = """
Every recording is a command that becomes an event and is never changed; every question can be asked as of a moment
(`as_of`) and as known at a moment (`known_at`). Times are RFC 3339 with an offset; in a question a date means the
end of that day in Asia/Shanghai. Errors are problems (RFC 9457) in the language of `Accept-Language`: Chinese where
`zh` is preferred, else English.
"""
