"""Reading what a check-in carries: a code or a venue, whose it is, when; every fault named at once."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from domain.errors import Invalid, Sentence
from domain.member.reading import MISSING, UNKNOWN_FIELD, Reader
from infra.recording.registration import read_identity

if TYPE_CHECKING:
    from domain.identity import IdentityNumber
    from domain.reference import Reference
    from domain.times import Occurred

OF_A_MEMBER: Final = ("code", "number", "occurred_at", "introduction")
OF_AN_OFFICE: Final = (
    *OF_A_MEMBER,
    "venue",
    "identity_number",
    "name",
    "organisation",
    "origin_organisation",
    "origin_region",
    "category",
    "phone",
)
LONGEST_CODE: Final = 200
LONGEST_INTRODUCTION: Final = 1_000
_NAME_LENGTH: Final = 100
_NUMBER: Final = re.compile(r"[0-9]{6}\Z")
_CODE_OR_VENUE: Final = Sentence("报到码和报到点须有一项，且只有一项", "Send a code or a venue, one of the two.")


@dataclass(frozen=True, slots=True)
class Asked:
    """A check-in as read: `code` and its `number`, or `venue_id`; an office also names the person.

    `person` are the fields of a registration, should the person turn out to be unknown. With an `introduction`, an
    office need not know more of a person than that text.
    """

    occurred: Occurred
    code: str | None = None
    number: str | None = None
    venue_id: UUID | None = None
    organisation: str | None = None
    identity_number: str = ""
    name: str = field(default="", repr=False)
    origin_organisation: str | None = None
    origin_region: str | None = None
    person: dict[str, Any] = field(default_factory=dict, repr=False)
    introduction: str | None = None


def read_check_in(payload: dict[str, Any], reference: Reference, now_us: int, *, of_member: bool) -> Asked:
    """Read a check-in; raises Invalid with every fault."""
    reader = Reader(reference, now_us)
    known = OF_A_MEMBER if of_member else OF_AN_OFFICE
    for unknown in sorted(payload.keys() - set(known)):
        reader.fault(f"/{unknown}", "unknown_field", UNKNOWN_FIELD, list(known))
    occurred = reader.occurred(payload.get("occurred_at"))
    code, venue_id = _place(reader, payload, of_member=of_member)
    number = payload.get("number")
    if number is not None and not (isinstance(number, str) and _NUMBER.match(number)):
        reader.fault("/number", "unreadable", Sentence("应为六位数字", "These are six digits."), "six digits, as text")
    introduction = _introduction(reader, payload)
    if of_member:
        if reader.faults or occurred is None:
            raise Invalid(reader.faults)
        return Asked(occurred, code, number, introduction=introduction)
    organisation = payload.get("organisation")
    if organisation is not None:
        organisation = reader.organisation("/organisation", organisation)
    by_introduction = introduction is not None and not payload.keys() & {"identity_number", "name"}
    identity, name = (None, "") if by_introduction else _person(reader, payload)
    home, origin = payload.get("origin_organisation"), payload.get("origin_region")
    if home is not None:
        home = reader.organisation("/origin_organisation", home)
    if origin is not None:
        origin = reader.region("/origin_region", origin, reader.today)
    if reader.faults or occurred is None or (identity is None and not by_introduction):
        raise Invalid(reader.faults)
    given = {
        one: payload[one] for one in ("identity_number", "name", "category", "phone") if payload.get(one) is not None
    }
    return Asked(
        occurred,
        code,
        number,
        venue_id,
        organisation,
        identity.number if identity is not None else "",
        name,
        home,
        origin,
        given,
        introduction,
    )


def _person(reader: Reader, payload: dict[str, Any]) -> tuple[IdentityNumber | None, str]:
    identity, name = read_identity(reader, payload.get("identity_number")), payload.get("name")
    if isinstance(name, str) and name.strip() and len(name) <= _NAME_LENGTH:
        return identity, name.strip()
    reader.fault("/name", "missing" if name in (None, "") else "unreadable", MISSING, f"1 to {_NAME_LENGTH} characters")
    return identity, ""


def _introduction(reader: Reader, payload: dict[str, Any]) -> str | None:
    text = payload.get("introduction")
    if text is None or (isinstance(text, str) and 0 < len(text) <= LONGEST_INTRODUCTION):
        return text
    sentence = Sentence("不能识别的引介", "This is no introduction.")
    reader.fault("/introduction", "introduction_invalid", sentence, "the text as the origin gave it")
    return None


def _place(reader: Reader, payload: dict[str, Any], *, of_member: bool) -> tuple[str | None, UUID | None]:
    code, venue = payload.get("code"), None if of_member else payload.get("venue")
    if of_member and code is None:
        reader.fault("/code", "missing", MISSING, "the text of a code")
    elif not of_member and (code is None) is (venue is None):
        fault = "missing" if code is None else "unreadable"
        reader.fault("/code", fault, _CODE_OR_VENUE, "code, or venue")
    if code is not None and not (isinstance(code, str) and 0 < len(code) <= LONGEST_CODE):
        reader.fault("/code", "code_invalid", Sentence("不能识别的报到码", "This is no code."), "the text of a code")
        return None, None
    if venue is None:
        return code, None
    try:
        return code, UUID(venue)
    except (ValueError, AttributeError, TypeError):
        reader.fault("/venue", "unreadable", Sentence("不是报到点编号", "This is no venue's id."), "a UUID")
        return code, None
