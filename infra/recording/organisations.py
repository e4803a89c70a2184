"""Recording what every decision looks up: organisations, policy and workdays, each on a stream of its own."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from domain import codes
from domain.errors import Fault, Invalid, Refused, Sentence
from domain.fact import Body, Fact
from domain.member.reading import MISSING, NOT_IN_LIST, UNKNOWN_FIELD, Reader
from domain.member.sharing import with_successors
from domain.organisation import OrganisationRegistered, organisation_stream, reference_stream
from domain.policy import COUNTRY, PolicyAdopted, check_figures
from domain.reference import WorkdaysSet
from domain.times import Occurred, local_day
from infra.event_store.refusals import VersionConflict
from infra.event_store.save import Save, Saved
from infra.recording.desk import Desk
from infra.recording.drafts import Caller, drafted, stamp
from infra.recording.errors import TooContended
from infra.recording.mapper import FactMapper
from infra.recording.procedures import Append, Procedure
from infra.recording.receipts import Receipt

if TYPE_CHECKING:
    from domain.reference import Reference
    from infra.event_store.save import Idempotency
    from infra.recording.keys import Key

Read = Callable[[Reader], tuple[UUID, Body, Occurred]]

_TRIES: Final = 20
_CODE_LENGTH: Final = 64
# Codes are listed with commas between them where row-level security reads them, beside "*" for all and "-" for none.
_CODE: Final = re.compile(r"(?=.*\w)[^,\x00-\x1f\x7f]+")
_ODD_CODE: Final = Sentence(
    "组织代码不能含逗号，且至少含一个字母、数字或汉字", "A code has no comma, and at least one letter or digit."
)
_NAME_LENGTH: Final = 200
_EXISTS: Final = Sentence("已有这个代码的组织", "There is an organisation with this code already.")


class ReferenceDesk:
    """Records reference facts; uses the desk's keys and clock."""

    def __init__(self, desk: Desk) -> None:
        """Share one desk a process."""
        self._desk = desk
        self._mapper = FactMapper()

    def registering_organisation(
        self, payload: dict[str, Any], caller: Caller, *, key: Key | None = None
    ) -> Procedure[Receipt]:
        """Register an organisation; raises Invalid, or Refused `organisation_exists`."""

        def read(reader: Reader) -> tuple[UUID, Body, Occurred]:
            body, occurred = read_organisation(reader, payload)
            return organisation_stream(body.code), body, occurred

        return self._recording(read, caller, key, only_first=True)

    def adopting_policy(self, payload: dict[str, Any], caller: Caller, *, key: Key | None = None) -> Procedure[Receipt]:
        """Adopt figures for a region from a day on; raises Invalid."""

        def read(reader: Reader) -> tuple[UUID, Body, Occurred]:
            body, occurred = read_policy(reader, payload)
            return reference_stream(f"policy:{body.region}"), body, occurred

        return self._recording(read, caller, key)

    def setting_workdays(
        self, payload: dict[str, Any], caller: Caller, *, key: Key | None = None
    ) -> Procedure[Receipt]:
        """Set the working days of a year as published; raises Invalid."""

        def read(reader: Reader) -> tuple[UUID, Body, Occurred]:
            body, occurred = read_workdays(reader, payload)
            return reference_stream(f"workdays:{body.year}"), body, occurred

        return self._recording(read, caller, key)

    def register_many(self, bodies: list[OrganisationRegistered], caller: Caller) -> int:
        """Register organisations that were read already, as a set-up does; those known stay as they are.

        Returns how many are new.
        """
        kiteline = self._desk.kiteline
        tree = kiteline.refresh_reference().organisations
        now_us = self._desk.now_us()
        occurred = Reader(kiteline.reference(), now_us).today.isoformat()
        fresh = [body for body in bodies if tree.get(body.code) is None]
        facts = [
            self._fact(organisation_stream(body.code), 1, body, Occurred(occurred, "day", now_us), caller)
            for body in fresh
        ]
        futures = kiteline.log.submit_many(Save([self._mapper.to_stored_event(fact)]) for fact in facts)
        for future in futures:
            future.result()
        kiteline.refresh_reference()
        return len(fresh)

    def _recording(
        self, read: Read, caller: Caller, key: Key | None, *, only_first: bool = False
    ) -> Procedure[Receipt]:
        row = self._desk.keys.hashed(key) if key is not None else None
        return self._desk.keys.once(row, partial(self._attempts, read, caller, row, only_first=only_first))

    def _attempts(self, read: Read, caller: Caller, row: Idempotency | None, *, only_first: bool) -> Procedure[Receipt]:
        desk, kiteline = self._desk, self._desk.kiteline
        for _ in range(_TRIES):
            reference = yield kiteline.refresh_reference
            reader = Reader(reference, desk.now_us())
            stream, body, occurred = read(reader)
            if only_first and reference.organisations.get(getattr(body, "code", None)) is not None:
                raise Refused("organisation_exists", _EXISTS)
            facts: list[Fact] = yield partial(kiteline.read_stream, stream)
            fact = self._fact(stream, len(facts) + 1, body, occurred, caller)
            try:
                saved: Saved = yield Append(kiteline.log, Save([self._mapper.to_stored_event(fact)], row))
            except VersionConflict:
                continue
            stamp([fact], saved)
            yield kiteline.refresh_reference
            return Receipt(201, stream, None, fact.version, fact.position, [fact])
        raise TooContended

    def _fact(self, stream: UUID, version: int, body: Body, occurred: Occurred, caller: Caller) -> Fact:
        fact = drafted(stream, version, body, occurred, caller.organisation, caller)
        fact.concerns = _concerns(body, self._desk.kiteline.reference(), local_day(self._desk.now_us()))
        return fact


def _concerns(body: Body, reference: Reference, today: date) -> tuple[str, ...]:
    regions = [getattr(body, name, None) for name in ("region", "stationed_in")]
    found = {region[:6] for region in regions if region and region != COUNTRY}
    return tuple(sorted(with_successors(found, reference, today)))


def read_organisation(reader: Reader, payload: dict[str, Any]) -> tuple[OrganisationRegistered, Occurred]:
    """Read an organisation; raises Invalid with every fault."""
    names = ("code", "name", "kind", "region", "parent", "stationed_in", "external", "occurred_at", "organisation")
    read_only(reader, payload, names)
    occurred = reader.occurred(payload.get("occurred_at", reader.today.isoformat()))
    code = read_text(reader, payload, "code", _CODE_LENGTH)
    if code and not _CODE.fullmatch(code):
        reader.fault("/code", "unreadable", _ODD_CODE, "LZ-CG-BR1")
    name = read_text(reader, payload, "name", _NAME_LENGTH)
    kind = payload.get("kind")
    if kind not in codes.ORGANISATION_KINDS:
        reader.fault("/kind", "not_in_list" if kind else "missing", NOT_IN_LIST, list(codes.ORGANISATION_KINDS))
    on = occurred.day if occurred is not None else reader.today
    region = reader.region("/region", payload.get("region"), on)
    parent = payload.get("parent")
    if parent is not None:
        parent = reader.organisation("/parent", parent, on)
    stationed = payload.get("stationed_in")
    if stationed is not None:
        stationed = reader.region("/stationed_in", stationed, on)
    external = payload.get("external", False)
    if not isinstance(external, bool):
        reader.fault("/external", "unreadable", Sentence("应为 true 或 false", "This is true or false."), "true, false")
    if reader.faults or occurred is None:
        raise Invalid(reader.faults)
    return OrganisationRegistered(code, name, str(kind), str(region), parent, stationed, bool(external)), occurred


def read_policy(reader: Reader, payload: dict[str, Any]) -> tuple[PolicyAdopted, Occurred]:
    """Read an adoption of figures; raises Invalid with every fault."""
    read_only(reader, payload, ("region", "effective_on", "figures", "source", "occurred_at", "organisation"))
    occurred = reader.occurred(payload.get("occurred_at", reader.today.isoformat()))
    region = payload.get("region", COUNTRY)
    if region != COUNTRY:
        region = reader.region("/region", region, reader.today)
    effective = read_day(reader, payload.get("effective_on"), "/effective_on")
    figures = payload.get("figures")
    if not isinstance(figures, dict) or not figures:
        reader.fault("/figures", "missing", MISSING, '{"prompt_check_in_days": 7}')
        figures = {}
    source = payload.get("source")
    if source is not None:
        source = read_text(reader, payload, "source", _NAME_LENGTH)
    if reader.faults or occurred is None:
        raise Invalid(reader.faults)
    return PolicyAdopted(str(region), str(effective), check_figures(figures), source), occurred


def read_workdays(reader: Reader, payload: dict[str, Any]) -> tuple[WorkdaysSet, Occurred]:
    """Read the working days of a year; raises Invalid with every fault."""
    read_only(reader, payload, ("year", "holidays", "workdays", "occurred_at", "organisation"))
    occurred = reader.occurred(payload.get("occurred_at", reader.today.isoformat()))
    year = payload.get("year")
    if isinstance(year, bool) or not isinstance(year, int) or not _FIRST_YEAR <= year <= _LAST_YEAR:
        reader.fault(
            "/year", "unreadable", Sentence("不能识别的年份", "This is not a year."), f"{_FIRST_YEAR} … {_LAST_YEAR}"
        )
    listed: dict[str, list[str]] = {"holidays": [], "workdays": []}
    for name, days in listed.items():
        value = payload.get(name, [])
        if not isinstance(value, list):
            reader.fault(
                f"/{name}", "unreadable", Sentence("应为日期列表", "This is a list of days."), '["2027-01-01"]'
            )
            continue
        for index, one in enumerate(value):
            day = read_day(reader, one, f"/{name}/{index}")
            if day is not None and date.fromisoformat(day).year != year:
                sentence = Sentence("日期不在这一年", "The day is not of that year.")
                reader.fault(f"/{name}/{index}", "date_impossible", sentence, str(year))
            days.append(day or "")
    if reader.faults or occurred is None or not isinstance(year, int):
        raise Invalid(reader.faults)
    return WorkdaysSet(year, sorted(listed["holidays"]), sorted(listed["workdays"])), occurred


_FIRST_YEAR: Final = 1980
_LAST_YEAR: Final = 2100


def read_only(reader: Reader, payload: dict[str, Any], names: tuple[str, ...], pointer: str = "") -> None:
    """Name every field that there is not."""
    for name in payload:
        if name not in names:
            reader.fault(f"{pointer}/{name}", "unknown_field", UNKNOWN_FIELD, sorted(names))


def read_text(reader: Reader, payload: dict[str, Any], name: str, length: int) -> str:
    """Read a text that is not empty; empty when it is at fault."""
    value = payload.get(name)
    if isinstance(value, str) and 0 < len(value.strip()) <= length:
        return value.strip()
    reader.faults.append(
        Fault(f"/{name}", "missing" if value in (None, "") else "unreadable", MISSING, f"1 to {length} characters")
    )
    return ""


def read_day(reader: Reader, value: object, pointer: str) -> str | None:
    """Read a day; None when it is at fault."""
    try:
        if isinstance(value, str):
            return date.fromisoformat(value).isoformat()
    except ValueError:
        pass
    code = "missing" if value is None else "unreadable"
    reader.fault(pointer, code, Sentence("不能识别的日期", "This is not a day."), "2027-01-01")
    return None
