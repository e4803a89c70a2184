"""What decisions and folds look up: organisations, regions, policy and workdays, as known at a position."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple

from domain.agreement import (
    AGREEMENT_FACTS,
    AgreementBook,
    AgreementCountersigned,
    AgreementEnded,
    AgreementSigned,
)
from domain.calendar import Due, Workdays, add_months, load_workdays
from domain.code_lists import CodeBook, CodeListAdopted
from domain.errors import Refused
from domain.fact import Body, Fact, recorded_as
from domain.organisation import OrganisationDissolved, OrganisationRegistered, OrganisationTree, dissolution_of
from domain.policy import COUNTRY, Policy, PolicyAdopted, PolicyBook
from domain.regions.loading import load_regions
from domain.times import DAY_US, OFFSET_US, day_start_us, local_day

if TYPE_CHECKING:
    from domain.regions.table import RegionTable

_THE_END: Final = date(9999, 12, 31)
_KEPT_REVIEWS: Final = 20_000


@recorded_as
@dataclass(frozen=True, slots=True)
class WorkdaysSet(Body):
    """The working days of one year as published: rest days on weekdays, and weekend days worked."""

    fact: ClassVar[str] = "workdays_set"
    order: ClassVar[int] = 0
    year: int
    holidays: list[str]
    workdays: list[str]


@recorded_as
@dataclass(frozen=True, slots=True)
class RegionReorganised(Body):
    """区划调整: RENAMED, MERGED or SPLIT, from a day on."""

    fact: ClassVar[str] = "region_reorganised"
    order: ClassVar[int] = 0
    kind: str
    from_codes: list[str]
    to_codes: list[str]
    effective_on: str
    names: dict[str, str] | None = None


REFERENCE_FACTS = frozenset(
    {
        OrganisationRegistered.fact,
        OrganisationDissolved.fact,
        PolicyAdopted.fact,
        CodeListAdopted.fact,
        WorkdaysSet.fact,
        RegionReorganised.fact,
    }
    | AGREEMENT_FACTS
)


class Review(NamedTuple):
    """When a silence is reviewed: the day on which that opens, its first instant, and the day by which it is due."""

    opens: date
    opens_us: int
    due: Due
    opens_on: str


@dataclass(frozen=True, slots=True)
class Reference:
    """Immutable; `position` is the last fact that is in it."""

    organisations: OrganisationTree
    policies: PolicyBook
    workdays: Workdays
    regions: RegionTable
    position: int = 0
    code_lists: CodeBook = field(default_factory=CodeBook)
    agreements: AgreementBook = field(default_factory=AgreementBook)
    _splits: dict[str, date | None] = field(default_factory=dict, compare=False, repr=False)
    _standing: dict[str, str] = field(default_factory=dict, compare=False, repr=False)
    _moments: dict[int, Reference] = field(default_factory=dict, compare=False, repr=False)
    _reviews: dict[tuple[str | None, int], Review] = field(init=False, default_factory=dict, compare=False, repr=False)

    def with_facts(self, facts: list[Fact]) -> Reference:
        """Return a reference that also knows these facts, in log order; others than reference facts are passed over."""
        current: Reference = self
        fresh: list[tuple[OrganisationRegistered, int]] = []
        for fact in facts:
            if isinstance(fact.body, OrganisationRegistered):
                fresh.append((fact.body, fact.position))
                continue
            if fact.body.fact in REFERENCE_FACTS:
                current, fresh = current.with_organisations(fresh).with_fact(fact), []
        return current.with_organisations(fresh)

    def with_organisations(self, fresh: list[tuple[OrganisationRegistered, int]]) -> Reference:
        """Return a reference that also knows these organisations, each from its position on."""
        if not fresh:
            return self
        return self._knowing(fresh[-1][1], organisations=self.organisations.with_organisations(fresh))

    def _knowing(self, position: int, **changes: Any) -> Reference:  # noqa: ANN401 - the fields that a fact changes
        return replace(self, position=position, _moments={}, **changes)

    def with_fact(self, fact: Fact) -> Reference:
        """Return a reference that also knows what one fact, not the registration of an organisation, says."""
        match fact.body:
            case OrganisationDissolved():
                tree = self.organisations.with_dissolved(dissolution_of(fact))
                # Who stood in whose line is asked anew: the book keeps what it once found.
                return self._knowing(fact.position, organisations=tree, agreements=AgreementBook(self.agreements.by_id))
            case PolicyAdopted() as body:
                return self._knowing(fact.position, policies=self.policies.with_adopted(body))
            case CodeListAdopted() as body:
                return self._knowing(fact.position, code_lists=self.code_lists.with_adopted(body))
            case WorkdaysSet() as body:
                rest = [date.fromisoformat(day) for day in body.holidays]
                worked = [date.fromisoformat(day) for day in body.workdays]
                table = self.workdays.with_year(body.year, workdays=worked, holidays=rest)
                return self._knowing(fact.position, workdays=table)
            case RegionReorganised() as body:
                return self._knowing(fact.position, regions=_reorganised(self.regions, body), _splits={}, _standing={})
            case AgreementSigned() | AgreementCountersigned() | AgreementEnded():
                return self._knowing(fact.position, agreements=self.agreements.with_fact(fact))
            case _:
                return self

    def folds_like(self, other: Reference) -> bool:
        """Whether every fold by this reference is the same by another: agreements and code lists are not asked."""
        return (
            self.organisations is other.organisations
            and self.policies is other.policies
            and self.workdays is other.workdays
            and self.regions is other.regions
        )

    def at(self, us: int) -> Reference:
        """Return the same knowledge, of organisations as they stood at an instant (microseconds since 1970 UTC)."""
        turns = self.organisations.turns_us
        count = bisect_right(turns, us)
        if count == len(turns):
            return self
        found = self._moments.get(count)
        if found is None:
            day = local_day(turns[count - 1]) if count else date.min
            found = self._moments[count] = replace(self, organisations=self.organisations.on(day), _moments={})
        return found

    def policy(self, region: str | None, day: date) -> Policy:
        """Return the figures in force in a region on a day."""
        return self.policies.on(region, day)

    def review_of_silence(self, region: str | None, begins_us: int) -> Review:
        """Return when a silence that began on the day of an instant is reviewed, by the policies of a region."""
        key = region, (begins_us + OFFSET_US) // DAY_US
        review = self._reviews.get(key)
        if review is None:
            day = local_day(begins_us)
            opens = add_months(day, self.policy(region, day).lost_contact_months)
            due = self.workdays.add_workdays(opens, self.policy(region, opens).lost_contact_review_workdays)
            review = Review(opens, day_start_us(opens), due, opens.isoformat())
            if len(self._reviews) > _KEPT_REVIEWS:
                self._reviews.clear()
            self._reviews[key] = review
        return review

    def region_of(self, organisation: str | None) -> str | None:
        """Return the home region of an organisation."""
        found = self.organisations.get(organisation)
        return found.region if found is not None else None

    def place_of(self, organisation: str | None) -> str | None:
        """Return the region where an organisation works: where it is stationed, else its home."""
        found = self.organisations.get(organisation)
        return (found.stationed_in or found.region) if found is not None else None

    def is_in(self, organisation: str | None, region: str | None) -> bool:
        """Whether an organisation has its home in the county of `region`, or above it, or is stationed there."""
        found = self.organisations.get(organisation)
        if found is None or region is None:
            return False
        places = [place for place in (found.region, found.stationed_in) if place is not None]
        if any(_covers(place, region) for place in places):
            return True
        here = self.standing(region)
        return any(_covers(self.standing(place), here) for place in places)

    def standing(self, region: str) -> str:
        """Return what a code became in the end; itself while it stands, or when only a person can say."""
        found = self._standing.get(region)
        if found is None:
            found = self._standing[region] = self.regions.resolve(region, _THE_END).code
        return found

    def same_place(self, one: str | None, other: str) -> bool:
        """Whether two codes mean one place: equal, the one what the other became, or a county and a street of it."""
        if one is None or one == other:
            return one == other
        first, second = self.standing(one), self.standing(other)
        return first.startswith(second) or second.startswith(first)

    def seat_of(self, region: str) -> str | None:
        """Return who answers for a region; for a county that ended and has nobody, who answers for its successor."""
        standing = self.standing(region)
        if standing[:6] == region[:6] or region[:6] in self.organisations.by_region:
            return self.organisations.of_region(region)
        return self.organisations.of_region(standing)

    def split_day(self, region: str | None) -> date | None:
        """Return the day from which a code needs assignment to one of several successors, if that day ever comes."""
        if region is None:
            return None
        if region not in self._splits:
            self._splits[region] = self._find_split(region)
        return self._splits[region]

    def _find_split(self, region: str) -> date | None:
        resolution = self.regions.resolve(region, _THE_END)
        return resolution.since if resolution.needs_assignment else None


def _reorganised(regions: RegionTable, body: RegionReorganised) -> RegionTable:
    """Return the regions with a recorded change; one that shipped data of a later version rules out changes nothing."""
    try:
        return regions.reorganise(
            body.kind, body.from_codes, body.to_codes, date.fromisoformat(body.effective_on), names=body.names
        )
    except Refused:
        return regions


def _covers(place: str, region: str) -> bool:
    """Whether `region` lies in `place`; of streets and communities only the county counts."""
    county = place[:6]
    if county.endswith("0000"):
        return county == COUNTRY or region[:2] == county[:2]
    if county.endswith("00"):
        return region[:4] == county[:4]
    return region[:6] == county


def empty_reference() -> Reference:
    """Return the reference before any fact: the shipped regions and workdays, the default policy, no organisation."""
    return Reference(OrganisationTree(), PolicyBook(), load_workdays(), load_regions())
