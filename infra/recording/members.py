"""Members as last loaded: ledger, order and state, kept by version so that most commands read nothing.

A kept member is taken out while a command works on it and put back when its facts are recorded. Two commands on one
member never share a state: the second loads from the log, and the store lets only one of them append.
"""

from __future__ import annotations

from bisect import insort
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Final
from uuid import UUID

from domain.fact import sort_key
from domain.member import succession
from domain.member.evolve import apply, live
from domain.member.fold import HEAD, comes_last, effective, fold
from domain.member.merging.belonging import belonging, linked_facts, merged_into
from domain.member.state import State
from domain.organisation import OrganisationDissolved

if TYPE_CHECKING:
    from domain.fact import Fact
    from domain.reference import Reference


_WEIGHT_OF_A_STATE: Final = 8


class NotWhole(Exception):
    """What is kept of a member says how they stand, not all that was told: what is asked needs the stream."""


class Ledger:
    """A member's facts in recorded order, those that count in the order of the fold, and the state they add up to.

    Among those that count are the dissolutions of organisations that the member belonged to. Of a member recorded twice
    they are those of both records; `linked` is then all that the streams hold that merges tie to this one, as loaded.
    Of a record that was merged into another they are none.

    A shortened one holds the state and the last facts alone, all that is needed to take in a fact that comes last.
    Whatever needs more raises NotWhole, and the ledger is then of no use.
    """

    __slots__ = ("_facts", "_ordered", "_recorded_last", "fresh", "linked", "member_id", "reference", "state")

    def __init__(self, member_id: UUID, state: State, reference: Reference, *, fresh: bool) -> None:
        """Begin without a fact; `fresh` says that it was just read, and not kept."""
        self.member_id = member_id
        self.state = state
        self.reference = reference
        self.fresh = fresh
        self.linked: list[Fact] = []
        self._facts: list[Fact] | None = []
        self._ordered: list[Fact] = []
        self._recorded_last: Fact | None = None

    @property
    def facts(self) -> list[Fact]:
        """The facts in recorded order."""
        if self._facts is None:
            raise NotWhole
        return self._facts

    @facts.setter
    def facts(self, facts: list[Fact]) -> None:
        self._facts = facts

    @property
    def ordered(self) -> list[Fact]:
        """The facts that count, in the order of the fold."""
        if self._facts is None:
            raise NotWhole
        return self._ordered

    @property
    def is_empty(self) -> bool:
        """Whether no fact counts: nobody's id, or a record that was merged into another."""
        return self._facts is not None and not self._facts

    @property
    def is_whole(self) -> bool:
        """Whether it holds all facts."""
        return self._facts is not None

    @property
    def version(self) -> int:
        """The version of the stream."""
        if self._facts is None:
            return self._recorded_last.version if self._recorded_last is not None else 0
        return version_of(self.member_id, self._facts or self.linked)

    def shortened(self) -> Ledger:
        """Return the same without its earlier facts, of a member recorded once; the state is shared."""
        short = Ledger(self.member_id, self.state, self.reference, fresh=self.fresh)
        short._facts, short._ordered, short._recorded_last = None, self.ordered[-1:], self.facts[-1]
        # What the fold tells those who keep rows; nothing is decided by it.
        self.state.tallies.clear()
        self.state.ended_duties.clear()
        return short

    @property
    def merged_into(self) -> UUID | None:
        """Who has this member's facts, if they were merged into another's."""
        return merged_into(self.member_id, self.linked) if self.linked else None

    def known(self, position: int) -> list[Fact]:
        """Return the member's facts as known at a position, in recorded order; of a ledger as loaded."""
        if self.linked:
            return belonging(self.member_id, self.linked, position)
        return [fact for fact in self.facts if fact.position <= position]

    def comes_last(self, fact: Fact) -> bool:
        """Whether a fact stands after all that count, so that the state can simply move on."""
        return comes_last(self._ordered, fact)

    def add(self, fact: Fact, reference: Reference) -> None:
        """Take a fact in: the state moves on when the fact comes last, else it is folded from the beginning."""
        self.turn_to(reference)
        if self.comes_last(fact) and not fact.body.fact.startswith("event_"):
            apply(self.state, fact, reference)
            self._ordered.append(fact)
            if reference.organisations.gone:
                self._ordered += succession.upto(self.state, reference, HEAD)
            if self._facts is None:
                self._recorded_last, self._ordered = fact, self._ordered[-1:]
            else:
                self._facts.append(fact)
            return
        self.facts.append(fact)
        if fact.body.fact.startswith("event_"):
            self.refold(reference)
        else:
            own = [one for one in self._ordered if not isinstance(one.body, OrganisationDissolved)]
            insort(own, fact, key=sort_key)
            self._fold(own, reference)

    def turn_to(self, reference: Reference) -> None:
        """Stand by another reference from here on; folds anew where that may make a difference."""
        if self.reference is reference:
            return
        if self.reference.folds_like(reference):
            self.reference = reference
        else:
            self.refold(reference)

    def refold(self, reference: Reference) -> None:
        """Fold everything again."""
        self._fold(effective(self.facts), reference)

    def state_at(self, as_of_us: int) -> State:
        """Return the member as true at an instant, as known now."""
        return fold(self.facts, self.reference, as_of_us=as_of_us)

    def _fold(self, own: list[Fact], reference: Reference) -> None:
        self.reference = reference
        self.state = State()
        self._ordered = [fact for fact, _ in live(self.state, own, reference, until_us=HEAD)]


@dataclass(frozen=True, slots=True)
class Told:
    """All that was ever told of a member, by position: the own stream, and those that merges tie to it; not folded."""

    member_id: UUID
    facts: list[Fact]
    linked: bool

    def known(self, position: int) -> list[Fact]:
        """Return the member's facts as known at a position, in recorded order."""
        if self.linked:
            return belonging(self.member_id, self.facts, position)
        return [fact for fact in self.facts if fact.position <= position]

    def merged_into(self, position: int = HEAD) -> UUID | None:
        """Return who had the member's facts at a position, if they had been merged into another's."""
        return merged_into(self.member_id, self.facts, position) if self.linked else None


def new_ledger(member_id: UUID, reference: Reference) -> Ledger:
    """Make the ledger of a member of whom nothing is recorded yet."""
    return Ledger(member_id, State(), reference, fresh=True)


def ledger_of(member_id: UUID, facts: list[Fact], reference: Reference, linked: Sequence[Fact] = ()) -> Ledger:
    """Fold a stream as read from the log, with what merges tie to it."""
    ledger = new_ledger(member_id, reference)
    if linked:
        ledger.linked = [*facts, *linked]
        facts = belonging(member_id, ledger.linked)
    ledger.facts = facts
    ledger.refold(reference)
    return ledger


def version_of(member_id: UUID, facts: Sequence[Fact], known_position: int = HEAD) -> int:
    """Return the version of a member's own stream, of facts that may hold another's as well."""
    for one in reversed(facts):
        if one.stream == member_id and one.position <= known_position:
            return one.version
    return 0


class MemberStore:
    """Ledgers by member, the least recently used dropped first; bounded by the number of facts kept.

    Of a member of more than `whole` facts (about 1 kB each) the latest alone are kept, with the state (about as much as
    eight facts): nearly every command comes last, and a long life costs no more than a short one.
    """

    def __init__(self, read_stream: Callable[[UUID], list[Fact]], *, most_facts: int = 80_000, whole: int = 24) -> None:
        """`read_stream` reads a member's facts, in recorded order; none when there is no such stream."""
        self._read_stream = read_stream
        self._most_facts = most_facts
        self._whole = whole
        self._kept: OrderedDict[UUID, Ledger] = OrderedDict()
        self._facts = 0
        self._lock = Lock()

    def take(self, member_id: UUID) -> Ledger | None:
        """Take a kept ledger out; None when it must be loaded."""
        with self._lock:
            ledger = self._kept.pop(member_id, None)
            if ledger is not None:
                self._facts -= _weight(ledger)
        if ledger is not None:
            ledger.fresh = False
        return ledger

    def load(self, member_id: UUID, reference: Reference) -> Ledger:
        """Read and fold a member; without facts when there is no such stream, or it was merged into another."""
        facts = self._read_stream(member_id)
        return ledger_of(member_id, facts, reference, linked_facts(member_id, facts, self._read_stream))

    def told(self, member_id: UUID) -> Told:
        """Read what was ever told of a member, for who folds it by themselves; no facts where there is no stream."""
        facts = self._read_stream(member_id)
        linked = linked_facts(member_id, facts, self._read_stream)
        return Told(member_id, [*facts, *linked], bool(linked))

    def standing(self, member_id: UUID, reference: Reference) -> Ledger:
        """Read and fold who has a member's facts today: the member, or the one whom the record was merged into."""
        ledger = self.load(member_id, reference)
        while (into := ledger.merged_into) is not None:
            ledger = self.load(into, reference)
        return ledger

    def forget(self, member_id: UUID) -> None:
        """Let go of a kept ledger that no longer says what the log says."""
        self.take(member_id)

    def put(self, ledger: Ledger) -> None:
        """Keep a ledger that agrees with the log."""
        if ledger.is_whole and len(ledger.facts) > self._whole:
            if ledger.linked:
                return  # all that merges tie together is needed for whatever comes
            ledger = ledger.shortened()
        with self._lock:
            replaced = self._kept.pop(ledger.member_id, None)
            if replaced is not None:
                self._facts -= _weight(replaced)
                if replaced.version > ledger.version:
                    ledger = replaced
            self._kept[ledger.member_id] = ledger
            self._facts += _weight(ledger)
            while self._facts > self._most_facts:
                _, dropped = self._kept.popitem(last=False)
                self._facts -= _weight(dropped)


def _weight(ledger: Ledger) -> int:
    return len(ledger.facts) if ledger.is_whole else _WEIGHT_OF_A_STATE
