"""A member: where, whose, since when, what is next and who owes it, on two clocks; what can be done; the timeline."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Request
from starlette.responses import JSONResponse, Response

from api.actions import Action
from api.console.duties import lines_of
from api.console.event_words import EventWords
from api.console.member_words import FIELDS, WORDS
from api.console.names import Names
from api.console.people import names_of
from api.console.person import Person, SignedInPerson
from api.console.possible_commands import offered
from api.console.rendering import day_in_words, number, page
from api.console.routing import console_router
from api.console.timeline import entries_of
from api.problems import not_found
from domain.times import local_day

if TYPE_CHECKING:
    from collections.abc import Mapping

router = console_router()
IN_A_PAGE: Final = 30
_CLOCKS: Final = ("as_of", "known_at")
_FIRST: Final = ("name", "phone", "identity_number", "employer", "texts")


@dataclass(frozen=True, slots=True)
class Clocks:
    """Which moment is looked at: as true at `as_of`, as known at `known_at`; None of either is now."""

    member_id: UUID
    as_of: str | None
    known_at: str | None

    @property
    def moved(self) -> bool:
        """Whether it is another moment than now."""
        return self.as_of is not None or self.known_at is not None

    @property
    def asked(self) -> dict[str, str]:
        """The parameters of a question."""
        told = {"as_of": self.as_of, "known_at": self.known_at}
        return {name: value for name, value in told.items() if value is not None}

    def address(self, **other: str | int | None) -> str:
        """Return this page with one clock, or the place in the timeline, elsewhere."""
        said = {**self.asked, **{name: str(value) for name, value in other.items() if value is not None}}
        gone = {name for name, value in other.items() if value is None}
        kept = {name: value for name, value in said.items() if name not in gone}
        return f"/members/{self.member_id}" + (f"?{urlencode(kept)}" if kept else "")


@router.get("/members/{member_id}", operation_id="console_member")
async def member(
    person: SignedInPerson,
    member_id: UUID,
    as_of: str | None = None,
    known_at: str | None = None,
    cursor: str | None = None,
    part: str | None = None,
) -> Response:
    """Show a member, or the part of the page that htmx renews."""
    person.must_be_able_to(Action.READ_MEMBER)
    clocks = Clocks(member_id, as_of or None, known_at or None)
    parts = _PARTS.get(part or "")
    template, wanted = parts if parts is not None else ("member.html", frozenset({"state", "history", "commands"}))
    told = await _told(person, clocks, cursor, wanted)
    return page(person, template, WORDS, **told)


@router.get("/members/{member_id}/proof/{position}", operation_id="console_proof")
async def proof(
    person: SignedInPerson,
    request: Request,
    member_id: UUID,
    position: int,
) -> Response:
    """Send what proves one event of a page of the timeline: for the browser to check, not for us to say."""
    person.must_be_able_to(Action.READ_HISTORY)
    asked = {name: value for name, value in request.query_params.items() if name in {*_CLOCKS, "cursor"} and value}
    history = await _history(person, member_id, asked, proof=True)
    found = next((item for item in history["items"] if item["position"] == position), None)
    if found is None:
        raise not_found()
    told = {name: found[name] for name in ("event_id", "type", "position", "recorded_at")}
    return JSONResponse({**told, "stream": found["stream"], **found["proof"], "checkpoint": history["checkpoint"]})


async def _told(person: Person, clocks: Clocks, cursor: str | None, wanted: frozenset[str]) -> dict[str, Any]:
    """Ask for what a part of the page needs, all at once."""
    at = f"/v1/members/{clocks.member_id}"
    asked = {**clocks.asked, **({} if cursor is None else {"cursor": cursor})}
    state, history, commands = await asyncio.gather(
        person.ask(at, **clocks.asked),
        _history(person, clocks.member_id, asked) if "history" in wanted else _nothing(),
        person.ask(f"{at}/commands") if "commands" in wanted and not clocks.moved else _nothing(),
    )
    words = EventWords(Names(person.service, person.language), person.language)
    now, member_id = local_day(person.service.now_us), str(clocks.member_id)
    acts = not clocks.moved
    return {
        **shown_of(person),
        "clocks": clocks,
        "known_words": _known_words(person, clocks.known_at),
        "cursor": cursor,
        "state": state,
        "member_id": member_id,
        "people": await called(person, member_id),
        "lines": lines_of(state["duties"], person.principal.role, now) if acts else [],
        "position": state["position"],
        "may_reveal": person.may(Action.READ_PERSONAL_DATA) and not state["erased"],
        "tabs": tabs_of(person, member_id),
        "flagged": [words.flag(code) for code in state["flags"]],
        "entries": entries_of(history["items"], words) if history else [],
        "following": history["next"] if history else None,
        "proof_query": urlencode(asked),
        "may_void": acts and person.may(Action.VOID_EVENT),
        "may_correct": acts and person.may(Action.CORRECT_EVENT),
        "to_confirm": _odd_events(state) if acts and person.may(Action.CONFIRM_FLAG) else frozenset(),
        "offered": offered(
            commands["items"] if commands else [], member_id, commands and commands["organisation"], state
        ),
    }


def shown_of(person: Person) -> dict[str, Any]:
    """Return what the form that asks for personal data needs."""
    return {
        "field_names": FIELDS.in_language(person.language),
        "shown_first": _FIRST,
        "shown_later": [name for name in FIELDS.pairs if name not in _FIRST],
        "personal": None,
        "problem": None,
    }


async def called(person: Person, member_id: str) -> dict[str, str]:
    """Return what a page calls a member: masked as everywhere, and of one's own as one signed in."""
    if str(person.principal.member_id) == member_id:
        return {member_id: person.called or WORDS.in_language(person.language).mine}
    return await names_of(person, [{"member_id": member_id}])


def tabs_of(person: Person, member_id: str) -> list[tuple[str, str]]:
    """Return the pages about a member that the person has: the name of their words, and the address."""
    found = [("tab_member", f"/members/{member_id}")]
    if person.may(Action.READ_SERVICE_RECORD):
        found.append(("tab_service", f"/members/{member_id}/service"))
    if person.may(Action.READ_READS):
        found.append(("tab_reads", f"/members/{member_id}/reads"))
    if person.may(Action.READ_EVIDENCE):
        found.append(("tab_compare", f"/members/{member_id}/compare"))
        found.append(("tab_evidence", f"/members/{member_id}/evidence"))
    return found


async def _history(person: Person, member_id: UUID, asked: Mapping[str, str], *, proof: bool = False) -> dict[str, Any]:
    return await person.ask(
        f"/v1/members/{member_id}/history", newest_first=True, limit=IN_A_PAGE, proof=proof, **asked
    )


def _odd_events(state: dict[str, Any]) -> frozenset[str]:
    """Return the events that somebody is to look at."""
    odd = (duty["duty_id"] for duty in state["duties"] if duty["kind"] == "look_at_flag")
    return frozenset(one.rpartition(".")[2] for one in odd)


async def _nothing() -> None:
    return None


def _known_words(person: Person, known_at: str | None) -> str:
    """Say as known when."""
    words = WORDS.in_language(person.language)
    if known_at is None:
        return words.known_now
    if known_at.isdigit():
        return words.known_by.format(position=number(int(known_at)))
    return words.known_on.format(day=day_in_words(known_at, person.language))


_PARTS: Final = {
    "state": ("member_state.html", frozenset({"state"})),
    "duties": ("member_duties.html", frozenset({"state"})),
    "timeline": ("member_timeline.html", frozenset({"history"})),
}
