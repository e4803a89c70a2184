"""Kafka away, its data deleted, or cut short: nothing else suffers, and every topic is filled again on its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from consumers.publishing.publisher import Publishing
from infra.broker import lifecycle
from infra.event_store.recorder import KitelineRecorder
from infra.metrics import REGISTRY
from infra.settings import Settings
from tests.faults.published import must_hold_the_feed
from tests.integration.publishing.feeding import Log, acknowledged, await_that, in_topic

NORTH, SOUTH = "620621", "510104"
_OLDEST = "SELECT extract(epoch FROM min(recorded_at))::float8 FROM log WHERE position > %s"


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Start a broker that these tests may stop and damage."""
    folder = tmp_path_factory.mktemp("kafka")
    lifecycle.start(folder)
    yield folder
    lifecycle.stop(folder)


@pytest.fixture
def published(
    recorder: KitelineRecorder, database_url: str, home: Path, kafka: Path
) -> Iterator[tuple[Log, Publishing]]:
    """Publish two regions of ten entries, and go on publishing."""
    log = Log(recorder, database_url)
    log.feed(10, NORTH, SOUTH)
    servers = lifecycle.start(kafka).bootstrap_servers
    with closing(Publishing(Settings(home=home, kafka_bootstrap_servers=servers), database_url)) as publishing:
        await_that(lambda: acknowledged(log, NORTH) == acknowledged(log, SOUTH) == 10)
        yield log, publishing


def figure(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"kiteline_publisher_{name}", labels) or 0.0


def held(servers: str, log: Log) -> list[int]:
    return [must_hold_the_feed(log, servers, region) for region in (NORTH, SOUTH)]


def test_a_broker_away_delays_publishing_and_nothing_else(published, kafka: Path):
    log, publishing = published
    head = log.ask("SELECT max(position) FROM log")
    lifecycle.stop(kafka)
    await_that(lambda: publishing.state == "kafka away", "saying that Kafka is away")

    log.feed(25, NORTH)
    assert len(log.feed_of(NORTH)) == 35, "recorded and fed while Kafka is away"
    await_that(lambda: figure("entries_behind") == 25 and figure("regions_behind") == 1, "the lag")
    assert figure("oldest_unpublished_timestamp_seconds") == pytest.approx(log.ask(_OLDEST, head))
    assert log.ask("SELECT state FROM publisher_standing") == "kafka away"

    servers = lifecycle.start(kafka).bootstrap_servers
    await_that(lambda: acknowledged(log, NORTH) == 35)
    await_that(lambda: publishing.state == "ok")
    await_that(lambda: figure("entries_behind") == figure("oldest_unpublished_timestamp_seconds") == 0, "no lag")
    assert held(servers, log)[0] == 0, "nothing twice"


def test_a_broker_whose_data_was_deleted_is_filled_again_without_a_hand(published, kafka: Path):
    log, _ = published
    before = figure("republished_total", reason="other_cluster")
    lifecycle.stop(kafka)
    shutil.rmtree(kafka / "broker" / "data")
    log.feed(5, NORTH)

    servers = lifecycle.start(kafka).bootstrap_servers
    await_that(lambda: figure("republished_total", reason="other_cluster") == before + 1, "finding another Kafka")
    await_that(lambda: acknowledged(log, NORTH) == 15 and acknowledged(log, SOUTH) == 10)

    assert held(servers, log) == [0, 0]


def test_a_topic_cut_short_is_found_by_its_end_and_filled_again(published, kafka: Path):
    log, _ = published
    before = figure("republished_total", reason="end_behind")
    running = lifecycle.status(kafka)
    assert running is not None
    process = psutil.Process(running.pid)
    process.kill()
    process.wait(30)
    for lost in (kafka / "broker" / "data" / f"kiteline.region.{NORTH}-0").glob("0*"):
        lost.unlink()

    servers = lifecycle.start(kafka).bootstrap_servers
    await_that(lambda: figure("republished_total", reason="end_behind") == before + 1, "finding what was lost")
    await_that(lambda: len(_values(servers, NORTH)) >= 10)

    assert _values(servers, NORTH)[-10:] == log.feed_of(NORTH)
    assert _values(servers, SOUTH)[-10:] == log.feed_of(SOUTH)


def _values(servers: str, region: str) -> list[bytes]:
    return [record.value for record in in_topic(servers, region)]
