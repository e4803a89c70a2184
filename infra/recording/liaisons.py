"""The ceiling of members a liaison: counted on what the read models hold and on what this process recorded since.

Exact within a process. Processes that record at the same moment may pass it together by as many as came at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Final
from uuid import UUID

from domain.errors import Refused, Sentence
from domain.member.events import LiaisonAssigned
from domain.times import local_day

if TYPE_CHECKING:
    from domain.fact import Fact
    from domain.reference import Reference

FULL: Final = Sentence(
    "联络员 {liaison} 联系的党员已达上限（{ceiling} 人），请指定其他联络员",
    "The liaison {liaison} has {ceiling} members already, which is the most: name another one.",
)
Assigned = Callable[[str], tuple[int, set[UUID]]]


@dataclass(slots=True)
class _Latest:
    """What this process assigned a member to; `position` None while it is on its way."""

    liaison: str
    position: int | None = None


class LiaisonCeiling:
    """Who may take one member more; one a process."""

    def __init__(self, reference: Callable[[], Reference], assigned: Assigned) -> None:
        """`assigned` reads the members of a liaison from the read models, with the position that they reflect."""
        self._reference = reference
        self._assigned = assigned
        self._latest: dict[UUID, _Latest] = {}
        self._lock = Lock()

    @contextmanager
    def assigning(self) -> Iterator[Assignment]:
        """Hold a place while an assignment is recorded; given back if it is not."""
        one = Assignment(self)
        try:
            yield one
        finally:
            with self._lock:
                held = one.held
                if held is not None and held[1].position is None and self._latest.get(held[0]) is held[1]:
                    del self._latest[held[0]]

    def take(self, fact: Fact) -> tuple[UUID, _Latest] | None:
        """Take a place for an assignment about to be recorded; raises Refused `liaison_full`."""
        body = fact.body
        if not isinstance(body, LiaisonAssigned):
            return None
        reference = self._reference()
        affiliation = (fact.after or {}).get("affiliation")
        ceiling = reference.policy(reference.region_of(affiliation), local_day(fact.when)).liaison_ceiling
        with self._lock:
            position, members = self._assigned(body.liaison)
            self._forget(position)
            members -= {member for member, one in self._latest.items() if one.liaison != body.liaison}
            members |= {member for member, one in self._latest.items() if one.liaison == body.liaison}
            if len(members - {fact.stream}) >= ceiling:
                raise Refused("liaison_full", FULL.filled(liaison=body.liaison, ceiling=ceiling))
            held = self._latest[fact.stream] = _Latest(body.liaison)
        return fact.stream, held

    def _forget(self, position: int) -> None:
        """Let go of what the read models tell by now."""
        told = [member for member, one in self._latest.items() if one.position is not None and one.position <= position]
        for member in told:
            del self._latest[member]


class Assignment:
    """One recording that may be an assignment."""

    def __init__(self, ceiling: LiaisonCeiling) -> None:
        self._ceiling = ceiling
        self.held: tuple[UUID, _Latest] | None = None

    def check(self, drafts: list[Fact]) -> None:
        """Take a place for what is about to be recorded; raises Refused."""
        for fact in drafts:
            self.held = self._ceiling.take(fact) or self.held

    def recorded(self, position: int) -> None:
        """Keep the place: the assignment stands in the log."""
        if self.held is not None:
            self.held[1].position = position
