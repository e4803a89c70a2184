"""What was sent and what was noted may differ after a crash: the topic itself says what it holds."""

from __future__ import annotations

import psycopg
import pytest
from confluent_kafka import KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic, OffsetSpec  # type: ignore[attr-defined]

from infra.metrics import REGISTRY
from tests.integration.publishing.feeding import Log, acknowledged, await_that, in_topic, once_each

_BACK = """
UPDATE publisher_progress SET feedposition = %(at)s, record_offset = nullif(%(at)s - 1, -1), next_offset = %(at)s,
    event_id = (SELECT event_id FROM feed_entry WHERE region = %(region)s AND feedposition = %(at)s)
WHERE region = %(region)s
"""


def published(log, publish, servers: str, region: str, times: int) -> None:
    """Publish so many entries, and stop."""
    log.feed(times, region)
    publishing = publish(servers)
    await_that(lambda: acknowledged(log, region) == times)
    publishing.close()


def run(url: str, statement: str, **parameters: object) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement, parameters)


def end_of(admin: AdminClient, topic: str) -> int:
    """Tell how many records a topic holds, 0 for one that is not there."""
    try:
        (told,) = admin.list_offsets({TopicPartition(topic, 0): OffsetSpec.latest()}).values()
        return int(told.result().offset)
    except KafkaException:
        return 0


def republished(reason: str) -> float:
    return REGISTRY.get_sample_value("kiteline_publisher_republished_total", {"reason": reason}) or 0.0


@pytest.mark.parametrize("noted", [0, 1, 12])
def test_what_was_sent_and_not_noted_is_found_in_the_topic(noted, log, publish, servers, region, database_url):
    published(log, publish, servers, region, 20)
    run(database_url, _BACK, at=noted, region=region)
    log.feed(3, region)

    publish(servers)
    await_that(lambda: acknowledged(log, region) == 23)

    assert [record.value for record in in_topic(servers, region)] == log.feed_of(region)


def test_what_others_wrote_to_the_topic_in_between_changes_nothing(log, publish, servers, region, database_url):
    published(log, publish, servers, region, 5)
    stranger = Producer({"bootstrap.servers": servers})
    for value in (b"", b"no JSON", b"[1]", b'{"id": "x", "feedposition": 6}', log.feed_of(region)[1]):
        stranger.produce(f"kiteline.region.{region}", value, partition=0)
    stranger.flush()
    run(database_url, _BACK, at=4, region=region)
    log.feed(2, region)

    publish(servers)
    await_that(lambda: acknowledged(log, region) == 7)

    records = [record.value for record in in_topic(servers, region)]
    assert records[:5] + records[10:] == log.feed_of(region)


def test_a_leader_that_ends_is_followed_by_another_and_the_topic_does_not_show_it(log, publish, servers, region):
    first, _second = publish(servers), publish(servers)
    for turn in range(1, 6):
        log.feed(40, region)
        if turn == 3:
            first.close()
    await_that(lambda: acknowledged(log, region) == 200)

    assert [record.value for record in in_topic(servers, region)] == log.feed_of(region)


def test_a_deleted_topic_is_found_and_filled_again_from_the_first_entry(log, publish, servers, region, admin):
    before = republished("topic_replaced")
    log.feed(12, region)
    publish(servers)
    await_that(lambda: acknowledged(log, region) == 12)

    topic = f"kiteline.region.{region}"
    admin.delete_topics([topic])[topic].result()
    await_that(lambda: republished("topic_replaced") == before + 1)
    await_that(lambda: end_of(admin, topic) == 12)

    assert [record.value for record in in_topic(servers, region)] == log.feed_of(region)


def test_another_record_where_the_acknowledged_one_stood_means_that_it_was_lost(
    log, publish, servers, region, database_url, admin
):
    published(log, publish, servers, region, 6)
    before = republished("other_record")
    run(
        database_url,
        "UPDATE publisher_progress SET event_id = gen_random_uuid() WHERE region = %(region)s",
        region=region,
    )

    publish(servers)
    await_that(lambda: republished("other_record") == before + 1)
    await_that(lambda: end_of(admin, f"kiteline.region.{region}") == 12)

    records = in_topic(servers, region)
    assert [record.value for record in records] == log.feed_of(region) * 2
    assert once_each(records) == log.feed_of(region)


def test_a_topic_of_three_partitions_is_refused_and_holds_nobody_else_up(log, publish, servers, region, admin):
    other = f"{int(region) + 500}"
    topic = f"kiteline.region.{region}"
    admin.create_topics([NewTopic(topic, num_partitions=3, replication_factor=1)])[topic].result()
    log.feed(4, region, other)

    publishing = publish(servers)
    await_that(lambda: acknowledged(log, other) == 4)
    await_that(lambda: publishing.state == "refused topics")
    assert log.ask("SELECT refused FROM publisher_progress WHERE region = %s", region) == "3 partitions"
    assert in_topic(servers, region) == []

    admin.delete_topics([topic])[topic].result()
    await_that(lambda: acknowledged(log, region) == 4)
    await_that(lambda: publishing.state == "ok")
    assert [record.value for record in in_topic(servers, region)] == log.feed_of(region)


def test_a_topic_that_is_given_more_partitions_later_is_refused_from_then_on(log, publish, servers, region, admin):
    log.feed(4, region)
    publishing = publish(servers)
    await_that(lambda: acknowledged(log, region) == 4)
    topic = f"kiteline.region.{region}"
    admin.create_partitions([NewPartitions(topic, 2)])[topic].result()

    await_that(lambda: publishing.state == "refused topics")
    log.feed(1, region)

    assert log.ask("SELECT refused FROM publisher_progress WHERE region = %s", region) == "2 partitions"
    assert len(in_topic(servers, region)) == 4


def test_nothing_is_published_of_a_log_that_is_not_the_one_that_was_signed(
    log: Log, servers, region, home, database_url
):
    from consumers.publishing.publisher import Publishing
    from infra.settings import Settings

    sound = False
    log.feed(3, region)
    publishing = Publishing(Settings(home=home, kafka_bootstrap_servers=servers), database_url, sound=lambda: sound)
    try:
        await_that(lambda: publishing.looks > 1)
        assert acknowledged(log, region) == 0
        sound = True
        await_that(lambda: acknowledged(log, region) == 3)
    finally:
        publishing.close()
