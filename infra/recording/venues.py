"""Recording on a venue's own stream: it opens, codes are issued for it and withdrawn."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from domain.errors import Invalid, Refused, Sentence
from domain.fact import Body, Fact
from domain.member.reading import MISSING, NOT_IN_LIST, UNKNOWN_FIELD, Reader
from domain.times import SECOND_US, SHANGHAI, Occurred, as_of_us, instant
from domain.venue import (
    LONGEST_STEP,
    SHORTEST_STEP,
    VENUE_KINDS,
    CheckInCode,
    CheckInCodeIssued,
    CheckInCodeRevoked,
    Venue,
    VenueOpened,
    must_not_be_revoked,
    venue_of,
)
from infra.check_in_codes.signed_text import LAST_EXPIRY_SECONDS, CodeSigner
from infra.event_store.refusals import VersionConflict
from infra.event_store.save import Save, Saved
from infra.recording.code_answers import code_answer, code_of, code_told, shown_now
from infra.recording.drafts import Caller, drafted, new_id, stamp
from infra.recording.errors import NoSuchVenue, TooContended, VersionMismatch
from infra.recording.mapper import FactMapper
from infra.recording.procedures import Append, Procedure
from infra.recording.receipts import Receipt

if TYPE_CHECKING:
    from infra.event_store.save import Idempotency
    from infra.recording.desk import Desk
    from infra.recording.keys import Key
    from infra.recording.known_venues import KnownVenues

_TRIES: Final = 20
_NAME_LENGTH: Final = 200
_LONGEST_DAYS: Final = 3_653
ELSEWHERE: Final = Sentence(
    "报到点须在本组织所在地或驻地", "A venue lies where its organisation has its home or is stationed."
)
Next = Callable[[Reader, Venue], tuple[Body, Occurred, str | None]]


class VenueDesk:
    """Records venues and their codes; uses the desk's log, keys and clock."""

    def __init__(self, desk: Desk, signer: CodeSigner, known: KnownVenues) -> None:
        """Share one desk a process."""
        self._desk = desk
        self._signer = signer
        self._known = known
        self._mapper = FactMapper()

    def opening(self, payload: dict[str, Any], caller: Caller, *, key: Key | None = None) -> Procedure[Receipt]:
        """Open a venue; raises Invalid, or Refused `venue_elsewhere`."""
        row = self._desk.keys.hashed(key) if key is not None else None
        return self._desk.keys.once(row, partial(self._open, payload, caller, row))

    def issuing(
        self,
        venue_id: UUID,
        payload: dict[str, Any],
        caller: Caller,
        *,
        key: Key | None = None,
        if_match: int | None = None,
    ) -> Procedure[Receipt]:
        """Issue a code; the answer tells its text, the same again for the same key. Raises Invalid, NoSuchVenue."""
        read = partial(self.read_issue, payload, caller)
        receipt = yield from self._recording(venue_id, read, caller, key, if_match)
        receipt.extra = code_answer(self._signer, receipt.events[-1])
        return receipt

    def revoking(
        self,
        venue_id: UUID,
        code: str,
        payload: dict[str, Any],
        caller: Caller,
        *,
        key: Key | None = None,
        if_match: int | None = None,
    ) -> Procedure[Receipt]:
        """Withdraw a code, named by its id or its text; raises Invalid, Refused `already_revoked`, NoSuchVenue."""
        read = partial(self._read_revocation, code, payload, caller)
        return (yield from self._recording(venue_id, read, caller, key, if_match))

    def told(self, venue: Venue, code: CheckInCode) -> dict[str, Any]:
        """Return a code as when it was issued, with the number that its screen shows now. Raises NoSuchVenue."""
        try:
            told = code_told(self._signer, venue.venue_id, code)
            now = shown_now(self._signer, venue.venue_id, code, self._desk.now_us())
        except KeyError:  # the key that signed it was retired: it counts no more
            raise NoSuchVenue from None
        return told if now is None else {**told, "number": {**told["number"], **now}}

    def finding_code(self, text: str) -> Procedure[tuple[Venue, CheckInCode] | None]:
        """Find the venue and the code that a text names; None for what is no code of ours."""
        read = self._signer.read(text)
        venue = None if read is None else (yield from self._known.finding(read.venue_id))
        code = None if read is None or venue is None else code_of(read, venue)
        return None if venue is None or code is None else (venue, code)

    def _open(self, payload: dict[str, Any], caller: Caller, row: Idempotency | None) -> Procedure[Receipt]:
        desk = self._desk
        reference = yield desk.kiteline.refresh_reference
        reader = Reader(reference, desk.now_us())
        _only(reader, payload, ("name", "region", "kind"))
        occurred = reader.occurred(payload.get("occurred_at", reader.today.isoformat()))
        organisation = self._organisation(reader, payload, caller, required=True)
        name = payload.get("name")
        if not isinstance(name, str) or not 0 < len(name.strip()) <= _NAME_LENGTH:
            code = "missing" if name in (None, "") else "unreadable"
            reader.fault("/name", code, MISSING, f"1 to {_NAME_LENGTH} characters")
        region = reader.region("/region", payload.get("region"), reader.today)
        kind = payload.get("kind")
        if kind not in VENUE_KINDS:
            reader.fault("/kind", "not_in_list" if kind else "missing", NOT_IN_LIST, list(VENUE_KINDS))
        if reader.faults or occurred is None or region is None:
            raise Invalid(reader.faults)
        if not reference.is_in(organisation, region):
            raise Refused("venue_elsewhere", ELSEWHERE)
        body = VenueOpened(str(name).strip(), region, str(kind))
        fact = drafted(UUID(new_id()), 1, body, occurred, organisation, caller)
        return (yield from self._append(fact, row))

    def _recording(
        self, venue_id: UUID, read: Next, caller: Caller, key: Key | None, if_match: int | None
    ) -> Procedure[Receipt]:
        row = self._desk.keys.hashed(key) if key is not None else None
        return self._desk.keys.once(row, partial(self._attempts, venue_id, read, caller, row, if_match))

    def _attempts(
        self, venue_id: UUID, read: Next, caller: Caller, row: Idempotency | None, if_match: int | None
    ) -> Procedure[Receipt]:
        kiteline = self._desk.kiteline
        for _ in range(_TRIES):
            venue = venue_of((yield partial(kiteline.read_stream, venue_id)))
            if venue is None:
                raise NoSuchVenue
            if if_match is not None and if_match != venue.version:
                raise VersionMismatch(if_match, venue.version)
            body, occurred, organisation = read(Reader(kiteline.reference(), self._desk.now_us()), venue)
            fact = drafted(venue_id, venue.version + 1, body, occurred, organisation, caller)
            try:
                return (yield from self._append(fact, row))
            except VersionConflict:
                continue
        raise TooContended

    def _append(self, fact: Fact, row: Idempotency | None) -> Procedure[Receipt]:
        saved: Saved = yield Append(self._desk.kiteline.log, Save([self._mapper.to_stored_event(fact)], row))
        stamp([fact], saved)
        self._known.forget(fact.stream)
        return Receipt(201, fact.stream, None, fact.version, fact.position, [fact])

    def read_issue(
        self, payload: dict[str, Any], caller: Caller, reader: Reader, venue: Venue
    ) -> tuple[Body, Occurred, str | None]:
        """Read the code to be issued for a venue; raises Invalid with every fault."""
        _only(reader, payload, ("expires_at", "rotates_every"))
        organisation = self._organisation(reader, payload, caller)
        occurred = reader.occurred(payload.get("occurred_at", _now(reader)))
        policy = reader.reference.policy(venue.region, reader.today)
        last = reader.today + timedelta(days=policy.check_in_code_days)
        expires_us = _expiry(reader, payload.get("expires_at", last.isoformat()))
        step = payload.get("rotates_every")
        if step is not None and (
            isinstance(step, bool) or not isinstance(step, int) or not SHORTEST_STEP <= step <= LONGEST_STEP
        ):
            sentence = Sentence("应为秒数", "This is a number of seconds.")
            reader.fault("/rotates_every", "unreadable", sentence, f"{SHORTEST_STEP} … {LONGEST_STEP}")
        if reader.faults or occurred is None:
            raise Invalid(reader.faults)
        expires_at = instant(expires_us).astimezone(SHANGHAI).isoformat()
        return CheckInCodeIssued(expires_at, self._signer.key_version, step), occurred, organisation

    def _read_revocation(
        self, named: str, payload: dict[str, Any], caller: Caller, reader: Reader, venue: Venue
    ) -> tuple[Body, Occurred, str | None]:
        code = self._named(named, venue)
        if code is None:
            raise NoSuchVenue
        _only(reader, payload, ())
        organisation = self._organisation(reader, payload, caller)
        occurred = reader.occurred(payload.get("occurred_at", _now(reader)))
        if reader.faults or occurred is None:
            raise Invalid(reader.faults)
        must_not_be_revoked(code)
        return CheckInCodeRevoked(code.code_id), occurred, organisation

    def _named(self, named: str, venue: Venue) -> CheckInCode | None:
        if (code := venue.with_id(named)) is not None:
            return code
        text = self._signer.read(named)
        return code_of(text, venue) if text is not None and text.venue_id == venue.venue_id else None

    @staticmethod
    def _organisation(reader: Reader, payload: dict[str, Any], caller: Caller, *, required: bool = False) -> str | None:
        acting = payload.get("organisation")
        if acting is not None:
            return reader.organisation("/organisation", acting)
        if required and caller.organisation is None:
            reader.fault("/organisation", "missing", MISSING, "a code from GET /v1/organisations")
        return caller.organisation


def _only(reader: Reader, payload: dict[str, Any], names: tuple[str, ...]) -> None:
    known = {*names, "occurred_at", "organisation"}
    for name in sorted(payload.keys() - known):
        reader.fault(f"/{name}", "unknown_field", UNKNOWN_FIELD, sorted(known))


def _now(reader: Reader) -> str:
    moment: datetime = instant(reader.now_us).astimezone(SHANGHAI)
    return moment.replace(microsecond=0).isoformat()


def _expiry(reader: Reader, value: object) -> int:
    """Read when a code ends: a time, or the end of a day; whole seconds, after now and within ten years."""
    try:
        end_us = as_of_us(value) if isinstance(value, str) else 0
    except (ValueError, OverflowError):
        end_us = 0
    end_us = -(-end_us // SECOND_US) * SECOND_US
    longest_us = min(reader.now_us + _LONGEST_DAYS * 86_400 * SECOND_US, LAST_EXPIRY_SECONDS * SECOND_US)
    if not reader.now_us < end_us <= longest_us:
        sentence = Sentence("应为将来十年内的时间或日期", "This is a time or a day to come, within ten years.")
        reader.fault("/expires_at", "unreadable", sentence, "2026-12-31, 2026-06-16T18:00:00+08:00")
    return end_us
