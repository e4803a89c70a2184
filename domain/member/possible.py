"""Which commands a member's state lets pass, told before anybody has filled in what they say.

The same rules as a decision's. One that looks at what the command will say cannot be told yet, and stands aside.
"""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any, Final

from domain.fact import Fact
from domain.member.commands import COMMANDS
from domain.member.form import Kind
from domain.member.rules import rules_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from domain.fact import Body
    from domain.member.form import Command
    from domain.member.rule import Rule
    from domain.member.state import State
    from domain.reference import Reference

_SAID_LATER: Final = frozenset({Kind.REFERENCE})
"""An optional document counts as one that may yet be named: without it some commands are refused."""


def of_the_member(verb: str) -> bool:
    """Whether a command is about the member as they stand, and not about one event of theirs."""
    return not any(one.name == "event_id" for one in COMMANDS[verb].fields)


def refusals(
    state: State, reference: Reference, *, member: UUID, organisation: str | None, now_us: int
) -> Iterator[tuple[str, Rule | None]]:
    """Yield each command of the member with the rule that refuses it now, None where none does.

    `organisation` is who would act; `now_us` microseconds since 1970 UTC, when it would happen.
    """
    then = reference.at(now_us)
    for verb, command in COMMANDS.items():
        if of_the_member(verb):
            fact = _not_yet_said(command, member, organisation, now_us)
            yield verb, _broken(state, fact, then)


def _broken(state: State, fact: Fact, reference: Reference) -> Rule | None:
    for one in rules_of(state, type(fact.body)):
        try:
            holds = one.holds(state, fact, reference)
        except AttributeError:
            continue  # it looks at what nobody has said yet
        if not holds:
            return one
    return None


def _not_yet_said(command: Command, member: UUID, organisation: str | None, now_us: int) -> Fact:
    """Make a fact whose body says nothing: what must be said is not there, what may be left out is left out."""
    body: Body = object.__new__(command.body)
    later = {one.name for one in command.fields if one.required or one.kind in _SAID_LATER}
    for one in fields(body):  # type: ignore[arg-type]
        if one.default is not MISSING and one.name not in later:
            object.__setattr__(body, one.name, one.default)
    unsaid: dict[str, Any] = {"event_id": "", "nonce": "", "occurred_at": "", "actor": "", "correlation_id": ""}
    return Fact(
        stream=member, version=0, body=body, precision="time", when=now_us, organisation=organisation, via="", **unsaid
    )
