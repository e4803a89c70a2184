"""Every problem that the service itself can answer with: code, status, and its title in two languages.

Codes of refused rules (409) and of faults in the input (422) come from the domain; their titles stand here by status.
"""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from domain.errors import Sentence


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """A kind of problem; `type` is `urn:kiteline:problem:<code>`."""

    code: str
    status: int
    title: Sentence


def _kind(code: str, status: HTTPStatus, zh: str, en: str) -> ProblemKind:
    return ProblemKind(code, int(status), Sentence(zh, en))


KEY_MISSING: Final = _kind(
    "idempotency_key_missing", HTTPStatus.BAD_REQUEST, "缺少 Idempotency-Key", "Idempotency-Key is missing"
)
UNREADABLE_REQUEST: Final = _kind(
    "unreadable_request", HTTPStatus.BAD_REQUEST, "请求不能识别", "The request cannot be read"
)
UNAUTHENTICATED: Final = _kind("unauthenticated", HTTPStatus.UNAUTHORIZED, "需要有效的令牌", "A valid token is needed")
FORBIDDEN: Final = _kind("forbidden", HTTPStatus.FORBIDDEN, "无权进行", "You may not do this")
NOT_FOUND: Final = _kind("not_found", HTTPStatus.NOT_FOUND, "没有找到", "Not found")
METHOD_NOT_ALLOWED: Final = _kind(
    "method_not_allowed",
    HTTPStatus.METHOD_NOT_ALLOWED,
    "此地址不接受这一方法",
    "This address does not take this method",
)
NOT_ACCEPTABLE: Final = _kind("not_acceptable", HTTPStatus.NOT_ACCEPTABLE, "没有所要的格式", "No such representation")
KEY_IN_FLIGHT: Final = _kind(
    "idempotency_key_in_flight", HTTPStatus.CONFLICT, "同一请求正在处理", "The same request is being worked on"
)
CURSOR_EXPIRED: Final = _kind("cursor_expired", HTTPStatus.GONE, "游标已过期", "The cursor has expired")
GONE: Final = _kind("gone", HTTPStatus.GONE, "已不再保留", "No longer kept")
NOT_IN_FEED: Final = _kind("event_not_in_feed", HTTPStatus.GONE, "数据流中没有此事件", "This event is not in the feed")
VERSION_MISMATCH: Final = _kind(
    "version_mismatch", HTTPStatus.PRECONDITION_FAILED, "版本已变", "The version has changed"
)
TOO_LARGE: Final = _kind("too_large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "内容过大", "The content is too large")
MEDIA_TYPE: Final = _kind(
    "unsupported_media_type", HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "不支持此内容类型", "This media type is not supported"
)
INVALID: Final = _kind("invalid", HTTPStatus.UNPROCESSABLE_ENTITY, "内容有误", "The input has faults")
KEY_REUSED: Final = _kind(
    "idempotency_key_reused",
    HTTPStatus.UNPROCESSABLE_ENTITY,
    "Idempotency-Key 已用于另一内容",
    "The Idempotency-Key was used for another body",
)
REFUSED: Final = _kind("refused", HTTPStatus.CONFLICT, "规则不允许", "A rule refuses this")
TOO_MANY_ATTEMPTS: Final = _kind("too_many_attempts", HTTPStatus.TOO_MANY_REQUESTS, "尝试过多", "Too many attempts")
TOO_MANY_SEARCHES: Final = _kind("too_many_searches", HTTPStatus.TOO_MANY_REQUESTS, "查找过于频繁", "Too many searches")
TOO_MANY_HEADERS: Final = _kind(
    "headers_too_large", HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "请求头过大", "The headers are too large"
)
INTERNAL: Final = _kind(
    "internal_error", HTTPStatus.INTERNAL_SERVER_ERROR, "服务内部错误", "Something went wrong inside"
)
STORE_UNAVAILABLE: Final = _kind(
    "store_unavailable", HTTPStatus.SERVICE_UNAVAILABLE, "存储暂不可用", "The store cannot be reached"
)
POSITION_NOT_REACHED: Final = _kind(
    "position_not_reached", HTTPStatus.SERVICE_UNAVAILABLE, "读模型尚未到达", "The read models are not there yet"
)
TOO_MANY_LISTENERS: Final = _kind(
    "too_many_listeners", HTTPStatus.SERVICE_UNAVAILABLE, "等候数据流者过多", "Too many wait for feeds already"
)
LOG_UNSOUND: Final = _kind(
    "log_unsound", HTTPStatus.SERVICE_UNAVAILABLE, "日志与已签署的检查点不符", "The log is not what was signed of it"
)
CHECKPOINT_NOT_REACHED: Final = _kind(
    "checkpoint_not_reached", HTTPStatus.SERVICE_UNAVAILABLE, "检查点尚未签署", "There is no checkpoint of it yet"
)
TIMED_OUT: Final = _kind("timed_out", HTTPStatus.GATEWAY_TIMEOUT, "处理超时", "The request took too long")

BY_STATUS: Final = {
    kind.status: kind
    for kind in (
        UNREADABLE_REQUEST,
        UNAUTHENTICATED,
        FORBIDDEN,
        NOT_FOUND,
        METHOD_NOT_ALLOWED,
        NOT_ACCEPTABLE,
        REFUSED,
        GONE,
        VERSION_MISMATCH,
        TOO_LARGE,
        MEDIA_TYPE,
        INVALID,
        TOO_MANY_ATTEMPTS,
        TOO_MANY_HEADERS,
        INTERNAL,
        STORE_UNAVAILABLE,
        TIMED_OUT,
    )
}
"""The kind that speaks for a status where nothing more exact is known; also what the document shows of a status."""
