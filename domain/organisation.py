"""Organisations 党组织: committees, general branches and branches, their tree, and where each has its home."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, ClassVar, Final
from uuid import UUID, uuid5

from domain.fact import Body, Fact, recorded_as
from domain.policy import COUNTRY
from domain.times import day_start_us, local_day

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
    """撤销, with the organisation that succeeds to its members, duties, letters and clocks.

    Split up, it has several: each of `shares` is `{"successor": code, "members": [ids], "organisations": [codes]}`,
    and everybody and everything that no share names goes to `successor`.
    """

    fact: ClassVar[str] = "organisation_dissolved"
    order: ClassVar[int] = 143
    code: str
    successor: str
    shares: list[dict[str, Any]] | None = None


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
class Dissolution:
    """An end with its successors. It counts from the beginning of the day `on`, which is `fact.when`."""

    code: str
    on: date
    fact: Fact
    successor: str
    of_member: dict[str, str]
    of_organisation: dict[str, str]

    def heir(self, member: str | None = None) -> str:
        """Return who succeeds for a member; for everybody whom no share names, the one successor."""
        return self.of_member.get(member, self.successor) if member is not None else self.successor

    def successors(self) -> tuple[str, ...]:
        """Return everybody who succeeds to something, the one who succeeds to the rest first."""
        return tuple(dict.fromkeys((self.successor, *self.of_member.values(), *self.of_organisation.values())))


def dissolution_of(fact: Fact) -> Dissolution:
    """Read a recorded OrganisationDissolved."""
    body = fact.body
    if not isinstance(body, OrganisationDissolved):
        raise TypeError(body.fact)
    shares = body.shares or []
    on = local_day(fact.when)
    return Dissolution(
        body.code,
        on,
        replace(fact, when=day_start_us(on)),
        body.successor,
        {member: str(share["successor"]) for share in shares for member in share.get("members") or ()},
        {code: str(share["successor"]) for share in shares for code in share.get("organisations") or ()},
    )


@dataclass(frozen=True, slots=True)
class OrganisationTree:
    """All organisations as known at a position, standing as on `day`: an end that comes later is not looked at.

    Who was dissolved by then lives on in the successor: is below it, with everything that was below. Immutable: a new
    fact gives a new tree.
    """

    by_code: dict[str, Organisation] = field(default_factory=dict)
    by_region: dict[str, tuple[str, ...]] = field(default_factory=dict)
    children: dict[str, tuple[str, ...]] = field(default_factory=dict)
    gone: dict[str, Dissolution] = field(default_factory=dict)
    heirs_to: dict[str, tuple[str, ...]] = field(default_factory=dict)
    turns_us: tuple[int, ...] = ()
    day: date = date.max
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
        return replace(self, by_code=by_code, by_region=by_region, children=children, _seats={})

    def with_dissolved(self, dissolution: Dissolution) -> OrganisationTree:
        """Return a tree in which an organisation gave way to its successors on a day.

        Two that were recorded at once, each naming the other, or one organisation twice: the first stands.
        """
        code = dissolution.code
        lines = [self.standing(successor) for successor in dissolution.successors()]
        if code not in self.by_code or code in self.gone or code in lines:
            return self
        ended = replace(self.by_code[code], dissolved_on=dissolution.on, successor=dissolution.successor)
        succeeded = {heir: (*self.heirs_to.get(heir, ()), code) for heir in dissolution.successors()}
        return replace(
            self,
            by_code={**self.by_code, code: ended},
            gone={**self.gone, code: dissolution},
            heirs_to={**self.heirs_to, **succeeded},
            turns_us=tuple(sorted({*self.turns_us, dissolution.fact.when})),
            _seats={},
        )

    def on(self, day: date) -> OrganisationTree:
        """Return the same organisations, standing as on a day of Asia/Shanghai."""
        return replace(self, day=day, _seats={}) if self.gone else self

    def dissolution(self, code: str | None) -> Dissolution | None:
        """Return how an organisation ended, if it had by the day."""
        found = self.gone.get(code) if code is not None else None
        return found if found is not None and found.on <= self.day else None

    def standing(self, code: str, member: str | None = None) -> str:
        """Return who stands in an organisation's place on the day, for a member: itself while it stands."""
        while (ended := self.dissolution(code)) is not None:
            code = ended.heir(member)
        return code

    def _next_above(self, code: str) -> str | None:
        """Return what is directly above; of what was dissolved the successor, below whom it lives on."""
        ended = self.dissolution(code)
        if ended is not None:
            return ended.successor
        organisation = self.by_code.get(code)
        parent = organisation.parent if organisation is not None else None
        while parent is not None and (ended := self.dissolution(parent)) is not None:
            heir = ended.of_organisation.get(code, ended.successor)
            # Whoever takes the place of what was above it stands where that stood.
            parent = self.by_code[parent].parent if heir == code else heir
        return parent

    def above(self, code: str | None) -> list[str]:
        """Return the codes above an organisation, nearest first; a loop in the data ends it."""
        found: list[str] = []
        current = self._next_above(code) if code is not None else None
        while current is not None and current not in found:
            found.append(current)
            current = self._next_above(current)
        return found

    def parent_of(self, code: str | None) -> str | None:
        """Return the organisation directly above, the organisation itself when it is topmost."""
        if code is None:
            return None
        standing = self.standing(code)
        return self._next_above(standing) or standing

    def committee_of(self, code: str | None) -> str | None:
        """Return the nearest committee at or above an organisation, whose department answers; else its topmost."""
        line = [code, *self.above(code)] if code is not None else []
        committees = [one for one in line if (known := self.get(one)) is not None and known.kind == "COMMITTEE"]
        return committees[0] if committees else (line[-1] if line else None)

    def common_superior(self, parties: list[str], origin: str | None) -> str | None:
        """Return the lowest organisation above all parties, else the origin's topmost."""
        parties = [self.standing(party) for party in parties]
        origin = self.standing(origin) if origin is not None else None
        shared = self.above(parties[0]) if parties else []
        for party in parties[1:]:
            above = set(self.above(party))
            shared = [code for code in shared if code in above]
        if shared:
            return shared[0]
        above_origin = self.above(origin)
        return above_origin[-1] if above_origin else origin

    def below(self, code: str) -> list[str]:
        """Return an organisation and everything below it, by code, with what it succeeded to."""
        found, seen, waiting = [], {code}, [code]
        while waiting:
            current = waiting.pop()
            found.append(current)
            fresh = [child for child in self._candidates_below(current) if child not in seen]
            seen.update(fresh)
            waiting.extend(fresh)
        return sorted(found)

    def _candidates_below(self, code: str) -> Iterable[str]:
        """Return what is directly below: what was registered so, less and plus what dissolutions moved."""
        if not self.gone:
            return self.children.get(code, ())
        found: dict[str, None] = {}
        waiting = [code]
        while waiting:
            current = waiting.pop()
            for one in (*self.children.get(current, ()), *self.heirs_to.get(current, ())):
                if one not in found:
                    found[one] = None
                    if self.dissolution(one) is not None:
                        waiting.append(one)
        return [one for one in found if self._next_above(one) == code]

    def is_at_or_below(self, code: str | None, ancestor: str) -> bool:
        """Whether `code` is `ancestor` or somewhere below it."""
        return code == ancestor or ancestor in self.above(code)

    def of_region(self, region: str | None) -> str | None:
        """Return who answers for a region: the topmost whose home is there, else that of the region around it."""
        if region is None or region == COUNTRY:
            return None  # homes that nobody named stand there, and none of them answers for a country
        if region not in self._seats:
            self._seats[region] = self._find_seat(region)
        return self._seats[region]

    def _find_seat(self, region: str) -> str | None:
        for level in dict.fromkeys((region, region[:9], region[:6], region[:4] + "00", region[:2] + "0000")):
            here = [self.by_code[code] for code in self.by_region.get(level, ()) if not self.by_code[code].stationed_in]
            standing = [one for one in here if self.dissolution(one.code) is None]
            seat = self._topmost(standing, level) or self._topmost(here, level)
            if seat is not None:
                return self.standing(seat)
        return None

    def _topmost(self, here: list[Organisation], region: str) -> str | None:
        tops = [
            one for one in here if (above := self.get(self._next_above(one.code))) is None or above.region != region
        ]
        tops.sort(key=lambda one: (one.external, one.kind != "COMMITTEE", one.code))
        return tops[0].code if tops else None

    def line_of(self, code: str) -> list[str]:
        """Return an organisation and whatever ever was, or came to be, below it: whose members its end may touch."""
        found, seen, waiting = [], {code}, [code]
        while waiting:
            current = waiting.pop()
            found.append(current)
            fresh = [
                one for one in (*self.children.get(current, ()), *self.heirs_to.get(current, ())) if one not in seen
            ]
            seen.update(fresh)
            waiting.extend(fresh)
        return found
