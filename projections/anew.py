"""A member's facts folded again, because one was told late, corrected or voided; and what that changes in the rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID

from domain.fact import sort_key
from domain.member.copied import copied
from domain.member.evolve import apply, live
from domain.member.fold import HEAD, effective
from domain.member.merging.belonging import belonging
from projections.ahead import Kept
from projections.segment import CLOCK, DUTY, FOREVER, LEG, ROSTER, TALLY

if TYPE_CHECKING:
    from domain.fact import Fact
    from domain.reference import Reference
    from projections.segment import Ident, Segment
    from projections.trace import Trace

_ALWAYS: Final = -(1 << 63)


def fold_anew(trace: Trace, facts: list[Fact], reference: Reference, position: int) -> None:
    """Fold these facts, known from `position` on, and reconcile the rows of the trace with what comes of it.

    Only what follows the nearest fold kept before is folded. Raises what the fold raises; the trace is then as before.
    """
    if trace.linked:
        facts = belonging(UUID(trace.member), [*facts, *trace.linked], position)
    ordered = effective(facts)
    fresh = trace.apart()
    fresh.ahead = trace.ahead.after(position)
    if reference.organisations.gone:
        fresh.ahead.forget()
        for fact, _ in live(fresh.state, ordered, reference, until_us=HEAD):
            fresh.last_key = sort_key(fact)
            fresh.observe(fact, reference, position)
        _reconcile(trace, fresh, position, _ALWAYS)
        return
    kept = trace.ahead.nearest(ordered)
    if kept is not None:
        _resume(fresh, kept, position)
        fresh.ahead.kept = trace.ahead.kept
    for count in range(kept.told if kept is not None else 0, len(ordered)):
        fact = ordered[count]
        keep_before(fresh, fact, count, position)
        apply(fresh.state, fact, reference)
        fresh.last_key = sort_key(fact)
        fresh.observe(fact, reference, position)
    fresh.ahead.folded(ordered)
    _reconcile(trace, fresh, position, kept.from_us if kept is not None else _ALWAYS)


def keep_before(trace: Trace, fact: Fact, count: int, position: int) -> None:
    """Keep the fold of the first `count` facts, before it goes on with the next, if it will be entered again here."""
    last_us, roster, clock = trace.last_key[0], trace.roster, trace.clock
    if roster is None or clock is None or not trace.ahead.is_between(last_us, fact.when, position):
        return
    trace.state.ended_duties.clear()
    kept = Kept(
        count,
        copied(trace.state),
        trace.last_key,
        trace.readers,
        (roster.values, roster.valid_from),
        (clock.values, clock.valid_from),
        {key: (row.values, row.valid_from) for key, (_, row) in trace.duties.items()},
        {ident: (row.values, row.valid_from) for ident, row in trace.legs.items()},
    )
    trace.ahead.kept.append(kept)


def _resume(fresh: Trace, kept: Kept, position: int) -> None:
    fresh.state, fresh.last_key, fresh.readers = kept.state, kept.last_key, kept.readers
    fresh.roster = fresh.begin(ROSTER, None, *kept.roster, position)
    fresh.clock = fresh.begin(CLOCK, None, *kept.clock, position)
    for key, row in kept.duties.items():
        fresh.duties[key] = (kept.state.duties[key], fresh.begin(DUTY, key, *row, position))
    for ident, row in kept.legs.items():
        fresh.legs[ident] = fresh.begin(LEG, ident, *row, position)


def _reconcile(trace: Trace, fresh: Trace, position: int, from_us: int) -> None:
    """Take over a fold made anew: keep rows that it has too, retire those that it has not, begin those it adds.

    What had ended before `from_us` was not folded again, and stays.
    """
    standing: dict[tuple[int, Ident, int], Segment] = {}
    live: list[tuple[int, Ident, Segment]] = []
    for track, ident, row in trace.live or ():
        if row.known_to != FOREVER or row.valid_to <= row.valid_from:
            continue
        if row.valid_to < from_us or (track == TALLY and row.valid_from < from_us):
            live.append((track, ident, row))
        else:
            standing[track, ident, row.valid_from] = row
    for track, ident, row in fresh.live or ():
        if row.known_to != FOREVER or row.valid_to <= row.valid_from:
            continue
        kept = standing.get((track, ident, row.valid_from))
        if kept is not None and kept.values == row.values and kept.valid_to in (row.valid_to, FOREVER):
            if kept.valid_to != row.valid_to:
                trace.end(track, ident, kept, row.valid_to, position)
            del standing[track, ident, row.valid_from]
            live.append((track, ident, kept))
        else:
            live.append((track, ident, row))
            row.is_listed = False
            if row.valid_to != FOREVER or track == TALLY:
                trace.enlist(track, ident, row)
    for (track, ident, _), row in standing.items():
        trace.retire(track, ident, row, position)
    trace.live, trace.ahead = live, fresh.ahead
    trace.state, trace.last_key, trace.readers = fresh.state, fresh.last_key, fresh.readers
    _point_at_open_rows(trace, fresh)


def _point_at_open_rows(trace: Trace, fresh: Trace) -> None:
    trace.roster = trace.clock = None
    trace.duties, trace.legs = {}, {}
    for track, ident, row in trace.live or ():
        if row.valid_to != FOREVER:
            continue
        if track == ROSTER:
            trace.roster = row
        elif track == CLOCK:
            trace.clock = row
        elif track == DUTY:
            trace.duties[ident] = (fresh.duties[ident][0], row)
        elif track == LEG:
            trace.legs[ident] = row
