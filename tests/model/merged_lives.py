"""Two random lives on two streams of one log, and a third that goes on where they are merged."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from domain.fact import Fact
from domain.member import events as e
from domain.member.fold import HEAD, fold
from domain.member.merging.belonging import belonging, recorded_meanwhile
from domain.member.merging.events import RecordsMerged, RecordsUnmerged
from domain.member.merging.setting_aside import Record, set_aside
from tests.model.lives import live
from tests.model.recording import RECORDED_US, telling
from tests.model.world import world

if TYPE_CHECKING:
    from domain.member.state import State
    from tests.model.lives import Step

KEPT, OTHER = UUID("00000000-0000-4000-8000-00000000000a"), UUID("00000000-0000-4000-8000-00000000000b")
_TARGETED = (e.EventCorrected, e.EventVoided, e.FlagConfirmed)


@dataclass
class Log:
    """Facts of both streams in recorded order."""

    facts: list[Fact] = field(default_factory=list)

    def add(self, fact: Fact, stream: UUID, event_id: str | None = None) -> Fact:
        position = len(self.facts) + 1
        version = sum(one.stream == stream for one in self.facts) + 1
        recorded_us = RECORDED_US + position * 60_000_000
        told = replace(fact, stream=stream, version=version, position=position, recorded_us=recorded_us)
        self.facts.append(replace(told, event_id=event_id) if event_id else told)
        return self.facts[-1]

    def of(self, member: UUID, known: int = HEAD) -> list[Fact]:
        return belonging(member, self.facts, known)

    def state(self, member: UUID) -> State:
        return fold(self.of(member), world())

    def rows(self) -> list[dict[str, Any]]:
        return [{**row, "stream": str(fact.stream)} for row, fact in zip(telling(self.facts), self.facts, strict=True)]

    def on_both(self, body: RecordsMerged | RecordsUnmerged, streams: tuple[UUID, UUID]) -> None:
        """Record a fact of a merge on one stream and then on the other."""
        day = "2026-09-01"
        for stream in streams:
            number = len(self.facts) + 1
            drafted = Fact(
                stream, 0, str(UUID(int=(1 << 100) + number)), f"{number:032x}", body, day, "day",
                RECORDED_US, "GS", "test", "API", "merge",
            )  # fmt: skip
            self.add(drafted, stream)


def told_twice(lives: tuple[list[Step], list[Step], list[Step]], seed: int, *, away: bool) -> tuple[Log, int]:
    """Return a log of two lives, merged, with later facts, and undone; and the position of the merge."""
    chance = random.Random(seed)
    log = Log()
    first, second, third = (
        _renamed(live(steps).facts, offset) for steps, offset in zip(lives, (1 << 20, 1 << 21, 1 << 22), strict=True)
    )
    if away:
        registered = second[0]
        assert isinstance(registered.body, e.MemberRegistered)
        second[0] = replace(registered, body=replace(registered.body, affiliation="CG-1"))
    waiting = {KEPT: first, OTHER: second}
    while any(waiting.values()):
        stream = chance.choice([one for one, facts in waiting.items() if facts])
        log.add(waiting[stream].pop(0), stream)
    merge = merged(log, chance)
    merged_at = len(log.facts)
    for fact in third[1:]:
        log.add(_retargeted(fact, log, third, chance), KEPT)
    if chance.random() < 0.7:
        whose = {one.event_id: chance.choice(["KEPT", "ABSORBED"]) for one in recorded_meanwhile(merge, log.of(KEPT))}
        log.on_both(RecordsUnmerged("merge", str(KEPT), str(OTHER), whose), (OTHER, KEPT))
    return log, merged_at - 1


def merged(log: Log, chance: random.Random) -> RecordsMerged:
    """Merge the two, naming one of the open movements and affiliations where there are two."""
    records = [Record(log.of(one), log.state(one), world()) for one in (KEPT, OTHER)]
    movements = [one.open_movement for one in records]
    movement = chance.choice(movements) if None not in movements else None
    affiliation = chance.choice([one.state.affiliation for one in records])
    aside = set_aside(*records, keep_movement=movement, keep_affiliation=affiliation)
    body = RecordsMerged("merge", str(KEPT), str(OTHER), aside or None, movement, affiliation)
    log.on_both(body, (KEPT, OTHER))
    return body


def _renamed(facts: list[Fact], offset: int) -> list[Fact]:
    """Give the events of a life ids of their own."""
    names = {fact.event_id: str(UUID(int=offset + number)) for number, fact in enumerate(facts)}
    found = []
    for fact in facts:
        body = fact.body
        if isinstance(body, _TARGETED):
            body = replace(body, event_id=names[body.event_id])
        for name in ("claim_id", "movement_id"):
            if getattr(body, name, None) in names:
                body = replace(body, **{name: names[getattr(body, name)]})  # type: ignore[type-var]
        found.append(replace(fact, event_id=names[fact.event_id], body=body))
    return found


def _retargeted(fact: Fact, log: Log, third: list[Fact], chance: random.Random) -> Fact:
    """Let what is about an event be about one of those that are known by then."""
    body = fact.body
    if not isinstance(body, _TARGETED):
        return fact
    target = next(one for one in third if one.event_id == body.event_id)
    same = [one for one in log.facts if type(one.body) is type(target.body)]
    if not same or isinstance(target.body, e.MemberRegistered):
        return replace(fact, body=e.FlagConfirmed(log.facts[1].event_id))
    return replace(fact, body=replace(body, event_id=chance.choice(same).event_id))
