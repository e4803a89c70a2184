"""What will be told late of a member whose whole stream is at hand, and the fold as it stood just before it.

A late fact, a correction or a void changes what follows it in the order of the fold, never what goes before. Whoever
replays a stream knows beforehand where that will be, keeps the state there, and folds on from it, not from its start.
"""

from __future__ import annotations

from contextlib import suppress
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from domain.fact import place_in_time, sort_key
from domain.member import events as e
from domain.times import parse_occurred

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain.fact import Fact
    from domain.member.state import State

Key = tuple[int, int, int]
Row = tuple[tuple[Any, ...], int]
"""What a row that stands says, and since when."""

_ABOUT: Final = (e.EventCorrected, e.EventVoided)
_BEFORE_ALL: Final = (-(1 << 63), 0, 0)


class Kept(NamedTuple):
    """A fold after its first `told` facts: the state, its own, and the rows that stand; whatever follows is later."""

    told: int
    state: State
    last_key: Key
    readers: str
    roster: Row
    clock: Row
    duties: dict[str, Row]
    legs: dict[tuple[str, int], Row]

    @property
    def from_us(self) -> int:
        """The first instant that lies after all of its facts."""
        return self.last_key[0] + 1

    def ends_before(self, ordered: Sequence[Fact]) -> bool:
        """Whether the fact that follows in this order, if any, happened later than its last."""
        return len(ordered) <= self.told or ordered[self.told].when >= self.from_us


class Ahead:
    """Where the fold of a stream will be entered again, by whom, and what was kept for it."""

    __slots__ = ("_instants", "kept", "order")

    def __init__(self) -> None:
        """Begin without foresight: nothing is kept."""
        self._instants: list[tuple[int, int]] = []
        self.kept: list[Kept] = []
        self.order: list[Fact] | None = None

    def foresee(self, facts: Sequence[Fact]) -> None:
        """Look through a stream that is about to be folded, in recorded order."""
        self._instants = _entered_again(facts)
        self.order = [] if self._instants else None

    def restart(self) -> None:
        """Let go of what was kept, which was folded with another reference; what is ahead still is."""
        self.kept, self.order = [], None

    def forget(self) -> None:
        """Let go of everything."""
        self._instants, self.kept, self.order = [], [], None

    def folded(self, ordered: list[Fact]) -> None:
        """Take note of the order in which the facts were folded last, as long as anything is ahead."""
        if self._instants:
            self.order = ordered
        else:
            self.forget()

    def after(self, position: int) -> Ahead:
        """Return what is still ahead after a position, with nothing kept."""
        rest = Ahead()
        rest._instants = [one for one in self._instants if one[0] > position]
        return rest

    def is_between(self, last_us: int, next_us: int, position: int) -> bool:
        """Whether what is told after a position goes after `last_us`, and before or at `next_us`."""
        for told, when in self._instants:  # noqa: SIM110 - asked before every fact of a stream that has any
            if last_us < when <= next_us and told > position:
                return True
        return False

    def nearest(self, ordered: list[Fact]) -> Kept | None:
        """Take out the last fold kept that this order begins with; those that no longer fit are let go."""
        order = self.order
        if order is None:
            return None
        same = sum(1 for _ in takewhile(lambda pair: pair[0] is pair[1] or pair[0] == pair[1], zip(order, ordered)))  # noqa: B905 - one of them is longer
        self.kept = [
            one for one in self.kept if one.told <= same and one.ends_before(order) and one.ends_before(ordered)
        ]
        return self.kept.pop() if self.kept else None


def _entered_again(facts: Sequence[Fact]) -> list[tuple[int, int]]:
    """Return the position at which each late fact, correction and void is told, and the instant that it is about."""
    found: list[tuple[int, int]] = []
    latest: Key = _BEFORE_ALL
    about: list[Fact] = []
    for fact in facts:
        if isinstance(fact.body, _ABOUT):
            about.append(fact)
        elif (key := sort_key(fact)) < latest:
            found.append((fact.position, fact.when))
        else:
            latest = key
    if about:
        by_id = {fact.event_id: fact for fact in facts}
        for fact in about:
            target = fact
            while isinstance(target.body, _ABOUT) and target.body.event_id in by_id:
                target = by_id[target.body.event_id]
            found.append((fact.position, min(target.when, _moved_to(fact, target))))
    return found


def _moved_to(fact: Fact, target: Fact) -> int:
    """Return where a correction puts what it corrects; what cannot be read is refused when it is folded."""
    changes = fact.body.changes if isinstance(fact.body, e.EventCorrected) else {}
    with suppress(ValueError, TypeError, AttributeError):
        if "occurred_at" in changes:
            return place_in_time(parse_occurred(changes["occurred_at"]), type(target.body))
    return target.when
