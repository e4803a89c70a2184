"""What stands in a topic is what the feed holds: same bytes, same order, once; read by whoever reads Kafka."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable

import pytest
from confluent_kafka import TopicCollection
from confluent_kafka.admin import ConfigResource  # type: ignore[attr-defined]
from kafka import KafkaConsumer, TopicPartition

from infra.event_store.recorder import KitelineRecorder
from tests.integration.publishing.feeding import Log, acknowledged, await_that, in_topic

Read = Callable[[str, str, int], list[tuple[str, bytes, list[tuple[str, str]]]]]


def by_confluent_kafka(servers: str, region: str, _count: int) -> list[tuple[str, bytes, list[tuple[str, str]]]]:
    return [
        ((record.key or b"").decode(), record.value, [(name, value.decode()) for name, value in record.headers])
        for record in in_topic(servers, region)
    ]


def by_kafka_python(servers: str, region: str, count: int) -> list[tuple[str, bytes, list[tuple[str, str]]]]:
    reader = KafkaConsumer(bootstrap_servers=servers, consumer_timeout_ms=30_000)
    try:
        partition = TopicPartition(f"kiteline.region.{region}", 0)
        reader.assign([partition])
        reader.seek_to_beginning(partition)
        records = [next(reader) for _ in range(count)]
    finally:
        reader.close()
    return [(one.key.decode(), one.value, [(name, value.decode()) for name, value in one.headers]) for one in records]


def by_kcat(servers: str, region: str, count: int) -> list[tuple[str, bytes, list[tuple[str, str]]]]:
    kcat = shutil.which("kcat")
    assert kcat is not None, "kcat is missing: apt-get install kcat (make setup does where it may)"
    command = [kcat, "-q", "-C", "-b", servers, "-t", f"kiteline.region.{region}", "-o", "beginning", "-e", "-J"]
    told = subprocess.run([*command, "-c", str(count)], capture_output=True, check=True, timeout=60).stdout
    records = [json.loads(line) for line in told.decode().splitlines()]
    return [
        (one["key"], one["payload"].encode(), list(zip(one["headers"][::2], one["headers"][1::2], strict=True)))
        for one in records
    ]


@pytest.mark.parametrize("read", [by_confluent_kafka, by_kafka_python, by_kcat])
def test_every_client_reads_the_feed_byte_for_byte_keyed_by_its_subject(read: Read, log, publish, servers, region):
    log.feed(30, region)
    publish(servers)
    await_that(lambda: acknowledged(log, region) == 30)
    log.feed(5, region)
    await_that(lambda: acknowledged(log, region) == 35)

    records = read(servers, region, 35)

    assert [value for _, value, _ in records] == log.feed_of(region)
    assert [key for key, _, _ in records] == [json.loads(value)["subject"] for _, value, _ in records]
    assert {tuple(headers) for _, _, headers in records} == {(("content-type", "application/cloudevents+json"),)}


def test_a_record_bears_the_moment_at_which_it_was_recorded(log, publish, servers, region):
    log.feed(1, region)
    publish(servers)
    await_that(lambda: acknowledged(log, region) == 1)

    (record,) = in_topic(servers, region)

    recorded = log.ask("SELECT floor(extract(epoch FROM recorded_at) * 1000)::bigint FROM log")
    assert record.timestamp == recorded


def test_each_region_gets_its_own_events_whatever_else_an_event_concerns(log, publish, servers):
    north, south = "620981", "620982"
    log.feed(3, north)
    log.feed(4, north, south)
    log.feed(2)
    publish(servers)
    await_that(lambda: acknowledged(log, north) == 7 and acknowledged(log, south) == 4)

    assert [record.value for record in in_topic(servers, north)] == log.feed_of(north)
    assert [record.value for record in in_topic(servers, south)] == log.feed_of(south)
    assert [record.event["prevposition"] for record in in_topic(servers, south)] == [0, 1, 2, 3]


def test_a_topic_is_made_with_one_partition_and_keeps_everything(log, publish, servers, region, admin):
    log.feed(1, region)
    publish(servers)
    await_that(lambda: acknowledged(log, region) == 1)

    topic = f"kiteline.region.{region}"
    described = admin.describe_topics(TopicCollection([topic]))[topic].result()
    (asked,) = admin.describe_configs([ConfigResource(ConfigResource.Type.TOPIC, topic)]).values()
    options = asked.result()

    assert len(described.partitions) == 1
    assert {name: options[name].value for name in ("cleanup.policy", "retention.ms", "retention.bytes")} == {
        "cleanup.policy": "delete",
        "retention.ms": "-1",
        "retention.bytes": "-1",
    }


def test_two_deployments_share_a_topic_and_are_told_apart_by_source(log, publish, servers, region, make_database):
    other_url = make_database()
    other_recorder = KitelineRecorder(other_url)
    other = Log(other_recorder, other_url)
    log.feed(10, region)
    other.feed(6, region)
    publish(servers)
    publish(servers, other_url)
    await_that(lambda: acknowledged(log, region) == 10 and acknowledged(other, region) == 6)
    log.feed(3, region)
    await_that(lambda: acknowledged(log, region) == 13)
    other_recorder.close()

    records = [record.value for record in in_topic(servers, region)]
    ours, theirs = log.feed_of(region), other.feed_of(region)
    assert [value for value in records if value in ours] == ours
    assert [value for value in records if value in theirs] == theirs
    assert len(records) == 19
