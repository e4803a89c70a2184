"""What pages load beside themselves: styles and scripts of ours and of npm's, by content hash, kept for a year."""

from __future__ import annotations

import gzip
import hashlib
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.problems import not_found
from infra.failures import OperatorFailure

router = APIRouter(include_in_schema=False)
_OURS: Final = Path(__file__).parent / "static"
_FROM_NPM: Final = Path(sys.prefix) / "console" / "node_modules"
_TYPES: Final = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
FILES: Final = {
    "console.css": _OURS / "console.css",
    "print.css": _OURS / "print.css",
    "console.js": _OURS / "console.js",
    "waiting.js": _OURS / "waiting.js",
    "member.css": _OURS / "member.css",
    "flows.css": _OURS / "flows.css",
    "flows.js": _OURS / "flows.js",
    "officers.css": _OURS / "officers.css",
    "own.css": _OURS / "own.css",
    "proof.js": _OURS / "proof.js",
    "registers.css": _OURS / "registers.css",
    "registers.js": _OURS / "registers.js",
    "check_in.css": _OURS / "check_in.css",
    "check_in.js": _OURS / "check_in.js",
    "icon.svg": _OURS / "icon.svg",
    "htmx.js": _FROM_NPM / "htmx.org" / "dist" / "htmx.min.js",
    "echarts.js": _FROM_NPM / "echarts" / "dist" / "echarts.min.js",
}
"""Everything that a page may load, by the name that templates use."""
_FOR_A_YEAR: Final = "public, max-age=31536000, immutable"


class ConsoleFilesMissing(OperatorFailure):
    """What comes from npm was not set up."""


@dataclass(frozen=True, slots=True)
class File:
    """One file, as it is sent."""

    content: bytes
    compressed: bytes
    digest: str
    media_type: str


@cache
def loaded(name: str) -> File:
    """Read a file once. Raises ConsoleFilesMissing, or KeyError for a name that is none."""
    path = FILES[name]
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise ConsoleFilesMissing(
            f"缺少控制台文件 {path}；请运行 make setup。", f"The console's file {path} is missing: run make setup."
        ) from error
    digest = hashlib.sha256(content).hexdigest()[:16]
    return File(content, gzip.compress(content, 9, mtime=0), digest, _TYPES[path.suffix[1:]])


def address(name: str) -> str:
    """Return where a file is: another address for another content."""
    return f"/console/{loaded(name).digest}/{name}"


@router.get("/console/{digest}/{name}", operation_id="console_file")
def console_file(request: Request, digest: str, name: str) -> Response:
    """Send a file, compressed where the browser takes it."""
    if name not in FILES or loaded(name).digest != digest:
        raise not_found()
    file = loaded(name)
    headers = {"Cache-Control": _FOR_A_YEAR, "Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(file.compressed, headers={**headers, "Content-Encoding": "gzip"}, media_type=file.media_type)
    return Response(file.content, headers=headers, media_type=file.media_type)
