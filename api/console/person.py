"""Who is signed in and looks at a page: what they may do, in which language, and how the page asks the API for them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Final

import httpx
import orjson
from fastapi import Depends, Request

from api.authorisation import MAY, ROLE_MAY_NOT
from api.console.asking import Answer, Parameter, ask
from api.console.form_tokens import masked
from api.console.sessions import COOKIE
from api.problem_list import FORBIDDEN
from api.problems import Problem
from infra.tokens.principal import Role

if TYPE_CHECKING:
    from api.actions import Action
    from api.language import Language
    from api.service import Service
    from infra.tokens.principal import Principal

LANGUAGE_COOKIE: Final = "__Host-kiteline-language"
_FOUND: Final = "kiteline.person"


class SignInFirst(Exception):
    """Nobody is signed in, or not any more."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody signed in, for the time of one request."""

    request: Request
    service: Service
    principal: Principal
    called: str | None
    language: Language
    form_token: str
    reflected: list[int]

    @property
    def since(self) -> int:
        """Where in the log whatever is shown stands at least: what happened later is news."""
        return min(self.reflected)

    def may(self, action: Action) -> bool:
        """Whether the role ever does this; where, is for the endpoint to decide."""
        return action in MAY[self.principal.role]

    def must_be_able_to(self, action: Action) -> None:
        """Let a page pass. Raises Problem (403)."""
        if not self.may(action):
            raise Problem(FORBIDDEN, ROLE_MAY_NOT.sentence, code=ROLE_MAY_NOT.code)

    @property
    def wants_part(self) -> bool:
        """Whether htmx asks for a part of the page, to be put into the one that is open."""
        headers = self.request.headers
        return headers.get("hx-request") == "true" and headers.get("hx-history-restore-request") != "true"

    async def ask(self, path: str, **parameters: Parameter) -> dict[str, Any]:
        """Ask an endpoint a question. Raises Refused."""
        answer = await ask(self.request, self.principal, self.language, "GET", path, parameters)
        told = answer.json()
        if isinstance(position := told.get("position"), int):
            self.reflected.append(position)
        return told

    async def fetch(self, path: str, **parameters: Parameter) -> Answer:
        """Ask an endpoint for a file. Raises Refused."""
        return await ask(self.request, self.principal, self.language, "GET", path, parameters)

    async def record(self, path: str, body: dict[str, Any], key: str) -> dict[str, Any]:
        """Record by an endpoint; the same `key` again is the same recording. Raises Refused."""
        headers = {"content-type": "application/json", "idempotency-key": key}
        content = orjson.dumps(body)
        answer = await ask(self.request, self.principal, self.language, "POST", path, body=content, headers=headers)
        return answer.json()

    async def upload(self, path: str, file: tuple[str, bytes], fields: dict[str, str], key: str) -> dict[str, Any]:
        """Send a file, by its name and content, to be worked on when its turn comes. Raises Refused."""
        # Written by the library that browsers' forms are written by elsewhere; nothing is sent by it.
        form = httpx.Request("POST", f"http://localhost{path}", data=fields, files={"file": file})
        headers = {"content-type": form.headers["content-type"], "idempotency-key": key, "prefer": "respond-async"}
        body = form.read()
        answer = await ask(self.request, self.principal, self.language, "POST", path, body=body, headers=headers)
        return answer.json()


def own_organisation(person: Person) -> str | None:
    """Return whose duties are the person's: of their organisation, or of the one that answers for their region."""
    principal = person.principal
    return principal.organisation or person.service.kiteline.reference().organisations.of_region(principal.region)


def usual_side(person: Person) -> str:
    """Return the side that a person looks after first: a community's people are those who came."""
    return "inflow" if person.principal.role is Role.COMMUNITY_WORKER else "outflow"


def language_at(request: Request) -> Language:
    """Return the language chosen on this device: Chinese unless English was."""
    return "en" if request.cookies.get(LANGUAGE_COOKIE) == "en" else "zh"


async def signed_in(request: Request) -> Person:
    """Return who is signed in. Raises SignInFirst."""
    service: Service = request.app.state.service
    words = request.cookies.get(COOKIE)
    found = None if not words else await asyncio.to_thread(service.sessions.find, words)
    if words is None or found is None:
        raise SignInFirst
    token = masked(service.sessions.form_token(words))
    # Not the person, who names the request, which names the scope: what names itself waits for the collector.
    request.scope[_FOUND] = (found.principal, found.called, token, [service.feed_watch.position])
    return _person_of(request)


async def whoever_asks(request: Request, status: int) -> Person | None:
    """Return who is signed in, for a page that says what went wrong; None for nobody.

    What failed inside may be the database: then nobody is looked for who was not found before.
    """
    if _FOUND in request.scope:
        return _person_of(request)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return None
    try:
        return await signed_in(request)
    except Exception:  # noqa: BLE001 - nobody, or it cannot be told: the page says what went wrong to either
        return None


def _person_of(request: Request) -> Person:
    principal, called, token, reflected = request.scope[_FOUND]
    return Person(request, request.app.state.service, principal, called, language_at(request), token, reflected)


SignedInPerson = Annotated[Person, Depends(signed_in)]
