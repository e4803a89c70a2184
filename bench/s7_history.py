"""S7: a member's history of 1,000 events as of a moment, the state after each included, as the answer's JSON.

The peer reads the same rows of the same stream over the same connection and decodes each row's JSON, nothing more. The
life is one of 25 years: each year a movement with its check-in, acceptance and placing, contacts of both sides, hours
served, dues, and the return; one fact in fifty is told late, one contact in fifty corrected and one in a hundred void.
Not measured: HTTP, authorisation, the record of the read.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

import orjson

from bench.harness import Bar, Measured, in_turn, report
from bench.year_of_lives import COUNTIES, append, as_recorded, reference_facts, told_fact
from domain.fact import Body, Fact
from domain.member import events as e
from domain.member.dues import DuesPaid
from domain.member.service.events import ServiceRecorded
from domain.reference import Reference, empty_reference
from domain.times import as_of_us
from infra.database.embedded import EmbeddedPostgres
from infra.database.migrations import migrate
from infra.event_store.recorder import KitelineRecorder
from infra.interpreter import settle_interpreter
from infra.recording.mapper import facts_of
from projections.history import replay

BAR = Bar("S7", "ms", "reading and JSON-decoding the rows", floor=5, aim=2, higher_is_better=False)
_YEARS = range(2000, 2025)
_HOME = f"C{COUNTIES[0]}-1"

Planned = tuple[date, Body, str]


def main() -> None:
    """Measure and report; a figure is the mean of `--repeat` histories in a row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--events", type=int, default=1_000)
    parser.add_argument("--repeat", type=int, default=10)
    parser.add_argument("--cpu", action="store_true", help="this process's own time: for a machine that is busy")
    options = parser.parse_args()
    clock = time.process_time if options.cpu else time.perf_counter
    reference = empty_reference().with_facts(reference_facts())
    member, facts = life(options.events, reference)
    with tempfile.TemporaryDirectory(prefix="kiteline-bench-") as folder, EmbeddedPostgres(Path(folder)) as server:
        migrate(server.url)
        recorder = KitelineRecorder(server.url, readers=1)
        append(recorder, reference_facts())
        append(recorder, facts)
        settle_interpreter()
        history = partial(_history, recorder, member, reference)
        rows = partial(_rows, recorder, member)
        written = history()
        assert len(orjson.loads(written)) == len(rows()) == options.events
        rounds = in_turn(
            partial(_milliseconds, history, clock, options.repeat),
            partial(_milliseconds, rows, clock, options.repeat),
            options.rounds,
        )
        recorder.close()
    notes = {"events": options.events, "answer": f"{len(written):,} bytes", "clock": clock.__name__}
    report(Measured(BAR, rounds, notes))


def _history(recorder: KitelineRecorder, member: UUID, reference: Reference) -> bytes:
    facts = facts_of(recorder.read_streams([member])[member])
    return orjson.dumps(replay(facts, reference, as_of_us=as_of_us("2027-01-01"), member=member))


def _rows(recorder: KitelineRecorder, member: UUID) -> list[object]:
    return [orjson.loads(row.state) for row in recorder.read_streams([member])[member]]


def _milliseconds(work: Callable[[], object], clock: Callable[[], float], times: int) -> float:
    began = clock()
    for _ in range(times):
        work()
    return (clock() - began) / times * 1e3


def life(events: int, reference: Reference, seed: int = 7) -> tuple[UUID, list[Fact]]:
    """Return a member and their facts in recorded order, with `after` as the desk would write it."""
    chance = random.Random(seed)
    member = UUID(int=chance.getrandbits(128), version=4)
    born = date(1999, 12, 1)
    told = [(born, told_fact(chance, member, 0, e.MemberRegistered("FULL", _HOME), born.isoformat(), _HOME))]
    a_year = (events - len(told)) // len(_YEARS) + 1
    for year in _YEARS:
        for at, body, organisation in _year(chance, year, a_year):
            fact = told_fact(chance, member, 0, body, at.isoformat(), organisation)
            told.append((at + timedelta(days=45 if chance.random() < 0.02 else 0), fact))
            told += _put_right(chance, member, at, fact)
    return member, as_recorded(told[:events], reference)


def _year(chance: random.Random, year: int, count: int) -> list[Planned]:
    """Return about a year's facts: twelve of the movement, the others contacts, service and dues in between."""
    away = chance.choice(COUNTIES[2:])
    hosts, host = f"C{away}", f"C{away}-{chance.randrange(3)}"
    left = date(year, 1, 10)
    leaving: list[Planned] = [
        (left - timedelta(days=5), e.DepartureReported({"region": away}, left.isoformat(), "WORK"), _HOME),
        (left - timedelta(days=5), e.PreDepartureTalkHeld(), _HOME),
        (left, e.Departed(), _HOME),
        (left + timedelta(days=1), e.CheckInPrompted("MESSAGE"), _HOME),
        (left + timedelta(days=2), e.CheckedIn(away, "CODE"), hosts),
        (left + timedelta(days=3), e.Accepted(), hosts),
        (left + timedelta(days=4), e.PlacedInBranch(host, "RESIDENCE"), hosts),
    ]
    between: list[Planned] = []
    first, last = date(year, 1, 20), date(year, 11, 20)
    for number in range(max(0, count - len(leaving) - 3)):
        at = first + (last - first) * number // max(1, count)
        body, organisation = chance.choices(
            [
                (e.ContactMade("PHONE", ["BASICS", "WHERE"]), _HOME),
                (e.ContactMade("VISIT"), host),
                (ServiceRecorded(2, kind="COMMUNITY"), host),
                (DuesPaid([f"{at:%Y-%m}"]), _HOME),
            ],
            [4, 3, 2, 1],
        )[0]
        between.append((at, body, organisation))
    home = date(year, 12, 1)
    returning: list[Planned] = [
        (home - timedelta(days=6), e.ReturnReported(home.isoformat()), _HOME),
        (home, e.Returned(), _HOME),
        (home + timedelta(days=9), e.ReturnEducationHeld(), _HOME),
    ]
    return leaving + between + returning


def _put_right(chance: random.Random, member: UUID, at: date, fact: Fact) -> list[tuple[date, Fact]]:
    if not isinstance(fact.body, e.ContactMade):
        return []
    drawn, on = chance.random(), at + timedelta(days=50)
    if drawn < 0.02:
        changes = {"occurred_at": (at + timedelta(days=1)).isoformat()}
        return [(on, told_fact(chance, member, 0, e.EventCorrected(fact.event_id, changes), on.isoformat(), _HOME))]
    if drawn < 0.03:
        return [(on, told_fact(chance, member, 0, e.EventVoided(fact.event_id), on.isoformat(), _HOME))]
    return []


if __name__ == "__main__":
    main()
