"""The commands: one way from a request to the desk and back, for every verb."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from starlette.convertors import Convertor, register_url_convertor
from starlette.routing import Route

from api.access import must_be_allowed_on, principal_of
from api.actions import Action
from api.answers import JsonAnswer, stream_etag
from api.bodies import expected_version, json_object, key_for, key_text, member_id_of
from api.problems import Problem, problem_of
from api.venues_named import must_know_the_venue
from domain.member.commands import COMMANDS
from domain.policy import COUNTRY
from infra.metrics import COMMANDS as COMMANDS_COUNTED
from infra.recording.drafts import Caller

if TYPE_CHECKING:
    from prometheus_client import Counter
    from starlette.requests import Request
    from starlette.responses import Response

    from api.service import Service
    from infra.recording.receipts import Receipt
    from infra.tokens.principal import Principal

_NOT_THERE: Final = 404
ACTIONS: Final = {verb: Action(verb.replace("-", "_")) for verb in COMMANDS}


class _VerbConvertor(Convertor[str]):
    """Matches the verbs there are, so that what is no verb is no route."""

    regex = "|".join(sorted(COMMANDS, key=len, reverse=True))

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("verb", _VerbConvertor())


def command_route() -> Route:
    """Return the route of `POST /v1/members/{id}/{verb}`, by which an address answers for other methods."""
    return Route("/v1/members/{member_id}/{verb:verb}", command, methods=["POST"], include_in_schema=False)


async def command(request: Request) -> Response:
    """Record one command; the path names the member and the verb."""
    verb = request.path_params["verb"]
    try:
        receipt = await _recorded(request, verb)
    except Exception as error:
        _counter(verb, problem_of(error).code).inc()
        raise
    _counter(verb, "replayed" if receipt.replayed else "recorded").inc()
    return answer(receipt)


@cache
def _counter(verb: str, outcome: str) -> Counter:
    return COMMANDS_COUNTED.labels(verb, outcome)


async def _recorded(request: Request, verb: str) -> Receipt:
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    member_id = member_id_of(request)
    key = key_text(request)
    payload = await json_object(request)
    return await record(service, principal, member_id, verb, payload, key, if_match=expected_version(request))


async def record(  # noqa: PLR0913 - what a command is
    service: Service,
    principal: Principal,
    member_id: UUID,
    verb: str,
    payload: dict[str, Any],
    key: str,
    *,
    if_match: int | None = None,
    via: str = "API",
) -> Receipt:
    """Authorise and record one command of a member, awaiting the commit; raises what `problem_of` translates."""
    acting = payload.get("organisation", principal.organisation)
    named = key_for(principal, key, f"{member_id}/{verb}", payload)
    try:
        await must_be_allowed_on(
            service, principal, ACTIONS[verb], member_id, acting if isinstance(acting, str) else None
        )
    except Problem as refused:
        # A letter sent back takes the member out of the sender's reach: a lost answer is told again all the same.
        earlier = await asyncio.to_thread(service.desk.answered, named) if refused.kind.status == _NOT_THERE else None
        if earlier is None:
            raise
        return earlier
    if verb == "check-in":
        await must_know_the_venue(service, payload)
    caller = caller_acting(service, principal, via)
    recording = partial(service.desk.record_async, member_id, verb, payload, caller, key=named, if_match=if_match)
    if verb == "assign-liaison":
        async with service.liaisons.assigning() as assignment:
            return await recording(check=assignment.check)
    return await recording()


def caller_acting(service: Service, principal: Principal, via: str = "API") -> Caller:
    """Return the caller; with a region alone in the token, who answers for it acts, unless the body names another."""
    caller = caller_of(principal, via)
    if caller.organisation is not None or principal.region in (None, COUNTRY):
        return caller
    reference = service.kiteline.reference()
    seat = reference.organisations.get(reference.seat_of(principal.region))
    return caller if seat is None or seat.external else replace(caller, organisation=seat.code)


def caller_of(principal: Principal, via: str = "API") -> Caller:
    """Return the principal as the desk knows callers."""
    return Caller(actor=principal.subject, organisation=principal.organisation, via=via)


def answer(receipt: Receipt) -> JsonAnswer:
    """Write what was recorded, with the stream's version as its tag."""
    headers = {"ETag": stream_etag(receipt.version)}
    if receipt.replayed:
        headers["Idempotency-Replayed"] = "true"
    return JsonAnswer(receipt.body(), status_code=receipt.status, headers=headers)
