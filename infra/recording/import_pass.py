"""One pass over a register: its rows decided upon what is known, handed to the log, and settled, chunk by chunk.

Rows are read and decided outside the log's lock; a chunk's rows are appended together, each a save of its own, while
the next chunk is read and decided. A row whose person was changed by somebody else in between is decided again.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, replace
from datetime import date
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from domain.errors import Refused, Sentence
from domain.member import events as e
from domain.member.merging.belonging import MERGING_FACTS
from domain.times import parse_occurred
from infra.event_store.refusals import IdentityKnown, VersionConflict
from infra.event_store.save import Save, Saved, VaultWrite
from infra.recording.desk import Desk, decide_fact
from infra.recording.drafts import Caller, drafted, new_id, stamp
from infra.recording.import_report import ImportReport
from infra.recording.import_rows import (
    FIELD_OF,
    Wanted,
    external_organisation,
    personal_of,
    tells_the_latest,
    wanted_facts,
)
from infra.recording.known_facts import beyond_what_is_known
from infra.recording.mapper import FactMapper, fact_from_row
from infra.recording.members import Ledger, ledger_of, new_ledger
from infra.recording.organisations import ReferenceDesk
from infra.registers.head_names import STANDARD_HEAD
from infra.registers.issues import RowIssue
from infra.vault.upkeep import refresh
from infra.vault.vault import key_in

if TYPE_CHECKING:
    from concurrent.futures import Future

    from domain.fact import Fact
    from domain.organisation import OrganisationRegistered
    from domain.reference import Reference
    from infra.registers.row import RegisterRow

_TRIES: Final = 5
NAME_DISAGREES: Final = Sentence(
    "该身份号码已登记为另一个姓名", "This identity number is registered under another name"
)
CONTENDED: Final = Sentence("他人正在修改，请重新导入此行", "Others were changing this person: import this row again")


@dataclass(slots=True)
class _Plan:
    """One right row: whose, what is new of it, and what the vault gets."""

    row: RegisterRow
    number: str
    member_id: UUID
    facts: list[Fact]
    vault: VaultWrite | None
    ledger: Ledger
    pending: Future[Saved] | None = None


class ImportPass:
    """Takes chunks of rows, and counts in the report what became of each."""

    def __init__(
        self,
        desk: Desk,
        reference_desk: ReferenceDesk,
        report: ImportReport,
        organisation: str,
        caller: Caller,
        today: date,
        *,
        recording: bool,
    ) -> None:
        self._desk = desk
        self._reference_desk = reference_desk
        self._mapper = FactMapper()
        self._report = report
        self._organisation = organisation
        self._caller = replace(caller, correlation_id=report.import_id)
        self._today = today
        self._recording = recording
        self._carried: dict[str, Ledger] = {}
        self._under_way: list[_Plan] = []

    def chunk(self, rows: list[RegisterRow]) -> None:
        """Take a chunk of rows through: what is right is decided, appended and counted."""
        report = self._report
        right: list[RegisterRow] = []
        for row in rows:
            report.rows += 1
            report.warnings.extend(row.warnings)
            if row.is_right and row.identity is not None:
                right.append(row)
            else:
                report.rejected += 1
                report.errors.extend(row.errors)
        if not {plan.number for plan in self._under_way}.isdisjoint(_numbers(right)):
            self.settle()  # who stands in both chunks is planned upon what the first one brings
        plans = self._planned(right)
        self.settle()
        self._under_way = self._handed_over(plans)

    def settle(self) -> None:
        """Wait for what is being appended; rows that somebody else's change came before are planned again."""
        plans, self._under_way = self._under_way, []
        for attempt in range(1, _TRIES + 1):
            since = perf_counter()
            again = [plan.row for plan in plans if not self._settled(plan, last=attempt == _TRIES)]
            self._report.spent("write", since)
            if not again:
                return
            plans = self._handed_over(self._planned(again))

    def _enter_external(self, rows: list[RegisterRow], known: Container[str]) -> None:
        """Enter the homes of people who come new; whoever is known has one, whatever the row says."""
        bodies: dict[str, OrganisationRegistered] = {}
        for row in rows:
            if row.identity is None or row.identity.number in known:
                continue
            if row.kind == "inflow" and row.organisation is None:
                body = external_organisation(row)
                bodies[body.code] = body
        if bodies and self._recording:
            self._reference_desk.register_many(list(bodies.values()), self._caller)

    def _planned(self, rows: list[RegisterRow]) -> list[_Plan]:
        """Decide what rows bring; what is refused, or known already, is counted."""
        since = perf_counter()
        known = self._known_people(rows)
        self._enter_external(rows, known)
        since = self._report.spent("look_up", since)
        plans: list[_Plan] = []
        ledgers: dict[str, Ledger] = {}
        for row in rows:
            plan = self._plan(row, known, ledgers)
            if plan is None:
                continue
            ledgers[plan.number] = plan.ledger
            if plan.facts:
                plans.append(plan)
            else:
                self._report.already_known += 1
        self._report.spent("decide", since)
        return plans

    def _handed_over(self, plans: list[_Plan]) -> list[_Plan]:
        """Give plans to the log, which appends them meanwhile; a dry run counts and keeps them."""
        if not self._recording:
            self._report.accepted += len(plans)
            self._carried.update({plan.number: plan.ledger for plan in plans})
            return []
        since = perf_counter()
        write = self._mapper.to_stored_event
        saves = [Save([write(fact) for fact in plan.facts], None, None, plan.vault) for plan in plans]
        since = self._report.spent("decide", since)
        for plan, pending in zip(plans, self._desk.kiteline.log.submit_many(saves), strict=True):
            plan.pending = pending
        self._report.spent("write", since)
        return plans

    def _settled(self, plan: _Plan, *, last: bool) -> bool:
        if plan.pending is None:
            return True
        try:
            saved = plan.pending.result()
        except (VersionConflict, IdentityKnown):
            if last:
                self._reject(plan.row, "contended", CONTENDED)
            return False
        stamp(plan.facts, saved)
        if plan.vault is not None and plan.vault.wrapped_key is None:
            with self._desk.kiteline.log.reading() as connection:
                refresh(connection, self._desk.vault, plan.member_id)
        self._report.accepted += 1
        self._report.events += len(plan.facts)
        return True

    def _known_people(self, rows: list[RegisterRow]) -> dict[str, tuple[Ledger, dict[str, str], Any]]:
        """Read in a few queries what is known of the people of a chunk: ledger, personal fields and key, by number."""
        vault, kiteline = self._desk.vault, self._desk.kiteline
        numbers = _numbers(rows)
        with kiteline.log.reading() as connection:
            ids = vault.find_by_identities(connection, numbers)
            if not ids:
                return {}
            fields = vault.open_many(connection, list(ids.values()))
            keys = vault.keys_of(connection, list(ids.values()))
        streams = kiteline.log.read_streams(list(ids.values()))
        reference = kiteline.reference()
        merged = {one for one, rows in streams.items() if any(row.topic in MERGING_FACTS for row in rows)}
        return {
            number: (
                ledger_of(member_id, [fact_from_row(row) for row in streams[member_id]], reference),
                fields.get(member_id, {}),
                keys.get(member_id),
            )
            if member_id not in merged
            else self._recorded_twice(member_id, reference)
            for number, member_id in ids.items()
        }

    def _recorded_twice(self, member_id: UUID, reference: Reference) -> tuple[Ledger, dict[str, str], Any]:
        """Return what is known of the person whom a record was merged into, or who has such records."""
        vault, kiteline = self._desk.vault, self._desk.kiteline
        ledger = kiteline.members.standing(member_id, reference)
        with kiteline.log.reading() as connection:
            fields = vault.open_many(connection, [ledger.member_id]).get(ledger.member_id, {})
            return ledger, fields, vault.keys_of(connection, [ledger.member_id]).get(ledger.member_id)

    def _plan(
        self, row: RegisterRow, known: dict[str, tuple[Ledger, dict[str, str], Any]], ledgers: dict[str, Ledger]
    ) -> _Plan | None:
        if row.identity is None:
            return None
        number = row.identity.number
        ledger, kept, key = known.get(number, (None, {}, None))
        earlier = ledgers.get(number) or self._carried.get(number)
        personal = personal_of(row)
        if ledger is not None and kept.get("name") not in (None, personal.get("name")):
            self._reject(row, "name_disagrees", NAME_DISAGREES, "name")
            return None
        is_new = ledger is None and earlier is None
        ledger = earlier or ledger or self._new_ledger()
        changed: dict[str, str] = {}
        if not is_new and key is not None and tells_the_latest(row, ledger):
            changed = {name: text for name, text in personal.items() if kept.get(name) != text}
        try:
            facts = self._facts(row, ledger, changed, is_new=is_new)
        except _RowRefused as refused:
            self._reject(row, refused.code, refused.sentence, refused.field)
            return None
        vault = None
        if is_new and facts:
            vault = self._desk.vault.seal_person(ledger.member_id, personal, number)
            key, changed = key_in(vault), personal
        elif changed and key is not None:
            vault = self._desk.vault.seal_fields(ledger.member_id, key, changed)
        # A later row of the same person finds what this one leaves.
        known[number] = ledger, {**kept, **changed}, key
        return _Plan(row, number, ledger.member_id, facts, vault, ledger)

    def _new_ledger(self) -> Ledger:
        return new_ledger(UUID(new_id()), self._desk.kiteline.reference())

    def _facts(self, row: RegisterRow, ledger: Ledger, changed: dict[str, str], *, is_new: bool) -> list[Fact]:
        """Decide what a row brings; raises _RowRefused, and the ledger is then as it was."""
        reference = self._desk.kiteline.reference()
        home = reference.organisations.by_code[self._organisation]
        policy = reference.policy(home.region, self._today)
        wanted: list[Wanted] = []
        if is_new:
            wanted.append(Wanted(self._registration(row), self._today.isoformat(), self._organisation))
        if changed:
            wanted.append(Wanted(e.PersonalDataUpdated(sorted(changed)), self._today.isoformat(), self._organisation))
        region = home.stationed_in or home.region
        wanted += wanted_facts(
            row, importer=self._organisation, importer_region=region, today=self._today, policy=policy
        )
        facts: list[Fact] = []
        field = None
        try:
            for one in wanted:
                field = FIELD_OF.get(type(one.body))
                new = one if is_new else beyond_what_is_known(one, wanted, ledger, reference, self._organisation)
                if new is not None:
                    facts.append(decide_fact(ledger, self._draft(ledger, new), reference, self._desk.now_us()))
        except Refused as refused:
            ledger.facts = ledger.facts[: len(ledger.facts) - len(facts)]
            ledger.refold(reference)
            raise _RowRefused(refused, field) from refused
        return facts

    def _registration(self, row: RegisterRow) -> e.MemberRegistered:
        if row.organisation is not None:
            affiliation = row.organisation.code
        else:
            affiliation = external_organisation(row).code if row.kind == "inflow" else self._organisation
        return e.MemberRegistered(row.category or "FULL", affiliation)

    def _draft(self, ledger: Ledger, wanted: Wanted) -> Fact:
        occurred = parse_occurred(wanted.occurred_at)
        return drafted(ledger.member_id, ledger.version + 1, wanted.body, occurred, wanted.organisation, self._caller)

    def _reject(self, row: RegisterRow, code: str, sentence: Sentence, field: str | None = None) -> None:
        column = row.heads.get(field, STANDARD_HEAD[field]) if field is not None else None
        self._report.rejected += 1
        self._report.errors.append(RowIssue(row.sheet, row.row, column, field, code, sentence.zh, sentence.en))


def _numbers(rows: list[RegisterRow]) -> set[str]:
    return {row.identity.number for row in rows if row.identity is not None}


class _RowRefused(Exception):
    """A rule refused a fact that a row brings, which `field` tells."""

    def __init__(self, refused: Refused, field: str | None) -> None:
        super().__init__(refused.code)
        self.code, self.sentence, self.field = refused.code, refused.sentence, field
