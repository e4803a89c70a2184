"""The local broker is a real Apache Kafka: what one client library writes, another reads, also after a restart."""

import json
import os
import socket
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from confluent_kafka import Consumer, Message, TopicPartition
from kafka import KafkaProducer
from kafka.admin import KafkaAdminClient, NewTopic
from typer.testing import CliRunner

from infra.broker import lifecycle
from infra.broker.lifecycle import Running
from infra.broker.runtime import BrokerFailure
from infra.cli.main import app

Record = tuple[object, object, object]

READ_SECONDS = 30.0


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("a home with spaces")
    yield folder
    lifecycle.stop(folder)


@pytest.fixture
def broker(home: Path) -> Running:
    return lifecycle.start(home)


def _topic(broker: Running) -> str:
    topic = f"kiteline.region.{uuid.uuid4().hex[:6]}"
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap_servers)
    try:
        admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])
        assert topic in admin.list_topics()
    finally:
        admin.close()
    return topic


def _records(count: int) -> list[Record]:
    return [
        (
            str(uuid.UUID(int=number % 7)).encode(),
            json.dumps({"feedposition": number, "姓": "测"}, ensure_ascii=False).encode(),
            [("content-type", b"application/cloudevents+json"), ("n", str(number).encode())],
        )
        for number in range(count)
    ]


def _produce(broker: Running, topic: str, records: list[Record]) -> list[int]:
    producer = KafkaProducer(bootstrap_servers=broker.bootstrap_servers, enable_idempotence=True, acks="all")
    try:
        sent = [producer.send(topic, key=key, value=value, headers=headers) for key, value, headers in records]
        return [future.get(timeout=READ_SECONDS).offset for future in sent]
    finally:
        producer.close()


def _consume(broker: Running, topic: str, count: int) -> list[Message]:
    consumer = Consumer(
        {"bootstrap.servers": broker.bootstrap_servers, "group.id": uuid.uuid4().hex, "enable.auto.commit": False}
    )
    try:
        consumer.assign([TopicPartition(topic, 0, 0)])
        return list(consumer.consume(count, timeout=READ_SECONDS))
    finally:
        consumer.close()


def _as_records(messages: list[Message]) -> list[Record]:
    assert [message.error() for message in messages if message.error()] == []
    return [(message.key(), message.value(), message.headers()) for message in messages]


def test_what_kafka_python_writes_confluent_kafka_reads_with_keys_headers_and_order(broker: Running):
    topic, records = _topic(broker), _records(500)

    offsets = _produce(broker, topic, records)

    assert offsets == list(range(500))
    assert _as_records(_consume(broker, topic, 500)) == records


def test_a_stopped_broker_keeps_its_data_and_its_port(home: Path, broker: Running):
    topic, records = _topic(broker), _records(20)
    _produce(broker, topic, records)

    assert lifecycle.stop(home)
    assert lifecycle.status(home) is None
    assert not psutil.pid_exists(broker.pid)
    assert not lifecycle.answers(broker.bootstrap_servers, seconds=0.5)
    again = lifecycle.start(home)

    assert again.port == broker.port
    assert _as_records(_consume(again, topic, 20)) == records


def test_a_killed_broker_is_noticed_and_what_it_acknowledged_is_there_after_the_next_start(home: Path, broker: Running):
    topic, records = _topic(broker), _records(20)
    _produce(broker, topic, records)
    process = psutil.Process(broker.pid)
    process.kill()
    process.wait(READ_SECONDS)

    assert lifecycle.status(home) is None
    again = lifecycle.start(home)

    assert again.pid != broker.pid
    assert _as_records(_consume(again, topic, 20)) == records


def test_starting_twice_is_starting_once(home: Path, broker: Running):
    assert lifecycle.start(home) == broker


def test_stop_ends_no_process_but_the_one_it_started(tmp_path: Path):
    # The state names a living process that is not a broker: this test's own, as if the pid had been given again.
    (tmp_path / "broker").mkdir()
    ours = Running(os.getpid(), psutil.Process().create_time(), 1)
    (tmp_path / "broker" / "broker.json").write_text(
        json.dumps({"pid": ours.pid, "created": ours.created, "port": ours.port}), encoding="utf-8"
    )

    assert lifecycle.status(tmp_path) is None
    assert not lifecycle.stop(tmp_path)
    assert psutil.Process().is_running()


def test_a_state_file_cut_short_by_a_crash_is_as_none(tmp_path: Path):
    (tmp_path / "broker").mkdir()
    (tmp_path / "broker" / "broker.json").write_text('{"pid": 12', encoding="utf-8")

    assert lifecycle.status(tmp_path) is None


def test_a_busy_port_is_said_plainly_and_nothing_is_started(tmp_path: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(BrokerFailure, match=f"Port {port} is busy"):
            lifecycle.start(tmp_path, port)

    assert not (tmp_path / "broker" / "broker.json").exists()


def test_the_command_line_prints_where_it_listens(home: Path, broker: Running):
    environment = {"KITELINE_HOME": str(home)}

    started = CliRunner().invoke(app, ["broker", "start"], env=environment)
    told = CliRunner().invoke(app, ["broker", "status"], env=environment)

    assert (started.exit_code, started.stdout) == (0, f"{broker.bootstrap_servers}\n")
    assert told.exit_code == 0
    assert broker.bootstrap_servers in told.stdout


def test_another_kafka_named_by_the_settings_replaces_the_local_one(tmp_path: Path):
    environment = {"KITELINE_HOME": str(tmp_path), "KITELINE_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"}

    started = CliRunner().invoke(app, ["broker", "start"], env=environment)
    told = CliRunner().invoke(app, ["broker", "status"], env=environment)

    assert (started.exit_code, started.stdout) == (0, "127.0.0.1:1\n")
    assert told.exit_code == 1
    assert not (tmp_path / "broker").exists()
