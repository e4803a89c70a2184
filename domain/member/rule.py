"""What a rule is: a named condition with a stable code and a sentence for whoever is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from domain.errors import Sentence

if TYPE_CHECKING:
    from domain.fact import Fact
    from domain.member.state import State
    from domain.reference import Reference

Condition = Callable[["State", "Fact", "Reference"], bool]


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition that must hold, the code it is known by, and the sentence for whoever is refused."""

    code: str
    sentence: Sentence
    holds: Condition


def rule(code: str, zh: str, en: str) -> Callable[[Condition], Rule]:
    """Decorator: make a Rule of a condition."""
    return lambda holds: Rule(code, Sentence(zh, en), holds)


@rule("not_yet_affiliated", "那一天他还不是本组织的党员", "The member was not yet affiliated on that day.")
def must_be_affiliated(state: State, _fact: Fact, _reference: Reference) -> bool:
    """Many subjects ask for it."""
    return state.registered


def is_in_line(one: str | None, other: str | None, reference: Reference) -> bool:
    """Whether two organisations are the same, or one is above the other."""
    tree = reference.organisations
    return (
        one is not None and other is not None and (tree.is_at_or_below(one, other) or tree.is_at_or_below(other, one))
    )


def acts_for(fact: Fact, code: str | None, reference: Reference) -> bool:
    """Whether who acts stands in line with an organisation, as far as that is known here."""
    return is_in_line(fact.organisation, code, reference) or is_theirs_to_know(fact, fact.organisation, code, reference)


def is_theirs_to_know(fact: Fact, one: str | None, other: str | None, reference: Reference) -> bool:
    """Whether a sister's fact is about two organisations of hers.

    Who is above whom in another deployment is known there: what was judged by it is not judged again.
    """
    known = (reference.organisations.get(one), reference.organisations.get(other))
    return fact.origin_id is not None and all(each is not None and each.external for each in known)
