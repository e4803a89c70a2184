"""Recording that two records are one person: proposed, confirmed by two others, undone; three streams in one save."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from domain.errors import Fault, Invalid, Sentence
from domain.fact import Body, Fact
from domain.member.fold import fold
from domain.member.merging.belonging import ABSORBED, KEPT, belonging, recorded_meanwhile
from domain.member.merging.events import RecordsMerged, RecordsUnmerged
from domain.member.merging.setting_aside import Record, set_aside
from domain.member.merging.state import (
    CONFIRMATIONS,
    Merge,
    MergedAway,
    merge_of,
    must_be_confirmable,
    must_be_two_records,
    must_be_undoable,
    named,
)
from domain.member.reading import NOT_IN_LIST, UNKNOWN_FIELD, Reader
from domain.member.state import State
from domain.member.views import after
from domain.merge import MergeConfirmed, MergeProposed, MergeUndone
from domain.times import SHANGHAI, instant
from infra.event_store.refusals import VersionConflict
from infra.event_store.save import Save, Saved
from infra.recording.concerning import concern_both
from infra.recording.drafts import Caller, drafted, new_id, stamp
from infra.recording.errors import NoSuchMerge, TooContended, VersionMismatch
from infra.recording.mapper import FactMapper
from infra.recording.post_places import Move, held_by
from infra.recording.procedures import Append, Procedure
from infra.recording.receipts import Receipt

if TYPE_CHECKING:
    from domain.reference import Reference
    from domain.times import Occurred
    from infra.event_store.save import Idempotency
    from infra.recording.desk import Desk
    from infra.recording.keys import Key
    from infra.recording.members import Ledger

_TRIES: Final = 20
_NAMES: Final = ("keep_movement", "keep_affiliation")
_LENGTH: Final = 64
_NOT_ASKED: Final = Sentence(
    "这条记录不是合并之后记入的，拆回时各归原处",
    "This event was not recorded after the merge: undoing puts it back where it was by itself.",
)
_WHOSE: Final = Sentence("请指明这条记录属于哪一份", "Say whose this event is.")
_UNREADABLE: Final = Sentence("不能识别", "This cannot be read.")

Drafting = Callable[["_Pair"], list[Fact]]
Attempts = Callable[["Idempotency | None"], Procedure[Receipt]]


class _Pair:
    """Both records as read from the log, and what is asked, read."""

    def __init__(self, merge: Merge, kept: Ledger, absorbed: Ledger, reader: Reader) -> None:
        self.merge = merge
        self.kept = kept
        self.absorbed = absorbed
        self.reader = reader
        self.aside: frozenset[str] = frozenset()
        """What the merge sets aside, by event id, or its undoing brings back."""
        self.moves: list[Move] = []
        """Who holds places of posts, passing from one to the other; who lets go first."""


class MergeDesk:
    """Records merges; uses the desk's log, keys and clock."""

    def __init__(self, desk: Desk) -> None:
        """Share one desk a process."""
        self._desk = desk
        self._mapper = FactMapper()

    def find(self, merge_id: UUID) -> Merge | None:
        """Read a merge from the log; None when there is none by that id."""
        return merge_of(self._desk.kiteline.read_stream(merge_id))

    def later_facts(self, merge: Merge) -> list[Fact]:
        """Return the facts of which an undo must say whose they are; none unless the merge stands."""
        if merge.status != "MERGED":
            return []
        kiteline = self._desk.kiteline
        kept = kiteline.members.load(merge.kept, kiteline.reference())
        return recorded_meanwhile(_merging_fact(merge, kept), kept.facts)

    def proposing(
        self, kept: UUID, absorbed: UUID, payload: dict[str, Any], caller: Caller, *, key: Key | None = None
    ) -> Procedure[Receipt]:
        """Propose that two records are one person; raises Invalid or Refused, as `set_aside` does."""
        merge = Merge(UUID(new_id()), 0, kept, absorbed, caller.actor)

        def draft(pair: _Pair) -> list[Fact]:
            occurred, organisation, names = _read(pair.reader, payload, caller, ("kept", "absorbed", *_NAMES))
            _set_aside(pair, names)
            body = MergeProposed(str(kept), str(absorbed), names["keep_movement"], names["keep_affiliation"])
            return [drafted(merge.merge_id, 1, body, occurred, organisation, caller)]

        return self._once(key, partial(self._attempts, lambda: merge, draft, caller, None))

    def confirming(
        self,
        merge_id: UUID,
        payload: dict[str, Any],
        caller: Caller,
        *,
        key: Key | None = None,
        if_match: int | None = None,
    ) -> Procedure[Receipt]:
        """Confirm; the second confirmation merges. Raises NoSuchMerge, Invalid or Refused."""

        def draft(pair: _Pair) -> list[Fact]:
            must_be_confirmable(pair.merge, caller.actor)
            occurred, organisation, names = _read(pair.reader, payload, caller, _NAMES)
            merge = named(pair.merge, **names)
            body = MergeConfirmed(**names)
            confirmed = drafted(merge_id, merge.version + 1, body, occurred, organisation, caller)
            chosen = {"keep_movement": merge.keep_movement, "keep_affiliation": merge.keep_affiliation}
            aside = _set_aside(pair, chosen)
            pair.aside = frozenset(aside)
            if len(merge.confirmers) + 1 < CONFIRMATIONS:
                return [confirmed]
            merged = RecordsMerged(str(merge_id), str(merge.kept), str(merge.absorbed), aside or None, **chosen)
            return [*_on_both(pair, merged, occurred, organisation, caller), confirmed]

        return self._once(key, partial(self._attempts, partial(self.find, merge_id), draft, caller, if_match))

    def undoing(
        self,
        merge_id: UUID,
        payload: dict[str, Any],
        caller: Caller,
        *,
        key: Key | None = None,
        if_match: int | None = None,
    ) -> Procedure[Receipt]:
        """Undo a merge, with whose each fact is that was recorded meanwhile; raises NoSuchMerge, Invalid or Refused."""

        def draft(pair: _Pair) -> list[Fact]:
            must_be_undoable(pair.merge)
            merged = _merging_fact(pair.merge, pair.kept)
            pair.aside = frozenset(merged.set_aside or ())
            later = recorded_meanwhile(merged, pair.kept.facts)
            whose = _read_whose(pair.reader, payload.get("whose", {}), later)
            occurred, organisation, _ = _read(pair.reader, payload, caller, ("whose",))
            body = RecordsUnmerged(str(merge_id), str(pair.merge.kept), str(pair.merge.absorbed), whose or None)
            undone = drafted(merge_id, pair.merge.version + 1, MergeUndone(), occurred, organisation, caller)
            kept, absorbed = _on_both(pair, body, occurred, organisation, caller)
            return [absorbed, kept, undone]

        return self._once(key, partial(self._attempts, partial(self.find, merge_id), draft, caller, if_match))

    def _once(
        self, key: Key | None, attempts: Callable[[Idempotency | None], Procedure[Receipt]]
    ) -> Procedure[Receipt]:
        row = self._desk.keys.hashed(key) if key is not None else None
        return self._desk.keys.once(row, partial(attempts, row))

    def _attempts(
        self,
        find: Callable[[], Merge | None],
        draft: Drafting,
        caller: Caller,
        if_match: int | None,
        row: Idempotency | None,
    ) -> Procedure[Receipt]:
        kiteline = self._desk.kiteline
        for _ in range(_TRIES):
            reference = yield kiteline.refresh_reference
            merge: Merge | None = yield find
            if merge is None:
                raise NoSuchMerge
            if if_match is not None and if_match != merge.version:
                raise VersionMismatch(if_match, merge.version)
            must_be_two_records(merge.kept, merge.absorbed)
            kept: Ledger = yield partial(kiteline.members.load, merge.kept, reference)
            absorbed: Ledger = yield partial(kiteline.members.load, merge.absorbed, reference)
            _must_stand_alone(merge, kept, absorbed)
            pair = _Pair(merge, kept, absorbed, Reader(reference, self._desk.now_us()))
            drafts = draft(pair)
            try:
                with self._desk.places.turns() as turns:
                    drafts = [*(yield from self._desk.places.moving(pair.moves, caller, turns)), *drafts]
                    saved: Saved = yield Append(kiteline.log, Save([*map(self._mapper.to_stored_event, drafts)], row))
            except VersionConflict:
                continue
            stamp(drafts, saved)
            for member in (merge.kept, merge.absorbed):
                kiteline.members.forget(member)
            last = drafts[-1]
            return Receipt(201, last.stream, None, last.version, last.position, drafts)
        raise TooContended


def _must_stand_alone(merge: Merge, kept: Ledger, absorbed: Ledger) -> None:
    """Raise Refused `merged_into` for a record that another merge has already brought to another."""
    for ledger in (kept, absorbed):
        into = ledger.merged_into
        if into is not None and not (ledger is absorbed and merge.status == "MERGED" and into == merge.kept):
            raise MergedAway(into)


def _set_aside(pair: _Pair, chosen: dict[str, str | None]) -> list[str]:
    reference = pair.reader.reference
    kept, absorbed = (Record(one.facts, one.state, reference) for one in (pair.kept, pair.absorbed))
    return set_aside(kept, absorbed, **chosen)


def _merging_fact(merge: Merge, kept: Ledger) -> RecordsMerged:
    for fact in kept.facts:
        if isinstance(fact.body, RecordsMerged) and fact.body.merge_id == str(merge.merge_id):
            return fact.body
    msg = f"merge {merge.merge_id} is not on the stream of {merge.kept}"
    raise LookupError(msg)


def _on_both(
    pair: _Pair, body: Body, occurred: Occurred, organisation: str | None, caller: Caller
) -> tuple[Fact, Fact]:
    """Draft a fact on the streams of both, with what each is after it and whom it concerns."""
    ledgers = (pair.kept, pair.absorbed)
    kept, absorbed = (drafted(one.member_id, one.version + 1, body, occurred, organisation, caller) for one in ledgers)
    known = {fact.event_id: fact for one in ledgers for fact in (*one.linked, *one.facts)}
    everything = [*known.values(), kept, absorbed]
    states = [_state_of(one.member_id, everything, pair.reader.reference) for one in ledgers]
    for fact, state in zip((kept, absorbed), states, strict=True):
        fact.after = after(state, fact)
    changed = [*pair.absorbed.facts, *belonging(absorbed.stream, everything)]
    changed += [one for one in known.values() if one.event_id in pair.aside]
    before = (pair.kept.state, pair.absorbed.state)
    concern_both((kept, absorbed), before, (states[0], states[1]), changed, pair.reader.reference, pair.reader.today)
    pair.moves = [
        (fact, held_by(one.state), held_by(state))
        for fact, one, state in zip((kept, absorbed), ledgers, states, strict=True)
    ]
    if isinstance(body, RecordsMerged):
        pair.moves.reverse()
        absorbed.after = dict(sorted({**after(State(), absorbed), "merged_into": body.kept}.items()))
    return kept, absorbed


def _state_of(member: UUID, facts: list[Fact], reference: Reference) -> State:
    return fold(belonging(member, facts), reference)


def _read(
    reader: Reader, payload: dict[str, Any], caller: Caller, names: tuple[str, ...]
) -> tuple[Occurred, str | None, dict[str, str | None]]:
    """Read what all three have; raises Invalid with every fault."""
    known = {*names, "occurred_at", "organisation"}
    for name in sorted(payload.keys() - known):
        reader.fault(f"/{name}", "unknown_field", UNKNOWN_FIELD, sorted(known))
    moment = instant(reader.now_us).astimezone(SHANGHAI).replace(microsecond=0)
    occurred = reader.occurred(payload.get("occurred_at", moment.isoformat()))
    acting = payload.get("organisation")
    organisation = caller.organisation if acting is None else reader.organisation("/organisation", acting)
    kept: dict[str, str | None] = {}
    for name in _NAMES:
        value = payload.get(name)
        if value is not None and not (isinstance(value, str) and 0 < len(value) <= _LENGTH):
            reader.fault(f"/{name}", "unreadable", _UNREADABLE, f"1 to {_LENGTH} characters")
        kept[name] = value
    if reader.faults or occurred is None:
        raise Invalid(reader.faults)
    return occurred, organisation, kept


def _read_whose(reader: Reader, value: object, later: list[Fact]) -> dict[str, str]:
    """Read whose each later fact is; faults name every one that is missing, or was not asked for."""
    given = value if isinstance(value, dict) else {}
    if given is not value:
        reader.fault("/whose", "unreadable", _UNREADABLE, '{"<event_id>": "KEPT"}')
    asked = {fact.event_id for fact in later}
    for event_id in sorted(given.keys() - asked):
        reader.fault(f"/whose/{event_id}", "unknown_event", _NOT_ASKED, sorted(asked))
    found: dict[str, str] = {}
    for fact in later:
        whose = given.get(fact.event_id)
        if whose in (KEPT, ABSORBED):
            found[fact.event_id] = whose
        else:
            code, sentence = ("missing", _WHOSE) if whose is None else ("not_in_list", NOT_IN_LIST)
            reader.faults.append(Fault(f"/whose/{fact.event_id}", code, sentence, [KEPT, ABSORBED]))
    return found
