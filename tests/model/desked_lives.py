"""Random lives recorded as the desk records them: each fact with the regions that it concerns, and what it says."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from domain.agreement import ACTIVITIES, CONTACTS, AgreementBook, AgreementSigned
from domain.fact import Body, Fact, place_in_time
from domain.member.fold import registered_when
from domain.times import day_start_us, parse_occurred
from infra.recording.desk import decide_fact
from infra.recording.members import Ledger, new_ledger
from tests.model.feed_model import Terms
from tests.model.lives import live
from tests.model.recording import Stream
from tests.model.world import MEMBER, world

if TYPE_CHECKING:
    from domain.member.events import MemberRegistered
    from domain.reference import Reference
    from domain.times import Occurred
    from tests.model.lives import Step

PARTNERS = (("MQ", "JJ"), ("MQ", "CG"), ("GS", "CD"), ("JJ", "WW"))
SHOWN = ((CONTACTS,), (ACTIVITIES,), (CONTACTS, ACTIVITIES))
IN_FORCE, OVER = date(2027, 12, 31), date(2028, 3, 1)


def agreed(terms: Terms) -> Reference:
    """Return the small country with one agreement, in force until the end of 2027."""
    visible = [{"organisation": terms.partner, "what": what} for what in terms.what]
    parties = [terms.owner, terms.partner]
    body = AgreementSigned(parties, [], visible, "2020-01-01", IN_FORCE.isoformat(), parties)
    fact = Fact(UUID(int=7), 1, "agreement", "", body, "2020-01-01", "day", 0, None, "somebody", "API", "")
    return replace(world(), agreements=AgreementBook().with_fact(fact))


@dataclass
class Desked(Stream):
    """A member's ledger to which every fact comes through `decide_fact`, on days with the agreement and without."""

    terms: Terms = field(kw_only=True)
    chance: random.Random = field(kw_only=True)
    ledger: Ledger = field(init=False)
    in_force: dict[str, Terms | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Begin with nobody."""
        self.reference = agreed(self.terms)
        self.ledger = new_ledger(MEMBER, self.reference)

    def register(self, affiliation: str = "MQ-1", since: str | None = None, category: str = "FULL") -> Fact:
        """Register the member."""
        body: MemberRegistered = super().register(affiliation, since, category).body  # type: ignore[assignment]
        self.facts.clear()
        occurred = parse_occurred(since or "2024-01-01")
        return self._recorded(self._draft(body, occurred.text, occurred.precision, registered_when(body), affiliation))

    def _decided(self, body: Body, occurred: Occurred, organisation: str | None) -> Fact:
        when = place_in_time(occurred, type(body))
        return self._recorded(self._draft(body, occurred.text, occurred.precision, when, organisation))

    def _recorded(self, fact: Fact) -> Fact:
        today = self.chance.choice((IN_FORCE, OVER))
        fact = self._append(decide_fact(self.ledger, fact, self.reference, day_start_us(today)))
        self.in_force[fact.event_id] = self.terms if today == IN_FORCE else None
        return fact


def desked(steps: list[Step], seed: int) -> Desked:
    """Live a life at the desk, with an agreement that is in force when about half of the facts are recorded."""
    chance = random.Random(seed)
    terms = Terms(*chance.choice(PARTNERS), chance.choice(SHOWN))
    stream = Desked(terms=terms, chance=chance)
    live(steps, stream=stream)
    return stream
