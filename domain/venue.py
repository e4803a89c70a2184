"""Venues where members check in, the codes that hang there, and when a code counts.

A venue is a stream of its own, with a random id. Of a code the log holds what it is, never its text: whoever signs
codes makes the text again from that.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import ClassVar, Final
from uuid import UUID

from domain.errors import Refused, Sentence
from domain.fact import Body, Fact, recorded_as
from domain.times import Occurred, as_of_us, parse_occurred

VENUE_KINDS: Final = ("WINDOW", "STATION", "LIAISON_STATION", "OTHER")
SHORTEST_STEP: Final = 15
LONGEST_STEP: Final = 600
"""How often the number beside a code may change, in seconds."""


@recorded_as
@dataclass(frozen=True, slots=True)
class VenueOpened(Body):
    """A window 窗口, station 服务站, liaison station 联络站 or other place, of the organisation that opened it."""

    fact: ClassVar[str] = "venue_opened"
    name: str
    region: str
    kind: str


@recorded_as
@dataclass(frozen=True, slots=True)
class CheckInCodeIssued(Body):
    """报到码: counts from `occurred_at` until `expires_at`; known by its event id and by its version in the stream.

    `key_version` is the master key's that signs it; `rotates_every`, in seconds, if a number goes with it.
    """

    fact: ClassVar[str] = "check_in_code_issued"
    expires_at: str
    key_version: int
    rotates_every: int | None = None


@recorded_as
@dataclass(frozen=True, slots=True)
class CheckInCodeRevoked(Body):
    """A code counts no more from `occurred_at` on; `code` is its event id."""

    fact: ClassVar[str] = "check_in_code_revoked"
    code: str


VENUE_FACTS: Final = frozenset({VenueOpened.fact, CheckInCodeIssued.fact, CheckInCodeRevoked.fact})

EXPIRED: Final = Sentence(
    "报到码已过期，请扫描现场的新码；没有新码的，请现场工作人员代为登记",
    "This check-in code has expired: scan the new one at the venue, or ask the staff there to check you in.",
)
REVOKED: Final = Sentence(
    "报到码已停用，请扫描现场的新码；没有新码的，请现场工作人员代为登记",
    "This check-in code has been withdrawn: scan the new one at the venue, or ask the staff there to check you in.",
)
NOT_YET: Final = Sentence(
    "报到码在所报时间尚未启用，请核对发生时间",
    "This check-in code was not in use yet at that time: check when it happened.",
)
ALREADY_REVOKED: Final = Sentence("报到码已经停用", "This check-in code is withdrawn already.")


@dataclass(frozen=True, slots=True)
class CheckInCode:
    """A code as known. It counts from `from_us` until `expires_us` or `revoked_us`, both exclusive."""

    code_id: str
    number: int
    from_us: int
    expires_us: int
    key_version: int
    rotates_every: int | None = None
    revoked_us: int | None = None


@dataclass(frozen=True, slots=True)
class Venue:
    """A venue as known, with every code that it ever had."""

    venue_id: UUID
    version: int
    name: str
    region: str
    kind: str
    organisation: str | None
    codes: tuple[CheckInCode, ...] = ()

    def numbered(self, number: int) -> CheckInCode | None:
        """Return the code that the stream's event of this version issued."""
        return next((code for code in self.codes if code.number == number), None)

    def with_id(self, code_id: str) -> CheckInCode | None:
        """Return the code with this event id."""
        return next((code for code in self.codes if code.code_id == code_id), None)


def venue_of(facts: Iterable[Fact]) -> Venue | None:
    """Fold a venue's stream; None when it is not a venue's."""
    venue: Venue | None = None
    for fact in facts:
        body = fact.body
        if isinstance(body, VenueOpened):
            venue = Venue(fact.stream, fact.version, body.name, body.region, body.kind, fact.organisation)
        elif venue is not None:
            venue = replace(venue, version=fact.version, codes=_codes_after(venue.codes, fact))
    return venue


def _codes_after(codes: tuple[CheckInCode, ...], fact: Fact) -> tuple[CheckInCode, ...]:
    match fact.body:
        case CheckInCodeIssued() as body:
            expires_us = parse_occurred(body.expires_at).start_us
            fresh = CheckInCode(
                fact.event_id, fact.version, fact.when, expires_us, body.key_version, body.rotates_every
            )
            return (*codes, fresh)
        case CheckInCodeRevoked() as body:
            return tuple(replace(one, revoked_us=fact.when) if one.code_id == body.code else one for one in codes)
        case _:
            return codes


def must_count(code: CheckInCode, occurred: Occurred) -> None:
    """Raise Refused unless the code counted when a check-in happened; known by its day only, some time of it will do.

    Codes: code_revoked, code_expired, code_not_yet_valid.
    """
    first_us, last_us = moments_of(occurred)
    if code.revoked_us is not None and first_us >= code.revoked_us:
        raise Refused("code_revoked", REVOKED)
    if first_us >= code.expires_us:
        raise Refused("code_expired", EXPIRED)
    if last_us < code.from_us:
        raise Refused("code_not_yet_valid", NOT_YET)


def must_not_be_revoked(code: CheckInCode) -> None:
    """Raise Refused `already_revoked`."""
    if code.revoked_us is not None:
        raise Refused("already_revoked", ALREADY_REVOKED)


def moments_of(occurred: Occurred) -> tuple[int, int]:
    """Return the first and the last microsecond that a time, day or month can mean."""
    if occurred.precision == "time":
        return occurred.start_us, occurred.start_us
    return occurred.start_us, as_of_us(occurred.text)
