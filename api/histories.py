"""A member's history: the replay, and what stood at each step."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool

from api.access import must_be_allowed_on, principal_of
from api.actions import Action
from api.answers import JsonAnswer
from api.asking import (
    AsOf,
    CursorParameter,
    DiffFrom,
    KnownAt,
    LimitParameter,
    MinPosition,
    Paging,
    as_of_moment,
    known_position,
    reach_log,
)
from api.bodies import member_id_of
from api.log_asking import proofs_of
from api.openapi import READING, problems
from api.problems import not_found
from api.shapes.members import HistoryAnswer, HistoryDifferences
from domain.errors import Sentence
from infra.recording.errors import MergedInto
from projections.differences import changes, differing
from projections.effects import state_of, tell_effects
from projections.history import length, replay

if TYPE_CHECKING:
    from api.service import Service
    from infra.recording.members import Told

NOT_REGISTERED_THEN: Final = Sentence("那时还没有登记这个党员", "This member was not registered by then.")

router = APIRouter(tags=["asking 查询"])


@router.get(
    "/v1/members/{member_id}/history",
    operation_id="read_history",
    summary="履历回放 Every event in the order in which it happened, the state after each, what corrected what",
    response_model=None,
    responses={200: {"model": HistoryAnswer | HistoryDifferences}, **problems({*READING, 404, 410})},
)
async def read_history(  # noqa: PLR0913, PLR0917 - the question's parameters
    request: Request,
    member_id: str,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    min_position: MinPosition = None,
    limit: LimitParameter = 50,
    cursor: CursorParameter = None,
    diff_from: DiffFrom = None,
    newest_first: Annotated[bool, Query(description="the last event first; not with `diff_from` 倒序")] = False,
    effects: Annotated[
        bool, Query(description="beside each correction and void what it changed in the member's state 影响")
    ] = False,
    proof: Annotated[bool, Query(description="with each event its leaf and inclusion proof, and a checkpoint")] = False,
) -> JsonAnswer:
    """Replay the member's own facts, as true and as known at any moment; or what differs between two knowledges."""
    service: Service = request.app.state.service
    principal = await principal_of(request, service)
    member = member_id_of(request)
    await must_be_allowed_on(service, principal, Action.READ_HISTORY, member)
    moment = as_of_moment(service, as_of)
    await reach_log(service, min_position)

    def answered() -> JsonAnswer:
        told, known, position = told_and_known(service, member, known_at)
        named = ("history", member_id, as_of, known_at, diff_from, newest_first)
        paging = Paging.begin(service, named, cursor, limit, known, moment)
        begin = paging.after or 0
        if diff_from is not None:
            return _differing(service, told, diff_from, paging, position)
        page, following = _page(service, told, paging, begin, newest_first=newest_first)
        reference = service.kiteline.reference_at(paging.known_position)
        tell_effects(page, told.known, reference, paging.as_of_us, states=effects)
        more: dict[str, Any] = _proved(service, page) if proof else {}
        return paging.answer(page, position=position, after=following, **more)

    return await run_in_threadpool(answered)


def told_and_known(service: Service, member: UUID, known_at: str | None) -> tuple[Told, int, int]:
    """Read all that was told of a member; which position `known_at` means, and that of the last event.

    Raises Problem (422), and MergedInto for a record that was another's by then.
    """
    asked = known_position(service, known_at)
    head = service.kiteline.log.max_notification_id() or 0
    service.kiteline.refresh_reference()
    told = service.kiteline.members.told(member)
    position = max(head, max((fact.position for fact in told.facts), default=0))
    known = position if asked is None else min(asked, position)
    must_not_be_anothers(told, known)
    return told, known, position


def _differing(service: Service, told: Told, diff_from: str, paging: Paging, position: int) -> JsonAnswer:
    """Answer a page of what was added, changed or removed between two knowledges, and the member's state by both."""
    earlier = min(known_position(service, diff_from, "diff_from") or 0, position)
    found, state = _two(service, told, (earlier, paging.known_position), paging.as_of_us)
    begin = paging.after or 0
    end = begin + paging.limit
    return paging.answer(
        found[begin:end],
        position=position,
        after=end if len(found) > end else None,
        diff_from_position=earlier,
        state=state,
    )


def compared(
    service: Service, member: UUID, *, as_of: str | None, known_at: str | None, diff_from: str
) -> dict[str, Any]:
    """Return all that differs between two knowledges of a member. Raises Problem, MergedInto."""
    told, known, position = told_and_known(service, member, known_at)
    if not told.facts:
        raise not_found(NOT_REGISTERED_THEN)
    earlier = min(known_position(service, diff_from, "diff_from") or 0, position)
    items, state = _two(service, told, (earlier, known), as_of_moment(service, as_of))
    return {"items": items, "diff_from_position": earlier, "known_position": known, "state": state}


def _two(
    service: Service, told: Told, positions: tuple[int, int], as_of_us: int
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    (old, was), (new, stands) = (_as_known(service, told, known, as_of_us) for known in positions)
    found = differing(old, new, itemgetter("event_id"), _without_what_follows)
    items = [{"event_id": (one["after"] or one["before"])["event_id"], **one} for one in found]
    return items, {"before": was, "after": stands, "changes": changes(was, stands)}


def _as_known(
    service: Service, told: Told, known: int, as_of_us: int
) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
    """Return history items and state as known at a position; nothing, and None, where nothing was known."""
    facts, reference = told.known(known), service.kiteline.reference_at(known)
    items = replay(facts, reference, as_of_us=as_of_us, member=told.member_id)
    tell_effects(items, told.known, reference, as_of_us)
    return items, state_of(facts, reference, as_of_us, str(told.member_id))


def _without_what_follows(item: dict[str, Any]) -> dict[str, Any]:
    """Leave out the state, which any other event may change: what counts is the event itself and its flags."""
    return {name: value for name, value in item.items() if name not in {"state", "version"}}


def must_not_be_anothers(told: Told, known: int) -> None:
    """Raise MergedInto where a record was merged into another, as known at a position."""
    into = told.merged_into(known)
    if into is not None:
        raise MergedInto(into)


def items_of(
    service: Service, told: Told, known: int, as_of_us: int, first: int = 0, most: int | None = None
) -> list[dict[str, Any]]:
    """Return history items as known at a position. Raises Problem (404) where nothing was known."""
    facts = told.known(known)
    if not facts:
        must_not_be_anothers(told, known)
        raise not_found(NOT_REGISTERED_THEN)
    reference = service.kiteline.reference_at(known)
    return replay(facts, reference, as_of_us=as_of_us, member=told.member_id, first=first, most=most)


def _page(
    service: Service, told: Told, paging: Paging, begin: int, *, newest_first: bool
) -> tuple[list[dict[str, Any]], int | None]:
    """Return a page of the items, `begin` of them having been told, and how many have been then; None for all."""
    known, limit = paging.known_position, paging.limit
    if not newest_first:
        items = items_of(service, told, known, paging.as_of_us, begin, limit + 1)
        return items[:limit], begin + limit if len(items) > limit else None
    facts = told.known(known)
    last = length(facts, service.kiteline.reference_at(known), as_of_us=paging.as_of_us, member=told.member_id) - begin
    first = max(0, last - limit)
    items = items_of(service, told, known, paging.as_of_us, first, last - first)
    return items[::-1], begin + limit if first else None


def _proved(service: Service, page: list[dict[str, Any]]) -> dict[str, str]:
    """Put each event's leaf and proof beside it; a checkpoint of the tree that they are proved in stands beside all."""
    note, proofs = proofs_of(service, [item["position"] for item in page])
    for item in page:
        item["proof"] = proofs[item["position"]]
    return {"checkpoint": note}
