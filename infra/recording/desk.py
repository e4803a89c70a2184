"""The desk where every recording is made, by people, files and sister regions alike: load, decide, append, answer.

Each recording is a procedure that says what to wait for (`procedures`), so that threads and event loops share it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from domain.errors import Invalid, Refused
from domain.fact import Fact, sort_key
from domain.member import events as e
from domain.member.decide import decide, decide_about_event, joins
from domain.member.evolve import apply, live
from domain.member.merging.belonging import MERGING_FACTS
from domain.member.merging.state import MergedAway
from domain.member.reading import read_command
from domain.member.service.events import ServiceRecorded
from domain.member.state import State
from domain.organisation import OrganisationDissolved
from domain.times import local_day
from infra.event_store.refusals import VersionConflict
from infra.event_store.save import Idempotency, Save, Saved
from infra.recording.between_deployments import Introduce, between_deployments
from infra.recording.concerning import ABOUT_EVENTS, Concerning
from infra.recording.drafts import Caller, drafted, must_all_be_asked_for, stamp, text_name
from infra.recording.errors import NoSuchMember, NoSuchPost, TooContended, VersionMismatch
from infra.recording.keys import Key, Keys
from infra.recording.mapper import FactMapper, facts_of
from infra.recording.members import Ledger, NotWhole, ledger_of
from infra.recording.post_places import PostPlaces, held_by
from infra.recording.procedures import Append, Load, Procedure, arun, run
from infra.recording.receipts import Receipt

if TYPE_CHECKING:
    from eventsourcing.persistence import Tracking

    from domain.reference import Reference
    from infra.event_store.save import LogRow, VaultWrite
    from infra.recording.application import Kiteline
    from infra.vault.vault import Vault

_TRIES: Final = 60
_LONG: Final = 100
_CAN_OPEN: Final = (e.DepartureReported, e.Departed, e.CheckedIn)


Check = Callable[[list[Fact]], None]
"""Looks, in a thread, beyond the member's own facts before they are recorded; raises Refused."""
Drafting = Callable[["Ledger", "Reference", int], tuple[Fact, dict[str, str]]]
"""Decides the next fact of a ledger, with its free text, by the clock (microseconds); raises Refused or Invalid."""


class Desk:
    """Records facts of members; one a process."""

    def __init__(
        self, kiteline: Kiteline, vault: Vault, now_us: Callable[[], int], introduce: Introduce | None = None
    ) -> None:
        """`now_us` is the edge's clock, in microseconds since 1970 UTC."""
        self.kiteline = kiteline
        self.introduce = introduce
        self.vault = vault
        self.now_us = now_us
        self.keys = Keys(vault.keyed_hash, kiteline.log.find_key, kiteline.read_facts)
        self.places = PostPlaces(kiteline)
        self._mapper = FactMapper()

    def record(
        self,
        member_id: UUID,
        verb: str,
        payload: dict[str, Any],
        caller: Caller,
        *,
        key: Key | None = None,
        if_match: int | None = None,
    ) -> Receipt:
        """Record one command, waiting in this thread.

        Raises Refused, Invalid, or an error of `infra.recording.errors`.
        """
        return run(self.recording(member_id, [(verb, payload)], caller, key=key, if_match=if_match))

    async def record_async(
        self,
        member_id: UUID,
        verb: str,
        payload: dict[str, Any],
        caller: Caller,
        *,
        key: Key | None = None,
        if_match: int | None = None,
        check: Check | None = None,
    ) -> Receipt:
        """Record one command, awaiting its append; `check` sees what is about to be recorded and may refuse it."""
        return await arun(self.recording(member_id, [(verb, payload)], caller, key=key, if_match=if_match, check=check))

    def answered(self, key: Key) -> Receipt | None:
        """Return the first answer to a key, None when nothing was recorded under it; raises KeyReused."""
        return self.keys.replay(self.keys.hashed(key))

    def recording(
        self,
        member_id: UUID,
        commands: list[tuple[str, dict[str, Any]]],
        caller: Caller,
        *,
        key: Key | None = None,
        if_match: int | None = None,
        check: Check | None = None,
    ) -> Procedure[Receipt]:
        """Record commands of one member in one save: wholly or not at all."""
        row = self.keys.hashed(key) if key is not None else None
        drafting: list[Drafting] = [partial(self._asked, verb, payload, caller) for verb, payload in commands]
        attempts = partial(self.recording_drafts, member_id, drafting, caller, row, if_match=if_match, check=check)
        return self.keys.once(row, attempts)

    def recording_drafts(
        self,
        member_id: UUID,
        drafting: list[Drafting],
        caller: Caller,
        row: Idempotency | None,
        *,
        tracking: Tracking | None = None,
        if_match: int | None = None,
        check: Check | None = None,
    ) -> Procedure[Receipt]:
        """Decide and record facts of one member in one save; raises KeyAlreadyUsed when `row` was recorded before."""
        kiteline = self.kiteline
        for attempt in range(_TRIES):
            reference = kiteline.reference()
            ledger: Ledger | None = kiteline.members.take(member_id) if attempt == 0 else None
            if ledger is None:
                ledger = yield from self._loading(member_id, reference)
                if ledger.is_empty:
                    raise NoSuchMember(member_id) if ledger.merged_into is None else MergedAway(ledger.merged_into)
            was_fresh = ledger.fresh and attempt > 0
            before = held_by(ledger.state)
            try:
                drafts, texts = self._decided(ledger, drafting, if_match, reference)
            except (Refused, Invalid, VersionMismatch, NotWhole):
                if was_fresh:
                    raise
                # What is kept may be behind another process, or not all of it: look again before refusing.
                yield kiteline.refresh_reference
                continue
            if check is not None:
                yield partial(check, drafts)
            yield from self._must_know_the_posts(drafts)
            with self.places.turns() as turns:
                notes: list[Fact] = []
                if (after := held_by(ledger.state)) != before:
                    notes = yield from self.places.noting(before, after, drafts[-1], caller, turns)
                vault = (yield from self._sealed(drafts, texts)) if texts else None
                save = Save([self._mapper.to_stored_event(fact) for fact in (*notes, *drafts)], row, tracking, vault)
                try:
                    saved: Saved = yield Append(kiteline.log, save)
                except VersionConflict:
                    self.places.forget(notes)
                    continue
                self.places.saved(notes)
            return self._recorded(ledger, notes, drafts, saved)
        raise TooContended

    async def load_async(self, member_id: UUID) -> Ledger:
        """Read a member, with whoever else is read just then, and keep what was read; empty for who is not known."""
        ledger: Ledger = await arun(self._loading(member_id, self.kiteline.reference()))
        if not ledger.is_empty:
            self.kiteline.members.put(ledger)
        return ledger

    def _loading(self, member_id: UUID, reference: Reference) -> Procedure[Ledger]:
        rows = yield Load(self.kiteline.loads, member_id)
        return (yield from self._folded(member_id, rows, reference))

    def _folded(self, member_id: UUID, rows: list[LogRow], reference: Reference) -> Procedure[Ledger]:
        """Fold a stream where it is waited for; a long one in a thread, so that an event loop goes on meanwhile.

        Of a member who was recorded twice the other streams are read as well.
        """
        if any(row.topic in MERGING_FACTS for row in rows):
            ledger: Ledger = yield partial(self.kiteline.members.load, member_id, reference)
        elif len(rows) < _LONG:
            ledger = ledger_of(member_id, facts_of(rows), reference)
        else:
            ledger = yield lambda: ledger_of(member_id, facts_of(rows), reference)
        return ledger

    def _decided(
        self,
        ledger: Ledger,
        drafting: list[Drafting],
        if_match: int | None,
        reference: Reference,
    ) -> tuple[list[Fact], dict[str, str]]:
        if if_match is not None and if_match != ledger.version:
            raise VersionMismatch(if_match, ledger.version)
        now_us = self.now_us()
        drafts: list[Fact] = []
        texts: dict[str, str] = {}
        for decided in drafting:
            fact, told = decided(ledger, reference, now_us)
            drafts.append(fact)
            texts |= told
        return drafts, texts

    def _asked(
        self,
        verb: str,
        payload: dict[str, Any],
        caller: Caller,
        ledger: Ledger,
        reference: Reference,
        now_us: int,
    ) -> tuple[Fact, dict[str, str]]:
        asked = read_command(verb, payload, reference, now_us=now_us, organisation=caller.organisation)
        body = between_deployments(ledger, asked.body, self.introduce)
        fact = drafted(
            ledger.member_id,
            ledger.version + 1,
            body,
            asked.occurred,
            asked.organisation,
            caller,
            text=bool(asked.texts),
        )
        fact = decide_fact(ledger, fact, reference, now_us)
        return fact, {text_name(fact, name): text for name, text in asked.texts.items()}

    def _sealed(self, drafts: list[Fact], texts: dict[str, str]) -> Procedure[VaultWrite | None]:
        """Return free text as the vault keeps it; nothing where the member's data was erased."""
        member_id = drafts[0].stream
        key = (yield partial(self._key_of, member_id)).get(member_id)
        if key is None:
            must_all_be_asked_for(drafts, texts)
            return None
        return self.vault.seal_fields(member_id, key, texts)

    def _must_know_the_posts(self, drafts: list[Fact]) -> Procedure[None]:
        """Raise NoSuchPost for hours at a post that there never was; a claim finds that out by itself."""
        for fact in drafts:
            if isinstance(fact.body, ServiceRecorded) and fact.body.post is not None:
                post = yield from self.places.finding(fact.body.post)
                if post is None:
                    raise NoSuchPost

    def _key_of(self, member_id: UUID) -> dict[UUID, Any]:
        with self.kiteline.log.reading() as connection:
            return self.vault.keys_of(connection, [member_id])

    def _recorded(self, ledger: Ledger, notes: list[Fact], drafts: list[Fact], saved: Saved) -> Receipt:
        facts = [*notes, *drafts]
        stamp(facts, saved)
        ledger.state.latest_recorded_us = max(ledger.state.latest_recorded_us, drafts[-1].recorded_us)
        self.kiteline.members.put(ledger)
        last = drafts[-1]
        return Receipt(201, last.stream, last.stream, last.version, last.position, facts)


def decide_fact(ledger: Ledger, fact: Fact, reference: Reference, now_us: int) -> Fact:
    """Decide a fact on the member as true at its time, take it into the ledger, and give it `after` and `concerns`.

    Raises Refused or Invalid; the ledger is then as it was.
    """
    ledger.turn_to(reference)
    concerning = Concerning(ledger, fact, reference, local_day(now_us))
    if isinstance(fact.body, ABOUT_EVENTS):
        fact = decide_about_event(ledger.facts, fact, reference, now_us=now_us)
    else:
        past = state_before(ledger, fact, reference)
        fact = decide(past, fact, reference)
        if past is not ledger.state:
            concerning.then(past)
            apply(past, fact, reference)
            concerning.then(past)
    concerning.now(ledger.state)
    ids = set(ledger.state.movement_ids)
    ledger.add(fact, reference)
    if isinstance(fact.body, _CAN_OPEN) and (joined := joins(ids, ledger.state.movement_ids, fact)) is not None:
        ledger.facts.pop()
        ledger.refold(reference)
        fact = replace(fact, body=replace(fact.body, movement_id=joined))
        ledger.add(fact, reference)
        concerning.joins()
    concerning.now(ledger.state)
    concerning.settle(fact)
    return fact


def state_before(ledger: Ledger, fact: Fact, reference: Reference) -> State:
    """Return the member as true when a fact is said to have happened, as known now."""
    if ledger.comes_last(fact):
        return ledger.state
    earlier = (
        one
        for one in ledger.ordered
        if sort_key(one) <= sort_key(fact) and not isinstance(one.body, OrganisationDissolved)
    )
    past = State()
    for _ in live(past, earlier, reference, until_us=fact.when):
        pass
    return past
