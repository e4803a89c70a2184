"""PostgreSQL itself shows a reader only what the settings of the session let through; without settings, nothing."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import LiteralString

import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from domain.times import day_end_us
from infra.database.connections import connect_pool
from infra.event_store.recorder import KitelineRecorder
from projections import duties, flows, lifecycle, roster
from projections.asking import Moment
from projections.copying import COPIED
from projections.duties import WorklistQuestion
from projections.log_rows import Log
from projections.rebuild import VIEWS, rebuild
from projections.roster import RosterQuestion
from projections.runner import Runner
from tests.integration.projections import straight
from tests.integration.projections.conftest import Pool
from tests.integration.projections.lives import COUNTIES, Lives, branch, committee
from tests.integration.projections.steady_lives import stay_in_touch, transfer

_OF_READ_MODELS = """
SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity,
    EXISTS (SELECT FROM pg_policies p WHERE p.tablename = c.relname AND 'kiteline_reader' = ANY (p.roles)),
    has_table_privilege('kiteline_reader', c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN ('public', 'rebuild') AND c.relkind IN ('r', 'p')
  AND has_table_privilege('kiteline_reader', c.oid, 'SELECT')
"""
_PLANS = (
    "EXPLAIN SELECT * FROM member WHERE affiliation_region >= '6206' AND affiliation_region < '6207'",
    "EXPLAIN SELECT * FROM member WHERE affiliation = ANY ('{C620621,C620102}')",
    "EXPLAIN SELECT * FROM roster_past WHERE region >= '6206' AND region < '6207'",
    "EXPLAIN SELECT * FROM duty WHERE organisation = ANY ('{C620621,C620102}')",
)
_STOOD = """valid_from <= %(on)s AND known_from <= %(known)s AND known_to > %(known)s
AND (valid_to > %(on)s OR ended_from > %(known)s)"""
_CONTACTS = """
SELECT member_id, {0}_owner, {0}_month FROM clock_past
WHERE {0}_owner = ANY (%(owners)s) AND {0}_since_us <= %(on)s AND {0}_month <= '2030-01-01' AND """
_CONTACTS_IN_REACH = """
SELECT member_id, organisation, month FROM {0}_contacts_in_reach(
    %(owners)s, NULL, %(on)s, %(known)s, NULL, '2030-01-01', NULL, NULL, NULL, 10000)"""
_THEN_IN_REACH: dict[LiteralString, LiteralString] = {
    _CONTACTS_IN_REACH.format("origin"): _CONTACTS.format("origin"),
    _CONTACTS_IN_REACH.format("destination"): _CONTACTS.format("destination"),
    "SELECT member_id, organisation, due_on FROM reviews_in_reach(%(owners)s, NULL, %(on)s, %(known)s, '2030-01-01')":
        "SELECT member_id, review_owner, review_due_on FROM clock_past"
        " WHERE review_owner = ANY (%(owners)s) AND review_since_us <= %(on)s AND review_due_on <= '2030-01-01' AND ",
    "SELECT member_id, organisation, key FROM duties_in_reach(%(owners)s, NULL, %(on)s, %(known)s, '2030-01-01')":
        "SELECT member_id, organisation, key FROM duty_past"
        " WHERE organisation = ANY (%(owners)s) AND coalesce(month_from, due_on) <= '2030-01-01' AND ",
}  # fmt: skip
"""What looks as the owner does, and what a reader finds who looks through the tables."""
_OWNERS = """
SELECT organisation FROM duty_past WHERE organisation <> ''
UNION SELECT origin_owner FROM clock_past WHERE origin_owner <> ''
UNION SELECT destination_owner FROM clock_past WHERE destination_owner <> ''
"""
NOW = day_end_us(date(2025, 9, 30))


@pytest.fixture
def lives(recorder: KitelineRecorder, make_runner: Callable[..., Runner]) -> Lives:
    lives = Lives(61)
    lives.reference()
    lives.play(members=30, steps=400)
    transfer(lives, members=6)
    stay_in_touch(lives, members=4)
    lives.record(recorder)
    make_runner().catch_up()
    return lives


@pytest.fixture
def reader(database_url: str) -> Iterator[Connection[TupleRow]]:
    with connect_pool(database_url, role="reader") as pool, pool.connection() as connection:
        yield connection


def see(reader: Connection[TupleRow], *, regions: str = "", organisations: str = "") -> None:
    reader.execute("SELECT set_config('kiteline.regions', %s, false)", (regions,))
    reader.execute("SELECT set_config('kiteline.organisations', %s, false)", (organisations,))


def count(reader: Connection[TupleRow], table: str) -> int:
    row = reader.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608
    assert row is not None
    return int(row[0])


@pytest.mark.usefixtures("lives")
@pytest.mark.parametrize("rebuilt", [False, True])
def test_every_table_that_readers_may_see_has_a_policy_and_forces_it(
    rebuilt: bool, pool: Pool, log: Log, connection: Connection[TupleRow]
) -> None:
    if rebuilt:
        rebuild(pool, log, VIEWS)
    found = {row[0]: row[1:] for row in connection.execute(_OF_READ_MODELS)}
    ours = {name: row for name, row in found.items() if name in COPIED or name.startswith("projection_")}
    assert {*COPIED, "projection_position", "projection_parked"} == set(ours)
    assert all(row == (True, True, True, False) for row in ours.values()), ours


@pytest.mark.usefixtures("lives")
@pytest.mark.parametrize("rebuilt", [False, True])
def test_without_settings_nothing_is_seen(rebuilt: bool, pool: Pool, log: Log, reader: Connection[TupleRow]) -> None:
    if rebuilt:
        rebuild(pool, log, VIEWS)
    assert [count(reader, table) for table in COPIED] == [0] * len(COPIED)
    see(reader)
    assert [count(reader, table) for table in COPIED] == [0] * len(COPIED)
    see(reader, regions=",,")
    assert [count(reader, table) for table in COPIED] == [0] * len(COPIED)
    see(reader, regions="*")
    assert all(count(reader, table) > 0 for table in COPIED)


def test_a_county_sees_its_own_and_who_is_there_and_a_province_all_of_its_counties(
    lives: Lives, connection: Connection[TupleRow], reader: Connection[TupleRow]
) -> None:
    reference = straight.reference_of(lives)
    known = {}
    for county in COUNTIES:
        see(reader, regions=county)
        for side in ("outflow", "inflow", "affiliated"):
            question = RosterQuestion(Moment(NOW), side, county, limit=1_000)
            own = roster.page(reader, question, reference, 0).items
            assert own == roster.page(connection, question, reference, 0).items
        seen = roster.page(reader, RosterQuestion(Moment(NOW), "affiliated", "000000", limit=1_000), reference, 0).items
        under_way = _under_way(lives, county)
        assert under_way <= {item["member_id"] for item in seen}
        assert all(
            county in {item["affiliation_region"], item["region"], item["declared_region"]}
            for item in seen
            if item["member_id"] not in under_way
        )
        known[county] = len(seen)
    assert any(known.values())
    assert any(_under_way(lives, county) for county in COUNTIES)
    see(reader, regions="62")
    question = RosterQuestion(Moment(NOW), "affiliated", "620000", limit=1_000)
    assert roster.page(reader, question, reference, 0) == roster.page(connection, question, reference, 0)
    counted = RosterQuestion(Moment(NOW), "outflow", "620000")
    assert lifecycle.counts(reader, counted, reference) == lifecycle.counts(connection, counted, reference)


def _under_way(lives: Lives, county: str) -> set[str]:
    """Return those whom a county is asked to take, or has let go: who stand in a transfer that is not finished."""
    return {
        str(member)
        for member, state in straight.states(lives, straight.reference_of(lives), NOW, lives.head).items()
        if state.transfer_under_way is not None and county in state.transfer_under_way.regions()
    }


def test_a_branch_sees_its_own_members_and_duties_then_as_now(
    lives: Lives, connection: Connection[TupleRow], reader: Connection[TupleRow]
) -> None:
    reference = straight.reference_of(lives)
    for county in COUNTIES:
        own = branch(county, 1)
        see(reader, organisations=own)
        for as_of_us in (NOW, day_end_us(date(2025, 2, 1))):
            question = RosterQuestion(Moment(as_of_us), "affiliated", organisation=own, limit=1_000)
            assert roster.page(reader, question, reference, 0) == roster.page(connection, question, reference, 0)
            asked = WorklistQuestion(Moment(as_of_us), own, limit=1_000)
            assert duties.worklist(reader, asked, reference, 0) == duties.worklist(connection, asked, reference, 0)
        foreign = RosterQuestion(Moment(NOW), "affiliated", organisation=committee("510104"), limit=1_000)
        items = roster.page(reader, foreign, reference, 0).items
        assert county == "510104" or all(
            own in {item["responsible"], item["holder"], item["accepted_by"]}
            for item in items
            if item["member_id"] not in _under_way(lives, county)
        )


def test_what_looks_as_the_owner_shows_a_reader_no_more_than_the_tables_do(
    lives: Lives, connection: Connection[TupleRow], reader: Connection[TupleRow]
) -> None:
    connection.execute("ANALYZE")
    owners = [row[0] for row in connection.execute(_OWNERS)]
    scopes = [{"regions": county} for county in COUNTIES] + [{"organisations": committee(one)} for one in COUNTIES]
    scopes += [{"organisations": branch(one, 1)} for one in COUNTIES]
    nothing, everything = {"regions": ",,"}, {"regions": "*"}
    told, chance = Counter[tuple[int, bool]](), random.Random(61)
    for scope in (nothing, everything, *scopes):
        see(reader, **scope)
        for _ in range(6):
            on = day_end_us(date(2024, 6, 1) + timedelta(days=chance.randrange(600)))
            asked = {"owners": owners, "on": on, "known": chance.randint(lives.head // 3, lives.head)}
            for number, (function, table) in enumerate(_THEN_IN_REACH.items()):
                found = sorted(reader.execute(function, asked))
                assert found == sorted(reader.execute(table + _STOOD, asked)), (function, scope)
                told[number, scope is everything] += len(found)
                assert scope is not nothing or not found
    assert all(told[number, everybody] for number in range(len(_THEN_IN_REACH)) for everybody in (True, False)), told


def test_flows_are_of_what_may_be_seen(lives: Lives, reader: Connection[TupleRow]) -> None:
    reference = straight.reference_of(lives)
    see(reader, regions="620621")
    cells = flows.matrix(reader, "county", date(2025, 1, 1), reference).items
    assert all("620621" in {cell["origin"], cell["destination"]} for cell in cells)


@pytest.mark.usefixtures("lives")
@pytest.mark.parametrize("statement", _PLANS)
def test_an_index_is_used_under_row_level_security(statement: LiteralString, reader: Connection[TupleRow]) -> None:
    """Only leakproof comparisons reach the index when a policy stands before them."""
    see(reader, regions="62")
    reader.execute("SET enable_seqscan = off")
    plan = "\n".join(row[0] for row in reader.execute(statement))
    assert "Index Cond" in plan, plan
