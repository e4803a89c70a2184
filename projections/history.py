"""A member's history: every fact in the order of the fold, what was corrected by what, flags, and the state after each.

Pure: made from the facts of the stream, not from a table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from domain.fact import Fact, body_data, sort_key
from domain.member import succession
from domain.member.evolve import apply
from domain.member.fold import HEAD, aside_ids, corrected, corrections, effective, voided_ids
from domain.member.state import State
from domain.member.views import member_state
from domain.times import rfc3339_utc

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from domain.reference import Reference
    from domain.regions.table import RegionTable

_EARLIEST_US: Final = -62_000_000_000_000_000
"""Early in the year 5: local days cannot be told of the beginning of all."""


def replay(
    facts: list[Fact],
    reference: Reference,
    *,
    as_of_us: int = HEAD,
    known_position: int = HEAD,
    member: UUID | None = None,
) -> list[dict[str, Any]]:
    """Return the history items of INTERFACE.md up to an instant (microseconds since 1970 UTC), as known at a position.

    A corrected fact stands where and as its correction has it, with what was first recorded under `as_recorded`; a
    voided one stands where it stood, and moves the state no more; so does one that a merge has set aside. Where an
    organisation that had to do with the member was dissolved, that is an item of its own, by the event on the
    organisation's stream. `member` is whose history it is, where facts of another stream are among them.
    """
    known = sorted((fact for fact in facts if fact.position <= known_position), key=lambda fact: fact.position)
    voided, aside = voided_ids(known), aside_ids(known)
    dropped = {**aside, **voided}
    changes = corrections(known, dropped)
    first = {fact.event_id: fact for fact in known}
    member_id = str(member or known[0].stream) if known else ""
    void = [
        corrected(fact, *changes[fact.event_id]) if fact.event_id in changes else fact
        for fact in known
        if fact.event_id in dropped
    ]
    state = State()
    version = 0
    items: list[dict[str, Any]] = []
    for fact in sorted([*effective(known), *void], key=sort_key):
        if fact.when > as_of_us:
            break
        items.extend(_ends(state, reference, fact.when, (member_id, version)))
        version = max(version, fact.version) if str(fact.stream) == member_id else version
        is_dropped = fact.event_id in dropped
        flags = [] if is_dropped else apply(state, fact, reference)
        item = _item(fact, flags)
        item["recorded_at"] = rfc3339_utc(first[fact.event_id].recorded_us)
        if is_dropped:
            kind = "voided" if fact.event_id in voided else "set_aside"
            item["correction"] = {"by": dropped[fact.event_id].event_id, "kind": kind}
        elif fact.event_id in changes:
            recorded = first[fact.event_id]
            item["correction"] = {"by": changes[fact.event_id][1].event_id, "kind": "corrected"}
            item["as_recorded"] = {
                "occurred_at": recorded.occurred_at,
                "occurred_precision": recorded.precision,
                "organisation": recorded.organisation,
                "data": body_data(recorded.body),
            }
        items.append(_with_state(item, state, reference, (member_id, version, fact.when)))
    items.extend(_ends(state, reference, as_of_us, (member_id, version)))
    return items


def _ends(state: State, reference: Reference, until_us: int, whose: tuple[str, int]) -> Iterator[dict[str, Any]]:
    """Let the dissolutions up to an instant happen to a member, an item each."""
    for ended in succession.upto(state, reference, until_us):
        yield _with_state(_item(ended, []), state, reference, (*whose, ended.when))


def _with_state(item: dict[str, Any], state: State, reference: Reference, at: tuple[str, int, int]) -> dict[str, Any]:
    """Add what became of the places that an item names, and the state after it: whose, which version, which instant."""
    member_id, version, when = at
    item["places"] = _ended_places(item["data"], reference.regions)
    item["state"] = member_state(
        state, reference, member_id=member_id, version=version, as_of_us=max(when, _EARLIEST_US)
    )
    return item


def _item(fact: Fact, flags: list[str]) -> dict[str, Any]:
    return {
        "event_id": fact.event_id,
        "type": fact.fact,
        "version": fact.version,
        "position": fact.position,
        "occurred_at": fact.occurred_at,
        "occurred_precision": fact.precision,
        "recorded_at": rfc3339_utc(fact.recorded_us),
        "actor": fact.actor,
        "channel": fact.via,
        "organisation": fact.organisation,
        "stream": str(fact.stream),
        "data": body_data(fact.body),
        "correction": None,
        "flags": flags,
    }


def _ended_places(data: dict[str, Any], regions: RegionTable) -> list[dict[str, Any]]:
    """Return the places named that are no more: what they were called, until when, what they became."""
    named = [data.get("region"), (data.get("destination") or {}).get("region")]
    found = []
    for code in dict.fromkeys(one for one in named if one is not None):
        spans = regions.history(code)
        if spans and (until := spans[-1].valid_to) is not None:
            became = [(one, regions.get(one, until)) for one in spans[-1].successors]
            successors = [{"code": one, "name": region.name if region is not None else ""} for one, region in became]
            found.append({"code": code, "name": spans[-1].name, "until": until.isoformat(), "successors": successors})
    return found
