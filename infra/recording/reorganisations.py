"""Recording what changes organisations, regions and code lists from a day on: decided on all that is known by then."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from domain import codes
from domain.code_lists import LISTS, CodeListAdopted
from domain.dissolving import must_be_possible
from domain.errors import Invalid, Sentence
from domain.fact import Body
from domain.member.reading import MISSING, NOT_IN_LIST, Reader
from domain.member.sharing import with_successors
from domain.member.succession import named
from domain.organisation import OrganisationDissolved, organisation_stream, reference_stream
from domain.policy import COUNTRY
from domain.reference import RegionReorganised
from domain.times import Occurred, day_start_us, local_day
from infra.event_store.refusals import VersionConflict
from infra.event_store.save import Save, Saved
from infra.recording.drafts import Caller, drafted, stamp
from infra.recording.errors import TooContended, VersionMismatch
from infra.recording.mapper import FactMapper
from infra.recording.organisations import read_day, read_only, read_text
from infra.recording.procedures import Append, Procedure
from infra.recording.receipts import Receipt

if TYPE_CHECKING:
    from domain.fact import Fact
    from domain.reference import Reference
    from infra.event_store.save import Idempotency
    from infra.recording.desk import Desk
    from infra.recording.keys import Key

Read = Callable[[Reader], tuple[UUID, Body, Occurred]]

_TRIES: Final = 20
_MOST_MEMBERS: Final = 1_000
_MOST_CODES: Final = 200
_NAME_LENGTH: Final = 200
_CODE: Final = re.compile(r"[A-Z][A-Z0-9_]{1,39}\Z")
_REGION: Final = re.compile(r"\d{6}\Z")
_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z")
_NOT_THEIRS: Final = Sentence("该党员不属于这个组织", "This member has nothing to do with this organisation.")
_TWICE: Final = Sentence("出现两次", "This is named twice.")
_NOT_BELOW: Final = Sentence("不是该组织的直属下级", "This is not directly below the organisation.")


class Reorganisations:
    """Records dissolutions, changes of regions and versions of code lists; uses the desk's keys and clock."""

    def __init__(self, desk: Desk) -> None:
        """Share one desk a process."""
        self._desk = desk
        self._mapper = FactMapper()

    def dissolving(
        self,
        code: str,
        payload: dict[str, Any],
        caller: Caller,
        *,
        key: Key | None = None,
        if_match: int | None = None,
    ) -> Procedure[Receipt]:
        """Dissolve an organisation that is known. Raises Invalid, Refused (`domain.dissolving`), VersionMismatch."""

        def read(reader: Reader) -> tuple[UUID, Body, Occurred]:
            body, occurred = read_dissolution(reader, code, payload)
            self._members_must_be_theirs(reader, body, occurred)
            return organisation_stream(code), body, occurred

        return self._recording(read, caller, key, if_match)

    def reorganising(self, payload: dict[str, Any], caller: Caller, *, key: Key | None = None) -> Procedure[Receipt]:
        """Change regions from a day on; raises Invalid, or Refused `reorganisation_impossible`."""

        def read(reader: Reader) -> tuple[UUID, Body, Occurred]:
            body, occurred = read_reorganisation(reader, payload)
            day = date.fromisoformat(body.effective_on)
            reader.reference.regions.reorganise(body.kind, body.from_codes, body.to_codes, day, names=body.names)
            return reference_stream("regions"), body, occurred

        return self._recording(read, caller, key, None)

    def adopting_codes(self, payload: dict[str, Any], caller: Caller, *, key: Key | None = None) -> Procedure[Receipt]:
        """Adopt a version of a code list from a day on; raises Invalid."""

        def read(reader: Reader) -> tuple[UUID, Body, Occurred]:
            body, occurred = read_code_list(reader, payload)
            return reference_stream(f"code-list:{body.code_list}"), body, occurred

        return self._recording(read, caller, key, None)

    def _recording(self, read: Read, caller: Caller, key: Key | None, if_match: int | None) -> Procedure[Receipt]:
        row = self._desk.keys.hashed(key) if key is not None else None
        return self._desk.keys.once(row, partial(self._attempts, read, caller, row, if_match))

    def _attempts(
        self, read: Read, caller: Caller, row: Idempotency | None, if_match: int | None
    ) -> Procedure[Receipt]:
        desk, kiteline = self._desk, self._desk.kiteline
        for _ in range(_TRIES):
            reference: Reference = yield kiteline.refresh_reference
            stream, body, occurred = yield partial(read, Reader(reference, desk.now_us()))
            facts: list[Fact] = yield partial(kiteline.read_stream, stream)
            if facts and facts[-1].position > reference.position:
                continue  # decided on less than is known by now
            if if_match is not None and if_match != len(facts):
                raise VersionMismatch(if_match, len(facts))
            fact = drafted(stream, len(facts) + 1, body, occurred, caller.organisation, caller)
            fact.concerns = concerned_by(body, reference, local_day(desk.now_us()))
            try:
                saved: Saved = yield Append(kiteline.log, Save([self._mapper.to_stored_event(fact)], row))
            except VersionConflict:
                continue
            stamp([fact], saved)
            yield kiteline.refresh_reference
            return Receipt(201, stream, None, fact.version, fact.position, [fact])
        raise TooContended

    def _members_must_be_theirs(self, reader: Reader, body: OrganisationDissolved, occurred: Occurred) -> None:
        """Refuse shares of members whom the organisation had nothing to do with when it ended."""
        members = self._desk.kiteline.members
        before_us = day_start_us(occurred.day) - 1
        for index, share in enumerate(body.shares or ()):
            for number, member in enumerate(share.get("members", ())):
                state = members.load(UUID(member), reader.reference).state_at(before_us)
                if body.code not in named(state):
                    pointer = f"/shares/{index}/members/{number}"
                    reader.fault(pointer, "unknown_member", _NOT_THEIRS, "a member of the organisation")
        if reader.faults:
            raise Invalid(reader.faults)


def concerned_by(body: Body, reference: Reference, today: date) -> tuple[str, ...]:
    """Return the county-level regions, or cities and provinces, that a change names.

    A dissolution that names members goes where they were, and to a successor's region only if all of them come there:
    no region is told of members who come to another.
    """
    found: set[str] = set()
    if isinstance(body, OrganisationDissolved):
        shares = body.shares or ()
        heirs = {share["successor"] for share in shares if share.get("members")}
        if heirs:
            comes_to = {reference.region_of(code) for code in heirs}
            known = [reference.region_of(body.code), *(comes_to if len(comes_to) == 1 else ())]
        else:
            codes = (body.code, body.successor, *(share["successor"] for share in shares))
            places = ((reference.region_of(code), reference.place_of(code)) for code in codes)
            known = [place for both in places for place in both]
        found |= {place[:6] for place in known if place is not None}
    elif isinstance(body, RegionReorganised):
        found |= {*body.from_codes, *body.to_codes}
    return tuple(sorted(with_successors(found, reference, today) - {COUNTRY}))


def read_dissolution(reader: Reader, code: str, payload: dict[str, Any]) -> tuple[OrganisationDissolved, Occurred]:
    """Read a dissolution; raises Invalid with every fault, or Refused."""
    read_only(reader, payload, ("successor", "shares", "occurred_at", "organisation"))
    occurred = reader.occurred(payload.get("occurred_at", reader.today.isoformat()))
    successor = payload.get("successor")
    if successor is None:
        reader.fault("/successor", "missing", MISSING, "a code from GET /v1/organisations")
    else:
        successor = reader.organisation("/successor", successor, date.min)
    shares = payload.get("shares", [])
    if not isinstance(shares, list) or not all(isinstance(one, dict) for one in shares):
        reader.fault("/shares", "unreadable", Sentence("应为列表", "This is a list."), '[{"successor": "…"}]')
        shares = []
    read = [_share(reader, code, share, f"/shares/{index}") for index, share in enumerate(shares)]
    _must_not_be_named_twice(reader, read)
    if reader.faults or occurred is None or successor is None:
        raise Invalid(reader.faults)
    tree = reader.reference.organisations
    must_be_possible(tree, code, [successor, *(share["successor"] for share in read)], occurred.day)
    return OrganisationDissolved(code, successor, read or None), occurred


def _share(reader: Reader, code: str, share: dict[str, Any], pointer: str) -> dict[str, Any]:
    read_only(reader, share, ("successor", "members", "organisations"), pointer)
    found: dict[str, Any] = {"successor": reader.organisation(f"{pointer}/successor", share.get("successor"), date.min)}
    members, below = share.get("members", []), share.get("organisations", [])
    for name, listed in (("members", members), ("organisations", below)):
        if not isinstance(listed, list) or len(listed) > _MOST_MEMBERS:
            reader.fault(f"{pointer}/{name}", "unreadable", Sentence("应为列表", "This is a list."), "at most 1000")
            return found
    for index, member in enumerate(members):
        if not isinstance(member, str) or not _UUID.match(member):
            reader.fault(f"{pointer}/members/{index}", "unreadable", _NOT_THEIRS, "a member id")
    tree = reader.reference.organisations
    for index, one in enumerate(below):
        if not isinstance(one, str) or tree.above(one)[:1] != [code]:
            reader.fault(f"{pointer}/organisations/{index}", "not_in_list", _NOT_BELOW, tree.below(code)[:20])
    return found | {name: listed for name, listed in (("members", members), ("organisations", below)) if listed}


def _must_not_be_named_twice(reader: Reader, shares: list[dict[str, Any]]) -> None:
    seen: set[str] = set()
    for index, share in enumerate(shares):
        for name in ("members", "organisations"):
            for number, one in enumerate(share.get(name, ())):
                if one in seen:
                    reader.fault(f"/shares/{index}/{name}/{number}", "duplicate", _TWICE, None)
                seen.add(str(one))


def read_reorganisation(reader: Reader, payload: dict[str, Any]) -> tuple[RegionReorganised, Occurred]:
    """Read a change of regions; raises Invalid with every fault."""
    read_only(reader, payload, ("kind", "from", "to", "effective_on", "names", "occurred_at", "organisation"))
    occurred = reader.occurred(payload.get("occurred_at", reader.today.isoformat()))
    kind = payload.get("kind")
    if kind not in codes.REORGANISATION_KINDS:
        reader.fault("/kind", "not_in_list" if kind else "missing", NOT_IN_LIST, list(codes.REORGANISATION_KINDS))
    effective_on = read_day(reader, payload.get("effective_on"), "/effective_on")
    listed = {name: _regions(reader, payload.get(name), f"/{name}") for name in ("from", "to")}
    regions = reader.reference.regions
    for index, code in enumerate(listed["from"]):
        if not regions.known(code):
            sentence = Sentence("没有这个区划", "There is no such region.")
            reader.fault(f"/from/{index}", "unknown_region", sentence, "6 digits of GB/T 2260")
    names = payload.get("names") or {}
    if not isinstance(names, dict) or not all(
        isinstance(name, str) and 0 < len(name.strip()) <= _NAME_LENGTH and code in listed["to"]
        for code, name in names.items()
    ):
        sentence = Sentence("应为 to 中各代码的名称", "These are names of the codes in `to`.")
        reader.fault("/names", "unreadable", sentence, '{"330105": "拱墅区"}')
    if reader.faults or occurred is None:
        raise Invalid(reader.faults)
    body = RegionReorganised(str(kind), listed["from"], listed["to"], str(effective_on), names or None)
    return body, occurred


def _regions(reader: Reader, value: object, pointer: str) -> list[str]:
    if isinstance(value, list) and 0 < len(value) <= _MOST_CODES:
        faulty = [index for index, one in enumerate(value) if not isinstance(one, str) or not _REGION.match(one)]
        for index in faulty:
            sentence = Sentence("不是区划代码", "This is not a region code.")
            reader.fault(f"{pointer}/{index}", "unknown_region", sentence, "6 digits of GB/T 2260")
        return [] if faulty else list(value)
    sentence = Sentence("应为区划代码列表", "This is a list of region codes.")
    reader.fault(pointer, "missing" if value is None else "unreadable", sentence, '["330103"]')
    return []


def read_code_list(reader: Reader, payload: dict[str, Any]) -> tuple[CodeListAdopted, Occurred]:
    """Read a version of a code list; raises Invalid with every fault."""
    read_only(reader, payload, ("code_list", "effective_on", "codes", "names", "source", "occurred_at", "organisation"))
    occurred = reader.occurred(payload.get("occurred_at", reader.today.isoformat()))
    name = payload.get("code_list")
    if name not in LISTS:
        reader.fault("/code_list", "not_in_list" if name else "missing", NOT_IN_LIST, sorted(LISTS))
    effective_on = read_day(reader, payload.get("effective_on"), "/effective_on")
    values = payload.get("codes")
    if not isinstance(values, list) or not 0 < len(values) <= _MOST_CODES:
        reader.fault("/codes", "missing" if values is None else "unreadable", MISSING, '["WORK", "OTHER"]')
        values = []
    for index, value in enumerate(values):
        if not isinstance(value, str) or not _CODE.match(value) or value in values[:index]:
            sentence = Sentence("应为大写代码，各不相同", "Codes are in capitals, each once.")
            reader.fault(f"/codes/{index}", "unreadable", sentence, "A-Z, 0-9 and _, 2 to 40")
    names = payload.get("names") or {}
    if not isinstance(names, dict) or not all(
        isinstance(said, str) and 0 < len(said.strip()) <= _NAME_LENGTH and code in values
        for code, said in names.items()
    ):
        sentence = Sentence("应为各代码的名称", "These are names of the codes.")
        reader.fault("/names", "unreadable", sentence, '{"WORK": "务工"}')
    source = read_text(reader, payload, "source", _NAME_LENGTH) if payload.get("source") is not None else None
    if reader.faults or occurred is None:
        raise Invalid(reader.faults)
    return CodeListAdopted(str(name), str(effective_on), list(values), names or None, source), occurred
