"""Whom a fact concerns, and what it may tell them of the member: decided when it is recorded, and never again.

A fact that comes last is heard by whoever the member concerns before it and after it. One that lies in the past, or
that corrects, voids or confirms one that does, is heard by whoever the member concerned then, by whoever heard of what
it is about, and by the affiliation; by those whom the member concerns today only where it is of the same movement or
transfer, lasts, or changes how the member stands today. `after` tells how the member stands today; a fact that goes to
a region that the member concerns no more tells how things stood at its own time instead, and says `present: false`.
Unless it changes how the member stands today, and is of the very movement that is under way: who holds a member then
has to learn it, and those who had a part in that movement may.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from domain.fact import sort_key
from domain.member import events as e
from domain.member.evolve import live
from domain.member.feedback.events import AnnualFeedbackIssued, FeedbackAcknowledged
from domain.member.merging.events import RecordsMerged
from domain.member.sharing import LASTING, SHOWN_BY_AGREEMENT, homes, regions_told, with_successors
from domain.member.state import State
from domain.member.transfer.events import FACTS as TRANSFER_FACTS
from domain.member.views import after, concerned_regions
from domain.organisation import OrganisationDissolved
from domain.policy import COUNTRY

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from domain.fact import Body, Fact
    from domain.reference import Reference
    from infra.recording.members import Ledger

ABOUT_EVENTS: Final = (e.EventCorrected, e.EventVoided, e.FlagConfirmed)
_FEEDBACK: Final = (AnnualFeedbackIssued, FeedbackAcknowledged)
_OF_NO_MOVEMENT: Final = (*_FEEDBACK, *TRANSFER_FACTS, *LASTING, *SHOWN_BY_AGREEMENT)


class _Moment(NamedTuple):
    """Who hears of the fact by one state, who may know where the member is by it, and which movement is under way.

    Of a fact of a transfer, which transfer as well.
    """

    told: set[str]
    may_know: set[str]
    homes: set[str]
    under_way: tuple[str | None, str | None]
    stands: dict[str, Any]


class Concerning:
    """Notes whom a fact concerns while it is decided and taken in; asked once at the end."""

    def __init__(self, ledger: Ledger, fact: Fact, reference: Reference, today: date) -> None:
        """Begin before anything is decided; the ledger stands by the reference."""
        self._ledger = ledger
        self._reference = reference
        self._today = today
        self._is_about = isinstance(fact.body, ABOUT_EVENTS)
        self._root = root_of(ledger.facts, fact) if self._is_about else fact
        self._subject: Body = self._root.body
        self._organisation = self._root.organisation
        self._now: list[_Moment] = []
        self._then: list[_Moment] = []
        self._heard: set[str] = set()
        self._plain: set[str] = set()
        self._joined = False
        self._is_plain = not self._is_about and not isinstance(fact.body, _FEEDBACK)
        if self._is_about:
            self._note_root()
            self._heard = self._heard_of_the_root()

    def then(self, state: State) -> None:
        """Note how the member stood at the fact's own time, which lies before other facts."""
        self._is_plain = False
        self._then.append(self._moment(state))

    def now(self, state: State) -> None:
        """Note how the member stands, before the fact was taken in and after it."""
        if self._is_plain:
            self._plain |= regions_told(self._subject, self._organisation, state, self._reference, self._today)
        else:
            self._now.append(self._moment(state))

    def joins(self) -> None:
        """Note that the fact opens the movement that was known already from a later one."""
        self._joined = True

    def settle(self, fact: Fact) -> None:
        """Write into a fact that was taken in whom it concerns, and what it says of the member."""
        state = self._ledger.state
        if self._is_plain:
            fact.concerns = self._named(self._plain)
            fact.after = after(state, fact)
            return
        if self._is_about:
            self._note_root()
        concerned = self._heard | self._told_of_today()
        for moment in self._then:
            concerned |= moment.told
        fact.concerns = self._named(concerned)
        may_know = set().union(*(moment.may_know for moment in self._now))
        elsewhere = concerned - self._successors(may_know | self._had_a_part())
        fact.after = after(state, fact) if not elsewhere else self._after_then(fact, elsewhere)

    def _told_of_today(self) -> set[str]:
        before, now = self._now[0], self._now[-1]
        is_of_today = (
            self._joined
            or not self._then
            or isinstance(self._subject, LASTING)
            or before.stands != now.stands
            or not {one.under_way for one in self._then}.isdisjoint({before.under_way, now.under_way})
        )
        return before.told | now.told if is_of_today else before.homes | now.homes

    def _had_a_part(self) -> set[str]:
        """Return who had a part in the movement under way, where the fact is of it and changes how the member stands.

        All are sent the same `after`. Did it tell the past for the sake of one of them, a place that was declared or
        checked in by mistake, those who have the member would hold what is wrong, and who gets the member, nothing.
        """
        before, now = self._now[0], self._now[-1]
        if before.stands == now.stands or isinstance(self._subject, _OF_NO_MOVEMENT):
            return set()
        today = {before.under_way[0], now.under_way[0]} - {None}
        then = [one for one in self._then if one.under_way[0] in today]
        return set().union(self._heard, *(one.may_know for one in then)) if then else set()

    def _after_then(self, fact: Fact, elsewhere: set[str]) -> dict[str, Any]:
        """Tell who the member concerns no more how it stood then, so far as that is theirs to know."""
        known = self._successors(set().union(self._heard, *(one.may_know for one in self._then)))
        if not elsewhere <= known:
            return as_of_then(after(State(), fact))
        ordered, named = self._ledger.ordered, self._root if self._is_about else fact
        place = next((one for one in ordered if one.event_id == named.event_id), named)
        state = _upto(ordered, sort_key(place), self._reference)
        return as_of_then(after(state, fact))

    def _moment(self, state: State) -> _Moment:
        told = regions_told(self._subject, self._organisation, state, self._reference, self._today)
        is_transfer = isinstance(self._subject, TRANSFER_FACTS)
        movement = state.open_movement
        under_way = (
            movement.movement_id if movement is not None else None,
            state.transfer.transfer_id if is_transfer and state.transfer is not None else None,
        )
        may_know = concerned_regions(state, with_transfer=is_transfer)
        if not isinstance(self._subject, _FEEDBACK):
            may_know |= told  # of a feedback, both sides hear that there is one, and no more of the member
        return _Moment(told, may_know, homes(state), under_way, after(state))

    def _note_root(self) -> None:
        """Note how the member stood right before and after the event that the fact is about, as known now."""
        ordered, root = self._ledger.ordered, self._root
        place = next((one for one in ordered if one.event_id == root.event_id), None)
        key = sort_key(place or root)
        if place is not None:
            self._subject, self._organisation = place.body, place.organisation
            self.then(_upto(ordered, key, self._reference, but=place))
        self.then(_upto(ordered, key, self._reference))

    def _heard_of_the_root(self) -> set[str]:
        """Return who was sent the event that the fact is about, or anything else about that event."""
        facts, root = self._ledger.facts, self._root
        found = set(root.concerns)
        for one in facts:
            if isinstance(one.body, ABOUT_EVENTS) and root_of(facts, one).event_id == root.event_id:
                found.update(one.concerns)
        return found

    def _successors(self, codes: set[str]) -> set[str]:
        return with_successors(codes, self._reference, self._today)

    def _named(self, codes: set[str]) -> tuple[str, ...]:
        """Return regions as they are stored; the whole country is no region's feed."""
        return tuple(sorted(self._successors(codes) - {COUNTRY}))


def concern_both(
    facts: tuple[Fact, Fact],
    before: tuple[State, State],
    states: tuple[State, State],
    changed: Iterable[Fact],
    reference: Reference,
    today: date,
) -> None:
    """Write into the facts of a merge or its undoing, on the kept stream and the absorbed one, whom they concern.

    The kept member's own goes to whoever that member concerns, before and after. The other's corrects what was sent of
    that record and of whatever was set aside (`changed`): it goes to whoever was sent any of it, and then says nothing
    of where that member is. Of an undoing, whoever hears the first needs the second only if it is about their member.
    """
    kept, absorbed = facts
    of_kept, of_absorbed = (
        with_successors(concerned_regions(one) | concerned_regions(other), reference, today)
        for one, other in zip(before, states, strict=True)
    )
    sent = of_absorbed | with_successors((region for one in changed for region in one.concerns), reference, today)
    if isinstance(absorbed.body, RecordsMerged):
        sent |= of_kept
    else:
        sent -= of_kept - of_absorbed  # they hear the same from the kept member's own, and need no more
        if sent != of_absorbed:
            absorbed.after = as_of_then(after(State(), absorbed))
    kept.concerns, absorbed.concerns = (tuple(sorted(one - {COUNTRY})) for one in (of_kept, sent))


def as_of_then(stands: dict[str, Any]) -> dict[str, Any]:
    """Mark what `after` says as not being how the member stands today."""
    return dict(sorted({**stands, "present": False}.items()))


def root_of(facts: list[Fact], fact: Fact) -> Fact:
    """Return what a fact is about in the end: itself, or what it corrects, voids or confirms."""
    while isinstance(fact.body, ABOUT_EVENTS):
        event_id = fact.body.event_id
        target = next((one for one in facts if one.event_id == event_id), None)
        if target is None:
            break
        fact = target
    return fact


def _upto(
    ordered: Iterable[Fact], key: tuple[int, int, int], reference: Reference, *, but: Fact | None = None
) -> State:
    """Return the member after the facts up to a place in their order, that one left out if told so."""
    earlier = (
        one
        for one in ordered
        if sort_key(one) <= key and one is not but and not isinstance(one.body, OrganisationDissolved)
    )
    state = State()
    for _ in live(state, earlier, reference, until_us=key[0]):
        pass
    return state
