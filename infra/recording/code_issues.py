"""Check-in codes for a collective day 集中报到日: one for each of thousands of venues, issued in one go.

They are saved in chunks, each under a key of its own that is made from the caller's: sent again with the same key, what
was issued is answered as before and the rest is issued.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from domain.errors import Fault, Invalid, Sentence
from domain.member.reading import Reader
from domain.venue import Venue, venue_of
from infra.event_store.refusals import VersionConflict
from infra.event_store.save import Save, Saved
from infra.recording.code_answers import code_answer
from infra.recording.drafts import Caller, drafted, stamp
from infra.recording.errors import TooContended
from infra.recording.mapper import FactMapper, facts_of
from infra.recording.procedures import Append, Procedure
from infra.recording.receipts import Receipt

if TYPE_CHECKING:
    from domain.fact import Fact
    from infra.check_in_codes.signed_text import CodeSigner
    from infra.event_store.save import Idempotency
    from infra.recording.desk import Desk
    from infra.recording.keys import Key
    from infra.recording.known_venues import KnownVenues
    from infra.recording.venues import VenueDesk

MayIssue = Callable[[Venue], bool]
"""Whether the caller may issue codes of a venue."""

MOST_VENUES: Final = 5_000
_CHUNK: Final = 500
_TRIES: Final = 20
NO_VENUE: Final = Sentence("没有这个报到点", "There is no such venue.")
_ID: Final = Sentence("不是报到点的编号", "This is not the id of a venue.")
_TWICE: Final = Sentence("同一报到点出现两次", "This venue is named twice.")


class CodeIssues:
    """Issues codes for many venues; uses the desk's log, keys and clock, and reads a code as one venue's is read."""

    def __init__(self, desk: Desk, venues: VenueDesk, signer: CodeSigner, known: KnownVenues) -> None:
        """Share one desk a process."""
        self._desk = desk
        self._venues = venues
        self._signer = signer
        self._known = known
        self._mapper = FactMapper()

    def issuing(
        self, payload: dict[str, Any], caller: Caller, *, may_issue: MayIssue, key: Key
    ) -> Procedure[list[Receipt]]:
        """Issue a code for each venue named, one receipt a chunk; `extra` of each tells the codes under `items`.

        Raises Invalid, naming each venue of which the caller may issue none like one that does not exist.
        """
        kiteline = self._desk.kiteline
        wanted = read_venues(payload, Reader(kiteline.reference(), self._desk.now_us()))
        own = {name: value for name, value in payload.items() if name != "venues"}
        yield partial(self._must_all_be_the_callers, wanted, may_issue)
        receipts = []
        for start in range(0, len(wanted), _CHUNK):
            row = self._desk.keys.hashed(key._replace(key=f"{key.key} {start}"))
            chunk = partial(self._attempts, wanted[start : start + _CHUNK], own, caller, row)
            receipt = yield from self._desk.keys.once(row, chunk)
            receipt.extra = {"items": [self._told(fact) for fact in receipt.events]}
            receipts.append(receipt)
        return receipts

    def _told(self, fact: Fact) -> dict[str, Any]:
        return {"venue_id": str(fact.stream), **code_answer(self._signer, fact)}

    def _must_all_be_the_callers(self, wanted: list[UUID], may_issue: MayIssue) -> None:
        venues = self._read(wanted)
        faults = [
            Fault(f"/venues/{index}", "unknown_venue", NO_VENUE)
            for index, venue_id in enumerate(wanted)
            if (venue := venues[venue_id]) is None or not may_issue(venue)
        ]
        if faults:
            raise Invalid(faults)

    def _read(self, wanted: list[UUID]) -> dict[UUID, Venue | None]:
        rows = self._desk.kiteline.log.read_streams(wanted)
        return {venue_id: venue_of(facts_of(rows[venue_id])) for venue_id in wanted}

    def _attempts(
        self, wanted: list[UUID], own: dict[str, Any], caller: Caller, row: Idempotency
    ) -> Procedure[Receipt]:
        log = self._desk.kiteline.log
        for _ in range(_TRIES):
            facts: list[Fact] = yield partial(self._drafted, wanted, own, caller)
            try:
                saved: Saved = yield Append(log, Save([self._mapper.to_stored_event(fact) for fact in facts], row))
            except VersionConflict:
                continue
            stamp(facts, saved)
            for fact in facts:
                self._known.forget(fact.stream)
            return Receipt(201, facts[-1].stream, None, facts[-1].version, facts[-1].position, facts)
        raise TooContended

    def _drafted(self, wanted: list[UUID], own: dict[str, Any], caller: Caller) -> list[Fact]:
        reference, now_us = self._desk.kiteline.reference(), self._desk.now_us()
        facts = []
        for venue_id, venue in self._read(wanted).items():
            if venue is None:
                raise Invalid([Fault("/venues", "unknown_venue", NO_VENUE)])
            body, occurred, organisation = self._venues.read_issue(own, caller, Reader(reference, now_us), venue)
            facts.append(drafted(venue_id, venue.version + 1, body, occurred, organisation, caller))
        return facts


def read_venues(payload: dict[str, Any], reader: Reader) -> list[UUID]:
    """Read which venues are meant, each once; raises Invalid with every fault."""
    listed = payload.get("venues")
    if not isinstance(listed, list) or not 1 <= len(listed) <= MOST_VENUES:
        sentence = Sentence("应为报到点编号的列表", "This is a list of venues' ids.")
        code = "missing" if listed is None else "unreadable"
        raise Invalid([Fault("/venues", code, sentence, f"1 … {MOST_VENUES} ids")])
    found: dict[UUID, None] = {}
    for index, one in enumerate(listed):
        try:
            venue_id = UUID(one) if isinstance(one, str) else None
        except ValueError:
            venue_id = None
        if venue_id is None or venue_id in found:
            reader.fault(f"/venues/{index}", "unreadable", _ID if venue_id is None else _TWICE, "a venue's id, once")
        else:
            found[venue_id] = None
    if reader.faults:
        raise Invalid(reader.faults)
    return list(found)
