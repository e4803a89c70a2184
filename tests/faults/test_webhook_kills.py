"""kill -9 of the sender of webhooks between a delivery and its record: nothing is skipped, what repeats is the same."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from infra.event_store.recorder import KitelineRecorder
from infra.settings import Settings
from infra.webhooks.desk import SubscriptionDesk
from infra.webhooks.sealed_keys import configured_seal
from infra.webhooks.subscriptions import Wanted
from infra.webhooks.targets import AllowedTargets
from projections.region_feeds import FeedRow, page_after, write_page
from tests.integration.feeds.conftest import record_lives
from tests.receiving import Received, Receiver, Reply, receiver

REGION = "620621"
KILLS = 5
PATIENCE = 300.0


class Sending:
    """One sender at a time; killed as a request is answered, another is started."""

    def __init__(self, url: str, home: Path, *options: str) -> None:
        self._command = [sys.executable, "-m", "tests.faults.webhook_sender", url, str(home), *options]
        self.process = self._started()
        self.kills = 0

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(30)
        self.kills += 1
        self.process = self._started()

    def _started(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self._command)


@contextmanager
def sending(url: str, home: Path, *options: str) -> Iterator[Sending]:
    one = Sending(url, home, *options)
    try:
        yield one
    finally:
        one.process.kill()
        one.process.wait(30)


@pytest.fixture
def feed(database_url: str, recorder: KitelineRecorder) -> list[FeedRow]:
    """A feed of some dozens of events."""
    record_lives(recorder, 97, steps=160)
    with psycopg.connect(database_url, autocommit=True) as connection:
        while write_page(connection, 1_000)[0]:
            pass
        return page_after(connection, REGION, 0, 10_000)


def subscribe(recorder: KitelineRecorder, settings: Settings, url: str) -> None:
    allowed = AllowedTargets.read(settings.webhook_allowed_targets)
    desk = SubscriptionDesk(recorder, configured_seal(settings), allowed, lambda: 1_700_000_000_000_000)
    desk.check_target(url)
    desk.make(Wanted(uuid4(), REGION, url, None, None, "test", 0, 0))


def received_with_kills(
    recorder: KitelineRecorder, database_url: str, home: Path, feed: list[FeedRow], seed: int
) -> tuple[Receiver, int]:
    """Deliver a feed to a receiver while the sender is killed at random requests."""
    victims = set(random.Random(seed).sample(range(1, len(feed)), KILLS))
    settings = Settings(home=home, database_url=database_url, webhook_allowed_targets="127.0.0.1/32")
    with receiver() as hook:
        subscribe(recorder, settings, hook.url)
        done = threading.Event()
        with sending(database_url, home) as sender:

            def answering(_number: int, request: Received) -> Reply:
                place = request.event["feedposition"]
                if place in victims:
                    victims.discard(place)
                    sender.kill()  # the receiver has it, and the sender will never hear so
                if place == len(feed):
                    done.set()
                return Reply(204)

            hook.answering = answering
            assert done.wait(PATIENCE), (seed, hook.ids)
            return hook, sender.kills


def test_a_sender_killed_between_delivery_and_record_skips_nothing_and_repeats_the_same(
    recorder: KitelineRecorder, database_url: str, home: Path, feed: list[FeedRow]
):
    seed = random.randrange(1 << 32)
    hook, kills = received_with_kills(recorder, database_url, home, feed, seed)
    assert kills == KILLS
    assert [one for one, _ in groupby(hook.ids)] == [str(row.event_id) for row in feed], f"seed {seed}"
    assert len(hook.received) == len(feed) + KILLS, f"seed {seed}"
    bodies: dict[str, set[bytes]] = {}
    for one in hook.received:
        bodies.setdefault(one.headers["webhook-id"], set()).add(one.body)
    assert {len(same) for same in bodies.values()} == {1}


def test_the_check_finds_a_sender_that_records_before_it_delivers(
    recorder: KitelineRecorder, database_url: str, home: Path, feed: list[FeedRow]
):
    settings = Settings(home=home, database_url=database_url, webhook_allowed_targets="127.0.0.1/32")
    with receiver() as hook:
        subscribe(recorder, settings, hook.url)
        with sending(database_url, home, "--record-first") as sender:
            hook.answering = lambda number, _request: Reply(503 if number == 3 else 204)
            wanted = len(feed)
            hook.wait_for(wanted)
            assert sender.kills == 0
        delivered = [one.headers["webhook-id"] for number, one in enumerate(hook.received, 1) if number != 3]
    assert delivered != [str(row.event_id) for row in feed]
