"""Pages from templates: what every page has around it, and how days, numbers and codes are written on it."""

from __future__ import annotations

import gzip
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.runtime import Context
from starlette.responses import HTMLResponse

from api.console import code_words, problem_words
from api.console.files import address
from api.console.form_tokens import masked
from api.console.names import Names
from api.console.person import Person, language_at, whoever_asks
from api.console.sessions import COOKIE
from api.console.words import WORDS
from domain.times import SHANGHAI, local_day

if TYPE_CHECKING:
    from starlette.requests import Request

    from api.console.words import Words
    from api.language import Language
    from api.service import Service

_OPENED: Final = "opened_contexts"


class _Passing(Context):
    """What a template and its macros know, noted to be let go of: a macro and its context name each other."""

    def __init__(self, environment: Environment, parent: dict[str, Any], *rest: Any, **named: Any) -> None:
        super().__init__(environment, parent, *rest, **named)
        if _OPENED in parent:
            parent[_OPENED].append(self)


_TEMPLATES: Final = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
_TEMPLATES.context_class = _Passing
_WORTH_IT: Final = 1_000
_FAILED: Final = 500
_FOR_NOW: Final = frozenset({409, 429})
_LEVEL: Final = 4
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def page(person: Person, template: str, words: Words, *, status: int = 200, **shown: Any) -> HTMLResponse:
    """Write a page, or a part of one, for somebody signed in."""
    from api.console.pages import pages_of

    service, language = person.service, person.language
    content = _written(
        template,
        **_everywhere(person.request, service, language, words),
        person=person,
        pages=pages_of(person),
        form_token=person.form_token,
        **shown,
    )
    return _sent(person.request, content, status)


def drawing(person: Person, template: str, words: Words, **shown: Any) -> str:
    """Write a drawing with a page's words."""
    known = _everywhere(person.request, person.service, person.language, words)
    return _written(template, **known, **shown)


def shell_page(request: Request, template: str, words: Words, language: Language, **shown: Any) -> HTMLResponse:
    """Write a page that is the same for everybody: it knows nobody, and carries no token of a form."""
    service: Service = request.app.state.service
    known = _everywhere(request, service, language, words)
    return HTMLResponse(_written(template, **known, **shown))


def outside_page(request: Request, template: str, words: Words, *, status: int = 200, **shown: Any) -> HTMLResponse:
    """Write a page for whoever looks at it, signed in or not: it names nobody and nothing that is theirs."""
    service: Service = request.app.state.service
    cookie = request.cookies.get(COOKIE)
    content = _written(
        template,
        **_everywhere(request, service, language_at(request), words),
        person=None,
        pages=(),
        form_token="" if cookie is None else masked(service.sessions.form_token(cookie)),
        **shown,
    )
    return _sent(request, content, status)


async def problem_page(request: Request, status: int, problem: dict[str, Any]) -> HTMLResponse:
    """Write what went wrong, as the API says it: a page, or a notice where htmx waits for a part of one.

    Who is signed in keeps the way to their other pages.
    """
    part = request.headers.get("hx-request") == "true"
    person = None if part else await whoever_asks(request, status)
    code = problem_words.code_of(problem)
    said = problem_words.WORDS.in_language(language_at(request))
    told = {**problem, **{name: said[f"{code}_{name}"] for name in ("title", "detail") if f"{code}_{name}" in said}}
    if f"{code}_detail" in said:
        told["errors"] = []  # they say the same in the words of programs
    shown = {
        "problem": told,
        "anew": request.url.path if code == problem_words.STALE_PAGE else None,
        "again": request.method == "GET" and (status >= _FAILED or status in _FOR_NOW),
        "sent": request.method != "GET",
    }
    if person is not None:
        return page(person, "problem.html", WORDS, status=status, **shown)
    template = "problem_notice.html" if part else "problem.html"
    response = outside_page(request, template, WORDS, status=status, **shown)
    if part:
        # The notice goes to the place that all pages have for it, whatever the part was meant to replace.
        response.headers["HX-Retarget"] = "#notices"
        response.headers["HX-Reswap"] = "innerHTML"
    return response


def day_in_words(text: str | None, language: Language) -> str:
    """Write a day, a month or a moment of the API as people read it; moments by the clock of Shanghai."""
    if not text:
        return ""
    if len(text) == len("2025-03"):
        year, month = text.split("-")
        return f"{year}年{int(month)}月" if language == "zh" else f"{_MONTHS[int(month) - 1]} {year}"
    if len(text) > len("2025-03-05"):
        day = datetime.fromisoformat(text).astimezone(SHANGHAI).date()
    else:
        day = date.fromisoformat(text)
    if language == "zh":
        return f"{day.year}年{day.month}月{day.day}日"
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def time_in_words(text: str | None, language: Language) -> str:
    """Write a moment with its hour and minute, by the clock of Shanghai."""
    if not text:
        return ""
    moment = datetime.fromisoformat(text).astimezone(SHANGHAI)
    return f"{day_in_words(text, language)} {moment:%H:%M}"


def iso_day(text: str | None) -> str:
    """Write a day, a month or a moment as its day in figures, as tables have it."""
    if not text or len(text) <= len("2025-03-05"):
        return text or ""
    return datetime.fromisoformat(text).astimezone(SHANGHAI).date().isoformat()


def number(value: int) -> str:
    """Write a count with its thousands apart."""
    return f"{value:,}"


def _written(template: str, **shown: Any) -> str:
    """Fill a template; what it was filled with goes at once afterwards, and not with the collector."""
    opened: list[_Passing] = []
    try:
        return _TEMPLATES.get_template(template).render(**shown, **{_OPENED: opened})
    finally:
        for context in opened:
            context.vars.clear()
            context.parent.clear()


def _sent(request: Request, content: str, status: int) -> HTMLResponse:
    """Send a page, compressed where the browser takes it; the one secret in it is masked anew each time."""
    headers = {"Vary": "Accept-Encoding"}
    body = content.encode()
    if "gzip" in request.headers.get("accept-encoding", "") and len(body) > _WORTH_IT:
        headers["Content-Encoding"] = "gzip"
        body = gzip.compress(body, _LEVEL, mtime=0)
    return HTMLResponse(body, status_code=status, headers=headers)


def _everywhere(request: Request, service: Service, language: Language, words: Words) -> dict[str, Any]:
    """What every template knows."""
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return {
        "t": words.in_language(language),
        "common": WORDS.in_language(language),
        "language": language,
        "other_language": "en" if language == "zh" else "zh",
        "here": here if request.method == "GET" else "/",
        "today": local_day(service.now_us).isoformat(),
        "asset": address,
        "names": Names(service, language),
        "say": lambda group, code: code_words.say(group, code, language),
        "day": lambda text: day_in_words(text, language),
        "time": lambda text: time_in_words(text, language),
        "iso": iso_day,
        "number": number,
        "deployment": service.settings.deployment,
    }
