"""A sister reads her region's feed page by page: to its end, on from the last event she holds, and as it grows."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count, cycle
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.shapes.feeds import FeedEvent
from infra.database.embedded import EmbeddedPostgres
from infra.metrics import REGISTRY
from projections.region_feeds import LEAD, LEAVE
from tests.integration.feeds.subscriber import BATCH, Broken, await_listeners, must_be_unbroken, raw_request, whole_feed
from tests.running_service import Person, Running, running_service, service_on_fresh_database

HERE, THERE = "620621", "620102"
_names = count(1)


@pytest.fixture(scope="module")
def running(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Run a service with a branch in Minqin 民勤 and one in Chengguan 城关, and members who move between them."""
    with service_on_fresh_database(postgres, tmp_path_factory.mktemp("home")) as service:
        department = service.department
        department.organise("MQ-1", HERE)
        department.organise("LZ-1", THERE)
        for _ in range(12):
            member = department.register("MQ-1")
            department.command(member, "depart", "2025-03-02", destination={"region": THERE})
            department.command(member, "check-in", "2025-03-05", region=THERE, channel="WORKER")
        yield service


@pytest.fixture
def sister(running: Running) -> Person:
    """The system of a sister in Minqin."""
    return running.as_role("sister_system", region=HERE)


def happen(running: Running) -> str:
    """Let something happen that concerns Minqin; returns the event's id."""
    department = running.department
    answer = department.record(
        "/v1/organisations", code=f"NEW-{next(_names)}", name="样例新支部", kind="BRANCH", region=HERE, parent="MQ-1"
    )
    return str(answer["events"][0]["event_id"])


def page(person: Person, region: str = HERE, **parameters: Any) -> list[dict[str, Any]]:
    answer = person.http.get(f"/v1/feeds/{region}", params=parameters)
    assert answer.status_code == 200, answer.text
    return list(answer.json())


def test_a_feed_is_read_to_its_end_without_a_gap_and_holds_what_concerns_the_region(running: Running, sister: Person):
    events = whole_feed(sister, HERE)
    must_be_unbroken(events)
    assert [event["type"] for event in events].count("org.kiteline.departed.v1") == 12
    there = whole_feed(running.department, THERE)
    must_be_unbroken(there)
    assert {event["id"] for event in events} & {event["id"] for event in there}
    assert [event["position"] for event in events] == sorted(event["position"] for event in events)
    for event in events:
        FeedEvent.model_validate(event)


def test_the_check_notices_a_gap_a_repetition_and_another_order(sister: Person):
    events = whole_feed(sister, HERE)
    for broken in (events[:3] + events[4:], events[:3] + events[2:], [events[1], events[0]], events[1:]):
        with pytest.raises(Broken):
            must_be_unbroken(broken)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(limits=st.lists(st.integers(1, 17), min_size=1, max_size=6))
def test_pages_of_any_size_are_the_same_feed(sister: Person, limits: list[int]):
    read: list[dict[str, Any]] = []
    for limit in cycle(limits):
        begun = {"lastEventId": read[-1]["id"]} if read else {}
        found = page(sister, limit=limit, **begun)
        assert len(found) <= limit
        if not found:
            break
        read += found
    assert read == whole_feed(sister, HERE)


def test_a_full_page_may_be_kept_for_ever_and_a_shorter_one_is_asked_for_again(running: Running, sister: Person):
    first = sister.http.get(f"/v1/feeds/{HERE}", params={"limit": 5})
    assert first.headers["cache-control"] == "private, max-age=31536000, immutable"
    whole = whole_feed(sister, HERE)
    rest = {"limit": 1000, "lastEventId": whole[-3]["id"]}
    short = sister.http.get(f"/v1/feeds/{HERE}", params=rest)
    assert short.headers["cache-control"] == "private, no-cache"

    happen(running)
    again = {"limit": 5, "min_position": running.latest}
    same = sister.http.get(f"/v1/feeds/{HERE}", params=again, headers={"If-None-Match": first.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    assert same.headers["etag"] == first.headers["etag"]
    assert sister.http.get(f"/v1/feeds/{HERE}", params=again).content == first.content
    grown = sister.http.get(
        f"/v1/feeds/{HERE}",
        params=rest | {"min_position": running.latest},
        headers={"If-None-Match": short.headers["etag"]},
    )
    assert grown.status_code == 200
    assert grown.json()[:2] == short.json()
    assert len(grown.json()) == 3


def test_an_event_that_is_not_in_the_feed_is_gone_and_the_ends_are_told(running: Running, sister: Person):
    events, elsewhere = whole_feed(sister, HERE), whole_feed(running.department, THERE)
    foreign = next(event["id"] for event in elsewhere if event["id"] not in {one["id"] for one in events})
    for unknown in (foreign, str(uuid4()), "never-an-id"):
        for path in (f"/v1/feeds/{HERE}", f"/v1/feeds/{HERE}/stream"):
            answer = sister.http.get(path, params={"lastEventId": unknown})
            assert (answer.status_code, answer.json()["code"]) == (410, "event_not_in_feed")
            assert (answer.json()["first"], answer.json()["last"]) == (events[0]["id"], events[-1]["id"])
    empty = running.department.http.get("/v1/feeds/620602", params={"lastEventId": foreign})
    assert (empty.status_code, empty.json()["first"], empty.json()["last"]) == (410, None, None)


def test_nobody_is_told_that_an_event_is_gone_while_the_feed_is_not_written_to_its_end(database_url: str, home: Path):
    with psycopg.connect(database_url, autocommit=True) as other:
        other.execute(LEAD)  # so that nobody writes feeds, as in the moment after a crash
        with running_service(home, database_url) as running:
            department = running.department
            answer = department.record("/v1/organisations", code="A", name="样例", kind="BRANCH", region=HERE)
            held = answer["events"][0]["event_id"]
            for path in (f"/v1/feeds/{HERE}", f"/v1/feeds/{HERE}/stream"):
                unsure = department.http.get(path, params={"lastEventId": held})
                assert (unsure.status_code, unsure.json()["code"]) == (503, "position_not_reached")
            other.execute(LEAVE)
            assert whole_feed(department, HERE)[0]["id"] == held
            assert page(department, lastEventId=held) == []
            assert department.http.get(f"/v1/feeds/{HERE}", params={"lastEventId": str(uuid4())}).status_code == 410


def test_no_id_and_an_empty_id_are_the_beginning(sister: Person):
    assert page(sister, limit=2, lastEventId="") == page(sister, limit=2)
    assert page(sister, limit=2)[0]["feedposition"] == 1


def test_the_feed_behind_a_position_of_the_log_begins_with_the_first_event_after_it(sister: Person):
    events = whole_feed(sister, HERE)
    position = events[4]["position"]
    assert page(sister, after_position=position, limit=1000) == events[5:]
    assert page(sister, after_position=position - 1, limit=1000) == events[4:]
    assert page(sister, after_position=0, limit=1000) == events
    both = sister.http.get(f"/v1/feeds/{HERE}", params={"after_position": 0, "lastEventId": events[0]["id"]})
    assert both.status_code == 422


def test_a_long_poll_waits_for_an_event_and_answers_with_it(running: Running, sister: Person):
    whole_feed(sister, HERE)
    for _ in range(3):
        last = whole_feed(sister, HERE)[-1]
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(page, sister, lastEventId=last["id"], timeout=25_000)
            await_listeners(sister, 1)
            happened = happen(running)
            assert [event["id"] for event in asked.result()] == [happened]
    await_listeners(sister, 0)


def test_all_who_wait_at_one_place_get_the_same_bytes(running: Running, sister: Person):
    last = whole_feed(sister, HERE)[-1]["id"]

    def polled(_: int) -> tuple[int, str, bytes]:
        asking = running.as_role("sister_system", region="620000")
        answer = asking.http.get(f"/v1/feeds/{HERE}", params={"lastEventId": last, "timeout": 25_000})
        return answer.status_code, answer.headers["content-type"], answer.content

    with ThreadPoolExecutor(24) as pool:
        asked = pool.map(polled, range(24))
        await_listeners(sister, 24)
        happened = happen(running)
        answers = set(asked)
    assert len(answers) == 1
    status, media_type, content = answers.pop()
    assert (status, media_type) == (200, BATCH)
    assert happened.encode() in content


def test_a_long_poll_without_news_ends_empty_at_its_time(sister: Person):
    last = whole_feed(sister, HERE)[-1]["id"]
    answer = sister.http.get(f"/v1/feeds/{HERE}", params={"lastEventId": last, "timeout": 300})
    assert (answer.status_code, answer.json()) == (200, [])
    assert answer.elapsed.total_seconds() >= 0.3
    assert "etag" not in answer.headers


def test_a_caller_who_leaves_a_long_poll_is_not_waited_for(sister: Person):
    last = whole_feed(sister, HERE)[-1]["id"]
    with raw_request(sister, f"/v1/feeds/{HERE}?lastEventId={last}&timeout=60000"):
        await_listeners(sister, 1)
    await_listeners(sister, 0)


@pytest.mark.parametrize(
    ("role", "region", "status"),
    [
        ("sister_system", "620621", 200),
        ("sister_system", "620600", 200),
        ("sister_system", "620000", 200),
        ("organisation_department", "620000", 200),
        ("auditor", "000000", 200),
        ("sister_system", "620102", 404),
        ("sister_system", "510000", 404),
        ("organisation_department", "620100", 404),
        ("operator", "000000", 403),
    ],
)
def test_a_feed_is_there_for_whom_its_region_is_in_reach(running: Running, role: str, region: str, status: int):
    person = running.as_role(role, region=region)
    answer = person.http.get(f"/v1/feeds/{HERE}", params={"limit": 1})
    assert answer.status_code == status, answer.text
    if status != 200:
        assert person.http.get(f"/v1/feeds/{HERE}/stream").status_code == status


def test_a_region_that_never_was_is_not_there_and_one_without_events_is_empty(running: Running):
    country = running.as_role("sister_system", region="000000")
    for path in ("/v1/feeds/629999", "/v1/feeds/629999/stream", "/v1/feeds/629999?lastEventId=x"):
        assert country.http.get(path).status_code == 404
    assert page(country, "620602") == []
    assert country.http.get("/v1/feeds/62").status_code == 422
    country.http.headers.pop("authorization")
    assert country.http.get(f"/v1/feeds/{HERE}").status_code == 401


def test_waiting_is_no_part_of_a_requests_time(database_url: str, home: Path):
    with running_service(home, database_url, request_timeout_seconds=2.0) as hasty:
        hasty.department.organise("MQ-1", HERE)
        last = whole_feed(hasty.department, HERE)[-1]["id"]
        before = seconds_told()
        answer = hasty.department.http.get(f"/v1/feeds/{HERE}", params={"lastEventId": last, "timeout": 2_500})
        assert (answer.status_code, answer.json()) == (200, [])
        assert answer.elapsed.total_seconds() >= 2.5
    assert before < seconds_told() < before + 2.0


def seconds_told() -> float:
    """Read how many seconds the answered questions for feeds took, by the figures."""
    labels = {"method": "GET", "route": "/v1/feeds/{region}", "status": "2xx"}
    told = REGISTRY.get_sample_value("kiteline_http_request_duration_seconds_sum", labels)
    assert told is not None
    return told
