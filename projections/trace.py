"""A member's fold with what the read models need of it: the rows that stand, and the rows that the last facts ended.

Facts are taken in recorded order, each at its own position, so that every position is a moment of knowledge that can
be asked about. A fact that comes last in the order of the fold moves the state on; any other, and whatever corrects or
voids, folds the ledger anew and reconciles the rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from domain.fact import Fact, sort_key
from domain.member import events as e
from domain.member.cards.events import ActivityCardInspected, ActivityCardIssued
from domain.member.dues import DuesPaid
from domain.member.evolve import apply, live
from domain.member.feedback.events import AnnualFeedbackIssued, FeedbackAcknowledged
from domain.member.fold import HEAD
from domain.member.merging.belonging import MERGING, linked_facts
from domain.member.service import events as s
from domain.member.state import State
from domain.member.transfer import events as t
from domain.member.views import concerned_regions
from projections import anew
from projections.ahead import Ahead
from projections.naming import note_named
from projections.segment import CLOCK, CURRENT, DUTY, LEG, PAST, ROSTER, TALLY, UNSTORED, Ident, Segment
from projections.values import CLOCK_DUTIES, clock_values, duty_values, leg_values, readers_of, roster_values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain.member.state import Duty
    from domain.reference import Reference
    from projections.rows import Rows

_REWRITES: Final = frozenset({e.EventCorrected, e.EventVoided, *MERGING})
# These move clocks and duties only: whereabouts, and so roster row and legs, stay as they are.
_KEEPS_PLACE: Final = frozenset(
    {
        e.PersonalDataUpdated,
        e.LiaisonAssigned,
        e.PreDepartureTalkHeld,
        e.PreDepartureTalkWaived,
        e.CheckInPrompted,
        e.ContactMade,
        e.ContactAttemptFailed,
        e.ContactWaived,
        e.KeptInContactList,
        e.LostContactDeclared,
        e.ContactRestored,
        e.FlagConfirmed,
        t.TransferRequested,
        t.TransferOutApproved,
        t.TransferLetterIssued,
        t.TransferLetterReissued,
        t.TransferRejected,
        t.TransferWithdrawn,
        t.ReceiptReturned,
        s.PostClaimed,
        s.PostReleased,
        s.ServiceRecorded,
        s.AttendanceRecorded,
        DuesPaid,
        ActivityCardIssued,
        ActivityCardInspected,
        AnnualFeedbackIssued,
        FeedbackAcknowledged,
    }
)
_BEFORE_ALL: Final = (-(1 << 63), 0, 0)


class NeedsLedger(Exception):
    """The fact does not come last, and the ledger is not at hand: replay the member first."""


class Trace:
    """One member. With its ledger (`facts` not None) it can take any fact; without, only one that comes last.

    `linked` are the facts of other streams that merges tie to this one: a fact of a merge is taken only with them.
    """

    __slots__ = (
        "ahead",
        "changed",
        "clock",
        "duties",
        "facts",
        "last_key",
        "legs",
        "linked",
        "live",
        "member",
        "places",
        "position",
        "readers",
        "roster",
        "state",
        "version",
    )

    def __init__(self, member: UUID | str, linked: Sequence[Fact] = ()) -> None:
        """Begin a member of whom nothing is known yet; the ledger is kept until `let_go`."""
        self.member = str(member)
        self.linked = linked
        self.state = State()
        self.last_key: tuple[int, int, int] = _BEFORE_ALL
        self.version = 0
        self.position = 0
        self.roster: Segment | None = None
        self.readers = ""
        self.clock: Segment | None = None
        self.duties: dict[str, tuple[Duty, Segment]] = {}
        self.legs: dict[tuple[str, int], Segment] = {}
        self.places: set[str] = set()
        self.changed: list[tuple[int, Ident, Segment]] = []
        self.facts: list[Fact] | None = []
        self.live: list[tuple[int, Ident, Segment]] | None = []
        self.ahead = Ahead()

    def can_take(self, facts: Sequence[Fact], reference: Reference) -> bool:
        """Whether these facts, in this order, need no ledger that is not at hand."""
        if self.facts is not None:
            return True
        last = self.last_key
        for fact in facts:
            key = (fact.when, fact.body.order, fact.position)
            if key < last or type(fact.body) in _REWRITES:
                return False
            last = key
        # All but the last must lie behind every dissolution: another could follow at once, and go before the next fact.
        turns = reference.organisations.turns_us
        return len(facts) == 1 or not turns or facts[0].when >= turns[-1]

    def take(self, fact: Fact, reference: Reference) -> None:
        """Take the next fact of the stream. Raises NeedsLedger, or what the fold raises; rows are then as before."""
        key = (fact.when, fact.body.order, fact.position)
        note_named(fact, self.places)  # first of all, so that what names nothing that could be a code is met here
        if key > self.last_key and type(fact.body) not in _REWRITES:
            if reference.organisations.gone:
                self.ahead.forget()
                for moved, _ in live(self.state, (fact,), reference, until_us=HEAD):
                    self._move_on(moved, sort_key(moved), reference, fact.position)
            else:
                order = self.ahead.order
                if order is not None:
                    anew.keep_before(self, fact, len(order), fact.position)
                    order.append(fact)
                apply(self.state, fact, reference)
                self._move_on(fact, key, reference, fact.position)
            if self.facts is not None:
                self.facts.append(_lightened(fact))
        else:
            if self.facts is None:
                raise NeedsLedger
            anew.fold_anew(self, [*self.facts, fact], reference, fact.position)
            self.facts.append(_lightened(fact))
            if isinstance(fact.body, MERGING):
                self._note_linked_places(fact.position)
        self.version = fact.version
        self.position = fact.position

    def _move_on(self, fact: Fact, key: tuple[int, int, int], reference: Reference, position: int) -> None:
        # Rows of their own say what was owed when; the fold never looks back at it.
        self.state.ended_duties.clear()
        self.last_key = key
        self.observe(fact, reference, position)

    def fold_anew(self, reference: Reference, position: int) -> None:
        """Fold the same facts with another reference, known from `position` on."""
        if self.facts is None:
            raise NeedsLedger
        if self.facts:
            self.ahead.restart()
            anew.fold_anew(self, self.facts, reference, position)

    def apart(self) -> Trace:
        """Return a trace of the same member that has taken nothing, for a fold of its own; without a ledger."""
        fresh = Trace(self.member)
        fresh.facts = None
        return fresh

    def let_go(self) -> None:
        """Forget the ledger and the rows of the past; the state and the open rows stay."""
        self.facts = self.live = None
        self.ahead.forget()

    def _note_linked_places(self, position: int) -> None:
        """Note what is named by the facts that merges tie to this member by now; later merges may tie more of them."""
        known: dict[UUID, list[Fact]] = {}
        for fact in self.linked:
            if fact.position <= position:
                known.setdefault(fact.stream, []).append(fact)
        for fact in linked_facts(UUID(self.member), self.facts or [], lambda stream: known.get(stream, [])):
            note_named(fact, self.places)

    def observe(self, fact: Fact, reference: Reference, position: int) -> None:
        """Compare the state after a fact with the rows that stand, and end and begin rows where they differ."""
        state, when, roster = self.state, fact.when, self.roster
        if roster is None or type(fact.body) not in _KEEPS_PLACE:
            values = roster_values(state, reference, roster.values if roster is not None else None)
            if roster is None or values != roster.values:
                if roster is not None:
                    self.end(ROSTER, None, roster, when, position)
                roster = self.roster = self.begin(ROSTER, None, values, when, position)
                self.readers = readers_of(values)
            self._observe_legs(position)
        self._observe_duties(when, position)
        if state.tallies:
            self._note_tallies(fact, position)
        values = clock_values(state, roster.values, self.readers)
        clock = self.clock
        if clock is None or values != clock.values:
            if clock is not None:
                self.end(CLOCK, None, clock, when, position)
            self.clock = self.begin(CLOCK, None, values, when, position)

    def _observe_legs(self, position: int) -> None:
        movement = self.state.movement
        if movement is None:
            return
        for leg in movement.legs[-2:]:
            ident = (movement.movement_id, leg.number)
            values = leg_values(movement, leg)
            standing = self.legs.get(ident)
            if standing is not None:
                if standing.values == values:
                    continue
                self.retire(LEG, ident, standing, position)
                del self.legs[ident]
            if values is not None:
                self.legs[ident] = self.begin(LEG, ident, values, 0, position)

    def _note_tallies(self, fact: Fact, position: int) -> None:
        """Begin a row for each thing that the fact adds to a month's figures: it stands until taken back."""
        for number, tally in enumerate(self.state.tallies):
            ident = (fact.event_id, number)
            self.enlist(TALLY, ident, self.begin(TALLY, ident, tuple(tally), fact.when, position))
        self.state.tallies.clear()

    def _observe_duties(self, when: int, position: int) -> None:
        owed, standing = self.state.duties, self.duties
        same, fresh = 0, []
        for key, duty in owed.items():
            if key not in CLOCK_DUTIES:
                known = standing.get(key)
                if known is not None and known[0] is duty:
                    same += 1
                else:
                    fresh.append(duty)
        if same < len(standing):
            for key in [key for key, (duty, _) in standing.items() if owed.get(key) is not duty]:
                self.end(DUTY, key, standing.pop(key)[1], when, position)
        for duty in fresh:
            begins = max(when, duty.since_us)
            standing[duty.key] = (duty, self.begin(DUTY, duty.key, duty_values(duty), begins, position))

    def begin(self, track: int, ident: Ident, values: tuple[Any, ...], when: int, position: int) -> Segment:
        """Begin a row that stands from an instant on, as known from a position on."""
        segment = Segment(values, when, position)
        if self.live is not None:
            self.live.append((track, ident, segment))
        return segment

    def end(self, track: int, ident: Ident, segment: Segment, when: int, position: int) -> None:
        """End a row at an instant, as known from a position on."""
        segment.valid_to, segment.ended_from = when, position
        self.enlist(track, ident, segment)

    def retire(self, track: int, ident: Ident, segment: Segment, position: int) -> None:
        """Take a row back: from this position on it is known that it never stood."""
        segment.known_to = position
        self.enlist(track, ident, segment)

    def enlist(self, track: int, ident: Ident, segment: Segment) -> None:
        """Have a row written that ended or was taken back; once, however often it is said."""
        if not segment.is_listed:
            segment.is_listed = True
            self.changed.append((track, ident, segment))

    def emit(self, rows: Rows) -> None:
        """Hand over what the facts since the last time changed, as rows to write."""
        for track, ident in self._emit_past(rows):
            if ident not in (self.duties if track == DUTY else self.legs):
                rows.gone(track, self.member, ident)
        for track, ident, segment in (
            *((DUTY, key, segment) for key, (_, segment) in self.duties.items()),
            *((LEG, leg, segment) for leg, segment in self.legs.items()),
        ):
            if segment.stored == UNSTORED:
                rows.count(track, self.member, ident, segment)
                rows.current(track, self.member, ident, segment)
                segment.stored = CURRENT
        if self.roster is None or self.clock is None:
            if self.linked:
                rows.gone_members.append((self.member,))  # merged into another, who has the rows now
            return
        for track, segment in ((ROSTER, self.roster), (CLOCK, self.clock)):
            if segment.stored == UNSTORED:
                rows.count(track, self.member, None, segment)
                segment.stored = CURRENT
        rows.member(self)

    def _emit_past(self, rows: Rows) -> list[tuple[int, Ident]]:
        """Hand over what has ended or was taken back; returns the duties and legs that no longer are what stands."""
        left: list[tuple[int, Ident]] = []
        for track, ident, segment in self.changed:
            segment.is_listed = False
            rows.count(track, self.member, ident, segment)
            if segment.stored == PAST:
                rows.retire(track, self.member, ident, segment)
                continue
            if segment.stored == CURRENT and track >= DUTY:
                left.append((track, ident))
            if not segment.was_never_seen:
                rows.past(track, self.member, ident, segment)
            segment.stored = PAST
        self.changed.clear()
        return left

    def mark_written(self) -> None:
        """Say that everything up to here is in the tables."""
        for _, _, segment in self.changed:
            segment.is_listed = False
            segment.stored = PAST
        self.changed.clear()
        for segment in self._open_rows():
            segment.stored = CURRENT

    def _open_rows(self) -> list[Segment]:
        rows = [row for row in (self.roster, self.clock) if row is not None]
        return [*rows, *(row for _, row in self.duties.values()), *self.legs.values()]

    def regions(self) -> list[str]:
        """Return the county-level regions that the member concerns now."""
        return sorted(concerned_regions(self.state))


def _lightened(fact: Fact) -> Fact:
    """Let go of what folding never looks at: a kept ledger takes a third less memory."""
    fact.nonce = fact.actor = fact.via = fact.correlation_id = ""
    fact.concerns = ()
    return fact
