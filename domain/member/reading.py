"""Reading a command: every field by its kind, every fault named with its pointer and what would be right."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from domain.errors import Fault, Invalid, Sentence
from domain.fact import Body, body_data
from domain.member import events as e
from domain.member.commands import COMMAND_OF, EVERY_COMMAND
from domain.member.form import Command, Field, Kind, Read
from domain.member.introduction import MemberIntroduced
from domain.policy import COUNTRY
from domain.times import MINUTE_US, Occurred, day_start_us, local_day, parse_occurred

if TYPE_CHECKING:
    from domain.reference import Reference

SKEW_US: Final = 5 * MINUTE_US
MOST_HOURS: Final = 744
"""As many as the longest month has."""
_OPAQUE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:@/-]{0,63}\Z")
_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z")
_PERSONAL: Final = re.compile(r"(?<!\d)(1[3-9]\d{9}|\d{17}[\dXx])(?!\d)")
_REGION: Final = re.compile(r"\d{6}(\d{3}(\d{3})?)?\Z")

MISSING: Final = Sentence("缺少此项", "This field is missing.")
NOT_IN_LIST: Final = Sentence("值不在代码表中", "The value is not in its list.")
ONE_OF: Final = Sentence("这几项须给出且只给出一项", "Exactly one of these fields is given.")
UNKNOWN_FIELD: Final = Sentence("没有此项", "There is no such field.")


class Asked(NamedTuple):
    """A command as read: the fact's body, when, by whom; `texts` are for the vault."""

    command: Command
    body: Body
    occurred: Occurred
    organisation: str | None
    texts: dict[str, str]


def is_opaque(text: str) -> bool:
    """Whether a text can be an id that tells nothing about a person: no phone, no identity number, no writing."""
    # A random id may by chance hold the digits of a telephone.
    return bool(_OPAQUE.match(text) and (_UUID.match(text) or not _PERSONAL.search(text)))


class Reader:
    """Reads the fields of one payload and gathers its faults."""

    def __init__(self, reference: Reference, now_us: int) -> None:
        self.reference = reference
        self.now_us = now_us
        self.faults: list[Fault] = []
        self.texts: dict[str, str] = {}

    @property
    def today(self) -> date:
        """The day of the clock."""
        return local_day(self.now_us)

    def fault(self, pointer: str, code: str, sentence: Sentence, expected: str | list[str] | None = None) -> None:
        """Note a fault; reading goes on, so that all are named at once."""
        self.faults.append(Fault(pointer, code, sentence, expected))

    def occurred(self, value: object) -> Occurred | None:
        """Read `occurred_at`: a time with offset, a date or a month, not in the future beyond five minutes of skew."""
        if value is None:
            self.fault("/occurred_at", "missing", MISSING, "2025-03-05T10:00:00+08:00, 2025-03-05, 2025-03")
            return None
        try:
            occurred = parse_occurred(value) if isinstance(value, str) else None
        except (ValueError, OverflowError):
            occurred = None
        if occurred is None or occurred.start_us < _FIRST_US:
            sentence = Sentence("不能识别的时间", "This is not a time with offset, a date or a month.")
            self.fault("/occurred_at", "unreadable", sentence, "2025-03-05T10:00:00+08:00, 2025-03-05, 2025-03")
            return None
        if occurred.start_us > self.now_us + SKEW_US:
            sentence = Sentence("发生时间在将来", "This lies in the future.")
            self.fault("/occurred_at", "in_the_future", sentence, f"<= {self.today.isoformat()}")
        return occurred

    def organisation(self, pointer: str, value: object, on: date | None = None) -> str | None:
        """Read the code of an organisation that is known here, and stands on a day; today when none is named."""
        if value is None:
            self.fault(pointer, "missing", MISSING, "a code from GET /v1/organisations")
            return None
        tree = self.reference.organisations
        if isinstance(value, str) and tree.get(value) is not None:
            then = tree.on(on or self.today)
            if then.dissolution(value) is None:
                return value
            sentence = Sentence("该组织在那一天已经撤销", "This organisation was dissolved by that day.")
            self.fault(pointer, "organisation_dissolved", sentence, then.standing(value))
            return None
        sentence = Sentence("没有这个组织", "There is no such organisation.")
        self.fault(pointer, "unknown_organisation", sentence, "a code from GET /v1/organisations")
        return None

    def region(self, pointer: str, value: object, on: date) -> str | None:
        """Read a region code as it was on a day; a code that had ended by then names its successor."""
        if value is None:
            self.fault(pointer, "missing", MISSING, "6, 9 or 12 digits of GB/T 2260")
            return None
        if not isinstance(value, str) or not _REGION.match(value):
            sentence = Sentence("不是区划代码", "This is not a region code.")
            self.fault(pointer, "unknown_region", sentence, "6, 9 or 12 digits of GB/T 2260")
            return None
        regions = self.reference.regions
        if value != COUNTRY and regions.accepts(value, on):
            return value
        if value == COUNTRY or not regions.known(value[:6]):
            self.fault(pointer, "unknown_region", Sentence("没有这个区划", "There is no such region."), None)
            return None
        resolution = regions.resolve(value, on)
        if resolution.needs_assignment:
            sentence = Sentence("该区划已拆分，请指定其中之一", "This region was split: name the one that is meant.")
            self.fault(pointer, "region_needs_assignment", sentence, list(resolution.candidates))
        else:
            sentence = Sentence("该区划在那一天不存在", "This region did not exist on that day.")
            self.fault(pointer, "region_not_valid_then", sentence, resolution.code)
        return None

    def read(self, spec: Field, value: object, pointer: str, on: date) -> object:
        """Read one field; None when it is at fault."""
        return _READERS[spec.kind](self, spec, value, pointer, on)

    def _unreadable(self, pointer: str, expected: str) -> None:
        self.fault(pointer, "unreadable", Sentence("不能识别", "This cannot be read."), expected)

    def codes_on(self, values: tuple[str, ...], on: date) -> tuple[str, ...]:
        """Return the values of a code list as it is on a day, for those that a field names."""
        return self.reference.code_lists.instead_of(values, on)

    def code(self, pointer: str, value: object, values: tuple[str, ...]) -> str | None:
        """Read a code of a list."""
        if isinstance(value, str) and value in values:
            return value
        self.fault(pointer, "not_in_list", NOT_IN_LIST, list(values))
        return None

    def destination(self, pointer: str, value: object, on: date) -> dict[str, Any] | None:
        """Read a destination: a region, abroad or unknown."""
        if isinstance(value, dict) and len(value) == 1:
            if value.get("abroad") is True or value.get("unknown") is True:
                return dict(value)
            if "region" in value:
                region = self.region(f"{pointer}/region", value["region"], on)
                return {"region": region} if region is not None else None
        self._unreadable(pointer, '{"region": "620102"}, {"abroad": true} or {"unknown": true}')
        return None

    def written(self, pointer: str, value: object, precision: str, expected: str) -> str | None:
        """Read a day, or a month, as text."""
        try:
            occurred = parse_occurred(value) if isinstance(value, str) else None
        except (ValueError, OverflowError):
            occurred = None
        if occurred is not None and occurred.precision == precision:
            return occurred.text
        self._unreadable(pointer, expected)
        return None

    def months(self, pointer: str, value: object) -> list[str] | None:
        """Read a list of months; in order, each once."""
        if not isinstance(value, list) or not 0 < len(value) <= _MOST_MONTHS:
            self._unreadable(pointer, '["2025-03", "2025-04"]')
            return None
        found = [self.written(f"{pointer}/{index}", one, "month", "2025-03") for index, one in enumerate(value)]
        return sorted({one for one in found if one is not None})

    def changes(self, pointer: str, value: object) -> dict[str, Any] | None:
        """Read what a correction changes, as far as it can be without the event that it corrects."""
        if isinstance(value, dict) and value:
            return value
        self._unreadable(pointer, '{"field": value}')
        return None

    def number(self, pointer: str, value: object, least: int, most: int) -> int | None:
        """Read a whole number within its bounds."""
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            return value
        sentence = Sentence("应为范围内的整数", "This must be a whole number within its bounds.")
        self.fault(pointer, "unreadable", sentence, f"{least} … {most}")
        return None

    def hours(self, pointer: str, value: object) -> float | None:
        """Read hours, whole or in quarters: their text is then the same in every JSON (RFC 8785)."""
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= MOST_HOURS:
            quarters = value * 4
            if quarters == int(quarters):
                return int(value) if quarters % 4 == 0 else float(value)
        sentence = Sentence("应为小时数，可精确到一刻钟", "This is a number of hours, whole or in quarters.")
        self.fault(pointer, "unreadable", sentence, f"0.25 … {MOST_HOURS}")
        return None

    def event_id(self, pointer: str, value: object) -> str | None:
        """Read the id of an event, or of a claim."""
        if isinstance(value, str) and _OPAQUE.match(value):
            return value
        self._unreadable(pointer, "an event id")
        return None

    def points(self, pointer: str, value: object, values: tuple[str, ...]) -> list[str] | None:
        """Read which of the five points were spoken of; what was said goes to the vault."""
        if isinstance(value, dict):
            for name, said in value.items():
                if isinstance(said, str) and said:
                    self.texts[f"points.{name}"] = said
            value = [name for name, said in value.items() if said]
        if isinstance(value, list) and all(isinstance(one, str) and one.upper() in values for one in value):
            return sorted({one.upper() for one in value}, key=values.index)
        self.fault(pointer, "not_in_list", NOT_IN_LIST, list(values))
        return None

    def text(self, name: str, pointer: str, value: object) -> str | None:
        """Read free text, which goes to the vault."""
        if isinstance(value, str) and len(value) <= _TEXT_LENGTH:
            self.texts[name] = value
            return value
        self._unreadable(pointer, f"text of at most {_TEXT_LENGTH} characters")
        return None

    def opaque(self, pointer: str, value: object) -> str | None:
        """Read an id that tells nothing about a person."""
        if isinstance(value, str) and is_opaque(value):
            return value
        sentence = Sentence("应为不含个人信息的代号", "This must be an opaque id that tells nothing about a person.")
        self.fault(
            pointer, "unreadable", sentence, "letters, digits and _ . : @ / -, at most 64; no phone or identity number"
        )
        return None

    def reference_text(self, pointer: str, value: object) -> str | None:
        """Read the reference of a document or meeting."""
        if isinstance(value, str) and 0 < len(value.strip()) <= _REFERENCE_LENGTH and not _PERSONAL.search(value):
            return value.strip()
        sentence = Sentence("应写明文件或会议的编号", "Name the document or meeting by its reference.")
        self.fault(
            pointer,
            "missing" if value in (None, "") else "unreadable",
            sentence,
            f"at most {_REFERENCE_LENGTH} characters",
        )
        return None


_READERS: Final[dict[Kind, Callable[[Reader, Field, object, str, date], object]]] = {
    Kind.CODE: lambda reader, spec, value, pointer, on: reader.code(pointer, value, reader.codes_on(spec.codes, on)),
    Kind.REGION: lambda reader, _, value, pointer, on: reader.region(pointer, value, on),
    Kind.ORGANISATION: lambda reader, _, value, pointer, on: reader.organisation(pointer, value, on),
    Kind.DESTINATION: lambda reader, _, value, pointer, on: reader.destination(pointer, value, on),
    Kind.DAY: lambda reader, _, value, pointer, __: reader.written(pointer, value, "day", "2025-03-05"),
    Kind.FUTURE_DAY: lambda reader, _, value, pointer, __: reader.written(pointer, value, "day", "2025-03-05"),
    Kind.MONTH: lambda reader, _, value, pointer, __: reader.written(pointer, value, "month", "2025-03"),
    Kind.MONTHS: lambda reader, _, value, pointer, __: reader.months(pointer, value),
    Kind.POINTS: lambda reader, spec, value, pointer, _: reader.points(pointer, value, spec.codes),
    Kind.TEXT: lambda reader, spec, value, pointer, _: reader.text(spec.name, pointer, value),
    Kind.CHANGES: lambda reader, _, value, pointer, __: reader.changes(pointer, value),
    Kind.EVENT_ID: lambda reader, _, value, pointer, __: reader.event_id(pointer, value),
    Kind.HOURS: lambda reader, _, value, pointer, __: reader.hours(pointer, value),
    Kind.NUMBER: lambda reader, spec, value, pointer, _: reader.number(pointer, value, spec.least, spec.most),
    Kind.OPAQUE: lambda reader, _, value, pointer, __: reader.opaque(pointer, value),
    Kind.REFERENCE: lambda reader, _, value, pointer, __: reader.reference_text(pointer, value),
}
_FIRST_US: Final = day_start_us(date(1900, 1, 1))
_MOST_MONTHS: Final = 120
_TEXT_LENGTH: Final = 4000
_REFERENCE_LENGTH: Final = 100
_ENVELOPE: Final = ("occurred_at", "organisation", "note")


def read_command(
    name: str, payload: dict[str, Any], reference: Reference, *, now_us: int, organisation: str | None
) -> Asked:
    """Read a command's payload; `organisation` is the caller's own, the default for who acts.

    Raises Invalid with every fault found.
    """
    return read_as(EVERY_COMMAND[name], payload, reference, now_us=now_us, organisation=organisation)


def read_as(
    command: Command, payload: dict[str, Any], reference: Reference, *, now_us: int, organisation: str | None
) -> Asked:
    """Read a payload as one command; raises Invalid with every fault found."""
    reader = Reader(reference, now_us)
    occurred = reader.occurred(payload.get("occurred_at"))
    on = occurred.day if occurred is not None else reader.today
    acting = payload.get("organisation")
    actor = reader.organisation("/organisation", acting, on) if acting is not None else organisation
    values = read_fields(reader, command.fields, payload, on, extra=_ENVELOPE)
    if command.one_of:
        _read_one_of(reader, command, payload)
    if (note := payload.get("note")) is not None:
        reader.text("note", "/note", note)
    if command.check is not None and occurred is not None and not reader.faults:
        command.check(reader, Read(values, occurred, actor))
    if reader.faults or occurred is None:
        raise Invalid(reader.faults)
    return Asked(command, command.body(**values), occurred, actor, reader.texts)


def read_fields(
    reader: Reader, specs: tuple[Field, ...], payload: dict[str, Any], on: date, *, extra: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Read the fields of a payload, noting what is missing or not known; TEXT fields land in `reader.texts`."""
    values: dict[str, Any] = {}
    names = {spec.name for spec in specs}
    for name in payload:
        if name not in names and name not in extra:
            reader.fault(f"/{name}", "unknown_field", UNKNOWN_FIELD, sorted({*names, *extra}))
    for spec in specs:
        value = payload.get(spec.name)
        if value is None:
            if spec.required:
                reader.fault(f"/{spec.name}", "missing", MISSING, list(spec.codes) or spec.kind.value)
            continue
        read = reader.read(spec, value, f"/{spec.name}", on)
        if read is not None and spec.kind is not Kind.TEXT:
            values[spec.name] = read
    return values


def _read_one_of(reader: Reader, command: Command, payload: dict[str, Any]) -> None:
    given = [name for name in command.one_of if payload.get(name) is not None]
    if not given:
        reader.fault(f"/{command.one_of[0]}", "missing", ONE_OF, list(command.one_of))
    for name in given[1:]:
        reader.fault(f"/{name}", "unreadable", ONE_OF, f"without {given[0]}")


def read_changes(target: Body, occurred_day: date, changes: dict[str, Any], reader: Reader) -> dict[str, Any]:
    """Read what a correction changes, by the fields of the command that made the fact; raises Invalid."""
    checked: dict[str, Any] = {}
    own = {name: value for name, value in changes.items() if name not in ("occurred_at", "organisation")}
    if "occurred_at" in changes:
        occurred = reader.occurred(changes["occurred_at"])
        if occurred is not None:
            checked["occurred_at"] = occurred.text
            occurred_day = occurred.day
    if "organisation" in changes:
        checked["organisation"] = reader.organisation("/organisation", changes["organisation"], occurred_day)
    command = COMMAND_OF.get(type(target))
    specs = command.fields if command is not None else _CORRECTABLE.get(type(target), ())
    # What the vault keeps of the event is not to be said again.
    specs = tuple(replace(spec, required=False) if spec.kind is Kind.TEXT else spec for spec in specs)
    merged = {**{spec.name: body_data(target).get(spec.name) for spec in specs}, **own}
    for name in sorted(own.keys() - {spec.name for spec in specs}):
        known = sorted({*(spec.name for spec in specs), "occurred_at", "organisation"})
        reader.fault(f"/{name}", "unknown_field", UNKNOWN_FIELD, known)
    read = read_fields(reader, specs, merged, occurred_day, extra=tuple(own))
    if command is not None and command.one_of:
        _read_one_of(reader, command, merged)
    checked.update({name: read[name] for name in own if name in read})
    if reader.faults:
        faults = [Fault(f"/changes{one.pointer}", one.code, one.sentence, one.expected) for one in reader.faults]
        raise Invalid(faults)
    return checked


_CORRECTABLE: Final[dict[type[Body], tuple[Field, ...]]] = {
    e.MemberRegistered: (
        Field("category", Kind.CODE, required=True, codes=("FULL", "PROBATIONARY")),
        Field("affiliation", Kind.ORGANISATION, required=True),
        Field("affiliated_since", Kind.DAY),
    ),
    MemberIntroduced: (
        Field("category", Kind.CODE, codes=("FULL", "PROBATIONARY")),
        Field("affiliation", Kind.ORGANISATION),
        Field("affiliated_since", Kind.DAY),
    ),
    e.AcceptanceContested: (Field("branch", Kind.ORGANISATION), Field("claim_id", Kind.EVENT_ID)),
}
