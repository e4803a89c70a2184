"""kill -9 of whatever serves feeds, at random instants: pages, streams, webhooks and topics hold each event, in order.

Killed are the API, writers of feeds, publishers (which send webhooks as well), the broker and the database; in the end
the broker loses all its data, and its topics are filled again.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import orjson
import psutil
import psycopg
import pytest
from confluent_kafka import KafkaException
from eventsourcing.persistence import PersistenceError

from infra.broker import lifecycle
from infra.database.embedded import EmbeddedPostgres
from infra.database.migrations import migrate
from infra.event_store.recorder import KitelineRecorder
from infra.event_store.save import LogStoredEvent, Save
from infra.recording.feed_events import feed_event
from infra.settings import Settings
from infra.tokens.configured import local_issuer
from infra.tokens.principal import Role
from projections.region_feeds import page_after
from tests.faults.feed_followers import Follower, Forgetful, Listener, Poller, Unexpected
from tests.integration.publishing.feeding import in_topic, once_each
from tests.receiving import Receiver, receiver
from tests.serving import free_port

KILLS = {"api": 5, "feeds": 12, "publisher": 26, "broker": 6, "database": 3}
REGIONS = ("620621", "510104", "350206")
_SERVE = "from infra.cli.main import app; app()"
_FEEDS = """
import sys, threading
from api.feed_writing import FeedWriting
from infra.recording.application import Kiteline
FeedWriting(Kiteline(sys.argv[1], readers=1), sys.argv[1])
threading.Event().wait()
"""
_WRITTEN = "SELECT (SELECT position FROM feed_progress) = (SELECT coalesce(max(position), 0) FROM log)"
_CONCERNED = "SELECT position FROM log WHERE %s = ANY (concerns) ORDER BY position"
_PATIENCE = 180.0


class Deployment:
    """A database that comes back by itself, a broker, an API, and two each of writers and publishers: one leads."""

    def __init__(self, server: EmbeddedPostgres, home: Path, kafka: Path) -> None:
        self.server = server
        self.kafka = kafka
        self.broker = lifecycle.start(kafka)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._environment = {
            **os.environ,
            "KITELINE_HOME": str(home),
            "KITELINE_DATABASE_URL": server.url,
            "KITELINE_PORT": str(self.port),
            "KITELINE_STREAM_HEARTBEAT_SECONDS": "1",
            "KITELINE_LOG_LEVEL": "ERROR",
            "KITELINE_KAFKA_BOOTSTRAP_SERVERS": self.broker.bootstrap_servers,
            "KITELINE_WEBHOOK_ALLOWED_TARGETS": "127.0.0.1",
        }
        self._api = self._start(_SERVE, "serve", "--only", "api")
        self._feeds = [self._start(_FEEDS, server.url) for _ in range(2)]
        self._publishers = [self._start(_SERVE, "serve", "--only", "publisher") for _ in range(2)]

    def kill(self, part: str, choose: random.Random) -> None:
        if part == "api":
            await_that(self.is_ready, "the service is not ready again")  # one that only starts serves nobody
            end(self._api)
            self._api = self._start(_SERVE, "serve", "--only", "api")
        elif part == "feeds":
            number = choose.randrange(2)
            end(self._feeds[number])
            self._feeds[number] = self._start(_FEEDS, self.server.url)
        elif part == "publisher":
            number = choose.randrange(2)
            end(self._publishers[number])
            self._publishers[number] = self._start(_SERVE, "serve", "--only", "publisher")
        elif part == "broker":
            broker = psutil.Process(self.broker.pid)
            broker.kill()
            broker.wait(30)
            self.broker = lifecycle.start(self.kafka, self.broker.port)
        else:
            postmaster = self.server.postmaster()
            if postmaster is not None:
                with suppress(ProcessLookupError):  # the last kill's, whose successor is starting
                    os.kill(postmaster, signal.SIGKILL)

    def lose_what_the_broker_holds(self) -> None:
        lifecycle.stop(self.kafka)
        shutil.rmtree(self.kafka / "broker" / "data")
        self.broker = lifecycle.start(self.kafka, self.broker.port)

    def keep_publishers(self) -> None:
        """Start again who found no database when it started, as whoever runs services does."""
        for number, process in enumerate(self._publishers):
            if process.poll() is not None:
                self._publishers[number] = self._start(_SERVE, "serve", "--only", "publisher")

    def close(self) -> None:
        for process in (self._api, *self._feeds, *self._publishers):
            end(process)
        lifecycle.stop(self.kafka)

    def is_ready(self) -> bool:
        if self._api.poll() is not None:  # it found no database when it started; whoever runs services starts it again
            self._api = self._start(_SERVE, "serve", "--only", "api")
        try:
            return httpx.get(f"{self.url}/readyz", trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    def _start(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", program, *arguments]
        return subprocess.Popen(command, env=self._environment, stderr=subprocess.DEVNULL)


def end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait(10)


def await_that(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[Deployment]:
    with EmbeddedPostgres(tmp_path / "database") as server:
        migrate(server.url)
        with closing(Deployment(server, tmp_path / "home", tmp_path / "kafka")) as running:
            await_that(running.is_ready, "the service is not ready")
            yield running


def test_pages_streams_webhooks_and_topics_hold_every_event_in_order(deployment: Deployment, tmp_path: Path):
    seed = random.randrange(2**32)
    print(f"seed {seed}")  # noqa: T201 - to be able to look at the same kills again
    choose = random.Random(seed)
    settings = Settings(home=tmp_path / "home", database_url=deployment.server.url)
    token = local_issuer(settings).mint(Role.SISTER_SYSTEM, region="000000", lifetime=3_600)
    followers: list[Follower] = [
        kind(deployment.url, token, region) for kind in (Listener, Poller) for region in REGIONS
    ]
    forgetful = Forgetful(deployment.url, token, REGIONS[0])
    with (
        ExitStack() as stack,
        closing(KitelineRecorder(deployment.server.url)) as recorder,
    ):
        receivers = {region: stack.enter_context(receiver()) for region in REGIONS}
        for region, called in receivers.items():
            subscribe(deployment.url, token, region, called.url)
        with closing(Recording(recorder, random.Random(seed + 1))) as recording:
            for thread in (recording, *followers, forgetful):
                thread.start()
            parts = [part for part, times in KILLS.items() for _ in range(times)]
            for part in choose.sample(parts, len(parts)):
                recording.await_more(choose.randint(1, 20))
                time.sleep(choose.uniform(0.0, 0.5))  # the instant is what is random
                deployment.kill(part, choose)
                deployment.keep_publishers()
            await_that(deployment.is_ready, "the service is not ready again")
            await_that(lambda: forgetful.failure is not None, "nobody notices what is missing")
        assert len(parts) >= 50
        feeds = final_feeds(deployment)
        must_all_hold(feeds, followers, receivers, seed)
        forgetful.leave()
        assert isinstance(forgetful.failure, Unexpected)
        must_be_in_topics(feeds, deployment, seed)
        deployment.lose_what_the_broker_holds()
        must_be_in_topics(feeds, deployment, seed)


def subscribe(url: str, token: str, region: str, target: str) -> None:
    """Have a region's events delivered from the first on."""
    answer = httpx.post(
        f"{url}/v1/subscriptions",
        json={"url": target, "region": region, "from": "start"},
        headers={"Authorization": f"Bearer {token}", "Idempotency-Key": region},
        timeout=30,
        trust_env=False,
    )
    assert answer.status_code == 201, answer.text


Feeds = dict[str, list[Any]]


def must_all_hold(feeds: Feeds, followers: list[Follower], receivers: dict[str, Receiver], seed: int) -> None:
    """Fail unless everybody has everything, once told again is left out, in the order of the feed."""
    for follower in followers:
        await_that(lambda one=follower: one.failure or len(one.held) >= len(feeds[one.region]), f"seed {seed}")  # type: ignore[misc]
        follower.leave()
    for follower in followers:
        assert follower.failure is None, f"seed {seed}: {follower.failure}"
        assert [orjson.loads(event) for event in follower.held] == feeds[follower.region], f"seed {seed}"
    assert sum(one.comebacks for one in followers if isinstance(one, Listener)) >= KILLS["api"]
    for region, called in receivers.items():
        await_that(lambda called=called, region=region: len(set(called.ids)) >= len(feeds[region]), f"seed {seed}")  # type: ignore[misc]
        # A sender killed in the middle of a request leaves a beginning of it, which no receiver takes for an event.
        whole = [one for one in called.received if len(one.body) == int(one.headers["content-length"])]
        told = {one.headers["webhook-id"]: one.event for one in whole}
        assert list(told.values()) == feeds[region], f"seed {seed}"


def must_be_in_topics(feeds: Feeds, deployment: Deployment, seed: int) -> None:
    """Fail unless each topic comes to hold its feed: what was sent again comes with the same id, later."""
    for region, feed in feeds.items():

        def held(region: str = region) -> list[Any]:
            deployment.keep_publishers()
            return [orjson.loads(one) for one in once_each(in_topic(deployment.broker.bootstrap_servers, region))]

        def is_full(region: str = region, length: int = len(feed)) -> bool:
            try:
                return len(held(region)) >= length
            except KafkaException:
                return False  # the topic is not there again yet

        await_that(is_full, f"the topic of {region} is not full, seed {seed}")
        assert held() == feed, f"seed {seed}"


class Recording(threading.Thread):
    """Records what concerns regions of its choice until told to stop; what the database does not take is not there."""

    def __init__(self, recorder: KitelineRecorder, choose: random.Random) -> None:
        super().__init__(daemon=True)
        self._recorder = recorder
        self._choose = choose
        self._enough = threading.Event()
        self.recorded = 0

    def run(self) -> None:
        while not self._enough.wait(0.02):
            for future in self._recorder.submit_many([self._save() for _ in range(self._choose.randint(1, 8))]):
                with suppress(PersistenceError):
                    future.result(_PATIENCE)
                    self.recorded += 1

    def close(self) -> None:
        self._enough.set()
        self.join(_PATIENCE)

    def await_more(self, count: int) -> None:
        wanted = self.recorded + count
        await_that(lambda: self.recorded >= wanted, "nothing is recorded any more")

    def _save(self) -> Save:
        event_id = str(uuid4())
        stored = {"correlationid": event_id, "data": {"after": None}, "datacontenttype": "application/json"}
        stored |= {"dataschema": "/schemas/contact_made/v1.json", "id": event_id, "nonce": uuid4().hex}
        state = orjson.dumps(stored, option=orjson.OPT_SORT_KEYS)
        concerned = tuple(sorted(self._choose.sample(REGIONS, self._choose.choice((0, 1, 1, 2)))))
        return Save([LogStoredEvent(uuid4(), 1, "contact_made", state, concerned)])


def final_feeds(deployment: Deployment) -> Feeds:
    """Read the feeds once they are as long as the log, and see that they hold what concerns each region."""

    def written() -> bool:
        try:
            with psycopg.connect(deployment.server.url) as connection:
                row = connection.execute(_WRITTEN).fetchone()
                return row is not None and bool(row[0])
        except psycopg.OperationalError:
            return False

    await_that(written, "the feeds are not written")
    feeds = {}
    with psycopg.connect(deployment.server.url) as connection:
        for region in REGIONS:
            rows = page_after(connection, region, 0, 1_000_000)
            assert [row.position for row in rows] == [one for (one,) in connection.execute(_CONCERNED, (region,))]
            assert len(rows) > 50
            feeds[region] = [orjson.loads(feed_event(row)) for row in rows]
    return feeds
