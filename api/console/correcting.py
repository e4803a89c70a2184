"""Correcting one event: the form of the command that made it, as it stands; what then differs is the correction."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from api.actions import Action
from api.console.asking import Refused
from api.console.command_forms import body_of, faults_by_field, form_of
from api.console.doing import CORRECTABLE
from api.console.doing import WORDS as FORM_WORDS
from api.console.event_words import has_a_form
from api.console.person import Person, SignedInPerson
from api.console.rendering import iso_day, page
from api.console.routing import console_router
from api.console.words import Words
from api.problems import not_found
from domain.fact import BODIES
from domain.member.commands import COMMAND_OF, COMMANDS
from domain.times import local_day

if TYPE_CHECKING:
    from collections.abc import Mapping

router = console_router()
_MOST: Final = 1_000
_VERB: Final = "correct-event"
WORDS: Final = Words(
    **FORM_WORDS.pairs,
    explained=(
        "改成应有的样子；原来的记录仍在，并注明由此更正。",
        "Make it what it should have been; what was recorded stays, and says by what it was corrected.",
    ),
    why=("更正原因", "Why"),
    nothing_changed=("没有改动任何一项", "Nothing was changed"),
)


@router.get("/members/{member_id}/correct/{event_id}", operation_id="console_correction_form")
async def form(person: SignedInPerson, member_id: UUID, event_id: UUID) -> Response:
    """Show the event's own form, filled in as the event stands."""
    person.must_be_able_to(Action.CORRECT_EVENT)
    item = await _event(person, member_id, event_id)
    return _written(person, member_id, item, _stands(item), str(uuid4()))


@router.post("/members/{member_id}/correct/{event_id}", operation_id="console_correction")
async def correct(person: SignedInPerson, request: Request, member_id: UUID, event_id: UUID) -> Response:
    """Record what differs as a correction, once however often it is sent; or show why not."""
    person.must_be_able_to(Action.CORRECT_EVENT)
    item = await _event(person, member_id, event_id)
    posted = await request.form()
    sent = {name: [str(value) for value in posted.getlist(name)] for name in posted}
    key = (sent.get("key") or [""])[0] or str(uuid4())
    why = (sent.get("correction_reason") or [""])[0].strip()
    said, stood = body_of(_verb_of(item), sent), _stands(item)
    changes = {name: value for name, value in said.items() if value != stood.get(name)}
    values = {**said, **{name: texts[0] for name, texts in sent.items() if "." in name}}
    if not changes:
        words = WORDS.in_language(person.language)
        return _written(person, member_id, item, values, key, why=why, problem={"detail": words.nothing_changed})
    today = local_day(person.service.now_us).isoformat()
    body = {"event_id": str(event_id), "occurred_at": today, "changes": changes, **({"reason": why} if why else {})}
    try:
        receipt = await person.record(f"/v1/members/{member_id}/{_VERB}", body, key)
    except Refused as refused:
        if refused.status not in CORRECTABLE:
            raise
        return _written(person, member_id, item, values, key, why=why, problem=refused.problem)
    if not person.wants_part:
        return RedirectResponse(f"/members/{member_id}", status_code=HTTPStatus.SEE_OTHER)
    response = page(person, "command_done.html", WORDS, verb=_VERB, name="", occurred=today, receipt=receipt)
    response.headers["HX-Trigger"] = "kiteline:recorded"
    return response


async def _event(person: Person, member_id: UUID, event_id: UUID) -> dict[str, Any]:
    """Return an event that has a form of its own. Raises Problem (404)."""
    cursor = None
    while True:
        found = await person.ask(f"/v1/members/{member_id}/history", newest_first=True, limit=_MOST, cursor=cursor)
        item: dict[str, Any] | None = next((one for one in found["items"] if one["event_id"] == str(event_id)), None)
        cursor = found["next"]
        if item is not None and has_a_form(item["type"]):
            return item
        if cursor is None or item is not None:
            raise not_found()


def _verb_of(item: Mapping[str, Any]) -> str:
    return COMMAND_OF[BODIES[item["type"]]].name


def _stands(item: dict[str, Any]) -> dict[str, Any]:
    """Return what the form says while nothing is changed; a day is enough of a time."""
    names = {one.name for one in COMMANDS[_verb_of(item)].fields}
    day = iso_day(item["occurred_at"])
    if item["occurred_precision"] == "month":
        day = f"{day}-01"
    return {**{name: value for name, value in item["data"].items() if name in names}, "occurred_at": day}


def _written(
    person: Person,
    member_id: UUID,
    item: dict[str, Any],
    values: dict[str, Any],
    key: str,
    *,
    why: str = "",
    problem: dict[str, Any] | None = None,
) -> Response:
    verb = _verb_of(item)
    faults = {} if problem is None else faults_by_field(_without_changes(problem))
    destination = values.get("destination")
    if isinstance(destination, dict) and "destination.where" not in values:
        where = next((one for one in ("abroad", "unknown") if destination.get(one)), "region")
        values = {**values, "destination.where": where, "destination.region": destination.get("region", "")}
    laid_out = form_of(verb, person.language, local_day(person.service.now_us).isoformat(), values, faults)
    shown = {one.name for one in laid_out.controls}
    return page(
        person,
        "correction_form.html" if person.wants_part else "correction_page.html",
        WORDS,
        status=HTTPStatus.OK if problem is None or person.wants_part else HTTPStatus.UNPROCESSABLE_ENTITY,
        form=laid_out,
        values=values,
        member_id=member_id,
        event_id=item["event_id"],
        key=key,
        why=why,
        problem=problem,
        other_faults=[text for name, texts in faults.items() if name not in shown for text in texts],
    )


def _without_changes(problem: Mapping[str, Any]) -> dict[str, Any]:
    """Let what is said of a change be said of its field."""
    errors = [
        {**one, "pointer": (one.get("pointer") or "").removeprefix("/changes")} for one in problem.get("errors", ())
    ]
    return {**problem, "errors": errors}
