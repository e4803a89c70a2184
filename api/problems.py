"""Everything that can go wrong, answered in one place as RFC 9457 problems in the caller's language."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import psycopg
from fastapi.exceptions import RequestValidationError
from psycopg_pool import PoolTimeout
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api import problem_list as kinds
from api.answers import ProblemAnswer, stream_etag
from api.language import Language, language_of, said_in
from domain.errors import Fault, Invalid, Refused, Sentence
from domain.member.merging.state import MergedAway
from infra.event_store.refusals import StoreUnavailable
from infra.recording.attempts import TooManyAttempts
from infra.recording.errors import (
    KeyInFlight,
    KeyReused,
    MergedInto,
    NoSuchActivity,
    NoSuchAgreement,
    NoSuchMember,
    NoSuchMerge,
    NoSuchPost,
    NoSuchVenue,
    TooContended,
    VersionMismatch,
)
from infra.tokens.refusal import TokenRefused
from infra.webhooks.desk import NoSuchSubscription

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.types import Scope

    from api.problem_list import ProblemKind

RETRY_SECONDS = 2
_MOVED = 308
_CHALLENGE = 'Bearer realm="kiteline"'
_UNAVAILABLE = Sentence(
    "数据库暂不可用，请稍后重试；未作记录", "The database is away; nothing was recorded. Try again soon."
)
_UNKNOWN_OUTCOME = Sentence(
    "数据库的答复丢失，可能已记录；请用同一 Idempotency-Key 重试",
    "The database's answer was lost and it may have recorded this; the same Idempotency-Key finds out.",
)
_INTERNAL = Sentence(
    "服务内部出错，已记入日志；请稍后重试", "The service made an error, which is in its log. Try again later."
)


PageOf = Callable[["Scope", "Problem"], Awaitable[Response | None]]
"""Makes a page of a problem where somebody looks at one."""


class Problem(Exception):
    """A problem to answer with; `detail` says what is wrong here and what would be right."""

    def __init__(
        self,
        kind: ProblemKind,
        detail: Sentence,
        *,
        code: str | None = None,
        errors: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, Any] | None = None,
    ) -> None:
        """`code` where it is more exact than the kind's own, as with rules; `members` is what it tells beside."""
        super().__init__(f"{kind.status} {code or kind.code}: {detail.en}")
        self.kind = kind
        self.detail = detail
        self.code = code or kind.code
        self.errors = errors
        self.headers = dict(headers or {})
        self.members = dict(members or {})

    def content(self, language: Language) -> dict[str, Any]:
        """Return the problem as JSON values."""
        content: dict[str, Any] = {
            "type": f"urn:kiteline:problem:{self.code}",
            "title": said_in(self.kind.title, language),
            "status": self.kind.status,
            "code": self.code,
            "detail": said_in(self.detail, language),
            **self.members,
        }
        if self.errors:
            content["errors"] = [
                {
                    "pointer": fault.pointer,
                    "code": fault.code,
                    "detail": said_in(fault.sentence, language),
                    "expected": fault.expected,
                }
                for fault in self.errors
            ]
        return content

    def answer(self, accept_language: str | None) -> Response:
        """Write the problem in the caller's language."""
        language = language_of(accept_language)
        headers = {"Content-Language": language, "Vary": "Accept-Language", **self.headers}
        return ProblemAnswer(self.content(language), status_code=self.kind.status, headers=headers)


def unavailable(kind: ProblemKind, detail: Sentence) -> Problem:
    """Return a 503 that says when to come back."""
    return Problem(kind, detail, headers={"Retry-After": str(RETRY_SECONDS)})


def not_found(what: Sentence | None = None) -> Problem:
    """Return the one 404 for what is not there and for what the caller may not know of."""
    return Problem(kinds.NOT_FOUND, what or Sentence("没有这个地址或对象", "There is nothing at this address."))


def unauthenticated(detail: Sentence, code: str | None = None) -> Problem:
    """Return a 401 with its challenge (RFC 6750); `code` says what is wrong with the token that was sent."""
    challenge = _CHALLENGE if code is None else f'{_CHALLENGE}, error="invalid_token"'
    return Problem(kinds.UNAUTHENTICATED, detail, code=code, headers={"WWW-Authenticate": challenge})


def invalid(pointer: str, code: str, sentence: Sentence, expected: str | list[str] | None = None) -> Problem:
    """Return a 422 for one fault."""
    return problem_of(Invalid([Fault(pointer, code, sentence, expected)]))


def problem_of(error: Exception) -> Problem:  # noqa: C901, PLR0911, PLR0912 - one line an error, in the one place where they are translated
    """Translate any error; what is not foreseen is an internal error that tells nothing of itself."""
    match error:
        case Problem():
            return error
        case Invalid():
            return Problem(kinds.INVALID, _summary(error.faults), code=error.code, errors=error.faults)
        case TooManyAttempts():
            return Problem(kinds.TOO_MANY_ATTEMPTS, error.sentence, headers={"Retry-After": str(error.wait_seconds)})
        case Refused():
            return Problem(kinds.REFUSED, error.sentence, code=error.code, errors=error.faults)
        case NoSuchMember():
            return not_found(Sentence("没有这个党员", "There is no such member."))
        case NoSuchPost():
            return not_found(Sentence("没有这个岗位", "There is no such post."))
        case NoSuchActivity():
            return not_found(Sentence("没有这次活动", "There is no such activity."))
        case NoSuchVenue():
            return not_found(Sentence("没有这个报到点或报到码", "There is no such venue or code."))
        case NoSuchAgreement():
            return not_found(Sentence("没有这份协议", "There is no such agreement."))
        case NoSuchMerge():
            return not_found(Sentence("没有这次合并", "There is no such merge."))
        case NoSuchSubscription():
            return not_found(Sentence("没有这个订阅", "There is no such subscription."))
        case MergedInto():
            return problem_of(MergedAway(error.kept))
        case VersionMismatch():
            sentence = Sentence("当前版本为 {actual}，不是 {expected}", "The version is {actual}, not {expected}.")
            detail = sentence.filled(actual=error.actual, expected=error.expected)
            return Problem(kinds.VERSION_MISMATCH, detail, headers={"ETag": stream_etag(error.actual)})
        case KeyReused():
            sentence = Sentence("请为新的内容换一个 Idempotency-Key", "Use another Idempotency-Key for another body.")
            return Problem(kinds.KEY_REUSED, sentence)
        case KeyInFlight():
            sentence = Sentence(
                "首次请求尚在处理，请稍后用同一键重试", "The first request is not done; retry with the same key."
            )
            return Problem(kinds.KEY_IN_FLIGHT, sentence, headers={"Retry-After": "1"})
        case TooContended():
            sentence = Sentence(
                "他人不断先行更改，请稍后重试；未作记录", "Others kept changing it first; nothing was recorded."
            )
            return unavailable(kinds.STORE_UNAVAILABLE, sentence)
        case StoreUnavailable():
            return unavailable(kinds.STORE_UNAVAILABLE, _UNKNOWN_OUTCOME if error.outcome_unknown else _UNAVAILABLE)
        case TokenRefused():
            return unauthenticated(Sentence(error.zh, error.en), error.code)
        case psycopg.errors.QueryCanceled() | TimeoutError():
            return timed_out()
        case psycopg.OperationalError() | psycopg.InterfaceError() | PoolTimeout():
            return unavailable(kinds.STORE_UNAVAILABLE, _UNAVAILABLE)
        case RequestValidationError():
            return problem_of(Invalid([_fault(one) for one in error.errors()]))
        case HTTPException():
            return _http_problem(error)
        case _:
            return Problem(kinds.INTERNAL, _INTERNAL)


async def no_page(scope: Scope, problem: Problem) -> Response | None:
    """Make no page: whoever asks is a program."""
    del scope, problem
    return None


def timed_out() -> Problem:
    """Return the 504 of a request that took longer than the setting allows."""
    sentence = Sentence(
        "处理时间超过上限；记录类请求可用同一 Idempotency-Key 重试以查明结果",
        "This took longer than allowed; if it was a recording, the same Idempotency-Key finds out what became of it.",
    )
    return Problem(kinds.TIMED_OUT, sentence, headers={"Retry-After": str(RETRY_SECONDS)})


def install(app: FastAPI, page_of: PageOf = no_page) -> None:
    """Answer every error of the application's routes as a problem, or as the page that `page_of` makes of it."""

    async def answer(request: Request, error: Exception) -> Response:
        problem = problem_of(error)
        if problem.kind is kinds.METHOD_NOT_ALLOWED:
            problem.headers["Allow"] = ", ".join(_methods_at(request)) or problem.headers.get("Allow", "GET, HEAD")
        page = await page_of(request.scope, problem)
        return page or problem.answer(request.headers.get("accept-language"))

    foreseen: tuple[type[Exception], ...] = (
        Problem,
        Invalid,
        Refused,
        NoSuchMember,
        NoSuchAgreement,
        NoSuchMerge,
        NoSuchVenue,
        VersionMismatch,
        KeyReused,
        KeyInFlight,
        TooContended,
        StoreUnavailable,
        TokenRefused,
        psycopg.OperationalError,
        psycopg.InterfaceError,
        PoolTimeout,
        RequestValidationError,
        HTTPException,
    )
    for kind in foreseen:
        app.add_exception_handler(kind, answer)
    app.add_exception_handler(MergedInto, _moved)


async def _moved(request: Request, error: Exception) -> Response:
    """Send whoever asks of a record that was merged into another to the same question of that other."""
    kept = str(error.kept) if isinstance(error, MergedInto) else ""
    asked = request.path_params.get("member_id", "")
    location = request.url.replace(path=request.url.path.replace(asked, kept))
    where = f"{location.path}?{location.query}" if location.query else location.path
    headers = {"Location": where, "Vary": "Accept-Language"}
    content = problem_of(error).content(language_of(request.headers.get("accept-language")))
    return ProblemAnswer({**content, "status": _MOVED}, status_code=_MOVED, headers=headers)


def _methods_at(request: Request) -> list[str]:
    """Every method that an address takes; the framework names those of its first route only."""
    path = request.scope["path"]
    found: set[str] = set()
    for route in request.app.state.routes:
        if route.path_regex.match(path):
            found.update(route.methods or ())
    return sorted(found)


def _summary(faults: Sequence[Fault]) -> Sentence:
    if len(faults) == 1:
        return faults[0].sentence
    return Sentence("共有 {n} 处有误，逐项列于 errors", "There are {n} faults, each listed in errors.").filled(
        n=len(faults)
    )


_HTTP_SENTENCES = {
    404: Sentence("没有这个地址", "There is nothing at this address."),
    405: Sentence("请看 Allow 头所列的方法", "See the Allow header for the methods that it takes."),
    413: Sentence("内容超过上限", "The content is larger than allowed."),
}


def _http_problem(error: HTTPException) -> Problem:
    kind = kinds.BY_STATUS.get(error.status_code, kinds.UNREADABLE_REQUEST)
    detail = _HTTP_SENTENCES.get(error.status_code, Sentence("请求不能识别", "The request cannot be read."))
    return Problem(kind, detail, headers=error.headers)


_PLACES = {"body": "", "query": "/query", "path": "/path", "header": "/header"}
_CODES = {"missing": "missing", "enum": "not_in_list", "literal_error": "not_in_list"}


def _fault(error: Mapping[str, Any]) -> Fault:
    """Read one of pydantic's errors; its value stays out: it may be personal."""
    place, *path = (str(part) for part in error["loc"])
    pointer = _PLACES.get(place, f"/{place}") + "".join(f"/{part}" for part in path)
    code = _CODES.get(error["type"], "unreadable")
    context = error.get("ctx") or {}
    expected = context.get("expected") or "; ".join(
        f"{name} {value}" for name, value in context.items() if name != "error"
    )
    sentence = {
        "missing": Sentence("缺少此项", "This is missing."),
        "not_in_list": Sentence("值不在代码表中", "The value is not in its list."),
    }.get(code, Sentence("不能识别，或超出范围", "This cannot be read, or is out of range."))
    return Fault(pointer, code, sentence, str(expected) or None)
