"""What an operator sees of publishing and can ask of it: status, readiness, a region once more from its start."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
from confluent_kafka.admin import NewTopic  # type: ignore[attr-defined]
from typer.testing import CliRunner

from infra.broker.node import free_port
from infra.cli.main import app
from infra.cli.serve import publishing_feeds
from tests.integration.publishing.feeding import acknowledged, await_that, in_topic, once_each
from tests.running_service import running_service

SERVE = [sys.executable, "-c", "from infra.cli.main import app; app()", "serve", "--only", "publisher"]


def run(home: Path, url: str, servers: str, *arguments: str) -> tuple[int, str]:
    settings = {
        "KITELINE_HOME": str(home),
        "KITELINE_DATABASE_URL": url,
        "KITELINE_KAFKA_BOOTSTRAP_SERVERS": servers,
        "COLUMNS": "160",
    }
    told = CliRunner().invoke(app, arguments, env=settings)
    return told.exit_code, told.stdout + told.stderr


def test_a_region_is_published_again_from_its_start_by_whoever_leads(log, publish, servers, region, home, database_url):
    log.feed(7, region)
    publish(servers)
    await_that(lambda: acknowledged(log, region) == 7)

    code, told = run(home, database_url, servers, "publish", "--from-start", region)

    assert (code, "7/7" in told) == (0, True), told
    records = in_topic(servers, region)
    assert [record.value for record in records] == log.feed_of(region) * 2
    assert once_each(records) == log.feed_of(region)


def test_the_command_publishes_itself_where_nobody_else_does(log, servers, region, home, database_url):
    log.feed(3, region)

    code, _ = run(home, database_url, servers, "publish", "--from-start", region)

    assert code == 0
    assert [record.value for record in in_topic(servers, region)] == log.feed_of(region)


def test_a_region_without_a_feed_is_said_and_nothing_is_asked_for(log, servers, home, database_url):
    code, told = run(home, database_url, servers, "publish", "--from-start", "110101")

    assert code == 1
    assert "The region 110101 has no feed." in told
    assert log.ask("SELECT count(*) FROM publisher_asked") == 0


def test_status_shows_how_far_the_topics_are_and_which_are_refused(
    log, publish, servers, region, home, database_url, admin
):
    other = f"{int(region) + 600}"
    topic = f"kiteline.region.{other}"
    admin.create_topics([NewTopic(topic, num_partitions=2, replication_factor=1)])[topic].result()
    log.feed(9, region)
    log.feed(4, other)
    publishing = publish(servers)
    await_that(lambda: acknowledged(log, region) == 9 and publishing.state == "refused topics")
    await_that(lambda: log.ask("SELECT state FROM publisher_standing") == "refused topics")

    code, told = run(home, database_url, servers, "status")

    assert code == 0
    (row,) = (line for line in told.splitlines() if "Kafka topics" in line)
    assert [cell.strip() for cell in row.split("│")][1:4] == ["Kafka topics 主题: refused topics", "9", "4"]
    (row,) = (line for line in told.splitlines() if "2 partitions" in line)
    assert [cell.strip() for cell in row.split("│")][1:4] == [other, "2 partitions", "4"]


def test_readiness_tells_of_the_publisher_and_is_degraded_without_kafka_not_unready(home, database_url, servers):
    for address, state, status in ((servers, "ok", "ready"), (f"127.0.0.1:{free_port()}", "kafka away", "degraded")):
        with (
            running_service(home, database_url, kafka_bootstrap_servers=address) as running,
            publishing_feeds(running.service, database_url),
        ):
            _await_publisher(running.url, state)
            told = _ready(running.url)
            assert (told["parts"]["publisher"], told["status"]) == (state, status)


def test_a_process_for_publishing_alone_publishes_and_ends_when_told(log, servers, region, home, database_url):
    log.feed(11, region)
    settings = {
        "KITELINE_HOME": str(home),
        "KITELINE_DATABASE_URL": database_url,
        "KITELINE_KAFKA_BOOTSTRAP_SERVERS": servers,
    }
    process = subprocess.Popen(SERVE, env={**os.environ, **settings}, stderr=subprocess.DEVNULL)
    try:
        await_that(lambda: acknowledged(log, region) == 11)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()

    assert [record.value for record in in_topic(servers, region)] == log.feed_of(region)


def _await_publisher(url: str, state: str) -> None:
    await_that(lambda: _ready(url)["parts"]["publisher"] == state)


def _ready(url: str) -> dict[str, Any]:
    return dict(httpx.get(f"{url}/readyz", trust_env=False, timeout=30).json())
