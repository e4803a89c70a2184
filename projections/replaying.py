"""A member's trace made from the stream, fact by fact with what was known of the reference at each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from projections.trace import Trace

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from domain.fact import Fact
    from projections.reference_history import ReferenceHistory


class Broken(Exception):
    """The fold raised at `position`; `trace` is the member's as it was before."""

    def __init__(self, trace: Trace, position: int) -> None:
        super().__init__(f"fold broke at position {position}")
        self.trace = trace
        self.position = position


def replay(
    member: UUID,
    facts: list[Fact],
    history: ReferenceHistory,
    upto: int,
    linked: Sequence[Fact] = (),
    coming: Sequence[Fact] = (),
) -> Trace:
    """Return a member's trace as it was after position `upto`, ledger at hand.

    `linked` are the facts of the streams that merges tie to the member's own; `coming` those that the trace will take
    next, for which it keeps itself ready.

    Each fact was folded with the reference known at its position, and a reference fact that could touch the member
    folded it anew. Raises Broken from whatever the fold raises.
    """
    trace = Trace(member, linked)
    if not linked:
        trace.ahead.foresee([*facts, *coming])
    turns = history.turns(facts, upto, linked)
    position = 0
    try:
        reference = history.at(turns[0] - 1 if turns else upto)
        for fact in facts:
            if fact.position > upto:
                break
            if turns and turns[0] < fact.position:
                while turns and turns[0] < fact.position:
                    position = turns.pop(0)
                    trace.fold_anew(history.at(position), position)
                reference = history.at(turns[0] - 1 if turns else upto)
            position = fact.position
            trace.take(fact, reference)
        for position in turns:
            trace.fold_anew(history.at(position), position)
    except Exception as error:
        raise Broken(trace, position) from error
    return trace
