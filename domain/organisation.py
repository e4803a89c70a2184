"""Organisations 党组织: committees, general branches and branches, their tree, and where each has its home."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import ClassVar, Final
from uuid import UUID, uuid5

from domain.fact import Body, recorded_as

_NAMESPACE: Final = UUID("6b1d5f0e-5a3c-5e43-9a5e-0f2c6a7b9d10")


def organisation_stream(code: str) -> UUID:
    """Return the stream of an organisation: the same for the same code, in every deployment."""
    return uuid5(_NAMESPACE, f"organisation:{code}")


def reference_stream(name: str) -> UUID:
    """Return the stream of shared reference facts: `policies`, `workdays`, `regions`, `code-lists`."""
    return uuid5(_NAMESPACE, f"reference:{name}")


@recorded_as
@dataclass(frozen=True, slots=True)
class OrganisationRegistered(Body):
    """An organisation, its home region, what is above it, and the region that it is stationed in if elsewhere 驻外."""

    fact: ClassVar[str] = "organisation_registered"
    order: ClassVar[int] = 0
    code: str
    name: str
    kind: str
    region: str
    parent: str | None = None
    stationed_in: str | None = None
    external: bool = False


@recorded_as
@dataclass(frozen=True, slots=True)
class OrganisationDissolved(Body):
    """撤销, with the organisation that succeeds to its members, duties, letters and clocks."""

    fact: ClassVar[str] = "organisation_dissolved"
    order: ClassVar[int] = 143
    code: str
    successor: str


@dataclass(frozen=True, slots=True)
class Organisation:
    """An organisation as known; `dissolved_on` is the first day of its successor."""

    code: str
    name: str
    kind: str
    region: str
    parent: str | None
    stationed_in: str | None
    external: bool
    known_from: int
    dissolved_on: date | None = None
    successor: str | None = None


@dataclass(frozen=True, slots=True)
class OrganisationTree:
    """All organisations as known at a position. Immutable: a new fact gives a new tree."""

    by_code: dict[str, Organisation] = field(default_factory=dict)
    by_region: dict[str, tuple[str, ...]] = field(default_factory=dict)
    children: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _seats: dict[str, str | None] = field(default_factory=dict, compare=False, repr=False)

    def get(self, code: str | None) -> Organisation | None:
        """Return the organisation, or None when it is not known."""
        return self.by_code.get(code) if code is not None else None

    def with_organisations(self, bodies: list[tuple[OrganisationRegistered, int]]) -> OrganisationTree:
        """Return a tree that also holds these, each with the position from which it is known."""
        by_code, by_region, children = dict(self.by_code), dict(self.by_region), dict(self.children)
        for body, position in bodies:
            if body.code in by_code:
                continue
            by_code[body.code] = Organisation(
                body.code, body.name, body.kind, body.region, body.parent, body.stationed_in, body.external, position
            )
            by_region[body.region] = (*by_region.get(body.region, ()), body.code)
            if body.parent is not None:
                children[body.parent] = (*children.get(body.parent, ()), body.code)
        return OrganisationTree(by_code, by_region, children)

    def with_dissolved(self, code: str, successor: str, on: date) -> OrganisationTree:
        """Return a tree in which `code` gave way to `successor` on a day."""
        by_code = dict(self.by_code)
        by_code[code] = replace(by_code[code], dissolved_on=on, successor=successor)
        return OrganisationTree(by_code, self.by_region, self.children)

    def above(self, code: str | None) -> list[str]:
        """Return the codes above an organisation, nearest first; a loop in the data ends it."""
        found: list[str] = []
        organisation = self.get(code)
        while organisation is not None and organisation.parent is not None and organisation.parent not in found:
            found.append(organisation.parent)
            organisation = self.get(organisation.parent)
        return found

    def parent_of(self, code: str | None) -> str | None:
        """Return the organisation directly above, the organisation itself when it is topmost."""
        organisation = self.get(code)
        return organisation.parent if organisation is not None and organisation.parent is not None else code

    def common_superior(self, parties: list[str], origin: str | None) -> str | None:
        """Return the lowest organisation above all parties, else the origin's topmost."""
        shared = self.above(parties[0]) if parties else []
        for party in parties[1:]:
            above = set(self.above(party))
            shared = [code for code in shared if code in above]
        if shared:
            return shared[0]
        above_origin = self.above(origin)
        return above_origin[-1] if above_origin else origin

    def below(self, code: str) -> list[str]:
        """Return an organisation and everything below it, by code."""
        found, seen, waiting = [], {code}, [code]
        while waiting:
            current = waiting.pop()
            found.append(current)
            fresh = [child for child in self.children.get(current, ()) if child not in seen]
            seen.update(fresh)
            waiting.extend(fresh)
        return sorted(found)

    def is_at_or_below(self, code: str | None, ancestor: str) -> bool:
        """Whether `code` is `ancestor` or somewhere below it."""
        return code == ancestor or ancestor in self.above(code)

    def of_region(self, region: str | None) -> str | None:
        """Return who answers for a region: the topmost whose home is there, else that of the region around it."""
        if region is None:
            return None
        if region not in self._seats:
            self._seats[region] = self._find_seat(region)
        return self._seats[region]

    def _find_seat(self, region: str) -> str | None:
        for level in dict.fromkeys((region, region[:9], region[:6], region[:4] + "00", region[:2] + "0000")):
            here = [self.by_code[code] for code in self.by_region.get(level, ()) if not self.by_code[code].stationed_in]
            tops = [one for one in here if (above := self.get(one.parent)) is None or above.region != level]
            if tops:
                tops.sort(key=lambda one: (one.external, one.kind != "COMMITTEE", one.code))
                return tops[0].code
        return None
