"""Yearly feedback as it reads: to the two sides that it concerns and the member; to others it is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from starlette.concurrency import run_in_threadpool

from api.access import load, must_be_allowed_on, must_not_be_merged, principal_of, refusal, resolved
from api.actions import Action
from api.answers import JsonAnswer
from api.asking import (
    AsOf,
    CursorParameter,
    KnownAt,
    LimitParameter,
    MinPosition,
    Paging,
    as_of_moment,
    known_position,
    reach_log,
)
from api.authorisation import ROLE_MAY_NOT, Resource, decide
from api.bodies import member_id_of
from api.openapi import READING, problems
from api.problems import not_found
from api.shapes.feedback import FeedbackList, FeedbackShape
from domain.errors import Sentence
from domain.member.feedback.content import content_of
from domain.member.fold import fold
from domain.member.merging.belonging import belonging

if TYPE_CHECKING:
    from api.service import Service
    from domain.member.feedback.state import Feedback
    from infra.recording.members import Ledger
    from infra.tokens.principal import Principal

router = APIRouter(tags=["asking 查询"])
_NO_FEEDBACK: Final = Sentence("没有这份反馈", "There is no such feedback.")


@router.get(
    "/v1/members/{member_id}/feedback",
    operation_id="list_feedback",
    summary="年度反馈 The yearly feedback that the caller's organisation issued or is to acknowledge",
    response_model=None,
    responses={200: {"model": FeedbackList}, **problems({*READING, 404, 410})},
)
async def list_feedback(  # noqa: PLR0913, PLR0917 - the question's parameters
    request: Request,
    member_id: str,  # noqa: ARG001 - documents the path
    year: Annotated[int | None, Query(ge=1921, le=2200, description="of this year only")] = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    min_position: MinPosition = None,
    limit: LimitParameter = 50,
    cursor: CursorParameter = None,
) -> JsonAnswer:
    """List what the caller may read, oldest first."""
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    member = member_id_of(request)
    moment = as_of_moment(service, as_of)
    await reach_log(service, min_position)
    ledger = await run_in_threadpool(load, service, member)
    position = _position(service, ledger)
    asked = await run_in_threadpool(known_position, service, known_at)
    known = position if asked is None else min(asked, position)
    question = ("feedback", str(member), year, as_of, known_at)
    paging = Paging.begin(service, question, cursor, limit, known, moment)
    told = await run_in_threadpool(_issued, service, ledger, paging)
    found = [one for one in _readable(service, principal, member, told) if year is None or one.year == year]
    if not found:
        await must_be_allowed_on(service, principal, Action.READ_FEEDBACK, member)
        must_not_be_merged(ledger, paging.known_position)
    begin = paging.after or 0
    page = found[begin : begin + limit]
    items = await run_in_threadpool(lambda: [_told(service, ledger, one) for one in page])
    return paging.answer(items, position=position, after=begin + limit if begin + limit < len(found) else None)


@router.get(
    "/v1/members/{member_id}/feedback/{feedback_id}",
    operation_id="read_feedback",
    summary="一份年度反馈 One feedback, by the id that feeds and histories tell",
    response_model=None,
    responses={200: {"model": FeedbackShape}, **problems({*READING, 404})},
)
async def read_feedback(
    request: Request,
    member_id: str,  # noqa: ARG001 - documents the path
    feedback_id: Annotated[str, Path(min_length=1, max_length=64)],
    min_position: MinPosition = None,
) -> JsonAnswer:
    """Tell a feedback to who it concerns; to anybody else it is not there."""
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    member = member_id_of(request)
    await reach_log(service, min_position)
    ledger = await run_in_threadpool(load, service, member)
    for one in _readable(service, principal, member, ledger.state.feedback if ledger.facts else []):
        if one.feedback_id == feedback_id:
            return JsonAnswer(await run_in_threadpool(_told, service, ledger, one))
    if ledger.merged_into is not None:
        await must_be_allowed_on(service, principal, Action.READ_FEEDBACK, member)
        must_not_be_merged(ledger)
    raise not_found(_NO_FEEDBACK)


def _issued(service: Service, ledger: Ledger, paging: Paging) -> list[Feedback]:
    known = paging.known_position
    facts = ledger.known(known)
    if not facts:
        return []
    return fold(facts, service.kiteline.reference_at(known), as_of_us=paging.as_of_us).feedback


def _readable(service: Service, principal: Principal, member: UUID, told: list[Feedback]) -> list[Feedback]:
    tree = service.kiteline.reference().organisations
    found = []
    for one in told:
        decision = decide(principal, Action.READ_FEEDBACK, _resource(service, member, one), tree)
        if decision is ROLE_MAY_NOT:
            raise refusal(decision)
        if decision.allowed:
            found.append(one)
    return found


def _resource(service: Service, member: UUID, feedback: Feedback) -> Resource:
    """Return what a feedback concerns: who issued it, for whom, and nobody else of the member's life."""
    reference = service.kiteline.reference()
    named = {code for code in (feedback.organisation, feedback.addressee, *feedback.hosts) if code is not None}
    sides = named | {reference.organisations.standing(code, str(member)) for code in named}
    regions = {region for code in sides if (region := reference.region_of(code)) is not None}
    return Resource(
        member_id=member,
        regions=frozenset(resolved(reference, region, service.now_us) for region in regions),
        organisations=frozenset(sides),
    )


def _told(service: Service, ledger: Ledger, feedback: Feedback) -> dict[str, Any]:
    everything = ledger.linked or ledger.facts
    issued = next(fact for fact in everything if fact.event_id == feedback.feedback_id)
    # Of a member recorded twice: what was known of that record when it was issued.
    facts = belonging(issued.stream, ledger.linked, issued.position) if ledger.linked else ledger.facts
    content = content_of(facts, feedback, service.kiteline.reference_at(issued.position))
    return {
        "feedback_id": feedback.feedback_id,
        "member_id": str(ledger.member_id),
        "year": feedback.year,
        "organisation": feedback.organisation,
        "addressee": feedback.addressee,
        "issued_at": feedback.issued_at,
        "acknowledged_at": feedback.acknowledged_at,
        **content,
        "position": _position(service, ledger),
    }


def _position(service: Service, ledger: Ledger) -> int:
    head = service.kiteline.log.max_notification_id() or 0
    return max(head, ledger.facts[-1].position if ledger.facts else 0)
