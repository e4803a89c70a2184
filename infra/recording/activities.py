"""Recording activities and who was there: hundreds in one save, a fact on each member's stream and one of its own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import orjson

from domain import codes
from domain.activity import Activity, ActivityHeld, AttendanceTaken, activity_of
from domain.errors import Fault, Invalid, Refused, Sentence
from domain.member.form import Field, Kind
from domain.member.merging.belonging import linked_facts
from domain.member.merging.state import MergedAway
from domain.member.reading import MISSING, UNKNOWN_FIELD, Reader, read_fields
from domain.member.service.events import AttendanceRecorded
from domain.times import Occurred, occurred_as_recorded
from infra.event_store.refusals import VersionConflict
from infra.event_store.save import Save, Saved
from infra.recording.desk import decide_fact
from infra.recording.drafts import Caller, drafted, new_id, stamp
from infra.recording.errors import NoSuchActivity, TooContended, VersionMismatch
from infra.recording.mapper import FactMapper, facts_of
from infra.recording.members import Ledger, ledger_of
from infra.recording.procedures import Append, Load, Procedure
from infra.recording.receipts import Receipt

if TYPE_CHECKING:
    from domain.fact import Fact
    from domain.reference import Reference
    from infra.event_store.save import Idempotency, LogRow
    from infra.recording.desk import Desk
    from infra.recording.keys import Key

MaySee = Callable[[Ledger], bool]
"""Whether the caller may know of a member, as folded."""

MOST_MEMBERS: Final = 1_000
_TRIES: Final = 20
_FIELDS: Final = (
    Field("kind", Kind.CODE, required=True, codes=codes.ACTIVITY_KINDS),
    Field("hours", Kind.HOURS, required=True),
    Field("venue", Kind.OPAQUE),
)
_NO_MEMBER: Final = Sentence("没有这个党员", "There is no such member.")
_ID: Final = Sentence("不是党员的编号", "This is not the id of a member.")
_TWICE: Final = Sentence("同一党员出现两次", "This member is named twice.")


class ActivityDesk:
    """Records activities and attendance; uses the desk's log, keys and clock."""

    def __init__(self, desk: Desk) -> None:
        """Share one desk a process."""
        self._desk = desk
        self._mapper = FactMapper()

    def holding(self, payload: dict[str, Any], caller: Caller, *, key: Key | None = None) -> Procedure[Receipt]:
        """Record that an activity was held; raises Invalid with every fault."""
        row = self._desk.keys.hashed(key) if key is not None else None
        return self._desk.keys.once(row, partial(self._hold, payload, caller, row))

    def attending(
        self,
        activity_id: UUID,
        payload: dict[str, Any],
        caller: Caller,
        *,
        may_see: MaySee,
        key: Key | None = None,
        if_match: int | None = None,
    ) -> Procedure[Receipt]:
        """Record who was at an activity, all in one save; those recorded already are passed over and counted.

        Raises Invalid, naming each member whom the caller may not see like one who does not exist, and NoSuchActivity.
        """
        row = self._desk.keys.hashed(key) if key is not None else None
        return self._desk.keys.once(row, partial(self._attempts, activity_id, payload, caller, may_see, key, if_match))

    def finding(self, activity_id: UUID) -> Procedure[Activity | None]:
        """Read an activity; None when there is none."""
        rows: list[LogRow] = yield Load(self._desk.kiteline.loads, activity_id)
        return activity_of(facts_of(rows))

    def _hold(self, payload: dict[str, Any], caller: Caller, row: Idempotency | None) -> Procedure[Receipt]:
        desk = self._desk
        reference = yield desk.kiteline.refresh_reference
        body, occurred, organisation = read_activity(Reader(reference, desk.now_us()), payload, caller.organisation)
        fact = drafted(UUID(new_id()), 1, body, occurred, organisation, caller)
        saved: Saved = yield Append(desk.kiteline.log, Save([self._mapper.to_stored_event(fact)], row))
        stamp([fact], saved)
        return Receipt(201, fact.stream, None, 1, fact.position, [fact])

    def _attempts(
        self,
        activity_id: UUID,
        payload: dict[str, Any],
        caller: Caller,
        may_see: MaySee,
        key: Key | None,
        if_match: int | None,
    ) -> Procedure[Receipt]:
        desk, kiteline = self._desk, self._desk.kiteline
        reference = yield kiteline.refresh_reference
        members, organisation = read_attendance(Reader(reference, desk.now_us()), payload, caller.organisation)
        for _ in range(_TRIES):
            activity = yield from self.finding(activity_id)
            if activity is None:
                raise NoSuchActivity
            if if_match is not None and if_match != activity.version:
                raise VersionMismatch(if_match, activity.version)
            taking = _Taking(activity, organisation or activity.organisation, caller, reference)
            # Hundreds of lives are read and folded: in a thread, while the event loop goes on.
            facts: list[Fact] = yield partial(self._taken, taking, members, may_see)
            extra = {"attended": len(facts), "already_recorded": len(members) - len(facts)}
            try:
                return (yield from self._append(taking, facts, key, extra))
            except VersionConflict:
                continue
        raise TooContended

    def _taken(self, taking: _Taking, members: list[UUID], may_see: MaySee) -> list[Fact]:
        """Decide the attendance of each member who is not down for it yet."""
        ledgers = self._ledgers(members, taking.reference)
        owners = [self._owner(ledger, taking.reference) for ledger in ledgers]
        faults = [
            Fault(f"/members/{index}", "unknown_member", _NO_MEMBER)
            for index, owner in enumerate(owners)
            if not owner.state.registered or not may_see(owner)
        ]
        if faults:
            raise Invalid(faults)
        activity, now_us = str(taking.activity.activity_id), self._desk.now_us()
        facts: list[Fact] = []
        refused: list[Fault] = []
        for index, ledger in enumerate(ledgers):
            if activity in ledger.state.service.attended:
                continue
            try:
                if ledger.merged_into is not None:
                    raise MergedAway(ledger.merged_into)
                facts.append(decide_fact(ledger, taking.fact_of(ledger), taking.reference, now_us))
            except Refused as error:
                refused.append(Fault(f"/members/{index}", error.code, error.sentence))
        if refused:
            raise Refused(refused[0].code, refused[0].sentence, refused)
        return facts

    def _ledgers(self, members: list[UUID], reference: Reference) -> list[Ledger]:
        """Fold each member, with what merges tie to them."""
        kiteline = self._desk.kiteline
        rows = kiteline.log.read_streams(members)
        ledgers = []
        for member in members:
            facts = facts_of(rows[member])
            ledgers.append(ledger_of(member, facts, reference, linked_facts(member, facts, kiteline.read_stream)))
        return ledgers

    def _owner(self, ledger: Ledger, reference: Reference) -> Ledger:
        """Return who has a record's facts today: others learn of no merge of members whom they do not know."""
        into = ledger.merged_into
        return ledger if into is None else self._desk.kiteline.members.load(into, reference)

    def _append(self, taking: _Taking, facts: list[Fact], key: Key | None, extra: dict[str, int]) -> Procedure[Receipt]:
        activity, log = taking.activity, self._desk.kiteline.log
        stream, version = activity.activity_id, activity.version
        if facts:
            version += 1
            facts = [*facts, taking.note(len(facts))]
        answer = dict(extra)
        if not facts:
            answer |= {"version": version, "position": (yield log.max_notification_id) or 0}
        row = self._desk.keys.hashed(key, answer=orjson.dumps(answer)) if key is not None else None
        saved: Saved = yield Append(log, Save([self._mapper.to_stored_event(fact) for fact in facts], row))
        stamp(facts, saved)
        position = facts[-1].position if facts else answer["position"]
        return Receipt(201, stream if facts else None, None, version, position, facts, extra=extra)


class _Taking:
    """One recording of attendance: of what, by whom."""

    def __init__(self, activity: Activity, organisation: str | None, caller: Caller, reference: Reference) -> None:
        self.activity = activity
        self.organisation = organisation
        self.caller = caller
        self.reference = reference
        self.occurred = occurred_as_recorded(activity.held_at, activity.precision)

    def fact_of(self, ledger: Ledger) -> Fact:
        """Return what stands on a member's stream."""
        activity = self.activity
        body = AttendanceRecorded(str(activity.activity_id), activity.kind, activity.hours)
        version = ledger.version + 1
        return drafted(ledger.member_id, version, body, self.occurred, self.organisation, self.caller)

    def note(self, count: int) -> Fact:
        """Return what stands on the activity's own stream."""
        activity = self.activity
        body = AttendanceTaken(count)
        return drafted(activity.activity_id, activity.version + 1, body, self.occurred, self.organisation, self.caller)


def read_activity(
    reader: Reader, payload: dict[str, Any], own_organisation: str | None
) -> tuple[ActivityHeld, Occurred, str | None]:
    """Read an activity and whose it was; `held_at` is when it happened. Raises Invalid with every fault."""
    held_at = payload.get("held_at", payload.get("occurred_at"))
    occurred = reader.occurred(held_at)
    organisation = _acting(reader, payload, own_organisation)
    if organisation is None and not reader.faults:
        reader.fault("/organisation", "missing", MISSING, "a code from GET /v1/organisations")
    on = occurred.day if occurred is not None else reader.today
    values = read_fields(reader, _FIELDS, payload, on, extra=("held_at", "occurred_at", "organisation"))
    if reader.faults or occurred is None:
        faults = [
            Fault("/held_at", one.code, one.sentence, one.expected) if one.pointer == "/occurred_at" else one
            for one in reader.faults
        ]
        raise Invalid(faults)
    return ActivityHeld(**values), occurred, organisation


def read_attendance(
    reader: Reader, payload: dict[str, Any], own_organisation: str | None
) -> tuple[list[UUID], str | None]:
    """Read whose attendance is recorded, each once; raises Invalid with every fault."""
    names = ("members", "organisation")
    for name in sorted(payload.keys() - set(names)):
        reader.fault(f"/{name}", "unknown_field", UNKNOWN_FIELD, sorted(names))
    organisation = _acting(reader, payload, own_organisation)
    listed = payload.get("members")
    if not isinstance(listed, list) or not 1 <= len(listed) <= MOST_MEMBERS:
        sentence = Sentence("应为党员编号的列表", "This is a list of members' ids.")
        reader.fault("/members", "missing" if listed is None else "unreadable", sentence, f"1 … {MOST_MEMBERS} ids")
        listed = []
    members: dict[UUID, None] = {}
    for index, one in enumerate(listed):
        member = _id(one)
        if member is None:
            reader.fault(f"/members/{index}", "unreadable", _ID, "a member's id")
        elif member in members:
            reader.fault(f"/members/{index}", "unreadable", _TWICE, "each member once")
        else:
            members[member] = None
    if reader.faults:
        raise Invalid(reader.faults)
    return list(members), organisation


def _acting(reader: Reader, payload: dict[str, Any], own_organisation: str | None) -> str | None:
    acting = payload.get("organisation")
    return reader.organisation("/organisation", acting) if acting is not None else own_organisation


def _id(value: object) -> UUID | None:
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None
