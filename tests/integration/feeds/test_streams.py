"""A sister listens to her region's feed as server-sent events: nothing is missed, whatever happens to the line."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

from infra.database.embedded import EmbeddedPostgres
from tests.integration.feeds.subscriber import (
    Frames,
    await_listeners,
    must_be_unbroken,
    raw_request,
    streaming,
    whole_feed,
)
from tests.running_service import Person, Running, running_service, service_on_fresh_database

HERE = "620621"
QUICK = {"stream_heartbeat_seconds": 0.2, "stream_stall_seconds": 1.0}
_TERMINATE = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = %s"
_codes = count(1)


@pytest.fixture(scope="module")
def running(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Run a service with a branch in Minqin 民勤, hearts beating fast."""
    with service_on_fresh_database(postgres, tmp_path_factory.mktemp("home"), **QUICK) as service:
        service.department.organise("MQ-1", HERE)
        yield service


@pytest.fixture
def sister(running: Running) -> Person:
    """The system of a sister in Minqin."""
    return running.as_role("sister_system", region=HERE)


def happen(running: Running, times: int = 1) -> list[str]:
    """Let something happen that concerns Minqin, so many times; returns the events' ids."""
    department = running.department
    body = {"name": "样例" * 50, "kind": "BRANCH", "region": HERE, "parent": "MQ-1"}
    answers = [department.record("/v1/organisations", code=f"C-{next(_codes)}", **body) for _ in range(times)]
    return [str(answer["events"][0]["event_id"]) for answer in answers]


def test_a_stream_begins_with_the_first_event_and_goes_on_with_what_happens(running: Running, sister: Person):
    before = whole_feed(sister, HERE)
    with streaming(sister, HERE) as stream:
        events = stream.take(len(before))
        assert events == before
        for _ in range(3):
            happened = happen(running)
            events += stream.take(1)
            assert events[-1]["id"] == happened[0]
    assert stream.retry in range(1_000, 5_000)
    must_be_unbroken(events)
    assert events == whole_feed(sister, HERE)


def test_a_subscriber_that_comes_back_again_and_again_misses_nothing(running: Running, sister: Person):
    seed = random.randrange(2**32)
    choose = random.Random(seed)
    wanted = len(whole_feed(sister, HERE)) + 60
    writing = threading.Thread(target=happen, args=(running, 60))
    writing.start()
    held: list[dict[str, Any]] = []
    while len(held) < wanted:
        with streaming(sister, HERE, held[-1]["id"] if held else None) as stream:
            held += stream.take(min(choose.randint(1, 9), wanted - len(held)))
    writing.join()
    must_be_unbroken(held)
    assert held == whole_feed(sister, HERE), f"seed {seed}"


def test_the_header_of_one_who_comes_back_goes_before_the_address(sister: Person, running: Running):
    happen(running, 3)
    events = whole_feed(sister, HERE)
    with streaming(sister, HERE, lastEventId=events[0]["id"]) as stream:
        assert stream.take(1) == [events[1]]
    with streaming(sister, HERE, events[1]["id"], lastEventId=events[0]["id"]) as stream:
        assert stream.take(1) == [events[2]]
    with streaming(sister, HERE, after_position=str(events[1]["position"])) as stream:
        assert stream.take(1) == [events[2]]


def test_the_heart_of_a_stream_beats_while_nothing_happens(running: Running, sister: Person):
    last = whole_feed(sister, HERE)[-1]["id"]
    with streaming(sister, HERE, last) as stream, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(stream.take, 1)
        while stream.comments < 5:
            assert not waiting.done()
        (happened,) = happen(running)
        assert [event["id"] for event in waiting.result()] == [happened]


def test_one_who_leaves_is_forgotten(sister: Person):
    await_listeners(sister, 0)
    with streaming(sister, HERE):
        await_listeners(sister, 1)
    await_listeners(sister, 0)


def test_news_whose_announcement_is_lost_come_all_the_same(running: Running, sister: Person):
    last = whole_feed(sister, HERE)[-1]["id"]
    with streaming(sister, HERE, last) as stream, psycopg.connect(database_of(running), autocommit=True) as owner:
        for application in ("kiteline feed watch", "kiteline event store", "kiteline region feeds"):
            await_listeners(sister, 1)
            row = owner.execute(_TERMINATE, (application,)).fetchone()
            assert row is not None
            assert row[0] >= 1
            (happened,) = recorded_in_the_end(running)
            assert [event["id"] for event in stream.take(1)] == [happened]


def recorded_in_the_end(running: Running) -> list[str]:
    """Let something happen though connections were just cut: a caller comes back with the same key."""
    body = {"code": f"C-{next(_codes)}", "name": "样例", "kind": "BRANCH", "region": HERE, "parent": "MQ-1"}
    for _ in range(20):
        answer = running.department.post("/v1/organisations", body, key=body["code"])
        if answer.status_code == 201:
            return [answer.json()["events"][0]["event_id"]]
    raise AssertionError(answer.text)


def database_of(running: Running) -> str:
    url = running.service.settings.database_url
    assert url is not None
    return url


def test_a_subscriber_that_takes_nothing_is_cut_off_and_goes_on_where_it_was(running: Running, sister: Person):
    happen(running, 500)
    with raw_request(sister, f"/v1/feeds/{HERE}/stream", receive_buffer=4_096) as connection:
        taken = connection.recv(65_536)
        await_listeners(sister, 1)
        await_listeners(sister, 0)
        with suppress(ConnectionResetError):
            while rest := connection.recv(65_536):
                taken += rest
    held = ids_in(taken)
    everything = whole_feed(sister, HERE)
    assert 0 < len(held) < len(everything)
    with streaming(sister, HERE, held[-1]) as stream:
        held += [event["id"] for event in stream.take(len(everything) - len(held))]
    assert held == [event["id"] for event in everything]


def ids_in(taken: bytes) -> list[str]:
    """Return the ids of the frames that are whole."""
    frames = taken.decode("utf-8", "replace").split("\n\n")[:-1]
    return [frame.split("id: ")[1].split("\n")[0] for frame in frames if "\ndata: " in frame]


def test_a_subscriber_whose_region_is_no_longer_its_own_is_let_go(postgres: EmbeddedPostgres, home: Path):
    with service_on_fresh_database(postgres, home, **QUICK) as running:
        running.department.organise("MQ-1", HERE)
        sister = running.as_role("sister_system", region=HERE)
        with streaming(sister, HERE) as stream:
            stream.take(1)
            merged = {"kind": "MERGED", "from": [HERE], "to": ["620602"], "effective_on": "2025-01-01"}
            running.department.record("/v1/regions/reorganise", occurred_at="2025-01-01", **merged)
            while stream.next() is not None:
                pass
            assert stream.ended
        assert sister.http.get(f"/v1/feeds/{HERE}").status_code == 404


def test_streams_and_long_polls_end_when_the_service_stops(database_url: str, home: Path):
    with ThreadPoolExecutor(3) as pool:
        with running_service(home, database_url) as running:
            running.department.organise("MQ-1", HERE)
            last = whole_feed(running.department, HERE)[-1]["id"]
            listening = [running.as_role("sister_system", region=HERE) for _ in range(3)]
            streams = [pool.submit(listen_to_the_end, person) for person in listening[:2]]
            asked = {"lastEventId": last, "timeout": 60_000}
            polled = pool.submit(listening[2].http.get, f"/v1/feeds/{HERE}", params=asked)
            await_listeners(running.department, 3)
        assert [stream.result().ended for stream in streams] == [True, True]
        assert (polled.result().status_code, polled.result().json()) == (200, [])


def listen_to_the_end(person: Person) -> Frames:
    """Listen until the stream is ended as HTTP ends an answer; one that is cut off raises."""
    with streaming(person, HERE) as stream:
        while stream.next() is not None:
            pass
    return stream


def test_more_than_may_listen_are_told_to_come_back(database_url: str, home: Path):
    with running_service(home, database_url, max_listeners=1) as running:
        running.department.organise("MQ-1", HERE)
        sister = running.as_role("sister_system", region=HERE)
        with streaming(sister, HERE) as stream:
            (event,) = stream.take(1)
            asked = {"lastEventId": event["id"], "timeout": 1_000}
            for refused in (
                sister.http.get(f"/v1/feeds/{HERE}/stream"),
                sister.http.get(f"/v1/feeds/{HERE}", params=asked),
            ):
                assert (refused.status_code, refused.json()["code"]) == (503, "too_many_listeners")
                assert refused.headers["retry-after"]
            assert sister.http.get(f"/v1/feeds/{HERE}").status_code == 200


def test_a_stream_lives_longer_than_a_request_may_take(database_url: str, home: Path):
    with running_service(home, database_url, request_timeout_seconds=1.0, **QUICK) as running:
        department = running.department
        recorded = department.post("/v1/organisations", {"code": "A", "name": "样例", "kind": "BRANCH", "region": HERE})
        assert recorded.status_code == 201
        with streaming(department, HERE) as stream:
            stream.take(1)
            with ThreadPoolExecutor(1) as pool:
                waiting = pool.submit(stream.take, 1)
                while stream.comments < 10:  # two seconds of silence
                    assert not waiting.done()
                happened = {"code": "B", "name": "样例", "kind": "BRANCH", "region": HERE}
                assert department.post("/v1/organisations", happened).status_code == 201
                assert len(waiting.result()) == 1
