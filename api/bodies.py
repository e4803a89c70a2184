"""Reading what a request carries beside its path: token, JSON body, Idempotency-Key, If-Match; each fault a problem."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import orjson

from api import problem_list as kinds
from api.problems import Problem, invalid, not_found, unauthenticated
from domain.errors import Fault, Sentence
from infra.recording.keys import Key

if TYPE_CHECKING:
    from starlette.requests import Request

    from infra.tokens.principal import Principal

_KEY: Final = re.compile(r"[!-~]{1,255}\Z")
_ETAG: Final = re.compile(r'(")?([0-9]{1,18})(?(1)")\Z')
_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z", re.IGNORECASE)
_DEEPEST: Final = 16

NO_TOKEN: Final = Sentence(
    "请在 Authorization 头中给出令牌：Bearer <JWT>", "Send a token in the Authorization header: Bearer <JWT>."
)
_NO_KEY: Final = Sentence(
    "每次记录都须有 Idempotency-Key 头：1 至 255 个可见 ASCII 字符，每次不同",
    "Every recording needs an Idempotency-Key header: 1 to 255 visible ASCII characters, another for each recording.",
)
_NOT_JSON: Final = Sentence("内容不是 JSON 对象", "The body is not a JSON object.")
_IF_MATCH: Final = Sentence('If-Match 应为一个版本，如 "7"', 'If-Match takes one version, as in "7".')


def bearer_token(request: Request) -> str:
    """Return the token as sent. Raises Problem (401)."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise unauthenticated(NO_TOKEN)
    return token.strip()


def member_id_of(request: Request) -> UUID:
    """Return the member id of the path; what is no id at all is not there (404)."""
    return read_id(request.path_params["member_id"])


def read_id(text: str) -> UUID:
    """Read an id as we write them. Raises Problem (404)."""
    if not _UUID.match(text):
        raise not_found(Sentence("没有这个党员", "There is no such member."))
    return UUID(text)


def key_text(request: Request) -> str:
    """Return the Idempotency-Key. Raises Problem (400)."""
    return read_key(request.headers.get("idempotency-key", "").strip(), "/header/Idempotency-Key")


def read_key(text: str, pointer: str) -> str:
    """Read a key. Raises Problem (400)."""
    if not _KEY.match(text):
        code = "unreadable" if text else "missing"
        raise Problem(kinds.KEY_MISSING, _NO_KEY, errors=[Fault(pointer, code, _NO_KEY, None)])
    return text


def key_for(principal: Principal, key: str, operation: str, payload: dict[str, Any]) -> Key:
    """Make the key of one recording: the caller's own, bound to the operation and to what the body means.

    Bodies are compared as JSON values, not as bytes, so that an item of a list sent later is the same as the command
    sent alone. Numbers, order of keys and white space may be written otherwise.
    """
    return Key(principal.caller, key, operation.encode() + b"\n" + orjson.dumps(payload, option=orjson.OPT_SORT_KEYS))


def expected_version(request: Request) -> int | None:
    """Return the version named by If-Match, in quotes or bare; None when there is none, or any will do.

    Raises Problem (400).
    """
    header = request.headers.get("if-match")
    if header is None or header.strip() == "*":
        return None
    match = _ETAG.match(header.strip().removeprefix("W/"))
    if match is None:
        raise Problem(
            kinds.UNREADABLE_REQUEST, _IF_MATCH, errors=[Fault("/header/If-Match", "unreadable", _IF_MATCH, '"7"')]
        )
    return int(match[2])


async def json_object(request: Request) -> dict[str, Any]:
    """Read the body as one JSON object. Raises Problem (415, 422)."""
    payload = await read_json(request)
    if not isinstance(payload, dict):
        raise invalid("", "unreadable", _NOT_JSON, '{"occurred_at": "2025-03-05"}')
    return payload


async def read_json(request: Request) -> object:
    """Read the body as JSON that PostgreSQL and JSON everywhere can hold. Raises Problem (415, 422)."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        sentence = Sentence("内容类型应为 application/json", "The content type must be application/json.")
        raise Problem(kinds.MEDIA_TYPE, sentence, headers={"Accept": "application/json"})
    body = await request.body()
    try:
        payload = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise invalid("", "unreadable", _NOT_JSON, '{"occurred_at": "2025-03-05"}') from None
    if b"\\u0000" in body or _depth(payload) > _DEEPEST:
        sentence = Sentence(
            "内容含有不能保存的字符，或嵌套过深",
            "The body holds a character that cannot be kept, or is nested too deep.",
        )
        raise invalid("", "unreadable", sentence, f"no U+0000, at most {_DEEPEST} levels")
    return payload


def _depth(value: object, level: int = 0) -> int:
    if level > _DEEPEST:
        return level
    if isinstance(value, dict):
        return max((_depth(one, level + 1) for one in value.values()), default=level + 1)
    if isinstance(value, list):
        return max((_depth(one, level + 1) for one in value), default=level + 1)
    return level
