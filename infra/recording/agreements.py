"""Recording co-management agreements: signed by one party or several, countersigned by the others, ended."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from domain.agreement import (
    DUTIES,
    VISIBLE,
    Agreement,
    AgreementCountersigned,
    AgreementEnded,
    AgreementSigned,
    must_not_have_ended,
    must_not_have_signed,
)
from domain.errors import Invalid, Sentence
from domain.fact import Body
from domain.member.reading import MISSING, NOT_IN_LIST, Reader
from domain.member.sharing import with_successors
from domain.times import Occurred, local_day
from infra.event_store.refusals import VersionConflict
from infra.event_store.save import Save, Saved
from infra.recording.drafts import Caller, drafted, new_id, stamp
from infra.recording.errors import NoSuchAgreement, TooContended, VersionMismatch
from infra.recording.mapper import FactMapper
from infra.recording.organisations import read_day, read_only
from infra.recording.procedures import Append, Procedure
from infra.recording.receipts import Receipt

if TYPE_CHECKING:
    from domain.reference import Reference
    from infra.event_store.save import Idempotency
    from infra.recording.desk import Desk
    from infra.recording.keys import Key

Read = Callable[[Reader, "Agreement | None"], tuple[Body, Occurred]]
_TRIES: Final = 20
_FEWEST: Final = 2
_MOST: Final = 20
_PARTIES: Final = Sentence("应列出二至二十个组织的代码", "Name the codes of two to twenty organisations.")
_NOT_A_PARTY: Final = Sentence("不是协议的一方", "This is not a party to the agreement.")
_BEFORE: Final = Sentence("终止日早于起始日", "The end lies before the beginning.")
_LIST: Final = Sentence("应为列表", "This is a list.")


class AgreementDesk:
    """Records agreements; uses the desk's log, keys and clock."""

    def __init__(self, desk: Desk) -> None:
        """Share one desk a process."""
        self._desk = desk
        self._mapper = FactMapper()

    def signing(
        self, payload: dict[str, Any], signed_for: list[str], caller: Caller, *, key: Key | None = None
    ) -> Procedure[Receipt]:
        """Sign an agreement for some of its parties; raises Invalid."""
        stream = UUID(new_id())
        return self._once(stream, lambda reader, _: read_agreement(reader, payload, signed_for), caller, key, None)

    def countersigning(
        self,
        agreement_id: UUID,
        payload: dict[str, Any],
        signed_for: list[str],
        caller: Caller,
        *,
        key: Key | None = None,
        if_match: int | None = None,
    ) -> Procedure[Receipt]:
        """Sign for further parties; raises Invalid, NoSuchAgreement, or Refused `already_signed`."""

        def read(reader: Reader, agreement: Agreement | None) -> tuple[Body, Occurred]:
            read_only(reader, payload, ("occurred_at", "organisation"))
            occurred = _occurred(reader, payload)
            known = _known(agreement)
            must_not_have_signed(known, signed_for)
            return AgreementCountersigned(sorted(set(signed_for) - known.signed_for)), occurred

        return self._once(agreement_id, read, caller, key, if_match)

    def ending(
        self,
        agreement_id: UUID,
        payload: dict[str, Any],
        caller: Caller,
        *,
        key: Key | None = None,
        if_match: int | None = None,
    ) -> Procedure[Receipt]:
        """End an agreement early; raises Invalid, NoSuchAgreement, or Refused `agreement_ended`."""

        def read(reader: Reader, agreement: Agreement | None) -> tuple[Body, Occurred]:
            read_only(reader, payload, ("until", "document", "occurred_at", "organisation"))
            last = read_day(reader, payload.get("until", reader.today.isoformat()), "/until")
            document = _document(reader, payload)
            occurred = _occurred(reader, payload)
            known = _known(agreement)
            must_not_have_ended(known, date.fromisoformat(str(last)))
            return AgreementEnded(str(last), document), occurred

        return self._once(agreement_id, read, caller, key, if_match)

    def _once(
        self, stream: UUID, read: Read, caller: Caller, key: Key | None, if_match: int | None
    ) -> Procedure[Receipt]:
        row = self._desk.keys.hashed(key) if key is not None else None
        return self._desk.keys.once(row, partial(self._attempts, stream, read, caller, if_match, row))

    def _attempts(
        self, stream: UUID, read: Read, caller: Caller, if_match: int | None, row: Idempotency | None
    ) -> Procedure[Receipt]:
        desk, kiteline = self._desk, self._desk.kiteline
        for _ in range(_TRIES):
            reference: Reference = yield kiteline.refresh_reference
            agreement = reference.agreements.by_id.get(stream)
            version = agreement.version if agreement is not None else 0
            if if_match is not None and agreement is not None and if_match != version:
                raise VersionMismatch(if_match, version)
            body, occurred = read(Reader(reference, desk.now_us()), agreement)
            terms = body if isinstance(body, AgreementSigned) else _known(agreement).terms
            fact = drafted(stream, version + 1, body, occurred, caller.organisation, caller)
            homes = [reference.region_of(party) for party in terms.parties]
            counties = {home[:6] for home in homes if home is not None}
            fact.concerns = tuple(sorted(with_successors(counties, reference, local_day(desk.now_us()))))
            try:
                saved: Saved = yield Append(kiteline.log, Save([self._mapper.to_stored_event(fact)], row))
            except VersionConflict:
                continue
            stamp([fact], saved)
            yield kiteline.refresh_reference
            return Receipt(201, stream, None, fact.version, fact.position, [fact])
        raise TooContended


def read_agreement(reader: Reader, payload: dict[str, Any], signed_for: list[str]) -> tuple[AgreementSigned, Occurred]:
    """Read the terms; raises Invalid with every fault.

    An item of `duties` or `visible` is a code for every party, or `{"organisation": party, "duty" or "what": code}`.
    """
    read_only(
        reader,
        payload,
        ("parties", "duties", "visible", "from", "until", "document", "occurred_at", "organisation"),
    )
    parties = _parties(reader, payload.get("parties"))
    duties = _by_party(reader, payload, "duties", "duty", DUTIES, parties)
    visible = _by_party(reader, payload, "visible", "what", VISIBLE, parties)
    first = read_day(reader, payload.get("from"), "/from")
    last = read_day(reader, payload.get("until"), "/until")
    if first is not None and last is not None and last < first:
        reader.fault("/until", "date_impossible", _BEFORE, f">= {first}")
    document = _document(reader, payload)
    occurred = _occurred(reader, payload)
    signed = sorted(set(signed_for) & set(parties))
    return AgreementSigned(parties, duties, visible, str(first), str(last), signed, document), occurred


def _parties(reader: Reader, value: object) -> list[str]:
    if not isinstance(value, list) or not _FEWEST <= len(set(map(str, value))) == len(value) <= _MOST:
        reader.fault("/parties", "missing" if value is None else "unreadable", _PARTIES, "2 … 20")
        return []
    found = [reader.organisation(f"/parties/{index}", one) for index, one in enumerate(value)]
    return [code for code in found if code is not None]


def _by_party(
    reader: Reader, payload: dict[str, Any], name: str, key: str, values: tuple[str, ...], parties: list[str]
) -> list[dict[str, str]]:
    given = payload.get(name)
    if not isinstance(given, list):
        reader.fault(f"/{name}", "missing" if given is None else "unreadable", MISSING if given is None else _LIST)
        return []
    found: list[dict[str, str]] = []
    for index, one in enumerate(given):
        party, code = (one.get("organisation"), one.get(key)) if isinstance(one, dict) else (None, one)
        if code not in values:
            reader.fault(f"/{name}/{index}", "not_in_list", NOT_IN_LIST, list(values))
        elif party is not None and party not in parties:
            reader.fault(f"/{name}/{index}/organisation", "not_in_list", _NOT_A_PARTY, parties)
        else:
            found += [{key: str(code), "organisation": each} for each in ([party] if party is not None else parties)]
    return [one for index, one in enumerate(found) if one not in found[:index]]


def _document(reader: Reader, payload: dict[str, Any]) -> str | None:
    value = payload.get("document")
    return None if value is None else reader.reference_text("/document", value)


def _occurred(reader: Reader, payload: dict[str, Any]) -> Occurred:
    occurred = reader.occurred(payload.get("occurred_at", reader.today.isoformat()))
    if reader.faults or occurred is None:
        raise Invalid(reader.faults)
    return occurred


def _known(agreement: Agreement | None) -> Agreement:
    if agreement is None:
        raise NoSuchAgreement
    return agreement
