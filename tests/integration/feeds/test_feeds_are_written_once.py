"""The writer of the feeds copies the log, in its order, to the regions that each event names: a page or nothing."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import orjson
import psycopg
import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from api.feed_writing import FeedWriting
from domain.fact import Fact
from infra.event_store.recorder import KitelineRecorder
from infra.event_store.save import LogStoredEvent, Save
from infra.recording.feed_events import feed_event
from infra.recording.mapper import cloud_event
from projections import region_feeds
from projections.region_feeds import FeedRow, page_after, progress, write_page
from tests.integration.feeds.conftest import REGIONS, record_lives

SOURCE = "urn:kiteline:local:1"


def written(connection: Connection[TupleRow], page: int = 1_000) -> None:
    while write_page(connection, page)[0]:
        pass


def expected(facts: list[Fact]) -> dict[str, list[str]]:
    feeds: dict[str, list[str]] = defaultdict(list)
    for fact in facts:
        for region in fact.concerns:
            feeds[region].append(fact.event_id)
    return feeds


def feed(connection: Connection[TupleRow], region: str, page: int = 7) -> list[FeedRow]:
    rows: list[FeedRow] = []
    while found := page_after(connection, region, len(rows), page):
        rows += found
    return rows


@pytest.mark.parametrize("page", [1, 5, 1_000])
def test_each_region_has_its_events_in_the_order_of_the_log_whatever_the_page(
    page: int, recorder: KitelineRecorder, writer: Connection[TupleRow]
) -> None:
    facts = record_lives(recorder, seed=page)
    written(writer, page)
    wanted = expected(facts)
    assert sorted(wanted) == sorted(REGIONS)
    for region in REGIONS:
        rows = feed(writer, region)
        assert [str(row.event_id) for row in rows] == wanted[region]
        assert [row.feedposition for row in rows] == list(range(1, len(rows) + 1))
        assert [row.position for row in rows] == sorted(row.position for row in rows)
    assert region_feeds.heads(writer) == {region: len(ids) for region, ids in wanted.items()}
    assert progress(writer) == facts[-1].position


def test_an_event_in_a_feed_is_the_leaf_with_its_place_added(
    recorder: KitelineRecorder, writer: Connection[TupleRow]
) -> None:
    record_lives(recorder, seed=11)
    written(writer)
    leaves = {row.position: orjson.loads(cloud_event(row, SOURCE)) for row in recorder.read_log(1, 10_000)}
    for region in REGIONS:
        for row in feed(writer, region):
            told = orjson.loads(feed_event(row))
            assert (told.pop("feedposition"), told.pop("prevposition")) == (row.feedposition, row.feedposition - 1)
            assert told == leaves[row.position]
            assert orjson.loads(feed_event(row, previous=0))["prevposition"] == 0


def test_where_an_event_stands_is_found_by_its_id_and_by_the_position_of_the_log(
    recorder: KitelineRecorder, writer: Connection[TupleRow]
) -> None:
    facts = record_lives(recorder, seed=12)
    written(writer)
    for region in REGIONS:
        rows = feed(writer, region)
        places = {str(row.event_id): row.feedposition for row in rows}
        for fact in facts:
            assert region_feeds.place_of(writer, region, UUID(fact.event_id)) == places.get(fact.event_id)
            before = sum(row.position <= fact.position for row in rows)
            assert region_feeds.place_at(writer, region, fact.position) == before
        assert region_feeds.bounds(writer, region) == (rows[0].event_id, rows[-1].event_id, len(rows))
    assert region_feeds.bounds(writer, "999999") is None
    middle = facts[len(facts) // 2].position
    later = {row.region for region in REGIONS for row in feed(writer, region) if row.position > middle}
    assert region_feeds.regions_since(writer, middle)[1].keys() == later
    assert region_feeds.regions_since(writer, facts[-1].position) == (facts[-1].position, {})


def test_no_value_of_an_event_is_taken_for_its_id(recorder: KitelineRecorder, writer: Connection[TupleRow]) -> None:
    event_id, decoy = str(uuid4()), f'{uuid4()}","nonce":"x'
    stored: dict[str, Any] = {
        "correlationid": decoy,
        "data": {"a": decoy, "z": {"id": str(uuid4())}},
        "dataschema": "/schemas/some_fact/v1.json",
        "id": event_id,
        "nonce": "0" * 32,
        "originid": decoy,
        "originsource": decoy,
    }
    state = orjson.dumps(stored, option=orjson.OPT_SORT_KEYS)
    recorder.record(Save([LogStoredEvent(uuid4(), 1, "some_fact", state, ("620621",))]))
    written(writer)
    assert [str(row.event_id) for row in feed(writer, "620621")] == [event_id]


def test_a_page_that_is_broken_off_leaves_nothing_and_is_written_by_the_next(
    recorder: KitelineRecorder, writer: Connection[TupleRow], database_url: str
) -> None:
    facts = record_lives(recorder, seed=13)
    with psycopg.connect(database_url) as dying:
        write_page(dying, 40)
        dying.rollback()
    assert progress(writer) == 0
    assert region_feeds.heads(writer) == {}
    written(writer, 33)
    assert {region: [str(row.event_id) for row in feed(writer, region)] for region in REGIONS} == expected(facts)


def test_nobody_writes_a_page_twice(
    recorder: KitelineRecorder, writer: Connection[TupleRow], database_url: str
) -> None:
    record_lives(recorder, seed=14)
    with psycopg.connect(database_url) as belated:
        belated.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        assert progress(belated) == 0
        written(writer)
        before = region_feeds.heads(writer)
        with pytest.raises((psycopg.errors.UniqueViolation, psycopg.errors.SerializationFailure)):
            write_page(belated, 1_000)
    assert region_feeds.heads(writer) == before


def test_a_gap_in_the_log_stops_the_writer(
    recorder: KitelineRecorder, writer: Connection[TupleRow], database_url: str
) -> None:
    facts = record_lives(recorder, seed=15)
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute("ALTER TABLE log DISABLE TRIGGER USER")
        owner.execute("DELETE FROM log WHERE position = 60")
    write_page(writer, 59)
    with pytest.raises(region_feeds.FeedGap):
        write_page(writer, 1_000)
    assert progress(writer) == 59
    assert sum(region_feeds.heads(writer).values()) == sum(len(fact.concerns) for fact in facts[:59])


@pytest.mark.parametrize("statement", ["UPDATE feed_entry SET position = 0", "DELETE FROM feed_entry"])
def test_what_is_in_a_feed_is_never_changed(
    statement: Any, recorder: KitelineRecorder, writer: Connection[TupleRow]
) -> None:
    record_lives(recorder, seed=16, members=2, steps=5)
    written(writer)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        writer.execute(statement)


def test_one_of_two_processes_writes_while_others_record(
    database_url: str, recorder: KitelineRecorder, writer: Connection[TupleRow], make_feeding: Callable[[], FeedWriting]
) -> None:
    both = [make_feeding(), make_feeding()]

    def recording(seed: int) -> None:
        with_own = KitelineRecorder(database_url)
        try:
            for number in range(40):
                state = orjson.dumps({"dataschema": "/schemas/x/v1.json", "id": str(uuid4()), "nonce": "0" * 32})
                concerned = tuple(REGIONS[: (seed + number) % 4])
                with_own.record(Save([LogStoredEvent(uuid4(), 1, "x", state, concerned)]))
        finally:
            with_own.close()

    threads = [threading.Thread(target=recording, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    both[0].close()  # the one that leads, as like as not: the other goes on
    for thread in threads:
        thread.join()
    finished = threading.Event()
    for _ in range(2_000):
        if progress(writer) == 160:
            break
        finished.wait(0.02)
    assert progress(writer) == 160
    assert both[1].state == "ok"
    rows = recorder.read_log(1, 10_000)
    for region in REGIONS:
        wanted = [row.position for row in rows if region in row.concerns]
        assert [row.position for row in feed(writer, region)] == wanted
