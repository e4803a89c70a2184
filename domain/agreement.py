"""Co-management agreements 双向共管协议 between organisations: parties, duties, what each may see, and the term.

A party that has signed shows its members to the others; it binds them all once every party has signed. It is about
members away from home: those affiliated at or below a party, while a movement of theirs is open. Whether it is in force
is asked of a day, never stored.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, ClassVar, Final
from uuid import UUID

from domain.errors import Refused, Sentence
from domain.fact import Body, Fact, recorded_as

if TYPE_CHECKING:
    from domain.organisation import OrganisationTree

DUTIES: Final = ("CONTACT", "ACTIVITIES", "EDUCATION", "ASSISTANCE", "FEEDBACK")
CONTACTS: Final = "CONTACTS"
ACTIVITIES: Final = "ACTIVITIES"
PERSONAL_DATA: Final = "PERSONAL_DATA"
VISIBLE: Final = (CONTACTS, ACTIVITIES, PERSONAL_DATA)
Shown = frozenset[tuple[str, str]]
"""Pairs of a party and what it may see."""

_NOTHING: Final[Shown] = frozenset()
ALREADY_SIGNED: Final = Sentence("这些组织已经签署", "These parties have signed already.")
ALREADY_ENDED: Final = Sentence("协议已在那一天之前终止", "The agreement had ended by that day.")


@recorded_as
@dataclass(frozen=True, slots=True)
class AgreementSigned(Body):
    """签订: the terms, and the parties for which they were signed first. `ends_on` is the last day in force."""

    fact: ClassVar[str] = "agreement_signed"
    parties: list[str]
    duties: list[dict[str, str]]
    visible: list[dict[str, str]]
    starts_on: str
    ends_on: str
    signed_for: list[str]
    document: str | None = None


@recorded_as
@dataclass(frozen=True, slots=True)
class AgreementCountersigned(Body):
    """会签, for further parties."""

    fact: ClassVar[str] = "agreement_countersigned"
    signed_for: list[str]


@recorded_as
@dataclass(frozen=True, slots=True)
class AgreementEnded(Body):
    """终止, before its term: `last_day` is the last on which it is in force."""

    fact: ClassVar[str] = "agreement_ended"
    last_day: str
    document: str | None = None


AGREEMENT_FACTS: Final = frozenset({AgreementSigned.fact, AgreementCountersigned.fact, AgreementEnded.fact})


@dataclass(frozen=True, slots=True)
class Agreement:
    """An agreement as known; `last_day` is that of its term, or the one on which it was ended."""

    agreement_id: UUID
    version: int
    terms: AgreementSigned
    signed_for: frozenset[str]
    first_day: date
    last_day: date

    @property
    def is_signed(self) -> bool:
        """Whether every party has signed."""
        return self.signed_for.issuperset(self.terms.parties)

    def is_in_force(self, day: date) -> bool:
        """Whether it binds on a day those who have signed it."""
        return self.first_day <= day <= self.last_day

    def status(self, day: date) -> str:
        """Return how it stands on a day: SIGNING, TO_COME, IN_FORCE or ENDED."""
        if day > self.last_day:
            return "ENDED"
        return "SIGNING" if not self.is_signed else "IN_FORCE" if day >= self.first_day else "TO_COME"

    def shown(self, owner: str) -> Shown:
        """Return what the other parties may see of one party's members: nothing before that party has signed."""
        if owner not in self.signed_for:
            return _NOTHING
        return frozenset((one["organisation"], one["what"]) for one in self.terms.visible) - {
            (owner, what) for what in VISIBLE
        }


@dataclass(frozen=True, slots=True)
class AgreementBook:
    """Every agreement as known at a position. Immutable."""

    by_id: dict[UUID, Agreement] = field(default_factory=dict)
    _kept: dict[tuple[str, int], Shown] = field(default_factory=dict, compare=False, repr=False)

    def with_fact(self, fact: Fact) -> AgreementBook:
        """Return a book that also knows one fact of an agreement."""
        known = self.by_id.get(fact.stream)
        match fact.body:
            case AgreementSigned() as body:
                days = (date.fromisoformat(body.starts_on), date.fromisoformat(body.ends_on))
                known = Agreement(fact.stream, fact.version, body, frozenset(body.signed_for), *days)
            case AgreementCountersigned() as body if known is not None:
                known = replace(known, version=fact.version, signed_for=known.signed_for | set(body.signed_for))
            case AgreementEnded() as body if known is not None:
                last = min(known.last_day, date.fromisoformat(body.last_day))
                known = replace(known, version=fact.version, last_day=last)
        return self if known is None else AgreementBook({**self.by_id, fact.stream: known})

    def in_force(self, day: date) -> list[Agreement]:
        """Return the agreements that bind on a day those who have signed them."""
        return [one for one in self.by_id.values() if one.is_in_force(day)]

    def shown(self, organisation: str | None, day: date, tree: OrganisationTree) -> Shown:
        """Return who may see what of an organisation's members by the agreements in force on a day."""
        if organisation is None or not self.by_id:
            return _NOTHING
        key = (organisation, day.toordinal())
        found = self._kept.get(key)
        if found is None:
            line = {organisation, *tree.above(organisation)}
            pairs = [one.shown(party) for one in self.in_force(day) for party in one.terms.parties if party in line]
            found = self._kept[key] = frozenset().union(*pairs)
        return found


def must_not_have_signed(agreement: Agreement, parties: list[str]) -> None:
    """Raise Refused `already_signed` when nobody of these is left to sign."""
    if agreement.signed_for.issuperset(parties):
        raise Refused("already_signed", ALREADY_SIGNED)


def must_not_have_ended(agreement: Agreement, last_day: date) -> None:
    """Raise Refused `agreement_ended`: an end is brought forward, never put off."""
    if last_day >= agreement.last_day:
        raise Refused("agreement_ended", ALREADY_ENDED)
