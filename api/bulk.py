"""`POST /v1/commands`: many commands at once, item by item, as offline lists and other systems send them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import orjson
from fastapi import APIRouter, Request

from api import problem_list as kinds
from api.access import principal_of
from api.answers import JsonAnswer
from api.bodies import read_id, read_json, read_key
from api.command_schemas import MOMENT, ORGANISATION
from api.language import language_of
from api.openapi import RECORDING, problems
from api.problems import invalid, problem_of
from api.recording import record
from api.shapes.recording import BulkAnswer
from domain.errors import Fault, Invalid, Sentence
from domain.member.commands import COMMANDS
from domain.member.reading import MISSING, NOT_IN_LIST
from infra.logs import get_logger

if TYPE_CHECKING:
    from api.service import Service
    from infra.tokens.principal import Principal

MOST_ITEMS: Final = 1_000
_AT_ONCE: Final = 64
_OWN: Final = ("member_id", "command", "key")
_log = get_logger(__name__)

router = APIRouter(tags=["recording 记录"])

_ITEM: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "member_id": {"type": "string", "format": "uuid"},
        "command": {"type": "string", "enum": sorted(COMMANDS)},
        "key": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
        "occurred_at": MOMENT,
        "organisation": ORGANISATION,
    },
    "required": [*_OWN, "occurred_at"],
    "description": "the command's own fields stand beside these",
    "examples": [
        {
            "member_id": "0b6f2c51-7f0e-4c55-9d52-5d7c8a3e1f10",
            "command": "check-in",
            "key": "scan-17",
            "occurred_at": "2025-04-03T09:12:00+08:00",
            "region": "620102",
            "channel": "CODE",
        }
    ],
}


@router.post(
    "/v1/commands",
    operation_id="record_commands",
    summary="批量记录 Record many commands, item by item",
    description=(
        "Each item has its own key, with the meaning of the header Idempotency-Key, and its own outcome. Items of one "
        "member are taken in the order of the list."
    ),
    status_code=207,
    response_model=None,
    responses={207: {"model": BulkAnswer}, **problems(set(RECORDING) - {400, 409})},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": {"type": "array", "items": _ITEM, "minItems": 1, "maxItems": MOST_ITEMS}}
            },
        }
    },
)
async def record_commands(request: Request) -> JsonAnswer:
    """Record each item by itself; items of different members go to the store together."""
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    items = await read_json(request)
    if not isinstance(items, list) or not 1 <= len(items) <= MOST_ITEMS:
        sentence = Sentence("内容应为 1 至 {n} 项的列表", "The body is a list of 1 to {n} items.").filled(n=MOST_ITEMS)
        raise invalid("", "unreadable", sentence, f"1 … {MOST_ITEMS} items")
    accept = request.headers.get("accept-language")
    outcomes: list[dict[str, Any]] = [{} for _ in items]
    of_member: dict[object, list[int]] = {}
    for index, item in enumerate(items):
        member = item.get("member_id") if isinstance(item, dict) else None
        of_member.setdefault(member if isinstance(member, str) else index, []).append(index)
    room = asyncio.Semaphore(_AT_ONCE)

    async def in_order(indices: list[int]) -> None:
        async with room:
            for index in indices:
                outcomes[index] = {"index": index, **await _outcome(service, principal, items[index], accept)}

    async with asyncio.TaskGroup() as group:
        for indices in of_member.values():
            group.create_task(in_order(indices))
    return JsonAnswer({"items": outcomes}, status_code=207)


async def _outcome(service: Service, principal: Principal, item: object, accept: str | None) -> dict[str, Any]:
    try:
        member, command, key, payload = _read_item(item)
        receipt = await record(service, principal, member, command, payload, key, via="BULK")
    except Exception as error:  # noqa: BLE001 - one item's error is its own outcome
        problem = problem_of(error)
        if problem.kind is kinds.INTERNAL:
            _log.error("item failed", exc_info=error)
        return {"status": problem.kind.status, "replayed": False, "body": problem.content(language_of(accept))}
    return {"status": receipt.status, "replayed": receipt.replayed, "body": receipt.body()}


def _read_item(item: object) -> tuple[Any, str, str, dict[str, Any]]:
    if not isinstance(item, dict):
        sentence = Sentence("此项不是 JSON 对象", "This item is not a JSON object.")
        raise invalid("", "unreadable", sentence, orjson.dumps(_ITEM["examples"][0]).decode())
    absent = [name for name in _OWN if not isinstance(item.get(name), str) or not item[name]]
    if absent == ["key"]:
        read_key("", "/key")
    faults = [Fault(f"/{name}", "missing", MISSING, None) for name in absent]
    if not faults and item["command"] not in COMMANDS:
        faults.append(Fault("/command", "not_in_list", NOT_IN_LIST, sorted(COMMANDS)))
    if faults:
        raise Invalid(faults)
    payload = {name: value for name, value in item.items() if name not in _OWN}
    return read_id(item["member_id"]), item["command"], read_key(item["key"], "/key"), payload
