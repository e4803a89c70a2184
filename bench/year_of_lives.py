"""A year of plain lives in the order in which they happen: the log that read models catch up with in benchmarks.

Every member leaves, checks in, is accepted and placed, is called each month by both sides, and mostly returns; one fact
in fifty is recorded late, one in a hundred is corrected.
"""

import random
from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

from domain.fact import Body, Fact, place_in_time
from domain.member import events as e
from domain.member.evolve import apply
from domain.member.fold import registered_when
from domain.member.state import State
from domain.member.views import after, concerned_regions
from domain.organisation import OrganisationRegistered, organisation_stream
from domain.reference import Reference, empty_reference
from domain.times import parse_occurred
from infra.event_store.recorder import KitelineRecorder
from infra.event_store.save import Save
from infra.recording.mapper import FactMapper

COUNTIES = ("620621", "620602", "620102", "620103", "620105", "510104", "510105", "350206", "320506", "330110")
START = date(2024, 3, 1)


def reference_facts(counties: Sequence[str] = COUNTIES, branches: int = 3) -> list[Fact]:
    """Return the organisations: a committee a county, some branches below each."""
    chance = random.Random(0)
    facts = []
    for county in counties:
        top = f"C{county}"
        bodies = [OrganisationRegistered(top, county, "COMMITTEE", county)]
        bodies += [OrganisationRegistered(f"{top}-{n}", county, "BRANCH", county, top) for n in range(branches)]
        facts += [told_fact(chance, organisation_stream(body.code), 1, body, "2020-01-01", None) for body in bodies]
    return facts


def lives(members: int, seed: int = 1) -> tuple[list[Fact], Reference]:
    """Return the facts of all members in recorded order, with `after` and `concerns` as the desk would write them."""
    chance = random.Random(seed)
    reference = empty_reference().with_facts(reference_facts())
    told: list[tuple[date, Fact]] = []
    for _ in range(members):
        told += life(chance)
    return as_recorded(told, reference), reference


def as_recorded(told: list[tuple[date, Fact]], reference: Reference) -> list[Fact]:
    """Return facts in the order of the days on which they are told, each with its version and what goes with it."""
    told.sort(key=lambda one: one[0])
    versions: dict[UUID, int] = {}
    states: dict[UUID, State] = {}
    facts = []
    for _, fact in told:
        fact.version = versions[fact.stream] = versions.get(fact.stream, 0) + 1
        state = states.setdefault(fact.stream, State())
        apply(state, fact, reference)
        fact.after, fact.concerns = after(state, fact), tuple(sorted(concerned_regions(state)))
        facts.append(fact)
    return facts


def append(recorder: KitelineRecorder, facts: list[Fact]) -> None:
    """Append facts in this order."""
    mapper = FactMapper()
    for future in recorder.submit_many([Save([mapper.to_stored_event(fact)]) for fact in facts]):
        future.result()


def life(chance: random.Random, branches: int = 3) -> list[tuple[date, Fact]]:
    """Return one member's facts, not yet numbered, each with the day on which it is told."""
    stream = UUID(int=chance.getrandbits(128), version=4)
    home, away = chance.sample(COUNTIES, 2)
    branch, host, hosts = f"C{home}-{chance.randrange(branches)}", f"C{away}-{chance.randrange(branches)}", f"C{away}"
    day = START + timedelta(days=chance.randrange(90))
    left = day + timedelta(days=7)
    plan: list[tuple[date, Body, str]] = [
        (START, e.MemberRegistered("FULL", branch), branch),
        (day, e.DepartureReported({"region": away}, left.isoformat(), "WORK"), branch),
        (day, e.PreDepartureTalkHeld(), branch),
        (left, e.Departed(), branch),
        (left + timedelta(days=3), e.CheckInPrompted("MESSAGE"), branch),
        (left + timedelta(days=5), e.CheckedIn(away, "CODE"), hosts),
        (left + timedelta(days=9), e.Accepted(), hosts),
        (left + timedelta(days=10), e.PlacedInBranch(host, "RESIDENCE"), hosts),
    ]
    for month in range(1, 9):
        at = left + timedelta(days=30 * month + chance.randrange(10))
        plan += [(at, e.ContactMade("PHONE"), branch), (at + timedelta(days=2), e.ContactMade("VISIT"), host)]
    if chance.random() < 0.7:
        home_on = left + timedelta(days=280)
        plan += [(home_on, e.Returned(), branch), (home_on + timedelta(days=9), e.ReturnEducationHeld(), branch)]
    told = []
    for at, body, organisation in plan:
        fact = told_fact(chance, stream, 0, body, at.isoformat(), organisation)
        late = chance.random() < 0.02 and not isinstance(body, e.MemberRegistered)
        told.append((at + timedelta(days=45 if late else 0), fact))
        if chance.random() < 0.01 and isinstance(body, e.ContactMade):
            changes = {"occurred_at": (at + timedelta(days=1)).isoformat()}
            corrected_on = at + timedelta(days=60)
            correction = e.EventCorrected(fact.event_id, changes)
            told.append(
                (corrected_on, told_fact(chance, stream, 0, correction, corrected_on.isoformat(), organisation))
            )
    return told


def told_fact(
    chance: random.Random, stream: UUID, version: int, body: Body, occurred: str, organisation: str | None
) -> Fact:
    """Return a fact with ids by chance, not yet recorded."""
    at = parse_occurred(occurred)
    when = registered_when(body) if isinstance(body, e.MemberRegistered) else place_in_time(at, type(body))
    event_id = str(UUID(int=chance.getrandbits(128), version=4))
    return Fact(
        stream, version, event_id, f"{chance.getrandbits(128):032x}", body, at.text, at.precision, when,
        organisation, "bench", "SIMULATION", event_id, after={},
    )  # fmt: skip
