"""docs/subscribing.md does what it says: each program as it stands there, killed at any moment; each event as shown."""

from __future__ import annotations

import base64
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import orjson
import psycopg
import pytest
from standardwebhooks import Webhook

from consumers.publishing import progress
from consumers.publishing.publisher import Publishing
from consumers.webhooks.worker import Webhooks
from infra.broker import lifecycle
from infra.database.embedded import EmbeddedPostgres
from infra.recording.feed_events import feed_event
from projections.region_feeds import heads, page_after
from tests.integration.feeds.subscriber import whole_feed
from tests.integration.subscribing.guide import Program, await_that, blocks, must_be_as_written
from tests.integration.subscribing.told_lives import HERE, arrive, live, reorganise
from tests.running_service import Person, Running, service_on_fresh_database, synthetic_identity_number
from tests.serving import free_port

AWAY = ("awaiting_check_in", "checked_in", "settled")
Members = dict[str, tuple[Any, Any, Any]]


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("broker")
    yield lifecycle.start(home).bootstrap_servers
    lifecycle.stop(home)


@pytest.fixture(scope="module")
def running(postgres: EmbeddedPostgres, servers: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Serve, publish to Kafka, and call webhooks."""
    home = tmp_path_factory.mktemp("home")
    allowed = {"kafka_bootstrap_servers": servers, "webhook_allowed_targets": "127.0.0.1/32"}
    with service_on_fresh_database(postgres, home, **allowed) as service, ExitStack() as stack:
        own = service.service
        url = own.settings.database_url or ""
        stack.callback(Publishing(own.settings, url).close)
        stack.callback(Webhooks(own.kiteline, url, own.settings).close)
        yield service


@pytest.fixture(scope="module")
def shown(running: Running) -> dict[str, str]:
    """Let everything happen that the guide speaks of."""
    return live(running)


@pytest.fixture
def sister(running: Running, shown: dict[str, str]) -> Person:  # noqa: ARG001 - what is shown has happened by then
    """The system of the region's own."""
    return running.as_role("sister_system", region=HERE)


@pytest.fixture
def program(sister: Person, servers: str, tmp_path: Path) -> Callable[[str], Program]:
    """Write one of the guide's programs into a folder and give it what it asks for."""
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(tmp_path), "KITELINE_URL": sister.running.url, "TOKEN": sister.token,
        "REGION": HERE, "BOOTSTRAP_SERVERS": servers,
    }  # fmt: skip
    return lambda name: Program(name, tmp_path, environment)


def told(events: list[dict[str, Any]]) -> Members:
    """Return who is where, by the guide's rules."""
    members: Members = {}
    for event in events:
        after = event["data"]["after"]
        if after and after.get("present", True):
            leg = after["movement"] or {"region": None, "declared_region": None, "origin": {"region": None}}
            members[event["subject"]] = (
                after["stage"],
                leg["region"] or leg["declared_region"],
                leg["origin"]["region"],
            )
    return members


def held(program: Program) -> Members:
    """Return who is where, as a program has it."""
    if program.name == "consumer.py":
        with closing(sqlite3.connect(program.folder / "members.db")) as store:
            try:
                rows = store.execute("SELECT id, stage, place, origin FROM member").fetchall()
            except sqlite3.OperationalError:  # it has not begun yet
                return {}
        return {one: (stage, place, origin) for one, stage, place, origin in rows}
    state = program.read("state.json") or {"members": {}}
    return {one: (kept["stage"], kept["place"], kept["origin"]) for one, kept in state["members"].items()}


def inflow(person: Person, **asked: object) -> set[str]:
    """Return who is here from elsewhere, by the roster."""
    answer = person.ask("/v1/rosters", region=HERE, side="inflow", limit=1000, **asked)
    assert answer["next"] is None
    return {item["member_id"] for item in answer["items"]}


@pytest.mark.parametrize("name", ["consumer.py", "follow.sh", "follow.mjs", "follow.go"])
def test_a_program_knows_who_is_where_whatever_it_was_killed_at(
    name: str, program: Callable[[str], Program], sister: Person, running: Running
):
    reader = program(name)
    for leave in (False, True):
        with reader.running():
            await_that(lambda: bool(held(reader)), reader.said)
            arrive(running.department, leave=leave)
    with reader.running():
        expected = told(whole_feed(sister, HERE))
        await_that(lambda: held(reader) == expected, reader.said)
        here = {one for one, (stage, place, origin) in expected.items() if stage in AWAY and place == HERE != origin}
        assert here == inflow(sister)
        if name == "follow.sh":
            await_that(lambda: set(reader.read("here.json")) == here, reader.said)


def test_a_receiver_of_webhooks_takes_what_is_genuine_and_knows_who_is_where(
    program: Callable[[str], Program], sister: Person, running: Running
):
    port = free_port()
    called = f"http://127.0.0.1:{port}/"
    subscribe, reader = program("subscribe.sh"), program("receiver.mjs")
    subscribe.run(CALLED=called)
    reader.environment["PORT"] = str(port)
    with reader.running():
        await_that(lambda: bool(held(reader)), reader.said)
        arrive(running.department, leave=True)
    with reader.running():
        feed = whole_feed(sister, HERE)
        await_that(lambda: held(reader) == told(feed), reader.said)
        content = orjson.dumps({**feed[-1], "feedposition": len(feed) + 1, "prevposition": len(feed)})
        at, forged = datetime.now(UTC), Webhook(base64.b64encode(bytes(24)).decode())
        signed = {"webhook-id": "x", "webhook-timestamp": str(int(at.timestamp()))}
        signature = forged.sign("x", at, content.decode())
        answer = httpx.post(
            called, content=content, headers={**signed, "webhook-signature": signature}, trust_env=False
        )
        assert answer.status_code == 401
        assert held(reader) == told(feed)


def test_what_is_sent_to_kafka_again_counts_once(program: Callable[[str], Program], sister: Person, running: Running):
    reader = program("consumer.py")
    with reader.running():
        expected = told(whole_feed(sister, HERE))
        await_that(lambda: held(reader) == expected, reader.said)
        with psycopg.connect(running.service.settings.database_url or "", autocommit=True) as connection:
            progress.ask(connection, HERE)
            await_that(lambda: HERE not in progress.asked(connection), lambda: "not asked to publish again")
        arrive(running.department, leave=False)
        whole = whole_feed(sister, HERE)
        await_that(lambda: held(reader) == told(whole), reader.said)
    with closing(sqlite3.connect(reader.folder / "members.db")) as store:
        ((source, feedposition, following),) = store.execute("SELECT * FROM place").fetchall()
    assert (source, feedposition) == (whole[-1]["source"], whole[-1]["feedposition"])
    assert following > feedposition, "the topic holds the feed more than once"


def test_a_snapshot_and_the_feed_behind_it_are_exact_while_everybody_records(
    program: Callable[[str], Program], sister: Person, running: Running
):
    snapshot, follow = program("snapshot.sh"), program("follow.sh")
    over = threading.Event()

    def record() -> None:
        other = running.department
        for number in count():
            if over.is_set():
                return
            arrive(other, leave=number % 2 == 0)

    recording = [threading.Thread(target=record) for _ in range(2)]
    for thread in recording:
        thread.start()
    try:
        overtaken = 0
        while overtaken < 3:
            snapshot.run(LIMIT="10")
            taken = snapshot.read("state.json")
            known = taken["after_position"]
            overtaken += running.latest > known
            assert set(taken["members"]) == inflow(sister, known_at=known)
            with follow.running():
                await_that(lambda: "last" in follow.read("state.json"), follow.said)
    finally:
        over.set()
        for thread in recording:
            thread.join()
    with follow.running():
        last = whole_feed(sister, HERE)[-1]["id"]
        await_that(lambda: follow.read("state.json").get("last") == last, follow.said)
        here = inflow(sister)
        await_that(lambda: set(follow.read("here.json")) == here, lambda: follow.read("here.json"))
    first = sister.http.get(f"/v1/feeds/{HERE}", params={"after_position": known, "limit": 1}).json()
    assert first[0]["position"] > known
    assert first[0]["prevposition"] == sum(event["position"] <= known for event in whole_feed(sister, HERE))


def test_no_feed_holds_anything_personal(running: Running):
    department, number = running.department, synthetic_identity_number()
    member = department.register("MQ-1", name="测试不传", identity_number=number, phone="13900001234", ethnicity="01")
    department.command(member, "report-departure", "2025-03-01", destination={"region": HERE})
    department.command(member, "hold-pre-departure-talk", "2025-03-01", by="测试谈话人")
    gone = department.command(member, "check-in", "2025-03-05", region=HERE, channel="WORKER")
    event_id = gone["events"][0]["event_id"]
    changes = {"occurred_at": "2025-03-04"}
    department.command(member, "correct-event", "2025-03-06", event_id=event_id, changes=changes, reason="测试缘由")
    whole_feed(department, HERE)
    with running.service.kiteline.log.reading() as connection:
        sent = b"".join(
            feed_event(row) for region in heads(connection) for row in page_after(connection, region, 0, 10_000)
        )
    assert event_id.encode() in sent
    for personal in ("测试不传", number, "13900001234", "测试谈话人", "测试缘由"):
        assert personal.encode() not in sent


def test_a_consumer_takes_no_more_than_thirty_lines():
    assert {name: len(blocks()[name].splitlines()) <= 30 for name in ("consumer.py", "follow.sh")} == {
        "consumer.py": True, "follow.sh": True,
    }  # fmt: skip


def test_events_are_as_the_guide_shows_them(sister: Person, shown: dict[str, str]):
    events = {event["id"]: event for event in whole_feed(sister, HERE)}
    for name, event_id in shown.items():
        must_be_as_written(orjson.loads(blocks()[name]), events[event_id], name)


def test_a_region_that_gets_another_code_hears_of_it_and_both_feeds_go_on(running: Running):
    event_id = reorganise(running.department)
    successor = running.as_role("sister_system", region="620193")
    renamed = whole_feed(successor, HERE)[-1]
    must_be_as_written(orjson.loads(blocks()["reorganised"]), renamed)
    assert renamed["id"] == event_id
    arrive(running.department, leave=True)
    old, new = (whole_feed(successor, region) for region in (HERE, "620193"))
    assert [event["id"] for event in old][-3:] == [event["id"] for event in new][-3:]
