"""The log for who checks it: the signed checkpoints with their witnesses, the entries, and proofs for the browser."""

from __future__ import annotations

import asyncio
import hashlib
from base64 import b64decode
from typing import Any, Final

import orjson
from fastapi import Path
from starlette.responses import JSONResponse, Response

from api.actions import Action
from api.console.asking import Refused
from api.console.event_words import EventWords
from api.console.log_words import WORDS
from api.console.names import Names
from api.console.page import Page
from api.console.person import Person, SignedInPerson
from api.console.rendering import page
from api.console.routing import console_router
from api.problems import not_found

router = console_router()
PAGE: Final = Page("/log", "日志", "Log", Action.READ_LOG_ENTRIES)
_ENTRIES: Final = 20
_CHECKPOINTS: Final = 12
_TYPE_BEGINS: Final = "org.kiteline."


@router.get("/log", operation_id="console_log")
async def log(person: SignedInPerson, position: str = "", part: str | None = None) -> Response:
    """Show the latest checkpoint and the entries up to a position, the latest without one."""
    person.must_be_able_to(Action.READ_LOG_ENTRIES)
    checkpoints = await person.ask("/v1/log/checkpoints", limit=_CHECKPOINTS)
    size = checkpoints["position"]
    chosen = int(position) if position.isascii() and position.isdigit() and len(position) < 19 else 0
    last = min(chosen or size, size)
    entries = await _entries(person, max(1, last - _ENTRIES + 1), last) if last else []
    return page(
        person,
        "log_checkpoints.html" if part == "checkpoints" else "log.html",
        WORDS,
        checkpoints=[one for one in checkpoints["items"] if one["size"]],
        size=size,
        entries=entries[::-1],
        last=last,
        chosen=chosen,
        a_page=_ENTRIES,
        position=size,
    )


@router.get("/log/proof/{position}", operation_id="console_log_proof")
async def proof(person: SignedInPerson, position: int = Path(ge=1, le=2**62)) -> Response:
    """Send what proves an entry: for the browser to check, not for us to say."""
    person.must_be_able_to(Action.READ_LOG_ENTRIES)
    found, note = await asyncio.gather(
        person.ask("/v1/log/entries", **{"from": position, "to": position}), person.fetch("/v1/log/checkpoint")
    )
    if not found["items"]:
        raise not_found()
    checkpoint = note.content.decode()
    size = int(checkpoint.split("\n")[1])
    hashes = (await person.ask("/v1/log/proof", position=position, size=size))["hashes"]
    leaf = found["items"][0]["leaf"]
    return JSONResponse({"position": position, "leaf": leaf, "hashes": hashes, "size": size, "checkpoint": checkpoint})


@router.get("/log/grown/{size}", operation_id="console_log_grown")
async def grown(person: SignedInPerson, size: int = Path(ge=1, le=2**62)) -> Response:
    """Send what proves that the tree of an earlier checkpoint begins the one of the latest."""
    person.must_be_able_to(Action.READ_LOG_ENTRIES)
    older, note = await asyncio.gather(
        person.ask("/v1/log/checkpoints", limit=1_000), person.fetch("/v1/log/checkpoint")
    )
    found = next((one for one in older["items"] if one["size"] == size), None)
    if found is None:
        raise not_found()
    earlier = found["note"] + "".join(f"{one['line']}\n" for one in found["cosignatures"])
    checkpoint = note.content.decode()
    now = int(checkpoint.split("\n")[1])
    hashes = (await person.ask("/v1/log/proof", **{"from": size, "to": now}))["hashes"]
    return JSONResponse({"earlier": earlier, "checkpoint": checkpoint, "hashes": hashes})


async def _entries(person: Person, first: int, last: int) -> list[dict[str, Any]]:
    """Return entries in words, each with its leaf hash (RFC 6962: 0x00 before the leaf)."""
    try:
        found = await person.ask("/v1/log/entries", **{"from": first, "to": last})
    except Refused as refused:
        if refused.status != 422:
            raise
        return []
    words = EventWords(Names(person.service, person.language), person.language)
    return [_entry(one["position"], b64decode(one["leaf"]), words) for one in found["items"]]


def _entry(position: int, leaf: bytes, words: EventWords) -> dict[str, Any]:
    event = orjson.loads(leaf)
    fact = event["type"].removeprefix(_TYPE_BEGINS).rpartition(".v")[0]
    return {
        "position": position,
        "event_id": event["id"],
        "fact": fact,
        "title": words.title(fact),
        "time": event["time"],
        "subject": event.get("subject"),
        "is_members": bool(event.get("data", {}).get("after")),
        "hash": hashlib.sha256(b"\0" + leaf).hexdigest(),
        "text": orjson.dumps(event, option=orjson.OPT_INDENT_2).decode(),
    }
