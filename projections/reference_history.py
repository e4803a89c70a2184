"""The reference as known at any position, and which of its facts could have changed how earlier members fold."""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from domain.member import events as e
from domain.organisation import OrganisationRegistered
from domain.reference import Reference, empty_reference

if TYPE_CHECKING:
    from collections.abc import Iterable

    from domain.fact import Fact

_KEPT: Final = 4


class ReferenceHistory:
    """Reference facts in log order.

    Facts of members name organisations that are known by then, so that of an organisation registered later only one
    thing matters to them: that it answers for a place where somebody checked in.
    """

    def __init__(self) -> None:
        self.current: Reference = empty_reference()
        self._facts: list[Fact] = []
        self._positions: list[int] = []
        self._for_all: list[int] = []
        self._of_region: dict[str, list[int]] = {}
        self._earlier: OrderedDict[int, Reference] = OrderedDict()

    def add(self, facts: list[Fact]) -> None:
        """Take further reference facts, in log order."""
        self.current = self.current.with_facts(facts)
        for fact in facts:
            self._facts.append(fact)
            self._positions.append(fact.position)
            if isinstance(fact.body, OrganisationRegistered):
                if self._may_answer_for_its_region(fact.body):
                    self._of_region.setdefault(fact.body.region, []).append(fact.position)
            else:
                self._for_all.append(fact.position)

    def _may_answer_for_its_region(self, body: OrganisationRegistered) -> bool:
        """Only what is topmost answers for a region, and whoever is there for one that ended (Reference.seat_of)."""
        parent = self.current.organisations.get(body.parent)
        tops = body.stationed_in is None and (parent is None or parent.region != body.region)
        return tops or self.current.standing(body.region) != body.region

    def facts_after(self, position: int) -> list[Fact]:
        """Return the reference facts recorded after a position."""
        return self._facts[bisect_right(self._positions, position) :]

    def touches_all(self, position: int) -> bool:
        """Whether the reference fact at a position may change any member's fold."""
        return position in self._for_all

    def touches_region(self, fact: Fact) -> str | None:
        """Return the region for which a registration may have changed who answers; None if it changes nothing."""
        body = fact.body
        if isinstance(body, OrganisationRegistered) and fact.position in self._of_region.get(body.region, ()):
            return body.region
        return None

    def turns(self, facts: list[Fact], upto: int) -> list[int]:
        """Return the positions, after a member's first fact and up to `upto`, at which its fold may have turned."""
        if not facts or not self._positions or self._positions[-1] <= facts[0].position:
            return []
        found = set(self._for_all)
        for region in regions_checked_in(facts):
            for place in {region, self.current.standing(region)}:
                for level in {place, place[:9], place[:6], place[:4] + "00", place[:2] + "0000"}:
                    found.update(self._of_region.get(level, ()))
        return sorted(turn for turn in found if facts[0].position < turn <= upto)

    def at(self, position: int) -> Reference:
        """Return the reference with the facts up to a position."""
        count = bisect_right(self._positions, position)
        if count == len(self._positions):
            return self.current
        known = self._earlier.pop(count, None)
        if known is None:
            known = empty_reference().with_facts(self._facts[:count])
        self._earlier[count] = known
        if len(self._earlier) > _KEPT:
            self._earlier.popitem(last=False)
        return known


def regions_checked_in(facts: Iterable[Fact]) -> set[str]:
    """Return every region that a check-in named, as recorded or as corrected."""
    found: set[str] = set()
    for fact in facts:
        body = fact.body
        if isinstance(body, e.CheckedIn):
            found.add(body.region)
        elif isinstance(body, e.EventCorrected) and "region" in body.changes:
            found.add(str(body.changes["region"]))
    return found
