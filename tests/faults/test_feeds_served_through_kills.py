"""kill -9 of the API, of writers of feeds and of the database at random instants: each subscriber has each event."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from uuid import uuid4

import httpx
import orjson
import psycopg
import pytest
from eventsourcing.persistence import PersistenceError

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
from tests.serving import free_port

KILLS = {"api": 4, "feeds": 8, "database": 3}
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
_PATIENCE = 90.0


class Deployment:
    """A database that comes back by itself, an API, and two writers of feeds of which one leads."""

    def __init__(self, server: EmbeddedPostgres, home: Path) -> None:
        self.server = server
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._environment = {
            **os.environ,
            "KITELINE_HOME": str(home),
            "KITELINE_DATABASE_URL": server.url,
            "KITELINE_PORT": str(self.port),
            "KITELINE_STREAM_HEARTBEAT_SECONDS": "1",
            "KITELINE_LOG_LEVEL": "ERROR",
        }
        self._api = self._start(_SERVE, "serve", "--only", "api")
        self._feeds = [self._start(_FEEDS, server.url) for _ in range(2)]

    def kill(self, part: str, choose: random.Random) -> None:
        if part == "api":
            await_that(self.is_ready, "the service is not ready again")  # one that only starts serves nobody
            end(self._api)
            self._api = self._start(_SERVE, "serve", "--only", "api")
        elif part == "feeds":
            number = choose.randrange(2)
            end(self._feeds[number])
            self._feeds[number] = self._start(_FEEDS, self.server.url)
        else:
            postmaster = self.server.postmaster()
            if postmaster is not None:
                with suppress(ProcessLookupError):  # the last kill's, whose successor is starting
                    os.kill(postmaster, signal.SIGKILL)

    def close(self) -> None:
        for process in (self._api, *self._feeds):
            end(process)

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
        with closing(Deployment(server, tmp_path / "home")) as running:
            await_that(running.is_ready, "the service is not ready")
            yield running


def test_who_listens_and_who_polls_have_every_event_once_in_order(deployment: Deployment, tmp_path: Path):
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
        closing(KitelineRecorder(deployment.server.url)) as recorder,
        closing(Recording(recorder, random.Random(seed + 1))) as recording,
    ):
        for thread in (recording, *followers, forgetful):
            thread.start()
        parts = [part for part, times in KILLS.items() for _ in range(times)]
        for part in choose.sample(parts, len(parts)):
            recording.await_more(choose.randint(1, 40))
            time.sleep(choose.uniform(0.0, 0.5))  # the instant is what is random
            deployment.kill(part, choose)
        await_that(deployment.is_ready, "the service is not ready again")
        await_that(lambda: forgetful.failure is not None, "nobody notices what is missing")
    feeds = final_feeds(deployment)
    for follower in followers:
        await_that(lambda one=follower: one.failure or len(one.held) >= len(feeds[one.region]), f"seed {seed}")  # type: ignore[misc]
        follower.leave()
    for follower in followers:
        assert follower.failure is None, f"seed {seed}: {follower.failure}"
        assert [orjson.loads(event) for event in follower.held] == feeds[follower.region], f"seed {seed}"
    assert sum(one.comebacks for one in followers if isinstance(one, Listener)) >= KILLS["api"]
    forgetful.leave()
    assert isinstance(forgetful.failure, Unexpected)


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


def final_feeds(deployment: Deployment) -> dict[str, list[object]]:
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
