"""Whoever receives is killed at random instants and begins again: effects are exactly the events, in their order."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from uuid import uuid4

import orjson
import pytest
from kafka import KafkaProducer
from kafka.admin import KafkaAdminClient, NewTopic

from api.service import Service, open_service
from domain.organisation import OrganisationRegistered
from domain.times import parse_occurred
from infra.broker import lifecycle
from infra.event_store.epochs import keep_source
from infra.recording.drafts import Caller
from infra.settings import Settings, SisterSettings
from infra.sisters.introducing import Introduced, Introductions
from infra.sisters.introduction import Introducer
from infra.sisters.known import introduction_signer
from tests.integration.sisters.served_deployments import until

SOURCE = "urn:kiteline:gansu:1"
TOPIC = "kiteline.region.510104"
PEOPLE, CONTACTS, KILLS = 15, 30, 6
CALLER = Caller("test", "JJ", "API")


@pytest.fixture
def settings(tmp_path: Path, make_database: Callable[..., str]) -> Iterator[Settings]:
    """Give a deployment with one sister, and a broker of the test's own."""
    key = introduction_signer(Settings(home=tmp_path / "gansu", deployment="gansu")).verifier.line
    url = make_database()
    keep_source(url, "sichuan")
    yield Settings(
        home=tmp_path / "sichuan",
        deployment="sichuan",
        database_url=url,
        kafka_bootstrap_servers=lifecycle.start(tmp_path / "kafka").bootstrap_servers,
        sisters={"gansu": SisterSettings(regions=["62"], key=key)},
    )
    lifecycle.stop(tmp_path / "kafka")


def introduced(service: Service, settings: Settings) -> list[str]:
    """Introduce people, and return by which ids the sister knows them."""
    bodies = [
        OrganisationRegistered("JJ", "样例", "COMMITTEE", "510104"),
        OrganisationRegistered("MQ-1", "样例", "BRANCH", "620621", external=True),
    ]
    service.references.register_many(bodies, CALLER)
    signer = introduction_signer(Settings(home=settings.home.parent / "gansu", deployment="gansu"))
    introducer, introductions = Introducer(SOURCE, signer), Introductions(service.desk, service.inbox)
    subjects = [str(uuid4()) for _ in range(PEOPLE)]
    for subject in subjects:
        who = Introduced(parse_occurred("2025-01-02"), organisation="MQ-1", region="620621")
        introductions.take(introducer.write(subject, str(uuid4())), who, CALLER)
    return subjects


def publish(settings: Settings, subjects: list[str]) -> Counter[str]:
    """Write contacts of all, some sent twice as publishers may; return how often each day is told of somebody."""
    servers = settings.kafka_bootstrap_servers
    admin = KafkaAdminClient(bootstrap_servers=servers)
    admin.create_topics([NewTopic(TOPIC, num_partitions=1, replication_factor=1)])
    admin.close()
    producer = KafkaProducer(bootstrap_servers=servers, acks="all")
    told: Counter[str] = Counter()
    for number in range(CONTACTS):
        for subject in subjects:
            day = (date(2025, 1, 3) + timedelta(days=number)).isoformat()
            told[day] += 1
            raw = contact(subject, day)
            for _ in range(2 if number % 7 == 0 else 1):
                producer.send(TOPIC, key=subject.encode(), value=raw)
    producer.flush()
    producer.close()
    return told


def contact(subject: str, day: str) -> bytes:
    data = {"occurred_at": day, "occurred_precision": "day", "organisation": "MQ-1", "channel": "PHONE", "after": {}}
    event = {
        "specversion": "1.0",
        "id": str(uuid4()),
        "source": SOURCE,
        "subject": subject,
        "time": "2026-01-01T00:00:00.000000Z",
        "type": "org.kiteline.contact_made.v1",
        "data": data,
    }
    return orjson.dumps(event)


def recorded(service: Service) -> Counter[str]:
    """Return how many contacts of each day are in the log."""
    rows = service.kiteline.log.read_log(1, 100_000)
    return Counter(orjson.loads(row.state)["data"]["occurred_at"] for row in rows if row.topic == "contact_made")


def received_through_kills(
    service: Service, settings: Settings, told: Counter[str], *words: str, kills: int = KILLS
) -> Counter[str]:
    """Let receivers begin and be killed until everything has been read; return what was recorded."""
    chance = random.Random(seed := random.randrange(1 << 32))
    print(f"seed {seed}")  # noqa: T201 - to have the same kills again
    path = settings.home / "settings.json"
    secrets = {"master_key", "log_key", "witness_key", "introduction_key"}
    path.write_text(settings.model_dump_json(exclude=secrets | {"home"})[:-1] + f',"home":"{settings.home}"}}')
    command = [sys.executable, "-m", "tests.faults.receiving_process", str(path), *words]
    for number in range(kills + 1):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            before = recorded(service).total()
            wanted = told.total() if number == kills else min(before + chance.randint(1, 60), told.total())
            until(lambda wanted=wanted: recorded(service).total() >= wanted, "it goes on")  # type: ignore[misc]
            if number == kills:
                until(lambda: read_to_the_end(service, settings), "everything is read")
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
    return recorded(service)


def read_to_the_end(service: Service, settings: Settings) -> bool:
    admin = KafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap_servers)
    topic_id = next(one["topic_id"] for one in admin.describe_topics([TOPIC]))
    admin.close()
    end = PEOPLE * (CONTACTS + len(range(0, CONTACTS, 7)))
    return service.kiteline.log.max_tracking_id(f"kafka:{TOPIC}:{topic_id}") == end


def test_effects_are_exactly_the_events(settings: Settings) -> None:
    with open_service(settings, settings.database_url or "", projecting=False) as service:
        subjects = introduced(service, settings)
        told = publish(settings, subjects)
        assert received_through_kills(service, settings, told) == told
        for subject in subjects:
            member = service.inbox.recording.member_of("gansu", subject)
            assert member is not None
            days = [fact.occurred_at for fact in service.kiteline.read_stream(member) if fact.fact == "contact_made"]
            assert days == sorted(days)
        assert service.inbox.quarantine.listed() == []


def test_a_receiver_that_forgets_what_it_recorded_is_found_out(settings: Settings) -> None:
    with open_service(settings, settings.database_url or "", projecting=False) as service:
        told = publish(settings, introduced(service, settings))
        assert received_through_kills(service, settings, told, "forgetful", kills=1) != told
