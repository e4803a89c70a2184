"""The large logs of the benchmarks: cloned events are proper ones, cloned read models what folding them gives."""

from collections.abc import Callable
from datetime import date
from uuid import uuid4

import psycopg
import pytest

from bench.cloned_lives import COUNTY_GROUPS, MARKER, Plan, plan_for
from bench.large_log import make_log, make_read_models, take_away
from bench.s10_growth import two_events
from domain.reference import empty_reference
from infra.event_store.recorder import KitelineRecorder
from infra.event_store.save import Idempotency, Save
from infra.recording.mapper import FactMapper, encode, fact_from_row
from projections.log_rows import Log
from projections.position import reflected
from projections.rebuild import VIEWS, rebuild
from projections.state_hash import state_hash
from tests.integration.projections.conftest import Pool

MEMBERS, GROUPS, COPIES_A_GROUP = 25, 3, 2
_PHYSICAL_ORDER = "SELECT array_agg(position) = array_agg(position ORDER BY position) FROM log"
_HEADS = """
SELECT count(*) FROM stream_head AS h
FULL JOIN (SELECT originator_id, max(originator_version) AS last, count(*) AS events FROM log GROUP BY 1) AS l
    USING (originator_id)
WHERE h.version IS DISTINCT FROM l.last OR l.events IS DISTINCT FROM l.last
"""
_CONTENT = """
SELECT (SELECT array_agg(l ORDER BY l) FROM log AS l)::text,
       (SELECT array_agg(h ORDER BY h) FROM stream_head AS h)::text,
       (SELECT array_agg(i ORDER BY i) FROM idempotency AS i)::text
"""
_A_STREAM = "SELECT originator_id, version FROM stream_head ORDER BY originator_id LIMIT 1"
_INDEXES = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY indexdef"


@pytest.fixture
def made(database_url: str) -> str:
    make_log(database_url, Plan(MEMBERS, GROUPS, COPIES_A_GROUP))
    return database_url


def test_every_cloned_row_is_a_proper_event_of_a_stream_of_its_own(made: str) -> None:
    recorder = KitelineRecorder(made)
    rows = recorder.read_log(1, 100_000)
    facts = [fact_from_row(row, keep_after=True) for row in rows]
    members = [fact for fact in facts if fact.body.fact != "organisation_registered"]

    assert [row.position for row in rows] == list(range(1, len(rows) + 1))
    assert [encode(fact) for fact in facts] == [row.state for row in rows], "the state is canonical JSON still"
    assert len({fact.event_id for fact in facts}) == len({fact.nonce for fact in facts}) == len(facts)
    assert len({fact.stream for fact in members}) == MEMBERS * GROUPS * COPIES_A_GROUP
    assert not any(MARKER in row.state.decode() for row in rows)
    assert [row.recorded_at for row in rows] == sorted(row.recorded_at for row in rows)
    for fact in members:
        groups = [group for group in COUNTY_GROUPS[:GROUPS] if set(fact.concerns) <= set(group)]
        assert len(groups) == 1
        assert fact.concerns == tuple(sorted(fact.concerns))

    with psycopg.connect(made) as connection:
        assert connection.execute(_PHYSICAL_ORDER).fetchone() == (True,)
        assert connection.execute(_HEADS).fetchone() == (0,)
        assert connection.execute("SELECT count(*), sum(event_count) FROM idempotency").fetchone() == (
            len(rows),
            len(rows),
        )
    stream = recorder.select_events(members[-1].stream)
    mapper = FactMapper()
    again = mapper.to_domain_event(stream[-1])
    again.version += 1
    recorder.submit_many([Save([mapper.to_stored_event(again)])])[0].result()
    assert recorder.max_notification_id() == len(rows) + 1, "the log goes on where the clones end"
    recorder.close()


def test_cloned_read_models_are_what_a_rebuild_from_the_cloned_log_makes(made: str, pool: Pool, log: Log) -> None:
    make_read_models(made)

    with pool.connection() as connection:
        cloned, standing = state_hash(connection), reflected(connection)
    rebuilt = rebuild(pool, log, VIEWS)
    with pool.connection() as connection:
        assert state_hash(connection) == cloned
        assert reflected(connection).latest_us == standing.latest_us
    assert rebuilt.position == standing.position
    assert all(int(cloned[table].split(":")[0]) > 0 for table in cloned if table not in ("tally", "parked"))


def test_tables_have_their_indexes_again(made: str, make_database: Callable[..., str]) -> None:
    with psycopg.connect(made) as here, psycopg.connect(make_database()) as untouched:
        assert here.execute(_INDEXES).fetchall() == untouched.execute(_INDEXES).fetchall()


def test_groups_of_counties_lie_to_each_other_as_the_first_does_and_sort_alike() -> None:
    regions = empty_reference().regions
    first, day = COUNTY_GROUPS[0], date(2024, 6, 1)
    order = sorted(range(len(first)), key=first.__getitem__)

    for group in COUNTY_GROUPS:
        assert [group[number] for number in order] == sorted(group)
        assert [[regions.scope(a, b, day) for a in group] for b in group] == [
            [regions.scope(a, b, day) for a in first] for b in first
        ]
    assert len({county for group in COUNTY_GROUPS for county in group}) == len(first) * len(COUNTY_GROUPS)


@pytest.mark.parametrize("events", [10_000, 100_000, 1_000_000, 10_000_000, 20_000_000])
def test_a_plan_gives_the_events_asked_for(events: int) -> None:
    plan = plan_for(events)
    assert plan.members * plan.copies * 20 == pytest.approx(events, rel=0.001)
    assert plan.groups <= len(COUNTY_GROUPS)


def test_what_a_benchmark_appended_is_taken_away_again(made: str) -> None:
    with psycopg.connect(made) as connection:
        before = connection.execute(_CONTENT).fetchone()
        stream, version = connection.execute(_A_STREAM).fetchone() or ()
        (events,) = connection.execute("SELECT count(*) FROM log").fetchone() or ()
    recorder = KitelineRecorder(made)
    recorder.insert_events(two_events(stream, version), idempotency=Idempotency("bench", b"1", b"1", 201))
    recorder.insert_events(two_events(uuid4(), 0), idempotency=Idempotency("bench", b"2", b"2", 201))
    recorder.insert_events(two_events(stream, version + 2))
    recorder.close()
    with psycopg.connect(made) as connection:
        assert connection.execute(_CONTENT).fetchone() != before

    take_away(made, events)

    with psycopg.connect(made) as connection:
        assert connection.execute(_CONTENT).fetchone() == before
        assert connection.execute(_HEADS).fetchone() == (0,)
