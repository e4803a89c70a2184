"""A member's history: every fact in the order of the fold, what was corrected by what, flags, and the state after each.

Pure: made from the facts of the stream, not from a table.
"""

from __future__ import annotations

from bisect import insort
from itertools import islice
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from domain.fact import Fact, body_data, sort_key
from domain.member import succession
from domain.member.evolve import apply
from domain.member.fold import HEAD, corrected, counting
from domain.member.kept_views import KeptViews
from domain.member.state import State
from domain.times import rfc3339_utc

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from domain.reference import Reference
    from domain.regions.table import RegionTable

_position: Final = attrgetter("position")
_EARLIEST_US: Final = -62_000_000_000_000_000
"""Early in the year 5: local days cannot be told of the beginning of all."""


def replay(
    facts: list[Fact],
    reference: Reference,
    *,
    as_of_us: int = HEAD,
    known_position: int = HEAD,
    member: UUID | None = None,
    first: int = 0,
    most: int | None = None,
) -> list[dict[str, Any]]:
    """Return the history items of INTERFACE.md up to an instant (microseconds since 1970 UTC), as known at a position.

    A corrected fact stands where and as its correction has it, with what was first recorded under `as_recorded`; a
    voided one stands where it stood, and moves the state no more; so does one that a merge has set aside. Where an
    organisation that had to do with the member was dissolved, that is an item of its own, by the event on the
    organisation's stream. `member` is whose history it is, where facts of another stream are among them. Only `most`
    items from the `first` on are told, counted from 0; the others cost what folding them costs.
    """
    known = [fact for fact in facts if fact.position <= known_position]
    known.sort(key=_position)
    told = _Replay(known, reference, member or (known[0].stream if known else None), as_of_us)
    return list(islice(told.items(first), most))


def length(facts: list[Fact], reference: Reference, *, as_of_us: int, member: UUID) -> int:
    """Return how many items a history has; telling it costs the fold, and none of the states."""
    known = sorted(facts, key=_position)
    return _Replay(known, reference, member, as_of_us).length()


class _Replay:
    """One walk through a ledger."""

    def __init__(self, known: list[Fact], reference: Reference, member: UUID | None, as_of_us: int) -> None:
        self._known = known
        self._reference = reference
        self._own = None if member is None else member.int  # comparing ids as numbers takes a fifth of the time
        self._member_id = str(member)
        self._as_of_us = as_of_us
        self._state = State()
        self._version = 0
        self._kept = KeptViews(self._member_id)
        self._told: dict[str, Any] | None = None
        self._counting = counting(known)
        # What stirred a fact's place counts as its recording to the fold; here it is told as it was recorded.
        self._recorded = {fact.event_id: fact for fact in known}

    def items(self, first: int) -> Iterator[dict[str, Any]]:
        """Yield the items from the `first` on."""
        for number, (fact, flags) in enumerate(self._happened()):
            if number >= first:
                yield self._item(fact, flags)

    def length(self) -> int:
        """Count the items."""
        return sum(1 for _ in self._happened())

    def _happened(self) -> Iterator[tuple[Fact, list[str]]]:
        """Move the state through everything in the order in which it happened; what was dropped moves nothing."""
        state, reference, dropped = self._state, self._reference, self._counting.dropped
        dissolves = bool(reference.organisations.gone)
        for fact in self._in_order():
            if fact.when > self._as_of_us:
                break
            if dissolves:
                for ended in succession.upto(state, reference, fact.when):
                    yield ended, []
            if fact.version > self._version and fact.stream.int == self._own:
                self._version = fact.version
            yield fact, [] if fact.event_id in dropped else apply(state, fact, reference)
        if dissolves:
            for ended in succession.upto(state, reference, self._as_of_us):
                yield ended, []

    def _in_order(self) -> list[Fact]:
        facts, _, dropped, changes = self._counting
        if not dropped:
            return facts
        others = [
            corrected(fact, *changes[fact.event_id]) if fact.event_id in changes else fact
            for fact in self._known
            if fact.event_id in dropped
        ]
        found = facts.copy()
        for fact in others:
            insort(found, fact, key=sort_key)
        return found

    def _item(self, fact: Fact, flags: list[str]) -> dict[str, Any]:
        event_id, body, counting = fact.event_id, fact.body, self._counting
        recorded = self._recorded.get(event_id, fact)
        data = body_data(body)
        item = {
            "event_id": event_id,
            "type": body.fact,
            "version": fact.version,
            "position": fact.position,
            "occurred_at": fact.occurred_at,
            "occurred_precision": fact.precision,
            "recorded_at": rfc3339_utc(recorded.recorded_us),
            "actor": fact.actor,
            "channel": fact.via,
            "organisation": fact.organisation,
            "stream": self._member_id if fact.stream.int == self._own else str(fact.stream),
            "data": data,
            "correction": None,
            "flags": flags,
        }
        if event_id in counting.dropped:
            kind = "voided" if event_id in counting.voided else "set_aside"
            item["correction"] = {"by": counting.dropped[event_id].event_id, "kind": kind}
        elif event_id in counting.changes:
            item["correction"] = {"by": counting.changes[event_id][1].event_id, "kind": "corrected"}
            item["as_recorded"] = as_it_stood(recorded)
        names_places = "destination" in data or "region" in data
        item["places"] = _ended_places(data, self._reference.regions) if names_places else []
        self._told = item["state"] = self._kept.state_after(
            type(body),
            self._told,
            self._state,
            self._reference,
            version=self._version,
            as_of_us=max(fact.when, _EARLIEST_US),
        )
        return item


def as_it_stood(fact: Fact) -> dict[str, Any]:
    """Return what a fact says that a correction may change."""
    return {
        "occurred_at": fact.occurred_at,
        "occurred_precision": fact.precision,
        "organisation": fact.organisation,
        "data": body_data(fact.body),
    }


def _ended_places(data: dict[str, Any], regions: RegionTable) -> list[dict[str, Any]]:
    """Return the places named that are no more: what they were called, until when, what they became."""
    destination = data.get("destination")
    named = [data.get("region"), (destination or {}).get("region")]
    found = []
    for code in dict.fromkeys(one for one in named if one is not None):
        spans = regions.history(code)
        if spans and (until := spans[-1].valid_to) is not None:
            became = [(one, regions.get(one, until)) for one in spans[-1].successors]
            successors = [{"code": one, "name": region.name if region is not None else ""} for one, region in became]
            found.append({"code": code, "name": spans[-1].name, "until": until.isoformat(), "successors": successors})
    return found
