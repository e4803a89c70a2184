"""Random lives: facts of members in every order and with every oddity that a log may hold."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from domain.fact import Body, Fact, place_in_time
from domain.member import events as e
from domain.member.cards.events import ActivityCardInspected, ActivityCardIssued
from domain.member.dues import DuesPaid
from domain.member.feedback.events import AnnualFeedbackIssued, FeedbackAcknowledged
from domain.member.fold import registered_when
from domain.member.membership import events as m
from domain.member.transfer import events as t
from domain.organisation import OrganisationRegistered, organisation_stream
from domain.times import instant_us, parse_occurred
from infra.event_store.recorder import KitelineRecorder
from infra.event_store.save import Save
from infra.recording.mapper import FactMapper

COUNTIES = ("620621", "620602", "620102", "620103", "510104", "350206", "330110")
DECISIONS = (
    m.MembershipSuspended, m.MembershipRestored, m.MembershipSuspended, m.MembershipRestored, m.MembershipEnded,
    m.MemberDeceased,
)  # fmt: skip
FIRST, LAST = date(2024, 6, 1), date(2025, 9, 30)


def committee(region: str) -> str:
    return f"C{region}"


def branch(region: str, number: int) -> str:
    return f"C{region}-B{number}"


def organisations() -> list[OrganisationRegistered]:
    """A committee a province, one a county below it, two branches a county."""
    found = [
        OrganisationRegistered(committee(f"{p}0000"), p, "COMMITTEE", f"{p}0000") for p in ("62", "51", "35", "33")
    ]
    for county in COUNTIES:
        above = committee(county[:2] + "0000")
        found.append(OrganisationRegistered(committee(county), county, "COMMITTEE", county, above))
        found += [
            OrganisationRegistered(branch(county, n), f"{county} {n}", "BRANCH", county, committee(county))
            for n in (1, 2)
        ]
    return found


@dataclass
class Lives:
    """Makes facts, numbers them by stream, and keeps what was recorded."""

    seed: int
    facts: list[Fact] = field(default_factory=list)
    versions: dict[UUID, int] = field(default_factory=lambda: defaultdict(int))

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def uuid(self) -> UUID:
        return UUID(int=self.random.getrandbits(128), version=4)

    def fact(self, stream: UUID, body: Body, occurred: str, organisation: str | None = None) -> Fact:
        """Make the next fact of a stream, without recording it."""
        at = parse_occurred(occurred)
        when = registered_when(body) if isinstance(body, e.MemberRegistered) else place_in_time(at, type(body))
        self.versions[stream] += 1
        event_id = str(self.uuid())
        return Fact(
            stream, self.versions[stream], event_id, f"{self.random.getrandbits(128):032x}", body, at.text,
            at.precision, when, organisation, "tester", "SIMULATION", event_id, after={},
        )  # fmt: skip

    def tell(self, stream: UUID, body: Body, occurred: str, organisation: str | None = None) -> Fact:
        """Make a fact and put it at the end of what is to be recorded."""
        fact = self.fact(stream, body, occurred, organisation)
        self.facts.append(fact)
        return fact

    def reference(self) -> None:
        for body in organisations():
            self.tell(organisation_stream(body.code), body, "2020-01-01")

    def member(self, affiliation: str) -> UUID:
        stream = self.uuid()
        since = self.random.choice([None, None, "2024-07-01"])
        category = self.random.choice(["FULL", "PROBATIONARY"])
        self.tell(stream, e.MemberRegistered(category, affiliation, since), "2024-06-01", affiliation)
        return stream

    def moment(self, day: date) -> str:
        """A day, or a time on it, or its month."""
        match self.random.randrange(6):
            case 0:
                return f"{day:%Y-%m}"
            case 1 | 2:
                return f"{day}T{self.random.randrange(24):02}:{self.random.randrange(60):02}:00+08:00"
            case _:
                return day.isoformat()

    def play(self, members: int, steps: int) -> None:
        """Lives that mostly run forward, with late facts, corrections, voids and confirmations among them."""
        choose = self.random.choice
        people = {self.member(branch(choose(COUNTIES), choose((1, 2)))): FIRST for _ in range(members)}
        told: dict[UUID, list[Fact]] = defaultdict(list)
        for _ in range(steps):
            stream = choose(list(people))
            day = people[stream] = min(people[stream] + timedelta(days=self.random.randrange(25)), LAST)
            if self.random.random() < 0.15:
                day -= timedelta(days=self.random.randrange(120))
            county = choose(COUNTIES)
            if self.random.random() < 0.06:
                told[stream] += self.transfer(stream, day, branch(county, choose((1, 2))))
                continue
            body = self.body(told[stream])
            organisation = choose((None, committee(county), branch(county, 1), branch(county, 2), self.home(stream)))
            told[stream].append(self.tell(stream, body, self.moment(day), organisation))

    def transfer(self, stream: UUID, day: date, to: str) -> list[Fact]:
        """A transfer as far as it goes, told in the right order or the wrong; nobody is named who acts."""
        kind = self.random.choice(("FORMAL", "FORMAL", "FORMAL", "TEMPORARY"))
        bodies: list[Body] = [
            t.TransferRequested(to, kind),
            t.TransferOutApproved(),
            t.TransferLetterIssued("样例1号", self.random.choice((None, 20))),
            self.random.choice((t.TransferAccepted(), t.TransferAccepted(), t.TransferRejected("WRONG_ADDRESSEE"))),
            t.ReceiptReturned(),
        ]
        days = sorted(day + timedelta(days=self.random.randrange(40)) for _ in bodies)
        steps = list(zip(bodies, days, strict=True))[: self.random.choice((1, 3, 4, 5, 5))]
        if self.random.random() < 0.3:
            self.random.shuffle(steps)
        return [self.tell(stream, body, min(on, LAST).isoformat()) for body, on in steps]

    def home(self, stream: UUID) -> str:
        first = next(fact for fact in self.facts if fact.stream == stream)
        assert isinstance(first.body, e.MemberRegistered)
        return first.body.affiliation

    def destination(self) -> dict[str, Any]:
        return self.random.choice([*({"region": code} for code in COUNTIES), {"abroad": True}, {"unknown": True}])

    def body(self, told: list[Fact]) -> Body:
        choose, county = self.random.choice, self.random.choice(COUNTIES)
        if told and self.random.random() < 0.12:
            target = choose(told).event_id
            moved = self.moment(FIRST + timedelta(days=self.random.randrange(400)))
            corrected = e.EventCorrected(target, {"occurred_at": moved})
            return choose([e.EventVoided(target), e.FlagConfirmed(target), corrected])
        makers = [
            lambda: e.DepartureReported(
                self.destination(), choose([None, "2024-12-01", "2025-03-01"]), choose([None, "STUDY"])
            ),
            lambda: e.Departed(choose([None, self.destination()])),
            lambda: e.Departed(self.destination(), choose([None, "STUDY"])),
            lambda: e.CheckedIn(county, "CODE"),
            lambda: e.CheckedIn(county, "WORKER"),
            lambda: e.CheckedIn(county, "MEMBER"),
            lambda: e.Accepted(choose([None, branch(county, 1)])),
            e.Accepted,
            lambda: e.Declined("NOT_HERE"),
            lambda: e.PlacedInBranch(branch(county, 2), choose(["RESIDENCE", "FALLBACK"])),
            lambda: e.MovedOnward(self.destination()),
            lambda: e.CaseRouted(committee(county)),
            lambda: e.ContactMade("PHONE"),
            lambda: e.ContactMade("VISIT"),
            lambda: e.ContactMade("MESSAGE"),
            lambda: e.ContactWaived("2025-01", "ILLNESS"),
            lambda: e.LostContactDeclared("doc"),
            lambda: e.ReturnReported("2025-10-01"),
            e.Returned,
            e.ReturnEducationHeld,
            e.DepartureCancelled,
            lambda: e.MovementClosed("RECORDED_IN_ERROR"),
            e.PreDepartureTalkHeld,
            e.CheckInPrompted,
            lambda: e.DestinationChanged(self.destination()),
            lambda: e.LiaisonAssigned("somebody"),
            lambda: e.ConfirmedAsFull("doc"),
            lambda: choose(DECISIONS)("doc", "meeting"),
            lambda: DuesPaid(["2025-01"]),
            ActivityCardIssued,
            ActivityCardInspected,
            lambda: AnnualFeedbackIssued(choose([2024, 2025])),
            lambda: FeedbackAcknowledged(choose([2024, 2025])),
        ]
        return choose(makers)()

    def record(self, recorder: KitelineRecorder, upto: int | None = None) -> None:
        """Append what is not recorded yet; facts learn their positions and times."""
        mapper = FactMapper()
        waiting = [fact for fact in self.facts[:upto] if fact.position == 1 << 62]
        futures = recorder.submit_many([Save([mapper.to_stored_event(fact)]) for fact in waiting])
        for fact, future in zip(waiting, futures, strict=True):
            saved = future.result()
            assert saved.first_position is not None
            fact.position, fact.recorded_us = saved.first_position, instant_us(saved.recorded_at)

    @property
    def head(self) -> int:
        """The last position recorded: saves of several streams may overtake each other."""
        return max(fact.position for fact in self.facts if fact.position < 1 << 62)

    def ledger(self, stream: UUID) -> list[Fact]:
        return [fact for fact in self.facts if fact.stream == stream]

    def members(self) -> list[UUID]:
        return [fact.stream for fact in self.facts if isinstance(fact.body, e.MemberRegistered)]
