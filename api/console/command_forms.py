"""Commands as forms: the fields of the domain's own table, each with a control for a person to use, and back."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from api.console import code_words
from domain.member.commands import COMMANDS
from domain.member.form import Field, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from api.language import Language

CONTROLS: Final[dict[Kind, str]] = {
    Kind.CODE: "choice",
    Kind.REGION: "region",
    Kind.ORGANISATION: "organisation",
    Kind.DESTINATION: "destination",
    Kind.DAY: "day",
    Kind.FUTURE_DAY: "day",
    Kind.MONTH: "month",
    Kind.MONTHS: "month",
    Kind.OPAQUE: "text",
    Kind.REFERENCE: "text",
    Kind.TEXT: "lines",
    Kind.POINTS: "points",
    Kind.EVENT_ID: "text",
    Kind.CHANGES: "lines",
    Kind.NUMBER: "number",
    Kind.HOURS: "hours",
}
_PLACED: Final = frozenset({"place-in-branch"})
_CODE_AT_END: Final = re.compile(r"(?:^|[ (（])([A-Za-z0-9._:-]+)[)）]?\s*\Z")
_POINTER: Final = re.compile(r"/([a-z_]+)")


@dataclass(frozen=True, slots=True)
class Control:
    """One field on a form. `faults` are what was wrong with it when it was sent."""

    name: str
    control: str
    label: str
    required: bool
    value: Any
    choices: tuple[tuple[str, str], ...] = ()
    least: int | None = None
    most: int | None = None
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CommandForm:
    """A command's form: what it is called, where it is sent, its fields."""

    verb: str
    title: str
    controls: list[Control]
    hidden: dict[str, str] = field(default_factory=dict)


def form_of(
    verb: str,
    language: Language,
    today: str,
    values: Mapping[str, Any],
    faults: Mapping[str, list[str]] | None = None,
    hidden: frozenset[str] = frozenset(),
) -> CommandForm:
    """Lay a command out; `values` are what is filled in already; those of `hidden` names are sent, not shown."""
    command = COMMANDS[verb]
    wrong = faults or {}
    day = Control(
        "occurred_at", "past_day", code_words.say("field", "occurred_at", language), True,
        values.get("occurred_at", today), faults=tuple(wrong.get("occurred_at", ())),
    )  # fmt: skip
    shown = [day, *(_control(one, verb, language, values, wrong) for one in command.fields)]
    told = [one for one in shown if one.name not in hidden]
    kept = {one.name: str(one.value) for one in shown if one.name in hidden and one.value is not None}
    return CommandForm(verb, code_words.say("command", verb, language), told, kept)


def body_of(verb: str, sent: Mapping[str, list[str]]) -> dict[str, Any]:
    """Read what a form sent as the body of its command; what was left empty is not in it."""
    body: dict[str, Any] = {}
    if day := _one(sent, "occurred_at"):
        body["occurred_at"] = day
    if organisation := _one(sent, "organisation"):
        body["organisation"] = organisation
    for one in COMMANDS[verb].fields:
        value = _value(one, sent)
        if value is not None:
            body[one.name] = value
    return body


def faults_by_field(problem: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return what a problem says of single fields; of none in particular under the empty name."""
    by_field: dict[str, list[str]] = {}
    for fault in problem.get("errors", ()):
        match = _POINTER.match(fault.get("pointer") or "")
        by_field.setdefault(match[1] if match else "", []).append(fault["detail"])
    return by_field


def code_in(text: str) -> str:
    """Return the code of what was picked from a list, "兰州市城关区 620102", or the text itself."""
    match = _CODE_AT_END.search(text.strip())
    return match[1] if match else text.strip()


def choices_of(verb: str, one: Field, language: Language) -> tuple[tuple[str, str], ...]:
    """Return the codes of a field in words: the standard ones, whatever lists were adopted since; the API takes all."""
    return tuple((code, code_words.say(group_of(verb, one), code, language)) for code in one.codes)


def group_of(verb: str, one: Field) -> str:
    """Return the group of words that a coded field speaks in."""
    if one.name == "kind":
        return "placement" if verb in _PLACED else "kind"
    return {"channel": "channel", "preferred_kind": "placement", "request": "request"}.get(one.name, "reason")


def _control(
    one: Field,
    verb: str,
    language: Language,
    values: Mapping[str, Any],
    faults: Mapping[str, list[str]],
) -> Control:
    choices: tuple[tuple[str, str], ...] = ()
    if one.kind is Kind.CODE:
        choices = choices_of(verb, one, language)
    elif one.kind is Kind.POINTS:
        choices = tuple((code, code_words.say("point", code, language)) for code in one.codes)
    first = choices[0][0] if one.required and one.kind is Kind.CODE else None
    return Control(
        one.name,
        CONTROLS[one.kind],
        code_words.say("field", one.name, language),
        one.required,
        values.get(one.name, first),
        choices,
        one.least if one.kind is Kind.NUMBER else None,
        one.most if one.kind is Kind.NUMBER else None,
        tuple(faults.get(one.name, ())),
    )


def _value(one: Field, sent: Mapping[str, list[str]]) -> Any:
    if one.kind is Kind.DESTINATION:
        return _destination(one.name, sent)
    if one.kind is Kind.POINTS:
        return sent.get(one.name) or None
    text = _one(sent, one.name)
    if not text:
        return None
    if one.kind in (Kind.REGION, Kind.ORGANISATION):
        return code_in(text)
    if one.kind is Kind.MONTHS:
        return [month.strip() for month in text.split(",")]
    if one.kind in (Kind.NUMBER, Kind.HOURS):
        return _number(text)
    return text


def _destination(name: str, sent: Mapping[str, list[str]]) -> dict[str, Any] | None:
    where = _one(sent, f"{name}.where")
    if where in ("abroad", "unknown"):
        return {where: True}
    text = _one(sent, f"{name}.region")
    return {"region": code_in(text)} if text else None


def _number(text: str) -> float | int | str:
    try:
        return int(text) if text.isdigit() else float(text)
    except ValueError:
        return text  # the API says what would be right


def _one(sent: Mapping[str, list[str]], name: str) -> str:
    return (sent.get(name) or [""])[0].strip()
