"""Every question, asked of tables large enough that it matters: PostgreSQL's own counters say what was scanned.

Left out on purpose: what is counted as known at an earlier position over a whole province or the country (statistics,
flow matrices, lifecycle views), which reads all that was known there.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from api.search import MERGED, MERGED_OF_MANY
from bench.cloned_lives import COUNTY_GROUPS, Plan
from bench.large_log import make_log, make_read_models
from domain.reference import Reference
from domain.times import day_end_us
from infra.database.connections import connect_pool
from infra.event_store import reading
from infra.recording.application import Kiteline
from projections import duties, flow_members, flows, in_reach, lifecycle, member, roster, statistics
from projections.asking import Moment
from projections.duties import WorklistQuestion
from projections.liaisons import members_of_liaison
from projections.roster import RosterQuestion

LARGE = (
    "log", "stream_head", "member", "roster_past", "clock_past", "duty", "duty_past", "leg", "leg_past", "statistic",
    "day_count", "standing_count", "standing_age", "flow_count", "known_count", "tally", "vault_token", "idempotency",
)  # fmt: skip
_SCANNED = "SELECT relname, seq_scan FROM pg_stat_user_tables WHERE schemaname = 'public' AND relname = ANY (%s)"
_TOKENS = """
INSERT INTO vault_token SELECT 'name', substring(sha256(member_id::text::bytea) FOR 1), member_id FROM member
UNION ALL SELECT 'all', '\\x01', member_id FROM member
"""
COUNTY, COMMITTEE, BRANCH = COUNTY_GROUPS[1][0], f"C{COUNTY_GROUPS[1][0]}", f"C{COUNTY_GROUPS[1][0]}-3"
NOW = Moment(day_end_us(date(2025, 4, 30)))
DAY = day_end_us(date(2024, 11, 30))

SIDES: tuple[roster.Side, ...] = ("outflow", "inflow", "affiliated")
ORDERS: tuple[roster.Order, ...] = ("since", "-since", "last_contact_at", "due_on")
LEVELS: tuple[flows.Level, ...] = ("province", "city", "county")
Ask = Callable[[Connection[TupleRow]], Any]


@dataclass(frozen=True, slots=True)
class Deployment:
    """A database with a few thousand members, its reader, and what questions are asked with."""

    url: str
    reader: Connection[TupleRow]
    reference: Reference
    head: int
    someone: UUID


@pytest.fixture
def deployment(make_database: Callable[..., str]) -> Iterator[Deployment]:
    url = make_database()
    make_log(url, Plan(60, 10, 12), states=False)
    make_read_models(url)
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(_TOKENS)
        owner.execute("VACUUM ANALYZE")
        found = owner.execute("SELECT member_id, (SELECT max(position) FROM log) FROM member LIMIT 1").fetchone()
    assert found is not None
    kiteline = Kiteline(url, readers=1)
    with connect_pool(url, role="reader", max_size=1) as pool, pool.connection() as reader:
        yield Deployment(url, reader, kiteline.refresh_reference(), found[1], found[0])
    kiteline.close()


def questions(deployment: Deployment) -> Iterator[tuple[str, str, str, Ask]]:
    """Yield every question: its name, the regions and organisations in reach of whoever asks, and how it is asked."""
    reference, then = deployment.reference, Moment(DAY, deployment.head * 3 // 4)
    asking: dict[str, Any] = {"reference": reference, "now_us": 0}
    for when, moment in (("now", NOW), ("as of a day", Moment(DAY)), ("as known then", then)):
        for side in SIDES:
            for region, reach in ((COUNTY, COUNTY), (f"{COUNTY[:2]}0000", COUNTY[:2]), ("000000", "*")):
                # Only who went abroad leaves the country: nobody here, and that takes looking at all.
                for leaving in (False, True) if region != "000000" else (False,):
                    page = partial(
                        roster.page, question=RosterQuestion(moment, side, region, leaving=leaving), **asking
                    )
                    yield f"roster {side} of {region}, leaving {leaving}, {when}", reach, "-", page
            page = partial(roster.page, question=RosterQuestion(moment, side, organisation=BRANCH), **asking)
            yield f"roster {side} of a branch, {when}", "-", BRANCH, page
        overdue = RosterQuestion(moment, "outflow", COUNTY, overdue=True)
        for order in ORDERS:
            in_order = RosterQuestion(moment, "outflow", COUNTY, order=order)
            yield (
                f"roster of a county by {order}, {when}",
                COUNTY,
                "-",
                partial(roster.page, question=in_order, **asking),
            )
        yield f"overdue of a county, {when}", COUNTY, "-", partial(roster.page, question=overdue, **asking)
        for side in SIDES[:2]:
            place = RosterQuestion(moment, side, COUNTY)
            counts = partial(lifecycle.counts, question=place, reference=reference)
            yield f"lifecycle {side} of a county, {when}", COUNTY, "-", counts
            aged = partial(lifecycle.counts, question=place, reference=reference, ages=True)
            yield f"ages {side} of a county, {when}", COUNTY, "-", aged
            members = partial(lifecycle.members, question=place, **asking)
            yield f"members of lifecycle {side}, {when}", COUNTY, "-", members
            of_branch = RosterQuestion(moment, side, organisation=BRANCH)
            counts = partial(lifecycle.counts, question=of_branch, reference=reference)
            yield f"lifecycle {side} of a branch, {when}", "-", BRANCH, counts
        own = WorklistQuestion(moment, BRANCH)
        yield f"worklist of a branch, {when}", "-", BRANCH, partial(duties.worklist, question=own, **asking)
    yield from of_large_regions(reference)
    month = date(2024, 11, 1)
    for level in LEVELS:
        yield f"flows by {level}", "*", "-", partial(flows.matrix, level=level, month=month, reference=reference)
    for origin, destination in (("620000", "510000"), ("620000", None), (None, None)):
        asked_of = flow_members.FlowQuestion(month, "province", "under_way", origin, destination)
        behind = partial(flow_members.members, question=asked_of, **asking)
        yield f"members behind flows from {origin} to {destination}", "*", "-", behind
    series = partial(statistics.months_figures, region=COUNTY, months=[month], reference=reference)
    yield "statistics of months of a county", COUNTY, "-", series
    figures = partial(statistics.month_figures, region=COUNTY, month=month, reference=reference)
    yield "statistics of a county", COUNTY, "-", figures
    yield "members by id", "*", "*", partial(member.members_of, ids=[deployment.someone])
    yield "members of a liaison", "*", "*", lambda connection: members_of_liaison(connection, "nobody")


def of_people(deployment: Deployment) -> Iterator[tuple[str, str, str, Ask]]:
    """Yield lists of people and searches, of all and in reaches that hold few."""
    for name, regions, organisations in (("all", "*", "*"), ("a county", COUNTY, "-"), ("a branch", "-", BRANCH)):
        listed = partial(in_reach.rows_after, after=deployment.someone, limit=50)
        yield f"members in order of {name}", regions, organisations, listed
        searched = partial(in_reach.holders_after, held=1_000_000, after=UUID(int=0), limit=51)
        yield f"search in {name}", regions, organisations, partial(searched, tokens=[("name", b"\x07")])
        two: list[in_reach.Token] = [("name", b"\x07"), ("name", b"\x08")]
        yield f"search with two keys in {name}", regions, organisations, partial(searched, tokens=two)
        yield f"how many hold a key, in {name}", regions, organisations, partial(in_reach.holders, tokens=two)
        yield f"frequent search in {name}", regions, organisations, partial(searched, tokens=[("all", b"\x01")])


def of_large_regions(reference: Reference) -> Iterator[tuple[str, str, str, Ask]]:
    """Yield what is asked of whole provinces and of the country, where counts are kept."""
    for side in SIDES[:2]:
        for when, moment in (("now", NOW), ("as of a day", Moment(DAY))):
            for place in (f"{COUNTY[:2]}0000", "000000"):
                whole = RosterQuestion(moment, side, place)
                counts = partial(lifecycle.counts, question=whole, reference=reference)
                yield f"lifecycle {side} of {place}, {when}", "*", "-", counts


def of_the_log(deployment: Deployment) -> Iterator[tuple[str, Ask]]:
    """Yield what is asked of the log."""
    chance = random.Random(1)
    position = chance.randrange(1, deployment.head)
    searched = {"kinds": ["name"], "tokens": [b"\x07"], "most": 200}
    yield "a page of the log", lambda c: reading.log_page(c, position, 100)
    yield "rows at positions", lambda c: reading.rows_at(c, [position, 1])
    yield "organisations and policies", lambda c: reading.reference_facts(c, 1, 100)
    yield "a stream", lambda c: reading.streams(c, [deployment.someone])
    yield "streams", lambda c: reading.streams(c, [deployment.someone, UUID(int=1)])
    yield "the position by a time", lambda c: reading.position_by(c, datetime(2024, 10, 1, tzinfo=UTC))
    yield "searched for among merged records", lambda c: c.execute(MERGED, searched).fetchall()
    yield "merged records, each asked for what many have", lambda c: c.execute(MERGED_OF_MANY, searched).fetchall()


def test_no_question_scans_a_large_table(deployment: Deployment) -> None:
    found: dict[str, set[str]] = {}
    with psycopg.connect(deployment.url, autocommit=True) as owner:
        for name, regions, organisations, ask in (*questions(deployment), *of_people(deployment)):
            reader = deployment.reader
            reader.execute("SELECT set_config('kiteline.regions', %s, false)", (regions,))
            reader.execute("SELECT set_config('kiteline.organisations', %s, false)", (organisations,))
            reader.execute("SELECT set_config('kiteline.partners', '-', false)")
            found |= _scanned(owner, reader, name, ask)
        for name, ask in of_the_log(deployment):
            found |= _scanned(owner, owner, name, ask)
        control = _scanned(owner, deployment.reader, "control", lambda c: c.execute("SELECT count(lost) FROM member"))
    assert control == {"control": {"member"}}
    assert found == {}, "\n".join(sorted(found))


def _scanned(owner: Connection[TupleRow], connection: Connection[TupleRow], name: str, ask: Ask) -> dict[str, set[str]]:
    before = _counters(owner)
    ask(connection)
    connection.execute("SELECT pg_stat_force_next_flush()")
    scanned = {table for table, scans in _counters(owner).items() if scans > before[table]}
    return {name: scanned} if scanned else {}


def _counters(owner: Connection[TupleRow]) -> dict[str, int]:
    owner.execute("SELECT pg_stat_clear_snapshot()")
    return dict(owner.execute(_SCANNED, (list(LARGE),)).fetchall())
