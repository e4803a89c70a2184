"""The reference as known at any position, and which of its facts could have changed how earlier members fold."""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from domain.agreement import AgreementCountersigned, AgreementEnded, AgreementSigned
from domain.code_lists import CodeListAdopted
from domain.organisation import OrganisationDissolved, OrganisationRegistered
from domain.policy import COUNTRY
from domain.reference import Reference, RegionReorganised, empty_reference
from projections.asking import NOWHERE, spans_on
from projections.naming import AFTER_ALL, ORGANISATION, named

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain.fact import Fact

_KEPT: Final = 16
_MOST_NAMES: Final = 1_000
"""More than that, and everybody is looked at: sooner done than asking for each."""


@dataclass(frozen=True, slots=True)
class Touched:
    """What a reference fact may change: who answers for regions, and members who name something (`naming`)."""

    answered: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


class ReferenceHistory:
    """Reference facts in log order.

    Facts of members name organisations that are known by then, so that of an organisation registered later only one
    thing matters to them: that it answers for a place where somebody checked in. A dissolution matters to whoever
    names the organisation or one below it, or checked in where it answered; a county that changes to whoever names
    it, or an organisation that is there; figures and workdays, and provinces and cities that change, to everybody.
    """

    def __init__(self) -> None:
        self.current: Reference = empty_reference()
        self._facts: list[Fact] = []
        self._positions: list[int] = []
        self._for_all: list[int] = []
        self._of_region: dict[str, list[int]] = {}
        self._of_name: dict[str, list[int]] = {}
        self._touches: dict[int, Touched] = {}
        self._earlier: OrderedDict[int, Reference] = OrderedDict()

    def add(self, facts: list[Fact]) -> None:
        """Take further reference facts, in log order."""
        before, self.current = self.current, self.current.with_facts(facts)
        for fact in facts:
            self._facts.append(fact)
            self._positions.append(fact.position)
            touched = self._touched_by(fact, before)
            if touched is None:
                self._for_all.append(fact.position)
                continue
            self._touches[fact.position] = touched
            for region in touched.answered:
                self._of_region.setdefault(region, []).append(fact.position)
            for name in touched.names:
                self._of_name.setdefault(name, []).append(fact.position)

    def _touched_by(self, fact: Fact, before: Reference) -> Touched | None:
        """Return what a fact may change, None for everybody; looked up in the tree with all that is known by now."""
        match fact.body:
            case OrganisationRegistered() as body:
                return Touched((body.region,) if self._may_answer_for_its_region(body) else ())
            case OrganisationDissolved() as body:
                return self._touched_by_an_end(body.code)
            case RegionReorganised() as body:
                return self._touched_by_a_region(body, before)
            case CodeListAdopted() | AgreementSigned() | AgreementCountersigned() | AgreementEnded():
                return Touched()
            case _:
                return None

    def _touched_by_an_end(self, code: str) -> Touched:
        tree = self.current.organisations
        line = tree.line_of(code)
        answered = {one.region for known in line if (one := tree.get(known)) is not None and one.stationed_in is None}
        return Touched(tuple(sorted(answered)), tuple(ORGANISATION + known for known in line))

    def _touched_by_a_region(self, body: RegionReorganised, before: Reference) -> Touched | None:
        codes = [*body.from_codes, *body.to_codes]
        for code in body.from_codes:
            for stored in before.regions.stored_codes(code, date.max):
                codes += stored
        if any(code.endswith("00") or len(code) < len(COUNTRY) for code in codes):
            return None
        here = [
            ORGANISATION + one.code
            for tree in (before.organisations, self.current.organisations)
            for one in tree.by_code.values()
            if one.region[:6] in codes or (one.stationed_in or "")[:6] in codes
        ]
        return Touched(tuple(codes), (*codes, *dict.fromkeys(here)))

    def _may_answer_for_its_region(self, body: OrganisationRegistered) -> bool:
        """Only what is topmost answers for a region, and whoever is there for one that ended (Reference.seat_of)."""
        parent = self.current.organisations.get(body.parent)
        tops = body.stationed_in is None and (parent is None or parent.region != body.region)
        return tops or self.current.standing(body.region) != body.region

    def facts_after(self, position: int) -> list[Fact]:
        """Return the reference facts recorded after a position."""
        return self._facts[bisect_right(self._positions, position) :]

    def spans_touched(self, facts: list[Fact]) -> list[tuple[str, str]] | None:
        """Return the ranges of names (`naming`) of the members whom facts may touch; None for everybody."""
        touched = [self._touches.get(fact.position) for fact in facts]
        if any(one is None or len(one.names) > _MOST_NAMES for one in touched):
            return None
        known = [one for one in touched if one is not None]
        regions = sorted({region for one in known for region in one.answered})
        spans = [span for region in regions for span in spans_answered(self.current, region)]
        names = sorted({name for one in known for name in one.names})
        return spans + [(name, name + (AFTER_ALL if name.startswith(ORGANISATION) else ":")) for name in names]

    def turns(self, facts: list[Fact], upto: int, linked: Sequence[Fact] = ()) -> list[int]:
        """Return the positions, after a member's first fact and up to `upto`, at which its fold may have turned.

        `linked` are facts of other streams that a merge has made, or will make, the member's.
        """
        if not facts or not self._positions or self._positions[-1] <= facts[0].position:
            return []
        found = set(self._for_all)
        for name in named([*facts, *linked]):
            if name.startswith(ORGANISATION):
                found.update(self._of_name.get(name, ()))
                continue
            found.update(self._of_name.get(name[:6], ()))
            for place in {name, self.current.standing(name)}:
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
            # From the nearest before it: what regions became takes a moment to work out.
            begun = max((one for one in self._earlier if one < count), default=0)
            known = (self._earlier[begun] if begun else empty_reference()).with_facts(self._facts[begun:count])
        self._earlier[count] = known
        if len(self._earlier) > _KEPT:
            self._earlier.popitem(last=False)
        return known


def spans_answered(reference: Reference, region: str) -> list[tuple[str, str]]:
    """Return half-open ranges of the codes for which an organisation of `region` may answer, now or in the end."""
    prefix = region.removesuffix("0000") if region.endswith("0000") else region.removesuffix("00")
    codes = spans_on(reference, region, date.max) if len(region) == len(COUNTRY) else NOWHERE
    return [(prefix, prefix + ":"), *zip(codes.lows, codes.highs, strict=True)]
