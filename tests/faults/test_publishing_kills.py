"""kill -9 of publishers, writers of feeds and the broker at random instants: every topic holds its feed, in order.

What was sent again came with the same ids, and the chain that a subscriber follows never breaks.
"""

from __future__ import annotations

import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from consumers.publishing.publisher import Publishing
from infra.broker import lifecycle
from infra.broker.lifecycle import Running
from infra.event_store.recorder import KitelineRecorder
from infra.settings import Settings
from tests.faults.published import missing, must_hold_the_feed
from tests.integration.publishing.feeding import Log, acknowledged, await_that

KILLS = {"publisher": 12, "feeds": 6, "broker": 3}
REGIONS = ("620621", "620602", "510104", "350206", "650102", "321002")
_HEAD = "SELECT coalesce((SELECT feedposition FROM feed_head WHERE region = %s), 0)"
_WRITTEN = "SELECT (SELECT position FROM feed_progress) = (SELECT coalesce(max(position), 0) FROM log)"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[tuple[Path, Running]]:
    home = tmp_path / "broker"
    yield home, lifecycle.start(home)
    lifecycle.stop(home)


def started(part: str, url: str, servers: str, *options: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.faults.publishing_process", part, url, "--servers", servers, *options]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL)


class Processes:
    """Two publishers and two writers of feeds, so that whoever is killed is followed at once."""

    def __init__(self, url: str, servers: str) -> None:
        self._url = url
        self._servers = servers
        self.running = {part: [started(part, url, servers) for _ in range(2)] for part in ("publisher", "feeds")}

    def kill(self, part: str, number: int) -> None:
        self.running[part][number].kill()
        self.running[part][number].wait(10)
        self.running[part][number] = started(part, self._url, self._servers)

    def close(self) -> None:
        for process in (one for both in self.running.values() for one in both):
            process.kill()
            process.wait(10)


def test_kills_at_random_instants_leave_every_topic_as_its_feed(recorder: KitelineRecorder, database_url, broker):
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")  # noqa: T201 - to be able to look at the same kills again
    choose, (home, running) = random.Random(seed), broker
    log, processes, stop = (
        Log(recorder, database_url),
        Processes(database_url, running.bootstrap_servers),
        threading.Event(),
    )

    def record() -> None:
        some = random.Random(seed + 1)
        while not stop.wait(0.02):
            log.record(some.randint(1, 8), *sorted(some.sample(REGIONS, some.choice((0, 1, 1, 2, 3)))))

    recording = threading.Thread(target=record)
    recording.start()
    try:
        await_that(lambda: acknowledged(log, REGIONS[0]) > 0, "publishing")
        kills = [part for part, times in KILLS.items() for _ in range(times)]
        choose.shuffle(kills)
        for part in kills:
            stop.wait(choose.uniform(0, 0.6))  # the random instant
            if part == "broker":
                _kill(running)
                running = lifecycle.start(home, running.port)
            else:
                processes.kill(part, choose.randrange(2))
        stop.set()
        recording.join()
        await_that(lambda: log.ask(_WRITTEN), "writing the feeds")
        await_that(lambda: all(acknowledged(log, one) == log.ask(_HEAD, one) for one in REGIONS), "publishing the rest")
    finally:
        stop.set()
        recording.join()
        processes.close()

    again = {region: must_hold_the_feed(log, running.bootstrap_servers, region) for region in REGIONS}
    print(f"{len(kills)} kills, entries sent again: {again}")  # noqa: T201 - told with a failure only
    assert len(kills) > 20
    assert min(len(log.feed_of(region)) for region in REGIONS) > 30


def test_the_check_finds_a_publisher_that_notes_what_was_only_sent(
    recorder: KitelineRecorder, database_url, broker, home
):
    _, running = broker
    log, region = Log(recorder, database_url), REGIONS[0]
    servers = running.bootstrap_servers
    log.feed(13, region)
    process = started("publisher", database_url, servers, "--note-early")
    try:
        await_that(lambda: acknowledged(log, region) == 13)
    finally:
        process.kill()
        process.wait(10)

    with closing(Publishing(Settings(home=home, kafka_bootstrap_servers=servers), database_url)):
        log.feed(1, region)
        await_that(lambda: acknowledged(log, region) == 14)

    assert missing(log, servers, region) != []


def _kill(running: Running) -> None:
    process = psutil.Process(running.pid)
    process.kill()
    process.wait(30)
