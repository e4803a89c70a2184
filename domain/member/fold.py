"""The one fold: from a ledger of facts to the member's state, as true at any moment, as known at any position.

Pure. What was voided is dropped, what was corrected is replaced, the rest is put in the order in which it happened and
moved through `evolve`. The order is total, and the order of recording the same facts never matters.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from domain.fact import Body, Fact, body_data, body_from, place_in_time, sort_key
from domain.member import events as e
from domain.member.evolve import live
from domain.member.introduction import MemberIntroduced
from domain.member.merging.events import RecordsMerged, RecordsUnmerged
from domain.member.state import State
from domain.times import BEGINNING_US, parse_occurred

if TYPE_CHECKING:
    from domain.reference import Reference

HEAD: Final = 1 << 63
"""A position, or an instant, later than any."""

CORRECTABLE_ENVELOPE: Final = ("occurred_at", "organisation")
_META: Final = (e.EventCorrected, e.EventVoided)
_REWRITES: Final = frozenset({*_META, RecordsMerged, RecordsUnmerged})
SAYING_WHOSE: Final = (e.MemberRegistered, MemberIntroduced)


class Counting(NamedTuple):
    """The facts that count, corrected, in the order of the fold; of the others which fact voided or set each aside.

    `changes`: of what is corrected the changes, of one field the last, and the last correction.
    """

    facts: list[Fact]
    voided: dict[str, Fact]
    dropped: dict[str, Fact]
    changes: dict[str, tuple[dict[str, Any], Fact]]


def effective(facts: Iterable[Fact], known_position: int = HEAD) -> list[Fact]:
    """Return the facts that count, corrected, in the order of the fold, as known at a position."""
    return counting([fact for fact in facts if fact.position <= known_position]).facts


def counting(known: list[Fact]) -> Counting:
    """Return what counts of facts in any order, and what became of the others."""
    rewriting = [fact for fact in known if type(fact.body) in _REWRITES]
    if not rewriting:
        return Counting(sorted(known, key=sort_key), {}, {}, {})
    voided = voided_ids(rewriting)
    dropped = {**aside_ids(rewriting), **voided}
    changes = corrections(rewriting, dropped)
    facts = [
        corrected(fact, *changes[fact.event_id]) if fact.event_id in changes else fact
        for fact in known
        if fact.event_id not in dropped
    ]
    facts.sort(key=sort_key)
    _note_what_stirred(facts, known, rewriting)
    return Counting(facts, voided, dropped, changes)


def _note_what_stirred(counting: list[Fact], known: list[Fact], rewriting: list[Fact]) -> None:
    """Mark from when on it could be known what follows the place of a fact that was voided, corrected or merged.

    What no longer fits because of it is to be looked at from then on, not since it happened.
    """
    by_id = {fact.event_id: fact for fact in known}
    for fact in rewriting:
        if isinstance(fact.body, RecordsMerged):
            for target in _what_merging_stirred(fact.body, known):
                _stir(counting, target, fact)
            continue
        about: Fact | None = fact
        while about is not None and isinstance(about.body, _META):
            about = by_id.get(about.body.event_id)
        if about is not None and about is not fact:
            _stir(counting, about, fact)


def _what_merging_stirred(merge: RecordsMerged, known: list[Fact]) -> list[Fact]:
    """Return the facts that a standing merge brought or set aside; none of one that was undone."""
    if merge.merge_id in _undone(known):
        return []
    aside = merge.set_aside or ()
    return [fact for fact in known if str(fact.stream) == merge.absorbed or fact.event_id in aside]


def _stir(counting: list[Fact], target: Fact, by: Fact) -> None:
    index = bisect_left(counting, sort_key(target), key=sort_key)
    if index < len(counting) and counting[index].recorded_us < by.recorded_us:
        counting[index] = replace(counting[index], recorded_us=by.recorded_us)


def voided_ids(known: list[Fact]) -> dict[str, Fact]:
    """Return what is voided, by which fact; a void that was voided itself no longer counts."""
    voided: dict[str, Fact] = {}
    for fact in sorted((one for one in known if isinstance(one.body, e.EventVoided)), key=_position, reverse=True):
        if fact.event_id not in voided and isinstance(fact.body, e.EventVoided):
            voided[fact.body.event_id] = fact
    return voided


def aside_ids(known: list[Fact]) -> dict[str, Fact]:
    """Return what merges set aside, by which fact; a merge that was undone no longer sets anything aside."""
    undone = _undone(known)
    return {
        event_id: fact
        for fact in known
        if isinstance(fact.body, RecordsMerged) and fact.body.merge_id not in undone
        for event_id in fact.body.set_aside or ()
    }


def _undone(known: list[Fact]) -> set[str]:
    return {fact.body.merge_id for fact in known if isinstance(fact.body, RecordsUnmerged)}


def corrections(known: list[Fact], voided: dict[str, Fact]) -> dict[str, tuple[dict[str, Any], Fact]]:
    """Return, by the event corrected, its changes (of one field the last counts) and the last correction."""
    targets = {fact.event_id: fact.body.event_id for fact in known if isinstance(fact.body, e.EventCorrected)}
    found: dict[str, tuple[dict[str, Any], Fact]] = {}
    for fact in sorted((one for one in known if one.event_id in targets), key=_position):
        if fact.event_id in voided or not isinstance(fact.body, e.EventCorrected):
            continue
        target = fact.body.event_id
        while target in targets:
            target = targets[target]
        earlier = found[target][0] if target in found else {}
        found[target] = ({**earlier, **fact.body.changes}, fact)
    return found


def _position(fact: Fact) -> int:
    return fact.position


def corrected(fact: Fact, changes: dict[str, Any], by: Fact) -> Fact:
    """Return a fact as its correction has it; it keeps its id and its position."""
    own = {name: value for name, value in changes.items() if name not in CORRECTABLE_ENVELOPE}
    body = body_from(fact.body.fact, {**body_data(fact.body), **own}) if own else fact.body
    occurred_at, precision, when = fact.occurred_at, fact.precision, fact.when
    if "occurred_at" in changes:
        occurred = parse_occurred(changes["occurred_at"])
        occurred_at, precision = occurred.text, occurred.precision
        when = place_in_time(occurred, type(body))
    if (since_us := affiliated_from(body)) is not None:
        when = since_us
    return replace(
        fact,
        body=body,
        occurred_at=occurred_at,
        precision=precision,
        when=when,
        organisation=changes.get("organisation", fact.organisation),
        recorded_us=max(fact.recorded_us, by.recorded_us),
    )


def affiliated_from(body: Body) -> int | None:
    """Return where a fact stands that says whose member somebody is; None for one that does not."""
    if isinstance(body, SAYING_WHOSE) and body.affiliation is not None:
        return registered_when(body)
    return None


def registered_when(body: e.MemberRegistered | MemberIntroduced) -> int:
    """A member is affiliated since the day stated; absent, as far back as anybody asks."""
    if body.affiliated_since is None:
        return BEGINNING_US
    return place_in_time(parse_occurred(body.affiliated_since), type(body))


def fold(facts: Iterable[Fact], reference: Reference, *, as_of_us: int = HEAD, known_position: int = HEAD) -> State:
    """Return the state as true at an instant (microseconds since 1970 UTC), as known at a position."""
    state = State()
    for _ in live(state, effective(facts, known_position), reference, until_us=as_of_us):
        pass
    return state


def steps(
    facts: Iterable[Fact], reference: Reference, *, as_of_us: int = HEAD, known_position: int = HEAD
) -> Iterator[tuple[Fact, State, list[str]]]:
    """Yield each counting fact with the state after it and its flags. The state is one object that moves on.

    An organisation's dissolution is among them when the member's state named it.
    """
    state = State()
    for fact, flags in live(state, effective(facts, known_position), reference, until_us=as_of_us):
        yield fact, state, flags


def comes_last(ordered: list[Fact], fact: Fact) -> bool:
    """Whether a fact, not yet recorded, stands after all of `ordered`, so that the fold can simply go on."""
    return not ordered or sort_key(ordered[-1]) <= sort_key(fact)


def before(ordered: list[Fact], when: int) -> int:
    """Return how many of `ordered` stand at or before an instant."""
    return bisect_right(ordered, when, key=lambda fact: fact.when)
