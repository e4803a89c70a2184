"""One command of one member, as a form: asked for, filled in, recorded, or sent back with why it was refused."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Final
from uuid import UUID, uuid4

from fastapi import Path, Request
from starlette.responses import RedirectResponse, Response

from api.console.asking import Refused
from api.console.command_forms import body_of, faults_by_field, form_of
from api.console.people import names_of
from api.console.person import Person, SignedInPerson
from api.console.rendering import page
from api.console.routing import console_router, local_path
from api.console.words import Words
from api.recording import ACTIONS
from domain.member.commands import COMMANDS
from domain.times import local_day

if TYPE_CHECKING:
    from collections.abc import Mapping

router = console_router()
_DECIDE: Final = "decide-claim"
_HIDDEN: Final = frozenset({"event_id", "claim_id"})
CORRECTABLE: Final = frozenset({HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE})
WORDS: Final = Words(
    for_member=("对象", "For"),
    acting=("以此组织名义", "On behalf of"),
    refused=("未作记录", "Nothing was recorded"),
    recorded=("已记录：{what}，{day}", "Recorded: {what}, {day}"),
    nothing_here=("没有这个事项", "There is no such command"),
    region_where=("某地", "A place"),
    abroad=("境外", "Abroad"),
    unknown=("去向不明", "Unknown"),
    place_hint=("输入地名，从列表中选", "Type a name and pick it"),
    organisation_hint=("输入名称，从列表中选", "Type a name and pick it"),
    back=("返回", "Back"),
)

Verb = Annotated[str, Path(pattern=r"^[a-z-]{3,60}$")]


@router.get("/members/{member_id}/do/{verb}", operation_id="console_command_form")
async def form(person: SignedInPerson, request: Request, member_id: UUID, verb: Verb) -> Response:
    """Show the form of a command, filled in as far as the address says."""
    person.must_be_able_to(ACTIONS[_known(verb)])
    values: dict[str, Any] = dict(request.query_params)
    if verb == _DECIDE and "claim_id" not in values:
        values |= await _claim_of(person, member_id)
    return await _written(person, member_id, verb, values, values.get("organisation"), str(uuid4()))


@router.post("/members/{member_id}/do/{verb}", operation_id="console_command")
async def do(person: SignedInPerson, request: Request, member_id: UUID, verb: Verb) -> Response:
    """Record a command as its form says, once however often it is sent; or show why not."""
    person.must_be_able_to(ACTIONS[_known(verb)])
    posted = await request.form()
    sent = {name: [str(value) for value in posted.getlist(name)] for name in posted}
    key = (sent.get("key") or [""])[0] or str(uuid4())
    body = body_of(verb, sent)
    try:
        receipt = await person.record(f"/v1/members/{member_id}/{verb}", body, key)
    except Refused as refused:
        if refused.status not in CORRECTABLE:
            raise
        values = {**body, **{name: texts[0] for name, texts in sent.items() if "." in name}}
        return await _written(person, member_id, verb, values, body.get("organisation"), key, refused)
    if not person.wants_part:
        return RedirectResponse(local_path((sent.get("onward") or [f"/members/{member_id}"])[0]), status_code=303)
    names = await names_of(person, [{"member_id": str(member_id)}])
    response = page(
        person,
        "command_done.html",
        WORDS,
        verb=verb,
        name=names.get(str(member_id), ""),
        occurred=body.get("occurred_at"),
        receipt=receipt,
    )
    response.headers["HX-Trigger"] = "kiteline:recorded"
    return response


def _known(verb: str) -> str:
    """Return the verb of a command. Raises Refused (404)."""
    if verb not in COMMANDS:
        raise Refused(HTTPStatus.NOT_FOUND, {"code": "not_found"})
    return verb


async def _claim_of(person: Person, member_id: UUID) -> dict[str, Any]:
    """Return the claim that waits for a decision, with the side that was there first."""
    movement = (await person.ask(f"/v1/members/{member_id}"))["movement"] or {"claims": []}
    claims = movement["claims"]
    return {"claim_id": claims[0]["claim_id"], "in_favour_of": movement["legs"][-1]["accepted_by"]} if claims else {}


async def _written(
    person: Person,
    member_id: UUID,
    verb: str,
    values: Mapping[str, Any],
    organisation: str | None,
    key: str,
    refused: Refused | None = None,
) -> Response:
    today = local_day(person.service.now_us).isoformat()
    faults = {} if refused is None else faults_by_field(refused.problem)
    hidden = frozenset(name for name in _HIDDEN if name in values)
    laid_out = form_of(verb, person.language, today, values, faults, hidden)
    shown = {one.name for one in laid_out.controls}
    names = await names_of(person, [{"member_id": str(member_id)}])
    return page(
        person,
        "command_form.html" if person.wants_part else "command_page.html",
        WORDS,
        # htmx puts answers of success into the page; a refusal is said in the form, where it can be put right.
        status=HTTPStatus.OK if refused is None or person.wants_part else refused.status,
        form=laid_out,
        values=values,
        member_id=member_id,
        name=names.get(str(member_id), ""),
        organisation=organisation,
        key=key,
        problem=None if refused is None else refused.problem,
        other_faults=[text for name, texts in faults.items() if name not in shown for text in texts],
    )
