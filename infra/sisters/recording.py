"""Records what sister deployments tell: introductions, and their facts as the same commands, each exactly once.

With the events go, in one transaction, the row that says that this fact is recorded and how far its topic was read.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from threading import Lock
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from domain import codes
from domain.errors import Fault, Invalid
from domain.member import events as e
from domain.member.decide import UNKNOWN_EVENT
from domain.member.foreign import asked_elsewhere, organisations_in
from domain.member.introduction import MemberIntroduced
from domain.member.merging.state import MergedAway
from domain.times import Occurred, parse_occurred
from infra.event_store.refusals import KeyAlreadyUsed, VersionConflict
from infra.event_store.save import Idempotency, Save
from infra.recording.desk import decide_fact
from infra.recording.drafts import Caller, drafted, new_id, stamp
from infra.recording.mapper import FactMapper
from infra.recording.members import new_ledger
from infra.recording.procedures import run
from infra.sisters.introduction import deployment_of
from infra.sisters.organisations import UNNAMED, must_be_theirs, unknown_ones

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventsourcing.persistence import Tracking

    from domain.fact import Fact
    from domain.organisation import OrganisationRegistered
    from domain.reference import Reference
    from infra.event_store.save import VaultWrite
    from infra.recording.desk import Desk, Drafting
    from infra.recording.members import Ledger
    from infra.recording.organisations import ReferenceDesk
    from infra.recording.receipts import Receipt
    from infra.sisters.foreign_event import ForeignEvent
    from infra.sisters.known import Sister, Sisters

VIA: Final = "SISTER"
_NAMES_AN_EVENT: Final = (e.EventCorrected, e.EventVoided)
_MOST_KEPT: Final = 20_000


@dataclass(frozen=True, slots=True)
class _Note:
    """An introduction of somebody who has a stream here; `event` is the sister's that told of it."""

    body: MemberIntroduced
    occurred: Occurred
    row: Idempotency | None = None
    event: ForeignEvent | None = None


class SisterRecording:
    """Records for sisters; uses the desk's clock, vault and members. Safe for threads."""

    def __init__(self, desk: Desk, references: ReferenceDesk, sisters: Sisters) -> None:
        """Share one desk a process."""
        self.sisters = sisters
        self._desk = desk
        self._references = references
        self._mapper = FactMapper()
        self._members: OrderedDict[tuple[str, str], UUID] = OrderedDict()
        self._lock = Lock()

    def is_recorded(self, event: ForeignEvent) -> bool:
        """Whether a fact has had its effect."""
        row = _recorded_once(event)
        return self._desk.kiteline.log.find_key(row.caller, row.key_hash) is not None

    def member_of(self, deployment: str, subject: str) -> UUID | None:
        """Return who a sister's subject is here, None for somebody who was not introduced."""
        with self._lock:
            if (kept := self._members.get((deployment, subject))) is not None:
                self._members.move_to_end((deployment, subject))
                return kept
        row = _introduced_once(deployment, subject)
        log = self._desk.kiteline.log
        stored = log.find_key(row.caller, row.key_hash)
        if stored is None or stored.first_position is None:
            return None
        member = log.read_log(stored.first_position, 1)[0].originator_id
        with self._lock:
            self._members[deployment, subject] = member
            if len(self._members) > _MOST_KEPT:
                self._members.popitem(last=False)
        return member

    def take(self, event: ForeignEvent, sister: Sister, member: UUID, tracking: Tracking | None) -> Receipt:
        """Record a sister's fact of a member here.

        Raises CannotTake `not_their_organisation`, Invalid or Refused as the command would, KeyAlreadyUsed for what is
        recorded already, TrackingConflict for what somebody else has read meanwhile.
        """
        self._know_organisations(event, sister)
        caller = Caller(f"sister:{sister.deployment}", None, VIA, event.correlation_id)
        while True:
            drafting: list[Drafting] = [partial(self._drafted, event, sister, caller)]
            recording = self._desk.recording_drafts(member, drafting, caller, _recorded_once(event), tracking=tracking)
            try:
                receipt = run(recording)
            except MergedAway as away:
                member = away.kept
                continue
            self._agree_on_home(event, sister, receipt)
            return receipt

    def note_introduction(self, event: ForeignEvent, sister: Sister, tracking: Tracking | None) -> Receipt:
        """Keep by what id a sister knows a member of ours whom she was shown an introduction of.

        Raises KeyAlreadyUsed where that is known, NoSuchMember, TrackingConflict.
        """
        member, movement_id = UUID(event.data["subject"]), event.data.get("movement_id")
        body = MemberIntroduced(event.source, event.subject, movement_id)
        caller = Caller(f"sister:{sister.deployment}", None, VIA, event.correlation_id)
        row = _introduced_once(sister.deployment, event.subject)
        return self._noted(member, _Note(body, _occurred(event), row, event), caller, sister, tracking)

    def introduce(
        self, body: MemberIntroduced, sister: Sister, occurred: Occurred, caller: Caller, vault: VaultWrite
    ) -> UUID:
        """Enter a member who is not known here, as introduced, and return their id: the same to all who come at once.

        Raises IdentityKnown where the vault knows the person.
        """
        member = vault.member_id
        kiteline = self._desk.kiteline
        reference = kiteline.refresh_reference()
        ledger = new_ledger(member, reference)
        fact = drafted(member, 1, body, occurred, caller.organisation or body.affiliation, caller)
        fact = decide_fact(ledger, fact, reference, self._desk.now_us())
        fact.concerns = tuple(sorted({*fact.concerns, _seat(body, sister, reference)}))
        row = _introduced_once(sister.deployment, body.subject)
        try:
            saved = kiteline.log.record(Save([self._mapper.to_stored_event(fact)], row, None, vault))
        except KeyAlreadyUsed:
            return self._known(sister, body.subject)
        stamp([fact], saved)
        kiteline.members.put(ledger)
        return member

    def introduce_known(
        self, member: UUID, body: MemberIntroduced, sister: Sister, occurred: Occurred, caller: Caller
    ) -> UUID:
        """Keep of a member who is known here by what id a sister knows them; returns whose that id is."""
        row = _introduced_once(sister.deployment, body.subject)
        try:
            receipt = self._noted(member, _Note(body, occurred, row), caller, sister)
        except KeyAlreadyUsed:
            return self._known(sister, body.subject)
        return receipt.member_id or member

    def enter(self, bodies: Sequence[OrganisationRegistered], deployment: str) -> None:
        """Enter external organisations that nobody here knows yet."""
        if not bodies:
            return
        try:
            self._references.register_many(list(bodies), Caller(f"sister:{deployment}", None, VIA))
        except VersionConflict:
            self._desk.kiteline.refresh_reference()

    def _know_organisations(self, event: ForeignEvent, sister: Sister) -> None:
        """Let who acts be one of hers, and enter whom nobody knows here yet."""
        kiteline, after = self._desk.kiteline, after_of(event)
        named = organisations_in(event.fact, event.data)
        if isinstance(after.get("affiliation"), str) and not event.is_relayed:
            named = list(dict.fromkeys((*named, after["affiliation"])))
        reference = kiteline.reference()
        if any(reference.organisations.get(code) is None for code in named):
            reference = kiteline.refresh_reference()
        acting = event.data.get("organisation")
        if isinstance(acting, str):
            must_be_theirs(acting, sister, self.sisters, reference, relayed=event.is_relayed)
        contender = acting if event.fact == e.AcceptanceContested.fact else None
        self.enter(unknown_ones(named, after, sister, reference, contender), sister.deployment)

    def _agree_on_home(self, event: ForeignEvent, sister: Sister, receipt: Receipt) -> None:
        """Follow the origin where a member's branch is another than was known here: unnamed till now, or succeeded.

        Between organisations of hers only: a relationship that has been transferred elsewhere is told by its facts.
        """
        told, here = after_of(event), (receipt.events[-1].after or {}).get("affiliation")
        reference, home = self._desk.kiteline.reference(), told.get("affiliation")
        if not isinstance(home, str) or home == here or event.is_relayed or receipt.member_id is None:
            return
        known = [reference.organisations.get(code) for code in (home, here)]
        if any(one is None or not one.external or not sister.has(one.region) for one in known):
            return
        unnamed = str(here).startswith(UNNAMED)
        category = told.get("category") if told.get("category") in codes.CATEGORIES else None
        since = None if unnamed else parse_occurred(event.data["occurred_at"]).day.isoformat()
        body = MemberIntroduced(event.source, event.subject, None, None, category or "FULL", home, since)
        caller = Caller(f"sister:{sister.deployment}", None, VIA, event.correlation_id)
        self._noted(receipt.member_id, _Note(body, _occurred(event)), caller, sister)

    def _known(self, sister: Sister, subject: str) -> UUID:
        member = self.member_of(sister.deployment, subject)
        if member is None:
            msg = "an introduction that was recorded is not there"
            raise AssertionError(msg)
        return member

    def _noted(
        self, member: UUID, note: _Note, caller: Caller, sister: Sister, tracking: Tracking | None = None
    ) -> Receipt:
        def noted(ledger: Ledger, reference: Reference, now_us: int) -> tuple[Fact, dict[str, str]]:
            fact = drafted(ledger.member_id, ledger.version + 1, note.body, note.occurred, caller.organisation, caller)
            if note.event is not None:
                fact.origin_source, fact.origin_id = note.event.first_source, note.event.first_id
                return self._kept_from(decide_fact(ledger, fact, reference, now_us), note.event, sister), {}
            fact = decide_fact(ledger, fact, reference, now_us)
            fact.concerns = tuple(sorted({*fact.concerns, _seat(note.body, sister, reference)}))
            return fact, {}

        while True:
            try:
                return run(self._desk.recording_drafts(member, [noted], caller, note.row, tracking=tracking))
            except MergedAway as away:
                member = away.kept

    def _drafted(
        self, event: ForeignEvent, sister: Sister, caller: Caller, ledger: Ledger, reference: Reference, now_us: int
    ) -> tuple[Fact, dict[str, str]]:
        recorded_us = min(event.recorded_us, now_us)
        asked = asked_elsewhere(event.fact, event.data, reference, recorded_us=recorded_us)
        body: Any = asked.body
        if isinstance(body, _NAMES_AN_EVENT):
            body = replace(body, event_id=_event_here(ledger, event, body.event_id))
        elif isinstance(body, e.LiaisonAssigned):
            body = replace(body, liaison=f"{sister.deployment}:{body.liaison}")
        fact = drafted(ledger.member_id, ledger.version + 1, body, asked.occurred, asked.organisation, caller)
        fact.origin_source, fact.origin_id = event.first_source, event.first_id
        return self._kept_from(decide_fact(ledger, fact, reference, recorded_us), event, sister), {}

    def _kept_from(self, fact: Fact, event: ForeignEvent, sister: Sister) -> Fact:
        """Keep a fact from going back to where it came from, or to where it was first recorded."""
        first = self.sisters.of_source(event.first_source)
        senders = [one for one in (sister, first) if one is not None]
        fact.concerns = tuple(code for code in fact.concerns if not any(one.has(code) for one in senders))
        return fact


def after_of(event: ForeignEvent) -> dict[str, Any]:
    """Return how an event's member stands once it was recorded; nothing where it tells how things stood then."""
    after = event.data.get("after")
    return after if isinstance(after, dict) and after.get("present") is not False else {}


def _event_here(ledger: Ledger, event: ForeignEvent, event_id: str) -> str:
    """Return by what id an event that a sister names is known here: she puts right what she recorded, nothing else."""
    deployment = deployment_of(event.first_source)
    for fact in ledger.facts:
        if fact.origin_id == event_id and deployment_of(fact.origin_source or "") == deployment:
            return fact.event_id
    raise Invalid([Fault("/data/event_id", "unknown_event", UNKNOWN_EVENT)])


def _occurred(event: ForeignEvent) -> Occurred:
    text, precision = event.data["occurred_at"], event.data["occurred_precision"]
    return Occurred(text, precision, event.recorded_us)


def _seat(body: MemberIntroduced, sister: Sister, reference: Reference) -> str:
    """Return the region by whose feed the origin learns of an introduction."""
    home = reference.region_of(body.affiliation)
    return home[:6] if home is not None and sister.has(home) else sister.seat


def _recorded_once(event: ForeignEvent) -> Idempotency:
    digest = event.digest
    return Idempotency(f"sister:{deployment_of(event.first_source)}", digest, digest, 201)


def _introduced_once(deployment: str, subject: str) -> Idempotency:
    digest = sha256(subject.encode()).digest()
    return Idempotency(f"introduced:{deployment}", digest, digest, 201)


def new_member() -> UUID:
    """Return the id of a member who is entered now."""
    return UUID(new_id())
