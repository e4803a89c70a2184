"""What a sister publishes is taken in from a real Kafka: exactly once, whatever is sent again, lost or refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import orjson
import pytest
from kafka import KafkaProducer
from kafka.admin import KafkaAdminClient, NewTopic
from typer.testing import CliRunner

from consumers.receiving.receiver import Receiving
from infra.broker import lifecycle
from infra.cli.main import app
from tests.integration.sisters.served_deployments import until
from tests.integration.sisters.test_one_loop_across_two_deployments import arrive, left_home
from tests.integration.sisters.two_deployments import DESTINATION, Deployment

Both = tuple[Deployment, Deployment]
TOPIC = f"kiteline.region.{DESTINATION}"


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("sisters")
    yield lifecycle.start(home).bootstrap_servers
    lifecycle.stop(home)


class Topic:
    """The destination's topic, written by hand as the origin's publisher would."""

    def __init__(self, servers: str) -> None:
        self._servers = servers
        self._admin = KafkaAdminClient(bootstrap_servers=servers)
        self.make_anew()

    def make_anew(self) -> None:
        """Lose what the topic held."""
        if TOPIC in self._admin.list_topics():
            self._admin.delete_topics([TOPIC])
            until(lambda: TOPIC not in self._admin.list_topics(), "the topic is gone")
        self._admin.create_topics([NewTopic(TOPIC, num_partitions=1, replication_factor=1)])

    def send(self, *events: bytes) -> None:
        producer = KafkaProducer(bootstrap_servers=self._servers, acks="all")
        for event in events:
            producer.send(TOPIC, value=event, key=b"subject").get(30)
        producer.close()

    def close(self) -> None:
        self._admin.close()


@pytest.fixture
def topic(servers: str) -> Iterator[Topic]:
    made = Topic(servers)
    yield made
    made.close()


@pytest.fixture
def receive(deployments: Both, servers: str) -> Iterator[Callable[[], Receiving]]:
    """Start receivers of the destination; each ends with the test."""
    service = deployments[1].running.service
    settings = service.settings.model_copy(update={"kafka_bootstrap_servers": servers})
    made: list[Receiving] = []

    def start() -> Receiving:
        url = service.settings.database_url or ""
        made.append(Receiving(settings, url, service.kiteline, service.inbox))
        return made[-1]

    yield start
    for receiving in made:
        receiving.close()


def events_of(origin: Deployment) -> list[bytes]:
    return [raw for _, raw in origin.events(DESTINATION)]


def test_events_sent_again_a_topic_made_anew_and_a_second_reader_change_nothing(
    deployments: Both, topic: Topic, receive: Callable[[], Receiving]
) -> None:
    origin, destination = deployments
    member, introduction = left_home(origin)
    topic.send(*events_of(origin))
    first = receive()
    until(lambda: len(destination.waiting()) == 4, "the events wait for the introduction")
    here = arrive(destination, introduction)
    assert destination.waiting() == []
    origin.department.command(member, "change-destination", "2025-03-04", destination={"region": DESTINATION})

    facts = destination.history(here)
    receive()
    topic.send(*events_of(origin)[:-1], *events_of(origin)[:-1])
    first.close()
    topic.make_anew()
    topic.send(*events_of(origin))
    until(lambda: "destination_changed" in destination.history(here), "the topic made anew is read")
    assert sorted(destination.history(here)) == sorted([*facts, "destination_changed"])
    assert destination.waiting() == []


def test_what_cannot_be_taken_waits_with_its_reason_and_stops_nobody_else(
    deployments: Both, topic: Topic, receive: Callable[[], Receiving]
) -> None:
    origin, destination = deployments
    _, introduction = left_home(origin)
    held, other = left_home(origin)
    by_subject: dict[str, list[dict[str, object]]] = {}
    for raw in events_of(origin):
        event = orjson.loads(raw)
        by_subject.setdefault(event["subject"], []).append(event)
    ours = [one for subject, events in by_subject.items() if subject != held for one in events]
    theirs = by_subject[held]
    unknown = {**theirs[0], "id": "00000000-0000-4000-8000-000000000001", "type": "org.kiteline.flew_away.v1"}
    usurped = {**theirs[1], "data": {**theirs[1]["data"], "organisation": "JJ-1"}}  # type: ignore[dict-item]
    newer = [{**one, "added": 1, "data": {**one["data"], "added": {"later": True}}} for one in ours]  # type: ignore[dict-item]
    foreign = {**theirs[0], "source": "urn:kiteline:nowhere:1"}
    topic.send(
        b"{",
        *map(orjson.dumps, (foreign, unknown, theirs[0], usurped, *theirs[2:])),
        *map(orjson.dumps, newer),
    )
    receive()
    until(lambda: len(destination.waiting()) == 3 + 8, "all is read")
    here = arrive(destination, introduction)
    assert destination.history(here)[-1] == "checked_in"
    assert len(destination.history(here)) == 6

    assert {code for _, code in destination.waiting()} == {
        "broken",
        "unknown_source",
        "unknown_type",
        "behind_another",
    }
    drop_all_of(destination, "unknown_type")
    there = arrive(destination, other, "2025-03-06")
    assert ("pre_departure_talk_held", "not_their_organisation") in destination.waiting()
    assert destination.state(there)["movement"]["stage"] == "checked_in"
    drop_all_of(destination, "not_their_organisation")
    assert {code for _, code in destination.waiting()} == {"broken", "unknown_source"}
    assert "departed" in destination.history(there)


@pytest.mark.parametrize("field", ["id", "source", "subject", "type", "data"])
def test_a_character_that_no_text_of_the_database_holds_stops_nobody(deployments: Both, field: str) -> None:
    origin, destination = deployments
    left_home(origin)
    event = orjson.loads(events_of(origin)[0])
    odd = {"letter\0": "L\0"} if field == "data" else f"{event[field]}\0"
    outcome = destination.receive(orjson.dumps({**event, field: odd}), DESTINATION)
    assert (outcome.value, len(destination.waiting())) == ("put_aside", 1)


def drop_all_of(destination: Deployment, reason: str) -> None:
    inbox = destination.running.service.inbox
    for one in inbox.quarantine.listed(code=reason):
        assert inbox.drop(one)


def test_an_operator_lists_retries_and_drops_what_waits(deployments: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    _, destination = deployments
    settings = destination.running.service.settings
    assert destination.receive(b"{", DESTINATION).value == "put_aside"
    monkeypatch.setenv("KITELINE_HOME", str(settings.home))
    monkeypatch.setenv("KITELINE_DATABASE_URL", settings.database_url or "")
    monkeypatch.setenv("KITELINE_DEPLOYMENT", settings.deployment)

    def kiteline(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["quarantine", *words])
        return done.exit_code, done.output

    code, listed = kiteline("list")
    assert code == 0
    assert "broken" in listed
    assert orjson.loads(kiteline("list", "--json")[1])["event"] == "{"
    number = listed.split()[0]
    assert kiteline("retry", number)[0] == 1
    assert kiteline("drop", number)[0] == 0
    assert "nothing waits" in kiteline("list")[1]
    assert destination.receive(b"{", DESTINATION).value == "put_aside"
    assert destination.waiting() == []
